//! Fields of a row of CSV found one after the other, where they are plain.

use super::steps::Step;
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

/// Passes over the fields of one row after the other, and keeps where those of the last row stand.
#[derive(Debug)]
pub(super) struct Walk {
    width: usize,
    /// Where a field starts and ends, quotes included, by column.
    fields: Vec<(usize, usize)>,
    /// Steps whose fields nobody looked for, with their starts.
    left: Vec<(Step, usize)>,
}

impl Walk {
    /// Over rows of `width` columns.
    pub(super) fn new(width: usize) -> Self {
        Self { width, fields: vec![(0, 0); width], left: Vec::new() }
    }

    /// The byte behind a column.
    pub(super) fn separator(&self, column: usize) -> &'static [u8] {
        if column + 1 == self.width { b"\n" } else { b"," }
    }

    /// Another row follows.
    pub(super) fn start(&mut self) {
        self.left.clear();
    }

    /// Passes over the columns of a step that starts somewhere in a row, and says where it ends; `None` where one of them
    /// is not plain, or has no separator.
    pub(super) fn pass(&mut self, step: &Step, row: &[u8], start: usize) -> Option<usize> {
        let last = *self.separator(step.last).first()?;
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

    /// Leaves the fields of a step for later.
    pub(super) fn leave(&mut self, step: &Step, start: usize) {
        self.left.push((*step, start));
    }

    /// The row with the fields of all steps that were passed over or left.
    pub(super) fn row<'r>(&'r mut self, row: &'r [u8]) -> WalkedRow<'r> {
        for (step, start) in std::mem::take(&mut self.left) {
            self.pass(&step, row, start);
        }
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
