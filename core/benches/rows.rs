//! What a row and an event cost: decimals, times, classification, the scan in memory, task events.
//!
//! ```text
//! cargo bench -p unblended --features cli --bench rows
//! ```
#![allow(clippy::unwrap_used, reason = "a benchmark may fail loudly")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use tempfile::TempDir;
use unblended::{
    Amount, BillOptions, DemoFiles, DemoOptions, EvidenceBuilder, EvidenceOptions, KeepIntervals, LineItem,
    ScanOptions, Timestamp, classify, demo, scan_reader,
};
use zip::ZipArchive;

/// A million rows would not fit in the caches either, and would take ten times as long.
const ROWS: u64 = 100_000;

fn main() {
    divan::main();
}

fn month(rows: u64, instances: u32) -> (TempDir, DemoFiles) {
    let dir = tempfile::tempdir().unwrap();
    let options = DemoOptions { rows, instances, ..DemoOptions::new("2016-06".parse().unwrap()) };
    let files = demo(dir.path(), &options).unwrap();
    (dir, files)
}

/// The Detailed Billing Report of a demo month, unzipped.
fn bill() -> Vec<u8> {
    let (_dir, files) = month(ROWS, 12);
    let mut archive = ZipArchive::new(File::open(files.bill).unwrap()).unwrap();
    let mut text = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
    text
}

#[divan::bench(args = ["0", "1.67500000", "0.0000166667", "-123456.789", "1.2e-7"])]
fn decimal(text: &str) -> Amount {
    Amount::parse(black_box(text)).unwrap().amount
}

#[divan::bench(args = ["2016-06-01 00:00:00", "2016-06-01T00:00:00Z"])]
fn time(text: &str) -> Timestamp {
    black_box(text).parse().unwrap()
}

const INSTANCE: &str = r#"{"dialect": "dbr", "line_item_type": "LineItem", "cost": "1.675", "resource_id": "i-1"}"#;
const PROSE: &str = r#"{"dialect": "dbr", "line_item_type": "LineItem", "cost": "0.01", "operation": "PutObject",
    "description": "$0.005 per 1,000 PUT, COPY, POST, or LIST requests"}"#;
const CUR: &str = r#"{"dialect": "cur", "line_item_type": "Usage", "cost": "1.675"}"#;

#[divan::bench(args = ["dbr_instance", "dbr_prose", "cur"])]
fn classified(bencher: Bencher<'_, '_>, item: &str) {
    let item = match item {
        "dbr_instance" => INSTANCE,
        "dbr_prose" => PROSE,
        _ => CUR,
    };
    let item: LineItem<'_> = serde_json::from_str(item).unwrap();
    bencher.bench(|| classify(black_box(&item)));
}

/// `all` keeps the hours of every instance and volume, `none` those of nobody.
#[divan::bench(args = ["none", "all"], sample_count = 10, sample_size = 1)]
fn scan(bencher: Bencher<'_, '_>, keep: &str) {
    let keep_intervals = if keep == "all" { KeepIntervals::All } else { KeepIntervals::None };
    let bill_options = BillOptions { tag_keys: vec!["product_area".into()], keep_intervals, ..BillOptions::default() };
    let options = ScanOptions { bill: bill_options, ..ScanOptions::default() };
    let text = bill();
    bencher
        .counter(BytesCount::new(text.len()))
        .counter(ItemsCount::new(ROWS))
        .bench(|| scan_reader("bill.csv", text.as_slice(), &options).unwrap());
}

/// Task events of 200 instances, in the order they were delivered, into runs.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn task_events(bencher: Bencher<'_, '_>) {
    let (_dir, files) = month(1, 200);
    let text = fs::read(files.tasks).unwrap();
    let events = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let options = EvidenceOptions { default_cpu: 128, as_of: files.as_of };
    bencher.counter(BytesCount::new(text.len())).counter(ItemsCount::new(events)).bench(|| {
        let mut evidence = EvidenceBuilder::new();
        evidence.add("tasks.jsonl", &text).unwrap();
        evidence.finish(&options).unwrap()
    });
}

/// The normalized table of those tasks' runs, read from a file in parts where it is large.
#[divan::bench(args = [20_000, 200_000], sample_count = 10, sample_size = 1)]
fn task_table(bencher: Bencher<'_, '_>, runs: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tasks.csv");
    let mut text = String::from("task,cluster,service,instance,cpu,memory,started,stopped\n");
    for run in 0..runs {
        let (host, service) = (run % 200, run % 17);
        let _ = writeln!(
            text,
            "arn:aws:ecs:us-west-2:111111111111:task/main/{:032x},arn:aws:ecs:us-west-2:111111111111:cluster/main,\
             service-{service},i-{host:017x},256,512,2016-06-01T21:23:49.057Z,2016-06-02T07:28:45.961Z",
            run * 7_919
        );
    }
    fs::write(&path, &text).unwrap();
    let options = EvidenceOptions { default_cpu: 128, as_of: Timestamp::MAX };
    bencher.counter(BytesCount::new(text.len())).counter(ItemsCount::new(runs)).bench(|| {
        let mut evidence = EvidenceBuilder::new();
        evidence.add_path(path.to_str().unwrap()).unwrap();
        evidence.finish(&options).unwrap()
    });
}
