//! Rows told by their separators, patterns and chunks against rows parsed one by one: the same bill or the same error.

use std::io::Write as _;

use proptest::prelude::*;

use super::HEADER;
use crate::bill::{Bill, BillOptions, KeepIntervals};
use crate::error::{Error, Result};
use crate::read::ScanOptions;
use crate::read::blocks::Blocks;
use crate::read::collect::{Collector, Purpose, bills, only_bill};
use crate::read::csv::chunks::{Chunks, Part};
use crate::read::csv::read_rows;
use crate::read::csv::rows::Rows;
use crate::read::progress::{Progress, Watch};

/// Content in blocks of any size.
struct Cut<'b>(std::slice::Chunks<'b, u8>);

impl Blocks for Cut<'_> {
    fn next_block(&mut self, block: &mut Vec<u8>) -> Result<()> {
        block.clear();
        block.extend(self.0.next().unwrap_or_default());
        Ok(())
    }
}

fn options() -> ScanOptions {
    let bill =
        BillOptions { tag_keys: vec!["team".to_owned()], keep_intervals: KeepIntervals::All, ..BillOptions::default() };
    ScanOptions { bill, ..ScanOptions::default() }
}

/// A bill without the digest of its input, which depends on how it is cut into blocks; or what the error says.
pub(super) type Outcome = std::result::Result<(Bill, String), String>;

pub(super) fn told(result: Result<Bill>) -> Outcome {
    let text = |error: Error| format!("{error:?}");
    let bill = result.map_err(text)?;
    let findings = format!("{:?}", bill.diagnostics().map_err(text)?.list());
    let mut saved = Vec::new();
    bill.save(&mut saved).map_err(text)?;
    let saved = String::from_utf8(saved).unwrap();
    let (head, charges) = saved.split_once('\n').unwrap();
    let mut head: serde_json::Value = serde_json::from_str(head).unwrap();
    head["inputs"] = serde_json::Value::Array(Vec::new());
    Ok((Bill::load(format!("{head}\n{charges}").as_bytes()).map_err(text)?, findings))
}

fn sequential(content: &[u8], block: usize, options: &ScanOptions, parsed: bool) -> Outcome {
    let (progress, mut collector) = (Progress::default(), Collector::new(options, Purpose::Bill));
    let blocks = Cut(content.chunks(block));
    let rows = if parsed { Rows::parsed(blocks) } else { Rows::new(blocks) };
    collector.wants(None, "bill.csv");
    let read = read_rows("bill.csv", None, rows, &mut collector, Watch::alone(&progress));
    told(read.and_then(|()| bills(vec![collector])).and_then(only_bill))
}

/// `None` where the file is not regular, or too small for the chunk.
fn in_chunks(content: &[u8], chunk: u64, threads: usize, options: &ScanOptions) -> Option<Outcome> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    let length = content.len() as u64;
    let chunks = Chunks::cut(file, length, chunk, "bill.csv", None, threads, options)?;
    let progress = Progress::default();
    let parts: Vec<Part<'_>> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(|| chunks.read(0, Watch::alone(&progress)))).collect();
        started.into_iter().map(|part| part.join().unwrap()).collect()
    });
    parts.into_iter().find_map(|part| match part {
        Part::Whole { read, .. } => Some(told(bills(read).and_then(only_bill))),
        Part::Done | Part::Irregular => None,
    })
}

/// Rows that repeat, with now and then what only the parser can tell.
fn content() -> impl Strategy<Value = String> {
    let cost = prop::sample::select(vec!["0.5", "-1", "1e-7", "-0", "", "x", "0.1234567890123456789", "12.5"]);
    let resource = prop::sample::select(vec!["i-1", "vol-1", "", "\"\"", "b\"c", "\"a\"\"b\"", "\"new\nline\"", "é"]);
    let description =
        prop::sample::select(vec!["\"$0.1 per hour, Linux\"", "Credit", "Refund", "\"say \"\"hi\"\"\"", ""]);
    let tag = prop::sample::select(vec!["a", "\"a\"", "b,c", "\"b,c\"", ""]);
    let hour = 0u32..30;
    let row = (hour, cost, resource, description, tag).prop_map(|(hour, cost, resource, description, tag)| {
        super::usage(hour, cost, resource, tag).replace("\"$0.1 per hour, Linux\"", description)
    });
    let usual = (0u32..30, 0u32..3, 0u32..3)
        .prop_map(|(hour, cost, resource)| super::usage(hour, &format!("0.{cost}5"), &format!("i-{resource}"), "a"));
    let line = prop_oneof![40 => usual, 1 => row];
    let end = prop::sample::select(vec!["\n", "\n", "\n", "", "\r\n", "\n\n"]);
    (prop::collection::vec(line, 0..40), end).prop_map(|(lines, end)| format!("{HEADER}\n{}{end}", lines.join("\n")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn every_block_size_gives_what_parsing_row_by_row_gives(content in content(), block in 64usize..5000) {
        let options = options();
        let parsed = sequential(content.as_bytes(), 1 << 20, &options, true);
        prop_assert_eq!(&sequential(content.as_bytes(), 1 << 20, &options, false), &parsed);
        prop_assert_eq!(&sequential(content.as_bytes(), block, &options, false), &parsed);
    }

    #[test]
    fn every_chunk_size_and_thread_count_gives_the_same_or_asks_for_one_thread(
        content in content(),
        chunk in 600u64..5000,
        threads in 1usize..4,
    ) {
        let options = options();
        if let Some(outcome) = in_chunks(content.as_bytes(), chunk, threads, &options) {
            prop_assert_eq!(outcome, sequential(content.as_bytes(), 1 << 20, &options, true));
        }
    }
}

#[test]
fn a_usual_file_is_read_in_chunks() {
    let rows: Vec<String> = (0..200).map(|at| super::usage(at % 48, "0.25", "\"i-1\"", "\"a,b\"")).collect();
    let content = format!("{HEADER}\n{}", rows.join("\n"));
    let options = options();
    for (chunk, threads) in [(700, 1), (701, 2), (4096, 3), (1 << 20, 2)] {
        let outcome =
            in_chunks(content.as_bytes(), chunk, threads, &options).unwrap_or_else(|| panic!("{chunk} {threads}"));
        assert_eq!(outcome, sequential(content.as_bytes(), 1 << 20, &options, true), "{chunk} {threads}");
    }
}
