//! Tag keys: how requested keys find their columns.

use super::{found, read_with};
use crate::bill::{Bill, BillOptions};
use crate::diagnostic::DiagnosticCode;
use crate::error::{ErrorCode, Result};
use crate::read::ScanOptions;

const COLUMNS: &str = "RecordType,ProductName,UsageStartDate,UsageEndDate,Cost";

fn scan_tags(header: &str, values: &str, keys: &[&str], change: impl FnOnce(&mut ScanOptions)) -> Result<Bill> {
    let tag_keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let bill = BillOptions { tag_keys, ..BillOptions::default() };
    let mut options = ScanOptions { bill, ..ScanOptions::default() };
    change(&mut options);
    let row = format!("LineItem,S3,2016-06-01 00:00:00,2016-06-01 01:00:00,1,{values}");
    read_with(format!("{COLUMNS},{header}\n{row}\n"), &options)
}

fn tags(header: &str, values: &str, keys: &[&str], case_insensitive: bool) -> Vec<Option<String>> {
    let bill = scan_tags(header, values, keys, |options| options.tags_case_insensitive = case_insensitive).unwrap();
    (0..keys.len()).map(|index| bill.charges()[0].key().tag(index).map(str::to_owned)).collect()
}

#[test]
fn keys_bind_their_columns_with_or_without_prefix() {
    let some = |text: &str| Some(text.to_owned());
    let header = "user:team,aws:createdBy,user:cost:center,\"user:a, b\",user:empty";
    let keys = ["team", "user:team", "aws:createdBy", "cost:center", "a, b", "empty"];
    assert_eq!(
        tags(header, "web,me,7,x,", &keys, false),
        [some("web"), some("web"), some("me"), some("7"), some("x"), None]
    );
}

#[test]
fn case_matters_unless_it_is_folded_and_then_the_exact_spelling_comes_first() {
    let header = "user:Team,user:team,user:TEAM";
    assert_eq!(tags(header, "A,b,C", &["team"], false), [Some("b".to_owned())]);
    assert_eq!(tags(header, "A,b,C", &["team"], true), [Some("b".to_owned())]);
    assert_eq!(tags(header, "A,,C", &["team"], false), [None]);
    assert_eq!(tags(header, "A,,C", &["team"], true), [Some("C".to_owned())]);
    assert_eq!(tags(header, "A,,", &["team"], true), [Some("A".to_owned())]);
    assert_eq!(tags("User:Team", "A", &["team"], true), [Some("A".to_owned())]);
}

#[test]
fn a_requested_key_that_no_input_has_is_an_error_naming_the_nearest() {
    let error = scan_tags("user:team,user:env,aws:createdBy", "a,b,c", &["taem"], |_| ()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadUnknownTagKey);
    assert!(error.to_string().contains("`taem`") && error.to_string().contains("nearest are `team`"), "{error}");
    let error = scan_tags("user:Team", "a", &["team"], |_| ()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadUnknownTagKey);
    let error = scan_tags("Other", "a", &["ProductName"], |_| ()).unwrap_err();
    assert!(error.to_string().contains("no tag columns"), "{error}");
}

#[test]
fn a_default_key_that_no_input_has_is_a_finding() {
    let bill = scan_tags("user:team", "a", &["product_area"], |options| options.default_tag_keys = true).unwrap();
    let missing = found(&bill, DiagnosticCode::ReadTagKeyNotFound);
    assert_eq!(missing.len(), 1);
    assert!(missing[0].message.contains("`product_area`"));
    assert_eq!(bill.tag_keys(), ["product_area"]);
}

#[test]
fn a_key_of_a_rule_is_no_default_key() {
    let keys = ["product_area", "envv"];
    let error = scan_tags("user:env", "a", &keys, |options| options.default_tag_keys = true).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadUnknownTagKey);
    assert!(error.to_string().contains("`envv`"), "{error}");
}

#[cfg(feature = "fs")]
#[test]
fn keys_that_begin_like_a_prefix_are_found_under_a_name_that_can_be_asked_for() {
    use crate::read::{Input, find_tag_keys};
    let header = "user:user:team,user:aws:team,user:team";
    let text = format!("{COLUMNS},{header}\n");
    let keys = find_tag_keys(vec![Input::stream("bill.csv", std::io::Cursor::new(text))], None).unwrap();
    assert_eq!(keys, ["team", "user:aws:team", "user:user:team"]);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(tags(header, "a,b,c", &keys, false), [Some("c".into()), Some("b".into()), Some("a".into())]);
}
