//! A row compared with one that came before, step by step where it is not as that one.

use super::steps::{Step, StepKind};
use crate::read::csv::difference::{KnownRow, Likeness};
use crate::read::csv::lanes::Level;
use crate::read::table::cells::{Cells, Telling};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes of `rest` the field takes that it starts with, its quotes included; `None` where it is not ASCII,
/// has quotes inside, or does not end here.
///
/// What follows a closing quote is for the caller to look at: anything but a separator is irregular.
#[inline]
fn field_length(rest: &[u8]) -> Option<usize> {
    if let Some(inside) = rest.strip_prefix(b"\"") {
        let length = until(inside, [b'"'])?;
        return (inside.get(length) == Some(&b'"')).then_some(length + 2);
    }
    let length = until(rest, [b',', b'\n', b'"', b'\r'])?;
    matches!(rest.get(length), Some(b',' | b'\n')).then_some(length)
}

/// The place of the first byte that is one of `ends` or not ASCII; `None` where there is none.
#[inline]
fn until<const N: usize>(bytes: &[u8], ends: [u8; N]) -> Option<usize> {
    let (mut rest, mut before) = (bytes, 0);
    while let Some((word, after)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let found = ends.into_iter().fold(word, |found, end| found | zeros(word ^ (u64::from(end) * ONES))) & HIGHS;
        if found != 0 {
            return Some(before + found.trailing_zeros() as usize / 8);
        }
        (rest, before) = (after, before + 8);
    }
    let is_end = |byte: &u8| ends.contains(byte) || !byte.is_ascii();
    rest.iter().position(is_end).map(|at| before + at)
}

/// A word in which the lowest byte with its high bit is the lowest byte of `word` that is 0; bytes above may have it too.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

/// Where the steps of a row end, each behind its separator.
#[derive(Clone, Copy)]
pub(super) struct Ends<'e>(pub(super) &'e [u32]);

impl Ends<'_> {
    /// Where a step starts and ends.
    #[inline]
    pub(super) fn of(self, number: usize) -> (usize, usize) {
        let end = |number: usize| self.0.get(number).map_or(0, |end| *end as usize);
        (number.checked_sub(1).map_or(0, end), end(number))
    }

    /// The number of the step of a place.
    fn step_at(self, place: usize) -> usize {
        self.0.partition_point(|end| *end as usize <= place)
    }
}

/// Where the parts of a row stand that was compared with an earlier one.
#[derive(Debug)]
pub(super) struct Places {
    /// Where a field starts and ends, quotes included, by column, as far as they were looked for.
    fields: Vec<(usize, usize)>,
    /// From where on the row is as the earlier one: the place in that one, and in this one, ascending.
    resumed: Vec<(usize, usize)>,
}

impl Places {
    /// Of rows of `width` columns.
    pub(super) fn new(width: usize) -> Self {
        Self { fields: vec![(0, 0); width], resumed: Vec::new() }
    }

    /// The byte behind a column.
    pub(super) fn separator(&self, column: usize) -> u8 {
        if column + 1 == self.fields.len() { b'\n' } else { b',' }
    }

    /// Another row follows.
    pub(super) fn start(&mut self) {
        self.resumed.clear();
    }

    /// The place in this row of one in the earlier row, where steps start and end.
    #[inline]
    pub(super) fn of(&self, place: usize) -> usize {
        let before = self.resumed.iter().rev().find(|(from, _)| *from <= place);
        before.map_or(place, |(from, at)| at + (place - from))
    }

    /// Where a row ends that first is not as the earlier one at a place of that one: the end of each column is looked for
    /// that is not as long as it was. `None` where it is another row.
    pub(super) fn walk(
        &mut self,
        steps: &[Step],
        ends: Ends<'_>,
        known: KnownRow<'_>,
        (row, place): (&[u8], usize),
        level: Level,
    ) -> Option<usize> {
        let (mut from, mut at, mut likeness) = (0, 0, Likeness::Differs { at: place });
        while let Likeness::Differs { at: place } = likeness {
            let number = ends.step_at(place);
            let step = steps.get(number).filter(|step| step.kind != StepKind::Same)?;
            let (start, next) = ends.of(number);
            (from, at) = (next, self.pass(step, row, at + start.checked_sub(from)?)?);
            self.resumed.push((from, at));
            likeness = known.likeness(row.get(at..)?, from, level);
        }
        Some(at + known.length.checked_sub(from)?)
    }

    /// Passes over the columns of a step that starts somewhere in a row, and says where it ends; `None` where one of them
    /// is not plain, or has no separator.
    fn pass(&mut self, step: &Step, row: &[u8], start: usize) -> Option<usize> {
        let last = self.separator(step.last);
        let mut at = start;
        for (column, field) in (step.first..).zip(self.fields.get_mut(step.first..=step.last)?) {
            let rest = row.get(at..)?;
            let length = field_length(rest)?;
            *field = (at, at + length);
            let separator = if column == step.last { last } else { b',' };
            if *rest.get(length)? != separator {
                return None;
            }
            at += length + 1;
        }
        Some(at)
    }

    /// Finds the fields of a step that starts and ends somewhere in the earlier row.
    pub(super) fn find(&mut self, step: &Step, (start, end): (usize, usize), row: &[u8]) {
        let (start, end) = (self.of(start), self.of(end));
        if step.first < step.last {
            self.pass(step, row, start);
        } else if let Some(field) = self.fields.get_mut(step.first) {
            *field = (start, end.saturating_sub(1));
        }
    }

    /// The row with the fields that were found.
    pub(super) fn row<'r>(&'r self, row: &'r [u8]) -> WalkedRow<'r> {
        WalkedRow { row, fields: &self.fields }
    }
}

/// A row of which some fields were found.
#[derive(Clone, Copy)]
pub(in crate::read::table) struct WalkedRow<'r> {
    row: &'r [u8],
    fields: &'r [(usize, usize)],
}

impl<'r> Cells<'r> for WalkedRow<'r> {
    fn get(self, at: usize) -> &'r str {
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }
}

impl<'r> Telling<'r> for WalkedRow<'r> {
    fn raw(self, first: usize, last: usize) -> &'r [u8] {
        let (Some((start, _)), Some((_, end))) = (self.fields.get(first), self.fields.get(last)) else { return &[] };
        self.row.get(*start..*end).unwrap_or_default()
    }

    fn bytes(self, at: usize) -> &'r [u8] {
        match self.raw(at, at) {
            [b'"', field @ .., b'"'] | field => field,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_ends_at_its_quote_or_at_a_separator() {
        for (rest, expected) in [
            ("abc,d", Some(3)),
            (",d", Some(0)),
            ("\n", Some(0)),
            ("0123456789\n", Some(10)),
            ("\"a,b\nc\",", Some(7)),
            ("\"\",", Some(2)),
            ("\"a\"\"b\",", Some(3)),
            ("a\"b,", None),
            ("a\rb,", None),
            ("é,", None),
            ("\"é\",", None),
            ("\"abc", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(field_length(rest.as_bytes()), expected, "{rest:?}");
        }
    }

    proptest! {
        #[test]
        fn words_give_what_bytes_give(bytes in prop::collection::vec(prop::sample::select(b"ab,\"\n\r!#\x0b\x8a\xac\xff".to_vec()), 0..40)) {
            let first = |ends: &[u8]| bytes.iter().position(|byte| ends.contains(byte) || !byte.is_ascii());
            prop_assert_eq!(until(&bytes, [b'"']), first(b"\""));
            prop_assert_eq!(until(&bytes, [b',', b'\n', b'"', b'\r']), first(b",\n\"\r"));
        }
    }
}
