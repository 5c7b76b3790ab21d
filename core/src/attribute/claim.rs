//! Where an amount comes from, and who owns it.

use crate::rollup::{IdleReason, Mechanism, RowKind};

/// Product and usage account of an amount: what a moved part keeps (spec 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Origin<'a> {
    pub(super) product: &'a str,
    pub(super) account: &'a str,
}

/// Who owns an amount: what fees and pools are shared among. Sorted like the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner<'a> {
    pub(super) area: Option<&'a str>,
    pub(super) row_kind: RowKind,
    pub(super) reason: Option<IdleReason>,
}

impl<'a> Owner<'a> {
    /// An area.
    pub(super) fn area(area: &'a str) -> Self {
        Self { area: Some(area), row_kind: RowKind::Area, reason: None }
    }

    /// A part of something shared: an area's has the mechanism that shared it, the others keep theirs.
    pub(super) fn part(self, of_area: Mechanism) -> Claim<'a> {
        let mechanism = match self.row_kind {
            RowKind::Area => of_area,
            RowKind::Idle => Mechanism::Idle,
            RowKind::Shared => Mechanism::Shared,
            RowKind::Unattributed => Mechanism::Unattributed,
            RowKind::UnusedCommitment => Mechanism::UnusedCommitment,
        };
        let Self { area, row_kind, reason } = self;
        Claim { area, row_kind, reason, mechanism, service: None }
    }

    /// The area, or what kind of row it is, in diagnostics.
    pub(super) fn name(self) -> String {
        self.area.map_or_else(|| self.row_kind.as_str().to_owned(), |area| format!("`{area}`"))
    }
}

/// Who owns an amount and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Claim<'a> {
    pub(super) area: Option<&'a str>,
    pub(super) row_kind: RowKind,
    /// Of idle cost, and of no other.
    pub(super) reason: Option<IdleReason>,
    pub(super) mechanism: Mechanism,
    /// Cluster and service of container cost.
    pub(super) service: Option<(&'a str, &'a str)>,
}

impl<'a> Claim<'a> {
    fn new(area: Option<&'a str>, row_kind: RowKind, mechanism: Mechanism) -> Self {
        Self { area, row_kind, reason: None, mechanism, service: None }
    }

    /// An area's, through a mechanism.
    pub(super) fn area(area: &'a str, mechanism: Mechanism) -> Self {
        Self::new(Some(area), RowKind::Area, mechanism)
    }

    /// Nobody's.
    pub(super) fn unattributed() -> Self {
        Self::new(None, RowKind::Unattributed, Mechanism::Unattributed)
    }

    /// Used by nobody, of an instance or volume that may have an area.
    pub(super) fn idle(area: Option<&'a str>, reason: IdleReason) -> Self {
        Self { reason: Some(reason), ..Self::new(area, RowKind::Idle, Mechanism::Idle) }
    }

    /// What nothing used of a commitment.
    pub(super) fn unused_commitment() -> Self {
        Self::new(None, RowKind::UnusedCommitment, Mechanism::UnusedCommitment)
    }

    /// A shared pool's that is kept.
    pub(super) fn kept() -> Self {
        Self::new(None, RowKind::Shared, Mechanism::Shared)
    }

    pub(super) fn with_service(self, cluster: &'a str, service: &'a str) -> Self {
        Self { service: Some((cluster, service)), ..self }
    }

    pub(super) fn owner(self) -> Owner<'a> {
        Owner { area: self.area, row_kind: self.row_kind, reason: self.reason }
    }
}
