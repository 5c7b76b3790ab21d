//! Tables without quotes, which may be of millions of runs.
//!
//! Invariant: rows are read exactly as the general reader (`tables`) reads them, or not at all: whatever is quoted or wrong
//! is left to that one, so that all errors and their places come from there.

use super::EvidenceBuilder;
use super::kinds::KindName;
use super::names::{Name, Names};
use super::scalar::instant;
use super::tables::{Header, Table};
use super::task_facts::Task;
use crate::index::Index;
use crate::time::Timestamp;

/// Reads lines of one table.
pub(super) struct PlainRows<'h> {
    header: &'h Header,
    /// The instances of rows of tasks.
    instances: Names,
    /// Their other cells but for the task and its times: mostly one text for each service.
    services: Names,
    /// What such rows say.
    kinds: Index<(Name, Name), KindName>,
    cells: String,
}

/// The cells of a row that many rows do not share.
#[derive(Default)]
struct Own<'a> {
    task: &'a str,
    instance: &'a str,
    started: &'a str,
    stopped: &'a str,
}

impl<'h> PlainRows<'h> {
    /// No rows yet of the table.
    pub(super) fn new(header: &'h Header) -> Self {
        let [instances, services] = <_>::default();
        Self { header, instances, services, kinds: Index::default(), cells: String::new() }
    }

    /// Takes lines of the table. `None` where some cell has quotes, or where anything is wrong: the general reader says
    /// what, and where.
    pub(super) fn add(&mut self, evidence: &mut EvidenceBuilder, lines: &[u8]) -> Option<()> {
        let text = std::str::from_utf8(lines).ok()?;
        let mut row = Vec::new();
        let mut start = 0;
        for end in Marks::new(lines).chain([lines.len()]) {
            // The feed after a return, which has ended the line already.
            if end < start {
                continue;
            }
            row.push(text.get(start..end)?);
            start = end + 1;
            match lines.get(end) {
                Some(b',') => continue,
                Some(b'"') => return None,
                Some(b'\r') if lines.get(start).is_some_and(|next| *next != b'\n') => return None,
                Some(b'\r') => start += 1,
                _ => {}
            }
            if row != [""] {
                self.add_row(evidence, &row)?;
            }
            row.clear();
        }
        Some(())
    }

    fn add_row(&mut self, evidence: &mut EvidenceBuilder, row: &[&str]) -> Option<()> {
        if self.header.table() != Table::Tasks {
            let row = self.header.row(row.iter().copied())?;
            return evidence.add_row(self.header.table(), &row).ok();
        }
        let own = self.own(row)?;
        let [started, stopped] = [own.started, own.stopped].map(|time| (!time.is_empty()).then(|| instant(time)));
        for time in [started, stopped] {
            self.cells.push(if time.is_some() { '1' } else { '0' });
        }
        let alike = (self.services.name(&self.cells), self.instances.name(own.instance));
        let kind = if let Some(kind) = self.kinds.get(&alike) {
            *kind
        } else {
            let row = self.header.row(row.iter().copied())?;
            let kind = evidence.task_of_row(&row).ok()?.kind();
            *self.kinds.entry(alike).or_insert(kind)
        };
        let [started, stopped] = [started, stopped].map(|time| time.unwrap_or(Some(Timestamp::from_millis(0))));
        let task = Task::of_row(kind, started?, stopped?);
        (!own.task.is_empty()).then(|| evidence.add_run(own.task, task))
    }

    /// The cells of a row that many do not share; the others are put together. `None` where they are not as many as the columns.
    fn own<'a>(&mut self, row: &[&'a str]) -> Option<Own<'a>> {
        self.cells.clear();
        let mut own = Own::default();
        let columns = self.header.columns();
        for (column, cell) in columns.iter().zip(row) {
            let own = match *column {
                Some("task") => &mut own.task,
                Some("instance") => &mut own.instance,
                Some("started") => &mut own.started,
                Some("stopped") => &mut own.stopped,
                Some(_) => {
                    self.cells.push_str(cell);
                    self.cells.push(',');
                    continue;
                }
                None => continue,
            };
            *own = cell.trim();
        }
        (columns.len() == row.len()).then_some(own)
    }
}

/// Where commas, ends of lines and quotes stand.
struct Marks<'b> {
    bytes: &'b [u8],
    /// The next bytes to look at, and the marks among those before them.
    next: usize,
    left: u64,
}

/// Bytes that are looked at together: as many as a word has bits.
const BLOCK: usize = 64;

impl<'b> Marks<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, next: 0, left: 0 }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
            self.left = rest.first_chunk().map_or_else(|| marks_at_end(rest), marks);
            self.next += BLOCK;
        }
        let first = self.left.trailing_zeros();
        self.left &= self.left - 1;
        Some(self.next - BLOCK + first as usize)
    }
}

/// A bit for each byte that is a mark.
fn marks(block: &[u8; BLOCK]) -> u64 {
    // As bytes first, which is done for many at a time.
    let mut are_marks = [0; BLOCK];
    for (is_mark, byte) in are_marks.iter_mut().zip(block) {
        *is_mark =
            u8::from(*byte == b',') | u8::from(*byte == b'\n') | u8::from(*byte == b'\r') | u8::from(*byte == b'"');
    }
    let (words, _) = are_marks.as_chunks::<8>();
    // The product has the lowest bits of the eight bytes in its highest byte.
    let bits = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    words.iter().rev().fold(0, |marks, word| marks << 8 | bits(word))
}

fn marks_at_end(rest: &[u8]) -> u64 {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    marks(&block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn marks_are_where_a_search_finds_them(bytes in prop::collection::vec(prop_oneof![
            6 => any::<u8>(), 1 => prop::sample::select(vec![b',', b'\n', b'\r', b'"']),
        ], 0..300)) {
            let expected: Vec<usize> =
                bytes.iter().enumerate().filter(|(_, byte)| b",\n\r\"".contains(byte)).map(|(at, _)| at).collect();
            prop_assert_eq!(Marks::new(&bytes).collect::<Vec<_>>(), expected);
        }
    }
}
