//! What other tools got wrong about commitments, by name (AWS: "Understanding Savings Plans", "Amortized reservation
//! data"; bug reports of published tools).

use super::{GROSS, Row, billed, bridge, read_in, report};
use crate::classify::{CostBasis, LineItemKind};

fn pair(unblended: &str, cost: &str) -> (String, String) {
    (unblended.to_owned(), cost.to_owned())
}

/// One hour of a plan of $1.00, half of it paid upfront, that covers usage of $1.20.
const PLAN: [Row<'static>; 4] = [
    ("SavingsPlanCoveredUsage", &[("unblended", "0.80"), ("planned", "0.60")]),
    ("SavingsPlanCoveredUsage", &[("unblended", "0.40"), ("planned", "0.30")]),
    ("SavingsPlanNegation", &[("unblended", "-1.20")]),
    ("SavingsPlanRecurringFee", &[("unblended", "0.50"), ("total", "1.00"), ("used", "0.90")]),
];

#[test]
fn savings_plan_negation_is_neither_zeroed_nor_doubled() {
    let text = report(GROSS, &PLAN);
    let unblended = read_in(CostBasis::Unblended, &text).unwrap();
    assert_eq!(billed(&unblended), "0.5");
    assert_eq!(bridge(&unblended)[&LineItemKind::SavingsPlanNegation], pair("-1.2", "-1.2"));
    let amortized = read_in(CostBasis::Amortized, &text).unwrap();
    assert_eq!(billed(&amortized), "1");
    let rows = bridge(&amortized);
    assert_eq!(rows[&LineItemKind::SavingsPlanNegation], pair("-1.2", "0"));
    assert_eq!(rows[&LineItemKind::SavingsPlanCoveredUsage], pair("1.2", "0.9"));
    assert_eq!(rows[&LineItemKind::SavingsPlanRecurringFee], pair("0.5", "0.1"));
}

#[test]
fn a_refund_makes_no_amortized_cost_negative_without_a_refund_row() {
    let mut rows = PLAN.to_vec();
    rows.push(("Refund ComputeSavingsPlans", &[("unblended", "-300")]));
    // Nothing but the refund's own row changes, and its fees were never counted.
    let amortized = read_in(CostBasis::Amortized, &report(GROSS, &rows)).unwrap();
    assert_eq!(billed(&amortized), "1");
    rows.push(("Refund", &[("unblended", "-7")]));
    let amortized = read_in(CostBasis::Amortized, &report(GROSS, &rows)).unwrap();
    assert_eq!(billed(&amortized), "-6");
    for row in amortized.bridge(crate::money::Currency::USD).unwrap() {
        assert_eq!(row.cost.is_negative(), row.kind == LineItemKind::Refund, "{row:?}");
    }
}

#[test]
fn reservation_fees_are_not_counted_beside_their_amortization() {
    // 2 reservations, 744 h, 0.05 + 0.05 an hour; 1400 of 1488 hours used, 876 paid upfront.
    let text = report(
        GROSS,
        &[
            ("DiscountedUsage!", &[("unblended", "0"), ("reserved", "140.00")]),
            ("RIFee!", &[("unblended", "74.40"), ("unused_upfront", "4.40"), ("unused_recurring", "4.40")]),
            ("Fee!", &[("unblended", "876")]),
        ],
    );
    assert_eq!(billed(&read_in(CostBasis::Unblended, &text).unwrap()), "950.4");
    let amortized = read_in(CostBasis::Amortized, &text).unwrap();
    assert_eq!(billed(&amortized), "148.8");
    let rows = bridge(&amortized);
    assert_eq!(rows[&LineItemKind::UpfrontFee], pair("876", "0"));
    assert_eq!(rows[&LineItemKind::RecurringFee], pair("74.4", "8.8"));
}
