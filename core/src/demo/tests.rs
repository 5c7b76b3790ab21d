//! The demo as its readers see it: files, sums and sameness.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use tempfile::TempDir;

use super::*;

/// Quick in a debug build: daily rows.
fn small() -> DemoOptions {
    DemoOptions { rows: 3_000, ..DemoOptions::new("2016-06".parse().unwrap()) }
}

fn written(options: &DemoOptions) -> (TempDir, DemoFiles) {
    let dir = tempfile::tempdir().unwrap();
    let files = demo(dir.path(), options).unwrap();
    (dir, files)
}

fn csv_of(path: &Path) -> String {
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "zip") {
        let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
        assert_eq!(archive.len(), 1);
        archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    } else {
        text = fs::read_to_string(path).unwrap();
    }
    text
}

fn records(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = csv_of(path);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn sum<'r>(rows: impl Iterator<Item = &'r BTreeMap<String, String>>) -> Amount {
    Amount::sum(rows.map(|row| row["UnBlendedCost"].parse().unwrap())).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let ((_one, one), (_two, two)) = (written(&small()), written(&small()));
    let (_other, other) = written(&DemoOptions { seed: 2, ..small() });
    let paths = |f: &DemoFiles| [&f.tasks, &f.volumes, &f.instances, &f.services, &f.policy, &f.bill].map(Clone::clone);
    for (one, two) in paths(&one).iter().zip(&paths(&two)) {
        assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap(), "{}", one.display());
    }
    assert_ne!(csv_of(&one.bill), csv_of(&other.bill));
    assert_ne!(fs::read(&one.tasks).unwrap(), fs::read(&other.tasks).unwrap());
}

#[test]
fn the_first_demo_never_changes_unnoticed() {
    let (_dir, files) = written(&small());
    assert_eq!((files.rows, files.total.to_string().as_str()), (3_000, TOTAL_OF_SEED_1));
    assert!(fs::read_to_string(&files.readme).unwrap().contains(TOTAL_OF_SEED_1));
}

const TOTAL_OF_SEED_1: &str = "10281.41";

#[test]
fn total_rows_equal_the_rows_they_total() {
    let (_dir, files) = written(&small());
    let rows = records(&files.bill);
    let counting = |row: &&BTreeMap<String, String>| !row["RecordType"].ends_with("Total");
    for account in ACCOUNTS {
        let of_account = rows.iter().filter(counting).filter(|row| row["LinkedAccountId"] == account);
        let printed =
            rows.iter().filter(|row| row["RecordType"] == "AccountTotal" && row["LinkedAccountId"] == account);
        assert_eq!(sum(of_account), sum(printed), "{account}");
    }
    let statement = sum(rows.iter().filter(|row| row["RecordType"] == "StatementTotal"));
    assert_eq!(statement, files.total);
    assert_eq!(statement, sum(rows.iter().filter(counting)));
    assert_eq!(statement.units() % 10i128.pow(16), 0, "whole cents");
    assert!(rows.iter().any(|row| row["RecordType"] == "Rounding"));
}

#[test]
fn costs_are_rate_times_quantity_and_invoices_are_integers() {
    let (_dir, files) = written(&small());
    let rows = records(&files.bill);
    let line_items: Vec<_> = rows.iter().filter(|row| row["RecordType"] == "LineItem").collect();
    assert_eq!(u64::try_from(line_items.len()).unwrap(), files.rows);
    for row in &line_items {
        let decimal = |column: &str| row[column].parse::<rust_decimal::Decimal>().unwrap();
        assert_eq!(decimal("UnBlendedRate") * decimal("UsageQuantity"), decimal("UnBlendedCost"), "{row:?}");
        assert_eq!(decimal("BlendedRate") * decimal("UsageQuantity"), decimal("BlendedCost"));
    }
    assert!(rows.iter().all(|row| row["InvoiceID"].parse::<u64>().is_ok()));
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["RecordId"].as_str()).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(ids.iter().all(|id| id.len() == 26));
}

#[test]
fn rows_are_as_many_as_asked_in_either_grain() {
    for (rows, hour) in [(40_001, "2016-06-01 01:00:00"), (2_500, "2016-06-02 00:00:00")] {
        let (_dir, files) = written(&DemoOptions { rows, ..small() });
        assert_eq!(files.rows, rows);
        let text = csv_of(&files.bill);
        assert!(text.lines().nth(1).unwrap().contains(hour), "{rows}");
    }
}

#[test]
fn fewer_rows_than_a_month_of_days_give_that_month() {
    let (_dir, least) = written(&DemoOptions { rows: 0, ..small() });
    assert!((1_000..2_500).contains(&least.rows), "{}", least.rows);
}

#[test]
fn the_bill_shows_what_a_real_one_does() {
    let (_dir, files) = written(&small());
    let rows = records(&files.bill);
    let any = |column: &str, part: &str| rows.iter().any(|row| row[column].contains(part));
    for (column, part) in [
        ("ItemDescription", "Sign up charge"),
        ("ItemDescription", "(720 hours purchased, 672 hours used)"),
        ("ItemDescription", "Tax for product code"),
        ("ItemDescription", "Credit"),
        ("ItemDescription", "Refund"),
        ("UsageType", "BoxUsage:c4.8xlarge"),
        ("UsageType", "EBS:VolumeUsage"),
        ("UsageEndDate", "2017-06-09 21:21:36"),
        ("ReservedInstance", "Y"),
        ("user:product_area", "Integrations"),
        ("LinkedAccountId", "012345678901"),
    ] {
        assert!(any(column, part), "{column} {part}");
    }
    let untagged = rows.iter().filter(|row| row["user:product_area"].is_empty()).count();
    assert!(untagged > 100 && untagged < rows.len() - 100);
}

#[test]
fn events_are_json_shuffled_and_partly_twice() {
    let (_dir, files) = written(&small());
    let text = fs::read_to_string(&files.tasks).unwrap();
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<&str> = events.iter().map(|event| event["time"].as_str().unwrap()).collect();
    assert!(!times.is_sorted());
    let ids: BTreeSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.len() < events.len(), "no event stands twice");
    for status in ["PENDING", "RUNNING", "STOPPED"] {
        assert!(events.iter().any(|event| event["detail"]["lastStatus"] == status), "{status}");
    }
    let known = fs::read_to_string(&files.instances).unwrap();
    for event in &events {
        let arn = event["detail"]["containerInstanceArn"].as_str().unwrap();
        assert!(known.contains(arn.rsplit('/').next().unwrap()));
    }
    let volumes = fs::read_to_string(&files.volumes).unwrap();
    for part in ["AttachVolume", "DetachVolume", "errorCode", "terminated"] {
        assert!(volumes.contains(part), "{part}");
    }
}

#[test]
fn an_area_that_fits_no_tag_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for areas in [vec![], vec!["a\"b".to_owned()], vec![" a".to_owned()], vec![String::new()]] {
        let error = demo(dir.path(), &DemoOptions { areas, ..small() }).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigBadValue);
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_output_io() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = demo(&file, &small()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OutputIo);
    assert_eq!(error.code().as_str(), "output.io");
}
