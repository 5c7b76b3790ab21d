//! Who spent the AWS bill, exact to the last digit.
//!
//! A bill flows through the stages, each a module with one main function and its own input and output types:
//!
//! 1. [`scan()`] (or [`scan_reader`], from any `Read`): bytes → [`LineItem`]s → [`Bill`], in bounded memory; on the way
//!    [`classify()`] says what each row is.
//! 2. [`EvidenceBuilder`]: ECS, EBS and service map files → [`Evidence`], intervals of who ran where.
//! 3. [`attribute()`]: bill, [`Policy`], evidence and [`ReservationBook`] → [`Report`], as often as wanted; [`amortize()`]
//!    spreads fees, [`split()`] is the one kernel that divides amounts, [`explain()`] goes back to the charges.
//! 4. [`Store`]: reports → append-only runs and finalized tables.
//!
//! The promise: every attributed, idle, unused and unattributed amount sums back to the bill exactly, or the run fails
//! with `reconcile.residual` and says where. Without features the crate is pure: no files, clock, threads, environment
//! or randomness.

#![cfg_attr(
    not(all(feature = "fs", feature = "sqlite")),
    allow(rustdoc::broken_intra_doc_links, reason = "the tour names what features add")
)]

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
mod split;
mod store;
mod time;
mod workers;

pub use amortize::*;
pub use attribute::{
    AllocatedCharge, AllocatedCharges, AllocationMethod, AllocationRequest, AllocationRow, Attribution, CellFilter,
    Contribution, CostByTask, ExplainedCharge, ExplainedFee, ExplainedPool, Explanation, Quantities, ResourceCosts,
    SplitCostRequest, SplitCostTask, TaskCost, UnusedCost, allocate_cpu, allocated_charges, attribute, explain,
    split_cost,
};
pub use bill::*;
pub use classify::{
    ChargeCategory, CostBasis, CostRule, CostTerm, Dialect, LineItem, LineItemKind, Repetition, Treatment, classify,
    cost_rule,
};
#[cfg(feature = "cli")]
pub use cli::run_cli;
#[cfg(feature = "cli")]
pub use demo::{DemoBill, DemoDialect, DemoFiles, DemoOptions, demo};
pub use diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Severity};
pub use error::{Error, ErrorClass, ErrorCode, Location, Result};
pub use evidence::*;
pub use ids::*;
pub use money::{Amount, Currency, Money, ParsedAmount, Residue};
pub use policy::*;
pub use quantity::CpuTime;
pub use read::*;
pub use rollup::*;
pub use split::split;
pub use store::*;
pub use time::{BillingPeriod, HOUR_MS, Interval, Timestamp, union};
pub use workers::{Alone, Workers};

/// The examples of the README, run as it prints them.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../../README.md")]
struct Readme;
