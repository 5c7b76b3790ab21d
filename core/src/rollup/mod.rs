//! The report of one run and its tables (spec 7.1, 7.2, 11.2).

mod check;
mod json;
mod report;
#[cfg(test)]
pub(crate) mod samples;
mod tables;

pub use report::{Cell, Mechanism, Report, ReportDigests, RowKind, Totals};
pub use tables::{AreaCost, MechanismCost, ProductAreaCost, ServiceCost};
