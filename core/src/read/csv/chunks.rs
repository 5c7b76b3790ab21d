//! One large plain CSV read by several threads (spec 2.4, 2.6, 10.2).
//!
//! Threads take chunks of the file in order. A row belongs to the chunk it starts in; whether a chunk starts inside
//! quotes follows exactly from the number of quotes before it, which threads hand on before they parse. Row numbers are
//! not known here: as soon as one is asked for (an error, a finding with its place), or a stretch is not regular, all
//! that was read is dropped and the file is read again from its start by one thread, which says it exactly.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::bill::InputDigest;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::blocks::{BLOCK_BYTES, Content, FromReader};
use crate::read::collect::{Collector, Group, Purpose};
use crate::read::csv::lanes::Level;
use crate::read::csv::regular::RegularRows;
use crate::read::csv::rows::Rows;
use crate::read::csv::separators::has_odd_quotes;
use crate::read::progress::Watch;
use crate::read::source::positioned::{read_at, read_whole_at};
use crate::read::table::TableReader;
use crate::read::{ScanOptions, csv};
use crate::time::BillingPeriod;

/// Bytes of a chunk: a block, so that a file has the same identity however it is read.
const CHUNK: u64 = BLOCK_BYTES as u64;
/// Smaller files are read by one thread.
const BYTES_MIN: u64 = 4 * CHUNK;
/// Bytes read at once behind a chunk, for the rest of its last row.
const TAIL: usize = 1 << 12;
/// A row may end this far behind its chunk.
const ROW_MAX: usize = 16 << 20;

/// A CSV that threads read together.
#[derive(Debug)]
pub(in crate::read) struct Chunks<'o> {
    file: File,
    length: u64,
    name: String,
    evidence: Option<BillingPeriod>,
    header: Vec<String>,
    /// Offset of the first row.
    rows_start: u64,
    options: &'o ScanOptions,
    level: Level,
    /// Bytes of a chunk: the blocks that a file's identity is made of.
    chunk: u64,
    next: AtomicU64,
    is_irregular: AtomicBool,
    shared: Mutex<Shared<'o>>,
    parity_known: Condvar,
    readers_left: AtomicUsize,
}

#[derive(Debug)]
struct Shared<'o> {
    /// Whether the next chunk whose parity is not known yet starts inside quotes, and its number.
    parity: (u64, bool),
    hashes: Vec<Option<u128>>,
    done: Vec<Collector<'o>>,
    groups: BTreeSet<Group>,
    rows: u64,
    /// Bytes that were counted as progress.
    bytes: u64,
}

/// What came of the part of one thread.
#[derive(Debug)]
pub(in crate::read) enum Part<'o> {
    /// Others are still reading.
    Done,
    /// The last one is done: what all have read.
    Whole { read: Vec<Collector<'o>>, rows: u64 },
    /// The file must be read by one thread.
    Irregular,
}

impl<'o> Chunks<'o> {
    /// The chunks of a file for so many threads; `None` where it is small, or its header is not plain.
    pub(in crate::read) fn of(
        path: &Path,
        name: &str,
        evidence: Option<BillingPeriod>,
        readers: usize,
        options: &'o ScanOptions,
    ) -> Option<Self> {
        let file = File::open(path).ok()?;
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        if length < BYTES_MIN { None } else { Self::cut(file, length, CHUNK, name, evidence, readers, options) }
    }

    /// The chunks of a file in which a byte order mark and the header lie in the first one.
    pub(in crate::read) fn cut(
        file: File,
        length: u64,
        chunk: u64,
        name: &str,
        evidence: Option<BillingPeriod>,
        readers: usize,
        options: &'o ScanOptions,
    ) -> Option<Self> {
        if options.max_bad_rows > 0 {
            return None;
        }
        let mut rows = Rows::new(FromReader::plain(FromStart { file: &file, position: 0 }));
        let header = rows.next_row().ok()??;
        let header = csv::names_of(&header, name).ok()?;
        // Whether it is a bill at all; the reading of the whole file says why not.
        TableReader::bind(name, header.clone(), evidence, &mut Collector::new(options, Purpose::Bill)).ok()?;
        let rows_start = rows.position();
        let chunks = usize::try_from(length.div_ceil(chunk)).ok()?;
        (header.len() > 1 && rows_start < chunk).then(|| Self {
            file,
            length,
            name: name.to_owned(),
            evidence,
            header,
            rows_start,
            options,
            level: Level::best(),
            chunk,
            next: AtomicU64::new(0),
            is_irregular: AtomicBool::new(false),
            shared: Mutex::new(Shared {
                parity: (0, false),
                hashes: vec![None; chunks],
                done: Vec::new(),
                groups: BTreeSet::new(),
                rows: 0,
                bytes: 0,
            }),
            parity_known: Condvar::new(),
            readers_left: AtomicUsize::new(readers),
        })
    }

    /// The same chunks, told by the instructions of a level.
    #[cfg(test)]
    pub(in crate::read) fn at_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// The name that stands in locations.
    pub(in crate::read) fn name(&self) -> &str {
        &self.name
    }

    /// The billing period its name or manifest says.
    pub(in crate::read) fn evidence(&self) -> Option<BillingPeriod> {
        self.evidence
    }

    /// The file from its start.
    pub(in crate::read) fn file(&self) -> impl Read {
        FromStart { file: &self.file, position: 0 }
    }

    /// Bytes that were not counted as progress.
    pub(in crate::read) fn uncounted_bytes(&self) -> u64 {
        self.length - self.shared().bytes
    }

    /// Reads chunks until there are none.
    pub(in crate::read) fn read(&self, input: usize, watch: Watch<'_>) -> Part<'o> {
        let _others_go_on = OnPanic(self);
        let mut collector = Collector::new(self.options, Purpose::Bill);
        collector.input = input;
        if self.read_chunks(&mut collector, watch).is_err() {
            self.give_up();
        }
        self.shared().done.push(collector);
        if self.readers_left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Part::Done;
        }
        if self.is_irregular.load(Ordering::Acquire) {
            return Part::Irregular;
        }
        let mut shared = self.shared();
        let (groups, digest) = (std::mem::take(&mut shared.groups), digest_of(self.length, &shared.hashes));
        if let Some(first) = shared.done.first_mut().filter(|_| !groups.is_empty()) {
            first.add_input(groups, digest, &self.name);
        }
        Part::Whole { read: std::mem::take(&mut shared.done), rows: shared.rows }
    }

    fn read_chunks(&self, collector: &mut Collector<'o>, watch: Watch<'_>) -> Result<()> {
        collector.wants(self.evidence, &self.name);
        let mut table = TableReader::bind(&self.name, self.header.clone(), self.evidence, collector)?;
        let (mut chunk, mut regular) = (Chunk::default(), RegularRows::new(self.level));
        loop {
            watch.check()?;
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let start = number * self.chunk;
            if start >= self.length {
                break;
            }
            let count = self.read_chunk(number, &mut chunk, &mut regular, &mut table)?;
            let bytes = self.chunk.min(self.length - start);
            watch.progress.add_bytes(bytes);
            let mut shared = self.shared();
            shared.bytes += bytes;
            shared.rows += count;
        }
        let (groups, _) = table.finish_part()?;
        self.shared().groups.extend(groups);
        Ok(())
    }

    /// Adds the rows that start in a chunk; how many.
    fn read_chunk(
        &self,
        number: u64,
        chunk: &mut Chunk,
        regular: &mut RegularRows,
        table: &mut TableReader<'_, 'o>,
    ) -> Result<u64> {
        let Some((mut from, to)) = self.rows_of(number, chunk)? else { return Ok(0) };
        let asked = AtomicBool::new(false);
        let at = |_, _| {
            asked.store(true, Ordering::Relaxed);
            Location::default()
        };
        let mut rows = 0;
        while from < to {
            let taken = regular.add(table, chunk.bytes().get(from..to).unwrap_or_default(), at)?;
            if taken.rows == 0 {
                return Err(irregular());
            }
            from += taken.bytes;
            rows += taken.rows;
        }
        // Which row leaves the range of amounts follows from the order of all rows.
        let is_irregular = asked.load(Ordering::Relaxed) || table.has_large_amounts();
        if is_irregular { Err(irregular()) } else { Ok(rows) }
    }

    /// Fills a chunk, with the end of its last row, and says where its rows are in it; `None` where none starts in it.
    fn rows_of(&self, number: u64, chunk: &mut Chunk) -> Result<Option<(usize, usize)>> {
        let (start, end) = (number * self.chunk, self.length.min((number + 1) * self.chunk));
        // The byte before a chunk says whether a row starts with it.
        let before = usize::from(number > 0);
        chunk.fill(&self.file, start - before as u64, end)?;
        let own = chunk.bytes().get(before..).unwrap_or_default();
        let is_odd = has_odd_quotes(own, self.level);
        let starts_quoted = self.parity_of(number, is_odd)?;
        let ends_quoted = starts_quoted != is_odd;
        self.note_hash(number, Content::hash_of(own));
        let from = match number {
            0 => usize::try_from(self.rows_start).ok(),
            _ => chunk.row_start(0, starts_quoted),
        };
        let Some(from) = from.filter(|from| *from < chunk.bytes().len()) else { return Ok(None) };
        let to = chunk.row_end(&self.file, end, self.length, ends_quoted)?;
        Ok(Some((from, to)))
    }

    /// Whether a chunk starts inside quotes; hands on whether the next one does.
    fn parity_of(&self, number: u64, is_odd: bool) -> Result<bool> {
        let mut shared = self.shared();
        while shared.parity.0 != number {
            if self.is_irregular.load(Ordering::Acquire) {
                return Err(irregular());
            }
            shared = self.parity_known.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
        let starts_quoted = shared.parity.1;
        shared.parity = (number + 1, starts_quoted != is_odd);
        self.parity_known.notify_all();
        Ok(starts_quoted)
    }

    fn note_hash(&self, number: u64, hash: u128) {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(slot) = self.shared().hashes.get_mut(at) {
            *slot = Some(hash);
        }
    }

    fn give_up(&self) {
        let _shared = self.shared();
        self.is_irregular.store(true, Ordering::Release);
        self.parity_known.notify_all();
    }

    fn shared(&self) -> MutexGuard<'_, Shared<'o>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct FromStart<'f> {
    file: &'f File,
    position: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(self.file, buffer, self.position)?;
        self.position += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

/// Gives up where a thread panics, so that others do not wait for the parity of its chunk.
struct OnPanic<'c, 'o>(&'c Chunks<'o>);

impl Drop for OnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}

/// Never seen by a caller: the file is read again.
fn irregular() -> Error {
    Error::new(ErrorCode::ParseBadRow, "the rows are not regular")
}

fn digest_of(length: u64, hashes: &[Option<u128>]) -> InputDigest {
    Content::of_blocks(length, hashes.iter().flatten().copied()).digest()
}

/// Bytes of a page of memory.
const PAGE: usize = 1 << 12;

/// The bytes of a chunk, one before it and the rest of its last row.
#[derive(Default)]
struct Chunk {
    /// What was read before stays behind the bytes: memory is cleared once, not for each chunk.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads the bytes from `from` to `to`, at the place in their page that they have in the file: copying to a place
    /// some bytes behind that of the source takes two to four times as long.
    fn fill(&mut self, file: &File, from: u64, to: u64) -> Result<()> {
        let wanted = usize::try_from(from % PAGE as u64).unwrap_or(0);
        let room = PAGE + usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX).saturating_add(TAIL);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        self.start = wanted.wrapping_sub(self.buffer.as_ptr().addr()) % PAGE;
        self.end = self.start;
        self.append(file, from, to)
    }

    /// Reads the bytes from `from` to `to` behind those there are.
    fn append(&mut self, file: &File, from: u64, to: u64) -> Result<()> {
        let start = self.end;
        let end = start.saturating_add(usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX));
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        read_whole_at(file, self.buffer.get_mut(start..end).unwrap_or_default(), from)?;
        self.end = end;
        Ok(())
    }

    fn push(&mut self, byte: u8) {
        self.buffer.truncate(self.end);
        self.buffer.push(byte);
        self.end = self.buffer.len();
    }

    /// Where the first row behind an unquoted line feed starts; the byte at `from` is the one before the chunk, and
    /// `is_quoted` says whether the byte after it starts inside quotes.
    fn row_start(&self, from: usize, is_quoted: bool) -> Option<usize> {
        let first = *self.bytes().get(from)?;
        let mut is_quoted = is_quoted != (first == b'"');
        for (at, byte) in self.bytes().iter().enumerate().skip(from) {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\n' if !is_quoted => return Some(at + 1),
                _ => {}
            }
        }
        None
    }

    /// Where the last row ends, read from the file as far as needed. A last row without line feed gets one.
    fn row_end(&mut self, file: &File, mut at: u64, length: u64, mut is_quoted: bool) -> Result<usize> {
        if self.bytes().ends_with(b"\n") && !is_quoted {
            return Ok(self.bytes().len());
        }
        let own = self.bytes().len();
        while at < length && self.bytes().len() - own < ROW_MAX {
            let next = length.min(at + TAIL as u64);
            let seen = self.bytes().len();
            self.append(file, at, next)?;
            for (place, byte) in self.bytes().iter().enumerate().skip(seen) {
                match byte {
                    b'"' => is_quoted = !is_quoted,
                    b'\n' if !is_quoted => return Ok(place + 1),
                    _ => {}
                }
            }
            at = next;
        }
        // Whether a row that has no end is too long follows from where it starts: the one thread says it.
        if at < length || is_quoted || self.bytes().len() - own > ROW_MAX / 2 {
            return Err(irregular());
        }
        self.push(b'\n');
        Ok(self.bytes().len())
    }
}
