//! Headers: columns in any order, missing ones, and files that are no bills.

use super::{HEADER, billed, csv, found, read, read_with, usage};
use crate::bill::BillOptions;
use crate::classify::{CostBasis, LineItemKind};
use crate::diagnostic::DiagnosticCode;
use crate::error::ErrorCode;
use crate::read::ScanOptions;

#[test]
fn columns_are_found_by_name_in_any_order_case_and_quoting() {
    let text = "\"unblendedcost\",\"BLENDEDCOST\",UsageEndDate,usagestartdate,ProductName,RecordType,Unknown\r\n\
                \"1.5\",9,2016-06-01 01:00:00,2016-06-01 00:00:00,\"Amazon \"\"S3\"\", US\",LineItem,x\r\n\
                \r\n\
                \"2\",9,2016/06/01 02:00:00,2016/06/01 01:00:00,\"Amazon \"\"S3\"\", US\",LineItem,x";
    let bill = read(text).unwrap();
    assert_eq!(billed(&bill), "3.5");
    assert_eq!(bill.charges().len(), 1);
    assert_eq!(bill.charges()[0].key().product(), "Amazon \"S3\", US");
    assert_eq!(bill.rows(), 2);
}

#[test]
fn single_account_and_plain_reports_are_read() {
    let bill = read(
        "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,ProductName,RateId,SubscriptionId,PricingPlanId,UsageType,\
         Operation,AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,Rate,Cost\n\
         1,012345678901,,LineItem,Amazon S3,1,2,3,T,O,us-east-1b,N,d,2016-06-01 00:00:00,2016-06-01 01:00:00,1,1,0.25\n",
    )
    .unwrap();
    let key = bill.charges()[0].key();
    assert_eq!(billed(&bill), "0.25");
    assert_eq!((key.payer(), key.usage_account(), key.region()), ("012345678901", "012345678901", "us-east-1"));
    let missing = found(&bill, DiagnosticCode::ReadMissingOptionalColumn);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].message.contains("`ResourceId`") && missing[0].message.contains("volumes"));
}

#[test]
fn every_field_of_a_row_reaches_its_charge() {
    let row = usage(0, "0.1", "arn:aws:ec2:us-west-2:695725541871:instance/i-1", "web").replace(",N,", ",Y,");
    let options = ScanOptions {
        bill: BillOptions { tag_keys: vec!["team".into(), "aws:createdBy".into()], ..BillOptions::default() },
        ..ScanOptions::default()
    };
    let bill = read_with(csv(&[row]), &options).unwrap();
    let key = bill.charges()[0].key();
    assert_eq!(key.payer(), "695725541871");
    assert_eq!(key.usage_account(), "095669871260");
    assert_eq!(key.billing_entity(), "AWS");
    assert_eq!(key.invoice_id(), Some("11111111"));
    assert_eq!(key.product(), "Amazon Elastic Compute Cloud");
    assert_eq!(key.usage_type(), "USW2-BoxUsage:m4.large");
    assert_eq!(key.operation(), "RunInstances");
    assert_eq!(key.region(), "us-west-2");
    assert_eq!(key.resource_id(), "i-1");
    assert_eq!(key.reservation_id(), "2");
    assert_eq!(key.kind(), LineItemKind::DiscountedUsage);
    assert_eq!((key.tag(0), key.tag(1)), (Some("web"), None));
}

#[test]
fn optional_columns_that_are_missing_are_found_once_and_counted_in_rows() {
    let text = "RecordType,ProductName,UsageStartDate,UsageEndDate,Cost\n\
                LineItem,S3,2016-06-01 00:00:00,2016-06-01 01:00:00,1\n\
                LineItem,S3,2016-06-01 00:00:00,2016-06-01 01:00:00,1\n";
    let bill = read(text).unwrap();
    let missing = found(&bill, DiagnosticCode::ReadMissingOptionalColumn);
    assert_eq!(missing.len(), 11);
    assert!(missing.iter().all(|diagnostic| diagnostic.count == 2));
    assert_eq!(bill.charges()[0].key().invoice_id(), None);
}

#[test]
fn required_columns_that_are_missing_are_errors_that_name_the_nearest() {
    for (column, near) in [
        ("RecordType", "RecordTyp"),
        ("ProductName", "ProdName"),
        ("UsageStartDate", "UsageStartTime"),
        ("UsageEndDate", "UsageEndTime"),
        ("UnBlendedCost", "UnBlendCost"),
    ] {
        let error = read(csv(&[usage(0, "1", "", "")]).replacen(column, near, 1)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadMissingColumn);
        let message = error.to_string();
        assert!(
            message.contains(&format!("`{column}`")) && message.contains(&format!("nearest is `{near}`")),
            "{message}"
        );
        assert_eq!(error.location().unwrap().file.as_deref(), Some("bill.csv"));
    }
}

#[test]
fn files_that_are_no_bills_are_unknown_and_say_what_they_are() {
    for (content, what) in [
        (&b"InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordID,BillingPeriodStartDate,BillingPeriodEndDate,\
            ProductName,UsageStartDate,UsageEndDate,TotalCost\n"[..], "monthly"),
        (b"Don't see your tags in the report? New tags are excluded by default\nInvoiceID,RecordType\n", "names none"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x1f\x8b\x08\x00\xff\xff", "compressed"),
        (b"\xff\xfeI\x00n\x00", "not UTF-8"),
        (b"a,b,c\n1,2,3\n", "names none"),
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
    ] {
        let error = read(content).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadUnknownDialect, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_column() {
    let plain = csv(&[usage(0, "1", "", "")]);
    assert_eq!(HEADER.find("InvoiceID"), Some(0));
    let bill = read(format!("\u{feff}{plain}")).unwrap();
    assert_eq!(bill.charges(), read(plain).unwrap().charges());
    assert!(found(&bill, DiagnosticCode::ReadMissingOptionalColumn).is_empty());
}

#[test]
fn a_basis_the_dialect_lacks_is_an_error() {
    let bill = BillOptions { basis: CostBasis::Amortized, ..BillOptions::default() };
    let options = ScanOptions { bill, ..ScanOptions::default() };
    let error = read_with(csv(&[usage(0, "1", "", "")]), &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBasisUnavailable);
}
