//! Rows of charges: each row belongs to the charge that it was summed into, wherever and however it is read.

use std::io;

use super::{csv, usage};
use crate::bill::{Bill, BillOptions, Charge};
use crate::error::{ErrorCode, Result};
use crate::money::Amount;
use crate::read::{BillRow, Input, Progress, ScanOptions, find_inputs, rows_of, scan};

fn stream(name: &str, text: &str) -> Input {
    Input::stream(name, io::Cursor::new(text.as_bytes().to_vec()))
}

fn options(threads: usize) -> ScanOptions {
    let bill = BillOptions { tag_keys: vec!["user:team".into()], ..BillOptions::default() };
    ScanOptions { bill, threads, period: Some("2016-06".parse().unwrap()), ..ScanOptions::default() }
}

/// Rows that repeat, in two files.
fn texts() -> [(&'static str, String); 2] {
    let rows = |from: u32| {
        (from..from + 40).map(|hour| {
            usage(
                hour,
                if hour % 2 == 0 { "0.25" } else { "-1" },
                ["i-1", "i-2", ""][hour as usize % 3],
                ["a", ""][hour as usize % 2],
            )
        })
    };
    [("a.csv", csv(&rows(0).collect::<Vec<_>>())), ("b.csv", csv(&rows(40).collect::<Vec<_>>()))]
}

fn rows(bill: &[(&str, String)], charges: &[&Charge], most: usize, threads: usize) -> Result<Vec<BillRow>> {
    let inputs = bill.iter().map(|(name, text)| stream(name, text)).collect();
    rows_of(inputs, &options(threads), charges, most, &Progress::new())
}

fn bill() -> Bill {
    scan(texts().iter().map(|(name, text)| stream(name, text)).collect(), &options(1), &Progress::new()).unwrap()
}

#[test]
fn the_rows_of_each_charge_sum_to_it_and_no_row_is_of_two() {
    let bill = bill();
    let mut all = Vec::new();
    for charge in bill.charges() {
        let of_charge = rows(&texts(), &[charge], usize::MAX, 2).unwrap();
        assert_eq!(of_charge.len() as u64, charge.rows());
        assert_eq!(Amount::sum(of_charge.iter().map(|row| row.cost)).unwrap(), charge.amount());
        all.extend(of_charge);
    }
    all.sort();
    let places: Vec<_> = all.iter().map(|row| (row.file.as_str(), row.row)).collect();
    let expected = ["a.csv", "b.csv"].into_iter().flat_map(|file| (2..42).map(move |row| (file, row)));
    assert_eq!(places, expected.collect::<Vec<_>>());
    assert_eq!(all[1].cost.to_string(), "-1");
}

#[test]
fn the_first_rows_by_file_and_place_are_listed_whatever_the_threads() {
    let bill = bill();
    let charges: Vec<&Charge> = bill.charges().iter().filter(|charge| charge.key().resource_id() == "i-2").collect();
    let expected = rows(&texts(), &charges, usize::MAX, 1).unwrap();
    assert_eq!(expected.iter().take(3).map(|row| row.row).collect::<Vec<_>>(), [3, 6, 9]);
    for (threads, most) in [(1, 20), (2, 20), (7, 3), (7, 0)] {
        assert_eq!(rows(&texts(), &charges, most, threads).unwrap(), expected[..most.min(expected.len())]);
    }
}

#[test]
fn a_plain_file_that_is_scanned_in_chunks_gives_its_rows_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv").display().to_string();
    let many: Vec<String> =
        (0..40_000).map(|row| usage(row % 48, "0.25", "", if row == 39_000 { "a" } else { "" })).collect();
    std::fs::write(&path, csv(&many)).unwrap();
    let inputs = || find_inputs(std::slice::from_ref(&path)).unwrap();
    let bill = scan(inputs(), &options(4), &Progress::new()).unwrap();
    let charge = bill.charges().iter().find(|charge| charge.key().has_tag(0)).unwrap();
    let found = rows_of(inputs(), &options(4), &[charge], 9, &Progress::new()).unwrap();
    assert_eq!(found, [BillRow { file: path.clone(), row: 39_002, cost: "0.25".parse().unwrap() }]);
}

#[test]
fn other_files_than_those_of_the_bill_are_refused() {
    let bill = bill();
    let charges: Vec<&Charge> = bill.charges().iter().collect();
    let error = rows(&texts()[..1], &charges, 5, 1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBadValue);
    assert!(error.to_string().starts_with("the inputs hold 40 rows of the explained charges, the bill 80"), "{error}");
}

#[cfg(unix)]
#[test]
fn what_can_be_read_only_once_is_refused() {
    let inputs = find_inputs(&["/dev/null".to_owned()]).unwrap();
    let error = rows_of(inputs, &options(1), &[], 5, &Progress::new()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBadValue);
    assert!(error.to_string().contains("only once"));
}
