//! Rows of the inputs that charges were made of, as a scan finds them (spec 5.10).

use std::collections::{BinaryHeap, HashSet};

use serde::{Deserialize, Serialize};

use crate::bill::ChargeKey;
use crate::error::Location;
use crate::money::Amount;

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

#[cfg(feature = "fs")]
impl<'k> Wanted<'k> {
    pub(super) fn new(charges: impl Iterator<Item = &'k ChargeKey>, most: usize) -> Self {
        Self { charges: charges.collect(), most }
    }
}

#[cfg(feature = "fs")]
impl Found {
    /// Adds what another thread found.
    pub(super) fn add(&mut self, other: Self, most: usize) {
        self.rows += other.rows;
        other.first.into_iter().for_each(|row| self.keep(most, row));
    }

    /// How many there are, and the first ones, sorted.
    pub(super) fn into_first(self) -> (u64, Vec<BillRow>) {
        (self.rows, self.first.into_sorted_vec())
    }
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
