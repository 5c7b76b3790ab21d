//! Rows that agree in everything but cost, quantity and times belong to one charge: they are told by their bytes, and
//! not read again.
//!
//! A pattern is the raw text of the columns that decide what a row is, and the sign of its cost. Nothing about a row
//! follows from a pattern that the row's own reading would not say: it only saves saying it again.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::collect::Group;
use super::stretch::StretchRow;

/// Patterns kept whatever the number of charges.
const PATTERNS_MIN: usize = 1 << 12;
/// Patterns kept for each charge. Past the limit all are forgotten: memory is bounded by charges, not by rows.
const PATTERNS_A_CHARGE: usize = 2;

/// The patterns of one table.
#[derive(Debug)]
pub(super) struct Patterns {
    /// First and last column of each run of columns that decide.
    spans: Vec<(usize, usize)>,
    hasher: FixedState,
    index: HashTable<u32>,
    texts: Vec<u8>,
    known: Vec<Pattern>,
    /// Charges there are at least.
    charges: usize,
}

/// What the rows of a pattern belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) group: Group,
    /// Number of the charge in the builder of the group.
    pub(super) charge: usize,
}

#[derive(Debug)]
struct Pattern {
    start: usize,
    end: usize,
    hash: u64,
    place: Place,
}

/// A row as patterns see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    hash: u64,
    is_negative: bool,
}

impl Patterns {
    /// Patterns over the columns that decide, sorted.
    pub(super) fn of(columns: &[usize]) -> Self {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for &column in columns {
            match spans.last_mut() {
                Some((_, last)) if *last + 1 == column => *last = column,
                _ => spans.push((column, column)),
            }
        }
        Self {
            spans,
            hasher: FixedState::default(),
            index: HashTable::new(),
            texts: Vec::new(),
            known: Vec::new(),
            charges: 0,
        }
    }

    /// Looks at a row.
    pub(super) fn look(&self, row: &StretchRow<'_>, is_negative: bool) -> Look {
        let mut hasher = self.hasher.build_hasher();
        for (first, last) in &self.spans {
            hasher.write(row.raw(*first, *last));
        }
        hasher.write_u8(u8::from(is_negative));
        Look { hash: hasher.finish(), is_negative }
    }

    /// What a row that was looked at belongs to, where an earlier one told.
    pub(super) fn find(&self, row: &StretchRow<'_>, look: Look) -> Option<Place> {
        let is_same = |at: &u32| {
            self.known.get(*at as usize).is_some_and(|known| known.hash == look.hash && self.is_row(known, row, look))
        };
        let at = self.index.find(look.hash, is_same)?;
        self.known.get(*at as usize).map(|known| known.place)
    }

    /// Keeps what a row belongs to.
    pub(super) fn keep(&mut self, row: &StretchRow<'_>, look: Look, place: Place) {
        self.charges = self.charges.max(place.charge + 1);
        if self.known.len() >= PATTERNS_MIN.max(self.charges * PATTERNS_A_CHARGE) {
            self.index.clear();
            self.texts.clear();
            self.known.clear();
        }
        let start = self.texts.len();
        self.texts.push(u8::from(look.is_negative));
        for (first, last) in &self.spans {
            let raw = row.raw(*first, *last);
            self.texts.extend(u32::try_from(raw.len()).unwrap_or(u32::MAX).to_le_bytes());
            self.texts.extend(raw);
        }
        let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        self.known.push(Pattern { start, end: self.texts.len(), hash: look.hash, place });
        let Self { index, known, .. } = self;
        index.insert_unique(look.hash, number, |at| known.get(*at as usize).map_or(0, |known| known.hash));
    }

    fn is_row(&self, known: &Pattern, row: &StretchRow<'_>, look: Look) -> bool {
        let Some(([negative], mut rest)) =
            self.texts.get(known.start..known.end).and_then(|text| text.split_first_chunk::<1>())
        else {
            return false;
        };
        if *negative != u8::from(look.is_negative) {
            return false;
        }
        for (first, last) in &self.spans {
            let raw = row.raw(*first, *last);
            let Some((length, after)) = rest.split_first_chunk::<4>() else { return false };
            if u32::from_le_bytes(*length) as usize != raw.len() || !after.starts_with(raw) {
                return false;
            }
            rest = after.get(raw.len()..).unwrap_or_default();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of plain fields.
    fn with_row<T>(line: &str, look: impl FnOnce(&StretchRow<'_>) -> T) -> T {
        let text = format!("{line}\n");
        let separators: Vec<u32> =
            (0u32..).zip(text.bytes()).filter(|(_, byte)| matches!(byte, b',' | b'\n')).map(|(at, _)| at).collect();
        let stretch = super::super::stretch::Stretch {
            text: &text,
            separators: &separators,
            width: separators.len(),
            has_escapes: false,
        };
        look(&stretch.iter().next().unwrap())
    }

    #[test]
    fn rows_are_one_pattern_where_the_columns_that_decide_and_the_sign_agree() {
        let mut patterns = Patterns::of(&[0, 1, 3]);
        let place = Place { group: None, charge: 7 };
        with_row("ab,c,1,d", |row| {
            let look = patterns.look(row, false);
            assert!(patterns.find(row, look).is_none());
            patterns.keep(row, look, place);
        });
        for (line, is_negative, is_known) in [
            ("ab,c,1,d", false, true),
            ("ab,c,2,d", false, true),
            ("ab,c,1,d", true, false),
            ("a,bc,1,d", false, false),
            ("ab,c,1,", false, false),
            ("ab,c,1,dd", false, false),
        ] {
            let found = with_row(line, |row| patterns.find(row, patterns.look(row, is_negative)));
            assert_eq!(found.map(|place| place.charge), is_known.then_some(7), "{line}");
        }
    }

    #[test]
    fn more_patterns_than_are_kept_are_forgotten_and_found_again() {
        let mut patterns = Patterns::of(&[0]);
        for number in 0..PATTERNS_MIN + 2 {
            with_row(&number.to_string(), |row| {
                let look = patterns.look(row, false);
                patterns.keep(row, look, Place { group: None, charge: 0 });
            });
        }
        let found = |text: &str| with_row(text, |row| patterns.find(row, patterns.look(row, false)).is_some());
        assert!(!found("0") && found(&PATTERNS_MIN.to_string()));
    }
}
