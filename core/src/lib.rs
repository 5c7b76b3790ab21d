//! Who spent the AWS bill, exact to the last digit.
//!
//! The stages, each a module with one main function:
//! [`classify()`] a [`LineItem`] → [`Bill`] (charges) → attribute → report.
//!
//! The promise: every attributed, idle, unused and unattributed amount sums back to the bill exactly, or the run fails
//! and says where.

mod amortize;
mod attribute;
mod bill;
mod classify;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod demo;
mod diagnostic;
mod error;
mod evidence;
#[cfg(feature = "facade")]
pub mod facade;
#[cfg(feature = "facade")]
mod files;
mod ids;
mod index;
mod money;
mod policy;
mod quantity;
mod read;
mod rollup;
mod store;
mod time;

pub use amortize::*;
pub use attribute::{Attribution, CellFilter, Contribution, ExplainedCharge, Explanation, attribute, explain, split};
pub use bill::*;
pub use classify::{
    CostBasis, CostColumn, Dialect, LineItem, LineItemKind, StatementTotal, Treatment, classify, cost_columns,
};
#[cfg(feature = "cli")]
pub use cli::run_cli;
#[cfg(feature = "cli")]
pub use demo::{DemoFiles, DemoOptions, demo};
pub use diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Severity};
pub use error::{Error, ErrorClass, ErrorCode, Location, Result};
pub use evidence::*;
pub use ids::*;
pub use money::{Amount, Currency, Money, ParsedAmount, Residue};
pub use policy::*;
pub use quantity::CpuTime;
pub use read::*;
pub use rollup::*;
pub use store::*;
pub use time::{BillingPeriod, HOUR_MS, Interval, Timestamp, union};
