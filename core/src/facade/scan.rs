//! Files and streams → a bill; a bill → a file and back.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bill::{Bill, BillOptions, KeepIntervals};
use crate::classify::{CostBasis, Dialect};
use crate::error::{Location, Result};
use crate::files::{StagedFiles, read_file};
use crate::money::Currency;
use crate::policy::{DEFAULT_TAG_KEY, Policy};
use crate::read::{self, Input, Progress, ScanOptions, find_inputs, find_tag_keys};
use crate::time::BillingPeriod;

/// Whose usage intervals a scan keeps, so that evidence can be asked about them (spec 3.5, 3.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those of every instance, volume and task: any evidence can come later.
    #[default]
    All,
    /// Nobody's: least memory, no volumes and no containers.
    None,
    /// Those of these resources.
    Resources(Vec<String>),
}

/// What to scan and what to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScanRequest {
    /// Files, directories, globs and manifests.
    pub paths: Vec<String>,
    /// Billing format of all inputs; `null` tells it from each header.
    pub format: Option<Dialect>,
    /// Billing period to keep, and that of inputs that name none.
    pub period: Option<BillingPeriod>,
    /// Cost basis.
    pub basis: CostBasis,
    /// Currency of rows that name none.
    pub currency: Currency,
    /// Tag keys to keep; `null` is the default key, which no input needs to have.
    pub tag_keys: Option<Vec<String>>,
    /// Tag keys to keep beside them, such as those of rules.
    pub more_tag_keys: Vec<String>,
    /// Cost categories to keep.
    pub cost_categories: Vec<String>,
    /// Whether tag keys and cost categories match in any case.
    pub tags_case_insensitive: bool,
    /// Whose usage intervals are kept.
    pub keep_intervals: Keep,
    /// Malformed rows to report before failing: any number; beyond 50, findings are counted in one.
    pub max_bad_rows: u64,
    /// Whether the same content may be given twice.
    pub allow_duplicates: bool,
    /// Threads; 0 for as many as the machine runs at once. However many are asked for, at most one for each input.
    pub threads: usize,
}

impl Default for ScanRequest {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            format: None,
            period: None,
            basis: CostBasis::Unblended,
            currency: Currency::USD,
            tag_keys: None,
            more_tag_keys: Vec::new(),
            cost_categories: Vec::new(),
            tags_case_insensitive: false,
            keep_intervals: Keep::All,
            max_bad_rows: 0,
            allow_duplicates: false,
            threads: 0,
        }
    }
}

impl ScanRequest {
    /// Asks for what a policy needs: its basis, tag keys, cost categories and folding of case. A policy with the tag keys nobody asked
    /// for leaves them a default, which no input needs to have.
    pub fn keep_for(&mut self, policy: &Policy) {
        let areas = &policy.areas.tag_keys;
        self.basis = policy.basis;
        self.tag_keys = (*areas != Policy::default().areas.tag_keys).then(|| areas.clone());
        self.more_tag_keys = policy.tag_keys().into_iter().filter(|key| !areas.contains(key)).collect();
        self.cost_categories = policy.cost_categories();
        self.tags_case_insensitive = policy.areas.case_insensitive;
    }
}

/// Scans the paths, and what is given beside them (streams, record batches), as one bill. Progress can be read, and the scan cancelled, from another thread.
///
/// # Errors
/// Those of [`read::scan`]; `read.no_input` where nothing is given.
pub fn scan(request: &ScanRequest, given: Vec<Input>, progress: &Progress) -> Result<Bill> {
    let mut inputs = inputs_of(request)?;
    inputs.extend(given);
    read::scan(inputs, &options_of(request), progress)
}

/// The inputs at the paths of a request.
pub(super) fn inputs_of(request: &ScanRequest) -> Result<Vec<Input>> {
    if request.paths.is_empty() { Ok(Vec::new()) } else { find_inputs(&request.paths) }
}

pub(super) fn options_of(request: &ScanRequest) -> ScanOptions {
    let keep_intervals = match &request.keep_intervals {
        Keep::All => KeepIntervals::All,
        Keep::None => KeepIntervals::None,
        Keep::Resources(named) => KeepIntervals::Of(named.iter().cloned().collect()),
    };
    let mut tag_keys = request.tag_keys.clone().unwrap_or_else(|| vec![DEFAULT_TAG_KEY.to_owned()]);
    tag_keys.extend(request.more_tag_keys.iter().filter(|key| !tag_keys.contains(key)).cloned().collect::<Vec<_>>());
    ScanOptions {
        bill: BillOptions {
            basis: request.basis,
            currency: request.currency,
            tag_keys,
            cost_categories: request.cost_categories.clone(),
            keep_intervals,
        },
        dialect: request.format,
        period: request.period,
        max_bad_rows: request.max_bad_rows,
        allow_duplicates: request.allow_duplicates,
        threads: request.threads,
        tags_case_insensitive: request.tags_case_insensitive,
        default_tag_keys: request.tag_keys.is_none(),
    }
}

/// The tag keys that files have, sorted, as a scan can ask for them; those of one billing period where it is given.
///
/// # Errors
/// `read.*` where a file cannot be opened or is no bill.
pub fn tag_keys(paths: &[String], period: Option<BillingPeriod>) -> Result<Vec<String>> {
    if paths.is_empty() { Ok(Vec::new()) } else { find_tag_keys(find_inputs(paths)?, period) }
}

/// Writes a bill to a file that is whole or absent.
///
/// # Errors
/// `output.io` naming the file.
pub fn save_bill(bill: &Bill, path: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    bill.save(&mut bytes)?;
    StagedFiles::write(vec![(path.to_owned(), bytes)])?.put_in_place()
}

/// Reads a bill that was saved.
///
/// # Errors
/// `read.io`, `bill.bad_file`, naming the file.
pub fn load_bill(path: &Path) -> Result<Bill> {
    let location = Location::file(path.display().to_string());
    let bytes = read_file(path)?;
    Bill::load(bytes.as_slice()).map_err(|error| error.at(location))
}
