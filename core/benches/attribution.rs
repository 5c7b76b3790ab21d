//! What comes after the scan: the split kernel, joins of intervals, and whole attributions.
//!
//! ```text
//! cargo bench -p unblended --features cli --bench attribution
//! ```
#![allow(clippy::unwrap_used, reason = "a benchmark may fail loudly")]

use std::fmt::Write as _;
use std::fs;

use divan::{Bencher, black_box};
use unblended::{
    Alone, Amount, Attribution, Bill, BillOptions, DemoOptions, Encoding, Evidence, EvidenceBuilder, EvidenceOptions,
    Input, Interval, KeepIntervals, Policy, Progress, Report, ReservationBook, ScanOptions, Timestamp, attribute, demo,
    scan, scan_reader, split, union,
};

const CHARGES: usize = 100_000;

fn main() {
    divan::main();
}

/// Amounts whose products with weights fit in 128 bits, and amounts whose do not.
#[divan::bench(args = ["1.675", "1234567890.123456789"], consts = [2, 16, 256])]
fn split_over<const PARTS: usize>(bencher: Bencher<'_, '_>, amount: &str) {
    let amount: Amount = amount.parse().unwrap();
    let weights: Vec<(usize, u128)> = (0..PARTS).map(|key| (key, 3_600_000 * (128 + key as u128))).collect();
    bencher.bench(|| split(black_box(amount), black_box(&weights)).unwrap());
}

/// Ten thousand intervals, in no order, half of which overlap.
#[divan::bench]
fn interval_union(bencher: Bencher<'_, '_>) {
    let intervals: Vec<Interval> = (0..10_000i64)
        .map(|at| at * 7_919 % 10_000)
        .map(|at| (Timestamp::from_millis(at * 1000), Timestamp::from_millis(at * 1000 + 500 + at % 2 * 1000)))
        .map(|(start, end)| Interval::new(start, end))
        .collect();
    bencher.with_inputs(|| intervals.clone()).bench_values(union);
}

/// Resources of four products in three accounts, every third with no tag.
fn bill_of_resources() -> Bill {
    let mut text = String::from(
        "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,ProductName,UsageType,Operation,AvailabilityZone,\
         ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,UnBlendedCost,ResourceId,user:team\n",
    );
    let products =
        ["Amazon Elastic Compute Cloud", "Amazon Simple Storage Service", "Amazon RDS Service", "AWS Lambda"];
    let teams = ["web", "", "data", "ops", "", "api"];
    for (at, (product, team)) in products.iter().cycle().zip(teams.iter().cycle()).take(CHARGES).enumerate() {
        let account = 111_111_111_111 * (1 + at % 3);
        let _ = writeln!(
            text,
            "1,111111111111,{account},LineItem,{product},USW2-Usage:{},Run,us-west-2a,usage,\
             2016-06-01 00:00:00,2016-06-01 01:00:00,1,0.{at:06},arn:aws:x:::resource/{at:08x},{team}",
            at % 50
        );
    }
    let bill = BillOptions { tag_keys: vec!["team".into()], ..BillOptions::default() };
    let options = ScanOptions { bill, ..ScanOptions::default() };
    let bill = scan_reader("bill.csv", text.as_bytes(), &options).unwrap();
    assert_eq!(bill.charges().len(), CHARGES);
    bill
}

const BY_TAG: &str = "areas.tag_keys = ['team']";
const BY_RULES: &str = "
areas.tag_keys = ['team']
areas.aliases = { web = 'website' }
areas.accounts = { '222222222222' = 'second' }
[[rules]]
id = 'storage'
match = { product = '*Storage*', resource = '*7?' }
split = { web = '0.25', data = '0.75' }
[[rules]]
id = 'functions'
match = { product = 'AWS Lambda', usage_type = ['*:1', '*:2?'] }
area = 'api'
";

fn report(bill: &Bill, policy: &Policy, evidence: &Evidence, as_of: Timestamp) -> Report {
    let reservations = &ReservationBook::default();
    attribute(&Attribution { bill, policy, evidence, reservations, currency: None, as_of, workers: &Alone }).unwrap()
}

/// A bill that was scanned, attributed with another policy: no rows are read again.
#[divan::bench(args = ["by_tag", "by_rules"], sample_count = 20, sample_size = 1)]
fn hundred_thousand_charges(bencher: Bencher<'_, '_>, policy: &str) {
    let policy = if policy == "by_tag" { BY_TAG } else { BY_RULES };
    let (bill, policy) = (bill_of_resources(), Policy::from_toml(policy).unwrap());
    let as_of = "2016-07-05 00:00:00".parse().unwrap();
    bencher.bench(|| report(&bill, &policy, &Evidence::default(), as_of));
}

/// A month of 200 instances, hour by hour over their tasks, with volumes that follow instances.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn fleet(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let options = DemoOptions { rows: 300_000, instances: 200, ..DemoOptions::new("2016-06".parse().unwrap()) };
    let files = demo(dir.path(), &options).unwrap();
    let policy = Policy::from_toml(&fs::read_to_string(&files.policy).unwrap()).unwrap();
    let mut evidence = EvidenceBuilder::new();
    for path in [&files.tasks, &files.instances, &files.volumes] {
        evidence.add_path(path.to_str().unwrap()).unwrap();
    }
    evidence.add_services_path(files.services.to_str().unwrap(), Encoding::Auto).unwrap();
    let as_of = files.as_of;
    let evidence = evidence.finish(&EvidenceOptions { default_cpu: policy.containers.default_cpu, as_of }).unwrap();
    let keep_intervals = KeepIntervals::Of(evidence.resources().map(str::to_owned).collect());
    let bill = BillOptions { tag_keys: policy.tag_keys(), keep_intervals, ..BillOptions::default() };
    let options = ScanOptions { bill, ..ScanOptions::default() };
    let bill = scan(vec![Input::path(files.bill)], &options, &Progress::new()).unwrap();
    bencher.bench(|| report(&bill, &policy, &evidence, as_of));
}
