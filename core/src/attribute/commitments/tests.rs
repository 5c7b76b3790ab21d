//! Commitments of small bills, with amounts derived by hand.

use std::collections::BTreeMap;

use crate::amortize::ReservationBook;
use crate::attribute::samples::{job, run as attributed_by_team};
use crate::attribute::{CellFilter, attribute, explain};
use crate::bill::samples::{bill, bill_with, hours, row, usage};
use crate::bill::{Bill, BillOptions, KeepIntervals};
use crate::classify::{Dialect, LineItem};
use crate::diagnostic::DiagnosticCode;
use crate::error::ErrorCode;
use crate::evidence::{Evidence, ServiceMap, ServiceOwner, TaskRun};
use crate::money::Amount;
use crate::policy::Policy;
use crate::rollup::{CommitmentUse, Hours, Ratio, Report};

const USAGE: &str = "[commitments]\nshare = \"usage\"\n";

fn run(bill: &Bill, policy: &str, evidence: &Evidence) -> Report {
    attributed_by_team(bill, policy, evidence).unwrap()
}

/// Area or row kind and mechanism → cost, without rows that cost 0.
pub(super) fn costs(report: &Report) -> BTreeMap<String, String> {
    let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
    for cell in &report.cells {
        let owner = cell.product_area.as_ref().map_or_else(|| cell.row_kind.as_str().to_owned(), ToString::to_string);
        let sum = sums.entry(format!("{owner}/{}", cell.mechanism.as_str())).or_default();
        *sum = sum.checked_add(cell.cost).unwrap();
    }
    sums.into_iter().filter(|(_, cost)| !cost.is_zero()).map(|(owner, cost)| (owner, cost.to_string())).collect()
}

pub(super) fn owned(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(owner, cost)| ((*owner).to_owned(), (*cost).to_owned())).collect()
}

/// Hours that a reservation covered, at no cost of their own.
fn covered<'a>(resource: &'a str, quantity: &str, usage_type: &'a str, team: &'a str) -> LineItem<'a> {
    let mut item = usage(resource, 0, 720, "0");
    (item.reserved, item.usage_type, item.tags) = (true, usage_type, vec![team]);
    item.usage_quantity = Some(quantity.parse().unwrap());
    item
}

/// The fee of a month.
fn monthly<'a>(usage_type: &'a str, description: &'a str, quantity: &str, cost: &str) -> LineItem<'a> {
    let mut item = LineItem { usage_type, description, interval: Some(hours(0, 720)), ..row(cost) };
    item.usage_quantity = Some(quantity.parse().unwrap());
    item
}

const HEAVY: &str = "HeavyUsage:c3.8xlarge";

#[test]
fn fees_go_to_what_they_cover_by_hours_times_size() {
    // 720 h × 4 of a large, 720 h × 8 of an xlarge: one and two thirds of 30, although the usage costs 0.
    let rows = [
        monthly("HeavyUsage:c4.large", "fee", "0", "30"),
        covered("i-1", "720", "BoxUsage:c4.large", "a"),
        covered("i-2", "720", "BoxUsage:c4.xlarge", "b"),
    ];
    let expected = owned(&[("a/reservation", "10"), ("b/reservation", "20")]);
    assert_eq!(costs(&run(&bill(&rows), USAGE, &Evidence::default())), expected);
    assert_eq!(costs(&run(&bill(&rows), "", &Evidence::default())), expected);
    let by_cost = run(&bill(&rows), "[commitments]\nshare = \"cost\"\n", &Evidence::default());
    assert_eq!(costs(&by_cost), owned(&[("unused_commitment/unused_commitment", "30")]));
    assert!(by_cost.diagnostics.iter().any(|found| found.code == DiagnosticCode::CommitmentCostShare));
}

#[test]
fn what_ran_is_read_from_the_description_where_the_reservation_stands_in_its_place() {
    let mut small = covered("i-1", "720", "HeavyUsage:c4.8xlarge", "a");
    small.description = "Linux, c4.8xlarge; UsageType: BoxUsage:c4.large";
    let rows = [
        monthly("HeavyUsage:c4.8xlarge", "fee", "0", "17"),
        small,
        covered("i-2", "720", "HeavyUsage:c4.8xlarge", "b"),
    ];
    // 4 against 64.
    let expected = owned(&[("a/reservation", "1"), ("b/reservation", "16")]);
    assert_eq!(costs(&run(&bill(&rows), "", &Evidence::default())), expected);
}

#[test]
fn a_commitment_covers_its_id_then_its_zone_then_its_family() {
    let with =
        |item: LineItem<'static>, id: &'static str, zone: &'static str| LineItem { reservation_id: id, zone, ..item };
    let fee = |id, zone, text, cost| with(monthly("HeavyUsage:c4.large", text, "0", cost), id, zone);
    let rows = [
        fee("7", "", "fee", "1"),
        fee("", "us-east-1a", "zonal fee", "2"),
        fee("", "", "regional fee", "5"),
        with(monthly("", "Sign up charge", "0", "8"), "", ""),
        with(covered("i-1", "1", "BoxUsage:c4.large", "id"), "7", "us-east-1a"),
        with(covered("i-2", "1", "BoxUsage:c4.large", "zone"), "", "us-east-1a"),
        with(covered("i-3", "1", "BoxUsage:c4.xlarge", "family"), "", "us-east-1a"),
        with(covered("i-4", "1", "BoxUsage:m4.large", "product"), "", "us-east-1a"),
        with(covered("i-5", "1", "EU-BoxUsage:c4.large", "product"), "", "eu-west-1a"),
    ];
    let found = costs(&run(&bill(&rows), "", &Evidence::default()));
    let expected =
        [("family/reservation", "5"), ("id/reservation", "1"), ("product/reservation", "8"), ("zone/reservation", "2")];
    assert_eq!(found, owned(&expected));
}

#[test]
fn a_part_takes_the_route_of_the_instance_it_covers() {
    // 12 h of web, 12 h of jobs on i-1, and 24 h on i-2 by its tag: a fee of another account keeps its origin.
    let task = |service: &str, from, to| TaskRun {
        task: service.into(),
        cluster: "main".into(),
        service: service.into(),
        instance: Some("i-1".into()),
        cpu: 1024,
        memory: 0,
        interval: hours(from, to),
        fargate: false,
        tags: BTreeMap::new(),
    };
    let map =
        ServiceOwner { service: "web".into(), cluster: None, account: None, from: None, to: None, area: "site".into() };
    let evidence = Evidence {
        tasks: vec![task("web", 0, 12), task("jobs", 12, 23)].into(),
        services: ServiceMap::new(vec![map]),
        ..Evidence::default()
    };
    let mut rows = vec![LineItem { usage_account: "999", ..monthly("HeavyUsage:c4.large", "fee", "0", "48") }];
    for hour in 0..24 {
        for (instance, team) in [("i-1", "own"), ("i-2", "b")] {
            let item = covered(instance, "1", "BoxUsage:c4.large", team);
            rows.push(LineItem { interval: Some(hours(hour, hour + 1)), ..item });
        }
    }
    let report = run(&bill(&rows), "", &evidence);
    let expected =
        [("b/reservation", "24"), ("own/ecs_idle", "1"), ("site/ecs", "12"), ("unattributed/unattributed", "11")];
    assert_eq!(costs(&report), owned(&expected));
    let of_fees = report.cells.iter().filter(|cell| cell.usage_account == "999").map(|cell| cell.cost);
    assert_eq!(Amount::sum(of_fees).unwrap().to_string(), "48");
}

#[test]
fn rules_and_pools_of_the_covered_usage_take_its_fees_along() {
    let rows = [
        monthly("HeavyUsage:c4.large", "fee", "0", "30"),
        covered("i-1", "1", "BoxUsage:c4.large", ""),
        covered("i-2", "2", "BoxUsage:c4.large", ""),
    ];
    let policy = "[[rules]]\nid = \"r\"\nmatch = { resource = \"i-1\" }\narea = \"ruled\"\n\
        [[shared]]\nname = \"p\"\nmatch = { resource = \"i-2\" }\nmethod = \"keep\"\n";
    let report = run(&bill(&rows), policy, &Evidence::default());
    assert_eq!(costs(&report), owned(&[("ruled/rule", "10"), ("shared/shared", "20")]));
    // A rule for the fee itself comes first.
    let first = "[[rules]]\nid = \"r\"\nmatch = { kind = \"RecurringFee\" }\narea = \"fees\"\n";
    assert_eq!(costs(&run(&bill(&rows), first, &Evidence::default())), owned(&[("fees/rule", "30")]));
}

#[test]
fn ri_counted_as_hourly_rows_and_as_summary() {
    // Domain 1.6, 100 of 744 h unused: the summary row is the unused hours only, and hourly rows cost what they cost.
    let hourly = LineItem { cost: "64.4".parse().unwrap(), ..covered("i-1", "644", HEAVY, "a") };
    let text = "Linux (744 hours purchased, 644 hours used)";
    let report = run(&bill(&[hourly, monthly(HEAVY, text, "100", "10")]), "", &Evidence::default());
    assert_eq!(costs(&report), owned(&[("a/tag", "64.4"), ("unused_commitment/unused_commitment", "10")]));
    // The older form: hourly rows cost nothing and the summary row is the whole month.
    let report =
        run(&bill(&[covered("i-1", "644", HEAVY, "a"), monthly(HEAVY, text, "744", "74.4")]), "", &Evidence::default());
    assert_eq!(costs(&report), owned(&[("a/reservation", "64.4"), ("unused_commitment/unused_commitment", "10")]));
    // 744 × 64 = 47616 normalized hours purchased, 41216 used.
    let [row] = report.commitments.as_slice() else { panic!("{:?}", report.commitments) };
    assert_eq!(row.purchased_hours.as_ref().map(Hours::as_str), Some("47616"));
    assert_eq!(row.used_hours.as_ref().map(Hours::as_str), Some("41216"));
    assert_eq!(row.utilization.as_ref().map(Ratio::as_str), Some("0.865591"));
    assert_eq!((row.unused_cost.unwrap().to_string(), row.covers.as_deref()), ("10".to_owned(), Some("c3")));
}

#[test]
fn instances_alive_for_part_of_an_hour() {
    // The bill rounds i-1's 20 minutes up to an hour; i-2 is billed 40 minutes by the second. Hours as billed decide.
    let part = |resource, quantity, from, to, team| {
        let mut item = covered(resource, quantity, "BoxUsage:c4.large", team);
        let start = "2016-06-01 05:00:00".parse::<crate::time::Timestamp>().unwrap();
        let at = |minutes: i64| start.plus_millis(minutes * 60_000);
        item.interval = Some(crate::time::Interval::new(at(from), at(to)));
        item
    };
    let rows = [
        monthly("HeavyUsage:c4.large", "fee", "0", "1.66666667"),
        part("i-1", "1", 0, 60, "a"),
        part("i-2", "0.66666667", 0, 40, "b"),
    ];
    let report = run(&bill(&rows), "", &Evidence::default());
    assert_eq!(costs(&report), owned(&[("a/reservation", "1"), ("b/reservation", "0.66666667")]));
    assert_eq!(report.commitments[0].covered_hours.as_str(), "6.66666668");
}

#[test]
fn upfront_fees_state_what_they_bought_of_this_period() {
    // Two of c4.large from the 16th: 2 × 360 h × 4 purchased, 360 h × 4 used: half of June's part of 2 × 15 is unused.
    let fee = |quantity: &str| {
        let mut item = monthly("HeavyUsage:c4.large", "Sign up charge for subscription: 7, planId: 1", quantity, "730");
        let term = ("2016-06-16 00:00:00".parse().unwrap(), "2017-06-15 23:59:59".parse().unwrap());
        item.interval = Some(crate::time::Interval::new(term.0, term.1));
        item
    };
    let used = covered("i-1", "360", "BoxUsage:c4.large", "a");
    let demand = LineItem { reserved: false, ..covered("i-2", "120", "BoxUsage:c4.2xlarge", "b") };
    let report = run(&bill(&[fee("2"), used.clone(), demand]), "", &Evidence::default());
    assert_eq!(costs(&report), owned(&[("a/reservation", "15"), ("unused_commitment/unused_commitment", "15")]));
    let [CommitmentUse { purchased_hours, utilization, eligible_hours, coverage, .. }] = report.commitments.as_slice()
    else {
        panic!("{:?}", report.commitments)
    };
    assert_eq!(purchased_hours.as_ref().map(Hours::as_str), Some("2880"));
    assert_eq!(utilization.as_ref().map(Ratio::as_str), Some("0.5"));
    // 120 h × 16 on demand beside 360 h × 4.
    assert_eq!((eligible_hours.as_str(), coverage.as_ref().map(Ratio::as_str)), ("3360", Some("0.428571")));
    let not_stated = run(&bill(&[fee("0"), used]), "", &Evidence::default());
    assert_eq!(costs(&not_stated), owned(&[("a/reservation", "30")]));
    assert_eq!(not_stated.commitments[0].purchased_hours, None);
}

#[test]
fn a_commitment_that_covers_nothing_is_unused_or_shared_by_cost() {
    let of = |id, item: LineItem<'static>| LineItem { reservation_id: id, ..item };
    let rows = [
        of("1", monthly("HeavyUsage:c4.large", "fee", "0", "30")),
        of("2", covered("i-1", "1", "BoxUsage:c4.large", "a")),
        LineItem { tags: vec!["b"], ..row("5") },
    ];
    let by_usage = run(&bill(&rows), USAGE, &Evidence::default());
    assert_eq!(costs(&by_usage), owned(&[("b/tag", "5"), ("unused_commitment/unused_commitment", "30")]));
    let auto = run(&bill(&rows), "", &Evidence::default());
    assert_eq!(costs(&auto), owned(&[("b/reservation", "30"), ("b/tag", "5")]));
    for (report, becomes) in [(by_usage, "unused"), (auto, "shared by cost")] {
        let found = report.diagnostics.iter().find(|found| found.code == DiagnosticCode::CommitmentNothingCovered);
        let message = format!("commitment `1` of `EC2` covers no usage of the bill; its fees are {becomes}");
        assert_eq!(found.unwrap().message, message);
    }
}

#[test]
fn unused_commitment_is_central_the_owners_or_shared() {
    let text = "(10 hours purchased, 4 hours used)";
    let fee = LineItem { usage_account: "222", ..monthly(HEAVY, text, "10", "100") };
    let rows = [fee, covered("i-1", "3", HEAVY, "a"), covered("i-2", "1", HEAVY, "b")];
    let with = |unused: &str, more: &str| {
        let policy = format!("{USAGE}unused = \"{unused}\"\n{more}");
        costs(&run(&bill(&rows), &policy, &Evidence::default()))
    };
    let central =
        owned(&[("a/reservation", "30"), ("b/reservation", "10"), ("unused_commitment/unused_commitment", "60")]);
    assert_eq!(with("central", ""), central);
    assert_eq!(with("owner", ""), central, "nobody owns account 222");
    assert_eq!(with("proportional", ""), owned(&[("a/reservation", "75"), ("b/reservation", "25")]));
    let tagged = [LineItem { tags: vec!["infra"], ..rows[0].clone() }, rows[1].clone(), rows[2].clone()];
    let report = run(&bill(&tagged), &format!("{USAGE}unused = \"owner\"\n"), &Evidence::default());
    assert_eq!(costs(&report)["infra/reservation"], "60");
}

#[test]
fn unused_commitment_of_an_amortized_basis_follows_the_policy_too() {
    let cur = |line_item_type, cost: &str, team| LineItem {
        dialect: Dialect::Cur,
        line_item_type,
        tags: vec![team],
        unblended: Some(Amount::ZERO),
        ..row(cost)
    };
    let options = BillOptions {
        basis: crate::classify::CostBasis::Amortized,
        tag_keys: vec!["team".into()],
        ..BillOptions::default()
    };
    let rows = [cur("RIFee", "8", "infra"), cur("DiscountedUsage", "3", "a"), cur("DiscountedUsage", "1", "b")];
    let bill = bill_with(&rows, &options);
    for (unused, expected) in [
        ("central", vec![("a/tag", "3"), ("b/tag", "1"), ("unused_commitment/unused_commitment", "8")]),
        ("owner", vec![("a/tag", "3"), ("b/tag", "1"), ("infra/reservation", "8")]),
        ("proportional", vec![("a/reservation", "6"), ("a/tag", "3"), ("b/reservation", "2"), ("b/tag", "1")]),
    ] {
        let policy = format!("basis = \"amortized\"\n[commitments]\nunused = \"{unused}\"\n");
        assert_eq!(costs(&run(&bill, &policy, &Evidence::default())), owned(&expected), "{unused}");
    }
}

#[test]
fn a_pushed_part_is_explained_by_the_usage_it_covers() {
    let rows = [monthly("HeavyUsage:c4.large", "fee", "0", "30"), covered("i-1", "720", "BoxUsage:c4.large", "a")];
    let bill = bill(&rows);
    let policy = Policy::from_toml("[areas]\ntag_keys = [\"team\"]\n").unwrap();
    let filter = CellFilter { product_area: Some("a".into()), ..CellFilter::default() };
    let evidence = Evidence::default();
    let explained = explain(&job(&bill, &policy, &evidence, &ReservationBook::default()), &filter).unwrap();
    let of_fees: Vec<_> = explained.contributions.iter().filter(|found| found.commitment.is_some()).collect();
    let [part] = of_fees.as_slice() else { panic!("{of_fees:?}") };
    assert_eq!(part.commitment.as_deref(), Some("commitment for `c4`"));
    assert_eq!(part.charge.as_ref().map(|charge| charge.resource_id.as_str()), Some("i-1"));
    assert_eq!((part.amount.to_string(), explained.cost.to_string()), ("30".to_owned(), "30".to_owned()));
}

#[test]
fn hours_are_kept_when_intervals_are_not_and_survive_merging_and_saving() {
    let options = BillOptions { tag_keys: vec!["team".into()], ..BillOptions::default() };
    assert_eq!(options.keep_intervals, KeepIntervals::None);
    let one = |quantity| bill_with(&[covered("i-1", quantity, "BoxUsage:c4.large", "a")], &options);
    let merged = one("0.25").merge(one("0.5")).unwrap();
    assert_eq!(merged.charges()[0].quantity().to_string(), "0.75");
    let mut saved = Vec::new();
    merged.save(&mut saved).unwrap();
    assert_eq!(Bill::load(saved.as_slice()).unwrap(), merged);
    // The digest is of what was billed.
    assert_eq!(one("0.25").digest().unwrap(), one("0.5").digest().unwrap());
}

#[test]
fn hours_beyond_all_range_are_an_error() {
    let rows = [
        monthly("HeavyUsage:c4.large", "fee", "0", "30"),
        covered("i-1", "100000000000000000000", "BoxUsage:c4.128xlarge", "a"),
    ];
    let untimed = BillOptions { tag_keys: vec!["team".into()], ..BillOptions::default() };
    let bill = bill_with(&rows, &untimed);
    let (policy, evidence, book) = (Policy::default(), Evidence::default(), ReservationBook::default());
    let policy = Policy { areas: crate::policy::AreaPolicy { tag_keys: vec![], ..policy.areas }, ..policy };
    assert_eq!(attribute(&job(&bill, &policy, &evidence, &book)).unwrap_err().code(), ErrorCode::MoneyOverflow);
}
