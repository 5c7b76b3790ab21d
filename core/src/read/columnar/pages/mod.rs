//! A row group of a Parquet file → batches of columns, from the pages of the file where they number their values.
//!
//! INVARIANT: what is read here is what Arrow's reader gives. Where a page is of another kind, or says what cannot be,
//! all is left to it from the first row on that was not given: what is damaged, it says.

mod column;
mod hybrid;

use arrow_array::RecordBatch;
use parquet::schema::types::SchemaDescriptor;

use self::column::{ColumnPages, Kind};
use super::Parts;
use super::batch::ROWS_AT_ONCE;
use super::batch::column::{Column, ColumnBatch};
use super::parquet::ParquetPart;
use crate::error::Result;

/// The rows of one row group that are not given yet.
pub(super) struct GroupRows<'p> {
    part: &'p ParquetPart,
    row_group: usize,
    /// Numbers of the columns in the header.
    wanted: &'p [usize],
    /// Rows of the row group, how many of them were given, and how many rows of the file are before it.
    rows: usize,
    given: usize,
    rows_before: u64,
    /// The columns that are read from their pages, by number.
    pages: Vec<(usize, ColumnPages)>,
    /// The numbers of those that Arrow reads, and its batches.
    others: Vec<usize>,
    batches: Option<Parts<'p, RecordBatch>>,
}

impl<'p> GroupRows<'p> {
    /// All rows of a row group.
    ///
    /// # Errors
    /// `read.io`, `read.bad_archive`.
    pub(super) fn open(part: &'p ParquetPart, row_group: usize, wanted: &'p [usize]) -> Result<Self> {
        let pages: Vec<_> = wanted.iter().filter_map(|at| Some((*at, pages_of(part, row_group, *at)?))).collect();
        let is_other = |at: &usize| pages.iter().all(|(paged, _)| paged != at);
        let others: Vec<usize> = wanted.iter().copied().filter(is_other).collect();
        let mut rows = Self {
            part,
            row_group,
            wanted,
            rows: usize::try_from(part.rows_of(row_group..row_group + 1)).unwrap_or(usize::MAX),
            given: 0,
            rows_before: part.rows_of(0..row_group),
            pages,
            others,
            batches: None,
        };
        if !rows.others.is_empty() {
            rows.batches = Some(rows.by_arrow(&rows.others)?);
        }
        Ok(rows)
    }

    /// The rows that are not given yet, in these columns.
    fn by_arrow(&self, columns: &[usize]) -> Result<Parts<'p, RecordBatch>> {
        Ok(Box::new(self.part.batches(self.row_group, columns, self.given)?))
    }

    fn next_batch(&mut self) -> Result<Option<ColumnBatch>> {
        if !self.pages.is_empty() {
            if self.given >= self.rows {
                return Ok(None);
            }
            let rows = ROWS_AT_ONCE.min(self.rows - self.given);
            if let Some(paged) = self.next_of_pages(rows) {
                let others = match &mut self.batches {
                    Some(batches) => batches.next().transpose()?,
                    None => None,
                };
                if others.as_ref().map_or(self.others.is_empty(), |batch| batch.num_rows() == rows) {
                    let others = others.map(|batch| (batch, self.others.as_slice()));
                    return ColumnBatch::with(paged, others, rows, self.rows_before_next()).map(Some);
                }
            }
            if let Some(failure) = self.part.failure() {
                return Err(failure);
            }
            self.pages.clear();
            self.batches = Some(self.by_arrow(self.wanted)?);
        }
        let Some(batch) = self.batches.as_mut().and_then(Iterator::next).transpose()? else { return Ok(None) };
        ColumnBatch::of(&batch, self.wanted, self.rows_before_next()).map(Some)
    }

    fn rows_before_next(&self) -> u64 {
        self.rows_before.saturating_add(u64::try_from(self.given).unwrap_or(u64::MAX))
    }

    /// The next rows of the columns with pages; `None` where these are left to Arrow.
    fn next_of_pages(&mut self, rows: usize) -> Option<Vec<(usize, Column)>> {
        self.pages.iter_mut().map(|(at, pages)| Some((*at, Column::Coded(pages.next(rows)?)))).collect()
    }
}

impl Iterator for GroupRows<'_> {
    type Item = Result<ColumnBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_batch().transpose()?;
        if let Ok(batch) = &next {
            self.given += batch.rows();
        }
        Some(next)
    }
}

/// The pages of the column of this number; `None` where it is left to Arrow.
fn pages_of(part: &ParquetPart, row_group: usize, at: usize) -> Option<ColumnPages> {
    let stored = part.metadata().parquet_schema();
    let leaf = only_leaf(stored, at)?;
    let column = stored.columns().get(leaf)?;
    let kind = Kind::of(column.physical_type(), part.metadata().schema().fields().get(at)?.data_type())?;
    ColumnPages::new(kind, column.max_def_level() > 0, Box::new(part.pages(row_group, leaf)?))
}

/// The leaf that a column is where it is no list, map or structure.
fn only_leaf(stored: &SchemaDescriptor, at: usize) -> Option<usize> {
    let leaf = (0..stored.num_columns()).find(|leaf| stored.get_column_root_idx(*leaf) == at)?;
    let column = stored.columns().get(leaf)?;
    let is_plain = stored.get_column_root(leaf).is_primitive();
    (is_plain && column.max_rep_level() == 0 && column.max_def_level() <= 1).then_some(leaf)
}
