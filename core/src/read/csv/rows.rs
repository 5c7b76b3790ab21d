//! Bytes → CSV rows with exact positions, hashed on the way (spec 2.4, 2.6).
//!
//! Splitting is that of the `csv` crate's parser; empty lines are no rows. Positions are those of a row's first byte,
//! which the `csv` crate reports one byte early after CR LF: therefore terminators are skipped here.

use csv_core::ReadRecordResult;

use crate::bill::InputDigest;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::blocks::{Blocks, Content};
use crate::read::csv::lanes::Level;
use crate::read::csv::regular::{RegularRows, Taken};
use crate::read::table::TableReader;
use crate::read::table::cells::Cells;

/// A row may be this long; longer ones come from a quote that is never closed.
const ROW_BYTES_MAX: u64 = 16 << 20;

/// One row, borrowed until the next is read.
#[derive(Clone, Copy)]
pub(in crate::read) struct RawRow<'r> {
    /// The header is row 1.
    pub(in crate::read) row: u64,
    /// Offset of its first byte.
    pub(in crate::read) byte: u64,
    /// Its fields, unquoted, one after the other.
    pub(in crate::read) text: &'r [u8],
    ends: &'r [usize],
}

impl<'r> RawRow<'r> {
    /// Number of fields.
    pub(in crate::read) fn width(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a field, none where the row has no such field.
    pub(in crate::read) fn bytes(&self, at: usize) -> &'r [u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    /// The fields as text, or the first one that is not UTF-8.
    pub(in crate::read) fn fields(&self) -> std::result::Result<Fields<'r>, usize> {
        match std::str::from_utf8(self.text) {
            Ok(text) if self.ends.iter().all(|end| text.is_char_boundary(*end)) => Ok(Fields { text, ends: self.ends }),
            _ => Err((0..self.width()).find(|at| std::str::from_utf8(self.bytes(*at)).is_err()).unwrap_or(0)),
        }
    }

    /// Where the row is, within its input.
    pub(in crate::read) fn location(&self) -> Location {
        Location { row: Some(self.row), byte: Some(self.byte), ..Location::default() }
    }
}

/// The fields of a row as text.
#[derive(Clone, Copy)]
pub(in crate::read) struct Fields<'r> {
    text: &'r str,
    ends: &'r [usize],
}

impl<'r> Cells<'r> for Fields<'r> {
    fn get(self, at: usize) -> &'r str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }
}

/// One row that is parsed again, because its fields hold quotes.
#[derive(Debug)]
pub(in crate::read) struct OneRow {
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Default for OneRow {
    fn default() -> Self {
        Self { parser: within_input(), text: Vec::new(), ends: Vec::new() }
    }
}

/// A parser that has read a row: at the start of an input it would take a byte order mark away.
fn within_input() -> csv_core::Reader {
    let mut parser = csv_core::Reader::new();
    parser.read_record(b"x\n", &mut [0; 2], &mut [0; 2]);
    parser
}

impl OneRow {
    /// The fields of a line that ends in its line feed; `None` where it is not one row of UTF-8 text.
    pub(in crate::read) fn read(&mut self, line: &[u8]) -> Option<Fields<'_>> {
        self.text.resize(line.len(), 0);
        self.ends.resize(line.len(), 0);
        let (result, _, text, ends) = self.parser.read_record(line, &mut self.text, &mut self.ends);
        if result != ReadRecordResult::Record {
            self.parser = within_input();
            return None;
        }
        let text = std::str::from_utf8(self.text.get(..text)?).ok()?;
        Some(Fields { text, ends: self.ends.get(..ends)? })
    }
}

/// The rows of one CSV.
///
/// INVARIANT: `at` is the first byte of `block` that no row has taken, `block_start` the offset of `block`.
pub(in crate::read) struct Rows<B> {
    blocks: B,
    block: Vec<u8>,
    block_start: u64,
    at: usize,
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    row: u64,
    content: Content,
    regular: RegularRows,
    /// Whether what is left of the block is parsed row by row.
    is_careful: bool,
    #[cfg(test)]
    never_regular: bool,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl<B: Blocks> Rows<B> {
    pub(in crate::read) fn new(blocks: B) -> Self {
        Self {
            blocks,
            block: Vec::new(),
            block_start: 0,
            at: 0,
            parser: csv_core::Reader::new(),
            text: vec![0; 4096],
            ends: vec![0; 64],
            row: 0,
            content: Content::default(),
            regular: RegularRows::new(Level::best()),
            is_careful: false,
            #[cfg(test)]
            never_regular: false,
        }
    }

    /// Rows that are all parsed one by one.
    #[cfg(test)]
    pub(in crate::read) fn parsed(blocks: B) -> Self {
        Self { never_regular: true, ..Self::new(blocks) }
    }

    /// Rows told by the instructions of a level.
    #[cfg(test)]
    pub(in crate::read) fn at_level(blocks: B, level: Level) -> Self {
        Self { regular: RegularRows::new(level), ..Self::new(blocks) }
    }

    /// The next row that is not empty.
    ///
    /// # Errors
    /// Those of the source; `parse.bad_row` where a quote is not closed, after which no row can be told.
    pub(in crate::read) fn next_row(&mut self) -> Result<Option<RawRow<'_>>> {
        if !self.skip_terminators()? {
            return Ok(None);
        }
        self.row += 1;
        let byte = self.position();
        let (text, ends) = self
            .parse_row()
            .map_err(|error| error.at(Location { row: Some(self.row), byte: Some(byte), ..Location::default() }))?;
        Ok(Some(RawRow {
            row: self.row,
            byte,
            text: self.text.get(..text).unwrap_or_default(),
            ends: self.ends.get(..ends).unwrap_or_default(),
        }))
    }

    /// Adds some of the whole rows that follow in the block to a table, as long as they are regular; how many. Where
    /// there are none any more, the next row is parsed.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    pub(in crate::read) fn add_regular(&mut self, table: &mut TableReader<'_, '_>) -> Result<u64> {
        #[cfg(test)]
        if self.never_regular {
            return Ok(0);
        }
        if self.is_careful {
            return Ok(0);
        }
        let (start, rows_before) = (self.position(), self.row);
        let at = |rows: u64, byte: usize| Location {
            row: Some(rows_before + rows + 1),
            byte: Some(start.saturating_add(u64::try_from(byte).unwrap_or(u64::MAX))),
            ..Location::default()
        };
        let Taken { rows, bytes } = self.regular.add(table, self.block.get(self.at..).unwrap_or_default(), at)?;
        self.is_careful = rows == 0;
        self.row += rows;
        self.at += bytes;
        Ok(rows)
    }

    /// Identity of the content; complete once there is no next row.
    pub(in crate::read) fn digest(&self) -> InputDigest {
        self.content.digest()
    }

    /// Offset of the next row, or of the line end before it.
    pub(in crate::read) fn position(&self) -> u64 {
        self.block_start.saturating_add(u64::try_from(self.at).unwrap_or(u64::MAX))
    }

    /// Whether there was another block.
    fn refill(&mut self) -> Result<bool> {
        let is_first = self.content.bytes() == 0;
        self.block_start = self.content.bytes();
        self.at = 0;
        self.is_careful = false;
        self.blocks.next_block(&mut self.block)?;
        self.content.add(&self.block);
        if is_first && self.block.starts_with(BOM) {
            self.at = BOM.len();
        }
        Ok(!self.block.is_empty())
    }

    /// Whether a row follows.
    fn skip_terminators(&mut self) -> Result<bool> {
        loop {
            match self.block.get(self.at).copied() {
                Some(b'\r' | b'\n') => self.at += 1,
                Some(_) => return Ok(true),
                None if self.refill()? => {}
                None => return Ok(false),
            }
        }
    }

    /// Parses one row into the buffers and returns how much of `text` and `ends` it takes.
    fn parse_row(&mut self) -> Result<(usize, usize)> {
        let start = self.position();
        let (mut text, mut ends) = (0, 0);
        loop {
            let is_end = self.at >= self.block.len() && !self.refill()?;
            if self.position().saturating_sub(start) > ROW_BYTES_MAX {
                return Err(Error::new(ErrorCode::ParseBadRow, "the row is longer than 16 MiB: a quote is not closed"));
            }
            // A line feed ends the last row of a content that does not end in one, unless it stands inside quotes.
            let input = if is_end { &b"\n"[..] } else { self.block.get(self.at..).unwrap_or_default() };
            let (result, taken, written, ended) = self.parser.read_record(
                input,
                self.text.get_mut(text..).unwrap_or_default(),
                self.ends.get_mut(ends..).unwrap_or_default(),
            );
            self.at += if is_end { 0 } else { taken };
            text += written;
            ends += ended;
            match result {
                ReadRecordResult::Record => return Ok((text, ends)),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End if is_end => {
                    return Err(Error::new(ErrorCode::ParseBadRow, "the input ends inside a quoted field"));
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
    }
}
