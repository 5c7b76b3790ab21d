//! Bills as values: merge, save and load, digest, status.

use proptest::prelude::*;

use super::samples::{bill, bill_with, row, usage};
use super::*;
use crate::classify::LineItem;

fn saved(bill: &Bill) -> Vec<u8> {
    let mut bytes = Vec::new();
    bill.save(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_saved_bill_loads_as_it_was() {
    let total = LineItem { line_item_type: "StatementTotal", ..row("9") };
    let bill = bill(&[usage("i-1", 0, 1, "1"), usage("i-1", 1, 2, "2"), row("3"), total]);
    assert_eq!(Bill::load(saved(&bill).as_slice()).unwrap(), bill);
}

#[test]
fn damaged_and_cut_files_are_refused() {
    let whole = saved(&bill(&[usage("i-1", 0, 1, "1"), row("3")]));
    let text = String::from_utf8(whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let without_charge = [lines[0], lines[2], lines[3]].join("\n");
    let newer = text.replace("\"version\":4", "\"version\":5");
    let swapped = [lines[0], lines[2], lines[1], lines[3]].join("\n");
    for damaged in ["", "{}", cut.as_str(), &without_charge, &newer, &swapped, text.get(..text.len() / 2).unwrap()] {
        assert_eq!(Bill::load(damaged.as_bytes()).unwrap_err().code(), ErrorCode::BillBadFile, "{damaged}");
    }
}

#[test]
fn bills_of_other_tag_keys_or_the_same_file_do_not_merge() {
    let mut one = bill(&[row("1")]);
    let other = bill_with(&[row("1")], &BillOptions::default());
    assert_eq!(one.clone().merge(other).unwrap_err().code(), ErrorCode::BillIncompatible);
    one.inputs.insert(InputDigest { bytes: 1, hash: "00".into() });
    assert_eq!(one.clone().merge(one).unwrap_err().code(), ErrorCode::ReadDuplicate);
}

#[test]
fn digests_ignore_delivery_but_not_amounts_or_invoices() {
    let bill_of = |rows: &[LineItem<'_>]| bill(rows).digest().unwrap();
    let one = bill_of(&[usage("i-1", 0, 1, "1"), usage("i-1", 1, 2, "2")]);
    assert_eq!(one, bill_of(&[usage("i-1", 1, 2, "2"), usage("i-1", 0, 1, "1")]));
    let untimed = bill_with(&[usage("i-1", 0, 2, "3")], &BillOptions::default());
    assert_eq!(one, untimed.digest().unwrap());
    assert_ne!(one, bill_of(&[usage("i-1", 0, 1, "1"), usage("i-1", 1, 2, "2.000000000000000001")]));
    assert_ne!(one, bill_of(&[LineItem { invoice_id: Some("2"), ..usage("i-1", 0, 1, "3") }]));
}

#[test]
fn only_a_past_month_with_every_row_invoiced_is_invoiced() {
    let over: Timestamp = "2016-07-03 00:00:00".parse().unwrap();
    let before: Timestamp = "2016-06-30 23:59:59".parse().unwrap();
    let invoiced = row("1");
    let with = |id: Option<&'static str>, cost: &str| LineItem { invoice_id: id, ..row(cost) };
    for (rows, as_of, status) in [
        (vec![invoiced.clone()], over, BillStatus::Invoiced),
        (vec![invoiced.clone()], before, BillStatus::Open),
        (vec![invoiced.clone(), with(Some("Estimated"), "0")], over, BillStatus::Estimated),
        (vec![invoiced.clone(), with(Some(""), "1")], over, BillStatus::Estimated),
        (vec![invoiced.clone(), with(Some(""), "1"), with(Some(""), "-1")], over, BillStatus::Estimated),
        (vec![invoiced.clone(), with(Some(""), "0")], over, BillStatus::Invoiced),
        (vec![invoiced.clone(), with(Some("EU-1"), "1")], over, BillStatus::Estimated),
        (vec![invoiced.clone(), with(None, "1")], over, BillStatus::Unknown),
        (vec![with(None, "1"), with(Some("Estimated"), "1")], over, BillStatus::Estimated),
        (vec![], over, BillStatus::Unknown),
        (vec![], before, BillStatus::Open),
    ] {
        assert_eq!(bill(&rows).status(as_of).unwrap(), status, "{rows:?}");
    }
}

#[test]
fn printed_totals_that_differ_are_reported_and_those_that_agree_are_not() {
    let total = |line_item_type, cost: &str| LineItem { line_item_type, ..row(cost) };
    let agree = bill(&[row("1"), row("2"), total("AccountTotal", "3"), total("InvoiceTotal", "3")]);
    assert!(!agree.diagnostics().unwrap().has(DiagnosticCode::ReconcileStatement));
    let differ = bill(&[row("1"), total("StatementTotal", "1.01")]);
    let found = differ.diagnostics().unwrap().list();
    assert_eq!(found[0].message, "statement total of `100` is 1.01 USD, its rows sum to 1, a difference of 0.01");
    assert_eq!(differ.excluded(Currency::USD).unwrap(), "1.01".parse().unwrap());
}

proptest! {
    #[test]
    fn any_cut_and_order_of_rows_merges_to_the_same_bill(
        rows in prop::collection::vec((0usize..4, 0i64..30, -5i64..5), 1..40),
        cuts in prop::collection::vec(0usize..3, 40),
    ) {
        let resources = ["i-1", "vol-2", "", "bucket"];
        let costs: Vec<String> = rows.iter().map(|(_, _, cost)| cost.to_string()).collect();
        let items: Vec<LineItem<'_>> = rows
            .iter()
            .zip(&costs)
            .map(|((resource, hour, _), cost)| usage(resources[*resource], *hour, hour + 1, cost))
            .collect();
        let whole = bill(&items);
        let part = |at: usize| {
            let rows: Vec<_> = items.iter().zip(&cuts).filter(|(_, cut)| **cut == at).map(|(i, _)| i.clone()).collect();
            bill(&rows)
        };
        let (a, b, c) = (part(0), part(1), part(2));
        let left = a.clone().merge(b.clone()).unwrap().merge(c.clone()).unwrap();
        let right = c.merge(b.merge(a).unwrap()).unwrap();
        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&right, &whole);
        prop_assert_eq!(&Bill::default().merge(left.clone()).unwrap(), &whole);
        prop_assert_eq!(&left.merge(Bill::default()).unwrap(), &whole);
    }
}
