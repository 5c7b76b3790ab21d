//! The program on real bills, where a folder of them is named by `UNBLENDED_SAMPLES`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use unblended::facade::{self, ScanRequest};
use unblended::{
    Amount, Bill, BillStatus, BillingPeriod, Charge, Currency, DiagnosticCode, Dialect, EntityStatus, LineItemKind,
    Progress, Timestamp,
};
use unblended_tests::tree;

/// The samples, or a word that there are none.
fn samples() -> Option<PathBuf> {
    let folder = std::env::var_os("UNBLENDED_SAMPLES").map(PathBuf::from);
    if folder.is_none() {
        println!("UNBLENDED_SAMPLES is not set: real bills are not tried");
    }
    folder
}

/// What `unblended rollup … --output json` prints; the test command builds the program first.
fn rollup(arguments: &[&str]) -> Value {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    let output = Command::new(target.join("debug/unblended"))
        .arg("rollup")
        .args(arguments)
        .args(["--output", "json", "--no-progress", "--as-of", "2017-01-01T00:00:00Z"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn the_consolidated_sample_sums_to_its_line_items_and_stays_estimated() {
    let Some(folder) = samples() else { return };
    let bill = "dbr/123456789012-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv.zip";
    let report = rollup(&[&path(&folder, bill), "--tag", "team"]);
    assert_eq!(report["totals"]["billed"], "1464.4553141627");
    assert_eq!((&report["period"], &report["status"]), (&Value::from("2016-06"), &Value::from("estimated")));
    assert_eq!(report["totals"]["excluded"], "129629.43"); // 24 × 1234.56 + 99999.99
}

#[test]
fn the_invoiced_sample_sums_to_the_last_digit() {
    let Some(folder) = samples() else { return };
    let report = rollup(&[&path(&folder, "dbr/real-2014-09-detailed-with-tags.csv"), "--tag", "Role"]);
    assert_eq!(report["totals"]["unattributed"], "0.08805964");
    assert_eq!((&report["period"], &report["status"]), (&Value::from("2014-09"), &Value::from("invoiced")));
}

/// What the independent script counted in one sample and billing period (`tests/samples.json`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    file: String,
    dialect: Dialect,
    period: BillingPeriod,
    several_periods: bool,
    as_of: Timestamp,
    tag_key: String,
    rows: u64,
    excluded_rows: u64,
    sum: Amount,
    /// The cells as they stand, with digits that the program rounds.
    exact_sum: String,
    rounded_rows: u64,
    excluded_sum: Amount,
    kinds: BTreeMap<LineItemKind, KindFacts>,
    tag_value_count: usize,
    /// No value, and the values that cost most.
    tag_values: BTreeMap<String, Amount>,
    status: BillStatus,
    payers: BTreeSet<String>,
    billing_entities: BTreeSet<String>,
    currencies: BTreeSet<Currency>,
    invoice_ids: BTreeSet<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFacts {
    rows: u64,
    sum: Amount,
}

fn facts() -> Vec<Facts> {
    let text = std::fs::read_to_string(tree::root().join("tests/samples.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn scanned(folder: &Path, facts: &Facts, threads: usize) -> Bill {
    let request = ScanRequest {
        paths: vec![path(folder, &facts.file)],
        period: facts.several_periods.then_some(facts.period),
        tag_keys: Some(vec![facts.tag_key.clone()]),
        threads,
        ..ScanRequest::default()
    };
    facade::scan(&request, Vec::new(), &Progress::new()).unwrap_or_else(|error| panic!("{}: {error}", facts.file))
}

fn sum_by<K: Ord>(bill: &Bill, key: impl Fn(&Charge) -> K) -> BTreeMap<K, KindFacts> {
    let mut sums = BTreeMap::new();
    for charge in bill.charges() {
        let found = sums.entry(key(charge)).or_insert(KindFacts { rows: 0, sum: Amount::ZERO });
        found.rows += charge.rows();
        found.sum = found.sum.checked_add(charge.amount()).unwrap();
    }
    sums
}

fn is_as_counted(folder: &Path, facts: &Facts) {
    let bill = scanned(folder, facts, 1);
    let found = facade::inspect(&bill, facts.as_of).unwrap();
    let name = format!("{} {}", facts.file, facts.period);
    assert_eq!((found.dialects.as_slice(), found.period), (&[facts.dialect][..], Some(facts.period)), "{name}");
    assert_eq!((found.rows, found.excluded_rows), (facts.rows, facts.excluded_rows), "{name}");
    assert_eq!(found.status, facts.status, "{name}");
    assert_eq!(bill.currencies(), facts.currencies, "{name}");
    let currency = *facts.currencies.first().unwrap();
    assert_eq!(bill.billed(currency).unwrap(), facts.sum, "{name}");
    assert_eq!(bill.excluded(currency).unwrap(), facts.excluded_sum, "{name}");
    let rounded = found.diagnostics.iter().filter(|found| found.code == DiagnosticCode::ParsePrecision);
    assert_eq!(rounded.map(|found| found.count).sum::<u64>(), facts.rounded_rows, "{name}");
    assert_eq!(facts.rounded_rows == 0, facts.exact_sum == facts.sum.to_string(), "{name}");

    assert_eq!(sum_by(&bill, |charge| charge.key().kind()), facts.kinds, "{name}");
    let values = sum_by(&bill, |charge| charge.key().tag(0).unwrap_or_default().to_owned());
    assert_eq!(values.len(), facts.tag_value_count, "{name}");
    for (value, sum) in &facts.tag_values {
        assert_eq!(values[value].sum, *sum, "{name}: {} `{value}`", facts.tag_key);
    }
    let of_entities =
        |text: fn(&EntityStatus) -> &String| found.entities.iter().map(text).cloned().collect::<BTreeSet<_>>();
    assert_eq!(of_entities(|entity| &entity.payer), facts.payers, "{name}");
    assert_eq!(of_entities(|entity| &entity.billing_entity), facts.billing_entities, "{name}");
    let invoices: BTreeSet<String> = found.entities.iter().flat_map(|entity| entity.invoice_ids.clone()).collect();
    assert_eq!(invoices, facts.invoice_ids, "{name}");
    let digest = scanned(folder, facts, 3).digest().unwrap();
    assert_eq!(digest, bill.digest().unwrap(), "{name}: threads change the bill");
}

#[test]
fn every_csv_sample_is_as_an_independent_script_counted_it() {
    let Some(folder) = samples() else { return };
    let facts = facts();
    let is_csv = |facts: &&Facts| !facts.file.ends_with(".parquet");
    assert!(facts.iter().filter(is_csv).count() >= 8, "the table of facts is cut short");
    facts.iter().filter(is_csv).for_each(|facts| is_as_counted(&folder, facts));
}

#[test]
fn the_parquet_sample_is_as_an_independent_script_counted_it() {
    let Some(folder) = samples() else { return };
    let facts = facts();
    is_as_counted(&folder, facts.iter().find(|facts| facts.file.ends_with(".parquet")).unwrap());
}
