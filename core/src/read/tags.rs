//! Requested tag keys → tag columns (spec 2.9).

use std::collections::BTreeSet;

use super::nearest::nearest;
use super::rows::Fields;
use crate::error::{Error, ErrorCode};

/// Prefix of the columns of tags that users gave; a key asked for without prefix means these.
const USER: &str = "user:";
/// Prefix of the columns of tags that AWS gave.
const AWS: &str = "aws:";

/// Columns of each requested key, best first.
#[derive(Debug)]
pub(super) struct TagColumns {
    of_key: Vec<Vec<usize>>,
    present: Vec<String>,
}

impl TagColumns {
    pub(super) fn bind(names: &[String], keys: &[String], case_insensitive: bool) -> Self {
        let of_key = keys.iter().map(|key| columns_of(key, names, case_insensitive)).collect();
        let present = names.iter().filter_map(|name| key_of(name)).map(str::to_owned).collect();
        Self { of_key, present }
    }

    /// Number of requested keys.
    pub(super) fn keys(&self) -> usize {
        self.of_key.len()
    }

    /// The value of the requested key at `index`: that of the first of its columns that has one.
    pub(super) fn value<'r>(&self, index: usize, fields: &Fields<'r>) -> &'r str {
        let columns = self.of_key.get(index).map_or(&[][..], Vec::as_slice);
        columns.iter().map(|at| fields.get(*at)).find(|value| !value.is_empty()).unwrap_or_default()
    }
}

/// The columns of a key: its exact spelling first, then bytewise.
fn columns_of(key: &str, names: &[String], case_insensitive: bool) -> Vec<usize> {
    let wanted = if key.starts_with(USER) || key.starts_with(AWS) { key.to_owned() } else { format!("{USER}{key}") };
    let folded = wanted.to_lowercase();
    let matches = |name: &str| *name == wanted || (case_insensitive && name.to_lowercase() == folded);
    let mut found: Vec<(bool, &str, usize)> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| matches(name))
        .map(|(at, name)| (*name != wanted, name.as_str(), at))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, _, at)| at).collect()
}

/// The tag key a column names, as a user would ask for it; `None` for columns that are no tags.
fn key_of(name: &str) -> Option<&str> {
    match name.split_once(':')? {
        // Without its prefix such a key would be taken for a column of its own.
        ("user", key) if key.starts_with(USER) || key.starts_with(AWS) => Some(name),
        ("user", key) => Some(key),
        ("aws", _) => Some(name),
        _ => None,
    }
}

/// Which requested keys some input has, and which keys the inputs have at all.
#[derive(Clone, Debug, Default)]
pub(super) struct TagKeysSeen {
    found: BTreeSet<usize>,
    present: BTreeSet<String>,
}

impl TagKeysSeen {
    pub(super) fn add(&mut self, columns: &TagColumns) {
        let bound = columns.of_key.iter().enumerate().filter(|(_, columns)| !columns.is_empty());
        self.found.extend(bound.map(|(index, _)| index));
        for key in &columns.present {
            if !self.present.contains(key) {
                self.present.insert(key.clone());
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.present.extend(other.present);
    }

    /// All keys the inputs have, sorted.
    #[cfg(feature = "fs")]
    pub(super) fn into_present(self) -> Vec<String> {
        self.present.into_iter().collect()
    }

    /// The requested keys that no input has, in the order asked for.
    pub(super) fn not_found<'k>(&self, keys: &'k [String]) -> impl Iterator<Item = &'k str> {
        keys.iter().enumerate().filter(|(index, _)| !self.found.contains(index)).map(|(_, key)| key.as_str())
    }

    /// The error for a key that was asked for and that no input has.
    pub(super) fn unknown(&self, key: &str) -> Error {
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
