//! Shared pools and providers over small bills, with amounts derived by hand; and over random ones, against plain
//! fractions.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use proptest::prelude::*;

use super::super::samples::{by_team, job, run};
use super::super::*;
use crate::bill::samples::{bill, row};
use crate::classify::{LineItem, LineItemKind};
use crate::rollup::{Mechanism, RowDetail};

fn report_of(bill: &Bill, policy: &str) -> Report {
    let report = run(bill, policy, &Evidence::default()).unwrap();
    report.reconcile_tables().unwrap();
    report
}

/// Owner (an area, or a kind with its pool) → cost.
fn owners(report: &Report) -> BTreeMap<String, String> {
    let rows = report.area_costs().unwrap().into_iter().map(|row| {
        let kind = row.row_kind.as_str();
        let owner = row
            .product_area
            .map(|area| area.to_string())
            .or(row.detail.map(|d| d.as_str().to_owned()))
            .unwrap_or_default();
        (if row.row_kind == RowKind::Area { owner } else { format!("{kind}:{owner}") }, row.cost.to_string())
    });
    rows.collect()
}

fn costs(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(owner, cost)| ((*owner).to_owned(), (*cost).to_owned())).collect()
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.diagnostics.iter().map(|found| found.code.as_str()).filter(|code| !code.starts_with("bill.")).collect()
}

fn tagged<'a>(area: &'a str, cost: &str) -> LineItem<'a> {
    LineItem { tags: vec![area], ..row(cost) }
}

fn of<'a>(account: &'a str, product: &'a str, item: LineItem<'a>) -> LineItem<'a> {
    LineItem { usage_account: account, product, ..item }
}

fn tax(cost: &str) -> LineItem<'static> {
    LineItem { description: "Tax", ..row(cost) }
}

const TAX: &str = "[[shared]]\nname = \"tax\"\nmatch = { kind = \"Tax\" }\n";

#[test]
fn a_pool_goes_by_attributed_cost_and_leaves_out_what_nobody_owns() {
    // 9 over 1 : 2; `c` is negative and takes nothing, nor does what has no area.
    let bill = bill(&[tax("9"), tagged("a", "1"), tagged("b", "2"), tagged("c", "-7"), row("5")]);
    let report = report_of(&bill, &format!("{TAX}method = \"proportional\""));
    assert_eq!(owners(&report), costs(&[("a", "4"), ("b", "8"), ("c", "-7"), ("unattributed:", "5")]));
    assert_eq!(codes(&report), ["shared.negative_weight"]);
    let shared = report.mechanisms().unwrap().into_iter().find(|row| row.mechanism == Mechanism::Shared);
    assert_eq!((shared.unwrap().cost.to_string(), report.totals.shared.to_string()), ("9".into(), "0".into()));
    // 9 over 1 : 2 : 5 = 1.125, 2.25 and 5.625 of nobody.
    let report = report_of(&bill, &format!("{TAX}method = \"proportional\"\namong = \"all\""));
    assert_eq!(owners(&report), costs(&[("a", "2.125"), ("b", "4.25"), ("c", "-7"), ("unattributed:", "10.625")]));
}

#[test]
fn a_pool_compares_the_cost_of_its_own_account_or_product() {
    let bill = bill(&[
        of("1", "S3", tax("4")),
        of("2", "EC2", tax("10")),
        of("1", "EC2", tagged("a", "3")),
        of("1", "S3", tagged("b", "1")),
        of("2", "EC2", tagged("b", "1")),
    ]);
    // Account 1: 4 over 3 : 1; account 2: 10 to `b`.
    let report = report_of(&bill, &format!("{TAX}method = \"proportional\"\nof = \"account\""));
    assert_eq!(owners(&report), costs(&[("a", "6"), ("b", "13")]));
    // S3: 4 to `b`; EC2: 10 over 3 : 1.
    let report = report_of(&bill, &format!("{TAX}method = \"proportional\"\nof = \"product\""));
    assert_eq!(owners(&report), costs(&[("a", "10.5"), ("b", "8.5")]));
    let origin = |cell: &Cell| (cell.product.clone(), cell.usage_account.clone());
    let shared = report.cells.iter().filter(|cell| cell.mechanism == Mechanism::Shared);
    let parts: Vec<_> = shared.map(|cell| (origin(cell), cell.cost.to_string())).collect();
    let at = |product: &str, account: &str| (product.to_owned(), account.to_owned());
    assert_eq!(
        parts,
        [(at("EC2", "2"), "7.5".to_owned()), (at("EC2", "2"), "2.5".to_owned()), (at("S3", "1"), "4".to_owned())]
    );
}

#[test]
fn even_fixed_and_metric_pools_go_by_what_they_say() {
    let bill = bill(&[tax("9"), tagged("a", "1"), tagged("b", "0"), tagged("c", "-7"), row("5")]);
    let report = report_of(&bill, &format!("{TAX}method = \"even\""));
    assert_eq!(owners(&report), costs(&[("a", "5.5"), ("b", "4.5"), ("c", "-7"), ("unattributed:", "5")]));
    let report = report_of(&bill, &format!("{TAX}method = \"fixed\"\nshares = {{ c = \"0.9\", d = \"0.1\" }}"));
    assert_eq!(owners(&report), costs(&[("a", "1"), ("b", "0"), ("c", "1.1"), ("d", "0.9"), ("unattributed:", "5")]));
    let metric = "metric = [{ area = \"a\", weight = 1 }, { area = \"a\", weight = 1, period = \"2016-06\" }, \
        { area = \"a\", weight = 50, period = \"2016-05\" }, { area = \"z\", weight = \"0.25\" }]";
    // 2 : 0.25 = 8 : 1.
    let report = report_of(&bill, &format!("{TAX}method = \"metric\"\n{metric}"));
    assert_eq!(owners(&report), costs(&[("a", "9"), ("b", "0"), ("c", "-7"), ("unattributed:", "5"), ("z", "1")]));
    assert_eq!(codes(&report), ["shared.unknown_area"]);
}

#[test]
fn a_pool_is_kept_where_it_is_asked_to_be_or_nobody_takes_part() {
    let bill = bill(&[tax("9"), row("5"), of("2", "S3", tax("1"))]);
    let report = report_of(&bill, &format!("{TAX}method = \"keep\""));
    assert_eq!(owners(&report), costs(&[("shared:tax", "10"), ("unattributed:", "5")]));
    assert_eq!((report.totals.shared.to_string(), codes(&report)), ("10".into(), vec![]));
    let report =
        report_of(&bill, "[[shared]]\nmatch = { kind = \"Tax\" }\nmethod = \"proportional\"\nof = \"account\"");
    assert_eq!(owners(&report), costs(&[("shared:shared-1", "10"), ("unattributed:", "5")]));
    assert_eq!(codes(&report), ["shared.nothing_to_share_by"; 2]);
    let json = report.to_json("r").unwrap();
    assert!(json.contains(r#"{"product_area":null,"row_kind":"shared","pool":"shared-1","cost":"10"}"#), "{json}");
    assert!(json.contains(r#""mechanisms":[{"mechanism":"shared","cost":"10"}"#), "{json}");
}

#[test]
fn pools_come_before_rules_and_do_not_see_each_other() {
    let support = LineItem { product: "AWS Support", ..row("20") };
    let bill = bill(&[tax("10"), support, tagged("a", "1"), tagged("b", "4")]);
    let rule = "[[rules]]\nid = \"r\"\nmatch = { kind = \"Tax\" }\narea = \"x\"\n";
    let even = "[[shared]]\nname = \"support\"\nmatch = { product = \"AWS Support\" }\nmethod = \"fixed\"\n\
        shares = { a = 1 }\n";
    let tax = format!("{TAX}method = \"proportional\"\n");
    // Tax is 10 over 1 : 4, whatever support gave to `a` first.
    let expected = costs(&[("a", "23"), ("b", "12")]);
    let report = report_of(&bill, &format!("{rule}{even}{tax}"));
    assert_eq!(owners(&report), expected);
    assert_eq!(codes(&report), ["rules.shadowed"]);
    let message = "rule `r` matches only what shared pools or earlier rules take, 10 USD";
    assert!(report.diagnostics.iter().any(|found| found.message == message));
    assert_eq!(owners(&report_of(&bill, &format!("{tax}{even}"))), expected);
}

#[test]
fn pools_that_overlap_never_match_or_are_not_in_effect_are_told() {
    let bill = bill(&[tax("10"), tagged("a", "1")]);
    let report = report_of(
        &bill,
        "[[shared]]\nname = \"late\"\nfrom = \"2016-07\"\nmethod = \"keep\"\n\
         [[shared]]\nname = \"early\"\nto = \"2016-05\"\nmethod = \"keep\"\n\
         [[shared]]\nname = \"first\"\nmatch = { kind = \"Tax\" }\nmethod = \"keep\"\n\
         [[shared]]\nname = \"second\"\nmatch = { kind = \"T*\" }\nmethod = \"even\"\n",
    );
    assert_eq!(owners(&report), costs(&[("a", "1"), ("shared:first", "10")]));
    let told: Vec<_> = report.diagnostics.iter().filter(|d| d.code.as_str().starts_with("shared.")).collect();
    let told: Vec<_> = told.into_iter().map(|d| (d.code, d.count, d.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (DiagnosticCode::SharedNotInEffect, 1, "shared pool `early` is not in effect in the period"),
            (DiagnosticCode::SharedNotInEffect, 1, "shared pool `late` is not in effect in the period"),
            (
                DiagnosticCode::SharedOverlap,
                1,
                "shared pool `first` comes before shared pool `second`: charges of 10 USD match both"
            ),
            (DiagnosticCode::SharedShadowed, 1, "shared pool `second` matches only what earlier ones take, 10 USD"),
        ]
    );
}

#[test]
fn a_pool_takes_this_periods_part_of_a_fee() {
    let term = |from: &str, to: &str| crate::time::Interval::new(from.parse().unwrap(), to.parse().unwrap());
    let fee = LineItem {
        description: "Sign up charge for subscription: 1",
        interval: Some(term("2016-06-01 00:00:00", "2017-05-31 23:59:59")),
        ..row("365")
    };
    let bill = bill(&[fee, tagged("a", "1"), tagged("b", "2")]);
    let pool = "[[shared]]\nname = \"fees\"\nmatch = { kind = \"UpfrontFee\" }\nmethod = \"even\"";
    let report = report_of(&bill, pool);
    assert_eq!(owners(&report), costs(&[("a", "16"), ("b", "17")]));
    assert_eq!(report.totals.deferred.to_string(), "335");
}

fn provider(area: &str, keys: &[(&str, &str)]) -> String {
    let rows: Vec<String> =
        keys.iter().map(|(consumer, key)| format!("{{ consumer = \"{consumer}\", key = \"{key}\" }}")).collect();
    format!("[[providers]]\narea = \"{area}\"\nkeys = [{}]\n", rows.join(", "))
}

#[test]
fn two_providers_that_use_each_other_are_solved_and_not_cut() {
    // IT takes .1 of HR and HR .2 of IT: IT = 80 + .1 HR and HR = 18 + .2 IT give IT = 81.8/.98, HR = 34/.98.
    // With 98 and 49: IT = 98 + .1 HR, HR = 49 + .2 IT → IT = 102.9/.98 = 105, HR = 70.
    // IT passes 21 to HR, 84 to `a`; HR 7 to IT, 35 to `a`, 28 to `b`.
    let bill = bill(&[tagged("it", "98"), tagged("hr", "49"), tagged("a", "1"), row("3")]);
    let policy = provider("it", &[("hr", "0.2"), ("a", "0.8"), ("it", "5")])
        + &provider("hr", &[("it", "1"), ("a", "5"), ("b", "4")]);
    let report = report_of(&bill, &policy);
    assert_eq!(owners(&report), costs(&[("a", "120"), ("b", "28"), ("unattributed:", "3")]));
    let hops: Vec<_> = report
        .reallocations
        .iter()
        .map(|hop| (hop.provider.as_str(), hop.consumer.as_str(), hop.cost.to_string()))
        .collect();
    let hop = |provider, consumer, cost: &str| (provider, consumer, cost.to_owned());
    assert_eq!(
        hops,
        [hop("hr", "a", "35"), hop("hr", "b", "28"), hop("hr", "it", "7"), hop("it", "a", "84"), hop("it", "hr", "21")]
    );
    assert_eq!(codes(&report), ["providers.unknown_area"]);
    let mechanisms = report.mechanisms().unwrap();
    assert!(mechanisms.iter().any(|row| row.mechanism == Mechanism::Reallocated && row.cost.to_string() == "147"));
    assert!(report.to_json("r").unwrap().contains(r#""reallocations":[{"provider":"hr","consumer":"a","cost":"35"}"#));
}

#[test]
fn levels_pass_on_what_they_received_and_a_provider_without_consumers_keeps_it() {
    // p → q and a, 1 : 1; q → z, which declares itself a provider and names nobody.
    let bill = bill(&[tagged("p", "8"), tagged("q", "1"), tagged("z", "2")]);
    let policy = provider("p", &[("q", "1"), ("a", "1")])
        + &provider("q", &[("z", "3")])
        + &provider("z", &[("z", "9"), ("a", "0")]);
    let report = report_of(&bill, &policy);
    assert_eq!(owners(&report), costs(&[("a", "4"), ("z", "7")]));
    assert_eq!(codes(&report), ["providers.no_consumers", "providers.unknown_area"]);
}

#[test]
fn keys_of_other_providers_and_providers_without_cost_are_told() {
    let bill = bill(&[tagged("a", "8"), tagged("b", "1")]);
    let keys = "[[providers]]\narea = \"p\"\nkeys = [{ provider = \"q\", consumer = \"a\", key = 1 }, \
        { provider = \"p\", consumer = \"b\", key = 1 }]";
    let report = report_of(&bill, keys);
    assert_eq!(owners(&report), costs(&[("a", "8"), ("b", "1")]));
    assert_eq!(codes(&report), ["providers.no_cost", "providers.unused_keys"]);
    assert_eq!(report.reallocations.len(), 1);
}

#[test]
fn providers_pass_on_their_part_of_pools_and_keep_product_and_account() {
    let bill = bill(&[of("1", "S3", tax("3")), of("2", "EC2", tagged("p", "2")), of("3", "EC2", tagged("a", "1"))]);
    let policy = format!("{TAX}method = \"proportional\"\n{}", provider("p", &[("b", "1")]));
    let report = report_of(&bill, &policy);
    assert_eq!(owners(&report), costs(&[("a", "2"), ("b", "4")]));
    let of_b = report.cells.iter().filter(|cell| cell.product_area.as_ref().is_some_and(|area| area.as_str() == "b"));
    let of_b: Vec<_> = of_b.map(|c| (c.product.as_str(), c.usage_account.as_str(), c.cost.to_string())).collect();
    assert_eq!(of_b, [("EC2", "2", "2".to_owned()), ("S3", "1", "2".to_owned())]);
}

#[test]
fn a_closed_cycle_and_a_table_nobody_read_are_errors() {
    let bill = bill(&[tagged("a", "8")]);
    let (evidence, book) = Default::default();
    let closed = Policy::from_toml(&by_team("[[providers]]\narea = \"a\"\nkeys = \"k.csv\"")).unwrap();
    let error = attribute(&job(&bill, &closed, &evidence, &book)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBadValue);
    let mut closed = Policy::default();
    for (area, consumer) in [("a", "b"), ("b", "a")] {
        let key = crate::policy::KeyRow { provider: None, consumer: consumer.into(), key: 1.into(), period: None };
        let keys = crate::policy::PolicyTable::Rows(vec![key]);
        closed.providers.push(crate::policy::Provider { area: area.into(), from: None, to: None, keys });
    }
    let error = attribute(&job(&bill, &closed, &evidence, &book)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AttributeClosedCycle);
}

#[test]
fn cells_of_pools_and_providers_are_explained() {
    let bill = bill(&[tax("3"), tagged("p", "2"), tagged("a", "1"), LineItem { description: "Refund", ..row("-5") }]);
    let policy = Policy::from_toml(&by_team(&format!(
        "{TAX}method = \"proportional\"\n[[shared]]\nname = \"refunds\"\nmatch = {{ kind = \"Refund\" }}\nmethod = \"keep\"\n{}",
        provider("p", &[("b", "1")])
    )))
    .unwrap();
    let (evidence, book) = Default::default();
    let report = attribute(&job(&bill, &policy, &evidence, &book)).unwrap();
    let whole = explain(&job(&bill, &policy, &evidence, &book), &CellFilter::default()).unwrap();
    assert_eq!(whole.cost, Amount::sum(report.cells.iter().map(|cell| cell.cost)).unwrap());
    for cell in &report.cells {
        let filter = CellFilter {
            product: Some(cell.product.clone()),
            usage_account: Some(cell.usage_account.clone()),
            product_area: Some(cell.product_area.clone().unwrap_or_default().to_string()),
            row_kind: Some(cell.row_kind),
            pool: Some(cell.detail.as_ref().and_then(RowDetail::pool).unwrap_or_default().to_owned()),
            mechanism: Some(cell.mechanism),
            ..CellFilter::default()
        };
        assert_eq!(explain(&job(&bill, &policy, &evidence, &book), &filter).unwrap().cost, cell.cost, "{cell:?}");
    }
    let of = |area: &str| {
        let filter = CellFilter { product_area: Some(area.to_owned()), ..CellFilter::default() };
        explain(&job(&bill, &policy, &evidence, &book), &filter).unwrap()
    };
    let a = of("a");
    assert_eq!((a.cost.to_string(), a.reallocations.len()), ("2".to_owned(), 0));
    assert_eq!(
        a.pools.iter().map(|pool| (pool.pool.as_str(), pool.cost.to_string())).collect::<Vec<_>>(),
        [("tax", "3".into())]
    );
    assert_eq!(a.pools[0].charges.iter().map(|charge| charge.kind).collect::<Vec<_>>(), [LineItemKind::Tax]);
    let b = of("b");
    assert_eq!(b.contributions[0].provider.as_deref(), Some("p"));
    assert_eq!((b.cost.to_string(), b.reallocations.len()), ("4".to_owned(), 1));
    assert!(of("p").cost.is_zero());
}

/// Random bills: (account, product, area, cost in units); an empty area is a tax of the pool.
fn any_rows() -> impl Strategy<Value = Vec<(usize, usize, usize, i64)>> {
    prop::collection::vec((0usize..3, 0usize..3, 0usize..6, -1000i64..100_000), 1..24)
}

const AREAS: [&str; 6] = ["", "a", "b", "c", "p", "q"];
const METHODS: [&str; 6] = [
    "method = \"keep\"",
    "method = \"proportional\"",
    "method = \"proportional\"\nof = \"account\"\namong = \"all\"",
    "method = \"proportional\"\nof = \"product\"",
    "method = \"even\"",
    "method = \"metric\"\nmetric = [{ area = \"a\", weight = \"0.3\" }, { area = \"p\", weight = 7 }]",
];

fn bill_of(rows: &[(usize, usize, usize, i64)]) -> Bill {
    let names = ["1", "2", "3"];
    let items: Vec<LineItem<'_>> = rows
        .iter()
        .map(|(account, product, area, units)| {
            let item = if *area == 0 { tax("0") } else { tagged(AREAS[*area], "0") };
            let item = LineItem { cost: format!("0.{units:018}").replace("0.-", "-0.0").parse().unwrap(), ..item };
            of(names[*account], names[*product], item)
        })
        .collect();
    bill(&items)
}

/// What each provider ends up giving to each area that keeps it, by passing on again and again what came in: nearly
/// everything has left after many rounds, and what has not is counted.
fn passed_on(
    keys: &BTreeMap<&str, Vec<(&str, i64)>>,
    cost: i64,
    from: &'static str,
) -> (BTreeMap<String, BigInt>, BigInt) {
    let one: BigInt = BigInt::from(10).pow(60);
    let mut kept: BTreeMap<String, BigInt> = BTreeMap::new();
    let mut held: BTreeMap<String, BigInt> = BTreeMap::from([(from.to_owned(), &one * cost)]);
    for _ in 0..400 {
        let mut next: BTreeMap<String, BigInt> = BTreeMap::new();
        for (area, amount) in held {
            let Some(consumers) = keys.get(area.as_str()) else {
                *kept.entry(area).or_default() += amount;
                continue;
            };
            let sum: i64 = consumers.iter().map(|(_, key)| key).sum();
            for (consumer, key) in consumers {
                *next.entry((*consumer).to_owned()).or_default() += &amount * *key / sum;
            }
        }
        held = next;
    }
    let rest = held.values().sum();
    (kept.into_iter().map(|(area, amount)| (area, amount / &one)).collect(), rest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_table_sums_to_the_bill_and_no_order_matters(
        rows in any_rows(), method in 0usize..6, turn in 0usize..24, keys in prop::collection::vec(1u32..50, 6),
    ) {
        let [p_q, p_a, p_c, q_p, q_b, q_q] = keys[..] else { unreachable!() };
        let key = |key: u32| key.to_string();
        let policy = format!("{TAX}{}\n{}{}", METHODS[method],
            provider("p", &[("q", &key(p_q)), ("a", &key(p_a)), ("c", &key(p_c))]),
            provider("q", &[("p", &key(q_p)), ("b", &key(q_b)), ("q", &key(q_q))]));
        let report = report_of(&bill_of(&rows), &policy);
        let billed: i64 = rows.iter().map(|row| row.3).sum();
        prop_assert_eq!(report.totals.billed.units(), i128::from(billed));
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        let again = report_of(&bill_of(&turned), &policy);
        prop_assert_eq!((&again.cells, &again.reallocations), (&report.cells, &report.reallocations));
        // By product and account nothing moves.
        let mut origins: BTreeMap<(String, String), i128> = BTreeMap::new();
        for cell in &report.cells {
            *origins.entry((cell.usage_account.clone(), cell.product.clone())).or_default() += cell.cost.units();
        }
        for (account, product, _, units) in &rows {
            *origins.entry(((account + 1).to_string(), (product + 1).to_string())).or_default() -= i128::from(*units);
        }
        prop_assert!(origins.values().all(|rest| *rest == 0));
    }

    #[test]
    fn cycles_end_where_passing_on_ends(
        cost in 1i64..1_000_000_000, keys in prop::collection::vec(0i64..20, 9), out in prop::collection::vec(1i64..20, 3),
    ) {
        let names = ["p", "q", "r"];
        let mut given: BTreeMap<&str, Vec<(&str, i64)>> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            let inner = names.iter().zip(&keys[3 * at..]).filter(|(other, key)| *other != name && **key > 0);
            let mut consumers: Vec<(&str, i64)> = inner.map(|(other, key)| (*other, *key)).collect();
            consumers.push((["a", "b", "c"][at], out[at]));
            given.insert(*name, consumers);
        }
        let policy: String = given.iter().map(|(name, consumers)| {
            let texts: Vec<(&str, String)> = consumers.iter().map(|(area, key)| (*area, key.to_string())).collect();
            let keys: Vec<(&str, &str)> = texts.iter().map(|(area, key)| (*area, key.as_str())).collect();
            provider(name, &keys)
        }).collect();
        let report = report_of(&bill(&[tagged("p", &format!("0.{cost:018}"))]), &policy);
        let (expected, rest) = passed_on(&given, cost, "p");
        prop_assume!(rest < BigInt::from(10).pow(50));
        for (area, units) in expected {
            let got: i128 = report.cells.iter().filter(|cell| cell.product_area.as_ref().is_some_and(|own| own.as_str() == area))
                .map(|cell| cell.cost.units()).sum();
            let units: i128 = units.try_into().unwrap();
            prop_assert!((got - units).abs() <= 1, "{}: {} instead of {}", area, got, units);
        }
        // What comes in and what goes out of a provider differ by the rounding of the hops.
        for name in names {
            let sum = |is: &dyn Fn(&Reallocation) -> bool| -> i128 {
                report.reallocations.iter().filter(|hop| is(hop)).map(|hop| hop.cost.units()).sum()
            };
            let own = if name == "p" { i128::from(cost) } else { 0 };
            let rest = own + sum(&|hop| hop.consumer.as_str() == name) - sum(&|hop| hop.provider.as_str() == name);
            prop_assert!(rest.abs() <= 3, "{}: {}", name, rest);
        }
    }
}
