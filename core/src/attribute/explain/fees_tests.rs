//! Fees behind what they gave: by cost, by usage, through rules and pools; amounts derived by hand.

use super::super::samples::{by_team, job};
use super::super::*;
use crate::amortize::BookEntry;
use crate::bill::samples::{bill, hours, row, usage};
use crate::classify::{LineItem, LineItemKind};
use crate::time::Interval;

/// An upfront fee of a year from the first hour of June 2016: 30 of 365 days are this period's.
fn upfront<'a>(product: &'a str, description: &'a str, cost: &str) -> LineItem<'a> {
    let year = Interval::new(hours(0, 0).start, hours(0, 8760).end);
    LineItem { product, description, interval: Some(year), ..row(cost) }
}

fn tagged<'a>(product: &'a str, area: &'a str, cost: &str) -> LineItem<'a> {
    LineItem { product, tags: vec![area], ..row(cost) }
}

fn explained(bill: &Bill, policy: &str, book: &ReservationBook, cells: &CellFilter) -> Explanation {
    let (policy, evidence) = (Policy::from_toml(&by_team(policy)).unwrap(), Evidence::default());
    explain(&job(bill, &policy, &evidence, book), cells).unwrap()
}

fn area(area: &str) -> CellFilter {
    CellFilter { product_area: Some(area.to_owned()), ..CellFilter::default() }
}

/// Product, commitment, billed, this period's part and rows of the charges.
fn fees(explanation: &Explanation) -> Vec<(&str, &str, String, String, u64)> {
    let fees = explanation.fees.iter();
    fees.map(|fee| {
        let rows = fee.charges.iter().map(|charge| charge.rows).sum();
        (fee.product.as_str(), fee.commitment.as_str(), fee.billed.to_string(), fee.part.to_string(), rows)
    })
    .collect()
}

const FIRST: &str = "Sign up charge for subscription: 1";
const SECOND: &str = "Sign up charge for subscription: 2";

#[test]
fn fees_shared_by_cost_are_listed_with_their_rows_and_this_periods_part() {
    let rows = [upfront("EC2", FIRST, "365"), upfront("EC2", FIRST, "365"), tagged("EC2", "a", "2")];
    let others = [upfront("RDS", SECOND, "730"), tagged("RDS", "b", "1"), tagged("EC2", "c", "0")];
    let bill = bill(&[rows.as_slice(), &others].concat());
    let book = ReservationBook::default();
    let of_a = explained(&bill, "", &book, &area("a"));
    assert_eq!(fees(&of_a), [("EC2", FIRST, "730".into(), "60".into(), 2)]);
    assert_eq!((of_a.cost.to_string(), of_a.fees[0].kind), ("62".into(), LineItemKind::UpfrontFee));
    assert_eq!(fees(&explained(&bill, "", &book, &area("b"))), [("RDS", SECOND, "730".into(), "60".into(), 1)]);
    let tag = CellFilter { mechanism: Some(crate::rollup::Mechanism::Tag), ..area("a") };
    assert!(explained(&bill, "", &book, &tag).fees.is_empty());
    assert_eq!(explained(&bill, "", &book, &CellFilter::default()).fees.len(), 2);
}

#[test]
fn a_fee_that_is_carried_in_has_no_rows() {
    let year = Interval::new(hours(0, 0).start.plus_millis(-5 * 86_400_000), hours(0, 8640).end);
    let entry = BookEntry {
        payer: "100".into(),
        billing_period: "2016-05".parse().unwrap(),
        usage_account: "111".into(),
        product: "EC2".into(),
        kind: LineItemKind::UpfrontFee,
        currency: Currency::USD,
        commitment_id: "7".into(),
        start: year.start,
        end: year.end,
        fee: "365".parse().unwrap(),
        usage_type: None,
        zone: None,
        count: None,
    };
    let earlier = ReservationBook::new(vec![entry]).unwrap();
    let of_a = explained(&bill(&[tagged("EC2", "a", "2")]), "", &earlier, &area("a"));
    assert_eq!(fees(&of_a), [("EC2", "7", "0".into(), "30".into(), 0)]);
}

#[test]
fn fees_that_pools_and_rules_took_are_listed_with_them() {
    let bill = bill(&[upfront("EC2", FIRST, "365"), tagged("EC2", "a", "2"), tagged("S3", "b", "6")]);
    let book = ReservationBook::default();
    let pool = "[[shared]]\nname = \"fees\"\nmatch = { kind = \"UpfrontFee\" }\nmethod = \"proportional\"\n";
    let of_b = explained(&bill, pool, &book, &area("b"));
    // 30 over 2 : 6.
    assert_eq!((of_b.cost.to_string(), fees(&of_b).len(), of_b.pools.len()), ("28.5".into(), 1, 1));
    let rule = "[[rules]]\nid = \"r\"\nmatch = { kind = \"UpfrontFee\" }\narea = \"c\"\n";
    assert_eq!(fees(&explained(&bill, rule, &book, &area("c"))).len(), 1);
    assert!(explained(&bill, rule, &book, &area("a")).fees.is_empty());
}

#[test]
fn a_fee_by_usage_is_listed_where_what_it_covers_is() {
    let mut covered = usage("i-1", 0, 720, "0");
    (covered.reserved, covered.usage_type, covered.tags) = (true, "BoxUsage:c4.large", vec!["a"]);
    covered.usage_quantity = Some("720".parse().unwrap());
    let mut fee = LineItem { usage_type: "HeavyUsage:c4.large", interval: Some(hours(0, 720)), ..row("30") };
    (fee.description, fee.usage_quantity) = ("fee", Some("0".parse().unwrap()));
    let bill = bill(&[fee, covered, tagged("EC2", "b", "5")]);
    let of_a = explained(&bill, "", &ReservationBook::default(), &area("a"));
    assert_eq!(fees(&of_a), [("EC2", "fee", "30".into(), "30".into(), 1)]);
    assert!(explained(&bill, "", &ReservationBook::default(), &area("b")).fees.is_empty());
}
