//! What must hold for any rows: cuts, order, threads, merging, saving, and agreement with a naive reader.

use std::collections::BTreeMap;
use std::io::Cursor;

use proptest::prelude::*;

use super::{HEADER, csv, usage};
use crate::bill::{Bill, BillOptions, KeepIntervals};
use crate::money::{Amount, Currency};
use crate::read::{Input, Progress, ScanOptions, scan, scan_reader};

fn options(threads: usize) -> ScanOptions {
    let bill =
        BillOptions { tag_keys: vec!["team".into()], keep_intervals: KeepIntervals::All, ..BillOptions::default() };
    let period = "2016-06".parse().ok();
    ScanOptions { bill, period, threads, max_bad_rows: u64::MAX, ..ScanOptions::default() }
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    let row = (0u32..600, -2_000_000i64..2_000_000, 0usize..6, 0usize..3, 0usize..12).prop_map(
        |(hour, cost, resource, team, shape)| {
            let resource = ["", "i-1", "i-2", "vol-1", "arn:aws:ec2:us-west-2:1:volume/vol-1", "bucket"][resource];
            let team = ["", "web", "\"data, \"\"ml\"\"\nops\""][team];
            let row = usage(hour, &format!("{cost}e-6"), resource, team);
            match shape {
                0 => row.replace("11111111", "Estimated"),
                1 => row.replace("LineItem", "AccountTotal"),
                2 => row.replace("LineItem", "Mystery"),
                3 => row.replace("0.1 per hour", "0.1 per hour (744 hours purchased, 1 hours used)"),
                4 if !row.contains('\n') => format!("{row},"),
                5 => row.replace("e-6", "e-19"),
                6 => row.replace(":00:00,", ":00:00Z,"),
                _ => row,
            }
        },
    );
    prop::collection::vec(row, 0..40)
}

/// Cuts rows into files; each carries its number so that no two are the same.
fn cut(rows: &[String], cuts: &[usize]) -> Vec<Vec<String>> {
    let mut files = vec![Vec::new(); 4];
    for (at, row) in rows.iter().enumerate() {
        files[cuts.get(at).copied().unwrap_or(0) % 4].push(row.clone());
    }
    files
        .into_iter()
        .enumerate()
        .map(|(at, rows)| {
            let mut file = rows;
            file.push(usage(0, "0", &format!("file-{at}"), ""));
            file
        })
        .collect()
}

fn scan_files(files: &[Vec<String>], threads: usize) -> Bill {
    let inputs = files.iter().enumerate();
    let inputs = inputs.map(|(at, rows)| Input::stream(format!("{at}.csv"), Cursor::new(csv(rows).into_bytes())));
    scan(inputs.collect(), &options(threads), &Progress::new()).unwrap()
}

fn saved(bill: &Bill) -> Vec<u8> {
    let mut bytes = Vec::new();
    bill.save(&mut bytes).unwrap();
    bytes
}

/// All that a bill says but the identity of its files and where findings were.
fn content(bill: &Bill) -> String {
    let diagnostics = bill.diagnostics().unwrap().list();
    let facts: Vec<_> = diagnostics.iter().map(|d| (d.code, d.count, d.message.clone())).collect();
    let gaps = bill.completeness();
    format!("{:?} {facts:?} {gaps:?} {:?} {}", bill.charges(), bill.digest(), bill.excluded(Currency::USD).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_change_nothing_byte_for_byte(rows in rows(), cuts in prop::collection::vec(0usize..4, 40)) {
        let files = cut(&rows, &cuts);
        let one = saved(&scan_files(&files, 1));
        for threads in [2, 7] {
            prop_assert_eq!(&saved(&scan_files(&files, threads)), &one);
        }
    }

    #[test]
    fn cuts_and_order_change_no_content(rows in rows(), cuts in prop::collection::vec(0usize..4, 40)) {
        let files = cut(&rows, &cuts);
        let mut whole: Vec<String> = files.concat();
        let expected = content(&scan_files(&files, 2));
        prop_assert_eq!(content(&scan_files(&[whole.clone()], 1)), expected.clone());
        whole.reverse();
        prop_assert_eq!(content(&scan_files(&[whole], 1)), expected);
    }

    #[test]
    fn merging_is_associative_and_commutative_with_an_identity(
        rows in rows(),
        cuts in prop::collection::vec(0usize..4, 40),
    ) {
        let files = cut(&rows, &cuts);
        let whole = scan_files(&files, 1);
        let parts: Vec<Bill> = files.iter().enumerate().map(|(at, rows)| {
            scan_reader(&format!("{at}.csv"), csv(rows).as_bytes(), &options(1)).unwrap()
        }).collect();
        let [a, b, c, d] = <[Bill; 4]>::try_from(parts).unwrap();
        let left = a.clone().merge(b.clone()).unwrap().merge(c.clone()).unwrap().merge(d.clone()).unwrap();
        let right = d.merge(c).unwrap().merge(b.merge(a).unwrap()).unwrap();
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(saved(&left), saved(&whole));
        prop_assert_eq!(Bill::default().merge(left.clone()).unwrap(), left.clone());
        prop_assert_eq!(left.clone().merge(Bill::default()).unwrap(), left);
    }

    #[test]
    fn a_saved_bill_loads_as_an_equal_one(rows in rows()) {
        let bill = scan_files(&[rows], 1);
        let bytes = saved(&bill);
        let loaded = Bill::load(bytes.as_slice()).unwrap();
        prop_assert_eq!(&loaded, &bill);
        prop_assert_eq!(loaded.digest().unwrap(), bill.digest().unwrap());
        prop_assert_eq!(saved(&loaded), bytes);
    }

    #[test]
    fn sums_agree_with_a_naive_reader(
        rows in rows(),
        newline in prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n"]),
    ) {
        let text = format!("{HEADER}{newline}{}", rows.join(newline));
        let bill = scan_reader("a.csv", text.as_bytes(), &options(1)).unwrap();
        prop_assert_eq!(sums_of(&bill), naive_sums(&text));
    }
}

type Sums = BTreeMap<[String; 5], Amount>;

fn sums_of(bill: &Bill) -> Sums {
    let mut sums = Sums::new();
    for charge in bill.charges() {
        let key = charge.key();
        let invoice = key.invoice_id().unwrap_or_default();
        let key = [key.usage_account(), invoice, key.resource_id(), key.tag(0).unwrap_or_default(), key.region()];
        let sum = sums.entry(key.map(str::to_owned)).or_default();
        *sum = sum.checked_add(charge.amount()).unwrap();
    }
    sums
}

/// The `csv` crate with owned rows by name; counts the rows that the generator makes well-formed.
fn naive_sums(text: &str) -> Sums {
    let mut sums = Sums::new();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    for record in reader.records() {
        let record = record.unwrap();
        if record.len() != header.len() {
            continue;
        }
        let row: BTreeMap<&str, &str> = header.iter().zip(record.iter()).collect();
        if row["RecordType"] == "AccountTotal" {
            continue;
        }
        let resource = row["ResourceId"].rsplit('/').next().unwrap();
        let region = row["AvailabilityZone"].trim_end_matches(char::is_alphabetic);
        let key = [row["LinkedAccountId"], row["InvoiceID"], resource, row["user:team"], region];
        let cost = Amount::parse(row["UnBlendedCost"]).unwrap().amount;
        let sum = sums.entry(key.map(str::to_owned)).or_default();
        *sum = sum.checked_add(cost).unwrap();
    }
    sums
}
