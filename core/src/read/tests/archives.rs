//! Compressed and archived bills: what is read, what is truncated, what is damaged.

use std::fs;
use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{billed, brief, csv, found, usage};
use crate::bill::Bill;
use crate::diagnostic::DiagnosticCode;
use crate::error::{ErrorCode, Result};
use crate::read::{Input, Progress, ScanOptions, scan, scan_periods};

/// The same bytes as a file and as a stream, on one thread and with inflating ahead: one result.
fn read_bytes(name: &str, bytes: &[u8], options: &ScanOptions) -> Result<Bill> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let mut results = Vec::new();
    for threads in [1, 2] {
        let options = ScanOptions { threads, ..options.clone() };
        let progress = Progress::new();
        results.push(scan(vec![Input::path(&path)], &options, &progress));
        if results.iter().all(Result::is_ok) {
            assert_eq!(progress.bytes_done(), u64::try_from(bytes.len()).unwrap());
        }
        results.push(scan(vec![Input::stream(name, Cursor::new(bytes.to_vec()))], &options, &Progress::new()));
    }
    let outcome = |result: &Result<Bill>| match result {
        Ok(bill) => (bill.digest().unwrap().to_string(), bill.inputs().clone()),
        Err(error) => (error.code().to_string(), std::collections::BTreeSet::new()),
    };
    assert!(results.iter().all(|result| outcome(result) == outcome(&results[0])), "{results:?}");
    results.swap_remove(1)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(entries: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip_of(&entries, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated))
}

fn many_rows() -> String {
    csv(&(0..700).map(|hour| usage(hour, "0.1", &format!("i-{hour}"), "")).collect::<Vec<_>>())
}

#[test]
fn gzip_is_told_by_its_first_bytes_and_may_have_several_members() {
    let text = many_rows();
    let (first, second) = text.split_at(text.len() / 3);
    let bytes = [gzip(first), gzip(second), gzip("")].concat();
    let bill = read_bytes("bill.csv", &bytes, &ScanOptions::default()).unwrap();
    let plain = read_bytes("bill.gz", text.as_bytes(), &ScanOptions::default()).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows()), ("70", 700));
    assert_eq!(bill.inputs(), plain.inputs());
}

#[test]
fn every_csv_of_a_zip_is_an_input_and_nothing_else() {
    let (a, b) = (csv(&[usage(0, "1", "", "")]), csv(&[usage(1, "2", "", ""), "x".into()]));
    let bytes = zip(&[
        ("folder/", ""),
        ("folder/b.CSV", &b),
        ("a.csv", &a),
        ("__MACOSX/._a.csv", "junk"),
        ("folder/._b.csv", "junk"),
        ("readme.txt", "junk"),
        ("é", "junk"),
    ]);
    let error = read_bytes("bill.zip", &bytes, &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ParseBadRow);
    assert!(brief(&error).contains("bill.zip!folder/b.CSV, row 3"), "{}", brief(&error));
    let options = ScanOptions { max_bad_rows: 1, ..ScanOptions::default() };
    let bill = read_bytes("bill.zip", &bytes, &options).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.inputs().len()), ("3", 2));
}

#[test]
fn stored_entries_zip64_and_data_descriptors_are_read() {
    let text = many_rows();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let large = SimpleFileOptions::default().large_file(true);
    for options in [stored, large] {
        let bytes = zip_of(&[("a.csv", text.as_bytes())], options);
        assert_eq!(read_bytes("bill.zip", &bytes, &ScanOptions::default()).unwrap().rows(), 700);
    }
    let mut writer = ZipWriter::new_stream(Vec::new());
    writer.start_file("a.csv", SimpleFileOptions::default()).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(bytes[6] & 8, 8, "sizes stand behind the data");
    assert_eq!(read_bytes("bill.zip", &bytes, &ScanOptions::default()).unwrap().rows(), 700);
}

#[test]
fn entry_names_say_the_period_where_the_archive_does_not() {
    let report = |month: &str| format!("123456789012-aws-billing-detailed-line-items-{month}.csv");
    let (may, june) = (csv(&[usage(0, "1", "", "")]), csv(&[usage(1, "2", "", "")]));
    let bytes = zip(&[(&report("2016-05"), &may), (&report("2016-06"), &june)]);
    let input = || vec![Input::stream("bills.zip", Cursor::new(bytes.clone()))];
    let bills = scan_periods(input(), &ScanOptions::default(), &Progress::new()).unwrap();
    assert_eq!(bills.len(), 2);
    let options = ScanOptions { period: "2016-06".parse().ok(), ..ScanOptions::default() };
    let bill = scan(input(), &options, &Progress::new()).unwrap();
    assert_eq!(billed(&bill), "2");
    let others = found(&bill, DiagnosticCode::ReadOtherPeriod);
    assert!(others[0].location.as_ref().unwrap().file.as_ref().unwrap().starts_with("bills.zip!"));
    let outer = format!("{}.zip", report("2016-07"));
    let bill = read_bytes(&outer, &zip(&[(&report("2016-05"), &may)]), &ScanOptions::default()).unwrap();
    assert_eq!(bill.period(), "2016-07".parse().ok());
}

#[test]
fn gzip_cut_short_anywhere_is_truncated() {
    let bytes = gzip(&csv(&[usage(0, "1", "", "")]));
    for length in [2, 9, 10, 60, bytes.len() - 8, bytes.len() - 1] {
        let error = read_bytes("bill.csv.gz", &bytes[..length], &ScanOptions::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadTruncated, "{length}: {error:?}");
    }
    let twice = [bytes.clone(), bytes.clone()].concat();
    let error = read_bytes("bill.csv.gz", &twice[..bytes.len() + 5], &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadTruncated);
}

#[cfg(feature = "zstd")]
fn zstd(text: &str) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_is_told_by_its_first_bytes_and_may_have_several_frames() {
    let text = many_rows();
    let (first, second) = text.split_at(text.len() / 3);
    let bill = read_bytes("bill.csv.zst", &[zstd(first), zstd(second)].concat(), &ScanOptions::default()).unwrap();
    let plain = read_bytes("bill.csv", text.as_bytes(), &ScanOptions::default()).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows()), ("70", 700));
    assert_eq!(bill.inputs(), plain.inputs());
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_cut_short_anywhere_is_truncated_and_a_damaged_one_a_bad_archive() {
    let bytes = zstd(&csv(&[usage(0, "1", "", "")]));
    for length in [5, 9, 60, bytes.len() - 4, bytes.len() - 1] {
        let error = read_bytes("bill.csv.zst", &bytes[..length], &ScanOptions::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadTruncated, "{length}: {error:?}");
    }
    let twice = [bytes.clone(), bytes.clone()].concat();
    let error = read_bytes("bill.csv.zst", &twice[..bytes.len() + 5], &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadTruncated);
    let mut checksum = bytes.clone();
    let end = checksum.len();
    checksum[end - 1] ^= 1;
    let followed = [bytes, b"garbage after the last frame".to_vec()].concat();
    for damaged in [checksum, followed] {
        let error = read_bytes("bill.csv.zst", &damaged, &ScanOptions::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadBadArchive, "{error:?}");
    }
}

#[test]
fn zip_cut_short_anywhere_is_truncated() {
    let bytes = zip(&[("a.csv", &csv(&[usage(0, "1", "", "")])), ("b.csv", &csv(&[usage(1, "1", "", "")]))]);
    for length in (4..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        let error = read_bytes("bill.zip", &bytes[..length], &ScanOptions::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadTruncated, "{length}: {error:?}");
    }
}

#[test]
fn damaged_content_is_a_bad_archive() {
    let text = csv(&[usage(0, "1", "", "")]);
    let mut checksum = gzip(&text);
    let end = checksum.len();
    checksum[end - 6] ^= 1;
    let mut header = gzip(&text);
    header[2] = 9;
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut content = zip_of(&[("a.csv", text.as_bytes())], stored);
    let at = content.windows(6).position(|window| window == b"Amazon").unwrap();
    content[at] = b'a';
    let mut method = zip(&[("a.csv", &text)]);
    let directory = method.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    method[8] = 98;
    method[directory + 10] = 98;
    let directory_gone = [&zip(&[("a.csv", &text)])[..directory], &method[directory + 51..]].concat();
    let followed = [gzip(&text), b"garbage after the last member".to_vec()].concat();
    for (name, bytes) in [
        ("checksum.gz", checksum),
        ("header.gz", header),
        ("followed.gz", followed),
        ("content.zip", content),
        ("method.zip", method),
        ("directory.zip", directory_gone),
    ] {
        let error = read_bytes(name, &bytes, &ScanOptions::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadBadArchive, "{name}: {error:?}");
        assert!(brief(&error).contains(name));
    }
}

#[test]
fn a_zip_without_csv_is_no_input() {
    for bytes in [zip(&[]), zip(&[("readme.txt", "x")])] {
        let error = read_bytes("bill.zip", &bytes, &ScanOptions::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadNoInput);
    }
}

#[test]
fn the_same_content_in_two_wrappings_is_a_duplicate() {
    let text = many_rows();
    let inputs = vec![
        Input::stream("a.csv", Cursor::new(text.clone().into_bytes())),
        Input::stream("b.csv.gz", Cursor::new(gzip(&text))),
    ];
    let error = scan(inputs, &ScanOptions::default(), &Progress::new()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadDuplicate);
}

#[test]
fn a_stream_shorter_than_the_bytes_that_tell_archives_is_not_padded() {
    let read = |content: &'static [u8]| {
        let input = Input::stream("standard input", Cursor::new(content));
        scan(vec![input], &ScanOptions::default(), &Progress::new()).unwrap_err()
    };
    assert!(read(b"").to_string().contains("is empty"));
    assert!(read(b"\n\n").to_string().contains("is empty"));
}
