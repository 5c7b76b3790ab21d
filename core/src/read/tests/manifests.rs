//! A named manifest gives the files of its assembly, wherever a copy keeps them.

use std::fs;
use std::path::Path;

use super::{billed, csv, usage};
use crate::error::{Error, ErrorCode, Result};
use crate::read::{Input, Progress, ScanOptions, find_inputs, find_tag_keys, scan};

pub(super) const ASSEMBLY: &str = "ea74f90b-e82f-9c72-fab6-abc716793752";
pub(super) const OTHER: &str = "1bd6eea9-9e28-521c-6860-a40ef856fa68";

/// Writes a file with the folders above it.
pub(super) fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Bills of one row each, all different.
pub(super) fn put_bills(root: &Path, paths: &[&str]) {
    for (number, path) in (0..).zip(paths) {
        put(root, path, csv(&[usage(number, "1", "", "")]));
    }
}

/// A manifest of a report for June 2016.
pub(super) fn report(assembly: &str, keys: &[&str]) -> String {
    serde_json::json!({
        "assemblyId": assembly, "account": "123456789012", "reportName": "r", "bucket": "b",
        "billingPeriod": {"start": "20160601T000000.000Z", "end": "20160701T000000.000Z"},
        "reportKeys": keys,
    })
    .to_string()
}

pub(super) fn find(root: &Path, names: &[&str]) -> Result<Vec<Input>> {
    find_inputs(&names.iter().map(|name| root.join(name).display().to_string()).collect::<Vec<_>>())
}

/// The inputs found, below the root.
pub(super) fn found(root: &Path, names: &[&str]) -> Vec<String> {
    let root_of = |input: &Input| Path::new(input.name()).strip_prefix(root).unwrap().display().to_string();
    find(root, names).unwrap().iter().map(root_of).collect()
}

/// The error of finding, which stands at the manifest.
pub(super) fn refused(root: &Path, names: &[&str]) -> (ErrorCode, String) {
    let error = find(root, names).unwrap_err();
    let file = error.location().unwrap().file.clone().unwrap();
    assert!(file.ends_with("anifest.json"), "{file}");
    (error.code(), error.to_string())
}

pub(super) fn scan_found(root: &Path, names: &[&str], options: &ScanOptions) -> Result<String> {
    Ok(billed(&scan(find(root, names)?, options, &Progress::new())?))
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    (folder, root)
}

#[test]
fn copies_of_bucket_prefix_and_folder_and_flat_ones_are_found() {
    let keys = ["r-1.csv.gz", "r-2.csv.gz"].map(|file| format!("p/q/r/20160601-20160701/{ASSEMBLY}/{file}"));
    let json = report(ASSEMBLY, &[&keys[1], &keys[0]]);
    let period = "20160601-20160701";
    for (manifest, files) in [
        (format!("b/p/q/r/{period}"), format!("b/p/q/r/{period}/{ASSEMBLY}")),
        (format!("p/q/r/{period}"), format!("p/q/r/{period}/{ASSEMBLY}")),
        (format!("r/{period}/{ASSEMBLY}"), format!("r/{period}/{ASSEMBLY}")),
        ("manifests".into(), format!("{period}/{ASSEMBLY}")),
        ("manifests/a/b/c".into(), format!("p/q/r/{period}/{ASSEMBLY}")),
        ("mine".into(), "mine".into()),
        ("mine".into(), format!("mine/{ASSEMBLY}")),
    ] {
        let (_kept, root) = folder();
        let paths = ["r-1.csv.gz", "r-2.csv.gz"].map(|file| format!("{files}/{file}"));
        put_bills(&root, &[&paths[0], &paths[1]]);
        let manifest = format!("{manifest}/r-Manifest.json");
        put(&root, &manifest, &json);
        assert_eq!(found(&root, &[&manifest]), paths, "{manifest}");
    }
}

#[test]
fn data_exports_and_parquet_reports_are_found() {
    let export = "s3://b/p/e/data/BILLING_PERIOD=2016-06";
    let of_run = format!("{export}/20160702T000000Z-{ASSEMBLY}/e-00001.snappy.parquet");
    for (manifest, key) in [
        ("p/e/metadata/BILLING_PERIOD=2016-06/e-Manifest.json", format!("{export}/e-00001.csv.gz")),
        ("p/e/metadata/BILLING_PERIOD=2016-06/e-Manifest.json", of_run.clone()),
        ("p/e/metadata/BILLING_PERIOD=2016-06/20160702T000000Z-x/e-Manifest.json", of_run),
        ("r/20160601-20160701/r-Manifest.json", "s3://b/r/r/r/year=2016/month=6/r-00001.snappy.parquet".into()),
    ] {
        let (_kept, root) = folder();
        let path = key.strip_prefix("s3://b/").unwrap();
        put_bills(&root, &[path]);
        put(&root, manifest, serde_json::json!({"executionId": "x", "dataFiles": [key]}).to_string());
        assert_eq!(found(&root, &[manifest]), [path]);
        let inputs = find(&root, &[manifest]).unwrap();
        assert_eq!(inputs[0].period(), "2016-06".parse().ok(), "the folders are evidence");
    }
}

#[test]
fn the_nearest_folder_with_the_longest_end_of_the_key_wins() {
    let (_kept, root) = folder();
    let key = format!("r/{ASSEMBLY}/r-1.csv");
    put(&root, "a/b/r-Manifest.json", report(ASSEMBLY, &[&key]));
    let in_order = [&format!("a/b/{key}"), &format!("a/b/{ASSEMBLY}/r-1.csv"), "a/b/r-1.csv", &format!("a/{key}")];
    put_bills(&root, &in_order);
    for path in in_order {
        assert_eq!(found(&root, &["a/b/r-Manifest.json"]), [path]);
        fs::remove_file(root.join(path)).unwrap();
    }
    assert_eq!(refused(&root, &["a/b/r-Manifest.json"]).0, ErrorCode::ReadMissingChunk);
}

#[test]
fn a_listed_file_that_is_missing_is_never_taken_from_elsewhere() {
    let (_kept, root) = folder();
    let keys = [format!("r/{ASSEMBLY}/r-1.csv"), format!("r/{ASSEMBLY}/r-2.csv")];
    put(&root, "r/r-Manifest.json", report(ASSEMBLY, &[&keys[0], &keys[1]]));
    put_bills(&root, &[&keys[0], "r/r-2.csv", "r-2.csv"]);
    let (code, message) = refused(&root, &["r/r-Manifest.json"]);
    assert_eq!(code, ErrorCode::ReadMissingChunk);
    assert!(message.contains(&keys[1]), "{message}");
}

#[test]
fn a_bill_beside_the_listed_files_is_an_extra_chunk() {
    let (_kept, root) = folder();
    let key = format!("r/{ASSEMBLY}/r-1.csv");
    put(&root, "r-Manifest.json", report(ASSEMBLY, &[&key]));
    put_bills(&root, &[&key, "r/other.csv", "bill.csv"]);
    assert_eq!(found(&root, &["r-Manifest.json"]), [key.as_str()]);
    put(&root, &format!("r/{ASSEMBLY}/notes.txt"), "");
    put(&root, &format!("r/{ASSEMBLY}/bill.csv"), "");
    let (code, message) = refused(&root, &["r-Manifest.json"]);
    assert_eq!(code, ErrorCode::ReadExtraChunk);
    assert!(message.contains("bill.csv"), "{message}");
}

#[test]
fn beside_flat_files_only_further_chunks_are_extra() {
    let (_kept, root) = folder();
    put(&root, "r-Manifest.json", report(ASSEMBLY, &["p/x/r-1.csv.gz"]));
    put_bills(&root, &["r-1.csv.gz", "another-bill.csv.gz", "r-1.csv"]);
    assert_eq!(found(&root, &["r-Manifest.json"]), ["r-1.csv.gz"]);
    put(&root, "r-2.CSV.gz", "");
    assert_eq!(refused(&root, &["r-Manifest.json"]).0, ErrorCode::ReadExtraChunk);
}

#[test]
fn sizes_hold_where_a_manifest_gives_them() {
    let (_kept, root) = folder();
    put(&root, "a.csv", "12345");
    let manifest = |size: u64| serde_json::json!({"dataFiles": [{"key": "p/a.csv", "size": size}]}).to_string();
    put(&root, "e-Manifest.json", manifest(5));
    assert_eq!(found(&root, &["e-Manifest.json"]), ["a.csv"]);
    put(&root, "e-Manifest.json", manifest(6));
    let (code, message) = refused(&root, &["e-Manifest.json"]);
    assert_eq!(code, ErrorCode::ReadWrongSize);
    assert!(message.contains("`p/a.csv` with 6 bytes, the file has 5"), "{message}");
}

#[test]
fn named_json_that_is_no_manifest_is_a_bad_manifest() {
    let (_kept, root) = folder();
    for (name, content) in [
        ("r-Manifest.json", ""),
        ("b-Manifest.json", "{\"reportKeys\": [\"a.csv\""),
        ("c-manifest.json", " \n{\"reportKeys\": []}"),
        ("Manifest.json", "{\"entries\": []}"),
    ] {
        put(&root, name, content);
        assert_eq!(refused(&root, &[name]).0, ErrorCode::ReadBadManifest, "{name}");
    }
    put(&root, "renamed", report(ASSEMBLY, &["p/a.csv"]));
    put(&root, "a.csv", "");
    assert_eq!(found(&root, &["renamed"]), ["a.csv"], "the content says what it is");
}

#[test]
fn the_manifest_says_the_period_and_folders_must_agree() {
    let (_kept, root) = folder();
    put_bills(&root, &["june/r-1.csv", "july/s-1.csv"]);
    put(&root, "june/r-Manifest.json", report(ASSEMBLY, &["p/r-1.csv"]));
    let july = report(OTHER, &["p/s-1.csv"]).replace("20160601T", "20160701T");
    put(&root, "july/s-Manifest.json", july);
    let both = ["june/r-Manifest.json", "july/s-Manifest.json"];
    let code = |result: Result<String>| result.unwrap_err().code();
    let options = |period: &str| ScanOptions { period: period.parse().ok(), ..ScanOptions::default() };
    // The rows of both are of June: the manifest says otherwise.
    assert_eq!(code(scan_found(&root, &both, &ScanOptions::default())), ErrorCode::ReadSeveralPeriods);
    assert_eq!(scan_found(&root, &both, &options("2016-07")).unwrap(), "1");
    assert_eq!(code(scan_found(&root, &both, &options("2016-08"))), ErrorCode::ReadPeriodMismatch);
    let keys = |period: &str| find_tag_keys(find(&root, &both).unwrap(), period.parse().ok()).unwrap().len();
    assert_eq!((keys("2016-07"), keys("2016-08")), (2, 0));

    for path in ["20160701-20160801/r-Manifest.json", "year=2016/month=7/r-Manifest.json"] {
        put(&root, path, report(ASSEMBLY, &["p/june/r-1.csv"]));
        assert_eq!(refused(&root, &[path]).0, ErrorCode::ReadSeveralPeriods, "{path}");
    }
    put_bills(&root, &["BILLING_PERIOD=2016-07/x.csv"]);
    put(&root, "x-Manifest.json", report(ASSEMBLY, &["BILLING_PERIOD=2016-07/x.csv"]));
    assert_eq!(refused(&root, &["x-Manifest.json"]).0, ErrorCode::ReadSeveralPeriods);
}

#[test]
fn an_assembly_of_1500_files_is_whole() {
    let (_kept, root) = folder();
    let keys: Vec<String> = (1..=1500).map(|number| format!("p/r/{ASSEMBLY}/r-{number}.csv")).collect();
    for (number, key) in (0u32..).zip(&keys) {
        put(&root, key, csv(&[usage(number % 700, &format!("{}", 1 + number / 700), "", "")]));
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    put(&root, "p/r/r-Manifest.json", report(ASSEMBLY, &keys));
    assert_eq!(find(&root, &["p/r/r-Manifest.json"]).unwrap().len(), 1500);
    assert_eq!(scan_found(&root, &["p"], &ScanOptions::default()).unwrap(), (700 + 1400 + 300).to_string());
    fs::remove_file(root.join(keys[1234])).unwrap();
    let Err(error): std::result::Result<_, Error> = find(&root, &["p"]) else { panic!("a file is missing") };
    assert!(error.to_string().contains("r-1235.csv"), "{error}");
}

#[test]
fn relative_manifests_give_relative_paths() {
    let below = tempfile::tempdir_in(".").unwrap();
    let name = Path::new(below.path().file_name().unwrap());
    put(below.path(), "m/r-Manifest.json", report(ASSEMBLY, &["p/a.csv", "q/b.csv"]));
    put(below.path(), "m/a.csv", "");
    put(below.path(), "b.csv", "");
    let inputs = find_inputs(&[name.join("m/r-Manifest.json").display().to_string()]).unwrap();
    let names: Vec<_> = inputs.iter().map(Input::name).collect();
    assert_eq!(names, [name.join("b.csv").display().to_string(), name.join("m/a.csv").display().to_string()]);
}
