//! The report of one run and its tables (spec 7.1, 7.2, 11.2).

mod check;
mod commitment;
mod coverage;
mod json;
mod report;
#[cfg(test)]
pub(crate) mod samples;
mod tables;

pub use commitment::{CommitmentUse, Hours, Ratio};
pub(crate) use coverage::share_of;
pub use coverage::{Coverage, MechanismShare, MissingTag, UnattributedProduct, UnattributedResource, Win, WinAction};
#[cfg(feature = "facade")]
pub(crate) use json::{CoverageJson, ReportJson};
pub use report::{
    Cell, IdleReason, Mechanism, Reallocation, Report, ReportDigests, RowDetail, RowKind, SplitCheckRow, SplitReason,
    Totals,
};
pub use tables::{AreaCost, MechanismCost, ProductAreaCost, ServiceCost};
