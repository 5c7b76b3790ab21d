//! Service maps as files: JSON, CSV or TOML, plain or base64 (spec 4.5).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::scalar::Scalar;
use super::service_map::{ServiceMap, ServiceOwner};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::ids::{ProductArea, Service};
use crate::time::{BillingPeriod, HOUR_MS, Timestamp};

/// How the areas of a service map are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As they are.
    Plain,
    /// All in base64.
    Base64,
    /// Base64 if every value of all maps read so is padded base64 of an area's name, else plain; decoding is reported.
    #[default]
    Auto,
}

/// An entry as read; its area may still be encoded.
#[derive(Clone, Debug, Default)]
struct Entry {
    service: String,
    area: String,
    cluster: Option<String>,
    account: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    place: Location,
}

/// All service maps that were given. Whether `auto` means base64 is decided over all of them together, so that it does
/// not depend on how a map is cut into files.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceFiles {
    plain: Vec<Entry>,
    auto: Vec<Entry>,
}

impl ServiceFiles {
    /// Takes the files of another collection.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.plain.append(&mut other.plain);
        self.auto.append(&mut other.auto);
    }

    /// Reads one file.
    ///
    /// # Errors
    /// `evidence.bad_service_map`.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8], encoding: Encoding) -> Result<()> {
        let mut entries = read(name, bytes).map_err(|error| error.at(Location::file(name)))?;
        for entry in &mut entries {
            entry.place.file = Some(name.to_owned());
            entry.check()?;
        }
        match encoding {
            Encoding::Plain => self.plain.append(&mut entries),
            Encoding::Auto => self.auto.append(&mut entries),
            Encoding::Base64 => {
                for mut entry in entries {
                    entry.area = decoded(&entry.area).ok_or_else(|| {
                        let place = Location { column: Some("area".to_owned()), ..entry.place.clone() };
                        bad(format!("`{}` of service `{}` is not base64", entry.area, entry.service)).at(place)
                    })?;
                    self.plain.push(entry);
                }
            }
        }
        Ok(())
    }

    /// The map of all files.
    ///
    /// # Errors
    /// `evidence.bad_service_map` where two areas own a service at the same time and place.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) -> Result<ServiceMap> {
        let areas: Option<Vec<String>> = self.auto.iter().map(|entry| decoded_name(&entry.area)).collect();
        let mut auto = self.auto;
        if let Some(areas) = areas.filter(|areas| !areas.is_empty()) {
            for (entry, area) in auto.iter_mut().zip(areas) {
                entry.area = area;
            }
            let distinct = ServiceMap::new(auto.iter().map(Entry::owner).collect()).owners().len();
            let count = u64::try_from(distinct).unwrap_or(u64::MAX);
            let place = auto.iter().map(|entry| entry.place.clone()).min();
            let message = "the values of the service map were read as base64";
            diagnostics.add(DiagnosticCode::EvidenceBase64, message, count, place);
        }
        let mut entries = self.plain;
        entries.append(&mut auto);
        refuse_contradictions(&mut entries)?;
        Ok(ServiceMap::new(entries.iter().map(Entry::owner).collect()))
    }
}

impl Entry {
    fn owner(&self) -> ServiceOwner {
        ServiceOwner {
            service: Service::from(self.service.as_str()),
            cluster: self.cluster.clone(),
            account: self.account.clone(),
            from: self.from,
            to: self.to,
            area: ProductArea::from(self.area.as_str()),
        }
    }

    fn check(&self) -> Result<()> {
        let wrong = |column: &str, message: String| {
            Err(bad(message).at(Location { column: Some(column.to_owned()), ..self.place.clone() }))
        };
        if self.service.is_empty() {
            return wrong("service", "an entry names no service".to_owned());
        }
        if self.area.is_empty() {
            return wrong("area", format!("service `{}` has no product area", self.service));
        }
        if self.from.zip(self.to).is_some_and(|(from, to)| to <= from) {
            return wrong("to", format!("the entry of service `{}` ends before it starts", self.service));
        }
        Ok(())
    }

    fn set(&mut self, column: &str, cell: &str) -> Result<()> {
        let text = || Some(cell.to_owned()).filter(|cell| !cell.is_empty());
        match column {
            "service" => cell.clone_into(&mut self.service),
            "area" => cell.clone_into(&mut self.area),
            "cluster" => self.cluster = text(),
            "account" => self.account = text(),
            "from" => self.from = text().map(|date| date_start(&date)).transpose()?,
            "to" => self.to = text().map(|date| date_end(&date)).transpose()?,
            _ => {}
        }
        Ok(())
    }
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::EvidenceBadServiceMap, message)
}

/// Two entries for the same place and time with different areas cannot both be true.
fn refuse_contradictions(entries: &mut [Entry]) -> Result<()> {
    let place = |entry: &Entry| (entry.service.clone(), entry.cluster.clone(), entry.account.clone());
    entries.sort_by_cached_key(|entry| (place(entry), entry.from, entry.to, entry.area.clone(), entry.place.clone()));
    let same_place =
        entries.chunk_by(|a, b| (&a.service, &a.cluster, &a.account) == (&b.service, &b.cluster, &b.account));
    for group in same_place {
        // Sorted by start: an entry can only contradict one that starts before it and lasts until then.
        let mut longest: Vec<&Entry> = Vec::new();
        for entry in group {
            let lasts = |before: &&&Entry| before.to.is_none_or(|to| entry.from.is_none_or(|from| from < to));
            if let Some(other) = longest.iter().filter(lasts).find(|other| other.area != entry.area) {
                let message = format!(
                    "service `{}` belongs to `{}` and to `{}` at the same time",
                    entry.service, other.area, entry.area
                );
                return Err(bad(message).at(entry.place.clone()));
            }
            longest.retain(|before| lasts(&before));
            longest.push(entry);
        }
    }
    Ok(())
}

/// The content of padded base64 that could be an area's name.
fn decoded_name(text: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '/' | '-');
    decoded(text).filter(|name| name.chars().all(is_name))
}

fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}

/// `YYYY-MM` or `YYYY-MM-DD`: from its first instant.
fn date_start(text: &str) -> Result<Timestamp> {
    if let Ok(month) = text.parse::<BillingPeriod>() {
        return Ok(month.start());
    }
    day(text)
}

/// `YYYY-MM` or `YYYY-MM-DD`: until its last instant, as the `to` of a policy's rule.
fn date_end(text: &str) -> Result<Timestamp> {
    if let Ok(month) = text.parse::<BillingPeriod>() {
        return Ok(month.end());
    }
    Ok(day(text)?.plus_millis(24 * HOUR_MS))
}

fn day(text: &str) -> Result<Timestamp> {
    let parsed = if text.len() == "YYYY-MM-DD".len() { text.parse().ok() } else { None };
    parsed.ok_or_else(|| bad(format!("`{text}` is not a date of the form YYYY-MM or YYYY-MM-DD")))
}

fn read(name: &str, bytes: &[u8]) -> Result<Vec<Entry>> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| bad("the service map is not UTF-8 text").with_cause(error))?;
    let start = text.trim_start();
    // `[` opens a JSON array as well as a TOML table; only an array of objects, or an empty one, is a service map.
    let is_array = start.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    let is_toml = name.to_ascii_lowercase().ends_with(".toml")
        || start.lines().any(|line| line.trim_start().starts_with("[services]"));
    if start.starts_with('{') || is_array {
        read_json(text, is_array)
    } else if is_toml {
        read_toml(text)
    } else {
        read_csv(text)
    }
}

/// A JSON object's entries in order, so that a service that stands twice is not lost.
struct Pairs<'a>(Vec<(String, Scalar<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<String, Option<Scalar<'de>>>()? {
                    pairs.push((pair.0, pair.1.unwrap_or(Scalar::Text("".into()))));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

fn read_json(text: &str, is_array: bool) -> Result<Vec<Entry>> {
    let json = |error: serde_json::Error| {
        let row = u64::try_from(error.line()).ok();
        bad("the service map is not a JSON object or an array of objects")
            .at(Location { row, ..Location::default() })
            .with_cause(error)
    };
    let not_text = |key: &str, row: Option<u64>| {
        let place = Location { row, column: Some(key.to_owned()), ..Location::default() };
        bad(format!("the value of `{key}` is not text")).at(place)
    };
    if !is_array {
        let Pairs(pairs) = serde_json::from_str(text).map_err(json)?;
        let entry = |(service, area): (String, Scalar<'_>)| match area {
            Scalar::Text(area) => Ok(Entry { service, area: area.into_owned(), ..Entry::default() }),
            Scalar::Nested => Err(not_text(&service, None)),
        };
        return pairs.into_iter().map(entry).collect();
    }
    let rows: Vec<Pairs<'_>> = serde_json::from_str(text).map_err(json)?;
    let mut entries = Vec::new();
    for (row, Pairs(pairs)) in (1..).zip(rows) {
        let place = Location { row: Some(row), ..Location::default() };
        let mut entry = Entry { place: place.clone(), ..Entry::default() };
        for (key, value) in pairs {
            let Scalar::Text(value) = value else {
                return Err(not_text(&key, Some(row)));
            };
            let place = Location { column: Some(key.clone()), ..place.clone() };
            entry.set(&key, &value).map_err(|error| error.at(place))?;
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn read_toml(text: &str) -> Result<Vec<Entry>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        bad(format!("the service map is not TOML: {}", error.message().replace('\n', " ")))
    })?;
    let services = table.get("services").and_then(toml::Value::as_table);
    let services = services.ok_or_else(|| bad("the service map has no table `[services]`"))?;
    let entry = |(service, area): (&String, &toml::Value)| match area.as_str() {
        Some(area) => Ok(Entry { service: service.clone(), area: area.to_owned(), ..Entry::default() }),
        None => Err(bad(format!("the value of `{service}` is not text"))
            .at(Location { column: Some(service.clone()), ..Location::default() })),
    };
    services.iter().map(entry).collect()
}

fn read_csv(text: &str) -> Result<Vec<Entry>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut columns: Vec<String> = Vec::new();
    let mut entries = Vec::new();
    for (row, record) in (1..).zip(reader.records()) {
        let place = Location { row: Some(row), ..Location::default() };
        let record = record.map_err(|_| bad("the row does not have the header's columns").at(place.clone()))?;
        if row == 1 {
            columns = record.iter().map(|column| column.trim().to_owned()).collect();
            for name in ["service", "area"] {
                if !columns.iter().any(|column| column == name) {
                    let place = Location { column: Some(name.to_owned()), ..place };
                    return Err(bad(format!("the service map has no column `{name}`")).at(place));
                }
            }
            continue;
        }
        let mut entry = Entry { place: place.clone(), ..Entry::default() };
        for (column, cell) in columns.iter().zip(&record) {
            let place = Location { column: Some(column.clone()), ..place.clone() };
            entry.set(column, cell.trim()).map_err(|error| error.at(place))?;
        }
        entries.push(entry);
    }
    Ok(entries)
}
