//! Tables that a policy names: account maps, metrics and keys, as rows or as the path of a CSV or JSON file (spec 5.5,
//! 5.7, 5.8).
//!
//! The policy itself reads no files: who holds it hands the bytes in ([`Policy::read_tables`]), and what was read stands
//! in the policy as rows, so that its digest is that of their content.

use std::fmt;
use std::marker::PhantomData;

use rust_decimal::Decimal;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::accounts::refuse_conflicts;
use super::shared::{KeyRow, MetricRow};
use super::{AccountRow, Policy};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::ids::ProductArea;
use crate::time::BillingPeriod;

/// A table given as the path of a file, or as its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "facade", schemars(untagged, rename = "TableOf{R}"))]
pub enum PolicyTable<R> {
    /// A CSV with a header, or JSON where the name ends so; relative to the policy file.
    Path(String),
    /// The rows.
    Rows(Vec<R>),
}

impl<R> Default for PolicyTable<R> {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

impl<R> PolicyTable<R> {
    /// The rows.
    ///
    /// # Errors
    /// `config.bad_value` where only the path is known.
    pub fn rows(&self) -> Result<&[R]> {
        match self {
            Self::Rows(rows) => Ok(rows),
            Self::Path(path) => {
                let message = format!("the policy names the table `{path}`, which was not read");
                Err(Error::new(ErrorCode::ConfigBadValue, message))
            }
        }
    }

    /// The rows as far as they are known.
    pub(super) fn given_rows(&self) -> &[R] {
        self.rows().unwrap_or_default()
    }

    pub(super) fn is_given(&self) -> bool {
        !self.is_empty()
    }

    /// Whether there are no rows and no path.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Rows(rows) if rows.is_empty())
    }

    fn is_unread(&self) -> bool {
        matches!(self, Self::Path(_))
    }
}

impl<R: Serialize> Serialize for PolicyTable<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Path(path) => serializer.serialize_str(path),
            Self::Rows(rows) => serializer.collect_seq(rows),
        }
    }
}

/// A text is a path, a list its rows; errors are those of the rows. The order of rows says nothing, so they are sorted
/// and it is no part of the policy's digest.
impl<'de, R: Deserialize<'de> + Ord> Deserialize<'de> for PolicyTable<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct PathOrRows<R>(PhantomData<R>);
        impl<'de, R: Deserialize<'de> + Ord> Visitor<'de> for PathOrRows<R> {
            type Value = PolicyTable<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a table, or its rows")
            }

            fn visit_str<E: serde::de::Error>(self, path: &str) -> std::result::Result<Self::Value, E> {
                Ok(PolicyTable::Path(path.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rows: A) -> std::result::Result<Self::Value, A::Error> {
                let mut rows = Vec::deserialize(SeqAccessDeserializer::new(rows))?;
                rows.sort_unstable();
                Ok(PolicyTable::Rows(rows))
            }
        }
        deserializer.deserialize_any(PathOrRows(PhantomData))
    }
}

impl Policy {
    /// Whether a table is known by its path only.
    #[must_use]
    pub fn has_unread_tables(&self) -> bool {
        self.areas.account_map.is_unread()
            || self.shared.iter().any(|pool| pool.metric.is_unread())
            || self.providers.iter().any(|provider| provider.keys.is_unread())
    }

    /// Puts rows in place of every path, then checks the policy: `read` gives the bytes of a path.
    ///
    /// An account map has the columns `account` and `area` and may have `from` and `to`. A table of metrics has the columns `area` and `weight`, one of keys `consumer` and `key` and may have
    /// `provider`; both may have `period`. Other columns are ignored.
    ///
    /// # Errors
    /// Those of `read`; `config.bad_table` naming file, row and column; those of [`Policy::check`].
    pub fn read_tables(&mut self, mut read: impl FnMut(&str) -> Result<Vec<u8>>) -> Result<()> {
        let accounts = &self.areas.accounts;
        read_table(&mut self.areas.account_map, &mut read, |rows| {
            let numbered = rows.iter().map(|(at, row)| (*at, row));
            refuse_conflicts(numbered, accounts)
                .map_err(|(row, problem)| bad(problem).at(Location { row, ..of_column("account") }))
        })?;
        for pool in &mut self.shared {
            read_table(&mut pool.metric, &mut read, |_| Ok(()))?;
        }
        for provider in &mut self.providers {
            read_table(&mut provider.keys, &mut read, |_| Ok(()))?;
        }
        self.check()
    }
}

/// A row of a table with named columns.
trait TableRow: DeserializeOwned + Ord {
    /// Columns, and whether each must be there.
    const COLUMNS: &'static [(&'static str, bool)];

    /// The row of its values in the order of the columns; the error names the column.
    fn of(values: &[&str]) -> std::result::Result<Self, (&'static str, String)>;
}

impl TableRow for AccountRow {
    const COLUMNS: &'static [(&'static str, bool)] =
        &[("account", true), ("area", true), ("from", false), ("to", false)];

    fn of(values: &[&str]) -> std::result::Result<Self, (&'static str, String)> {
        let &[account, area, from, to] = values else { return Err(("account", "the row is too short".to_owned())) };
        let (from, to) = (month("from", from)?, month("to", to)?);
        Ok(Self { account: account.to_owned(), area: name("area", area)?, from, to })
    }
}

impl TableRow for MetricRow {
    const COLUMNS: &'static [(&'static str, bool)] = &[("area", true), ("weight", true), ("period", false)];

    fn of(values: &[&str]) -> std::result::Result<Self, (&'static str, String)> {
        let &[area, number, period] = values else { return Err(("area", "the row is too short".to_owned())) };
        Ok(Self { area: name("area", area)?, weight: weight("weight", number)?, period: month("period", period)? })
    }
}

impl TableRow for KeyRow {
    const COLUMNS: &'static [(&'static str, bool)] =
        &[("provider", false), ("consumer", true), ("key", true), ("period", false)];

    fn of(values: &[&str]) -> std::result::Result<Self, (&'static str, String)> {
        let &[provider, consumer, key, period] = values else {
            return Err(("consumer", "the row is too short".to_owned()));
        };
        Ok(Self {
            provider: (!provider.is_empty()).then(|| provider.into()),
            consumer: name("consumer", consumer)?,
            key: weight("key", key)?,
            period: month("period", period)?,
        })
    }
}

fn name(column: &'static str, text: &str) -> std::result::Result<ProductArea, (&'static str, String)> {
    if text.is_empty() { Err((column, "the product area is empty".to_owned())) } else { Ok(text.into()) }
}

fn weight(column: &'static str, text: &str) -> std::result::Result<Decimal, (&'static str, String)> {
    let number = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    match number {
        Ok(number) if number >= Decimal::ZERO => Ok(number),
        Ok(_) => Err((column, format!("`{text}` is negative"))),
        Err(_) => Err((column, format!("`{text}` is not a decimal number of at most 28 digits"))),
    }
}

fn month(column: &'static str, text: &str) -> std::result::Result<Option<BillingPeriod>, (&'static str, String)> {
    let period = (!text.is_empty()).then(|| text.parse::<BillingPeriod>()).transpose();
    period.map_err(|error| (column, error.to_string()))
}

/// Puts the rows of a file in place of its path; `check` sees them with their numbers, where the file has such.
fn read_table<R: TableRow>(
    table: &mut PolicyTable<R>,
    read: &mut impl FnMut(&str) -> Result<Vec<u8>>,
    check: impl Fn(&[(Option<u64>, R)]) -> Result<()>,
) -> Result<()> {
    let PolicyTable::Path(path) = table else { return Ok(()) };
    let bytes = read(path)?;
    let is_json = path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"));
    let rows = if is_json { json_rows(&bytes) } else { csv_rows(&bytes) };
    let checked = rows.and_then(|rows| check(&rows).map(|()| rows));
    let rows = checked.map_err(|error| error.at(Location::file(path.as_str())))?;
    let mut rows: Vec<R> = rows.into_iter().map(|(_, row)| row).collect();
    rows.sort_unstable();
    *table = PolicyTable::Rows(rows);
    Ok(())
}

fn json_rows<R: TableRow>(bytes: &[u8]) -> Result<Vec<(Option<u64>, R)>> {
    let rows: Vec<R> = serde_json::from_slice(bytes).map_err(|cause| {
        let row = u64::try_from(cause.line()).ok();
        bad("the table is no JSON array of such rows").with_cause(cause).at(Location { row, ..Location::default() })
    })?;
    Ok(rows.into_iter().map(|row| (None, row)).collect())
}

fn csv_rows<R: TableRow>(bytes: &[u8]) -> Result<Vec<(Option<u64>, R)>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let unreadable = |cause: csv::Error| bad("the table cannot be read").with_cause(cause);
    let header = reader.headers().map_err(unreadable)?.clone();
    let mut positions = Vec::with_capacity(R::COLUMNS.len());
    for (column, is_required) in R::COLUMNS {
        let mut found = header.iter().enumerate().filter(|(_, given)| given == column).map(|(at, _)| at);
        let position = found.next();
        if position.is_none() && *is_required {
            return Err(missing(column, &header));
        }
        if found.next().is_some() {
            return Err(bad("the column stands twice").at(of_column(column)));
        }
        positions.push(position);
    }
    let mut rows = Vec::new();
    for (at, record) in (2u64..).zip(reader.records()) {
        let place = || Location { row: Some(at), ..Location::default() };
        let record = record.map_err(|cause| unreadable(cause).at(place()))?;
        let value = |position: &Option<usize>| position.and_then(|at| record.get(at)).unwrap_or_default();
        let values: Vec<&str> = positions.iter().map(value).collect();
        let row = R::of(&values).map_err(|(column, message)| bad(message).at(of_column(column)).at(place()))?;
        rows.push((Some(at), row));
    }
    Ok(rows)
}

fn missing(column: &str, header: &csv::StringRecord) -> Error {
    let nearest = header.iter().min_by_key(|given| strsim::damerau_levenshtein(given, column));
    let nearest = nearest.map(|given| format!("; the nearest is `{given}`")).unwrap_or_default();
    bad(format!("the column `{column}` is missing{nearest}")).at(of_column(column))
}

fn of_column(column: &str) -> Location {
    Location { column: Some(column.to_owned()), ..Location::default() }
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConfigBadTable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, files: &[(&str, &str)]) -> Result<Policy> {
        let mut policy = Policy::from_toml(text)?;
        policy.read_tables(|path| {
            let found = files.iter().find(|(name, _)| *name == path);
            found
                .map(|(_, text)| text.as_bytes().to_vec())
                .ok_or_else(|| Error::new(ErrorCode::ReadIo, "the file cannot be read"))
        })?;
        Ok(policy)
    }

    const METRIC: &str = "[[shared]]\nmethod = \"metric\"\nmetric = \"m.csv\"";
    const KEYS: &str = "[[providers]]\narea = \"p\"\nkeys = \"k.json\"";

    #[test]
    fn tables_of_files_are_the_same_as_rows() {
        let inline = "[[shared]]\nmethod = \"metric\"\nmetric = [{ area = \"a\", weight = 2, period = \"2016-06\" }, \
            { area = \"b\", weight = \"0.5\" }]";
        let csv = "\u{feff}note,weight,area,period\nx,0.5,b,\n\"y, z\",2,a,2016-06\n";
        assert_eq!(read(METRIC, &[("m.csv", csv)]).unwrap(), Policy::from_toml(inline).unwrap());
        let inline = "[[providers]]\narea = \"p\"\nkeys = [{ consumer = \"a\", key = 1 }]";
        let keys = read(KEYS, &[("k.json", "[{\"consumer\": \"a\", \"key\": \"1\"}]")]).unwrap();
        assert_eq!(keys, Policy::from_toml(inline).unwrap());
        assert_eq!(keys.digest(), Policy::from_json(&serde_json::to_string(&keys).unwrap()).unwrap().digest());
    }

    #[test]
    fn rows_in_another_order_have_the_same_digest() {
        let of = |rows: &str| read(METRIC, &[("m.csv", &format!("area,weight\n{rows}"))]).unwrap().digest();
        assert_eq!(of("a,1\nb,2\n"), of("b,2\na,1\n"));
        assert_ne!(of("a,1\nb,2\n"), of("a,1\nb,3\n"));
        let inline =
            "[[shared]]\nmethod = \"metric\"\nmetric = [{ area = \"b\", weight = 2 }, { area = \"a\", weight = 1 }]";
        assert_eq!(Policy::from_toml(inline).unwrap().digest(), of("a,1\nb,2\n"));
    }

    #[test]
    fn a_bad_table_is_refused_with_its_file_row_and_column() {
        for (csv, report) in [
            ("area,wieght\n", "the column `weight` is missing; the nearest is `wieght` (m.csv, column `weight`)"),
            ("area,area,weight\n", "the column stands twice (m.csv, column `area`)"),
            ("area,weight\na,1\n,2\n", "the product area is empty (m.csv, row 3, column `area`)"),
            ("area,weight\na,-1\n", "`-1` is negative (m.csv, row 2, column `weight`)"),
            (
                "area,weight\na,NaN\n",
                "`NaN` is not a decimal number of at most 28 digits (m.csv, row 2, column `weight`)",
            ),
            (
                "area,weight,period\na,1,2016\n",
                "`2016` is not a billing period of the form YYYY-MM (m.csv, row 2, column `period`)",
            ),
        ] {
            let error = read(METRIC, &[("m.csv", csv)]).unwrap_err();
            assert_eq!(error.report(), format!("config.bad_table: {report}"));
        }
        assert_eq!(read(METRIC, &[("m.csv", "area,weight\na\n")]).unwrap_err().code(), ErrorCode::ConfigBadTable);
        let error = read(KEYS, &[("k.json", "[{\"consumer\": \"a\"}]")]).unwrap_err();
        assert_eq!((error.code(), error.to_string().contains("JSON array")), (ErrorCode::ConfigBadTable, true));
        assert_eq!(read(KEYS, &[]).unwrap_err().code(), ErrorCode::ReadIo);
    }

    #[test]
    fn an_account_map_of_a_file_is_that_of_its_rows_and_refused_at_its_row() {
        let policy = "[areas]\naccount_map = \"accounts.csv\"\n[areas.accounts]\n9 = \"nine\"";
        let of = |csv: &str| read(policy, &[("accounts.csv", csv)]);
        let inline = "[areas]\naccount_map = [{ account = \"007\", area = \"a\", to = \"2016-06\" }]\n\
            [areas.accounts]\n9 = \"nine\"";
        assert_eq!(of("name,to,area,account\nx,2016-06,a,007\n").unwrap(), Policy::from_toml(inline).unwrap());
        for (csv, report) in [
            (
                "account,area\n1,a\n2,b\n1,c\n",
                "account `1` has two areas at once, `a` and `c` (accounts.csv, row 4, column `account`)",
            ),
            (
                "account,area\n9,a\n",
                "account `9` is in `areas.accounts` and in `areas.account_map` (accounts.csv, row 2, column `account`)",
            ),
            (
                "account,area,from\n1,a,June\n",
                "`June` is not a billing period of the form YYYY-MM (accounts.csv, row 2, column `from`)",
            ),
        ] {
            assert_eq!(of(csv).unwrap_err().report(), format!("config.bad_table: {report}"));
        }
    }

    #[test]
    fn a_table_that_nobody_read_is_refused_when_it_is_needed() {
        let policy = Policy::from_toml(METRIC).unwrap();
        assert!(policy.has_unread_tables());
        let error = policy.shared[0].metric_in("2016-06".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the policy names the table `m.csv`, which was not read");
    }
}
