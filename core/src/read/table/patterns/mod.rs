//! Rows that agree in everything but cost, quantity and times belong to one charge: they are told by their bytes, and
//! not read again.
//!
//! A pattern is the raw text of the columns that decide what a row is, and the sign of its cost. Nothing about a row
//! follows from a pattern that the row's own reading would not say: it only saves saying it again.
//!
//! Bills repeat from hour to hour: the pattern that followed the last one before is tried first. Of a CSV, where cells
//! stand side by side, such a row is told by one walk over its bytes, before anybody looks for its separators: what is
//! equal to a row that was cut, and plain fields between, is cut in the same way.

mod steps;
mod walk;

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bill::RowValues;
use crate::read::table::cells::Telling;
use crate::read::table::values::Times;

use steps::StepKind;
#[cfg(feature = "batches")]
pub(super) use steps::steps_apart;
pub(super) use steps::{Step, steps};
use walk::{Walk, WalkedRow};

/// Patterns kept whatever the number of charges.
const PATTERNS_MIN: usize = 1 << 12;
/// Patterns kept for each charge. Past the limit all are forgotten: memory is bounded by charges, not by rows.
const PATTERNS_A_CHARGE: usize = 2;

/// Where more columns than these may differ in rows that repeat, walking over them takes longer than finding separators.
const COLUMNS_MAX: usize = 16;

/// The patterns of one table.
#[derive(Debug)]
pub(super) struct Patterns {
    steps: Vec<Step>,
    /// Whether repeated rows of CSV are told by a walk.
    walks: bool,
    walk: Walk,
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
    #[cfg_attr(not(feature = "batches"), expect(dead_code, reason = "only rows of batches can do without it"))]
    pub(in crate::read) counts_quantity: bool,
}

/// The first row of a pattern.
///
/// INVARIANT: its text is that of all steps, each with the separator behind it.
#[derive(Debug)]
struct Pattern {
    /// Where the lengths of its steps start in `lengths`, and its text in `texts`.
    lengths: usize,
    text: usize,
    is_negative: bool,
    hash: u64,
    place: Place,
    /// What it says, where that is plain.
    values: Option<RowValues>,
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
    /// The pattern of the row before.
    after: u32,
}

/// A row of CSV that repeats one of the pattern that is tried first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated {
    number: u32,
    /// Bytes it takes, its line feed included.
    pub(super) length: usize,
    pub(super) is_negative: bool,
    pub(super) has_last_times: bool,
    /// What it says, where the first row of the pattern said the same; else its [fields](Patterns::fields) have to be
    /// read.
    pub(super) values: Option<RowValues>,
}

const NONE: u32 = u32::MAX;

impl Patterns {
    /// Patterns of rows of `width` columns.
    pub(super) fn over(width: usize, steps: Vec<Step>) -> Self {
        let differing = steps.iter().filter(|step| step.kind != StepKind::Same);
        Self {
            walks: differing.map(|step| step.last - step.first + 1).sum::<usize>() <= COLUMNS_MAX,
            steps,
            walk: Walk::new(width),
            hasher: FixedState::default(),
            index: HashTable::new(),
            lengths: Vec::new(),
            texts: Vec::new(),
            known: Vec::new(),
            last: NONE,
            charges: 0,
        }
    }

    /// The pattern that is tried first.
    fn guess(&self) -> u32 {
        self.known.get(self.last as usize).map_or(NONE, |last| last.follower)
    }

    /// Looks at the row of CSV that `bytes` start with, if it is of the pattern that is tried first. Nothing is changed
    /// until the row is [taken](Self::take), but where its fields stand.
    #[inline]
    pub(super) fn repeated(&mut self, bytes: &[u8], last: &Times) -> Option<(Repeated, Place)> {
        if !self.walks {
            return None;
        }
        let number = self.guess();
        let known = self.known.get(number as usize)?;
        let values = known.values.as_ref()?;
        self.walk.start();
        let lengths = self.lengths.get(known.lengths..)?;
        let (mut text, mut at) = (self.texts.get(known.text..)?, 0);
        let (mut has_last_times, mut has_same_values) = (true, true);
        for (step, length) in self.steps.iter().zip(lengths) {
            let (own, next) = text.split_at_checked(*length as usize)?;
            let rest = bytes.get(at..)?;
            text = next;
            match step.kind {
                StepKind::Same if !rest.starts_with(own) => return None,
                StepKind::Same => {
                    at += own.len();
                    continue;
                }
                StepKind::Values if rest.starts_with(own) => {
                    self.walk.leave(step, at);
                    at += own.len();
                    continue;
                }
                StepKind::Values => has_same_values = false,
                StepKind::Times(number) => {
                    let written = last.written.get(number).map_or(&[][..], Vec::as_slice);
                    let is_last = !written.is_empty() && rest.starts_with(written);
                    if is_last && rest.get(written.len()) == own.last() {
                        at += written.len() + 1;
                        continue;
                    }
                    has_last_times = false;
                }
                StepKind::Skipped => {}
            }
            at = self.walk.pass(step, bytes, at)?;
        }
        let is_same = has_last_times && has_same_values;
        let values = is_same.then_some(RowValues { interval: last.interval, ..*values });
        Some((Repeated { number, length: at, is_negative: known.is_negative, has_last_times, values }, known.place))
    }

    /// The repeated row with those of its fields that are not as in the first row of its pattern.
    pub(super) fn fields<'r>(&'r mut self, row: &'r [u8]) -> WalkedRow<'r> {
        self.walk.row(row)
    }

    /// The repeated row was added.
    pub(super) fn take(&mut self, row: &Repeated) {
        self.last = row.number;
    }

    /// Looks a row up.
    pub(super) fn look<'r>(&mut self, row: impl Telling<'r>, is_negative: bool) -> Look {
        let guess = self.guess();
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
        let after = std::mem::replace(&mut self.last, found.unwrap_or(NONE));
        if let Some(last) = self.known.get_mut(after as usize) {
            last.follower = found.unwrap_or(NONE);
        }
        match found.and_then(|at| self.known.get(at as usize)) {
            Some(known) => Look::Known(known.place),
            None => Look::New(Key { hash, is_negative, after }),
        }
    }

    /// Keeps what a new row belongs to, and what it says where that is plain.
    pub(super) fn keep<'r>(&mut self, row: impl Telling<'r>, key: Key, place: Place, values: Option<RowValues>) {
        self.charges = self.charges.max(place.charge + 1);
        if self.known.len() >= PATTERNS_MIN.max(self.charges * PATTERNS_A_CHARGE) {
            self.index.clear();
            self.lengths.clear();
            self.texts.clear();
            self.known.clear();
        }
        let (lengths, text) = (self.lengths.len(), self.texts.len());
        for step in &self.steps {
            let raw = row.raw(step.first, step.last);
            self.lengths.push(u32::try_from(raw.len() + 1).unwrap_or(u32::MAX));
            self.texts.extend(raw);
            self.texts.extend(self.walk.separator(step.last));
        }
        let number = u32::try_from(self.known.len()).unwrap_or(NONE);
        let Key { hash, is_negative, after } = key;
        self.known.push(Pattern { lengths, text, is_negative, hash, place, values, follower: NONE });
        let Self { index, known, .. } = self;
        index.insert_unique(hash, number, |at| known.get(*at as usize).map_or(0, |known| known.hash));
        if let Some(before) = known.get_mut(after as usize) {
            before.follower = number;
        }
        self.last = number;
    }

    fn hash<'r>(&self, row: impl Telling<'r>, is_negative: bool) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for step in self.steps.iter().filter(|step| step.kind == StepKind::Same) {
            hasher.write(row.raw(step.first, step.last));
        }
        hasher.write_u8(u8::from(is_negative));
        hasher.finish()
    }

    fn is_row<'r>(&self, known: &Pattern, row: impl Telling<'r>, is_negative: bool) -> bool {
        let lengths = self.lengths.get(known.lengths..).unwrap_or_default();
        let mut text = self.texts.get(known.text..).unwrap_or_default();
        if known.is_negative != is_negative || lengths.len() < self.steps.len() {
            return false;
        }
        for (step, length) in self.steps.iter().zip(lengths) {
            let Some((own, rest)) = text.split_at_checked(*length as usize) else { return false };
            if step.kind == StepKind::Same
                && own.split_last().is_none_or(|(_, own)| row.raw(step.first, step.last) != own)
            {
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

    fn over(spans: &[(usize, usize)]) -> Patterns {
        Patterns::over(4, steps(4, spans, &[], &[]))
    }

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
            Look::New(key) => {
                let place = Place { builder: 0, charge, rule: 0, counts_quantity: false };
                patterns.keep(row, key, place, None);
            }
            Look::Known(_) => panic!("`{line}` is known"),
        });
    }

    #[test]
    fn rows_are_one_pattern_where_the_columns_that_decide_and_the_sign_agree() {
        let mut patterns = over(&[(0, 1), (3, 3)]);
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
        let mut patterns = over(&[(0, 0)]);
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
        let mut patterns = over(&[(0, 0)]);
        for number in 0..PATTERNS_MIN + 2 {
            keep(&mut patterns, &number.to_string(), 0);
        }
        assert_eq!(charge_of(&mut patterns, "0", false), None);
        assert_eq!(charge_of(&mut patterns, &PATTERNS_MIN.to_string(), false), Some(0));
    }
}
