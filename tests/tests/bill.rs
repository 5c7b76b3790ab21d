//! Promises of a bill: it is a set, it merges like one, it saves exactly, and its digest is what it says.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use proptest::prelude::*;
use unblended::{
    Bill, BillBuilder, BillOptions, BillingPeriod, CostBasis, Dialect, ErrorCode, InputDigest, KeepIntervals, LineItem,
    LineItemKind, cost_rule,
};

/// One row in few numbers: product, instance, hour, cost in units, tag.
type Row = (u8, u8, u8, i64, u8);

fn options() -> BillOptions {
    BillOptions { tag_keys: vec!["product_area".into()], keep_intervals: KeepIntervals::All, ..BillOptions::default() }
}

fn bill_of(rows: &[Row], tagged: bool) -> Bill {
    let options = if tagged { options() } else { BillOptions::default() };
    let mut builder = BillBuilder::new(&options);
    for (product, instance, hour, cost, tag) in rows {
        let texts = [
            format!("product {}", product % 3),
            format!("i-{}", instance % 3),
            format!("2016-06-01T{:02}:00:00Z", hour % 23),
            format!("2016-06-01T{:02}:00:00Z", hour % 23 + 1),
            format!("area {}", tag % 3),
        ];
        let [product, instance, start, end, tag] = texts.each_ref().map(String::as_str);
        let row = serde_json::json!({"dialect": "dbr", "line_item_type": "LineItem", "cost": "0"}).to_string();
        let mut item: LineItem = serde_json::from_str(&row).unwrap();
        item.cost = unblended::Amount::from_units(i128::from(*cost));
        item.interval = Some(unblended::Interval::new(start.parse().unwrap(), end.parse().unwrap()));
        (item.product, item.resource_id, item.invoice_id) = (product, instance, Some("81234567"));
        item.tags = if tagged { vec![tag] } else { Vec::new() };
        builder.add(&item, LineItemKind::Usage).unwrap();
    }
    builder.finish(june()).unwrap()
}

fn june() -> BillingPeriod {
    "2016-06".parse().unwrap()
}

fn saved(bill: &Bill) -> Vec<u8> {
    let mut bytes = Vec::new();
    bill.save(&mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn order_and_cut_of_rows_change_nothing(rows in prop::collection::vec(any::<Row>(), 0..40), at in 0usize..40) {
        let whole = bill_of(&rows, true);
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(&bill_of(&turned, true), &whole);
        let (left, right) = rows.split_at(at.min(rows.len()));
        let merged = bill_of(left, true).merge(bill_of(right, true)).unwrap();
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(saved(&merged), saved(&whole));
        let swapped = bill_of(right, true).merge(bill_of(left, true)).unwrap();
        prop_assert_eq!(&swapped, &whole);
        prop_assert_eq!(&Bill::default().merge(whole.clone()).unwrap(), &whole);
        prop_assert_eq!(&whole.clone().merge(Bill::default()).unwrap(), &whole);
    }

    #[test]
    fn a_saved_bill_loads_as_it_was(rows in prop::collection::vec(any::<Row>(), 0..40)) {
        let bill = bill_of(&rows, true);
        prop_assert_eq!(Bill::load(saved(&bill).as_slice()).unwrap(), bill);
    }

    #[test]
    fn the_digest_ignores_tags_and_sees_amounts(rows in prop::collection::vec(any::<Row>(), 1..40)) {
        let digest = bill_of(&rows, true).digest().unwrap();
        prop_assert_eq!(&bill_of(&rows, false).digest().unwrap(), &digest);
        let mut other = rows;
        other[0].3 = other[0].3.wrapping_add(1);
        prop_assert_ne!(&bill_of(&other, true).digest().unwrap(), &digest);
    }
}

#[test]
fn bills_of_different_tag_keys_are_bill_incompatible() {
    let error = bill_of(&[(0, 0, 0, 1, 0)], true).merge(bill_of(&[(0, 0, 0, 1, 0)], false)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BillIncompatible);
}

#[test]
fn the_same_input_in_both_bills_is_read_duplicate() {
    let options = BillOptions::default();
    let bill = || {
        let mut builder = BillBuilder::new(&options);
        builder.add_input(InputDigest { bytes: 10, hash: "00ff".into() });
        builder.finish(june()).unwrap()
    };
    assert_eq!(bill().merge(bill()).unwrap_err().code(), ErrorCode::ReadDuplicate);
}

#[test]
fn a_saved_bill_that_is_cut_short_is_bill_bad_file() {
    let whole = saved(&bill_of(&[(0, 0, 0, 1, 0), (1, 1, 1, 1, 1)], true));
    for cut in [0, 10, whole.len() / 2, whole.len() - 20] {
        let error = Bill::load(&whole[..cut]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BillBadFile, "{cut}");
    }
}

#[test]
fn an_amortized_basis_of_a_dbr_is_config_basis_unavailable() {
    for basis in [CostBasis::NetUnblended, CostBasis::Amortized, CostBasis::NetAmortized] {
        assert_eq!(
            cost_rule(Dialect::Dbr, basis, LineItemKind::Usage, "").unwrap_err().code(),
            ErrorCode::ConfigBasisUnavailable
        );
    }
}
