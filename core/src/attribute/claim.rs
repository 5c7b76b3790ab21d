//! Where an amount comes from, and who owns it.

use crate::rollup::{Mechanism, RowKind};

/// Product and usage account of an amount: what a moved part keeps (spec 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin<'a> {
    pub(super) product: &'a str,
    pub(super) account: &'a str,
}

/// Who owns an amount and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Claim<'a> {
    pub(super) area: Option<&'a str>,
    pub(super) row_kind: RowKind,
    pub(super) mechanism: Mechanism,
    /// Cluster and service of container cost.
    pub(super) service: Option<(&'a str, &'a str)>,
}

impl<'a> Claim<'a> {
    /// An area's, through a mechanism.
    pub(super) fn area(area: &'a str, mechanism: Mechanism) -> Self {
        Self { area: Some(area), row_kind: RowKind::Area, mechanism, service: None }
    }

    /// Nobody's.
    pub(super) fn unattributed() -> Self {
        Self { area: None, row_kind: RowKind::Unattributed, mechanism: Mechanism::Unattributed, service: None }
    }

    /// Capacity no task reserved, of an instance that may have an area.
    pub(super) fn idle(area: Option<&'a str>) -> Self {
        Self { area, row_kind: RowKind::Idle, mechanism: Mechanism::Idle, service: None }
    }

    /// What nothing used of a commitment.
    pub(super) fn unused_commitment() -> Self {
        let row_kind = RowKind::UnusedCommitment;
        Self { area: None, row_kind, mechanism: Mechanism::UnusedCommitment, service: None }
    }

    /// A shared pool's that is kept.
    pub(super) fn kept() -> Self {
        Self { area: None, row_kind: RowKind::Shared, mechanism: Mechanism::Shared, service: None }
    }

    pub(super) fn with_service(self, cluster: &'a str, service: &'a str) -> Self {
        Self { service: Some((cluster, service)), ..self }
    }
}
