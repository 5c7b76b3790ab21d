//! The program as it is typed: what reading says on standard error, and what threads may change of a result.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use unblended::{DemoOptions, demo};
use unblended_tests::tree;

/// Runs the program, which the test command builds first, with this on its standard input.
fn program(arguments: &[&str], input: &[u8]) -> Output {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    let mut child = Command::new(target.join("debug/unblended"))
        .args(arguments)
        .args(["--output", "json", "--as-of", "2016-07-10T00:00:00Z"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn bill(rows: usize) -> String {
    let header = "RecordType,ProductName,UsageStartDate,UsageEndDate,Cost,user:product_area\n";
    let row = "LineItem,Amazon S3,2016-06-01 00:00:00,2016-06-01 01:00:00,0.25,web\n";
    format!("{header}{}", row.repeat(rows))
}

/// The numbers of the line that says what was scanned: rows, bytes, rows and bytes a second.
fn speed(errors: &[u8]) -> Option<(u64, u64, u64, u64)> {
    let text = String::from_utf8_lossy(errors).into_owned();
    let line = text.lines().find(|line| line.starts_with("scanned "))?.to_owned();
    let words: Vec<&str> = line.split([' ', ':']).filter(|word| !word.is_empty()).collect();
    // scanned N rows, N bytes in S s N rows/s, N bytes/s
    let number = |at: usize| words[at].parse().unwrap();
    assert_eq!([words[2], words[4], words[7], words[9], words[11]], ["rows,", "bytes", "s", "rows/s,", "bytes/s"]);
    Some((number(1), number(3), number(8), number(10)))
}

#[test]
fn what_was_scanned_and_how_fast_is_said_on_standard_error_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv").display().to_string();
    let content = bill(3000);
    std::fs::write(&path, &content).unwrap();
    for (name, input) in [(path.as_str(), ""), ("-", content.as_str())] {
        for command in ["inspect", "rollup"] {
            let said = program(&[command, name], input.as_bytes());
            assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
            let (rows, bytes, rows_a_second, bytes_a_second) = speed(&said.stderr).unwrap();
            assert_eq!((rows, bytes), (3000, content.len() as u64), "{command} {name}");
            assert!(rows_a_second > 0 && bytes_a_second > rows_a_second);
            assert!(!String::from_utf8_lossy(&said.stdout).contains("scanned"));
            let quiet = program(&[command, name, "--no-progress"], input.as_bytes());
            assert!(speed(&quiet.stderr).is_none());
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes_and_0_is_all_processors() {
    let folder = tempfile::tempdir().unwrap();
    let options = DemoOptions { rows: 30_000, ..DemoOptions::new("2016-06".parse().unwrap()) };
    let month = demo(folder.path(), &options).unwrap().bill.display().to_string();
    // Large enough to be read in chunks.
    let large = folder.path().join("large.csv").display().to_string();
    std::fs::write(&large, bill(80_000)).unwrap();
    for path in [&month, &large] {
        let inspected = |threads: &str| program(&["inspect", path, "--no-progress", "--threads", threads], b"");
        let expected = inspected("1");
        assert!(expected.status.success() && expected.stdout.len() > 500);
        for threads in ["0", "2", "7"] {
            assert_eq!(inspected(threads).stdout, expected.stdout, "{threads} threads, {path}");
        }
    }
    assert_eq!(program(&["inspect", &month, "--threads", "-1"], b"").status.code(), Some(2));
    assert_eq!(program(&["inspect", &month, "--threads", "x"], b"").status.code(), Some(2));
}

/// The values of a column of a CSV without line breaks in its fields.
fn column(csv: &str, name: &str) -> Vec<String> {
    let fields = |line: &str| {
        let (mut fields, mut is_quoted) = (vec![String::new()], false);
        for letter in line.chars() {
            match letter {
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => fields.push(String::new()),
                letter => fields.last_mut().unwrap().push(letter),
            }
        }
        fields
    };
    let mut lines = csv.lines();
    let at = fields(lines.next().unwrap()).iter().position(|field| field == name).unwrap();
    lines.map(|line| fields(line)[at].clone()).collect()
}

fn sum<'t>(costs: impl Iterator<Item = &'t str>) -> String {
    unblended::Amount::sum(costs.map(|cost| cost.parse().unwrap())).unwrap().to_string()
}

#[test]
fn cells_are_explained_and_allocated_charges_sum_to_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let options = DemoOptions { rows: 3000, ..DemoOptions::new("2016-06".parse().unwrap()) };
    let month = demo(folder.path(), &options).unwrap();
    let path = |path: &std::path::Path| path.display().to_string();
    let [bill, policy, tasks] = [&month.bill, &month.policy, &month.tasks].map(|file| path(file));
    let [instances, volumes, services] = [&month.instances, &month.volumes, &month.services].map(|file| path(file));
    let of_month = [
        &bill,
        "--policy",
        &policy,
        "--tasks",
        &tasks,
        "--instances",
        &instances,
        "--volumes",
        &volumes,
        "--services",
        &services,
        "--no-progress",
    ];
    let json = |command: &str, more: &[&str]| -> serde_json::Value {
        let said = program(&[&[command], of_month.as_slice(), more].concat(), b"");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        serde_json::from_slice(&said.stdout).unwrap()
    };
    let written = |threads: &str| {
        let charges = path(&folder.path().join(format!("charges-{threads}.csv")));
        let report = json("rollup", &["--allocated-charges", &charges, "--threads", threads]);
        (report, std::fs::read_to_string(charges).unwrap())
    };
    let (report, charges) = written("1");
    assert_eq!(charges, written("7").1);
    let (costs, areas) = (column(&charges, "BilledCost"), column(&charges, "x_ProductArea"));
    let kinds = column(&charges, "x_RowKind");
    for row in report["area_costs"].as_array().unwrap() {
        let (area, kind) = (row["product_area"].as_str(), row["row_kind"].as_str().unwrap());
        let of_row = (0..costs.len()).filter(|at| areas[*at] == area.unwrap_or_default() && kinds[*at] == kind);
        assert_eq!(sum(of_row.map(|at| costs[at].as_str())), row["cost"].as_str().unwrap());
        let filter = area.map_or(vec!["--no-area"], |area| vec!["--area", area]);
        let explained = json("explain", &[&filter[..], &["--row-kind", kind, "--rows", "7"]].concat());
        assert_eq!(explained["cost"], row["cost"]);
        let parts = explained["contributions"].as_array().unwrap();
        assert_eq!(sum(parts.iter().map(|part| part["amount"].as_str().unwrap())), row["cost"].as_str().unwrap());
        // What is made of fees alone has their rows: the purchase of the month and its recurring fee.
        let is_own = |part: &&serde_json::Value| part["charge"].is_object() && part["commitment"].is_null();
        let has_rows = parts.iter().any(|part| is_own(&part));
        assert_eq!(has_rows, kind != "unused_commitment");
        let rows = explained["rows"].as_array().unwrap();
        assert_eq!(rows.len(), if has_rows { 7 } else { 2 });
        let fees = explained["fees"].as_array();
        assert!(has_rows || fees.is_some_and(|fees| fees.iter().all(|fee| fee["part"] != "0")), "{fees:?}");
        assert!(rows.iter().all(|row| row["file"].as_str().unwrap().starts_with(&bill)));
        let ecs = parts.iter().filter(|part| part["mechanism"] == "ecs");
        assert!(ecs.clone().all(|part| part["instance"].is_string()));
    }
    let methods = column(&charges, "AllocatedMethodId");
    for method in ["ecs-cpu-seconds", "volume-attachments", "rule-percentages", "commitment-fees"] {
        assert!(methods.iter().any(|known| *known == format!("unblended/{method}")), "{method}");
    }
    let nothing = program(&[&["explain"], of_month.as_slice(), &["--area", "nobody"]].concat(), b"");
    assert!(nothing.status.success() && String::from_utf8_lossy(&nothing.stderr).contains("nothing matches"));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&nothing.stdout).unwrap()["cost"], "0");
}
