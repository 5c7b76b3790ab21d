//! Regular rows → a table: those that repeat one that came before by their bytes, all others by their separators.

use crate::error::{Location, Result};
use crate::read::csv::lanes::Level;
use crate::read::csv::separators::Separators;
use crate::read::csv::stretch::{BYTES_MAX, BYTES_MIN, Stretch};
use crate::read::table::TableReader;

/// Repeated rows after which the next other row is taken for an exception.
const MANY: u64 = 8;

/// Adds rows as long as they are regular.
#[derive(Debug)]
pub(super) struct RegularRows {
    level: Level,
    separators: Separators,
    /// Bytes whose separators are found at once: the more, the fewer rows repeat.
    reach: usize,
}

/// Rows that were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) rows: u64,
    pub(super) bytes: usize,
}

impl RegularRows {
    pub(super) fn new(level: Level) -> Self {
        Self { level, separators: Separators::default(), reach: BYTES_MAX }
    }

    /// Adds some of the whole rows that `bytes` start with, at the first byte of a row; none where the next one is not
    /// regular, or not whole. `at` says where a row is, from how many are before it and its first byte.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    pub(super) fn add(
        &mut self,
        table: &mut TableReader<'_, '_>,
        bytes: &[u8],
        at: impl Fn(u64, usize) -> Location,
    ) -> Result<Taken> {
        let mut taken = Taken { rows: 0, bytes: 0 };
        while let Some(length) = {
            let rest = bytes.get(taken.bytes..).unwrap_or_default();
            table.add_repeated(rest, self.level, || at(taken.rows, taken.bytes))?
        } {
            taken = Taken { rows: taken.rows + 1, bytes: taken.bytes + length };
        }
        self.reach = if taken.rows >= MANY { BYTES_MIN } else { BYTES_MAX.min(self.reach * 2) };
        let rest = bytes.get(taken.bytes..).unwrap_or_default();
        let Some(stretch) = Stretch::next(rest, table.width(), self.reach, &mut self.separators, self.level) else {
            return Ok(taken);
        };
        for (number, row) in (taken.rows..).zip(stretch.iter()) {
            table.add_regular(row, stretch.has_escapes, || at(number, taken.bytes + row.start()))?;
        }
        let rows = u64::try_from(stretch.rows()).unwrap_or(u64::MAX);
        Ok(Taken { rows: taken.rows + rows, bytes: taken.bytes + stretch.bytes() })
    }
}
