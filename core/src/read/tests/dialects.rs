//! Cost and Usage Reports, CUR 2.0 and FOCUS: the same facts from each, and what only they have.

use super::{billed, brief, found, read, read_with};
use crate::bill::{Bill, BillOptions, BillStatus};
use crate::classify::{Dialect, LineItemKind};
use crate::diagnostic::DiagnosticCode;
use crate::error::ErrorCode;
use crate::money::Currency;
use crate::read::ScanOptions;
use crate::time::Timestamp;

const CUR: &str = "identity/LineItemId,bill/InvoiceId,bill/BillingEntity,bill/PayerAccountId,\
    bill/BillingPeriodStartDate,lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,\
    lineItem/UsageEndDate,lineItem/ProductCode,lineItem/UsageType,lineItem/Operation,lineItem/AvailabilityZone,\
    lineItem/ResourceId,lineItem/UsageAmount,lineItem/CurrencyCode,lineItem/UnblendedCost,product/ProductName,\
    product/region,reservation/ReservationARN,splitLineItem/ParentResourceId,resourceTags/user:costCenter";
const ATHENA: &str = "identity_line_item_id,bill_invoice_id,bill_billing_entity,bill_payer_account_id,\
    bill_billing_period_start_date,line_item_usage_account_id,line_item_line_item_type,line_item_usage_start_date,\
    line_item_usage_end_date,line_item_product_code,line_item_usage_type,line_item_operation,\
    line_item_availability_zone,line_item_resource_id,line_item_usage_amount,line_item_currency_code,\
    line_item_unblended_cost,product_product_name,product_region,reservation_reservation_a_r_n,\
    split_line_item_parent_resource_id,resource_tags_user_cost_center";
const FOCUS: &str = "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,ChargeCategory,ChargeClass,\
    ChargeFrequency,ChargePeriodStart,ChargePeriodEnd,CommitmentDiscountId,CommitmentDiscountStatus,\
    CommitmentDiscountCategory,ConsumedQuantity,InvoiceId,InvoiceIssuerName,RegionId,ResourceId,ServiceName,\
    SubAccountId,Tags,x_UsageType,x_Operation";

/// A row of [`CUR`] and [`ATHENA`].
fn cur(line_item_type: &str, cost: &str, resource: &str, tag: &str) -> String {
    format!(
        "id,42,AWS,0001,2026-09-01T00:00:00Z,0002,{line_item_type},2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,\
         AmazonEC2,BoxUsage:m5.large,RunInstances,us-east-1a,{resource},1,USD,{cost},\
         Amazon Elastic Compute Cloud,us-east-1,,,{tag}"
    )
}

fn focus(category: &str, cost: &str, resource: &str, tags: &str) -> String {
    format!(
        "{cost},0001,USD,2026-09-01T00:00:00Z,{category},NULL,Usage-Based,2026-09-01T00:00:00Z,\
         2026-09-01T01:00:00Z,NULL,NULL,NULL,1,42,AWS,us-east-1,{resource},Amazon Elastic Compute Cloud,0002,\
         \"{}\",BoxUsage:m5.large,RunInstances",
        tags.replace('"', "\"\"")
    )
}

fn lines(header: &str, rows: &[String]) -> String {
    format!("{header}\n{}\n", rows.join("\n"))
}

fn keeping(tag: &str) -> ScanOptions {
    let bill = BillOptions { tag_keys: vec![tag.to_owned()], ..BillOptions::default() };
    ScanOptions { bill, ..ScanOptions::default() }
}

/// What every format says of a charge.
fn facts(bill: &Bill) -> Vec<[String; 12]> {
    let fact = |charge: &crate::bill::Charge| {
        let key = charge.key();
        [
            key.payer(),
            key.usage_account(),
            key.billing_entity(),
            key.invoice_id().unwrap_or("none"),
            key.product(),
            key.usage_type(),
            key.operation(),
            key.region(),
            key.resource_id(),
            key.kind().as_str(),
            key.tag(0).unwrap_or_default(),
            &charge.amount().to_string(),
        ]
        .map(str::to_owned)
    };
    bill.charges().iter().map(fact).collect()
}

#[test]
fn the_same_facts_come_from_every_spelling() {
    let rows = [cur("Usage", "0.1", "i-1", "red"), cur("Tax", "2.5", "", "")];
    let of_cur = read_with(lines(CUR, &rows), &keeping("costCenter")).unwrap();
    assert_eq!(of_cur.period(), "2026-09".parse().ok());
    assert_eq!(facts(&of_cur).len(), 2);
    let athena = read_with(lines(ATHENA, &rows), &keeping("costCenter")).unwrap();
    assert_eq!((facts(&athena), athena.digest().unwrap()), (facts(&of_cur), of_cur.digest().unwrap()));

    let header =
        ATHENA.replace("product_product_name", "product").replace("resource_tags_user_cost_center", "resource_tags");
    let maps = rows.map(|row| {
        let row =
            row.replace("Amazon Elastic Compute Cloud", r#""{""product_name"": ""Amazon Elastic Compute Cloud""}""#);
        match row.strip_suffix(",red") {
            Some(row) => format!(r#"{row},"{{""user_cost_center"": ""red"", ""aws_created_by"": ""x""}}""#),
            None => format!("{row}{{}}"),
        }
    });
    let cur2 = read_with(lines(&header, &maps), &keeping("costCenter")).unwrap();
    assert_eq!(cur2.dialects().into_iter().collect::<Vec<_>>(), [Dialect::Cur2]);
    assert_eq!(facts(&cur2), facts(&of_cur));

    let arn = "arn:aws:ec2:us-east-1:0002:instance/i-1";
    let of_focus = [focus("Usage", "0.1", arn, r#"{"costCenter": "red"}"#), focus("Tax", "2.5", "NULL", "NULL")];
    assert_eq!(facts(&read_with(lines(FOCUS, &of_focus), &keeping("costCenter")).unwrap()), facts(&of_cur));
}

#[test]
fn split_cost_allocation_rows_are_kept_out_of_the_sum() {
    let split =
        cur("Usage", "0.07", "arn:aws:ecs:us-east-1:0002:task/main/t", "").replace(",us-east-1,,,", ",us-east-1,,i-1,");
    let bill = read(lines(CUR, &[cur("Usage", "0.1", "i-1", ""), split])).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows(), bill.excluded_rows()), ("0.1", 1, 1));
    assert_eq!(bill.excluded(Currency::USD).unwrap().to_string(), "0.07");
    assert!(!bill.diagnostics().unwrap().has(DiagnosticCode::ReconcileStatement));
}

#[test]
fn types_that_are_not_known_keep_their_text_and_are_counted_and_reported() {
    let rows = [cur("FlatRate", "3", "", ""), cur("FlatRate", "4", "i-1", ""), cur("Usage", "1", "", "")];
    let bill = read(lines(CUR, &rows)).unwrap();
    assert_eq!(billed(&bill), "8");
    let unknown = found(&bill, DiagnosticCode::ClassifyUnknownLineItemType);
    assert_eq!((unknown.len(), unknown[0].count), (1, 2));
    assert!(
        unknown[0].message.contains("`FlatRate`") && unknown[0].message.contains("7 USD"),
        "{}",
        unknown[0].message
    );
    let other = bill.charges().iter().find(|charge| charge.key().kind() == LineItemKind::Other).unwrap();
    assert_eq!(other.key().line_item_type(), "FlatRate");
}

#[test]
fn invoices_are_final_where_every_row_names_one_and_the_month_is_over() {
    let after: Timestamp = "2026-10-05T00:00:00Z".parse().unwrap();
    let open = cur("Usage", "1", "i-1", "").replace("id,42,", "id,,");
    let fee = cur("Fee", "9", "", "");
    for (rows, status) in [
        (vec![fee.clone(), open.clone()], BillStatus::Estimated),
        (vec![fee.clone(), open.replace(",USD,1,", ",USD,0,")], BillStatus::Invoiced),
        (vec![fee], BillStatus::Invoiced),
    ] {
        assert_eq!(read(lines(CUR, &rows)).unwrap().status(after).unwrap(), status);
    }
    let without = lines(&FOCUS.replace("InvoiceId", "x_Nothing"), &[focus("Usage", "1", "", "")]);
    assert_eq!(read(without).unwrap().status(after).unwrap(), BillStatus::Unknown);
}

#[test]
fn payers_entities_and_currencies_stand_side_by_side() {
    let rows = [
        cur("Usage", "1", "", ""),
        cur("Usage", "2", "", "").replace(",AWS,0001,", ",AWS Marketplace,0001,"),
        cur("Usage", "4", "", "").replace(",0001,", ",0009,"),
        cur("Usage", "8", "", "").replace(",USD,", ",CNY,"),
        cur("Usage", "16", "", "").replace(",USD,", ",,"),
    ];
    let bill = read(lines(CUR, &rows)).unwrap();
    assert_eq!(bill.payers().into_iter().collect::<Vec<_>>(), ["0001", "0009"]);
    assert_eq!(
        (billed(&bill).as_str(), bill.billed("CNY".parse().unwrap()).unwrap().to_string().as_str()),
        ("23", "8")
    );
    let entities = bill.entity_statuses("2026-10-05T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(entities.len(), 3);
    let error = read(lines(CUR, &[cur("Usage", "1", "", "").replace(",USD,", ",usd,")])).unwrap_err();
    assert_eq!(
        brief(&error),
        format!("parse.bad_currency at bill.csv, row 2, byte {}, column `lineItem/CurrencyCode`", CUR.len() + 1)
    );
}

#[test]
fn corrections_are_told_apart_and_count() {
    let correction = focus("Usage", "-1", "", "NULL").replacen(",NULL,", ",Correction,", 1);
    let bill = read(lines(FOCUS, &[focus("Usage", "3", "", "NULL"), correction])).unwrap();
    let classes: Vec<bool> = bill.charges().iter().map(|charge| charge.key().is_correction()).collect();
    assert_eq!((billed(&bill).as_str(), classes), ("2", vec![false, true]));
}

#[test]
fn rows_say_their_billing_period_and_only_those_asked_for_count() {
    let august = cur("Usage", "5", "", "").replace("2026-09-01T00:00:00Z,0002", "2026-08-01T00:00:00Z,0002");
    let content = lines(CUR, &[cur("Usage", "1", "", ""), august.clone()]);
    let error = read(&content).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadSeveralPeriods);
    let asking = |period: &str| ScanOptions { period: period.parse().ok(), ..ScanOptions::default() };
    let bill = read_with(&content, &asking("2026-08")).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows()), ("5", 1));
    assert!(bill.diagnostics().unwrap().has(DiagnosticCode::ReadOtherPeriod));
    assert_eq!(read_with(&content, &asking("2026-07")).unwrap_err().code(), ErrorCode::ReadPeriodMismatch);
}

#[test]
fn one_payer_in_two_formats_would_be_counted_twice() {
    let of_cur = || read(lines(CUR, &[cur("Usage", "1", "", "")])).unwrap();
    let of_focus = |payer: &str| read(lines(FOCUS, &[focus("Usage", "1", "", "").replace(",0001,", payer)])).unwrap();
    assert_eq!(of_cur().merge(of_focus(",0001,")).unwrap_err().code(), ErrorCode::ReadDuplicate);
    let merged = of_cur().merge(of_focus(",0003,")).unwrap();
    assert_eq!((billed(&merged).as_str(), merged.dialects().len()), ("2", 2));
    assert_eq!(merged, of_focus(",0003,").merge(of_cur()).unwrap());
}

#[test]
fn a_header_in_the_middle_not_a_number_and_a_map_that_is_none_are_errors_with_their_column() {
    let twice = format!("{}{}", lines(CUR, &[cur("Usage", "1", "", "")]), lines(CUR, &[cur("Usage", "1", "", "")]));
    assert_eq!(read(&twice).unwrap_err().code(), ErrorCode::ParseBadTime);
    let nan = read(lines(CUR, &[cur("Usage", "NaN", "", "")])).unwrap_err();
    assert_eq!(
        brief(&nan),
        format!("parse.bad_decimal at bill.csv, row 2, byte {}, column `lineItem/UnblendedCost`", CUR.len() + 1)
    );
    let map = read_with(lines(FOCUS, &[focus("Usage", "1", "", "a=b")]), &keeping("a")).unwrap_err();
    assert_eq!((map.code(), map.location().unwrap().column.as_deref()), (ErrorCode::ParseBadMap, Some("Tags")));
    let allowed = ScanOptions { max_bad_rows: 1, ..keeping("a") };
    let rows = [focus("Usage", "1", "", "a=b"), focus("Usage", "2", "", r#"{"a": "x"}"#)];
    let bill = read_with(lines(FOCUS, &rows), &allowed).unwrap();
    assert_eq!((billed(&bill).as_str(), found(&bill, DiagnosticCode::ReadBadRow).len()), ("2", 1));
}

#[test]
fn the_format_can_be_said_and_a_column_it_needs_is_named_in_both_spellings() {
    let options = ScanOptions { dialect: Some(Dialect::Focus), ..ScanOptions::default() };
    let error = read_with(lines(CUR, &[]), &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadMissingColumn);
    let error = read(lines(&CUR.replace("lineItem/UnblendedCost", "lineItem/UnblendedCosts"), &[])).unwrap_err();
    let message = error.to_string();
    assert!(
        ["`lineItem/UnblendedCost`", "`line_item_unblended_cost`", "nearest is `lineItem/UnblendedCosts`"]
            .iter()
            .all(|part| message.contains(part)),
        "{message}"
    );
}

#[cfg(feature = "fs")]
#[test]
fn merging_any_partition_of_files_is_the_scan_of_all_of_them() {
    use crate::read::{Input, Progress, scan};
    let of_focus = |cost: &str, arn: &str| focus("Usage", cost, arn, "NULL").replace(",0001,", ",0003,");
    let files = [
        lines(CUR, &[cur("Usage", "1", "i-1", ""), cur("FlatRate", "2", "", "")]),
        lines(ATHENA, &[cur("Usage", "4", "i-1", ""), cur("Tax", "8", "", "")]),
        lines(FOCUS, &[of_focus("16", "i-1"), of_focus("32", "i-2")]),
        lines(FOCUS, &[of_focus("64", "i-1").replacen(",NULL,", ",Correction,", 1)]),
    ];
    let keep = BillOptions { keep_intervals: crate::bill::KeepIntervals::All, ..BillOptions::default() };
    let options = ScanOptions { bill: keep, ..ScanOptions::default() };
    let read = |which: &dyn Fn(usize) -> bool| {
        let chosen = files.iter().enumerate().filter(|(at, _)| which(*at));
        let inputs: Vec<Input> = chosen
            .map(|(at, text)| Input::stream(format!("{at}.csv"), std::io::Cursor::new(text.clone().into_bytes())))
            .collect();
        if inputs.is_empty() { Bill::default() } else { scan(inputs, &options, &Progress::new()).unwrap() }
    };
    let whole = read(&|_| true);
    assert_eq!((billed(&whole).as_str(), whole.dialects().len()), ("127", 2));
    for subset in 0u32..16 {
        let (one, other) = (read(&|at| subset >> at & 1 == 1), read(&|at| subset >> at & 1 == 0));
        assert_eq!(one.merge(other).unwrap(), whole, "{subset:04b}");
    }
}
