//! How the same rows and events may arrive: in any order, cut into files, packed, events more than once.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::random::Random;

/// One way of many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    /// Chooses order, cut and packing; `None` leaves everything as it was written, once, in one plain file.
    pub(crate) seed: Option<u64>,
    /// How many files the bill is cut into.
    pub(crate) files: usize,
    /// How many files the events are cut into.
    pub(crate) event_files: usize,
}

/// As it was written.
pub(crate) const AS_WRITTEN: Delivery = Delivery { seed: None, files: 1, event_files: 1 };

impl Delivery {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        (any::<u64>(), 1usize..=5, 1usize..=4).prop_map(|(seed, files, event_files)| Self {
            seed: Some(seed),
            files,
            event_files,
        })
    }

    /// The bill's files, by name.
    pub(crate) fn bill_files(&self, header: &str, rows: &[String]) -> Vec<(String, Vec<u8>)> {
        let Some(seed) = self.seed else { return vec![("bill.csv".to_owned(), csv(header, rows))] };
        let mut random = Random(seed);
        let files = random.cut(rows, self.files);
        files.iter().enumerate().map(|(at, rows)| packed(&mut random, &format!("bill-{at}"), header, rows)).collect()
    }

    /// The evidence files: a quarter of the events twice.
    pub(crate) fn event_files(&self, events: &[String]) -> Vec<(String, String)> {
        let Some(seed) = self.seed else { return vec![("events.jsonl".to_owned(), events.join("\n"))] };
        let mut random = Random(seed ^ 1);
        let again: Vec<String> = events.iter().filter(|_| random.below(4) == 0).cloned().collect();
        let files = random.cut(&[events, &again].concat(), self.event_files).into_iter().enumerate();
        files
            .map(|(at, events)| match random.below(3) {
                0 => (format!("events-{at}.json"), format!("[{}]", events.join(",\n"))),
                1 => (format!("events-{at}"), events.concat()),
                _ => (format!("events-{at}.jsonl"), events.join("\n") + "\n"),
            })
            .collect()
    }

    /// The service map, cut into maps that add up.
    pub(crate) fn service_files(&self, services: &[(String, String)]) -> Vec<(String, String)> {
        let Some(seed) = self.seed else { return vec![("services.json".to_owned(), map(services))] };
        let mut random = Random(seed ^ 2);
        let files = random.cut(services, self.event_files.min(2)).into_iter().enumerate();
        files.map(|(at, services)| (format!("services-{at}.json"), map(&services))).collect()
    }
}

fn map(services: &[(String, String)]) -> String {
    let pairs = services.iter().map(|(service, area)| (service.clone(), area.as_str().into()));
    serde_json::Value::Object(pairs.collect()).to_string()
}

fn csv(header: &str, rows: &[String]) -> Vec<u8> {
    let mut text = header.to_owned() + "\n";
    for row in rows {
        writeln!(text, "{row}").unwrap();
    }
    text.into_bytes()
}

/// Rows as plain CSV, as gzip of one or two members, or as zip of one or two entries.
fn packed(random: &mut Random, name: &str, header: &str, rows: &[String]) -> (String, Vec<u8>) {
    match random.below(5) {
        0 => (format!("{name}.csv"), csv(header, rows)),
        kind @ (1 | 2) => {
            let bytes = csv(header, rows);
            let (first, second) = bytes.split_at(if kind == 1 { 0 } else { random.below(bytes.len()) });
            let members = [first, second].into_iter().filter(|member| !member.is_empty());
            (format!("{name}.csv.gz"), members.flat_map(gzip).collect())
        }
        entries => (format!("{name}.zip"), zipped(header, &random.cut(rows, entries - 2))),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(header: &str, entries: &[Vec<String>]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (at, rows) in entries.iter().enumerate() {
        archive.start_file(format!("{at}.csv"), SimpleFileOptions::default()).unwrap();
        archive.write_all(&csv(header, rows)).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The only entry of an archive.
pub(crate) fn unzipped(bytes: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    text
}
