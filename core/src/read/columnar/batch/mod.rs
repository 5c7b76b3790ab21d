//! Record batches → cells as text (spec 1.1, 1.3, 2.1).
//!
//! Texts are borrowed from the Arrow arrays, through the keys of dictionaries; only numbers, times and maps are
//! written, once for each run of equal values. A binary double is its shortest round-trip decimal, a time is RFC 3339
//! in UTC, a map or structure the text of a JSON object without its empty entries, a null the empty text.

#[cfg(feature = "parquet")]
pub(super) mod coded;
#[cfg(feature = "parquet")]
pub(super) mod column;
#[cfg(feature = "parquet")]
mod double;
mod json;
#[cfg(feature = "parquet")]
pub(in crate::read) mod numbers;
mod rendered;
#[cfg(test)]
mod tests;
mod text;
#[cfg(feature = "parquet")]
mod texts;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};

use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::table::cells::{Cells, Telling};
use text::{TextColumn, Unreadable};

/// Rows of a batch that are turned into text at once: memory does not depend on how large batches are.
pub(in crate::read) const ROWS_AT_ONCE: usize = 8192;

/// Some rows of a table as text, only in the columns that are read.
#[derive(Debug)]
pub(in crate::read) struct TextBatch {
    /// By the number of the column in the header.
    columns: Vec<Option<TextColumn>>,
    rows: usize,
    /// Data rows of the table before these.
    pub(super) rows_before: u64,
}

impl TextBatch {
    /// The text of a batch whose columns are those of the header that `wanted` numbers.
    ///
    /// # Errors
    /// `read.bad_column_type` where a column has a type that no bill is written in, `parse.bad_utf8`; both with the
    /// column.
    pub(in crate::read) fn of(batch: &RecordBatch, wanted: &[usize], rows_before: u64) -> Result<Self> {
        let columns = columns_by_number(batch, wanted, rows_before, TextColumn::of)?;
        Ok(Self { columns, rows: batch.num_rows(), rows_before })
    }

    /// Number of rows.
    pub(in crate::read) fn rows(&self) -> usize {
        self.rows
    }

    pub(in crate::read) fn row(&self, row: usize) -> BatchRow<'_> {
        BatchRow { columns: &self.columns, row }
    }

    /// Where a row is, within its table: its first data row is row 1, because there is no header row.
    pub(in crate::read) fn location(&self, row: usize) -> Location {
        Location { row: Some(row_number(self.rows_before, row)), ..Location::default() }
    }
}

/// What is made of each column, by its number in the header.
fn columns_by_number<C>(
    batch: &RecordBatch,
    wanted: &[usize],
    rows_before: u64,
    of: impl Fn(&dyn Array) -> std::result::Result<C, Unreadable>,
) -> Result<Vec<Option<C>>> {
    let mut columns = Vec::new();
    columns.resize_with(wanted.iter().max().map_or(0, |last| last + 1), || None);
    for ((array, field), at) in batch.columns().iter().zip(batch.schema_ref().fields()).zip(wanted) {
        let made = of(array.as_ref()).map_err(|cause| {
            let column = Location { column: Some(field.name().clone()), ..Location::default() };
            match cause {
                Unreadable::Type(data_type) => {
                    let message = format!("the column is of type `{data_type}`, in which no bill is written");
                    Error::new(ErrorCode::ReadBadColumnType, message).at(column)
                }
                Unreadable::NotUtf8 { row } => {
                    let row = Some(row_number(rows_before, row));
                    let message = "the field is not UTF-8 text";
                    Error::new(ErrorCode::ParseBadUtf8, message).at(Location { row, ..column })
                }
            }
        })?;
        if let Some(column) = columns.get_mut(*at) {
            *column = Some(made);
        }
    }
    Ok(columns)
}

fn row_number(before: u64, row: usize) -> u64 {
    before.saturating_add(u64::try_from(row).unwrap_or(u64::MAX)).saturating_add(1)
}

/// One row of a batch.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct BatchRow<'b> {
    columns: &'b [Option<TextColumn>],
    row: usize,
}

impl<'b> Cells<'b> for BatchRow<'b> {
    fn get(self, at: usize) -> &'b str {
        self.columns.get(at).and_then(Option::as_ref).map_or("", |column| column.get(self.row))
    }
}

impl<'b> Telling<'b> for BatchRow<'b> {
    /// Of one cell: those of a batch do not stand side by side.
    fn raw(self, first: usize, _: usize) -> &'b [u8] {
        self.get(first).as_bytes()
    }

    fn bytes(self, at: usize) -> &'b [u8] {
        self.get(at).as_bytes()
    }
}

/// Names of the columns, in order.
pub(in crate::read) fn header_of(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Those of the wanted columns that hold binary floats (spec 1.3).
pub(in crate::read) fn binary_floats(schema: &Schema, wanted: &[usize]) -> Vec<usize> {
    let is_float = |at: &usize| schema.fields().get(*at).is_some_and(|field| is_binary_float(field.data_type()));
    wanted.iter().copied().filter(is_float).collect()
}

fn is_binary_float(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float32 | DataType::Float64 => true,
        DataType::Dictionary(_, values) => is_binary_float(values),
        _ => false,
    }
}
