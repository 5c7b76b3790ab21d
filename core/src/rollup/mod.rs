//! The report of one run and its tables (spec 7.1, 7.2, 11.2).

mod check;
mod commitment;
mod json;
mod report;
#[cfg(test)]
pub(crate) mod samples;
mod tables;

pub use commitment::{CommitmentUse, Hours, Ratio};
#[cfg(feature = "facade")]
pub(crate) use json::ReportJson;
pub use report::{
    Cell, Coverage, Mechanism, MissingTag, Reallocation, Report, ReportDigests, RowKind, Totals, UnattributedResource,
};
pub use tables::{AreaCost, MechanismCost, ProductAreaCost, ServiceCost};
