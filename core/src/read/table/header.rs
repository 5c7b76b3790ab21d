//! Header → which column holds what, and what a file that is no bill is instead (spec 2.1, 2.3).

use crate::classify::Dialect;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::ScanOptions;
use crate::read::source::name;
use crate::read::table::cells::Cells;
use crate::read::table::costs::Costs;
use crate::read::table::dialect::{ATTRIBUTES, Attribute, DialectTable, Need, Place, detect, is_monthly};
use crate::read::table::maps::{EntryKey, EntryPlace, Maps};
use crate::read::table::nearest::nearest;
use crate::read::table::spans::{Span, spans};
use crate::read::table::split_rows::SplitColumns;
use crate::read::table::tags::{KeySpace, TagPlaces};

/// Where a value stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Column(usize),
    Entry(EntryPlace),
}

/// Where the attributes of a row stand.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) table: &'static DialectTable,
    /// Columns of the unblended cost and of that in the scan's basis.
    pub(super) costs: Costs,
    pub(super) tags: TagPlaces,
    pub(super) cost_categories: TagPlaces,
    /// Columns of split cost allocation data, where the header has them.
    pub(super) split: Option<SplitColumns>,
    /// Places of each attribute, best first.
    bound: Vec<Vec<Bound>>,
}

impl Columns {
    /// Finds the columns by name, in any order and case, and the maps among them.
    ///
    /// # Errors
    /// `read.unknown_dialect`, `read.missing_column`, `config.basis_unavailable`.
    pub(super) fn bind(names: Vec<String>, input: &str, options: &ScanOptions) -> Result<(Self, Maps)> {
        let dialect = options.dialect.or_else(|| detect(&names));
        let Some(dialect) = dialect else {
            let head = names.first().map_or(&[][..], |name| name.as_bytes());
            return Err(unknown_dialect(what_else(head, Some(&names), input)));
        };
        let table = DialectTable::of(dialect);
        let mut maps = Maps::default();
        let mut bound = vec![Vec::new(); ATTRIBUTES];
        for (attribute, places, need) in table.attributes {
            let found = places_of(table, places, &names, &mut maps);
            if found.is_empty() && *need == Need::Required {
                return Err(missing(table, &columns_of(places), &names));
            }
            if let Some(slot) = bound.get_mut(*attribute as usize) {
                *slot = found;
            }
        }
        let costs = Costs::bind(table, &names, options.bill.basis)?;
        let mut places = |space: KeySpace, keys: &[String]| {
            TagPlaces::bind(space, table, &names, keys, options.tags_case_insensitive, &mut maps)
        };
        let tags = places(KeySpace::Tags, &options.bill.tag_keys);
        let cost_categories = places(KeySpace::CostCategories, &options.bill.cost_categories);
        let split = SplitColumns::bind(table, &names, options.bill.basis, &mut maps);
        Ok((Self { names, table, costs, tags, cost_categories, split, bound }, maps))
    }

    /// The dialect.
    pub(super) fn dialect(&self) -> Dialect {
        self.table.dialect
    }

    /// Whether the header has a place of an attribute.
    pub(super) fn has(&self, attribute: Attribute) -> bool {
        !self.places(attribute).is_empty()
    }

    /// The only column that holds an attribute; `None` where there are several places, or none.
    pub(super) fn column(&self, attribute: Attribute) -> Option<usize> {
        match self.places(attribute) {
            [Bound::Column(at)] => Some(*at),
            _ => None,
        }
    }

    /// The value of an attribute in a row whose maps are loaded: that of the first place that has one.
    pub(super) fn text<'m, 'r: 'm>(&self, attribute: Attribute, cells: impl Cells<'r>, maps: &'m Maps) -> &'m str {
        match self.places(attribute) {
            [] => "",
            [Bound::Column(at)] => self.cell(cells, *at),
            places => places
                .iter()
                .map(|place| match place {
                    Bound::Column(at) => self.cell(cells, *at),
                    Bound::Entry(entry) => maps.value(*entry),
                })
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        }
    }

    /// A cell, empty where it is null.
    pub(super) fn cell<'r>(&self, cells: impl Cells<'r>, at: usize) -> &'r str {
        let text = cells.get(at);
        if self.table.null_text == Some(text) { "" } else { text }
    }

    /// The error with the column that holds an attribute.
    pub(super) fn at_attribute(&self, error: Error, attribute: Attribute) -> Error {
        match self.places(attribute).first() {
            Some(Bound::Column(at)) => self.at_column(error, *at),
            _ => error,
        }
    }

    /// The error with a column.
    pub(super) fn at_column(&self, error: Error, at: usize) -> Error {
        error.at(Location { column: self.names.get(at).cloned(), ..Location::default() })
    }

    /// The error of a row that counts and whose cost in this column is empty.
    pub(super) fn empty_cost(&self, at: usize) -> Error {
        let empty = Error::new(ErrorCode::ParseBadDecimal, "the cost of a counting row is empty");
        self.at_column(empty, at)
    }

    /// The columns that are read, sorted; maps are among them.
    #[cfg(feature = "batches")]
    pub(super) fn wanted(&self, maps: &Maps) -> Vec<usize> {
        let split = self.split.iter().flat_map(SplitColumns::columns);
        let mut wanted: Vec<usize> = self.read_of_all(maps).into_iter().chain(split).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The columns that are read of rows that count, sorted.
    fn read_of_all(&self, maps: &Maps) -> Vec<usize> {
        let places = self.bound.iter().flatten().chain(self.tags.places()).chain(self.cost_categories.places());
        let columns = places.filter_map(|place| if let Bound::Column(at) = place { Some(*at) } else { None });
        let mut wanted: Vec<usize> = columns.chain(self.costs.columns()).chain(maps.columns()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The columns that decide what a row is, sorted: all that are read but costs, times and quantity.
    pub(super) fn deciding(&self, maps: &Maps) -> Vec<usize> {
        let values = [Attribute::Start, Attribute::End, Attribute::Quantity];
        let costs: Vec<usize> = self.costs.columns().collect();
        let is_value = |at: &usize| {
            costs.contains(at) || values.iter().any(|value| self.places(*value).contains(&Bound::Column(*at)))
        };
        self.read_of_all(maps).into_iter().filter(|at| !is_value(at)).collect()
    }

    /// The columns that decide what a row is, as runs of columns that stand side by side. What stands between them is
    /// taken along where it hardly tells more.
    pub(super) fn deciding_spans(&self, maps: &Maps) -> Vec<Span> {
        let is_steady = |name: &String| self.table.is_steady(name) || self.tags.is_tag(name);
        let values = self.read_of_all(maps);
        spans(&self.deciding(maps), |at| !values.contains(&at) && self.names.get(at).is_some_and(is_steady))
    }

    /// Optional columns the header lacks, each with what is off.
    pub(super) fn missing_optional(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.table.attributes.iter().filter_map(|(attribute, places, need)| match need {
            Need::Optional(off) if !self.has(*attribute) => Some((*columns_of(places).first()?, *off)),
            _ => None,
        })
    }

    fn places(&self, attribute: Attribute) -> &[Bound] {
        self.bound.get(attribute as usize).map_or(&[], Vec::as_slice)
    }
}

fn columns_of(places: &[Place]) -> Vec<&'static str> {
    let name = |place: &Place| match place {
        Place::Column(name) | Place::Entry(name, _) => *name,
    };
    places.iter().map(name).collect()
}

fn places_of(table: &DialectTable, places: &[Place], names: &[String], maps: &mut Maps) -> Vec<Bound> {
    let bound = |place: &Place| match place {
        Place::Column(name) => Some(Bound::Column(find(table, name, names)?)),
        Place::Entry(name, key) => {
            let key = EntryKey { spellings: vec![(*key).to_owned()], ignores_case: false };
            Some(Bound::Entry(maps.ask(find(table, name, names)?, key)))
        }
    };
    places.iter().filter_map(bound).collect()
}

/// The column of a header under one of its spellings.
pub(super) fn find(table: &DialectTable, column: &'static str, names: &[String]) -> Option<usize> {
    let spellings = table.spellings(column);
    spellings.iter().find_map(|wanted| names.iter().position(|name| name.eq_ignore_ascii_case(wanted)))
}

/// The error of content whose first row is no text; `head` is how it starts.
pub(in crate::read) fn no_text(head: &[u8], input: &str) -> Error {
    unknown_dialect(what_else(head, None, input))
}

fn unknown_dialect(what: &str) -> Error {
    Error::new(ErrorCode::ReadUnknownDialect, format!("the input is no bill: {what}"))
}

/// What the content seems to be, for the message only.
fn what_else(head: &[u8], names: Option<&[String]>, input: &str) -> &'static str {
    let compressed = [&b"\x1f\x8b"[..], b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"];
    let starts_with = |magic: &&[u8]| head.starts_with(magic);
    if head.starts_with(b"PAR1") {
        "it is a Parquet file, which is read from a path or a stream with the feature `parquet`"
    } else if compressed.iter().any(starts_with) {
        "it is compressed"
    } else if names.is_some_and(is_monthly) || name::is_monthly_report(input) {
        "it is a monthly billing or cost allocation report, whose rows are sums"
    } else if names.is_none() {
        "its first row is not UTF-8 text"
    } else {
        "its first row names none of the columns of a Detailed Billing Report, Cost and Usage Report or FOCUS export"
    }
}

/// The error of a header that has none of the wanted columns.
pub(super) fn missing(table: &DialectTable, wanted: &[&'static str], names: &[String]) -> Error {
    let spelled: Vec<String> = wanted.iter().flat_map(|column| table.spellings(column)).collect();
    let list = spelled.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    // Of two as near, the one that is no other column of the dialect is the misspelled one.
    let others: Vec<String> = table.columns().flat_map(|column| table.spellings(column)).collect();
    let is_known = |name: &str| others.iter().any(|column| name.eq_ignore_ascii_case(column));
    let (known, unknown): (Vec<&str>, Vec<&str>) = names.iter().map(String::as_str).partition(|name| is_known(name));
    let wanted: Vec<&str> = spelled.iter().map(String::as_str).collect();
    let message = match nearest(&wanted, unknown.into_iter().chain(known)) {
        Some(near) => format!("the header has no column {list}; the nearest is `{near}`"),
        None => format!("the header has no column {list}"),
    };
    Error::new(ErrorCode::ReadMissingColumn, message)
}
