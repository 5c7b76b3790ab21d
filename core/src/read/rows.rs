//! Which rows of the inputs charges were made of (spec 5.10).

use std::collections::{BinaryHeap, HashSet};

use serde::{Deserialize, Serialize};

use crate::bill::{Charge, ChargeKey};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::read::ScanOptions;
use crate::read::collect::{Purpose, bills};
use crate::read::progress::Progress;
use crate::read::scan::collect;
use crate::read::source::input::Input;

/// A row of an input. Sorted by input, then place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct BillRow {
    /// Path or given name of the input; an archive's entry follows a `!`.
    pub file: String,
    /// Row number: in CSV the header is row 1, in Parquet and Arrow data, which have no header row, the first data row.
    pub row: u64,
    /// Its cost in the basis of the scan.
    pub cost: Amount,
}

/// The charges whose rows are wanted, and how many rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted<'k> {
    charges: HashSet<&'k ChargeKey>,
    most: usize,
}

/// Rows of wanted charges: the first ones, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Found {
    first: BinaryHeap<BillRow>,
    rows: u64,
}

impl Found {
    /// Keeps a row of a charge, if it is wanted and among the first.
    pub(super) fn note(&mut self, wanted: &Wanted<'_>, key: &ChargeKey, file: &str, at: &Location, cost: Amount) {
        if !wanted.charges.contains(key) {
            return;
        }
        self.rows += 1;
        self.keep(wanted.most, BillRow { file: file.to_owned(), row: at.row.unwrap_or_default(), cost });
    }

    fn keep(&mut self, most: usize, row: BillRow) {
        self.first.push(row);
        if self.first.len() > most {
            self.first.pop();
        }
    }
}

/// Reads the inputs of a bill again and lists the first `most` rows of these charges of it, by input and place. The
/// options must be those of the scan, with the period of the bill.
///
/// # Errors
/// As [`scan`](super::scan); `config.bad_value` where an input can be read only once, or the inputs do not hold exactly
/// the rows of the charges.
pub fn rows_of(
    inputs: Vec<Input>,
    options: &ScanOptions,
    charges: &[&Charge],
    most: usize,
    progress: &Progress,
) -> Result<Vec<BillRow>> {
    if let Some(input) = inputs.iter().find(|input| input.is_pipe()) {
        let message = format!("`{}` can be read only once: give a file to list its rows", input.name());
        return Err(Error::new(ErrorCode::ConfigBadValue, message));
    }
    let wanted = Wanted { charges: charges.iter().map(|charge| charge.key()).collect(), most };
    let mut all = Found::default();
    let mut collectors = collect(inputs, options, Purpose::Rows(&wanted), progress)?;
    for found in collectors.iter_mut().map(|collector| std::mem::take(&mut collector.rows)) {
        all.rows += found.rows;
        found.first.into_iter().for_each(|row| all.keep(most, row));
    }
    // What a scan refuses is refused here too.
    bills(collectors)?;
    let expected: u64 = charges.iter().map(|charge| charge.rows()).sum();
    if all.rows != expected {
        let message = format!(
            "the inputs hold {} rows of the explained charges, the bill {expected}: it was not scanned from them so",
            all.rows
        );
        return Err(Error::new(ErrorCode::ConfigBadValue, message));
    }
    Ok(all.first.into_sorted_vec())
}
