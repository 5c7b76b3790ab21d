//! Random reports with every kind in every basis: tables and bridge are exact, and a closed period adds up.

use proptest::prelude::*;

use super::{ALL, GROSS, in_basis, read_in, report};
use crate::amortize::ReservationBook;
use crate::attribute::{Attribution, attribute};
use crate::bill::Charge;
use crate::classify::CostBasis;
use crate::evidence::Evidence;
use crate::money::{Amount, Currency};
use crate::policy::Policy;
use crate::read::tests::read_with;
use crate::rollup::{Report, RowKind};
use crate::workers::Alone;

const TYPES: [&str; 22] = [
    "BundledDiscount",
    "Credit",
    "Discount",
    "DiscountedUsage!",
    "DistributorDiscount",
    "EdpDiscount",
    "Fee",
    "Fee!",
    "FutureFlatRate",
    "PrivateRateDiscount",
    "RIFee!",
    "Refund",
    "Refund ComputeSavingsPlans",
    "RiVolumeDiscount",
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "SppDiscount",
    "Tax",
    "Usage",
    "Usage",
];

const BASES: [CostBasis; 4] =
    [CostBasis::Unblended, CostBasis::NetUnblended, CostBasis::Amortized, CostBasis::NetAmortized];

/// A type and a cost in each column, some of them empty.
pub(in crate::read::tests) fn row() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    let cost = prop_oneof![
        4 => (-500i64..2_000).prop_map(|units| format!("{}.{:03}", units / 7, units.unsigned_abs() % 1_000)),
        1 => Just("0".to_owned()),
        2 => Just(String::new()),
    ];
    let filled = (0i64..900).prop_map(|units| format!("{units}.0625"));
    (prop::sample::select(TYPES.to_vec()), filled, prop::collection::vec(cost, ALL - 1)).prop_map(
        |(line_item_type, unblended, mut costs)| {
            costs.insert(0, unblended);
            (line_item_type, costs)
        },
    )
}

pub(in crate::read::tests) fn text_of(columns: usize, rows: &[(&'static str, Vec<String>)]) -> String {
    let costs: Vec<Vec<(&str, &str)>> = rows
        .iter()
        .map(|(_, costs)| super::COSTS.iter().zip(costs).map(|((name, _), cost)| (*name, cost.as_str())).collect())
        .collect();
    let rows: Vec<super::Row<'_>> =
        rows.iter().zip(&costs).map(|((kind, _), costs)| (*kind, costs.as_slice())).collect();
    report(columns, &rows)
}

fn attributed(bill: &crate::bill::Bill, basis: CostBasis) -> Report {
    let policy = format!("basis = \"{basis}\"\n[areas]\ntag_keys = [\"team\"]\n");
    attribute(&Attribution {
        bill,
        policy: &Policy::from_toml(&policy).unwrap(),
        evidence: &Evidence::default(),
        reservations: &ReservationBook::default(),
        currency: None,
        as_of: "2026-10-05 00:00:00".parse().unwrap(),
        workers: &Alone,
    })
    .unwrap()
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    Amount::sum(amounts).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn tables_sum_to_the_basis_and_the_bridge_to_both(
        rows in prop::collection::vec(row(), 1..40),
        columns in prop::sample::select(vec![GROSS, ALL]),
    ) {
        let text = text_of(columns, &rows);
        let charged = sum(rows.iter().map(|(_, costs)| costs[0].parse().unwrap()));
        for basis in BASES {
            let bill = read_in(basis, &text).unwrap();
            let report = attributed(&bill, basis);
            let cost = bill.billed(Currency::USD).unwrap();
            prop_assert_eq!(sum(report.area_costs().unwrap().iter().map(|row| row.cost)), cost);
            prop_assert_eq!(sum(report.product_area_costs().unwrap().iter().map(|row| row.cost)), cost);
            let bridge = bill.bridge(Currency::USD).unwrap();
            prop_assert_eq!(sum(bridge.iter().map(|row| row.cost)), cost);
            prop_assert_eq!(sum(bridge.iter().map(|row| row.unblended)), charged);
            prop_assert_eq!(bridge.iter().map(|row| row.rows).sum::<u64>(), rows.len() as u64);
            prop_assert_eq!(report.bridge, (basis != CostBasis::Unblended).then_some(bridge));
            let unused = bill.charges().iter().filter(|charge| charge.key().kind().is_unused_where_amortized());
            let unused = if basis.is_amortized() { sum(unused.map(Charge::amount)) } else { Amount::ZERO };
            prop_assert_eq!(report.totals.unused_commitment, unused);
            let named = report.cells.iter().filter(|cell| cell.row_kind == RowKind::UnusedCommitment);
            prop_assert!(named.clone().all(|cell| cell.product_area.is_none()));
        }
    }

    /// Reservations of `hours` a month and plans hour by hour, both paid in part upfront, used in part.
    #[test]
    fn a_closed_period_is_unblended_plus_what_was_paid_upfront_before(
        reservations in prop::collection::vec((1i64..1_500, 0i64..1_500, 1i64..900, 0i64..900), 1..6),
        plans in prop::collection::vec((1i64..900, 0i64..900, prop::collection::vec(1i64..90, 0..4)), 1..20),
        fees in prop::collection::vec(1i64..90_000, 0..3),
    ) {
        let text = |thousandths: i64| Amount::from_units(i128::from(thousandths) * 10i128.pow(15)).to_string();
        let (mut lines, mut trueup, mut upfront_fees) = (Vec::new(), 0i64, 0i64);
        let mut line = |kind: &'static str, costs: [(&'static str, i64); 3]| {
            lines.push((kind, costs.map(|(name, cost)| (name, text(cost)))));
        };
        for (hours, used, recurring, upfront) in reservations {
            let used = used.min(hours);
            let unused = hours - used;
            line("DiscountedUsage!", [("unblended", 0), ("reserved", used * (recurring + upfront)), ("", 0)]);
            let unused = [("unused_upfront", unused * upfront), ("unused_recurring", unused * recurring)];
            line("RIFee!", [("unblended", hours * recurring), unused[0], unused[1]]);
            trueup -= hours * upfront;
        }
        for (recurring, upfront, covered) in plans {
            let total = recurring + upfront;
            let mut used = 0;
            for cost in covered {
                let cost = cost.min(total - used);
                used += cost;
                line("SavingsPlanCoveredUsage", [("unblended", cost * 2), ("planned", cost), ("", 0)]);
            }
            line("SavingsPlanNegation", [("unblended", -2 * used), ("", 0), ("", 0)]);
            line("SavingsPlanRecurringFee", [("unblended", recurring), ("total", total), ("used", used)]);
            trueup -= upfront;
        }
        for fee in fees {
            line(if fee % 2 == 0 { "Fee!" } else { "SavingsPlanUpfrontFee" }, [("unblended", fee), ("", 0), ("", 0)]);
            upfront_fees += fee;
        }
        let costs: Vec<&[(&str, String); 3]> = lines.iter().map(|(_, costs)| costs).collect();
        let costs: Vec<Vec<(&str, &str)>> =
            costs.iter().map(|costs| costs.iter().map(|(name, cost)| (*name, cost.as_str())).collect()).collect();
        let rows: Vec<super::Row<'_>> =
            lines.iter().zip(&costs).map(|((kind, _), costs)| (*kind, costs.as_slice())).collect();
        let bill = read_with(report(GROSS, &rows), &in_basis(CostBasis::Amortized)).unwrap();
        let bridge = bill.bridge(Currency::USD).unwrap();
        let unblended = sum(bridge.iter().map(|row| row.unblended));
        let amortized = sum(bridge.iter().map(|row| row.cost));
        let moved: Amount = text(trueup + upfront_fees).parse().unwrap();
        prop_assert_eq!(unblended, amortized.checked_add(moved).unwrap());
    }
}
