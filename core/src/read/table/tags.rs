//! Requested tag keys → tag columns and entries of tag maps (spec 2.9).

use std::collections::BTreeSet;

use crate::error::{Error, ErrorCode};
use crate::read::table::cells::Cells;
use crate::read::table::dialect::{DialectTable, TagForm, folded};
use crate::read::table::header::Bound;
use crate::read::table::maps::{EntryKey, Maps};
use crate::read::table::nearest::nearest;

/// Prefix of tags that users gave; a key asked for without prefix means these.
const USER: &str = "user:";
/// Prefix of tags that AWS gave.
const AWS: &str = "aws:";

/// Where each requested key stands, and which keys the header has at all.
#[derive(Debug)]
pub(super) struct TagPlaces {
    of_key: Vec<Vec<Bound>>,
    present: Vec<String>,
    map_columns: Vec<(usize, TagForm)>,
    forms: &'static [TagForm],
    null_text: Option<&'static str>,
}

impl TagPlaces {
    pub(super) fn bind(
        table: &'static DialectTable,
        names: &[String],
        keys: &[String],
        case_insensitive: bool,
        maps: &mut Maps,
    ) -> Self {
        let mut map_columns = Vec::new();
        for form in table.tags {
            if let TagForm::FoldedEntry(column) | TagForm::Entry(column) = form {
                let found = names.iter().position(|name| name.eq_ignore_ascii_case(column));
                map_columns.extend(found.map(|at| (at, *form)));
            }
        }
        for (at, _) in &map_columns {
            maps.ask_names(*at);
        }
        let places = |key: &String| -> Vec<Bound> {
            let columns = table.tags.iter().flat_map(|form| columns_of(key, names, *form, case_insensitive));
            let columns: Vec<Bound> = columns.map(Bound::Column).collect();
            let entries = map_columns
                .iter()
                .map(|(at, form)| Bound::Entry(maps.ask(*at, entry_key(key, *form, case_insensitive))));
            entries.chain(columns).collect()
        };
        let of_key = keys.iter().map(places).collect();
        let present = names.iter().flat_map(|name| table.tags.iter().filter_map(|form| key_of(name, *form))).collect();
        Self { of_key, present, map_columns, forms: table.tags, null_text: table.null_text }
    }

    /// Number of requested keys.
    pub(super) fn keys(&self) -> usize {
        self.of_key.len()
    }

    /// Whether a column holds the values of a tag, asked for or not.
    pub(super) fn is_tag(&self, name: &str) -> bool {
        self.forms.iter().any(|form| key_of(name, *form).is_some())
    }

    /// Whether only rows tell which keys the input has.
    pub(super) fn are_in_rows(&self) -> bool {
        !self.map_columns.is_empty()
    }

    /// All places of requested keys.
    pub(super) fn places(&self) -> impl Iterator<Item = &Bound> {
        self.of_key.iter().flatten()
    }

    /// The value of the requested key at `index` in a row whose maps are loaded: that of the first of its places that
    /// has one.
    pub(super) fn value<'m, 'r: 'm>(&self, index: usize, cells: impl Cells<'r>, maps: &'m Maps) -> &'m str {
        let places = self.of_key.get(index).map_or(&[][..], Vec::as_slice);
        let values = places.iter().map(|place| match place {
            Bound::Column(at) => cells.get(*at),
            Bound::Entry(entry) => maps.value(*entry),
        });
        values.filter(|value| self.null_text != Some(*value)).find(|value| !value.is_empty()).unwrap_or_default()
    }
}

/// The key with the prefix of who gave it.
fn prefixed(key: &str) -> String {
    if key.starts_with(USER) || key.starts_with(AWS) { key.to_owned() } else { format!("{USER}{key}") }
}

/// The columns of a key in a form: its exact spelling first, then bytewise.
fn columns_of(key: &str, names: &[String], form: TagForm, case_insensitive: bool) -> Vec<usize> {
    let wanted = match form {
        TagForm::Column(prefix) => format!("{prefix}{}", prefixed(key)),
        TagForm::FoldedColumn(prefix) => format!("{prefix}{}", folded(&prefixed(key))),
        TagForm::FoldedEntry(_) | TagForm::Entry(_) => return Vec::new(),
    };
    let in_lowercase = match form {
        TagForm::FoldedColumn(prefix) => format!("{prefix}{}", folded(&prefixed(key).to_lowercase())),
        _ => wanted.to_lowercase(),
    };
    let matches = |name: &str| *name == wanted || (case_insensitive && name.to_lowercase() == in_lowercase);
    let mut found: Vec<(bool, &str, usize)> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| matches(name))
        .map(|(at, name)| (*name != wanted, name.as_str(), at))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, _, at)| at).collect()
}

/// The entry of a key in a map.
fn entry_key(key: &str, form: TagForm, case_insensitive: bool) -> EntryKey {
    let spellings = match form {
        TagForm::FoldedColumn(_) | TagForm::FoldedEntry(_) => {
            let any_case = case_insensitive.then(|| prefixed(key).to_lowercase());
            [prefixed(key)].into_iter().chain(any_case).map(|key| folded(&key)).collect()
        }
        TagForm::Column(_) | TagForm::Entry(_) => {
            let bare = key.strip_prefix(USER).unwrap_or(key);
            vec![bare.to_owned(), prefixed(key)]
        }
    };
    EntryKey { spellings, ignores_case: case_insensitive }
}

/// The tag key a column names, as a user would ask for it; `None` for columns that are no tags.
fn key_of(name: &str, form: TagForm) -> Option<String> {
    match form {
        TagForm::Column(prefix) => {
            let tag = name.strip_prefix(prefix)?;
            match tag.split_once(':')? {
                // Without its prefix such a key would be taken for a tag of its own.
                ("user", key) if key.starts_with(USER) || key.starts_with(AWS) => Some(tag.to_owned()),
                ("user", key) => Some(key.to_owned()),
                ("aws", _) => Some(tag.to_owned()),
                _ => None,
            }
        }
        TagForm::FoldedColumn(prefix) => key_of_folded(name.strip_prefix(prefix)?),
        TagForm::FoldedEntry(_) | TagForm::Entry(_) => None,
    }
}

/// `user_cost_center` → `cost_center`, `aws_created_by` → `aws:created_by`.
fn key_of_folded(name: &str) -> Option<String> {
    let user = name.strip_prefix("user_").map(str::to_owned);
    user.or_else(|| name.strip_prefix("aws_").map(|key| format!("{AWS}{key}")))
}

/// The tag key of a map's entry.
fn key_of_entry(name: &str, form: TagForm) -> Option<String> {
    match form {
        TagForm::FoldedEntry(_) => key_of_folded(name),
        _ => Some(name.strip_prefix(USER).unwrap_or(name).to_owned()),
    }
}

/// Which requested keys some input has, and which keys the inputs have at all.
#[derive(Clone, Debug, Default)]
pub(in crate::read) struct TagKeysSeen {
    found: BTreeSet<usize>,
    present: BTreeSet<String>,
}

impl TagKeysSeen {
    /// Adds the keys of a header.
    pub(super) fn add_header(&mut self, tags: &TagPlaces) {
        let has_column = |places: &[Bound]| places.iter().any(|place| matches!(place, Bound::Column(_)));
        let bound = tags.of_key.iter().enumerate().filter(|(_, places)| has_column(places));
        self.found.extend(bound.map(|(index, _)| index));
        self.present.extend(tags.present.iter().cloned());
    }

    /// Adds the keys of the maps that were read.
    pub(super) fn add_maps(&mut self, tags: &TagPlaces, maps: &Maps) {
        let was_found = |place: &Bound| matches!(place, Bound::Entry(entry) if maps.was_found(*entry));
        let found = tags.of_key.iter().enumerate().filter(|(_, places)| places.iter().any(was_found));
        self.found.extend(found.map(|(index, _)| index));
        for (at, form) in &tags.map_columns {
            self.present.extend(maps.names(*at).filter_map(|name| key_of_entry(name, *form)));
        }
    }

    pub(in crate::read) fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.present.extend(other.present);
    }

    /// All keys the inputs have, sorted.
    #[cfg(feature = "fs")]
    pub(in crate::read) fn into_present(self) -> Vec<String> {
        self.present.into_iter().collect()
    }

    /// The requested keys that no input has, in the order asked for.
    pub(in crate::read) fn not_found<'k>(&self, keys: &'k [String]) -> impl Iterator<Item = &'k str> {
        keys.iter().enumerate().filter(|(index, _)| !self.found.contains(index)).map(|(_, key)| key.as_str())
    }

    /// The error for a key that was asked for and that no input has.
    pub(in crate::read) fn unknown(&self, key: &str) -> Error {
        let near = self.nearest(key).map(|near| format!("`{near}`")).collect::<Vec<_>>();
        let message = if near.is_empty() {
            format!("tag key `{key}` is in no input: the inputs have no tag columns")
        } else {
            format!("tag key `{key}` is in no input; the nearest are {}", near.join(", "))
        };
        Error::new(ErrorCode::ReadUnknownTagKey, message)
    }

    /// Up to three keys, nearest first.
    fn nearest(&self, key: &str) -> impl Iterator<Item = &str> {
        let mut rest: BTreeSet<&str> = self.present.iter().map(String::as_str).collect();
        let mut near = Vec::new();
        while let Some(next) = nearest(&[key], rest.iter().copied()).filter(|_| near.len() < 3) {
            rest.remove(next);
            near.push(next);
        }
        near.into_iter()
    }
}
