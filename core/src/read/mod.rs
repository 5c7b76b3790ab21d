//! Bytes → line items → bill: the only stage that touches rows (spec 2).
//!
//! [`scan_reader`] reads one plain CSV; with the feature `fs`, [`scan`] reads files, archives and streams on several
//! threads, and [`find_inputs`] finds them.
//!
//! Invariants:
//! - a bill is a function of the set of rows: order of inputs and rows, cut into files and thread count change nothing,
//!   and of several errors always the same one is reported (spec 0.3);
//! - rows are borrowed from the reader's buffers; memory is bounded by charges, not rows (spec 2.5);
//! - no row is dropped unless bad rows are allowed, and then each is a finding (spec 2.4);
//! - the feature `fs` adds sources, it never changes what a row means.
//!
//! ```
//! use unblended::{ScanOptions, scan_reader};
//! let csv = "RecordType,ProductName,UsageStartDate,UsageEndDate,UsageQuantity,Cost\n\
//!            LineItem,Amazon Simple Storage Service,2016-06-01 00:00:00,2016-06-01 01:00:00,1,0.25\n";
//! let bill = scan_reader("bill.csv", csv.as_bytes(), &ScanOptions::default())?;
//! assert_eq!(bill.billed(unblended::Currency::USD)?.to_string(), "0.25");
//! assert_eq!(bill.period().map(|period| period.to_string()).as_deref(), Some("2016-06"));
//! # Ok::<(), unblended::Error>(())
//! ```

#[cfg(feature = "fs")]
mod again;
mod blocks;
mod collect;
#[cfg(feature = "batches")]
mod columnar;
mod csv;
#[cfg(feature = "fs")]
mod keys;
mod progress;
mod rows;
#[cfg(feature = "fs")]
mod scan;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::io::Read;

use crate::bill::{Bill, BillOptions};
use crate::classify::Dialect;
use crate::error::Result;
use crate::time::BillingPeriod;

#[cfg(feature = "fs")]
pub use again::rows_of;
#[cfg(feature = "fs")]
pub(crate) use csv::PlainFields;
#[cfg(feature = "fs")]
pub use keys::find_tag_keys;
pub use progress::Progress;
pub use rows::BillRow;
#[cfg(feature = "fs")]
pub use scan::{scan, scan_periods};
#[cfg(feature = "fs")]
pub use source::input::{Input, find_inputs};

use blocks::FromReader;
use collect::{Collector, Purpose};
use progress::Watch;

/// What a scan is asked for.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// Basis, currency, requested tag keys and whose usage intervals are kept.
    pub bill: BillOptions,
    /// The format of all inputs; told from each header where it is not given (spec 2.1).
    pub dialect: Option<Dialect>,
    /// The billing period to keep; inputs and rows of another are listed and not counted (spec 2.8).
    pub period: Option<BillingPeriod>,
    /// How many malformed rows of the whole scan become findings instead of an error (spec 2.4).
    pub max_bad_rows: u64,
    /// Whether the same content may be given twice, and then counts twice (spec 2.6).
    pub allow_duplicates: bool,
    /// Threads of a scan, 0 for as many as the machine runs at once. Never changes a result.
    pub threads: usize,
    /// Whether requested tag keys match columns that differ only in case (spec 2.9).
    pub tags_case_insensitive: bool,
    /// Whether nobody asked for [`crate::DEFAULT_TAG_KEY`]: that no input has it is then a finding, not an error.
    pub default_tag_keys: bool,
}

/// Reads one bill in plain CSV, whatever its source. `name` stands in locations and may name the billing period.
///
/// # Errors
/// `read.*` where the content is no bill of one period, `parse.*` where a row is malformed, `money.overflow` where
/// sums leave the range, `config.basis_unavailable` where the dialect lacks the basis.
pub fn scan_reader(name: &str, reader: impl Read, options: &ScanOptions) -> Result<Bill> {
    let progress = Progress::default();
    let mut collector = Collector::new(options, Purpose::Bill);
    let evidence = source::name::period_of(name);
    if collector.wants(evidence, name) {
        csv::read_csv(name, evidence, FromReader::plain(reader), &mut collector, Watch::alone(&progress))?;
    }
    collect::only_bill(collect::bills(vec![collector])?)
}
