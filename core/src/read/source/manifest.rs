//! The content of a manifest: which files are one delivery of a bill (spec 2.2).
//!
//! A Cost and Usage Report lists `reportKeys`, a Data Export `dataFiles`. AWS documents neither with sizes; where a
//! manifest gives them, because a copy job wrote it, they are kept. Nothing else of a manifest is needed to read the
//! files, so all other fields may be missing.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::source::folders::period_of_folders;
use crate::time::{BillingPeriod, Timestamp};

/// Far more than the keys of any month take. What is larger is another kind of file.
const BYTES_MAX: u64 = 1 << 26;

/// What one manifest says.
#[derive(Debug)]
pub(in crate::read) struct Manifest {
    /// Whose bill it is: two versions of it for one period must not both count.
    pub(in crate::read) bill: String,
    /// Which delivery: copies of one manifest agree, all others differ.
    pub(in crate::read) version: String,
    pub(in crate::read) period: Option<BillingPeriod>,
    /// At least one, by key, each once.
    pub(in crate::read) chunks: Vec<Chunk>,
}

/// A listed file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::read) struct Chunk {
    /// As written: an S3 key or URI.
    pub(in crate::read) key: String,
    /// Folders of the key, without scheme and bucket.
    pub(in crate::read) folders: Vec<String>,
    pub(in crate::read) file: String,
    /// Bytes as stored.
    pub(in crate::read) bytes: Option<u64>,
}

impl Manifest {
    /// The manifest that a file is: one that a person named, or one of a directory.
    ///
    /// A named file that starts as a JSON object must be one, since no bill starts so. In a directory the name decides,
    /// so that events in JSON are not read: `*-Manifest.json` must be one, `manifest.json` may be another program's.
    ///
    /// # Errors
    /// `read.bad_manifest`, `read.several_periods` for one that contradicts itself, `read.io`; located at the file.
    pub(in crate::read) fn of_file(path: &Path, is_named: bool) -> Result<Option<Self>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let must_be = name.ends_with("-manifest.json") || (is_named && starts_as_object(path));
        if !must_be && name != "manifest.json" {
            return Ok(None);
        }
        let read = || {
            let file = std::fs::File::open(path).map_err(|cause| unreadable(cause.into()))?;
            let mut bytes = Vec::new();
            file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|cause| unreadable(cause.into()))?;
            if u64::try_from(bytes.len()).is_ok_and(|length| length > BYTES_MAX) {
                return Err(bad("the file is JSON and too large for a manifest"));
            }
            match Self::parse(&bytes)? {
                None if must_be => Err(bad("the file is JSON without `reportKeys` and `dataFiles`")),
                parsed => Ok(parsed),
            }
        };
        read().map_err(|error| error.at(Location::file(path.to_string_lossy())))
    }

    /// Reads the JSON; `None` where it lists no files.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let json: Value = serde_json::from_slice(bytes.strip_prefix(BOM).unwrap_or(bytes))
            .map_err(|cause| bad("the manifest is not complete JSON").with_cause(cause))?;
        let Some(fields) = json.as_object() else { return Ok(None) };
        let listed = ["reportKeys", "dataFiles"].iter().filter_map(|name| Some((*name, fields.get(*name)?)));
        let listed: Vec<_> = listed.filter(|(_, list)| !list.is_null()).collect();
        let list = match listed.as_slice() {
            [] => return Ok(None),
            [(name, list)] => list.as_array().ok_or_else(|| bad(format!("`{name}` is no list")))?,
            _ => return Err(bad("the manifest has both `reportKeys` and `dataFiles`")),
        };
        let mut chunks = list.iter().map(chunk).collect::<Result<Vec<_>>>()?;
        chunks.sort_unstable();
        chunks.dedup();
        let Some(first) = chunks.first() else { return Err(bad("the manifest lists no files")) };
        let keys: Vec<&str> = chunks.iter().map(|chunk| chunk.key.as_str()).collect();
        let id = text(fields, "assemblyId").or_else(|| text(fields, "executionId")).unwrap_or_default();
        Ok(Some(Self {
            bill: bill(fields, first),
            version: format!("{id}\n{}", keys.join("\n")),
            period: period(fields, &keys)?,
            chunks,
        }))
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

fn starts_as_object(path: &Path) -> bool {
    // Looking at a pipe would take its first bytes away.
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut head));
    let text = head.strip_prefix(BOM).unwrap_or(&head);
    read.is_ok() && text.trim_ascii_start().starts_with(b"{")
}

/// The list's elements are texts; a copy job that adds sizes makes them objects.
fn chunk(listed: &Value) -> Result<Chunk> {
    let unreadable = || bad(format!("`{listed}` is no key of a file"));
    let (key, bytes) = match listed {
        Value::String(key) => (key.as_str(), None),
        Value::Object(fields) => {
            let key = ["key", "s3Uri", "url", "path"].iter().find_map(|name| fields.get(*name)?.as_str());
            let bytes = ["size", "contentLength", "bytes"].iter().find_map(|name| fields.get(*name));
            let bytes = bytes.map(|bytes| bytes.as_u64().ok_or_else(unreadable)).transpose()?;
            (key.ok_or_else(unreadable)?, bytes)
        }
        _ => return Err(unreadable()),
    };
    let mut folders = parts(key).ok_or_else(unreadable)?;
    let file = folders.pop().ok_or_else(unreadable)?;
    Ok(Chunk { key: key.to_owned(), folders, file, bytes })
}

/// The parts of a key. A copy has no empty ones, and none may lead out of the folder they are looked for in.
fn parts(key: &str) -> Option<Vec<String>> {
    let path = match key.split_once("://") {
        Some((_, bucket_and_key)) => bucket_and_key.split_once('/')?.1,
        None => key,
    };
    let is_plain = |part: &&str| {
        let mut components = Path::new(part).components();
        matches!((components.next(), components.next()), (Some(std::path::Component::Normal(_)), None))
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_file = !path.ends_with('/') && !key.contains('\0');
    (is_file && parts.iter().all(is_plain)).then(|| parts.into_iter().map(str::to_owned).collect())
}

/// All reports of an account hold its whole bill; exports are queries, and each is a bill of its own.
fn bill(fields: &Map<String, Value>, first: &Chunk) -> String {
    let kind = if fields.contains_key("reportKeys") { "report" } else { "export" };
    let fields_of_kind: &[&str] =
        if kind == "report" { &["account", "reportName"] } else { &["exportArn", "exportName"] };
    let named = fields_of_kind.iter().find_map(|name| Some(format!("{kind} {name} {}", text(fields, name)?)));
    named.unwrap_or_else(|| {
        let folders = first.folders.iter().map(String::as_str);
        let above = folders.take_while(|folder| period_of_folders(&format!("{folder}/")).is_none());
        format!("{kind} in {}", above.collect::<Vec<_>>().join("/"))
    })
}

fn text<'m>(fields: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The period written in the manifest and that of the folders in its keys, which must agree.
fn period(fields: &Map<String, Value>, keys: &[&str]) -> Result<Option<BillingPeriod>> {
    let written = fields.get("billingPeriod").filter(|value| !value.is_null());
    let mut period = written.map(written_period).transpose()?;
    for key in keys {
        let Some(named) = period_of_folders(key) else { continue };
        if *period.get_or_insert(named) != named {
            let said = period.map(|period| period.to_string()).unwrap_or_default();
            let message = format!("the manifest is of the billing period `{said}` and lists `{key}` of `{named}`");
            return Err(Error::new(ErrorCode::ReadSeveralPeriods, message));
        }
    }
    Ok(period)
}

/// `{"start": "20191201T000000.000Z", "end": ..}`, or the month itself.
fn written_period(value: &Value) -> Result<BillingPeriod> {
    let text = value.get("start").unwrap_or(value).as_str();
    let month = |text: &str| text.parse().ok().or_else(|| text.parse::<Timestamp>().ok()?.period());
    text.and_then(month).ok_or_else(|| bad(format!("`{value}` is no billing period")))
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ReadBadManifest, message)
}

fn unreadable(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(ErrorCode::ReadIo, "the manifest cannot be read").with_cause(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Option<Manifest>> {
        Manifest::parse(json.as_bytes())
    }

    fn manifest(json: &str) -> Manifest {
        parse(json).unwrap().unwrap()
    }

    #[test]
    fn both_generations_say_period_version_and_files() {
        let report = manifest(
            r#"{"assemblyId": "a1", "account": "123456789012", "reportName": "r", "bucket": "b", "columns":
                [{"category": "bill", "name": "InvoiceId"}], "charset": "UTF-8", "compression": "GZIP",
                "billingPeriod": {"start": "20191201T000000.000Z", "end": "20200101T000000.000Z"},
                "reportKeys": ["p//r/20191201-20200101/a1/r-2.csv.gz", "p//r/20191201-20200101/a1/r-1.csv.gz",
                "p//r/20191201-20200101/a1/r-2.csv.gz"], "additionalArtifactKeys": []}"#,
        );
        assert_eq!((report.period, report.bill.as_str()), ("2019-12".parse().ok(), "report account 123456789012"));
        assert_eq!(report.chunks.len(), 2);
        assert_eq!(report.chunks[0].folders, ["p", "r", "20191201-20200101", "a1"]);
        assert_eq!((report.chunks[0].file.as_str(), report.chunks[0].bytes), ("r-1.csv.gz", None));
        let export = manifest(
            r#"{"executionId": "e1", "exportArn": "arn:aws:bcm-data-exports:us-east-1:1:export/x", "dataFiles":
                ["s3://bucket/p/x/data/BILLING_PERIOD=2024-01/x-00001.csv.gz",
                {"s3Uri": "s3://bucket/p/x/data/BILLING_PERIOD=2024-01/x-00002.csv.gz", "size": 7}]}"#,
        );
        assert_eq!(export.period, "2024-01".parse().ok());
        assert_eq!(export.chunks[1].folders, ["p", "x", "data", "BILLING_PERIOD=2024-01"]);
        assert_eq!(export.chunks[1].bytes, Some(7));
        assert_eq!(
            manifest("\u{feff}{\"dataFiles\": [\"a.csv\"], \"billingPeriod\": \"2024-02\"}").chunks[0].file,
            "a.csv"
        );
    }

    #[test]
    fn versions_tell_deliveries_apart_and_bills_their_owners() {
        let of = |id: &str, account: &str, key: &str| {
            manifest(&format!(r#"{{"assemblyId": "{id}", "account": "{account}", "reportKeys": ["{key}"]}}"#))
        };
        let first = of("1", "a", "k");
        assert_eq!(first.version, of("1", "a", "k").version);
        assert_ne!(first.version, of("2", "a", "k").version);
        assert_ne!(first.version, of("1", "a", "l").version);
        assert_ne!(first.bill, of("1", "b", "k").bill);
        let unnamed = |key: &str| manifest(&format!(r#"{{"dataFiles": ["{key}"]}}"#)).bill;
        assert_eq!(unnamed("p/x/data/BILLING_PERIOD=2024-01/x.csv"), "export in p/x/data");
        assert_eq!(unnamed("x.csv"), "export in ");
    }

    #[test]
    fn broken_manifests_are_refused() {
        for json in [
            "",
            "{",
            r#"{"reportKeys": "a.csv"}"#,
            r#"{"reportKeys": []}"#,
            r#"{"reportKeys": [1]}"#,
            r#"{"reportKeys": [""]}"#,
            r#"{"reportKeys": ["a/"]}"#,
            r#"{"reportKeys": ["../a.csv"]}"#,
            r#"{"reportKeys": ["a\u0000.csv"]}"#,
            r#"{"reportKeys": ["s3://bucket"]}"#,
            r#"{"dataFiles": [{"size": 1}]}"#,
            r#"{"dataFiles": [{"key": "a.csv", "size": "1"}]}"#,
            r#"{"dataFiles": [{"key": "a.csv", "size": -1}]}"#,
            r#"{"dataFiles": ["a.csv"], "reportKeys": ["a.csv"]}"#,
            r#"{"dataFiles": ["a.csv"], "billingPeriod": {"start": "soon"}}"#,
            r#"{"dataFiles": ["a.csv"], "billingPeriod": 1}"#,
        ] {
            assert_eq!(parse(json).unwrap_err().code(), ErrorCode::ReadBadManifest, "{json}");
        }
        for json in ["[]", "1", "{}", r#"{"entries": []}"#, r#"{"reportKeys": null}"#] {
            assert!(parse(json).unwrap().is_none(), "{json}");
        }
    }

    #[test]
    fn a_manifest_of_two_periods_is_several_periods() {
        for json in [
            r#"{"reportKeys": ["20191201-20200101/a.csv"], "billingPeriod": {"start": "20200101T000000.000Z"}}"#,
            r#"{"dataFiles": ["BILLING_PERIOD=2024-01/a.csv", "BILLING_PERIOD=2024-02/a.csv"]}"#,
        ] {
            assert_eq!(parse(json).unwrap_err().code(), ErrorCode::ReadSeveralPeriods, "{json}");
        }
    }
}
