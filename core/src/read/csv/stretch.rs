//! Rows of a stretch of CSV whose fields are found by the places of its separators alone.

use crate::read::csv::lanes::Level;
use crate::read::csv::separators::{Separators, Shape};
use crate::read::table::cells::{Cells, Telling};

/// Bytes that are cut at once at most, with what is known of them at home in a first cache of 32 KiB.
pub(super) const BYTES_MAX: usize = 1 << 14;
/// Bytes that are cut at once at least: some rows.
pub(super) const BYTES_MIN: usize = 1 << 11;

/// Whole rows, one after the other, all as wide as the header and in UTF-8.
///
/// INVARIANT: `separators` are the unquoted commas and line feeds of `text`, `width` of them a row, of which the last is
/// the line feed and the others are commas.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct Stretch<'s> {
    pub(in crate::read) text: &'s [u8],
    pub(in crate::read) separators: &'s [u32],
    pub(in crate::read) width: usize,
    /// Whether quoted fields may hold quotes.
    pub(in crate::read) has_escapes: bool,
}

/// One row of a stretch.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct StretchRow<'s> {
    text: &'s [u8],
    separators: &'s [u32],
    start: usize,
}

impl<'s> Stretch<'s> {
    /// Some of the whole rows that `bytes` start with: those in `reach` bytes, or the first one. `None` where there are
    /// none, or one of them is not regular.
    pub(super) fn next(
        bytes: &'s [u8],
        width: usize,
        mut reach: usize,
        separators: &'s mut Separators,
        level: Level,
    ) -> Option<Self> {
        let mut shape = separators.index(bytes.get(..reach).unwrap_or(bytes), level);
        while separators.rows() == 0 && shape != Shape::Irregular && bytes.len() > reach {
            reach = reach.saturating_mul(8);
            shape = separators.index(bytes.get(..reach).unwrap_or(bytes), level);
        }
        let Shape::Regular { has_escapes } = shape else { return None };
        let text = bytes.get(..separators.end())?;
        let is_whole = separators.rows() > 0 && separators.has_width(text, width);
        let is_text = text.is_ascii() || std::str::from_utf8(text).is_ok();
        (is_whole && is_text).then(|| Self { text, separators: separators.offsets(), width, has_escapes })
    }

    /// Number of rows.
    pub(in crate::read) fn rows(&self) -> usize {
        self.separators.len() / self.width.max(1)
    }

    /// Bytes of all rows.
    pub(in crate::read) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The rows in order.
    pub(in crate::read) fn iter(&self) -> impl Iterator<Item = StretchRow<'s>> + use<'s> {
        let text = self.text;
        let mut start = 0;
        self.separators.chunks_exact(self.width.max(1)).map(move |separators| {
            let row = StretchRow { text, separators, start };
            start = row.end() + 1;
            row
        })
    }
}

impl<'s> StretchRow<'s> {
    /// Offset of the first byte in the stretch.
    pub(in crate::read) fn start(&self) -> usize {
        self.start
    }

    /// Offset of the line feed.
    fn end(&self) -> usize {
        self.separators.last().map_or(self.start, |end| *end as usize)
    }

    /// The row as written, with its line feed.
    pub(in crate::read) fn line(&self) -> &'s [u8] {
        self.text.get(self.start..=self.end()).unwrap_or_default()
    }

    fn separator(&self, at: usize) -> usize {
        self.separators.get(at).map_or(self.start, |place| *place as usize)
    }
}

impl<'s> Cells<'s> for StretchRow<'s> {
    /// The field without its quotes; quotes inside it stay doubled.
    fn get(self, at: usize) -> &'s str {
        // Between separators stands whole text.
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }
}

impl<'s> Telling<'s> for StretchRow<'s> {
    /// The fields as written, with the separators between them.
    fn raw(self, first: usize, last: usize) -> &'s [u8] {
        let start = first.checked_sub(1).map_or(self.start, |before| self.separator(before) + 1);
        self.text.get(start..self.separator(last)).unwrap_or_default()
    }

    fn bytes(self, at: usize) -> &'s [u8] {
        if at >= self.separators.len() {
            return &[];
        }
        match self.raw(at, at) {
            [b'"', field @ .., b'"'] | field => field,
        }
    }
}
