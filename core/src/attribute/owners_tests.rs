//! Cost categories, account maps, what of a policy has no effect, and what would raise coverage: by hand.

use super::samples::{attached, attributed, task};
use super::*;
use crate::bill::samples::{bill_with, hours, row, usage};
use crate::bill::{BillOptions, KeepIntervals};
use crate::classify::LineItem;
use crate::evidence::{ServiceMap, TaskRun};

/// A bill that keeps the tag `team` and the cost categories `Unit` and `Stage`.
fn bill(rows: &[LineItem<'_>]) -> Bill {
    let options = BillOptions {
        tag_keys: vec!["team".into()],
        cost_categories: vec!["Unit".into(), "Stage".into()],
        keep_intervals: KeepIntervals::All,
        ..BillOptions::default()
    };
    bill_with(rows, &options)
}

fn report(bill: &Bill, policy: &str) -> Report {
    let report = attributed(bill, policy, &Evidence::default()).unwrap();
    report.reconcile_tables().unwrap();
    report
}

/// Area and mechanism → cost.
fn owners(report: &Report) -> Vec<(String, &'static str, String)> {
    let mut sums: BTreeMap<(String, &'static str), Amount> = BTreeMap::new();
    for cell in &report.cells {
        let area = cell.product_area.as_ref().map(ToString::to_string).unwrap_or_default();
        let sum = sums.entry((area, cell.mechanism.as_str())).or_default();
        *sum = sum.checked_add(cell.cost).unwrap();
    }
    sums.into_iter().map(|((area, mechanism), cost)| (area, mechanism, cost.to_string())).collect()
}

fn is(expected: &[(&str, &'static str, &str)]) -> Vec<(String, &'static str, String)> {
    expected.iter().map(|(area, mechanism, cost)| ((*area).to_owned(), *mechanism, (*cost).to_owned())).collect()
}

fn messages(report: &Report, stage: &str) -> Vec<(&'static str, u64, String)> {
    let found = report.diagnostics.iter().filter(|found| found.code.as_str().starts_with(stage));
    found.map(|found| (found.code.as_str(), found.count, found.message.clone())).collect()
}

fn of<'a>(tags: [&'a str; 3], mut item: LineItem<'a>) -> LineItem<'a> {
    item.tags = tags.to_vec();
    item
}

const AREAS: &str = "[areas]\ntag_keys = [\"team\"]\ncost_categories = [\"Unit\", \"Stage\"]\n";

#[test]
fn cost_categories_come_after_tags_and_before_account_defaults_and_are_not_inherited() {
    let bill = bill(&[
        of(["a", "u", "s"], usage("bucket", 0, 1, "1")),
        // The tag is inherited and the category is not, but a tag comes first.
        of(["", "", "s"], usage("bucket", 1, 2, "2")),
        of(["", "u", "s"], row("4")),
        of(["", "", "Prod"], row("8")),
        of(["", "u", ""], usage("other", 0, 1, "16")),
        of(["", "", ""], usage("other", 1, 2, "32")),
    ]);
    let policy = format!("{AREAS}[areas.aliases]\nProd = \"production\"\n[areas.accounts]\n111 = \"default\"\n");
    let report = report(&bill, &policy);
    let expected = [
        ("a", "tag", "3"),
        ("default", "account", "32"),
        ("production", "cost_category", "8"),
        ("u", "cost_category", "20"),
    ];
    assert_eq!(owners(&report), is(&expected));
}

#[test]
fn rules_and_pools_match_cost_categories() {
    let bill = bill(&[of(["", "u", "prod"], row("1")), of(["", "v", "test"], row("2")), of(["a", "", ""], row("4"))]);
    let policy = "[[rules]]\nid = \"r\"\nmatch = { cost_category = { Unit = \"u*\" } }\narea = \"x\"\n\
        [[shared]]\nmatch = { cost_category = { Stage = [\"te?t\", \"no\"] } }\nmethod = \"fixed\"\nshares = { y = 1 }\n\
        [areas]\ntag_keys = [\"team\"]\n";
    let expected = [("a", "tag", "4"), ("x", "rule", "1"), ("y", "shared", "2")];
    assert_eq!(owners(&report(&bill, policy)), is(&expected));
    assert_eq!(Policy::from_toml(policy).unwrap().cost_categories(), ["Unit", "Stage"]);
}

#[test]
fn a_cost_category_that_was_not_scanned_is_an_error() {
    let bill = bill(&[row("1")]);
    for policy in [
        "[areas]\ntag_keys = []\ncost_categories = [\"Owner\"]",
        "[areas]\ntag_keys = []\n[[rules]]\nid = \"r\"\nmatch = { cost_category = { Owner = \"*\" } }\narea = \"a\"",
    ] {
        let error = attributed(&bill, policy, &Evidence::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::AttributeNotScanned);
        assert!(error.to_string().contains("cost category `Owner`"), "{error}");
    }
    let folding = "[areas]\ntag_keys = []\ncase_insensitive = true\ncost_categories = [\"UNIT\"]";
    attributed(&bill, folding, &Evidence::default()).unwrap();
}

#[test]
fn what_followed_a_volume_and_has_no_tag_goes_by_the_volumes_own_category() {
    let bill = bill(&[of(["", "u", ""], usage("vol-1", 0, 2, "2"))]);
    let attached = attached("i-1", 0, 1);
    let evidence = Evidence { attachments: vec![attached], ..Evidence::default() };
    let report = attributed(&bill, AREAS, &evidence).unwrap();
    assert_eq!(owners(&report), is(&[("u", "cost_category", "2")]));
}

#[test]
fn the_row_of_an_account_map_that_is_in_effect_is_the_default() {
    let bill = bill(&[row("1"), LineItem { usage_account: "222", ..row("2") }]);
    let policy = "[areas]\ntag_keys = []\naccount_map = [\
        { account = \"111\", area = \"old\", to = \"2016-05\" }, { account = \"111\", area = \"now\", from = \"2016-06\" },\
        { account = \"222\", area = \"later\", from = \"2016-07\" }, { account = \"999\", area = \"gone\" }]\n\
        [areas.accounts]\n888 = \"never\"\n";
    let report = report(&bill, policy);
    assert_eq!(owners(&report), is(&[("", "unattributed", "2"), ("now", "account", "1")]));
    let told = |account: &str, area: &str| {
        let message = format!("account `{account}`, by default of `{area}`, is not in the bill");
        ("accounts.never_matched", 1, message)
    };
    assert_eq!(messages(&report, "accounts."), [told("888", "never"), told("999", "gone")]);
}

#[test]
fn rules_that_overlap_are_shadowed_or_not_in_effect_are_told_with_ids_and_amounts() {
    let tax = |cost| LineItem { description: "Tax", ..row(cost) };
    let bill = bill(&[tax("1"), LineItem { usage_account: "222", ..tax("2") }, row("4")]);
    let rule = |id: &str, rest: &str| format!("[[rules]]\nid = \"{id}\"\narea = \"{id}\"\n{rest}\n");
    let policy = [
        rule("late", "from = \"2016-07\""),
        rule("tax", "match = { kind = \"Tax\" }"),
        rule("tax of 111", "match = { kind = \"T*\", account = \"111\" }"),
        rule("rest of 111", "match = { account = \"111\" }"),
        rule("none", "match = { account = \"333\" }"),
    ];
    let report = report(&bill, &format!("{}[areas]\ntag_keys = []", policy.concat()));
    assert_eq!(owners(&report), is(&[("rest of 111", "rule", "4"), ("tax", "rule", "3")]));
    let both = |later: &str, amount: &str| {
        format!("rule `tax` comes before rule `{later}`: charges of {amount} USD match both")
    };
    assert_eq!(
        messages(&report, "rules."),
        [
            ("rules.never_matched", 1, "rule `none` matched no charge".to_owned()),
            ("rules.not_in_effect", 1, "rule `late` is not in effect in the period".to_owned()),
            ("rules.overlap", 1, both("rest of 111", "1")),
            ("rules.overlap", 1, both("tax of 111", "1")),
            (
                "rules.shadowed",
                1,
                "rule `tax of 111` matches only what shared pools or earlier rules take, 1 USD".to_owned()
            ),
        ]
    );
}

#[test]
fn a_provider_out_of_its_dates_keeps_its_cost() {
    let bill = bill(&[of(["a", "", ""], row("1")), of(["b", "", ""], row("2"))]);
    let policy = |dates: &str| {
        format!(
            "[areas]\ntag_keys = [\"team\"]\n[[providers]]\narea = \"a\"\n{dates}\nkeys = [{{ consumer = \"b\", key = 1 }}]"
        )
    };
    for (dates, expected) in [
        ("from = \"2016-06\"\nto = \"2016-06\"", &[("b", "reallocated", "1"), ("b", "tag", "2")][..]),
        ("from = \"2016-07\"", &[("a", "tag", "1"), ("b", "tag", "2")]),
        ("to = \"2016-05\"", &[("a", "tag", "1"), ("b", "tag", "2")]),
    ] {
        let report = report(&bill, &policy(dates));
        assert_eq!(owners(&report), is(expected), "{dates}");
        assert_eq!(messages(&report, "providers."), []);
    }
}

#[test]
fn tag_conflicts_name_resource_values_and_amount_and_rows_without_resource_inherit_nothing() {
    let conflicting = [
        of(["a", "", ""], usage("torn", 0, 1, "1")),
        of(["b", "", ""], usage("torn", 1, 2, "2")),
        of(["", "", ""], usage("torn", 2, 3, "0.5")),
        of(["a", "", ""], row("8")),
        of(["", "", ""], row("16")),
    ];
    let report = report(&bill(&conflicting), "[areas]\ntag_keys = [\"team\"]");
    assert_eq!(owners(&report), is(&[("", "unattributed", "16.5"), ("a", "tag", "9"), ("b", "tag", "2")]));
    let message = "resource `torn` has the values `a`, `b` of tag `team`, 0.5 USD of its rows have none";
    assert_eq!(messages(&report, "tags."), [("tags.conflict", 1, message.to_owned())]);
}

/// Action, subject, number of resources, cost and share of each win.
fn wins(report: &Report) -> Vec<(&'static str, String, Option<u64>, String, String)> {
    let wins = report.coverage.wins.iter();
    let of = |amount: Amount| amount.to_string();
    wins.map(|win| {
        let share = win.share.map(of).unwrap_or_default();
        (win.action.as_str(), win.subject.clone(), win.resources, of(win.cost), share)
    })
    .collect()
}

#[test]
fn wins_are_what_each_action_would_give_an_owner() {
    let evidence = Evidence {
        tasks: vec![TaskRun { task: "t".into(), ..task("web", 1024, hours(0, 1)) }].into(),
        services: ServiceMap::default(),
        ..Evidence::default()
    };
    let other = |item| LineItem { usage_account: "222", ..item };
    let bill = bill(&[
        usage("i-1", 0, 1, "10"),
        usage("big", 0, 1, "20"),
        usage("small", 0, 1, "5"),
        of(["a", "", ""], usage("torn", 0, 1, "6")),
        of(["b", "", ""], usage("torn", 0, 1, "3")),
        usage("torn", 1, 2, "1"),
        other(row("4")),
        other(LineItem { product: "Refunds", ..row("-9") }),
    ]);
    let policy = "[areas]\ntag_keys = [\"team\"]\n[areas.accounts]\n333 = \"x\"";
    let report = attributed(&bill, policy, &evidence).unwrap();
    assert_eq!(report.totals.unattributed.to_string(), "31");
    let of = |action, subject: &str, resources, cost: &str, share: &str| {
        (action, subject.to_owned(), resources, cost.to_owned(), share.to_owned())
    };
    assert_eq!(
        wins(&report),
        [
            of("account_default", "111", None, "26", "0.65"),
            of("tag_key", "team", Some(2), "25", "0.625"),
            of("tag_resource", "big", None, "20", "0.5"),
            of("map_service", "web", None, "10", "0.25"),
            of("tag_resource", "small", None, "5", "0.125"),
            of("rule", "EC2", None, "4", "0.1"),
            of("tag_resource", "torn", None, "1", "0.025"),
        ]
    );
    assert_eq!(report.coverage.wins[3].cluster.as_deref(), Some("main"));
}

#[test]
fn shares_of_mechanisms_and_products_sum_to_what_the_totals_say() {
    let bill = bill(&[of(["a", "", ""], row("1")), row("1"), LineItem { product: "S3", ..row("1") }]);
    let coverage = report(&bill, "[areas]\ntag_keys = [\"team\"]").coverage;
    let shares: Vec<_> = coverage.mechanisms.iter().map(|row| row.share.unwrap().to_string()).collect();
    assert_eq!(shares, ["0.333333", "0.666667"]);
    let products: Vec<_> =
        coverage.unattributed_products.iter().map(|row| (&*row.product, row.cost.to_string())).collect();
    assert_eq!(products, [("EC2", "1".to_owned()), ("S3", "1".to_owned())]);
}
