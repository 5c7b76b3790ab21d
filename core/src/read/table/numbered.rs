//! Rows that agree in everything but cost, quantity and times, told by numbers of their cells instead of texts.
//!
//! As [`super::patterns`], for tables whose columns number the texts they hold: the cells that decide what a row is, as
//! numbers, and the sign of its cost are one key of 128 bits.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bill::{BillBuilder, KeepIntervals, RowValues};
use crate::error::{Error, Location, Result};
use crate::read::collect::Purpose;
use crate::read::columnar::batch::numbers::NumberedColumns;
use crate::read::table::cells::Cells;
use crate::read::table::patterns::Place;
use crate::read::table::{TableReader, count_of};
use crate::time::BillingPeriod;

/// Keys kept whatever the number of charges.
const KEYS_MIN: usize = 1 << 15;
/// Keys kept for each charge. Past the limit all are forgotten: memory is bounded by charges, not by rows.
const KEYS_A_CHARGE: usize = 2;
/// Bits of a key, and of its halves.
const KEY_BITS: u32 = u128::BITS;
const HALF_BITS: u32 = u64::BITS;
/// The bit of a key that says that the cost has a minus sign.
pub(in crate::read) const NEGATIVE: u128 = 1;

/// The keys of one table.
#[derive(Debug)]
pub(in crate::read) struct KnownKeys {
    /// Where the number of each column stands in a key: its first bit and how many.
    fields: Vec<(u32, u32)>,
    hasher: FixedState,
    index: HashTable<u32>,
    known: Vec<Known>,
    /// The key of the last row.
    last: u32,
    /// Charges there are at least.
    charges: usize,
}

#[derive(Debug)]
struct Known {
    key: u128,
    place: Place,
    /// The key that came after it last.
    follower: u32,
}

const NONE: u32 = u32::MAX;

impl KnownKeys {
    /// Keys over so many columns.
    pub(in crate::read) fn new(columns: usize) -> Self {
        Self {
            fields: vec![(0, 0); columns],
            hasher: FixedState::default(),
            index: HashTable::new(),
            known: Vec::new(),
            last: NONE,
            charges: 0,
        }
    }

    /// Makes room for columns of so many numbers each; what is known stays known. `None` where a key has too few bits,
    /// else whether the columns stand where they stood before.
    pub(in crate::read) fn fit(&mut self, numbers: impl Iterator<Item = usize>) -> Option<bool> {
        let mut fields = Vec::with_capacity(self.fields.len());
        // Each stands in one half of the key: the first that has room.
        let (mut low, mut high, mut is_same) = (NEGATIVE.count_ones(), HALF_BITS, true);
        for (numbers, (_, before)) in numbers.zip(&self.fields) {
            let bits = (usize::BITS - numbers.saturating_sub(1).leading_zeros()).max(*before);
            is_same &= bits == *before;
            let next = if low + bits <= HALF_BITS { &mut low } else { &mut high };
            fields.push((*next, bits));
            *next = next.saturating_add(bits);
        }
        if high > KEY_BITS {
            return None;
        }
        if !is_same {
            let before = std::mem::replace(&mut self.fields, fields);
            self.move_fields(&before);
        }
        Some(is_same)
    }

    fn move_fields(&mut self, before: &[(u32, u32)]) {
        let Self { fields, hasher, index, known, .. } = self;
        for entry in known.iter_mut() {
            let moved = before.iter().zip(fields.iter()).map(|((from, bits), (to, _))| {
                let number = entry.key.checked_shr(*from).unwrap_or(0) & !u128::MAX.checked_shl(*bits).unwrap_or(0);
                number.checked_shl(*to).unwrap_or(0)
            });
            entry.key = moved.fold(entry.key & NEGATIVE, |key, field| key | field);
        }
        index.clear();
        for (number, entry) in (0..).zip(known.iter()) {
            index.insert_unique(hash(hasher, entry.key), number, |at| hash_at(hasher, known, *at));
        }
    }

    /// The number of a column as it stands in a key.
    pub(in crate::read) fn placed(&self, column: usize, number: u32) -> u128 {
        let (first, _) = self.fields.get(column).copied().unwrap_or_default();
        u128::from(number).checked_shl(first).unwrap_or(0)
    }

    /// Where the rows of a key belong. Bills repeat from hour to hour: first the key that followed the last one before
    /// is tried.
    #[inline]
    pub(in crate::read) fn look(&mut self, key: u128) -> Option<Place> {
        let guess = self.known.get(self.last as usize).map_or(NONE, |last| last.follower);
        if let Some(known) = self.known.get(guess as usize).filter(|known| known.key == key) {
            self.last = guess;
            return Some(known.place);
        }
        let is_same = |at: &u32| self.known.get(*at as usize).is_some_and(|known| known.key == key);
        let found = self.index.find(hash(&self.hasher, key), is_same).copied().unwrap_or(NONE);
        if let Some(last) = self.known.get_mut(self.last as usize) {
            last.follower = found;
        }
        self.last = found;
        self.known.get(found as usize).map(|known| known.place)
    }

    /// Keeps where the rows of a new key belong.
    pub(in crate::read) fn keep(&mut self, key: u128, place: Place) {
        self.charges = self.charges.max(place.charge + 1);
        if self.known.len() >= KEYS_MIN.max(self.charges * KEYS_A_CHARGE) {
            self.index.clear();
            self.known.clear();
        }
        let number = u32::try_from(self.known.len()).unwrap_or(NONE);
        self.known.push(Known { key, place, follower: NONE });
        let Self { index, known, hasher, .. } = self;
        index.insert_unique(hash(hasher, key), number, |at| hash_at(hasher, known, *at));
    }
}

impl Place {
    /// Whether both are in one builder.
    pub(in crate::read) fn is_beside(self, other: Self) -> bool {
        self.builder == other.builder
    }
}

/// A place of a charge of this number.
#[cfg(test)]
pub(in crate::read) fn place(charge: usize) -> Place {
    Place { builder: 0, charge, rule: 0, counts_quantity: false }
}

fn hash(hasher: &FixedState, key: u128) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u128(key);
    hasher.finish()
}

fn hash_at(hasher: &FixedState, known: &[Known], at: u32) -> u64 {
    known.get(at as usize).map_or(0, |known| hash(hasher, known.key))
}

/// Which columns decide what a row is, and which hold its values.
#[derive(Clone, Debug)]
pub(in crate::read) struct RowColumns {
    pub(in crate::read) deciding: Vec<usize>,
    /// Column of the unblended cost.
    pub(in crate::read) unblended: usize,
    /// By the number of a place's rule: the columns of which the first that the row fills is its cost, none for the
    /// unblended cost; `None` where the row must be read as text.
    pub(in crate::read) costs: Vec<Option<Vec<usize>>>,
    pub(in crate::read) start: usize,
    pub(in crate::read) end: usize,
    pub(in crate::read) quantity: Option<usize>,
    /// Whether charges keep intervals, and ask for quantities.
    pub(in crate::read) keeps_intervals: bool,
}

/// What a table of columns knew of its rows, for the next one that the same collector reads.
///
/// INVARIANT: a table of the same header and evidence knows the same of rows that agree in the columns that decide.
#[derive(Debug)]
pub(in crate::read) struct KnownRows {
    header: Vec<String>,
    evidence: Option<BillingPeriod>,
    columns: NumberedColumns,
}

impl<'o> TableReader<'_, 'o> {
    /// What is known of rows: what the table before knew, where it was one like this.
    pub(in crate::read) fn take_known(&mut self, deciding: &[usize]) -> NumberedColumns {
        let is_alike = |known: &KnownRows| known.header == self.columns.names && known.evidence == self.evidence;
        let known = self.collector.known_rows.take().filter(is_alike);
        known.map_or_else(|| NumberedColumns::new(deciding), |known| known.columns)
    }

    /// Keeps what is known of rows for the next table.
    pub(in crate::read) fn keep_known(&mut self, columns: NumberedColumns) {
        let (header, evidence) = (self.columns.names.clone(), self.evidence);
        self.collector.known_rows = Some(KnownRows { header, evidence, columns });
    }

    /// The columns of a row; `None` where rows must all be read as text.
    pub(in crate::read) fn row_columns(&self) -> Option<RowColumns> {
        let values = self.values.as_ref().filter(|_| self.collector.purpose() == Purpose::Bill)?;
        Some(RowColumns {
            deciding: self.columns.deciding(&self.maps),
            unblended: self.columns.costs.unblended,
            costs: self.columns.costs.plain_rules(),
            start: values.start,
            end: values.end,
            quantity: values.quantity,
            keeps_intervals: match &self.collector.options().bill.keep_intervals {
                KeepIntervals::None => false,
                KeepIntervals::Of(resources) => !resources.is_empty(),
                KeepIntervals::All => true,
            },
        })
    }

    /// Adds one row by its text, and says where the rows that agree with it in the columns that decide and in the sign
    /// of the cost belong.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    pub(in crate::read) fn add_text<'r>(
        &mut self,
        cells: impl Cells<'r>,
        at: impl Fn() -> Location,
    ) -> Result<Option<Place>> {
        self.add_and_place(cells, &at)
    }

    /// What the rows of a place and of those beside it are added to, with the count of them.
    pub(in crate::read) fn rows_of(&mut self, place: Place) -> Option<(&mut BillBuilder<'o>, &mut u64)> {
        let (_, builder) = self.collector.builder(place.builder)?;
        Some((builder, count_of(&mut self.rows, place.builder)?))
    }

    /// Takes a row that its charge refused.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    pub(in crate::read) fn refused(&mut self, error: Error, values: &RowValues, at: Location) -> Result<()> {
        self.bad_row(error.at(at), Some(values.unblended))
    }
}
