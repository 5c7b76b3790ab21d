//! Files that are there: those of the vectors, of the demo, and usual ones.

use super::{Case, Way, ways};
use crate::read::ScanOptions;
use crate::read::csv::Level;
use crate::read::tests::{HEADER, usage};

/// Reads it every way; whether its rows were once told from chunks.
fn is_told_from_chunks(content: &[u8], options: &ScanOptions) -> bool {
    let case = Case::of(content, options);
    ways(content.len()).filter(|way| case.check(*way)).count() > 0
}

#[test]
fn a_usual_file_is_told_from_chunks_of_every_size() {
    let rows: Vec<String> = (0..60).map(|at| usage(at % 48, "0.25", "\"i-1\"", "\"a,b\"")).collect();
    let content = format!("{HEADER}\n{}", rows.join("\n"));
    for options in [super::asking("team"), super::summing("team")] {
        let case = Case::of(content.as_bytes(), &options);
        assert!(case.expected.is_ok());
        for way in ways(content.len()) {
            assert_eq!(case.check(way), way.threads > 0 && way.size > HEADER.len() + 1, "{way:?}");
        }
    }
}

/// As where files are put behind each other; quotes within quotes are parsed again row by row.
#[test]
fn a_byte_order_mark_before_a_row_is_text_every_way() {
    let row = "2016-06-01 00:00:00,2016-06-01 01:00:00,1,\"say \"\"hi\"\"\"\n";
    let header = "ProductName,RecordType,UsageStartDate,UsageEndDate,Cost,user:t\n";
    let content = format!("{header}\u{feff}EC2,LineItem,{row}EC2,LineItem,{row}");
    let options = super::asking("t");
    let expected = Case::of(content.as_bytes(), &options).expected.unwrap();
    assert!(String::from_utf8_lossy(&expected.charges).contains("\"\u{feff}EC2\""));
    assert!(is_told_from_chunks(content.as_bytes(), &options));
}

/// Some cut puts the last two into one chunk, where they are 0.
#[test]
fn amounts_that_leave_the_range_in_the_order_of_rows_do_so_every_way() {
    let costs = ["0.5", "1e20", "1e20", "-1e20"];
    let rows: Vec<String> = (0u32..).zip(costs).map(|(at, cost)| usage(at, cost, "i-1", "a")).collect();
    let content = format!("{HEADER}\n{}\n", rows.join("\n"));
    let options = super::asking("team");
    let expected = Case::of(content.as_bytes(), &options).expected.unwrap_err();
    assert!(expected.contains("MoneyOverflow") && expected.contains("row: Some(4)"), "{expected}");
    assert!(!is_told_from_chunks(content.as_bytes(), &options));
}

/// Where the rows before it were only counted, their sum would be within the range behind the large one.
#[test]
fn rows_that_repeat_are_added_before_a_large_amount() {
    let rows = |costs: &[&str]| -> String {
        let rows: Vec<String> = (0u32..).zip(costs).map(|(at, cost)| usage(at, cost, "i-1", "a")).collect();
        format!("{HEADER}\n{}\n", rows.join("\n"))
    };
    let options = super::summing("team");
    // The range ends at 170141183460469231731.687….
    let within = rows(&["0.5", "0.5", "0.5", "170141183460469231730", "-170141183460469231730", "0.5", "0.5"]);
    let beyond = rows(&["0.5", "0.5", "0.5", "0.5", "170141183460469231730", "-1"]);
    let expected = Case::of(beyond.as_bytes(), &options).expected.unwrap_err();
    assert!(expected.contains("MoneyOverflow") && expected.contains("row: Some(6)"), "{expected}");
    assert!(Case::of(within.as_bytes(), &options).expected.is_ok());
    for content in [within, beyond] {
        assert!(!is_told_from_chunks(content.as_bytes(), &options));
    }
}

/// Rows may have 16 MiB, whatever the place of a chunk in which they start.
#[test]
fn a_last_row_that_is_too_long_and_has_no_end_is_refused_in_chunks_too() {
    let start = format!("{HEADER}\n{}\n", usage(0, "1", "i-1", "a"));
    let row = usage(1, "1", "i-1", &"a".repeat(16 << 20));
    let (content, options) = (start + &row, ScanOptions::default());
    let case = Case::of(content.as_bytes(), &options);
    assert!(case.expected.as_ref().is_err_and(|error| error.contains("longer than 16 MiB")));
    assert!(!case.check(Way { level: Level::best(), size: 1 << 20, threads: 2 }));
}

#[cfg(feature = "cli")]
mod of_the_project {
    use std::io::Read;

    use super::*;
    use crate::demo::{DemoDialect, DemoOptions, demo};

    /// The texts in a JSON value that are larger than a name, wherever they stand.
    fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) if text.contains(['\n', ',']) => found.push(text.clone()),
            serde_json::Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
            serde_json::Value::Object(entries) => entries.values().for_each(|value| texts(value, found)),
            _ => {}
        }
    }

    /// Whatever text a vector holds: most are bills, the others must fail in the same way.
    #[test]
    fn every_file_of_the_vectors_says_the_same_every_way() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
        let (mut found, mut bills, mut told) = (Vec::new(), 0, 0);
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
            vectors.as_array().unwrap().iter().for_each(|vector| texts(&vector["input"], &mut found));
        }
        found.sort_unstable();
        found.dedup();
        for content in &found {
            for options in [ScanOptions::default(), ScanOptions { max_bad_rows: 3, ..ScanOptions::default() }] {
                bills += usize::from(Case::of(content.as_bytes(), &options).expected.is_ok());
                told += usize::from(is_told_from_chunks(content.as_bytes(), &options));
            }
        }
        assert!(bills > 60 && told > 20, "{bills} bills of {} texts, {told} told from chunks", found.len());
    }

    fn inflated(path: &std::path::Path) -> Vec<u8> {
        let (mut content, file) = (Vec::new(), std::fs::File::open(path).unwrap());
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => flate2::read::MultiGzDecoder::new(file).read_to_end(&mut content).unwrap(),
            Some("zip") => zip::ZipArchive::new(file).unwrap().by_index(0).unwrap().read_to_end(&mut content).unwrap(),
            _ => std::io::BufReader::new(file).read_to_end(&mut content).unwrap(),
        };
        content
    }

    fn files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                files(&path, found);
            } else if [".csv", ".csv.gz", ".csv.zip"].iter().any(|end| path.to_string_lossy().ends_with(end)) {
                found.push(path);
            }
        }
    }

    #[test]
    fn the_demo_in_every_dialect_says_the_same_every_way() {
        let folder = tempfile::tempdir().unwrap();
        let dialects = DemoDialect::named(["all"]).unwrap();
        let options = DemoOptions { rows: 20, dialects, ..DemoOptions::new("2016-06".parse().unwrap()) };
        demo(folder.path(), &options).unwrap();
        let mut found = Vec::new();
        files(folder.path(), &mut found);
        let mut told = std::collections::BTreeSet::new();
        for path in found {
            // A head of a month is a month; the whole has thousands of rows.
            let mut content = inflated(&path);
            let end = content.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).nth(24);
            content.truncate(end.unwrap_or(content.len()));
            if is_told_from_chunks(&content, &super::super::asking("product_area")) {
                told.insert(path);
            }
        }
        assert!(told.len() >= 5, "{told:?}");
    }
}
