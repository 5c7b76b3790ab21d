//! Values as SQLite keeps them: text of one form each, and errors with their codes.

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode as SqliteCode, Params, Row, params_from_iter};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorCode, Result};
use crate::time::Timestamp;

/// The error of a refused statement.
pub(super) fn failed(cause: rusqlite::Error) -> Error {
    let (code, message) = match cause.sqlite_error_code() {
        Some(SqliteCode::NotADatabase) => (ErrorCode::StoreSchema, "the file is no SQLite database"),
        Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => {
            (ErrorCode::StoreIo, "the store is locked by another program")
        }
        Some(SqliteCode::DiskFull) => (ErrorCode::StoreIo, "there is no space left for the store"),
        Some(SqliteCode::CannotOpen) => (ErrorCode::StoreIo, "the store cannot be opened"),
        _ => (ErrorCode::StoreIo, "the store cannot be read or written"),
    };
    Error::new(code, message).with_cause(cause)
}

/// A stored value that this version cannot read.
fn unreadable(column: &str) -> Error {
    Error::new(ErrorCode::StoreSchema, format!("the store has a value in `{column}` that this program cannot read"))
}

/// RFC 3339 with exactly three decimals, so that texts sort like times.
///
/// # Errors
/// `config.bad_value` where the time is outside the years that can be written.
pub(super) fn time_text(time: Timestamp) -> Result<String> {
    let mut text = time.to_string();
    if !text.contains('.') && text.ends_with('Z') {
        text.pop();
        text.push_str(".000Z");
    }
    if text.len() == 24 && text.parse().is_ok_and(|read: Timestamp| read == time) {
        return Ok(text);
    }
    Err(Error::new(ErrorCode::ConfigBadValue, format!("`{time}` is not a time that a store can keep")))
}

/// Adds rows to a table.
pub(super) fn insert(
    connection: &Connection,
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Result<()> {
    let places = vec!["?"; columns.len()].join(", ");
    let text = format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", "));
    let mut statement = connection.prepare(&text).map_err(failed)?;
    for row in rows {
        statement.execute(params_from_iter(row)).map_err(failed)?;
    }
    Ok(())
}

/// The rows of a query.
pub(super) fn select<T>(
    connection: &Connection,
    query: &str,
    params: impl Params,
    read: impl Fn(&Fields<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare(query).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(&Fields(row))?);
    }
    Ok(found)
}

/// The columns of a row, by name.
#[derive(Debug)]
pub(super) struct Fields<'r>(&'r Row<'r>);

impl Fields<'_> {
    pub(super) fn text(&self, column: &str) -> Result<String> {
        self.0.get(column).map_err(|cause| unreadable(column).with_cause(cause))
    }

    pub(super) fn maybe_text(&self, column: &str) -> Result<Option<String>> {
        self.0.get(column).map_err(|cause| unreadable(column).with_cause(cause))
    }

    pub(super) fn count(&self, column: &str) -> Result<u64> {
        let count: i64 = self.0.get(column).map_err(|cause| unreadable(column).with_cause(cause))?;
        u64::try_from(count).map_err(|cause| unreadable(column).with_cause(cause))
    }

    /// A value whose text is that of its serde form, such as an amount, a time or a row kind.
    pub(super) fn value<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_value(self.text(column)?.into()).map_err(|cause| unreadable(column).with_cause(cause))
    }

    pub(super) fn maybe_value<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let Some(text) = self.maybe_text(column)? else { return Ok(None) };
        serde_json::from_value(text.into()).map(Some).map_err(|cause| unreadable(column).with_cause(cause))
    }

    /// A value kept as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|cause| unreadable(column).with_cause(cause))
    }

    pub(super) fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let Some(text) = self.maybe_text(column)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|cause| unreadable(column).with_cause(cause))
    }
}
