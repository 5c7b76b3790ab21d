//! Billing periods: from names, options and rows.

use super::{HEADER, csv, found, read, read_with, usage};
use crate::diagnostic::DiagnosticCode;
use crate::error::ErrorCode;
use crate::read::{ScanOptions, scan_reader};

const MAY: &str = "123456789012-aws-billing-detailed-line-items-with-resources-and-tags-2016-05.csv";

fn in_month(row: &str, month: &str) -> String {
    row.replace("2016-06", month)
}

fn asking(period: &str) -> ScanOptions {
    ScanOptions { period: Some(period.parse().unwrap()), ..ScanOptions::default() }
}

#[test]
fn the_name_says_the_period_whatever_the_rows_say() {
    let bill = scan_reader(MAY, csv(&[usage(0, "1", "", "")]).as_bytes(), &ScanOptions::default()).unwrap();
    assert_eq!(bill.period(), "2016-05".parse().ok());
    assert!(!bill.diagnostics().unwrap().has(DiagnosticCode::ReadPeriodFromRows));
}

#[test]
fn without_evidence_it_is_the_month_most_usage_rows_start_in_and_the_earlier_one_of_two() {
    let june = usage(0, "1", "", "");
    let july = in_month(&june, "2016-07");
    let fee = usage(0, "1", "", "").replace("\"$0.1 per hour, Linux\"", "Sign up charge for subscription: 1");
    let may_fee = in_month(&fee, "2016-05");
    let rows = [july.clone(), june.clone(), may_fee.clone(), may_fee.clone(), may_fee];
    let bill = read(csv(&rows)).unwrap();
    assert_eq!(bill.period(), "2016-06".parse().ok());
    let from_rows = found(&bill, DiagnosticCode::ReadPeriodFromRows);
    assert_eq!((from_rows.len(), from_rows[0].count), (1, 1));
    assert!(from_rows[0].message.contains("`2016-06`"));
    let bill = read(csv(&[july.clone(), june, july])).unwrap();
    assert_eq!(bill.period(), "2016-07".parse().ok());
}

#[test]
fn the_option_labels_inputs_without_evidence_and_refuses_others() {
    let text = csv(&[usage(0, "1", "", "")]);
    let bill = read_with(&text, &asking("2016-09")).unwrap();
    assert_eq!(bill.period(), "2016-09".parse().ok());
    let error = scan_reader(MAY, text.as_bytes(), &asking("2016-09")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadPeriodMismatch);
    assert!(error.to_string().contains("`2016-09`") && error.to_string().contains("`2016-05`"), "{error}");
}

#[test]
fn rows_without_any_date_need_a_period() {
    let tax = usage(0, "1", "", "").replace("2016-06-01 00:00:00", "").replace("2016-06-01 01:00:00", "");
    let error = read(csv(std::slice::from_ref(&tax))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadPeriodMismatch);
    assert!(error.to_string().contains("give the period"), "{error}");
    assert_eq!(read_with(csv(&[tax]), &asking("2016-06")).unwrap().rows(), 1);
    assert_eq!(read(HEADER).unwrap_err().code(), ErrorCode::ReadPeriodMismatch);
}

#[test]
fn a_header_alone_with_evidence_is_the_empty_bill_of_its_period() {
    let bill = scan_reader(MAY, HEADER.as_bytes(), &ScanOptions::default()).unwrap();
    assert_eq!((bill.period(), bill.rows()), ("2016-05".parse().ok(), 0));
    assert!(bill.inputs().is_empty());
}
