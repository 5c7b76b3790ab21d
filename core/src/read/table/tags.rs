//! Requested tag keys and cost categories → their columns and entries of maps (spec 2.9, 3.5).

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

/// What requested keys name: tags and cost categories are found alike, under names of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum KeySpace {
    Tags,
    CostCategories,
}

/// Where each requested key stands, and which keys the header has at all.
#[derive(Debug)]
pub(super) struct TagPlaces {
    space: KeySpace,
    of_key: Vec<Vec<Bound>>,
    present: Vec<String>,
    map_columns: Vec<(usize, TagForm)>,
    forms: &'static [TagForm],
    null_text: Option<&'static str>,
}

impl TagPlaces {
    pub(super) fn bind(
        space: KeySpace,
        table: &'static DialectTable,
        names: &[String],
        keys: &[String],
        case_insensitive: bool,
        maps: &mut Maps,
    ) -> Self {
        let forms = match space {
            KeySpace::Tags => table.tags,
            // A map that nobody asks for is not read.
            KeySpace::CostCategories if keys.is_empty() => &[],
            KeySpace::CostCategories => table.cost_categories,
        };
        let mut map_columns = Vec::new();
        for form in forms {
            if let TagForm::FoldedEntry(column) | TagForm::Entry(column) = form {
                let found = names.iter().position(|name| name.eq_ignore_ascii_case(column));
                map_columns.extend(found.map(|at| (at, *form)));
            }
        }
        for (at, _) in &map_columns {
            maps.ask_names(*at);
        }
        let places = |key: &String| -> Vec<Bound> {
            let columns = forms.iter().flat_map(|form| columns_of(space, key, names, *form, case_insensitive));
            let columns: Vec<Bound> = columns.map(Bound::Column).collect();
            let entries = map_columns
                .iter()
                .map(|(at, form)| Bound::Entry(maps.ask(*at, entry_key(space, key, *form, case_insensitive))));
            entries.chain(columns).collect()
        };
        let of_key = keys.iter().map(places).collect();
        let present =
            names.iter().flat_map(|name| forms.iter().filter_map(|form| key_of(space, name, *form))).collect();
        Self { space, of_key, present, map_columns, forms, null_text: table.null_text }
    }

    /// Whether a column holds the values of a tag, asked for or not.
    pub(super) fn is_tag(&self, name: &str) -> bool {
        self.forms.iter().any(|form| key_of(self.space, name, *form).is_some())
    }

    /// Whether only rows tell which keys the input has.
    pub(super) fn are_in_rows(&self) -> bool {
        !self.map_columns.is_empty()
    }

    /// All places of requested keys.
    pub(super) fn places(&self) -> impl Iterator<Item = &Bound> {
        self.of_key.iter().flatten()
    }

    /// The values of the requested keys in a row whose maps are loaded, in order; empty where it has none.
    pub(super) fn values<'m, 'r: 'm>(&self, cells: impl Cells<'r>, maps: &'m Maps) -> impl Iterator<Item = &'m str> {
        self.of_key.iter().map(move |places| self.values_at(places, cells, maps).next().unwrap_or_default())
    }

    /// The requested keys that a row whose maps are loaded has under several spellings with different values: that of
    /// the first spelling counts.
    pub(super) fn contested<'m, 'r: 'm>(&self, cells: impl Cells<'r>, maps: &'m Maps) -> impl Iterator<Item = usize> {
        let is_contested = move |places: &[Bound]| {
            let in_map = |place: &Bound| matches!(place, Bound::Entry(entry) if maps.is_contested(*entry));
            let mut values = self.values_at(places, cells, maps);
            let first = values.next();
            places.iter().any(in_map) || values.any(|value| Some(value) != first)
        };
        self.of_key.iter().enumerate().filter(move |(_, places)| is_contested(places)).map(|(index, _)| index)
    }

    /// What the places of one key hold in a row, best first.
    fn values_at<'m, 'r: 'm>(
        &self,
        places: &[Bound],
        cells: impl Cells<'r>,
        maps: &'m Maps,
    ) -> impl Iterator<Item = &'m str> {
        let values = places.iter().map(move |place| match place {
            Bound::Column(at) => cells.get(*at),
            Bound::Entry(entry) => maps.value(*entry),
        });
        values.filter(|value| self.null_text != Some(*value) && !value.is_empty())
    }
}

/// The key with the prefix of who gave it; cost categories have none.
fn prefixed(space: KeySpace, key: &str) -> String {
    let is_whole = space == KeySpace::CostCategories || key.starts_with(USER) || key.starts_with(AWS);
    if is_whole { key.to_owned() } else { format!("{USER}{key}") }
}

/// The columns of a key in a form: its exact spelling first, then bytewise.
fn columns_of(space: KeySpace, key: &str, names: &[String], form: TagForm, case_insensitive: bool) -> Vec<usize> {
    let wanted = match form {
        TagForm::Column(prefix) => format!("{prefix}{}", prefixed(space, key)),
        TagForm::FoldedColumn(prefix) => format!("{prefix}{}", folded(&prefixed(space, key))),
        TagForm::FoldedEntry(_) | TagForm::Entry(_) => return Vec::new(),
    };
    let in_lowercase = match form {
        TagForm::FoldedColumn(prefix) => format!("{prefix}{}", folded(&prefixed(space, key).to_lowercase())),
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
fn entry_key(space: KeySpace, key: &str, form: TagForm, case_insensitive: bool) -> EntryKey {
    let spellings = match form {
        TagForm::FoldedColumn(_) | TagForm::FoldedEntry(_) => {
            let any_case = case_insensitive.then(|| prefixed(space, key).to_lowercase());
            let folded = [prefixed(space, key)].into_iter().chain(any_case).map(|key| folded(&key));
            // Nothing says that AWS folds the names of cost categories in a map.
            let as_written = (space == KeySpace::CostCategories).then(|| key.to_owned());
            as_written.into_iter().chain(folded).collect()
        }
        TagForm::Column(_) | TagForm::Entry(_) if space == KeySpace::CostCategories => vec![key.to_owned()],
        TagForm::Column(_) | TagForm::Entry(_) => {
            let bare = key.strip_prefix(USER).unwrap_or(key);
            vec![bare.to_owned(), prefixed(space, key)]
        }
    };
    EntryKey { spellings, ignores_case: case_insensitive }
}

/// The key a column names, as a user would ask for it; `None` for columns that are no tags, or no cost categories.
fn key_of(space: KeySpace, name: &str, form: TagForm) -> Option<String> {
    match form {
        TagForm::Column(prefix) | TagForm::FoldedColumn(prefix) if space == KeySpace::CostCategories => {
            name.strip_prefix(prefix).filter(|name| !name.is_empty()).map(str::to_owned)
        }
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

/// The key of a map's entry.
fn key_of_entry(space: KeySpace, name: &str, form: TagForm) -> Option<String> {
    match form {
        _ if space == KeySpace::CostCategories => Some(name.to_owned()),
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
            self.present.extend(maps.names(*at).filter_map(|name| key_of_entry(tags.space, name, *form)));
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
    pub(in crate::read) fn unknown(&self, space: KeySpace, key: &str) -> Error {
        let (code, what, none) = match space {
            KeySpace::Tags => (ErrorCode::ReadUnknownTagKey, "tag key", "tag columns"),
            KeySpace::CostCategories => (ErrorCode::ReadUnknownCostCategory, "cost category", "cost categories"),
        };
        let near = self.nearest(key).map(|near| format!("`{near}`")).collect::<Vec<_>>();
        let message = if near.is_empty() {
            format!("{what} `{key}` is in no input: the inputs have no {none}")
        } else {
            format!("{what} `{key}` is in no input; the nearest are {}", near.join(", "))
        };
        Error::new(code, message)
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
