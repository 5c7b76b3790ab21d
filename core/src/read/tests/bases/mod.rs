//! Every cost basis of Cost and Usage Reports and FOCUS, with amounts derived by hand (spec 3.4).

mod known_bugs;
pub(super) mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{billed, found, read_with};
use crate::bill::{Bill, BillOptions, BillStatus};
use crate::classify::{CostBasis, LineItemKind};
use crate::diagnostic::DiagnosticCode;
use crate::error::{ErrorCode, Result};
use crate::money::Currency;
use crate::read::ScanOptions;

/// The columns of a row that say what it is; those of costs follow.
const FACTS: [&str; 13] = [
    "bill/InvoiceId",
    "bill/PayerAccountId",
    "bill/BillingPeriodStartDate",
    "lineItem/UsageAccountId",
    "lineItem/LineItemType",
    "lineItem/UsageStartDate",
    "lineItem/UsageEndDate",
    "lineItem/ProductCode",
    "lineItem/UsageType",
    "lineItem/UsageAmount",
    "lineItem/ResourceId",
    "reservation/ReservationARN",
    "resourceTags/user:team",
];

/// Columns of costs by a short name: without discounts, then net.
pub(super) const COSTS: [(&str, &str); 15] = [
    ("unblended", "lineItem/UnblendedCost"),
    ("reserved", "reservation/EffectiveCost"),
    ("unused_upfront", "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod"),
    ("unused_recurring", "reservation/UnusedRecurringFee"),
    ("planned", "savingsPlan/SavingsPlanEffectiveCost"),
    ("total", "savingsPlan/TotalCommitmentToDate"),
    ("used", "savingsPlan/UsedCommitment"),
    ("plan_upfront", "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod"),
    ("net", "lineItem/NetUnblendedCost"),
    ("net_reserved", "reservation/NetEffectiveCost"),
    ("net_unused_upfront", "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod"),
    ("net_unused_recurring", "reservation/NetUnusedRecurringFee"),
    ("net_planned", "savingsPlan/NetSavingsPlanEffectiveCost"),
    ("net_plan_upfront", "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod"),
    ("nothing", "lineItem/BlendedCost"),
];

/// Columns of costs of an account without discounts.
pub(super) const GROSS: usize = 8;
pub(super) const ALL: usize = COSTS.len();

/// A row: its type, and its costs by short name; what else a row says follows from the type.
pub(super) type Row<'r> = (&'r str, &'r [(&'r str, &'r str)]);

/// A report with the first so many columns of costs.
pub(super) fn report(columns: usize, rows: &[Row<'_>]) -> String {
    let header: Vec<&str> = FACTS.iter().copied().chain(COSTS.iter().take(columns).map(|(_, name)| *name)).collect();
    let mut text = header.join(",") + "\n";
    for (at, (line_item_type, costs)) in rows.iter().enumerate() {
        let (line_item_type, code) = line_item_type.split_once(' ').unwrap_or((line_item_type, "AmazonEC2"));
        let (line_item_type, arn) = match line_item_type.strip_suffix('!') {
            Some(with_reservation) => (with_reservation, "arn:aws:ec2:us-east-1:1:reserved-instances/r"),
            None => (line_item_type, ""),
        };
        let facts = format!(
            "42,1,2026-09-01T00:00:00Z,2,{line_item_type},2026-09-01T0{hour}:00:00Z,2026-09-01T0{hour}:59:59Z,{code},\
             BoxUsage:m5.large,1,i-{resource},{arn},{team}",
            hour = at % 9,
            resource = at % 2,
            team = ["", "web", "api"][at % 3],
        );
        let cost = |name: &str| costs.iter().find(|(of, _)| *of == name).map_or("", |(_, cost)| *cost);
        let costs: Vec<&str> = COSTS.iter().take(columns).map(|(name, _)| cost(name)).collect();
        writeln!(text, "{facts},{}", costs.join(",")).unwrap();
    }
    text
}

pub(super) fn in_basis(basis: CostBasis) -> ScanOptions {
    let bill = BillOptions { basis, tag_keys: vec!["team".to_owned()], ..BillOptions::default() };
    ScanOptions { bill, ..ScanOptions::default() }
}

fn read_in(basis: CostBasis, text: &str) -> Result<Bill> {
    read_with(text, &in_basis(basis))
}

/// Unblended and cost in the basis, by kind.
fn bridge(bill: &Bill) -> BTreeMap<LineItemKind, (String, String)> {
    let rows = bill.bridge(Currency::USD).unwrap();
    assert!(rows.iter().all(|row| row.unblended.checked_add(row.difference).unwrap() == row.cost));
    rows.into_iter().map(|row| (row.kind, (row.unblended.to_string(), row.cost.to_string()))).collect()
}

/// What a report costs in every basis.
fn in_all(text: &str) -> [String; 4] {
    [CostBasis::Unblended, CostBasis::NetUnblended, CostBasis::Amortized, CostBasis::NetAmortized]
        .map(|basis| billed(&read_in(basis, text).unwrap()))
}

#[test]
fn every_kind_has_the_cost_of_its_columns_in_every_basis() {
    for (row, expected) in [
        (("Usage", &[("unblended", "10"), ("net", "9")][..]), ["10", "9", "10", "9"]),
        (("Tax", &[("unblended", "10"), ("net", "9")]), ["10", "9", "10", "9"]),
        (("Credit", &[("unblended", "-10"), ("net", "-9")]), ["-10", "-9", "-10", "-9"]),
        (("Usage", &[("unblended", "10")]), ["10", "10", "10", "10"]),
        (
            ("DiscountedUsage!", &[("unblended", "0"), ("net", "0"), ("reserved", "7"), ("net_reserved", "6")]),
            ["0", "0", "7", "6"],
        ),
        (("DiscountedUsage!", &[("unblended", "0"), ("reserved", "7")]), ["0", "0", "7", "7"]),
        (
            (
                "RIFee!",
                &[
                    ("unblended", "74.4"),
                    ("net", "70"),
                    ("unused_upfront", "4.25"),
                    ("unused_recurring", "4.5"),
                    ("net_unused_upfront", "4"),
                ],
            ),
            ["74.4", "70", "8.75", "8.5"],
        ),
        (("Fee!", &[("unblended", "100"), ("net", "90")]), ["100", "90", "0", "0"]),
        (("Fee", &[("unblended", "100"), ("net", "90")]), ["100", "90", "100", "90"]),
        (
            ("SavingsPlanCoveredUsage", &[("unblended", "8"), ("net", "8"), ("planned", "6"), ("net_planned", "5")]),
            ["8", "8", "6", "5"],
        ),
        (("SavingsPlanNegation", &[("unblended", "-8"), ("net", "-8")]), ["-8", "-8", "0", "0"]),
        (("SavingsPlanUpfrontFee", &[("unblended", "80"), ("net", "70")]), ["80", "70", "0", "0"]),
        (("Refund ComputeSavingsPlans", &[("unblended", "-80")]), ["-80", "-80", "0", "0"]),
        (("Refund", &[("unblended", "-80")]), ["-80", "-80", "-80", "-80"]),
        (("EdpDiscount", &[("unblended", "-3"), ("net", "-3")]), ["-3", "0", "-3", "0"]),
        (("FutureFlatRate", &[("unblended", "5"), ("net", "4")]), ["5", "5", "5", "5"]),
    ] {
        assert_eq!(in_all(&report(ALL, &[row])), expected.map(str::to_owned), "{row:?}");
    }
}

#[test]
fn unused_savings_plan_is_the_commitment_not_used_and_net_of_it_in_proportion() {
    let row = |costs: &[(&str, &str)]| {
        let unused = [("total", "1"), ("used", "0.9")];
        let costs: Vec<(&str, &str)> = costs.iter().copied().chain(unused).collect();
        in_all(&report(ALL, &[("SavingsPlanRecurringFee", &costs)]))
    };
    let last = |costs: &[(&str, &str)]| row(costs)[2..].to_vec();
    assert_eq!(last(&[("unblended", "0.5"), ("net", "0.4")]), ["0.1", "0.08"]);
    // 0.1 × 1/3, rounded to 18 decimals.
    assert_eq!(last(&[("unblended", "3"), ("net", "1")]), ["0.1", "0.033333333333333333"]);
    // All Upfront: nothing recurs, so what was paid upfront says it.
    let upfront = [("unblended", "0"), ("net", "0"), ("plan_upfront", "2"), ("net_plan_upfront", "1.5")];
    assert_eq!(last(&upfront), ["0.1", "0.075"]);
    assert_eq!(last(&[("unblended", "0")]), ["0.1", "0.1"]);
}

#[test]
fn without_net_columns_net_is_gross_and_discounts_count() {
    let rows: [Row<'_>; 4] = [
        ("Usage", &[("unblended", "10")]),
        ("DiscountedUsage!", &[("unblended", "0"), ("reserved", "7")]),
        ("SavingsPlanRecurringFee", &[("unblended", "0.5"), ("total", "1"), ("used", "0.9")]),
        ("EdpDiscount", &[("unblended", "-3")]),
    ];
    assert_eq!(in_all(&report(GROSS, &rows)), ["7.5", "7.5", "14.1", "14.1"].map(str::to_owned));
}

#[test]
fn discounts_that_no_net_cost_has_taken_off_are_reported() {
    let discount: Row<'_> = ("EdpDiscount", &[("unblended", "-3")]);
    let covered: Row<'_> = ("DiscountedUsage!", &[("unblended", "0"), ("reserved", "7")]);
    let code = DiagnosticCode::ClassifyDiscountsNotNet;
    for (usage, count) in [([("unblended", "10"), ("net", "10")], 1), ([("unblended", "10"), ("net", "7")], 0)] {
        let text = report(ALL, &[("Usage", &usage), discount, covered]);
        for basis in [CostBasis::NetUnblended, CostBasis::NetAmortized] {
            let said = found(&read_in(basis, &text).unwrap(), code);
            assert_eq!(said.len(), count, "{basis}");
            assert!(said.iter().all(|fact| fact.message.starts_with("discounts of -3 USD count 0")));
        }
        assert!(found(&read_in(CostBasis::Amortized, &text).unwrap(), code).is_empty());
    }
}

#[test]
fn a_row_whose_column_the_header_lacks_is_an_error_where_it_stands() {
    let rows: [Row<'_>; 2] = [("Usage", &[("unblended", "10")]), ("DiscountedUsage!", &[("unblended", "0")])];
    assert_eq!(billed(&read_in(CostBasis::Amortized, &report(1, &rows[..1])).unwrap()), "10");
    let options = ScanOptions { max_bad_rows: 9, ..in_basis(CostBasis::Amortized) };
    let error = read_with(report(1, &rows), &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBasisUnavailable);
    assert!(error.to_string().contains("`reservation/EffectiveCost`"), "{error}");
    assert_eq!(error.location().unwrap().row, Some(3));
    let error = read_in(CostBasis::NetAmortized, &report(1, &rows)).unwrap_err();
    assert!(error.to_string().contains("`reservation/NetEffectiveCost` or `reservation/EffectiveCost`"), "{error}");
}

#[test]
fn rows_that_fill_no_column_count_unblended_and_are_reported() {
    let rows: [Row<'_>; 3] = [
        ("DiscountedUsage!", &[("unblended", "0.25")]),
        ("DiscountedUsage!", &[("unblended", "0.5")]),
        ("RIFee!", &[("unblended", "40")]),
    ];
    let bill = read_in(CostBasis::Amortized, &report(GROSS, &rows)).unwrap();
    assert_eq!(billed(&bill), "40.75");
    let said: Vec<_> = found(&bill, DiagnosticCode::ClassifyBasisCellsEmpty)
        .into_iter()
        .map(|fact| (fact.message, fact.count))
        .collect();
    let message = |kind: &str, amount: &str| {
        format!("rows of kind `{kind}` have no cost in the basis `amortized`; they count their unblended {amount} USD")
    };
    assert_eq!(said, [(message("DiscountedUsage", "0.75"), 2), (message("RecurringFee", "40"), 1)]);
    let mut saved = Vec::new();
    bill.save(&mut saved).unwrap();
    assert_eq!(Bill::load(saved.as_slice()).unwrap(), bill);
    let other = read_in(CostBasis::Amortized, &report(GROSS, &rows[..1])).unwrap();
    let merged = bill.merge(other).unwrap();
    assert_eq!(found(&merged, DiagnosticCode::ClassifyBasisCellsEmpty)[0].count, 3);
}

#[test]
fn finality_and_the_unblended_sums_do_not_depend_on_the_basis() {
    let rows: [Row<'_>; 2] =
        [("Usage", &[("unblended", "1")]), ("DiscountedUsage!", &[("unblended", "0"), ("reserved", "7")])];
    let text = report(GROSS, &rows);
    // The covered row has no invoice yet and costs nothing: no evidence, whatever it costs when amortized.
    let text = text.replace("42,1,2026-09-01T00:00:00Z,2,Disc", ",1,2026-09-01T00:00:00Z,2,Disc");
    let after = "2026-10-05 00:00:00".parse().unwrap();
    for basis in [CostBasis::Unblended, CostBasis::Amortized, CostBasis::NetAmortized] {
        let bill = read_in(basis, &text).unwrap();
        assert_eq!(bill.status(after).unwrap(), BillStatus::Invoiced, "{basis}");
        let unblended = bill.charges().iter().map(crate::bill::Charge::unblended);
        assert_eq!(crate::money::Amount::sum(unblended).unwrap().to_string(), "1");
    }
    let digest = |basis| read_in(basis, &text).unwrap().digest().unwrap();
    assert_ne!(digest(CostBasis::Unblended), digest(CostBasis::Amortized));
}

#[test]
fn a_digest_sees_what_was_charged_beside_the_basis() {
    let negation = |cost| report(GROSS, &[("SavingsPlanNegation", &[("unblended", cost)])]);
    let digest = |basis, cost| read_in(basis, &negation(cost)).unwrap().digest().unwrap();
    assert_ne!(digest(CostBasis::Amortized, "-1"), digest(CostBasis::Amortized, "-2"));
}

fn focus(columns: &str, rows: &[&str]) -> String {
    let facts = "ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ServiceName,BillingCurrency,InvoiceId";
    let start = "2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,EC2,USD,42";
    let line = |row: &&str| row.split_once(',').map(|(category, costs)| format!("{category},{start},{costs}"));
    let lines: Vec<String> = rows.iter().filter_map(line).collect();
    format!("{facts},{columns}\n{}\n", lines.join("\n"))
}

fn read_untagged(basis: CostBasis, text: &str) -> Result<Bill> {
    let bill = BillOptions { basis, ..BillOptions::default() };
    read_with(text, &ScanOptions { bill, ..ScanOptions::default() })
}

#[test]
fn focus_is_billed_or_effective_and_never_net() {
    let text = focus("BilledCost,EffectiveCost", &["Usage,0,7", "Purchase,100,0", "Tax,1,1", "Rebate,-3,-2"]);
    let billed_in = |basis| billed(&read_untagged(basis, &text).unwrap());
    assert_eq!(billed_in(CostBasis::Unblended), "98");
    // A category nobody knows counts as billed.
    assert_eq!(billed_in(CostBasis::Amortized), "5");
    for basis in [CostBasis::NetUnblended, CostBasis::NetAmortized] {
        assert_eq!(read_untagged(basis, &text).unwrap_err().code(), ErrorCode::ConfigBasisUnavailable);
    }
    let lacking = read_untagged(CostBasis::Amortized, &focus("BilledCost", &["Usage,1"])).unwrap_err();
    assert_eq!(lacking.code(), ErrorCode::ConfigBasisUnavailable);
    for empty in ["", "NULL"] {
        let text = focus("BilledCost,EffectiveCost", &["Usage,1,1", &format!("Usage,1,{empty}")]);
        let error = read_untagged(CostBasis::Amortized, &text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ParseBadDecimal);
        assert_eq!(error.location().unwrap().column.as_deref(), Some("EffectiveCost"));
    }
}
