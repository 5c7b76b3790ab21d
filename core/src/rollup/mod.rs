//! The report of one run and its tables (spec 7.1, 7.2, 11.2).

mod report;
mod tables;

pub use report::{Cell, Mechanism, Report, ReportDigests, RowKind, Totals};
pub use tables::{AreaCost, MechanismCost, ProductAreaCost, ServiceCost};
