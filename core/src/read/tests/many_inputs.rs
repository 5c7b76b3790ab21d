//! Many inputs: directories, globs, duplicates, threads and cancellation.

use std::fs;
use std::io::{self, Read};

use super::{HEADER, billed, brief, csv, found, usage};
use crate::bill::{Bill, BillOptions};
use crate::diagnostic::DiagnosticCode;
use crate::error::{ErrorCode, Result};
use crate::read::{Input, Progress, ScanOptions, find_inputs, scan, scan_periods};

fn stream(name: &str, text: &str) -> Input {
    Input::stream(name, io::Cursor::new(text.as_bytes().to_vec()))
}

fn scan_texts(texts: &[(&str, &str)], options: &ScanOptions) -> Result<Bill> {
    scan(texts.iter().map(|(name, text)| stream(name, text)).collect(), options, &Progress::new())
}

fn report(month: &str) -> String {
    format!("123456789012-aws-billing-detailed-line-items-{month}.csv")
}

#[test]
fn the_same_content_twice_is_an_error_naming_both_unless_allowed() {
    let text = csv(&[usage(0, "1", "", "")]);
    let other = csv(&[usage(1, "1", "", "")]);
    let texts = [("c.csv", text.as_str()), ("b.csv", &other), ("a.csv", &text)];
    let error = scan_texts(&texts, &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadDuplicate);
    assert_eq!(error.to_string(), "`a.csv` and `c.csv` have the same content");
    for threads in [1, 3] {
        let options = ScanOptions { allow_duplicates: true, threads, ..ScanOptions::default() };
        let bill = scan_texts(&texts, &options).unwrap();
        assert_eq!((billed(&bill).as_str(), bill.inputs().len()), ("3", 2));
    }
}

#[test]
fn files_without_data_rows_are_never_duplicates() {
    let text = csv(&[usage(0, "1", "", "")]);
    let bill = scan_texts(&[("a", HEADER), ("b", HEADER), ("c", &text)], &ScanOptions::default()).unwrap();
    assert_eq!((bill.rows(), bill.inputs().len()), (1, 1));
}

#[test]
fn several_periods_need_a_choice_or_become_several_bills() {
    let (may, june) = (csv(&[usage(0, "1", "", "")]), csv(&[usage(0, "2", "", "")]));
    let (may_name, june_name) = (report("2016-05"), report("2016-06"));
    let texts = [(june_name.as_str(), june.as_str()), (&may_name, &may)];
    let error = scan_texts(&texts, &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadSeveralPeriods);
    assert!(error.to_string().contains("`2016-05`, `2016-06`"), "{error}");
    let options = ScanOptions { period: "2016-05".parse().ok(), ..ScanOptions::default() };
    let bill = scan_texts(&texts, &options).unwrap();
    assert_eq!(billed(&bill), "1");
    let others = found(&bill, DiagnosticCode::ReadOtherPeriod);
    assert_eq!((others.len(), others[0].count), (1, 1));
    assert!(others[0].message.contains("`2016-06`"));
    assert_eq!(others[0].location.as_ref().unwrap().file.as_deref(), Some(june_name.as_str()));
    let inputs = texts.iter().map(|(name, text)| stream(name, text)).collect();
    let bills = scan_periods(inputs, &ScanOptions::default(), &Progress::new()).unwrap();
    let amounts: Vec<_> = bills.iter().map(|(period, bill)| (period.to_string(), billed(bill))).collect();
    assert_eq!(amounts, [("2016-05".to_owned(), "1".to_owned()), ("2016-06".to_owned(), "2".to_owned())]);
}

#[test]
fn inputs_without_evidence_get_the_month_of_all_their_rows_together() {
    let june = usage(0, "1", "", "");
    let july = june.replace("2016-06", "2016-07");
    let (a, b) = (csv(std::slice::from_ref(&july)), csv(&[june.clone(), june.clone()]));
    let bill = scan_texts(&[("a", &a), ("b", &b)], &ScanOptions::default()).unwrap();
    assert_eq!((bill.period(), bill.rows()), ("2016-06".parse().ok(), 3));
    let named = csv(&[june]);
    let june_name = report("2016-06");
    assert_eq!(scan_texts(&[(&june_name, &named), ("b", &b)], &ScanOptions::default()).unwrap().rows(), 3);
    let error = scan_texts(&[(&june_name, &named), ("a", &a)], &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadSeveralPeriods);
    assert_eq!(scan_texts(&[(&june_name, &named), ("e", HEADER)], &ScanOptions::default()).unwrap().rows(), 1);
}

#[test]
fn a_tag_key_of_one_input_is_enough() {
    let tagged = csv(&[usage(0, "1", "", "web")]);
    let untagged = "RecordType,ProductName,UsageStartDate,UsageEndDate,Cost\n\
                    LineItem,S3,2016-06-01 00:00:00,2016-06-01 01:00:00,1\n";
    let bill = BillOptions { tag_keys: vec!["team".into()], ..BillOptions::default() };
    let options = ScanOptions { bill, threads: 2, ..ScanOptions::default() };
    assert_eq!(scan_texts(&[("a", &tagged), ("b", untagged)], &options).unwrap().rows(), 2);
}

#[test]
fn the_error_of_the_first_input_wins_on_any_number_of_threads() {
    let good = csv(&(0..500).map(|hour| usage(hour, "1", "", "")).collect::<Vec<_>>());
    let late = format!("{good}x\n");
    for max_bad_rows in [0, 1] {
        for threads in [1, 2, 7] {
            let options = ScanOptions { max_bad_rows, threads, ..ScanOptions::default() };
            let early = format!("{HEADER}\nx\n");
            let texts = [("z.csv", early.as_str()), ("b.csv", &late), ("a.csv", &good)];
            let error = scan_texts(&texts, &options).unwrap_err();
            assert_eq!(brief(&error), format!("parse.bad_row at b.csv, row 502, byte {}", good.len()));
        }
    }
}

#[test]
fn bad_rows_are_counted_over_all_inputs() {
    let a = csv(&[usage(0, "1", "", ""), "x".into()]);
    let b = csv(&["y".into(), usage(1, "1", "", "")]);
    for threads in [1, 2] {
        let options = |max_bad_rows| ScanOptions { max_bad_rows, threads, ..ScanOptions::default() };
        let bill = scan_texts(&[("a", &a), ("b", &b)], &options(2)).unwrap();
        let bad = found(&bill, DiagnosticCode::ReadBadRow);
        assert_eq!((bad.len(), bad[0].count, billed(&bill).as_str()), (1, 2, "2"));
        let error = scan_texts(&[("b", &b), ("a", &a)], &options(1)).unwrap_err();
        assert_eq!(error.location().unwrap().file.as_deref(), Some("a"));
    }
}

#[test]
fn a_cancelled_scan_is_an_error() {
    let progress = Progress::new();
    progress.cancel();
    let text = csv(&[usage(0, "1", "", "")]);
    let error = scan(vec![stream("a", &text)], &ScanOptions::default(), &progress).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadCancelled);
}

#[test]
fn a_source_that_fails_is_an_io_error() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unplugged"))
        }
    }
    for head in [&b"a,b\n"[..], b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00", b"PK\x03\x04"] {
        let input = Input::stream("s", io::Cursor::new(head.to_vec()).chain(Failing));
        let error = scan(vec![input], &ScanOptions::default(), &Progress::new()).unwrap_err();
        assert_eq!(brief(&error), "read.io at s");
        assert!(error.report().contains("unplugged"));
    }
    let error = scan(vec![Input::path("/no/such/file.csv")], &ScanOptions::default(), &Progress::new()).unwrap_err();
    assert_eq!(brief(&error), "read.io at /no/such/file.csv");
}

#[test]
fn no_input_is_an_error() {
    let error = scan(Vec::new(), &ScanOptions::default(), &Progress::new()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadNoInput);
}

#[test]
fn files_directories_and_globs_are_found_as_often_as_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("2016/06")).unwrap();
    for name in ["b.csv", "a.CSV.gz", "2016/c.csv.zip", "2016/06/d.gz", "notes.txt", "._b.csv", "odd[1].csv"] {
        fs::write(root.join(name), name).unwrap();
    }
    let find = |patterns: &[&str]| {
        let patterns: Vec<String> = patterns.iter().map(|pattern| root.join(pattern).display().to_string()).collect();
        let found = find_inputs(&patterns)?;
        Ok::<_, crate::error::Error>(
            found
                .iter()
                .map(|input| input.name().strip_prefix(&format!("{}/", root.display())).unwrap().replace("./", ""))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(find(&["2016/.."]).unwrap().len(), 5);
    assert_eq!(find(&["*.csv"]).unwrap(), ["._b.csv", "b.csv", "odd[1].csv"]);
    assert_eq!(find(&["b.csv", "*b.csv", "./b.csv"]).unwrap(), ["._b.csv", "b.csv", "b.csv", "b.csv"]);
    assert_eq!(find(&["odd[1].csv"]).unwrap(), ["odd[1].csv"]);
    assert_eq!(find(&["notes.txt"]).unwrap(), ["notes.txt"]);
    assert_eq!(find(&["2016"]).unwrap(), ["2016/06/d.gz", "2016/c.csv.zip"]);
    assert_eq!(find(&["2016/*"]).unwrap(), ["2016/06/d.gz", "2016/c.csv.zip"]);
    for nothing in ["x.csv", "x*.csv", "[", "2016/0[7-9]"] {
        assert_eq!(find(&["b.csv", nothing]).unwrap_err().code(), ErrorCode::ReadNoInput, "{nothing}");
    }
    fs::create_dir(root.join("empty")).unwrap();
    assert_eq!(find(&["empty"]).unwrap_err().code(), ErrorCode::ReadNoInput);
    assert_eq!(find_inputs(&[]).unwrap_err().code(), ErrorCode::ReadNoInput);
}

#[test]
fn progress_counts_stored_bytes_and_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = csv(&[usage(0, "1", "", ""), usage(1, "1", "", "")]);
    fs::write(folder.path().join("a.csv"), &text).unwrap();
    fs::write(folder.path().join(report("2016-05")), &text).unwrap();
    let inputs = find_inputs(&[folder.path().display().to_string()]).unwrap();
    let progress = Progress::new();
    let options = ScanOptions { period: "2016-06".parse().ok(), ..ScanOptions::default() };
    scan(inputs, &options, &progress).unwrap();
    let stored = u64::try_from(2 * text.len()).unwrap();
    assert_eq!((progress.bytes_done(), progress.bytes_total(), progress.rows()), (stored, stored, 2));
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_read_as_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let content = csv(&[usage(0, "1", "", ""), usage(1, "2", "", "")]);
    let to = path.clone();
    let writer = std::thread::spawn(move || std::fs::write(to, content).unwrap());
    let bill = scan(vec![Input::path(&path)], &ScanOptions { threads: 2, ..ScanOptions::default() }, &Progress::new());
    writer.join().unwrap();
    assert_eq!(billed(&bill.unwrap()), "3");
}
