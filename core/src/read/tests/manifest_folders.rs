//! Directories and globs with manifests: no file is skipped and none counts twice without being said.

use std::fs;
use std::path::PathBuf;

use super::manifests::{ASSEMBLY, OTHER, find, found, put, put_bills, refused, report, scan_found};
use crate::error::ErrorCode;
use crate::read::ScanOptions;

const PERIOD: &str = "r/20160601-20160701";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    (folder, root)
}

/// As AWS delivers it: the manifest of the assembly, its copy for the period, and two files.
fn put_assembly(root: &std::path::Path, assembly: &str, first: usize) -> [String; 2] {
    let keys = [1, 2].map(|number| format!("{PERIOD}/{assembly}/r-{number}.csv"));
    let json = report(assembly, &[&keys[0], &keys[1]]);
    put(root, &format!("{PERIOD}/{assembly}/r-Manifest.json"), &json);
    put(root, &format!("{PERIOD}/r-Manifest.json"), &json);
    let mut paths = vec!["unused"; first];
    paths.extend(keys.iter().map(String::as_str));
    put_bills(root, &paths);
    let _ = fs::remove_file(root.join("unused"));
    keys
}

fn code(root: &std::path::Path, names: &[&str], options: &ScanOptions) -> ErrorCode {
    scan_found(root, names, options).unwrap_err().code()
}

#[test]
fn the_copy_of_a_manifest_for_the_period_is_the_same_assembly() {
    let (_kept, root) = folder();
    let keys = put_assembly(&root, ASSEMBLY, 0);
    put(&root, &format!("{PERIOD}/{ASSEMBLY}/r-RedshiftManifest.json"), "{\"entries\": []}");
    put(&root, &format!("{PERIOD}/{ASSEMBLY}/r-RedshiftCommands.sql"), "");
    put(&root, "r/cost_and_usage_data_status/status.parquet", "");
    put(&root, "r/events.json", "{}");
    put(&root, "r/manifest.json", "{}");
    for names in [&["."][..], &["r"], &[PERIOD], &["r", PERIOD], &["r/2016*"], &["r/2016*/*"]] {
        assert_eq!(found(&root, names), keys, "{names:?}");
    }
    assert_eq!(scan_found(&root, &["r"], &ScanOptions::default()).unwrap(), "2");
}

#[test]
fn files_that_are_named_beside_their_manifest_count_once() {
    let (_kept, root) = folder();
    let keys = put_assembly(&root, ASSEMBLY, 0);
    let manifest = format!("{PERIOD}/r-Manifest.json");
    assert_eq!(found(&root, &[&keys[0], &manifest, &keys[1], &keys[1], &manifest]), keys);
    put_bills(&root, &["elsewhere.csv"]);
    assert_eq!(found(&root, &[&manifest, "elsewhere.csv"]).len(), 3);
}

#[test]
fn two_assemblies_of_a_period_are_a_duplicate_unless_allowed_or_of_another_period() {
    let (_kept, root) = folder();
    put_assembly(&root, ASSEMBLY, 0);
    put_assembly(&root, OTHER, 2);
    let error = scan_found(&root, &["r"], &ScanOptions::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadDuplicate);
    for part in [ASSEMBLY, OTHER, "name the manifest"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    // The copy for the period is that of the newer one.
    assert_eq!(scan_found(&root, &[&format!("{PERIOD}/r-Manifest.json")], &ScanOptions::default()).unwrap(), "2");
    let allowed = ScanOptions { allow_duplicates: true, ..ScanOptions::default() };
    assert_eq!(scan_found(&root, &["r"], &allowed).unwrap(), "4");
    let july = ScanOptions { period: "2016-07".parse().ok(), ..ScanOptions::default() };
    assert_eq!(code(&root, &["r"], &july), ErrorCode::ReadPeriodMismatch);
}

#[test]
fn two_reports_of_an_account_are_the_same_bill_and_two_exports_are_not() {
    let (_kept, root) = folder();
    put_bills(&root, &["a/r-1.csv", "b/s-1.csv"]);
    put(&root, "a/r-Manifest.json", report(ASSEMBLY, &["r-1.csv"]));
    put(&root, "b/s-Manifest.json", report(OTHER, &["s-1.csv"]).replace("\"r\"", "\"s\""));
    assert_eq!(code(&root, &["."], &ScanOptions::default()), ErrorCode::ReadDuplicate);
    for (path, key) in [("a/r-Manifest.json", "r-1.csv"), ("b/s-Manifest.json", "s-1.csv")] {
        let json = serde_json::json!({"exportArn": path, "billingPeriod": "2016-06", "dataFiles": [key]});
        put(&root, path, json.to_string());
    }
    assert_eq!(scan_found(&root, &["."], &ScanOptions::default()).unwrap(), "2");
}

#[test]
fn two_manifests_that_list_one_file_are_a_duplicate() {
    let (_kept, root) = folder();
    put_bills(&root, &["r-1.csv"]);
    put(&root, "a-Manifest.json", report(ASSEMBLY, &["p/a/r-1.csv"]));
    put(&root, "b-Manifest.json", report(OTHER, &["p/b/r-1.csv"]));
    let (code, message) = refused(&root, &["."]);
    assert_eq!(code, ErrorCode::ReadDuplicate);
    assert!(message.contains("a-Manifest.json") && message.contains("b-Manifest.json"), "{message}");
}

#[test]
fn assembly_folders_without_manifests_are_a_duplicate_too() {
    let (_kept, root) = folder();
    let run = |id: &str| format!("data/BILLING_PERIOD=2016-06/20160702T000000Z-{id}/x-00001.csv");
    let in_two = [
        [format!("{PERIOD}/{ASSEMBLY}/r-1.csv"), format!("{PERIOD}/{OTHER}/r-1.csv")],
        [format!("{PERIOD}/r-1.csv"), format!("{PERIOD}/{OTHER}/r-1.csv")],
        [run(ASSEMBLY), run(OTHER)],
    ];
    for paths in in_two {
        put_bills(&root, &[&paths[0], &paths[1]]);
        assert_eq!(code(&root, &["."], &ScanOptions::default()), ErrorCode::ReadDuplicate, "{paths:?}");
        assert_eq!(code(&root, &[&paths[1], &paths[0]], &ScanOptions::default()), ErrorCode::ReadDuplicate);
        assert_eq!(scan_found(&root, &[&paths[1]], &ScanOptions::default()).unwrap(), "1");
        let allowed = ScanOptions { allow_duplicates: true, ..ScanOptions::default() };
        assert_eq!(scan_found(&root, &["."], &allowed).unwrap(), "2");
        for path in &paths {
            fs::remove_file(root.join(path)).unwrap();
        }
    }
    put_bills(&root, &["p/20160601-20160701/r-1.csv", "q/20160601-20160701/r-1.csv"]);
    assert_eq!(scan_found(&root, &["p", "q"], &ScanOptions::default()).unwrap(), "2", "two reports");
}

#[test]
fn bills_among_listed_files_that_no_manifest_lists_are_refused() {
    let (_kept, root) = folder();
    put_assembly(&root, ASSEMBLY, 0);
    put_bills(&root, &["unrelated.csv"]);
    assert_eq!(found(&root, &["."]).len(), 3, "it lies in no folder of the assembly");
    put(&root, &format!("{PERIOD}/{OTHER}/r-1.csv"), "");
    let (code, message) = refused(&root, &["."]);
    assert_eq!(code, ErrorCode::ReadExtraChunk);
    assert!(message.contains(OTHER), "{message}");
    assert_eq!(found(&root, &[&format!("{PERIOD}/r-Manifest.json")]).len(), 2);
}

#[test]
fn a_month_of_an_export_without_manifest_is_refused() {
    let (_kept, root) = folder();
    let of = |month: &str| format!("e/data/BILLING_PERIOD={month}/e-00001.csv");
    put_bills(&root, &[&of("2016-06"), &of("2016-07")]);
    let json = serde_json::json!({"dataFiles": [format!("s3://b/{}", of("2016-06"))]}).to_string();
    put(&root, "e/metadata/BILLING_PERIOD=2016-06/e-Manifest.json", json);
    assert_eq!(refused(&root, &["e"]).0, ErrorCode::ReadExtraChunk);
    fs::remove_file(root.join(of("2016-07"))).unwrap();
    assert_eq!(found(&root, &["e"]), [of("2016-06")]);
    assert_eq!(found(&root, &["e/metadata"]), [of("2016-06")]);
}

#[test]
fn a_broken_manifest_in_a_directory_is_no_other_json() {
    let (_kept, root) = folder();
    put_bills(&root, &["r-1.csv"]);
    put(&root, "r-Manifest.json", "{\"reportKeys\": [");
    assert_eq!(refused(&root, &["."]).0, ErrorCode::ReadBadManifest);
    fs::rename(root.join("r-Manifest.json"), root.join("r-QuickSightManifest.json")).unwrap();
    assert_eq!(find(&root, &["."]).unwrap().len(), 1);
}
