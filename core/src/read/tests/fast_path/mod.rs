//! Rows told by their separators, patterns and chunks against rows parsed one by one: the same bill or the same error,
//! whatever the size of a block or chunk, the threads and the instructions.

pub(super) mod bases;
mod files;
mod forms;
mod hostile;
mod repeating;

use std::io::Write as _;

use crate::bill::{Bill, BillOptions, KeepIntervals};
use crate::error::{Error, Result};
use crate::read::ScanOptions;
use crate::read::blocks::{Blocks, Content};
use crate::read::collect::{Collector, Purpose, bills, only_bill};
use crate::read::csv::Level;
use crate::read::csv::chunks::{Chunks, Part};
use crate::read::csv::read_rows;
use crate::read::csv::rows::Rows;
use crate::read::progress::{Progress, Watch};

const NAME: &str = "bill.csv";
/// A block that is larger than the contents here.
const WHOLE: usize = 1 << 20;

/// Content in blocks of any size.
struct Cut<'b>(std::slice::Chunks<'b, u8>);

impl Blocks for Cut<'_> {
    fn next_block(&mut self, block: &mut Vec<u8>) -> Result<()> {
        block.clear();
        block.extend(self.0.next().unwrap_or_default());
        Ok(())
    }
}

/// How a content is read.
#[derive(Clone, Copy, Debug)]
struct Way {
    level: Level,
    /// Bytes of a block or chunk.
    size: usize,
    /// Threads that read chunks; 0 for blocks, one after the other.
    threads: usize,
}

/// What is said of a bill, but for the hash of its input, which depends on how that is cut; or what the error says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::read) struct Said {
    head: serde_json::Value,
    charges: Vec<u8>,
    findings: String,
    rows: u64,
}

impl Said {
    /// Number of charges.
    pub(super) fn charges(&self) -> usize {
        // The last line counts them.
        self.charges.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() - 1
    }
}

pub(super) type Outcome = std::result::Result<Said, String>;

/// The outcome, and the digests of its inputs.
pub(super) fn said(result: Result<Bill>, rows: u64) -> (Outcome, serde_json::Value) {
    let of_bill = |bill: Bill| {
        let findings = format!("{:?}", bill.diagnostics()?.list());
        let mut saved = Vec::new();
        bill.save(&mut saved)?;
        Ok((findings, saved))
    };
    let (findings, saved) = match result.and_then(of_bill) {
        Ok(said) => said,
        Err(error) => return (Err(all_of(&error)), serde_json::Value::Null),
    };
    let end = saved.iter().position(|byte| *byte == b'\n').unwrap();
    let mut head: serde_json::Value = serde_json::from_slice(&saved[..end]).unwrap();
    let inputs = head["inputs"].take();
    (Ok(Said { head, charges: saved[end..].to_vec(), findings, rows }), inputs)
}

fn all_of(error: &Error) -> String {
    format!("{error:?}")
}

/// Content with what reading it row by row says.
struct Case<'c> {
    content: &'c [u8],
    options: &'c ScanOptions,
    expected: Outcome,
    has_rows: bool,
    file: std::fs::File,
}

impl<'c> Case<'c> {
    fn of(content: &'c [u8], options: &'c ScanOptions) -> Self {
        let (expected, inputs) = in_blocks(Rows::parsed(Cut(content.chunks(WHOLE))), options);
        let has_rows = inputs.as_array().is_some_and(|inputs| !inputs.is_empty());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Self { content, options, expected, has_rows, file }
    }

    /// Reads it one way; whether its rows were told from chunks.
    fn check(&self, way: Way) -> bool {
        let Way { level, size, threads } = way;
        let read = match threads {
            0 => Some(in_blocks(Rows::at_level(Cut(self.content.chunks(size)), level), self.options)),
            _ => self.in_chunks(way),
        };
        let Some((outcome, inputs)) = read else { return false };
        assert!(outcome == self.expected, "{}", self.difference(way, &outcome));
        if outcome.is_ok() && self.has_rows {
            let mut content = Content::default();
            self.content.chunks(size).for_each(|block| content.add(block));
            assert_eq!(inputs, serde_json::json!([content.digest()]), "{way:?}");
        }
        threads > 0
    }

    /// `None` where the file is not regular, or its header larger than a chunk: then it is read by one thread.
    fn in_chunks(&self, way: Way) -> Option<(Outcome, serde_json::Value)> {
        let Way { level, size, threads } = way;
        let (file, length) = (self.file.try_clone().unwrap(), self.content.len() as u64);
        let chunks = Chunks::cut(file, length, size as u64, NAME, None, threads, self.options)?.at_level(level);
        let progress = Progress::default();
        let parts: Vec<Part<'_>> = std::thread::scope(|scope| {
            let started: Vec<_> =
                (1..threads).map(|_| scope.spawn(|| chunks.read(0, Watch::alone(&progress)))).collect();
            let own = chunks.read(0, Watch::alone(&progress));
            started.into_iter().map(|part| part.join().unwrap()).chain([own]).collect()
        });
        parts.into_iter().find_map(|part| match part {
            Part::Whole { read, rows } => Some(said(bills(read).and_then(only_bill), rows)),
            Part::Done | Part::Irregular => None,
        })
    }

    /// Where the two first differ, with what is around it.
    fn difference(&self, way: Way, outcome: &Outcome) -> String {
        let (read, expected) = (text_of(outcome), text_of(&self.expected));
        let same = read.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| {
            let bytes = text.as_bytes();
            let window = &bytes[same.saturating_sub(200)..bytes.len().min(same + 300)];
            String::from_utf8_lossy(window).into_owned()
        };
        format!("{way:?} says\n{}\nnot\n{}", around(&read), around(&expected))
    }
}

fn text_of(outcome: &Outcome) -> String {
    match outcome {
        Ok(Said { head, charges, findings, rows }) => {
            format!("{rows} rows\n{head}\n{}\n{findings}", String::from_utf8_lossy(charges))
        }
        Err(error) => error.clone(),
    }
}

fn in_blocks(rows: Rows<Cut<'_>>, options: &ScanOptions) -> (Outcome, serde_json::Value) {
    let (progress, mut collector) = (Progress::default(), Collector::new(options, Purpose::Bill));
    collector.wants(None, NAME);
    let read = read_rows(NAME, None, rows, &mut collector, Watch::alone(&progress));
    said(read.and_then(|()| bills(vec![collector])).and_then(only_bill), progress.rows())
}

/// Sizes of blocks and chunks, from the smallest that is looked at together to more than the whole.
fn sizes(length: usize) -> Vec<usize> {
    let powers = (6..).map(|power| 1 << power).take_while(|size| *size < length);
    let odd = [65, 67, 100, 127, 129, 191, 257, 509, 777, 1021, 1500, 4093, 10_007, 65_537];
    let mut sizes: Vec<usize> = powers.chain(odd).chain([length.saturating_sub(1), length, length + 1]).collect();
    sizes.retain(|size| (64..=length + 1).contains(size));
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Every size, by blocks and by one to four threads, at every level.
fn ways(length: usize) -> impl Iterator<Item = Way> {
    let of_size = |size| (0..=4).map(move |threads| (size, threads));
    let of_level = |(size, threads)| Level::available().map(move |level| Way { level, size, threads });
    sizes(length).into_iter().flat_map(of_size).flat_map(of_level)
}

fn asking(tag_key: &str) -> ScanOptions {
    let bill = BillOptions {
        tag_keys: vec![tag_key.to_owned()],
        keep_intervals: KeepIntervals::All,
        ..BillOptions::default()
    };
    ScanOptions { bill, ..ScanOptions::default() }
}

/// As [`asking`], where no intervals are kept: rows that say what one before said are only counted.
fn summing(tag_key: &str) -> ScanOptions {
    let asking = asking(tag_key);
    ScanOptions { bill: BillOptions { keep_intervals: KeepIntervals::None, ..asking.bill }, ..asking }
}
