//! Rows that agree in everything but cost, quantity and times belong to one charge: they are told by their bytes, and
//! not read again.
//!
//! A pattern is the raw text of the columns that decide what a row is, and the sign of its cost. Nothing about a row
//! follows from a pattern that the row's own reading would not say: it only saves saying it again.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::read::table::cells::Telling;
use crate::read::table::spans::Span;

/// Patterns kept whatever the number of charges.
const PATTERNS_MIN: usize = 1 << 12;
/// Patterns kept for each charge. Past the limit all are forgotten: memory is bounded by charges, not by rows.
const PATTERNS_A_CHARGE: usize = 2;

/// The patterns of one table.
#[derive(Debug)]
pub(super) struct Patterns {
    spans: Vec<Span>,
    hasher: FixedState,
    index: HashTable<u32>,
    lengths: Vec<u32>,
    texts: Vec<u8>,
    known: Vec<Pattern>,
    /// The pattern of the last row.
    last: u32,
    /// Charges there are at least.
    charges: usize,
}

/// What the rows of a pattern belong to.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct Place {
    /// Number of the builder in the collector.
    pub(in crate::read) builder: usize,
    /// Number of the charge in the builder.
    pub(in crate::read) charge: usize,
    /// Number of the rule that the cost of its rows follows.
    pub(in crate::read) rule: usize,
    /// Whether the charge sums quantities.
    pub(in crate::read) counts_quantity: bool,
}

#[derive(Debug)]
struct Pattern {
    /// Where its lengths start in `lengths`, and its text in `texts`.
    lengths: usize,
    text: usize,
    is_negative: bool,
    hash: u64,
    place: Place,
    /// The pattern that came after it last.
    follower: u32,
}

/// What a look at a row found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// A row of this place came before.
    Known(Place),
    /// None did.
    New(Key),
}

/// What a new pattern is kept under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    hash: u64,
    is_negative: bool,
}

const NONE: u32 = u32::MAX;

impl Patterns {
    /// Patterns over the columns that decide.
    pub(super) fn over(spans: Vec<Span>) -> Self {
        Self {
            spans,
            hasher: FixedState::default(),
            index: HashTable::new(),
            lengths: Vec::new(),
            texts: Vec::new(),
            known: Vec::new(),
            last: NONE,
            charges: 0,
        }
    }

    /// Looks a row up. Bills repeat from hour to hour: first the pattern that followed the last one before is tried.
    pub(super) fn look<'r>(&mut self, row: impl Telling<'r>, is_negative: bool) -> Look {
        let guess = self.known.get(self.last as usize).map_or(NONE, |last| last.follower);
        if let Some(known) = self.known.get(guess as usize).filter(|known| self.is_row(known, row, is_negative)) {
            let place = known.place;
            self.last = guess;
            return Look::Known(place);
        }
        let hash = self.hash(row, is_negative);
        let is_same = |at: &u32| {
            self.known.get(*at as usize).is_some_and(|known| known.hash == hash && self.is_row(known, row, is_negative))
        };
        let found = self.index.find(hash, is_same).copied();
        if let Some(last) = self.known.get_mut(self.last as usize) {
            last.follower = found.unwrap_or(NONE);
        }
        self.last = found.unwrap_or(NONE);
        match found.and_then(|at| self.known.get(at as usize)) {
            Some(known) => Look::Known(known.place),
            None => Look::New(Key { hash, is_negative }),
        }
    }

    /// Keeps what a new row belongs to.
    pub(super) fn keep<'r>(&mut self, row: impl Telling<'r>, key: Key, place: Place) {
        self.charges = self.charges.max(place.charge + 1);
        if self.known.len() >= PATTERNS_MIN.max(self.charges * PATTERNS_A_CHARGE) {
            self.index.clear();
            self.lengths.clear();
            self.texts.clear();
            self.known.clear();
        }
        let (lengths, text) = (self.lengths.len(), self.texts.len());
        for (first, last) in &self.spans {
            let raw = row.raw(*first, *last);
            self.lengths.push(u32::try_from(raw.len()).unwrap_or(u32::MAX));
            self.texts.extend(raw);
        }
        let number = u32::try_from(self.known.len()).unwrap_or(NONE);
        let Key { hash, is_negative } = key;
        self.known.push(Pattern { lengths, text, is_negative, hash, place, follower: NONE });
        let Self { index, known, .. } = self;
        index.insert_unique(hash, number, |at| known.get(*at as usize).map_or(0, |known| known.hash));
    }

    fn hash<'r>(&self, row: impl Telling<'r>, is_negative: bool) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for (first, last) in &self.spans {
            hasher.write(row.raw(*first, *last));
        }
        hasher.write_u8(u8::from(is_negative));
        hasher.finish()
    }

    fn is_row<'r>(&self, known: &Pattern, row: impl Telling<'r>, is_negative: bool) -> bool {
        let lengths = self.lengths.get(known.lengths..).unwrap_or_default();
        let mut text = self.texts.get(known.text..).unwrap_or_default();
        if known.is_negative != is_negative || lengths.len() < self.spans.len() {
            return false;
        }
        for ((first, last), length) in self.spans.iter().zip(lengths) {
            let raw = row.raw(*first, *last);
            let Some((same, rest)) = text.split_at_checked(*length as usize) else { return false };
            if raw != same {
                return false;
            }
            text = rest;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of plain fields.
    fn with_row<T>(line: &str, look: impl FnOnce(crate::read::csv::stretch::StretchRow<'_>) -> T) -> T {
        let text = format!("{line}\n");
        let separators: Vec<u32> =
            (0u32..).zip(text.bytes()).filter(|(_, byte)| matches!(byte, b',' | b'\n')).map(|(at, _)| at).collect();
        let stretch = crate::read::csv::stretch::Stretch {
            text: text.as_bytes(),
            separators: &separators,
            width: separators.len(),
            has_escapes: false,
        };
        look(stretch.iter().next().unwrap())
    }

    fn charge_of(patterns: &mut Patterns, line: &str, is_negative: bool) -> Option<usize> {
        with_row(line, |row| match patterns.look(row, is_negative) {
            Look::Known(place) => Some(place.charge),
            Look::New(_) => None,
        })
    }

    fn keep(patterns: &mut Patterns, line: &str, charge: usize) {
        with_row(line, |row| match patterns.look(row, false) {
            Look::New(key) => patterns.keep(row, key, Place { builder: 0, charge, rule: 0, counts_quantity: false }),
            Look::Known(_) => panic!("`{line}` is known"),
        });
    }

    #[test]
    fn rows_are_one_pattern_where_the_columns_that_decide_and_the_sign_agree() {
        let mut patterns = Patterns::over(vec![(0, 1), (3, 3)]);
        keep(&mut patterns, "ab,c,1,d", 7);
        for (line, is_negative, is_known) in [
            ("ab,c,1,d", false, true),
            ("ab,c,2,d", false, true),
            ("ab,c,1,d", true, false),
            ("a,bc,1,d", false, false),
            ("ab,c,1,", false, false),
            ("ab,c,1,dd", false, false),
        ] {
            assert_eq!(charge_of(&mut patterns, line, is_negative), is_known.then_some(7), "{line}");
        }
    }

    #[test]
    fn a_follower_is_only_a_guess() {
        let mut patterns = Patterns::over(vec![(0, 0)]);
        let lines = ["a,1", "b,1", "c,1"];
        lines.iter().enumerate().for_each(|(charge, line)| keep(&mut patterns, line, charge));
        for order in [[0, 1, 2], [0, 1, 2], [2, 1, 0], [1, 1, 0], [0, 2, 1]] {
            for charge in order {
                assert_eq!(charge_of(&mut patterns, lines[charge], false), Some(charge));
            }
        }
    }

    #[test]
    fn more_patterns_than_are_kept_are_forgotten_and_found_again() {
        let mut patterns = Patterns::over(vec![(0, 0)]);
        for number in 0..PATTERNS_MIN + 2 {
            keep(&mut patterns, &number.to_string(), 0);
        }
        assert_eq!(charge_of(&mut patterns, "0", false), None);
        assert_eq!(charge_of(&mut patterns, &PATTERNS_MIN.to_string(), false), Some(0));
    }
}
