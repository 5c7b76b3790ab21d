//! Columns that hold a map as JSON object text: CUR 2.0 `resource_tags` and `product`, FOCUS `Tags` (spec 2.1).
//!
//! Maps repeat from row to row: what was decoded is kept by its text, up to a limit.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorCode, Result};
use crate::read::table::cells::Cells;

/// Distinct maps kept decoded; past it all are forgotten, which bounds memory and costs only time.
const DECODED_MAX: usize = 4096;

/// Which entry of a map is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryKey {
    /// Spellings, best first.
    pub(super) spellings: Vec<String>,
    /// Whether spellings that differ only in case match too, after all exact ones, bytewise.
    pub(super) ignores_case: bool,
}

/// An entry: the number of the map among those of a header, and that of the key among the map's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryPlace {
    map: usize,
    key: usize,
}

/// The map columns of a header with the maps of the current row.
#[derive(Debug, Default)]
pub(super) struct Maps(Vec<MapColumn>);

#[derive(Debug)]
struct MapColumn {
    at: usize,
    keys: Vec<EntryKey>,
    numbers: HashMap<Box<str>, usize, FixedState>,
    decoded: Vec<Box<[Value]>>,
    current: Option<usize>,
    names: BTreeSet<String>,
    has_value: BTreeSet<usize>,
}

/// What a map says under a key.
#[derive(Debug)]
struct Value {
    text: Box<str>,
    /// Whether another spelling of the key has another value.
    is_contested: bool,
}

impl Maps {
    /// Asks for an entry of the map in column `at`.
    pub(super) fn ask(&mut self, at: usize, key: EntryKey) -> EntryPlace {
        let map = self.ask_names(at);
        let Some(column) = self.0.get_mut(map) else { return EntryPlace { map, key: 0 } };
        column.keys.push(key);
        EntryPlace { map, key: column.keys.len() - 1 }
    }

    /// Asks only which keys the map in column `at` has.
    pub(super) fn ask_names(&mut self, at: usize) -> usize {
        self.0.iter().position(|column| column.at == at).unwrap_or_else(|| {
            self.0.push(MapColumn {
                at,
                keys: Vec::new(),
                numbers: HashMap::default(),
                decoded: Vec::new(),
                current: None,
                names: BTreeSet::new(),
                has_value: BTreeSet::new(),
            });
            self.0.len() - 1
        })
    }

    /// The columns that hold maps.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|column| column.at)
    }

    /// Makes the maps of a row the current ones.
    ///
    /// # Errors
    /// `parse.bad_map` and the column where a cell is no JSON object.
    pub(super) fn load<'r>(
        &mut self,
        cells: impl Cells<'r>,
        null_text: Option<&str>,
    ) -> std::result::Result<(), (usize, Error)> {
        for column in &mut self.0 {
            let text = cells.get(column.at);
            let is_null = text.is_empty() || Some(text) == null_text;
            column.current = None;
            if !is_null {
                column.current = Some(column.number(text).map_err(|error| (column.at, error))?);
            }
        }
        Ok(())
    }

    /// An entry of the current row's map; empty where it has none.
    pub(super) fn value(&self, place: EntryPlace) -> &str {
        self.entry(place).map_or("", |value| &value.text)
    }

    /// Whether the current row's map has the key under several spellings with different values.
    pub(super) fn is_contested(&self, place: EntryPlace) -> bool {
        self.entry(place).is_some_and(|value| value.is_contested)
    }

    fn entry(&self, place: EntryPlace) -> Option<&Value> {
        let column = self.0.get(place.map)?;
        column.decoded.get(column.current?)?.get(place.key)
    }

    /// Whether some row had a value there.
    pub(super) fn was_found(&self, place: EntryPlace) -> bool {
        self.0.get(place.map).is_some_and(|column| column.has_value.contains(&place.key))
    }

    /// The keys that the maps in column `at` had so far.
    pub(super) fn names(&self, at: usize) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |column| column.at == at).flat_map(|column| &column.names).map(String::as_str)
    }
}

impl MapColumn {
    fn number(&mut self, text: &str) -> Result<usize> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let entries = entries(text)?;
        if self.decoded.len() >= DECODED_MAX {
            self.decoded.clear();
            self.numbers.clear();
        }
        let values: Box<[Value]> = self.keys.iter().map(|key| key.value(&entries)).collect();
        self.has_value
            .extend(values.iter().enumerate().filter(|(_, value)| !value.text.is_empty()).map(|(key, _)| key));
        for (name, _) in entries.iter().filter(|(_, value)| !value.is_empty()) {
            if !self.names.contains(name) {
                self.names.insert(name.clone());
            }
        }
        self.decoded.push(values);
        self.numbers.insert(text.into(), self.decoded.len() - 1);
        Ok(self.decoded.len() - 1)
    }
}

impl EntryKey {
    fn value(&self, entries: &BTreeMap<String, String>) -> Value {
        let exact = self.spellings.iter().filter_map(|spelling| entries.get(spelling));
        let folded = self.spellings.iter().filter(|_| self.ignores_case).flat_map(|spelling| {
            let wanted = spelling.to_lowercase();
            entries.iter().filter(move |(name, _)| name.to_lowercase() == wanted).map(|(_, value)| value)
        });
        let mut values = exact.chain(folded).filter(|value| !value.is_empty());
        let text = values.next().map_or("", String::as_str);
        Value { text: text.into(), is_contested: values.any(|value| value != text) }
    }
}

/// The entries of a JSON object; values that are no text as they are written, `null` as no value.
fn entries(text: &str) -> Result<BTreeMap<String, String>> {
    let object: BTreeMap<String, &RawValue> = serde_json::from_str(text)
        .map_err(|cause| Error::new(ErrorCode::ParseBadMap, "the field is no JSON object").with_cause(cause))?;
    let text_of = |value: &RawValue| match value.get() {
        "null" => String::new(),
        raw => serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()),
    };
    Ok(object.into_iter().map(|(key, value)| (key, text_of(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Row<'r>(&'r [&'r str]);

    impl<'r> Cells<'r> for Row<'r> {
        fn get(self, at: usize) -> &'r str {
            self.0.get(at).copied().unwrap_or_default()
        }
    }

    fn key(spellings: &[&str], ignores_case: bool) -> EntryKey {
        EntryKey { spellings: spellings.iter().map(|s| (*s).to_owned()).collect(), ignores_case }
    }

    #[test]
    fn entries_are_found_by_spelling_and_everything_else_is_empty() {
        let mut maps = Maps::default();
        let area = maps.ask(1, key(&["area", "user:area"], false));
        let folded = maps.ask(1, key(&["AREA"], true));
        for (text, value, any_case) in [
            (r#"{"area": "a", "user:area": "b"}"#, "a", "a"),
            (r#"{"area": "", "user:area": "b"}"#, "b", ""),
            (r#"{"Area": "\u00e9\"x"}"#, "", "é\"x"),
            (r#"{"area": 1.10}"#, "1.10", "1.10"),
            (r#"{"area": true, "x": null}"#, "true", "true"),
            (r"{}", "", ""),
            ("", "", ""),
            ("NULL", "", ""),
        ] {
            maps.load(Row(&["x", text]), Some("NULL")).unwrap();
            assert_eq!((maps.value(area), maps.value(folded)), (value, any_case), "{text}");
        }
        assert!(maps.was_found(area) && maps.was_found(folded));
        assert_eq!(maps.names(1).collect::<Vec<_>>(), ["Area", "area", "user:area"]);
    }

    #[test]
    fn a_cell_that_is_no_object_is_refused_with_its_column() {
        let mut maps = Maps::default();
        maps.ask_names(0);
        for text in ["[1]", "{", "a=b", "1"] {
            let (column, error) = maps.load(Row(&[text]), None).unwrap_err();
            assert_eq!((column, error.code()), (0, ErrorCode::ParseBadMap), "{text}");
        }
    }

    #[test]
    fn more_maps_than_are_kept_still_give_their_values() {
        let mut maps = Maps::default();
        let area = maps.ask(0, key(&["a"], false));
        for number in (0..DECODED_MAX + 10).chain([0, 1]) {
            maps.load(Row(&[&format!(r#"{{"a": "{number}"}}"#)]), None).unwrap();
            assert_eq!(maps.value(area), number.to_string());
        }
    }
}
