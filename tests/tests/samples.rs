//! The program on real bills, where a folder of them is named by `UNBLENDED_SAMPLES`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test may fail loudly")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
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
