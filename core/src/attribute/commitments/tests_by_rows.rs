//! Commitments told by rows: those that an amortized basis has spread and those as billed, with amounts derived by hand (spec 5.6, 6.4; domain 3.5).

use super::super::samples::job;
use super::tests::{costs, owned};
use crate::amortize::ReservationBook;
use crate::attribute::attribute;
use crate::bill::samples::{bill_with, hours, row};
use crate::bill::{Bill, BillOptions};
use crate::classify::{CostBasis, Dialect, LineItem};
use crate::evidence::Evidence;
use crate::money::Amount;
use crate::policy::Policy;
use crate::rollup::{CommitmentUse, Hours, Ratio, Report};

const RI: &str = "arn:aws:ec2:us-east-1:111:reserved-instances/1";
const PLAN: &str = "arn:aws:savingsplans::111:savingsplan/1";
const PLANS: &str = "Savings Plans for AWS Compute usage";

/// A row of a Cost and Usage Report: type, id, usage type, quantity, unblended and amortized cost.
fn cur<'a>(kind: &'a str, id: &'a str, usage_type: &'a str, of: [&str; 3]) -> LineItem<'a> {
    let [quantity, unblended, cost] = of;
    LineItem {
        dialect: Dialect::Cur,
        line_item_type: kind,
        reservation_id: id,
        usage_type,
        usage_quantity: Some(quantity.parse().unwrap()),
        unblended: Some(unblended.parse().unwrap()),
        interval: Some(hours(0, 720)),
        ..row(cost)
    }
}

fn of_team<'a>(item: &LineItem<'a>, team: &'a str) -> LineItem<'a> {
    LineItem { tags: vec![team], ..item.clone() }
}

fn amortized(rows: &[LineItem<'_>]) -> Bill {
    let options = BillOptions { basis: CostBasis::Amortized, tag_keys: vec!["team".into()], ..BillOptions::default() };
    bill_with(rows, &options)
}

fn run(rows: &[LineItem<'_>], unused: &str) -> Report {
    let policy =
        format!("basis = \"amortized\"\n[commitments]\nunused = \"{unused}\"\n[areas]\ntag_keys = [\"team\"]\n");
    let (bill, policy) = (amortized(rows), Policy::from_toml(&policy).unwrap());
    attribute(&job(&bill, &policy, &Evidence::default(), &ReservationBook::default())).unwrap()
}

/// Purchased and used hours, utilization, used and unused cost, covered and eligible hours, coverage.
fn said(row: &CommitmentUse) -> [String; 8] {
    let hours = |hours: Option<&Hours>| hours.map_or_else(|| "-".to_owned(), ToString::to_string);
    let ratio = |ratio: Option<&Ratio>| ratio.map_or_else(|| "-".to_owned(), ToString::to_string);
    [
        hours(row.purchased_hours.as_ref()),
        hours(row.used_hours.as_ref()),
        ratio(row.utilization.as_ref()),
        row.used_cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string()),
        row.unused_cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string()),
        row.covered_hours.to_string(),
        row.eligible_hours.to_string(),
        ratio(row.coverage.as_ref()),
    ]
}

#[test]
fn a_reservation_is_used_by_the_hours_of_its_fee() {
    // Domain B: 2 × 744 h of large (4) at 0.05 + 0.05, 1400 of them used; 100 h of xlarge (8) on demand beside them.
    let rows = [
        of_team(&cur("DiscountedUsage", RI, "BoxUsage:m5.large", ["1400", "0", "140"]), "a"),
        cur("RIFee", RI, "HeavyUsage:m5.large", ["1488", "74.4", "8.8"]),
        cur("Fee", RI, "HeavyUsage:m5.large", ["2", "876", "0"]),
        cur("Usage", "", "BoxUsage:m5.xlarge", ["100", "19.2", "19.2"]),
        cur("Usage", "", "BoxUsage:r5.xlarge", ["100", "25.2", "25.2"]),
    ];
    let report = run(&rows, "central");
    let [row] = report.commitments.as_slice() else { panic!("{:?}", report.commitments) };
    assert_eq!(said(row), ["5952", "5600", "0.94086", "140", "8.8", "5600", "6400", "0.875"]);
    assert_eq!((row.product.as_str(), row.commitment.as_deref()), ("EC2", Some(RI)));
    assert_eq!((row.usage_account.as_deref(), row.covers.as_deref()), (Some("111"), Some("m5")));
}

#[test]
fn a_savings_plan_is_used_by_what_its_usage_costs() {
    // Domain C: of a commitment of 1.00 an hour, 0.60 and 0.30 are used; an hour of large normalizes to 4.
    let rows = [
        of_team(&cur("SavingsPlanCoveredUsage", PLAN, "BoxUsage:m5.large", ["1", "0.80", "0.60"]), "a"),
        LineItem { product: "ECS", ..cur("SavingsPlanCoveredUsage", PLAN, "Fargate-GB", ["1", "0.40", "0.30"]) },
        cur("SavingsPlanNegation", PLAN, "", ["1", "-1.20", "0"]),
        LineItem { product: PLANS, ..cur("SavingsPlanRecurringFee", PLAN, "ComputeSP", ["1", "0.50", "0.10"]) },
    ];
    let report = run(&rows, "central");
    let [row] = report.commitments.as_slice() else { panic!("{:?}", report.commitments) };
    assert_eq!(said(row), ["-", "-", "0.9", "0.9", "0.1", "4", "4", "1"]);
    assert_eq!((row.product.as_str(), row.commitment.as_deref()), (PLANS, Some(PLAN)));
}

#[test]
fn a_commitment_that_nothing_used_or_that_gives_back_has_no_share() {
    let unused = cur("SavingsPlanRecurringFee", PLAN, "ComputeSP", ["1", "0.5", "1"]);
    assert_eq!(
        run(std::slice::from_ref(&unused), "central").commitments[0].utilization.as_ref().unwrap().as_str(),
        "0"
    );
    let back = cur("SavingsPlanCoveredUsage", PLAN, "Fargate-GB", ["1", "0", "-0.5"]);
    let report = run(&[unused, back], "central");
    assert_eq!(said(&report.commitments[0]), ["-", "-", "-", "-0.5", "1", "0", "0", "-"]);
    // A fee that does not say its hours: by cost.
    let rows = [
        cur("DiscountedUsage", RI, "BoxUsage:m5.large", ["1", "0", "3"]),
        cur("RIFee", RI, "HeavyUsage:m5.large", ["0", "1", "1"]),
    ];
    assert_eq!(said(&run(&rows, "central").commitments[0])[..3], ["-", "-", "0.75"]);
}

#[test]
fn used_and_unused_of_focus_are_told_by_their_rows() {
    let focus = |status, cost: &str| LineItem {
        dialect: Dialect::Focus,
        line_item_type: "Usage",
        commitment_status: status,
        commitment_category: "Spend",
        reservation_id: PLAN,
        unblended: Some(Amount::ZERO),
        ..row(cost)
    };
    let report = run(&[focus("Used", "0.75"), focus("Unused", "0.25")], "central");
    let [row] = report.commitments.as_slice() else { panic!("{:?}", report.commitments) };
    assert_eq!(said(row)[..5], ["-", "-", "0.75", "0.75", "0.25"]);
}

/// Attributed as billed, with fees set aside or not.
fn as_billed(rows: &[LineItem<'_>], spread: bool) -> Report {
    let bill = bill_with(rows, &BillOptions { tag_keys: vec!["team".into()], ..BillOptions::default() });
    let policy =
        Policy::from_toml(&format!("[commitments]\nspread = {spread}\n[areas]\ntag_keys = [\"team\"]\n")).unwrap();
    attribute(&job(&bill, &policy, &Evidence::default(), &ReservationBook::default())).unwrap()
}

#[test]
fn as_billed_rows_tell_hours_and_no_costs() {
    // As with the amortized basis above; nothing says what an hour of the upfront fee costs.
    let rows = [
        of_team(&cur("DiscountedUsage", RI, "BoxUsage:m5.large", ["1400", "0", "0"]), "a"),
        cur("RIFee", RI, "HeavyUsage:m5.large", ["1488", "74.4", "74.4"]),
        cur("Fee", RI, "HeavyUsage:m5.large", ["2", "876", "876"]),
        cur("Usage", "", "BoxUsage:m5.xlarge", ["100", "19.2", "19.2"]),
        // A plan that covers hours, and one of which nothing is known.
        cur("SavingsPlanCoveredUsage", PLAN, "BoxUsage:c5.large", ["10", "0.80", "0.80"]),
        LineItem { product: PLANS, ..cur("SavingsPlanRecurringFee", PLAN, "ComputeSP", ["1", "0.50", "0.50"]) },
        LineItem { product: PLANS, ..cur("SavingsPlanRecurringFee", "arn:idle", "ComputeSP", ["1", "1", "1"]) },
    ];
    let report = as_billed(&rows, false);
    let [reserved, plan] = report.commitments.as_slice() else { panic!("{:?}", report.commitments) };
    assert_eq!(said(reserved), ["5952", "5600", "0.94086", "-", "-", "5600", "6400", "0.875"]);
    assert_eq!((reserved.commitment.as_deref(), reserved.covers.as_deref()), (Some(RI), Some("m5")));
    assert_eq!(said(plan), ["-", "-", "-", "-", "-", "40", "40", "1"]);
    assert_eq!((plan.commitment.as_deref(), plan.product.as_str()), (Some(PLAN), PLANS));
    // A reservation that nothing used is bought all the same.
    let unused = as_billed(&rows[1..2], false);
    assert_eq!(said(&unused.commitments[0])[..3], ["5952", "0", "0"]);
    // What was billed is attributed as it is.
    let owners = [("unattributed/unattributed", "971.9")];
    assert_eq!(costs(&report), owned(&owners));
}

#[test]
fn payers_whose_fees_are_set_aside_are_told_by_their_fees() {
    let rows = [
        cur("DiscountedUsage", RI, "BoxUsage:m5.large", ["1400", "0", "0"]),
        cur("RIFee", RI, "HeavyUsage:m5.large", ["1488", "74.4", "74.4"]),
    ];
    assert_eq!(as_billed(&rows, true).commitments.len(), 1);
    assert_eq!(said(&as_billed(&rows, true).commitments[0])[4], "4.4", "set apart: 88 of 1488 hours");
    let dbr = LineItem { dialect: Dialect::Dbr, payer_account: "200", ..cur("Usage", "", "BoxUsage", ["1", "1", "1"]) };
    let both: Vec<_> = rows.iter().cloned().chain([dbr]).collect();
    assert_eq!(said(&as_billed(&both, false).commitments[0])[..5], ["5952", "5600", "0.94086", "-", "-"]);
}

#[test]
fn what_nothing_used_of_another_product_goes_by_what_its_id_covers_else_by_its_payer() {
    let plan =
        |id, product, cost| LineItem { product, ..cur("SavingsPlanRecurringFee", id, "ComputeSP", ["1", "0", cost]) };
    let used =
        |id, team, cost| of_team(&cur("SavingsPlanCoveredUsage", id, "BoxUsage:m5.large", ["1", "0", cost]), team);
    let rows = [
        used(PLAN, "a", "3"),
        used(PLAN, "b", "1"),
        used("arn:other", "c", "4"),
        plan(PLAN, PLANS, "8"),
        // A plan that covers nothing: by all covered usage of its payer.
        plan("arn:idle", PLANS, "16"),
        // One that is bought as the product it covers: by that product, as reservations are.
        plan("arn:other", "EC2", "32"),
    ];
    let reserved =
        |report: &Report| costs(report).into_iter().filter(|(owner, _)| !owner.ends_with("/tag")).collect::<Vec<_>>();
    let by = |expected: &[(&str, &str)]| owned(expected).into_iter().collect::<Vec<_>>();
    let shared = run(&rows, "proportional");
    // a: 6 + 6 + 12, b: 2 + 2 + 4, c: 0 + 8 + 16.
    let expected = by(&[("a/reservation", "24"), ("b/reservation", "8"), ("c/reservation", "24")]);
    assert_eq!(reserved(&shared), expected);
    let central = by(&[("unused_commitment/unused_commitment", "56")]);
    assert_eq!(reserved(&run(&rows, "central")), central);
    assert_eq!(reserved(&run(&rows, "owner")), central, "nobody is named");
    // Of another payer nothing is covered.
    let foreign = [LineItem { payer_account: "200", ..rows[0].clone() }, rows[3].clone(), rows[4].clone()];
    assert_eq!(reserved(&run(&foreign, "proportional")), by(&[("unused_commitment/unused_commitment", "24")]));
}
