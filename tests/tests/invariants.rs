//! Promises of the whole program, rows and events in, report out (spec 0.1, 0.3, 3.5).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod invariant_months;

use std::collections::BTreeMap;

use invariant_months::{AS_WRITTEN, Delivery, Month, Naive, SCAN, Scan, any_policy, bytes, policy, said, units};
use proptest::prelude::*;
use unblended::{Bill, Policy, Report};

/// Policies that together take every choice both ways.
fn policies() -> [Policy; 4] {
    let (no, yes) = (false, true);
    [
        policy([no, no, no, yes, no, no, no]),
        policy([yes, yes, no, no, yes, no, yes]),
        policy([no, yes, yes, yes, yes, no, no]),
        policy([yes, no, yes, no, no, yes, no]),
    ]
}

fn demo_months() -> [Month; 2] {
    [1, 7].map(Month::demo)
}

fn check_deliveries(month: &Month, policy: &Policy, deliveries: &[Delivery], names_period: bool) {
    let with = Scan { names_period, ..SCAN };
    let expected = said(&month.report(policy, &AS_WRITTEN, 1, with));
    for (delivery, threads) in deliveries.iter().zip([1, 2, 7]) {
        let other = said(&month.report(policy, delivery, threads, with));
        assert_same(&other, &expected, &format!("{delivery:?}, {threads} threads"));
    }
}

/// Fails at the first line that differs: whole reports are too long to be read.
fn assert_same(left: &str, right: &str, what: &str) {
    let differs = left.lines().zip(right.lines()).find(|(left, right)| left != right);
    assert_eq!(differs, None, "{what}");
    assert_eq!(left.len(), right.len(), "{what}");
}

/// The same files: again, by other threads, and named in another order.
fn check_runs(month: &Month, policy: &Policy, delivery: &Delivery) {
    let evidence = month.evidence(policy, delivery);
    let mut files = delivery.bill_files(&month.header, &month.rows);
    let run = |files: &[(String, Vec<u8>)], threads| {
        bytes(&month.attribute(&Month::bill(files, policy, &evidence, threads, SCAN), policy, &evidence))
    };
    let expected = run(&files, 1);
    assert_same(&run(&files, 1), &expected, "again");
    files.reverse();
    for threads in [1, 2, 7] {
        assert_same(&run(&files, threads), &expected, &format!("in reverse, {threads} threads"));
    }
}

/// Scanned apart, saved, loaded and merged in either direction.
fn check_merged(month: &Month, policy: &Policy, delivery: &Delivery) {
    let evidence = month.evidence(policy, delivery);
    let files = delivery.bill_files(&month.header, &month.rows);
    let whole = Month::bill(&files, policy, &evidence, 2, SCAN);
    let expected = bytes(&month.attribute(&whole, policy, &evidence));
    let part = |file| loaded(&Month::bill(std::slice::from_ref(file), policy, &evidence, 1, SCAN));
    let parts: Vec<Bill> = files.iter().map(part).collect();
    let left = parts.iter().cloned().fold(Bill::default(), |sum, part| sum.merge(part).unwrap());
    let right = parts.into_iter().rev().reduce(|sum, part| part.merge(sum).unwrap()).unwrap();
    for bill in [&left, &right] {
        assert_same(&bytes(&month.attribute(bill, policy, &evidence)), &expected, "merged");
        assert_eq!(bill.digest().unwrap(), whole.digest().unwrap());
    }
}

fn loaded(bill: &Bill) -> Bill {
    let mut saved = Vec::new();
    bill.save(&mut saved).unwrap();
    Bill::load(saved.as_slice()).unwrap()
}

fn check_loaded(month: &Month, policy: &Policy) {
    let evidence = month.evidence(policy, &AS_WRITTEN);
    let files = AS_WRITTEN.bill_files(&month.header, &month.rows);
    let bill = Month::bill(&files, policy, &evidence, 1, SCAN);
    let expected = month.attribute(&bill, policy, &evidence);
    assert_eq!(month.attribute(&loaded(&bill), policy, &evidence), expected);
}

/// A bill that keeps the hours of everything gives the same as one that keeps what the evidence names.
fn check_kept(month: &Month, policy: &Policy) {
    let kept = |keeps_all| said(&month.report(policy, &AS_WRITTEN, 1, Scan { keeps_all, ..SCAN }));
    assert_same(&kept(true), &kept(false), "all intervals kept");
}

/// The identity of the promise against sums made without the library: in total from the printed JSON, and for every
/// product and usage account from the cells.
fn check_identity(month: &Month, policy: &Policy) {
    let report = month.report(policy, &AS_WRITTEN, 1, SCAN);
    let naive = month.naive();
    let json: serde_json::Value = serde_json::from_str(&bytes(&report)).unwrap();
    let total = |name: &str| units(json["totals"][name].as_str().unwrap());
    let sum_of = |table: &str| -> i128 {
        json[table].as_array().unwrap().iter().map(|row| units(row["cost"].as_str().unwrap())).sum()
    };
    let printed = Naive {
        billed: total("billed"),
        excluded: total("excluded"),
        carried_in: total("carried_in"),
        deferred: total("deferred"),
        by_origin: by_origin(&report),
    };
    assert_eq!(printed, naive);
    let parts: i128 = ["areas", "idle", "unused_commitment", "shared", "unattributed"].map(total).iter().sum();
    let whole = naive.billed + naive.carried_in - naive.deferred;
    assert_eq!(parts, whole);
    for table in ["area_costs", "product_area_costs", "mechanisms"] {
        assert_eq!(sum_of(table), whole, "{table}");
    }
}

fn by_origin(report: &Report) -> BTreeMap<(String, String), i128> {
    let mut sums = BTreeMap::new();
    for cell in &report.cells {
        *sums.entry((cell.product.clone(), cell.usage_account.clone())).or_default() += cell.cost.units();
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

#[test]
fn demo_months_are_the_same_however_delivered() {
    let deliveries = [(3, 1, 4), (8, 5, 1), (21, 3, 3)];
    let deliveries = deliveries.map(|(seed, files, event_files)| Delivery { seed: Some(seed), files, event_files });
    for (month, policies) in demo_months().iter().zip(policies().chunks(2)) {
        for (policy, names_period) in policies.iter().zip([true, false]) {
            check_deliveries(month, policy, &deliveries, names_period);
        }
    }
}

#[test]
fn demo_months_are_the_same_run_again_merged_saved_and_kept() {
    let delivery = Delivery { seed: Some(5), files: 4, event_files: 2 };
    for (month, policies) in demo_months().iter().zip(policies().chunks(2)) {
        check_runs(month, &policies[0], &delivery);
        check_merged(month, &policies[1], &delivery);
        check_loaded(month, &policies[0]);
        check_kept(month, &policies[1]);
    }
}

#[test]
fn demo_months_sum_to_their_rows() {
    for month in &demo_months() {
        for policy in &policies() {
            check_identity(month, policy);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn order_cuts_packing_and_repeated_events_change_nothing(
        month in Month::any(),
        policy in any_policy(),
        deliveries in prop::array::uniform3(Delivery::any()),
        names_period in any::<bool>(),
    ) {
        check_deliveries(&month, &policy, &deliveries, names_period);
    }

    #[test]
    fn the_same_files_give_the_same_bytes(month in Month::any(), policy in any_policy(), delivery in Delivery::any()) {
        check_runs(&month, &policy, &delivery);
    }

    #[test]
    fn merged_bills_give_the_bytes_of_one_scan(
        month in Month::any(),
        policy in any_policy(),
        delivery in Delivery::any(),
    ) {
        check_merged(&month, &policy, &delivery);
    }

    #[test]
    fn saved_bills_and_kept_intervals_change_nothing(month in Month::any(), policy in any_policy()) {
        check_loaded(&month, &policy);
        check_kept(&month, &policy);
    }

    #[test]
    fn every_amount_is_somewhere_and_nowhere_twice(month in Month::any(), policy in any_policy()) {
        check_identity(&month, &policy);
    }
}
