//! A realistic month to try the program on: a bill as AWS delivers it, with events, service map and policy (spec 11.3).
//!
//! Invariants:
//! - the same options give the same bill, byte for byte, on every platform: integer arithmetic and an own generator
//!   (an archive's compressed form may differ between builds, its content not);
//! - every cost is rate × quantity, exactly, and the total rows equal the rows they total;
//! - every dialect tells the same line items; only a Detailed Billing Report adds Rounding rows, and only FOCUS what
//!   nobody used of a commitment, while it takes nothing back of what a savings plan covers;
//! - split cost allocation data stands beside the line items and changes none of them;
//! - rows are written as they are made, so that memory does not grow with the hours of the bill.

mod bill;
mod columns_cur;
mod columns_focus;
mod columns_options;
mod csv_file;
mod dbr;
mod dialect;
mod events;
mod export;
mod fleet;
mod line;
mod meters;
mod month;
#[cfg(feature = "parquet")]
mod parquet_file;
mod random;
mod readme;
mod row;
mod savings_plan;
mod split_costs;
mod sums;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_dialects;
#[cfg(test)]
mod tests_options;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::time::{BillingPeriod, HOUR_MS, Timestamp};

pub use dialect::{DemoBill, DemoDialect};
use fleet::{ACCOUNTS, Fleet};
use readme::readme;

/// Days between the month and the day it is looked at.
const DAYS_AFTER: i64 = 4;

const AREA_FORM: &str = "letters, digits, inner spaces and `._/-`";

/// What the demo is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// Chooses ids, tags, tasks and quantities.
    pub seed: u64,
    /// Month of the bill.
    pub period: BillingPeriod,
    /// Line items of the bill: as many as asked, but not fewer than the month of its resources in daily rows. Over a
    /// million are written as plain CSV, else as `.csv.zip`.
    pub rows: u64,
    /// EC2 instances with evidence, at least 4; two of three run containers.
    pub instances: u32,
    /// ECS task runs to aim at; `None` for services whose tasks run for hours to days.
    pub task_runs: Option<u32>,
    /// Product areas: letters, digits, inner spaces and `._/-`.
    pub areas: Vec<String>,
    /// Formats to write the bill in, each once; the first is the one to try.
    pub dialects: Vec<DemoDialect>,
    /// Whether a savings plan covers instances. A Detailed Billing Report has none and is refused beside it.
    pub savings_plan: bool,
    /// Whether Cost and Usage Reports have split cost allocation data of ECS tasks: two rows for each task and hour (or
    /// day) beside the line items, repeating their cost. Other formats have none.
    pub split_costs: bool,
}

impl DemoOptions {
    /// The usual demo of a month: 50,000 rows, 12 instances, five areas, as a Detailed Billing Report.
    #[must_use]
    pub fn new(period: BillingPeriod) -> Self {
        Self {
            seed: 1,
            period,
            rows: 50_000,
            instances: 12,
            task_runs: None,
            areas: ["integrations", "api", "website", "warehouses", "internal"].map(String::from).to_vec(),
            dialects: vec![DemoDialect::Dbr],
            savings_plan: false,
            split_costs: false,
        }
    }
}

/// The files of a demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoFiles {
    /// The bill in the first dialect asked for: a Detailed Billing Report where nothing else was.
    pub bill: PathBuf,
    /// The same bill in every dialect, in the order asked; written as an object of names and paths.
    #[serde(serialize_with = "paths_by_dialect")]
    pub bills: Vec<DemoBill>,
    /// ECS task events.
    pub tasks: PathBuf,
    /// Container instances.
    pub instances: PathBuf,
    /// Volume attachments.
    pub volumes: PathBuf,
    /// Service → product area.
    pub services: PathBuf,
    /// Policy.
    pub policy: PathBuf,
    /// How to roll it up.
    pub readme: PathBuf,
    /// A few days after the month, when its bill is invoiced and its open tasks are young.
    #[serde(skip)]
    pub as_of: Timestamp,
    /// Line items of the bill, without Rounding and total rows and split cost allocation data.
    pub rows: u64,
    /// Exact total of the Detailed Billing Report in USD: whole cents, because it carries its own Rounding rows.
    pub total: Amount,
    /// What its Rounding rows sum to. No other dialect has such rows: they say exactly `total − rounding`, but for costs
    /// kept as binary doubles (see [`DemoBill::total`]).
    pub rounding: Amount,
}

impl DemoFiles {
    /// What to type after `unblended` to roll the month up from the first bill.
    #[must_use]
    pub fn rollup_arguments(&self) -> Vec<String> {
        self.rollup_arguments_of(&self.bill)
    }

    /// What to type after `unblended` to roll the month up from one of its bills.
    #[must_use]
    pub fn rollup_arguments_of(&self, bill: &Path) -> Vec<String> {
        let mut arguments = vec!["rollup".to_owned(), bill.display().to_string()];
        let named = [
            ("--policy", &self.policy),
            ("--tasks", &self.tasks),
            ("--instances", &self.instances),
            ("--volumes", &self.volumes),
            ("--services", &self.services),
        ];
        for (option, path) in named {
            arguments.extend([option.to_owned(), path.display().to_string()]);
        }
        arguments.extend(["--as-of".to_owned(), self.as_of.to_string()]);
        arguments
    }
}

fn paths_by_dialect<S: Serializer>(bills: &[DemoBill], to: S) -> std::result::Result<S::Ok, S::Error> {
    to.collect_map(bills.iter().map(|bill| (bill.dialect.as_str(), &bill.path)))
}

/// Writes a demo month into a directory, which is created where it does not exist.
///
/// # Errors
/// `config.bad_value` where a product area cannot stand on a tag and a service map, no dialect is asked for, or a savings
/// plan in a Detailed Billing Report;
/// `config.unsupported` for Parquet in a build without the feature `parquet`; `output.io` where a file cannot be written.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// use unblended::{demo, DemoOptions};
/// let files = demo(dir.path(), &DemoOptions { rows: 2_000, ..DemoOptions::new("2016-06".parse()?) })?;
/// assert!(files.bill.ends_with("111111111111-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv.zip"));
/// # Ok::<(), unblended::Error>(())
/// ```
pub fn demo(dir: &Path, options: &DemoOptions) -> Result<DemoFiles> {
    let fleet = Fleet::new(options)?;
    bill::check_dialects(options)?;
    fs::create_dir_all(dir).map_err(|cause| {
        Error::new(ErrorCode::OutputIo, "the demo's directory cannot be created")
            .at(Location::file(dir.display().to_string()))
            .with_cause(cause)
    })?;
    let written = bill::write_bills(dir, &fleet, options)?;
    let files = DemoFiles {
        tasks: dir.join("tasks.jsonl"),
        instances: dir.join("instances.json"),
        volumes: dir.join("volumes.jsonl"),
        services: dir.join("services.json"),
        policy: dir.join("unblended.toml"),
        readme: dir.join("README.txt"),
        as_of: options.period.end().plus_millis(DAYS_AFTER * 24 * HOUR_MS),
        bill: written.bills.first().map(|bill| bill.path.clone()).unwrap_or_default(),
        bills: written.bills,
        rows: written.rows,
        total: written.total,
        rounding: written.rounding,
    };
    events::write_tasks(&files.tasks, &fleet, options)?;
    events::write_instances(&files.instances, &fleet)?;
    events::write_volumes(&files.volumes, &fleet, options.seed)?;
    write_text(&files.services, &service_map(&fleet))?;
    write_text(&files.policy, &policy(&fleet, &files.bills))?;
    write_text(&files.readme, &readme(dir, &files, options))?;
    Ok(files)
}

/// The error of a dialect that needs what this build lacks.
fn not_written_here(dialect: DemoDialect) -> Error {
    Error::new(ErrorCode::ConfigUnsupported, format!("`{dialect}` needs the feature `parquet`, which this build lacks"))
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|cause| {
        Error::new(ErrorCode::OutputIo, "a demo file cannot be written")
            .at(Location::file(path.display().to_string()))
            .with_cause(cause)
    })
}

/// Service → area in base64, as the original pipeline published it.
fn service_map(fleet: &Fleet) -> String {
    let mapped = fleet.services.iter().filter_map(|service| Some((&service.name, service.area.as_ref()?)));
    let encoded: BTreeMap<&str, String> = mapped.map(|(name, area)| (name.as_str(), BASE64.encode(area))).collect();
    format!("{:#}\n", serde_json::json!(encoded))
}

fn policy(fleet: &Fleet, bills: &[DemoBill]) -> String {
    let first = fleet.areas.first().map_or("", String::as_str);
    let last = fleet.areas.last().map_or("", String::as_str);
    let shares = if first == last {
        format!("{{ {first:?} = \"1\" }}")
    } else {
        format!("{{ {first:?} = \"0.7\", {last:?} = \"0.3\" }}")
    };
    // A Detailed Billing Report always spreads fees; the others do where it is asked for.
    let only_dbr = bills.iter().all(|bill| bill.dialect == DemoDialect::Dbr);
    let commitments = "\n[commitments] # fees over their term in every format\nspread = true\n";
    format!(
        "# How the demo's cost is attributed. Everything not said here is the default.\n\
         basis = \"unblended\"\n\n\
         [areas]\n\
         tag_keys = [\"product_area\"]\n\n\
         [areas.aliases] # value as tagged -> area\n\
         {:?} = {first:?}\n\n\
         [areas.accounts] # what has no tag in this account\n\
         {:?} = {last:?}\n\n\
         [[rules]] # a gateway everybody uses\n\
         id = \"nat-gateways\"\n\
         match = {{ product = \"Amazon Elastic Compute Cloud\", usage_type = \"*NatGateway*\" }}\n\
         split = {shares}\n{}",
        fleet.alias,
        ACCOUNTS[2],
        if only_dbr { "" } else { commitments }
    )
}
