//! Reports built by hand for tests.

use std::collections::BTreeSet;

use super::coverage::Coverage;
use super::report::{Cell, IdleReason, Mechanism, Reallocation, Report, ReportDigests, RowDetail, RowKind, Totals};
use crate::bill::{BillStatus, Digest, InputDigest};
use crate::classify::CostBasis;
use crate::money::{Amount, Currency};

/// One cell; empty texts are absent.
pub(crate) fn cell(
    product: &str,
    area: &str,
    row_kind: RowKind,
    mechanism: Mechanism,
    service: (&str, &str),
    cost: &str,
) -> Cell {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Cell {
        product: product.into(),
        usage_account: "22".into(),
        product_area: given(area).map(|text| text.as_str().into()),
        row_kind,
        detail: (row_kind == RowKind::Idle).then_some(RowDetail::Reason(IdleReason::Unreserved)),
        mechanism,
        cluster: given(service.0).map(|text| text.as_str().into()),
        service: given(service.1).map(|text| text.as_str().into()),
        cost: cost.parse().unwrap(),
    }
}

/// One hop of a provider.
pub(crate) fn hop(provider: &str, consumer: &str, cost: &str) -> Reallocation {
    Reallocation { provider: provider.into(), consumer: consumer.into(), cost: cost.parse().unwrap() }
}

/// A report of these cells as an invoiced bill of 2016-06 of payer `1`, with totals that fit.
pub(crate) fn report_of(mut cells: Vec<Cell>) -> Report {
    cells.sort_unstable();
    let sum = |kind: Option<RowKind>| {
        let rows = cells.iter().filter(|cell| kind.is_none_or(|kind| cell.row_kind == kind));
        Amount::sum(rows.map(|cell| cell.cost)).unwrap()
    };
    let totals = Totals {
        billed: sum(None),
        areas: sum(Some(RowKind::Area)),
        idle: sum(Some(RowKind::Idle)),
        unused_commitment: sum(Some(RowKind::UnusedCommitment)),
        shared: sum(Some(RowKind::Shared)),
        unattributed: sum(Some(RowKind::Unattributed)),
        ..Totals::default()
    };
    Report {
        period: "2016-06".parse().unwrap(),
        status: BillStatus::Invoiced,
        as_of: "2016-07-05 12:00:00".parse().unwrap(),
        basis: CostBasis::Unblended,
        currency: Currency::USD,
        payers: BTreeSet::from(["1".to_owned()]),
        stops_early: None,
        totals,
        bridge: None,
        coverage: Coverage::default(),
        cells,
        reallocations: Vec::new(),
        split_check: Vec::new(),
        commitments: Vec::new(),
        digests: ReportDigests {
            bill: Digest::of(b"bill"),
            policy: Digest::of(b"policy"),
            evidence: Digest::of(b"evidence"),
            reservations: Digest::of(b"reservations"),
        },
        inputs: vec![InputDigest { bytes: 12, hash: "00ff".into() }],
        diagnostics: Vec::new(),
    }
}

/// Two areas, a mapped and an unmapped service, idle, and cost of nobody; 2 of its 102 come from other periods.
pub(crate) fn report() -> Report {
    use {Mechanism as M, RowKind as R};
    let mut report = report_of(vec![
        cell("EC2", "api", R::Area, M::Tag, ("", ""), "40.000000000000000001"),
        cell("EC2", "api", R::Area, M::Ecs, ("", "family:cron"), "30"),
        cell("EC2", "warehouses", R::Area, M::Tag, ("", ""), "7"),
        cell("EC2", "warehouses", R::Idle, M::Idle, ("", ""), "4"),
        cell("EC2", "", R::Unattributed, M::Unattributed, ("main", "web"), "1"),
        cell("", "", R::Unattributed, M::Unattributed, ("", ""), "19.999999999999999999"),
    ]);
    report.totals.billed = "100".parse().unwrap();
    report.totals.carried_in = "2.5".parse().unwrap();
    report.totals.deferred = "0.5".parse().unwrap();
    report.totals.excluded = "100".parse().unwrap();
    report
}
