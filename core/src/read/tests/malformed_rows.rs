//! Malformed rows: located errors, and what allowing some of them does.

use super::{HEADER, billed, brief, csv, found, read, read_with, usage};
use crate::bill::{BillOptions, KeepIntervals};
use crate::diagnostic::DiagnosticCode;
use crate::error::ErrorCode;
use crate::read::{ScanOptions, scan_reader};

fn allowing(max_bad_rows: u64) -> ScanOptions {
    ScanOptions { max_bad_rows, ..ScanOptions::default() }
}

#[test]
fn malformed_rows_are_errors_with_file_row_byte_and_column() {
    let good = usage(0, "1", "", "");
    let offset = HEADER.len() + 1 + good.len() + 1;
    for (bad, expected) in [
        ("1,2,3".to_owned(), "parse.bad_row at bill.csv, row 3, byte {}".to_owned()),
        (format!("{good},"), "parse.bad_row at bill.csv, row 3, byte {}".to_owned()),
        (good.replace(",1,,", ",1x,,"), "parse.bad_decimal at bill.csv, row 3, byte {}, column `UnBlendedCost`".into()),
        (good.replace(",1,,", ",,,"), "parse.bad_decimal at bill.csv, row 3, byte {}, column `UnBlendedCost`".into()),
        (
            good.replace(",1.00000000,", ",one,"),
            "parse.bad_decimal at bill.csv, row 3, byte {}, column `UsageQuantity`".into(),
        ),
        (
            good.replace("2016-06-01 00:00:00", "June"),
            "parse.bad_time at bill.csv, row 3, byte {}, column `UsageStartDate`".into(),
        ),
        (
            good.replace("2016-06-01 00:00:00", ""),
            "parse.bad_time at bill.csv, row 3, byte {}, column `UsageStartDate`".into(),
        ),
        (good.replace(",1,,", ",1e21,,"), "money.overflow at bill.csv, row 3, byte {}, column `UnBlendedCost`".into()),
    ] {
        for end in ["\n", "\r\n"] {
            let shift = if end == "\r\n" { 2 } else { 0 };
            let text = format!("{HEADER}{end}{good}{end}{bad}{end}{good}{end}");
            let expected = expected.replace("{}", &(offset + shift).to_string());
            assert_eq!(brief(&read(&text).unwrap_err()), expected, "{bad}");
        }
    }
}

#[test]
fn text_that_is_not_utf_8_is_an_error_in_its_column_even_if_two_fields_join_to_a_character() {
    let good = usage(0, "1", "", "");
    for (bytes, column) in [(&b"Amazon \xff"[..], "ProductName"), (b"Amazon \xc3", "ProductName")] {
        let (before, after) = good.split_once("Amazon Elastic Compute Cloud").unwrap();
        // The next field starts with the second byte of `é`.
        let text = [HEADER.as_bytes(), b"\n", before.as_bytes(), bytes, b",\xa9", &after.as_bytes()[1..]].concat();
        let error = read(text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ParseBadUtf8);
        assert_eq!(error.location().unwrap().column.as_deref(), Some(column));
    }
}

#[test]
fn a_quote_that_is_not_closed_is_an_error_and_never_one_bad_row() {
    let good = usage(0, "1", "", "");
    let open = usage(0, "1", "\"i-1", "");
    let row_3 = format!("parse.bad_row at bill.csv, row 3, byte {}", HEADER.len() + good.len() + 2);
    for options in [allowing(0), allowing(9)] {
        // The next row's quotes close it, so that one row holds parts of two.
        let error = read_with(csv(&[good.clone(), open.clone(), good.clone()]), &options).unwrap_err();
        assert_eq!(brief(&error), row_3);
        let error = read_with(csv(&[good.clone(), open.clone()]), &options).unwrap_err();
        assert_eq!(brief(&error), row_3);
        assert_eq!(error.to_string(), "the input ends inside a quoted field");
    }
    let endless = csv(&[open, "x,y\n".repeat(5 << 20)]);
    assert!(read(endless).unwrap_err().to_string().contains("longer than 16 MiB"));
}

#[test]
fn a_last_row_without_line_end_counts() {
    let text = csv(&[usage(0, "1", "", ""), usage(1, "2", "", "\"a\"")]);
    assert_eq!(billed(&read(text.trim_end()).unwrap()), "3");
}

#[test]
fn allowed_bad_rows_are_findings_that_name_problem_and_amount() {
    let good = usage(0, "1", "", "");
    let rows = [
        good.clone(),
        usage(1, "2.5", "", "").replace("2016-06-01 01:00:00", "noon"),
        usage(2, "2.5", "", "").replace("2016-06-01 02:00:00", "noon"),
        "1,2".to_owned(),
        good,
    ];
    let bill = read_with(csv(&rows), &allowing(3)).unwrap();
    assert_eq!(billed(&bill), "2");
    let bad = found(&bill, DiagnosticCode::ReadBadRow);
    assert_eq!(bad.len(), 2);
    assert_eq!(bad[0].message, "parse.bad_row: the row has 2 fields, the header 24; its cost cannot be read");
    assert_eq!(
        bad[1].message,
        "parse.bad_time: `noon` is not a time in column `UsageStartDate`; its cost of 2.5 is missing"
    );
    assert_eq!((bad[0].count, bad[1].count), (1, 2));
    assert_eq!(bad[1].location.as_ref().unwrap().row, Some(3));
    let error = read_with(csv(&rows), &allowing(2)).unwrap_err();
    assert_eq!((error.code(), error.location().unwrap().row), (ErrorCode::ParseBadTime, Some(3)));
}

#[test]
fn a_row_refused_for_its_kept_interval_leaves_no_trace() {
    let bill = BillOptions { keep_intervals: KeepIntervals::All, ..BillOptions::default() };
    let options = ScanOptions { bill, ..allowing(1) };
    let fine = usage(0, "1", "i-1", "").replace("2016-06-01 00:00:00", "2016-06-01 00:00:00.500");
    let bill = read_with(csv(&[usage(0, "1", "i-1", ""), fine]), &options).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows(), bill.charges()[0].slices().len()), ("1", 1, 1));
    assert_eq!(found(&bill, DiagnosticCode::ReadBadRow).len(), 1);
}

#[test]
fn total_rows_may_lack_dates_and_cost_and_are_excluded() {
    let row = |record_type: &str, cost: &str| format!(",695725541871,,{record_type},,,,,,,,,,Total,,,,,,,{cost},,,");
    let rows = [
        usage(0, "1", "", ""),
        row("StatementTotal", "1"),
        row("InvoiceTotal", ""),
        row("AccountTotal", "1"),
        row("Rounding", "0.01"),
    ];
    let bill = read(csv(&rows)).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows(), bill.excluded_rows()), ("1.01", 2, 3));
}

#[test]
fn rounded_digits_are_counted() {
    let bill = read(csv(&[usage(0, "1.0000000000000000004", "", ""), usage(1, "1", "", "")])).unwrap();
    assert_eq!(billed(&bill), "2");
    let precision = found(&bill, DiagnosticCode::ParsePrecision);
    assert_eq!(precision[0].count, 1);
    assert!(precision[0].message.contains("0.0000000000000000004"));
}

#[test]
fn unknown_record_types_and_invoice_ids_count_and_are_found() {
    let rows = [
        usage(0, "1", "", "").replace("LineItem", "PayerLineItem"),
        usage(1, "1", "", "").replace("11111111", "INV-1"),
        usage(2, "1", "", "").replace("11111111", "INV-1"),
        usage(3, "1", "", "").replace("11111111", "Estimated"),
        usage(4, "1", "", "").replace("11111111", ""),
    ];
    let bill = read(csv(&rows)).unwrap();
    assert_eq!(billed(&bill), "5");
    let types = found(&bill, DiagnosticCode::ClassifyUnknownRecordType);
    assert_eq!((types.len(), types[0].count), (1, 1));
    assert!(types[0].message.contains("`PayerLineItem`"));
    let invoices = found(&bill, DiagnosticCode::BillUnrecognizedInvoiceId);
    assert_eq!((invoices.len(), invoices[0].count), (1, 2));
    assert_eq!(invoices[0].location.as_ref().unwrap().row, Some(3));
}

/// Hands out a few bytes at a time, so that neither blocks nor rows end where a read does.
struct Trickle<'t>(&'t [u8]);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let some = buffer.len().min(4099).min(self.0.len());
        std::io::Read::read(&mut self.0, &mut buffer[..some])
    }
}

#[test]
fn rows_over_the_edges_of_blocks_keep_value_position_and_hash() {
    let rows: Vec<String> =
        (0..9000).map(|at| usage(at % 700, "0.1", &"i-é".repeat(1 + at as usize % 60), "")).collect();
    let text = csv(&rows);
    assert!(text.len() > 3 * crate::read::blocks::BLOCK_BYTES);
    let whole = read(&text).unwrap();
    assert_eq!((billed(&whole).as_str(), whole.rows()), ("900", 9000));
    let trickled = scan_reader("bill.csv", Trickle(text.as_bytes()), &ScanOptions::default()).unwrap();
    assert_eq!(trickled, whole);
    let error = read(format!("{text}x\n")).unwrap_err();
    assert_eq!(brief(&error), format!("parse.bad_row at bill.csv, row 9002, byte {}", text.len()));
    let changed = read(text.replacen("0.1", "0.2", 1)).unwrap();
    assert_eq!(changed.inputs().first().unwrap().bytes, whole.inputs().first().unwrap().bytes);
    assert_ne!(changed.inputs(), whole.inputs());
}
