//! Cost categories: how each format spells them, and that only those asked for are kept.

use super::{brief, found, read_with};
use crate::bill::{Bill, BillOptions};
use crate::diagnostic::DiagnosticCode;
use crate::error::{ErrorCode, Result};
use crate::read::ScanOptions;

const CUR: &str = "identity/LineItemId,bill/PayerAccountId,lineItem/LineItemType,lineItem/UsageStartDate,\
    lineItem/UsageEndDate,lineItem/ProductCode,lineItem/UnblendedCost";
const ATHENA: &str = "identity_line_item_id,bill_payer_account_id,line_item_line_item_type,line_item_usage_start_date,\
    line_item_usage_end_date,line_item_product_code,line_item_unblended_cost";
const FOCUS: &str =
    "InvoiceId,BillingAccountId,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ServiceName,BilledCost";

fn asking(names: &[&str]) -> ScanOptions {
    let cost_categories = names.iter().map(|name| (*name).to_owned()).collect();
    ScanOptions { bill: BillOptions { cost_categories, ..BillOptions::default() }, ..ScanOptions::default() }
}

/// A bill of one row an hour with these last cells.
fn bill(header: &str, names: &str, rows: &[&str], options: &ScanOptions) -> Result<Bill> {
    let of = |cells: &&str| format!("1,1,Usage,2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,AmazonS3,1,{cells}\n");
    read_with(format!("{header},{names}\n{}", rows.iter().map(of).collect::<String>()), options)
}

/// The values of each charge.
fn values(bill: &Bill) -> Vec<Vec<&str>> {
    let names = 0..bill.cost_categories().len();
    let charges = bill.charges().iter();
    charges.map(|charge| names.clone().map(|at| charge.key().tag(at).unwrap_or_default()).collect()).collect()
}

#[test]
fn every_format_spells_cost_categories_its_own_way() {
    let options = asking(&["Team", "Cost Center"]);
    let map = [r#","{""Team"": ""web"", ""Cost Center"": ""7""}""#, r#","{""Team"": ""api""}""#];
    let folded = [r#","{""team"": ""web"", ""cost_center"": ""7""}""#, r#","{""team"": ""api""}""#];
    for (header, names, rows) in [
        (CUR, "costCategory/Cost Center,costCategory/Team", ["7,web", ",api"]),
        (ATHENA, "cost_category_cost_center,cost_category_team", ["7,web", ",api"]),
        (ATHENA, "resource_tags,cost_category", map),
        (ATHENA, "resource_tags,cost_category", folded),
        (FOCUS, "x_Operation,x_CostCategories", map),
    ] {
        let bill = bill(header, names, &rows, &options).unwrap();
        assert_eq!(bill.cost_categories(), ["Team", "Cost Center"]);
        assert_eq!(values(&bill), [["api", ""], ["web", "7"]], "{names}");
    }
}

#[test]
fn cost_categories_that_nobody_asks_for_change_no_charge() {
    let of = |names: &str, rows: &[&str]| bill(CUR, names, rows, &ScanOptions::default()).unwrap();
    let with = of("costCategory/Team", &["web", "api"]);
    let without = of("note", &["web", "api"]);
    assert_eq!(with.charges(), without.charges());
    let mut saved = Vec::new();
    with.save(&mut saved).unwrap();
    assert!(!String::from_utf8(saved).unwrap().contains("cost_categories"));
}

#[test]
fn a_cost_category_that_no_input_has_is_an_error_naming_the_nearest() {
    let error = bill(CUR, "costCategory/Team,costCategory/Stage", &["a,b"], &asking(&["Taem"])).unwrap_err();
    assert_eq!(error.to_string(), "cost category `Taem` is in no input; the nearest are `Team`, `Stage`");
    assert_eq!(brief(&error), "read.unknown_cost_category");
    let error = bill(CUR, "resourceTags/user:Team", &["a"], &asking(&["Team"])).unwrap_err();
    assert_eq!(error.to_string(), "cost category `Team` is in no input: the inputs have no cost categories");
    let row = "RecordType,ProductName,UsageStartDate,UsageEndDate,Cost\n";
    let error = read_with(row, &ScanOptions { period: "2016-06".parse().ok(), ..asking(&["Team"]) }).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadUnknownCostCategory);
}

#[test]
fn case_is_folded_for_cost_categories_where_it_is_for_tags() {
    let folding = ScanOptions { tags_case_insensitive: true, ..asking(&["team"]) };
    assert_eq!(values(&bill(CUR, "costCategory/Team", &["web"], &folding).unwrap()), [["web"]]);
    let error = bill(CUR, "costCategory/Team", &["web"], &asking(&["team"])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadUnknownCostCategory);
}

#[test]
fn cost_categories_are_kept_when_a_bill_is_saved_and_bills_of_others_do_not_merge() {
    let of = |names: &[&str]| bill(CUR, "costCategory/Team", &["web"], &asking(names)).unwrap();
    let mut saved = Vec::new();
    of(&["Team"]).save(&mut saved).unwrap();
    assert_eq!(Bill::load(saved.as_slice()).unwrap(), of(&["Team"]));
    assert_eq!(of(&["Team"]).digest().unwrap(), of(&[]).digest().unwrap());
    assert_eq!(of(&["Team"]).merge(of(&[])).unwrap_err().code(), ErrorCode::BillIncompatible);
}

fn tagged(header: &str, names: &str, rows: &[&str]) -> Bill {
    let bill_options = BillOptions { tag_keys: vec!["Team".to_owned()], ..BillOptions::default() };
    let options = ScanOptions { bill: bill_options, tags_case_insensitive: true, ..ScanOptions::default() };
    bill(header, names, rows, &options).unwrap()
}

#[test]
fn tag_case_collisions_take_the_exact_spelling_and_count_the_rows_that_differ() {
    let names = "resourceTags/user:team,resourceTags/user:Team";
    let bill = tagged(CUR, names, &["a,b", "a,b", "b,b", ",b", "c,"]);
    assert_eq!(values_of_tag(&bill), ["b", "c"]);
    let collisions = found(&bill, DiagnosticCode::TagsCaseCollision);
    assert_eq!(collisions.iter().map(|found| found.count).collect::<Vec<_>>(), [2]);
    assert!(collisions[0].message.starts_with("rows have tag `Team` under several spellings"), "{collisions:?}");
    let same = tagged(CUR, names, &["b,b", ",b", "c,"]);
    assert_eq!(found(&same, DiagnosticCode::TagsCaseCollision), []);
}

#[test]
fn tag_case_collisions_inside_a_map_are_told_like_those_of_columns() {
    let row = r#","{""team"": ""a"", ""Team"": ""b""}""#;
    let bill = tagged(FOCUS, "x_Operation,Tags", &[row, row, r#","{""TEAM"": ""c""}""#]);
    assert_eq!(values_of_tag(&bill), ["b", "c"]);
    let collisions = found(&bill, DiagnosticCode::TagsCaseCollision);
    assert_eq!(collisions.iter().map(|found| found.count).collect::<Vec<_>>(), [2]);
}

fn values_of_tag(bill: &Bill) -> Vec<&str> {
    bill.charges().iter().map(|charge| charge.key().tag(0).unwrap_or_default()).collect()
}
