//! What can be typed (spec 11).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::classify::{CostBasis, Dialect};
use crate::money::Currency;
use crate::rollup::{IdleReason, Mechanism, RowKind};
use crate::time::{BillingPeriod, Timestamp};

/// Who spent the AWS bill, exact to the last digit.
#[derive(Debug, Parser)]
#[command(name = "unblended", version, propagate_version = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Attribute a bill to product areas: three tables, and a run in the store
    Rollup(Box<RollupAndCharges>),
    /// Show how much of a bill has an owner, and what would raise it most
    Coverage(Box<Rollup>),
    /// Show what made a cost: charges, mechanisms, rules, pools, and with --rows the rows of the bill
    Explain(Box<Explain>),
    /// Show what a bill holds: period, status, totals, tag coverage, gaps
    Inspect(Inspect),
    /// Copy a run to the finalized tables, if the bill is final, complete and reconciled
    Finalize(Finalize),
    /// List the runs and finalized versions of a store
    Runs(Runs),
    /// Write a realistic month with events, service map and policy
    Demo(Demo),
    /// Print the JSON Schema of the policy or of an output
    Schema(Schema),
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Readable tables, rounded to cents of cents
    #[default]
    Table,
    /// One JSON object, exact
    Json,
    /// One CSV file a table in the folder given by --out, exact
    Csv,
}

/// How most commands answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Answer {
    /// Readable text
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// The bill and how it is read.
#[derive(Debug, Args)]
pub(super) struct BillArgs {
    /// Billing files, directories, globs or manifests; `-` is standard input
    #[arg(required = true, value_name = "BILL")]
    pub(super) bills: Vec<String>,
    /// Billing format, where it is not to be told from the header: dbr, cur, cur2 or focus
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Dialect>,
    /// Billing period to keep, and that of files that name none
    #[arg(long, value_name = "YYYY-MM")]
    pub(super) period: Option<BillingPeriod>,
    /// Malformed rows to skip and report before failing
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) max_bad_rows: u64,
    /// Read a file given twice, instead of failing
    #[arg(long)]
    pub(super) allow_duplicates: bool,
    /// Currency of rows that name none (a Detailed Billing Report names none)
    #[arg(long, value_name = "CODE", default_value_t = Currency::USD)]
    pub(super) bill_currency: Currency,
    /// Instant the status is judged at; now by default
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<Timestamp>,
    /// Threads that read; 0 is all processors, the default
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// No progress bar and speed on standard error
    #[arg(long)]
    pub(super) no_progress: bool,
}

#[derive(Debug, Args)]
pub(super) struct Rollup {
    #[command(flatten)]
    pub(super) bill: BillArgs,
    /// Policy file (TOML, or JSON where the name ends so)
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// Cost basis, instead of the policy's
    #[arg(long, value_name = "BASIS")]
    pub(super) basis: Option<CostBasis>,
    /// Tag key that names the product area, in order; instead of the policy's
    #[arg(long = "tag", value_name = "KEY")]
    pub(super) tags: Vec<String>,
    /// Cost category that names the product area of what no tag does, in order; instead of the policy's
    #[arg(long = "cost-category", value_name = "NAME")]
    pub(super) cost_categories: Vec<String>,
    /// ECS task events, snapshots or a table of task runs
    #[arg(long, value_name = "PATH")]
    pub(super) tasks: Vec<String>,
    /// Container instance events, snapshots or a table
    #[arg(long, value_name = "PATH")]
    pub(super) instances: Vec<String>,
    /// Volume attachment events, snapshots or a table
    #[arg(long, value_name = "PATH")]
    pub(super) volumes: Vec<String>,
    /// Service → product area map
    #[arg(long, value_name = "PATH")]
    pub(super) services: Option<String>,
    /// How the values of the service map are written
    #[arg(long, value_enum, default_value_t = Encoding::Auto)]
    pub(super) services_encoding: Encoding,
    /// Table of fees billed in other periods (CSV or JSON)
    #[arg(long, value_name = "PATH")]
    pub(super) reservations: Option<PathBuf>,
    /// Store to add the run to: a SQLite file
    #[arg(long, value_name = "URL")]
    pub(super) store: Option<String>,
    /// Which currency, where the bill has several
    #[arg(long, value_name = "CODE")]
    pub(super) currency: Option<Currency>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
    /// Where to write the result: a file, or for csv a folder
    #[arg(long, value_name = "PATH")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RollupAndCharges {
    #[command(flatten)]
    pub(super) rollup: Rollup,
    /// Also write every charge as its allocated charges (FOCUS 1.3) to this CSV file
    #[arg(long, value_name = "PATH")]
    pub(super) allocated_charges: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    pub(super) rollup: Rollup,
    /// Only cost of this product area
    #[arg(long, value_name = "AREA")]
    pub(super) area: Option<String>,
    /// Only cost without a product area
    #[arg(long, conflicts_with = "area")]
    pub(super) no_area: bool,
    /// Only cost of this AWS product
    #[arg(long, value_name = "PRODUCT")]
    pub(super) product: Option<String>,
    /// Only cost of this usage account
    #[arg(long, value_name = "ID")]
    pub(super) account: Option<String>,
    /// Only rows of this kind: area, idle, shared, unattributed or `unused_commitment`
    #[arg(long, value_name = "KIND", value_parser = named::<RowKind>)]
    pub(super) row_kind: Option<RowKind>,
    /// Only what this shared pool keeps
    #[arg(long, value_name = "POOL")]
    pub(super) pool: Option<String>,
    /// Only idle cost of this reason: detached, `empty_host` or unreserved
    #[arg(long, value_name = "REASON", value_parser = named::<IdleReason>)]
    pub(super) reason: Option<IdleReason>,
    /// Only cost whose owner this mechanism named, such as ecs, tag or rule
    #[arg(long, value_name = "MECHANISM", value_parser = named::<Mechanism>)]
    pub(super) mechanism: Option<Mechanism>,
    /// Only cost of this ECS cluster
    #[arg(long, value_name = "CLUSTER")]
    pub(super) cluster: Option<String>,
    /// Only cost of this ECS service
    #[arg(long, value_name = "SERVICE")]
    pub(super) service: Option<String>,
    /// Read the bill again and list up to so many of its rows
    #[arg(long, value_name = "N")]
    pub(super) rows: Option<usize>,
}

/// A name as tables write it.
fn named<T: DeserializeOwned>(text: &str) -> Result<T, serde::de::value::Error> {
    T::deserialize(text.into_deserializer())
}

/// How the values of a service map are written (spec 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// As they are
    Plain,
    /// All base64
    Base64,
    /// Base64 only if every value is
    Auto,
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    pub(super) bill: BillArgs,
    /// Cost basis
    #[arg(long, value_name = "BASIS", default_value_t)]
    pub(super) basis: CostBasis,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Answer,
}

#[derive(Debug, Args)]
pub(super) struct Finalize {
    /// Store with the run
    #[arg(long, value_name = "URL")]
    pub(super) store: String,
    /// Run to finalize
    #[arg(long, value_name = "ID", required_unless_present = "period")]
    pub(super) run: Option<String>,
    /// Or the latest run of this billing period
    #[arg(long, value_name = "YYYY-MM", conflicts_with = "run")]
    pub(super) period: Option<BillingPeriod>,
    /// Basis of that run
    #[arg(long, value_name = "BASIS", requires = "period")]
    pub(super) basis: Option<CostBasis>,
    /// Payer of that run
    #[arg(long, value_name = "ACCOUNT", requires = "period")]
    pub(super) payer: Option<String>,
    /// Currency of that run
    #[arg(long, value_name = "CODE", requires = "period")]
    pub(super) currency: Option<Currency>,
    /// Replace what is finalized, and why
    #[arg(long, value_name = "REASON")]
    pub(super) restate: Option<String>,
    /// Accept a bill without invoice information, and why
    #[arg(long, value_name = "REASON")]
    pub(super) assert_invoiced: Option<String>,
    /// Accept a bill that stops early, and why
    #[arg(long, value_name = "REASON")]
    pub(super) allow_incomplete: Option<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Answer,
}

#[derive(Debug, Args)]
pub(super) struct Runs {
    /// Store to list
    #[arg(long, value_name = "URL")]
    pub(super) store: String,
    /// Only runs of this billing period
    #[arg(long, value_name = "YYYY-MM")]
    pub(super) period: Option<BillingPeriod>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Answer,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Folder to write
    pub(super) dir: PathBuf,
    /// Seed: the same seed writes the same bytes
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Month to write
    #[arg(long, value_name = "YYYY-MM", default_value = "2016-06")]
    pub(super) period: BillingPeriod,
    /// Line items to write, about
    #[arg(long, default_value_t = 50_000)]
    pub(super) rows: u64,
    /// Format of the bill: dbr, cur, cur-parquet, cur-parquet-decimal, cur2, cur2-parquet, focus, focus-1.2 or all
    #[arg(long, value_name = "DIALECT", default_value = "dbr")]
    pub(super) dialect: Vec<String>,
    /// Cover instances by a savings plan; not with dbr, which has none
    #[arg(long)]
    pub(super) savings_plan: bool,
    /// Add split cost allocation data of ECS tasks to Cost and Usage Reports
    #[arg(long)]
    pub(super) split_costs: bool,
    /// Then roll the month up into a store beside it, from the bill of the first dialect
    #[arg(long)]
    pub(super) rollup: bool,
    /// How to write the result: what to type next, or the rollup
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Answer,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Of what, such as `policy` or `rollup`; all of them where nothing is said
    pub(super) of: Option<String>,
}
