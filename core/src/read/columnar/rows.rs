//! The rows of batches of columns → a table: those like a row before by its key and values, the others by their text.

use crate::bill::RowValues;
use crate::error::Result;
use crate::money::Amount;
use crate::read::columnar::batch::column::{Column, ColumnBatch, Written};
use crate::read::columnar::batch::numbers::{NumberedColumns, RowKeys};
use crate::read::columnar::{Batches, ahead};
use crate::read::progress::Watch;
use crate::read::table::TableReader;
use crate::read::table::numbered::{KnownKeys, NEGATIVE, RowColumns};
use crate::read::table::patterns::Place;
use crate::time::Interval;

/// Reads all rows as columns; whether the source gives them so.
///
/// # Errors
/// As [`super::read_batches`].
pub(super) fn read_columns(
    table: &mut TableReader<'_, '_>,
    source: &mut dyn Batches,
    wanted: &[usize],
    watch: Watch<'_>,
    reads_ahead: bool,
) -> Result<bool> {
    let Some(columns) = table.row_columns() else { return Ok(false) };
    let Some(batches) = source.read_columns(wanted, watch)? else { return Ok(false) };
    let numbered = table.take_known(&columns.deciding);
    let mut rows = Rows { table, columns, numbered, written: Written::default(), times: Times::default(), watch };
    if reads_ahead { ahead(batches, |batches| rows.add_all(batches)) } else { rows.add_all(batches) }?;
    let Rows { table, numbered, .. } = rows;
    table.keep_known(numbered);
    Ok(true)
}

struct Rows<'r, 'c, 'o> {
    table: &'r mut TableReader<'c, 'o>,
    columns: RowColumns,
    numbered: NumberedColumns,
    written: Written,
    times: Times,
    watch: Watch<'r>,
}

/// Why rows are not added by what is known.
enum Stop {
    /// All are added.
    Done,
    /// The next one belongs to another group.
    Group,
    /// The next one is of this key, which is not known.
    New(u128),
    /// The next one has values that are not as usual.
    Unusual,
}

impl Rows<'_, '_, '_> {
    fn add_all(&mut self, batches: impl Iterator<Item = Result<ColumnBatch>>) -> Result<()> {
        for batch in batches {
            let batch = batch?;
            self.watch.check()?;
            self.add(&batch)?;
            self.watch.progress.add_rows(u64::try_from(batch.rows()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn add(&mut self, batch: &ColumnBatch) -> Result<()> {
        let Self { table, columns, numbered, written, times, .. } = self;
        let mut values = Values::of(batch, columns, times);
        let Some((keys, known)) = numbered.keys_of(batch) else {
            return (0..batch.rows())
                .try_for_each(|row| table.add_text(batch.row(row, written), || batch.location(row)).map(|_| ()));
        };
        let mut row = 0;
        loop {
            let stop = add_known(table, batch, keys, known, &mut values, &mut row)?;
            if row >= batch.rows() {
                return Ok(());
            }
            if matches!(stop, Stop::Group) {
                continue;
            }
            let place = table.add_text(batch.row(row, written), || batch.location(row))?;
            if let (Stop::New(key), Some(place)) = (stop, place) {
                known.keep(key, place);
            }
            row += 1;
        }
    }
}

/// Adds the rows from `row` on that belong to charges that are known; `row` is then the next one.
fn add_known(
    table: &mut TableReader<'_, '_>,
    batch: &ColumnBatch,
    keys: &RowKeys,
    known: &mut KnownKeys,
    values: &mut Values<'_>,
    row: &mut usize,
) -> Result<Stop> {
    let Some(key) = keys.at(*row) else { return Ok(Stop::Done) };
    let Some(mut unblended) = values.unblended(*row) else { return Ok(Stop::Unusual) };
    let key = signed(key, unblended);
    let Some(mut place) = known.look(key) else { return Ok(Stop::New(key)) };
    let Some((builder, count)) = table.rows_of(place) else { return Ok(Stop::Unusual) };
    loop {
        let Some(of_row) = values.of_row(*row, place, unblended) else { return Ok(Stop::Unusual) };
        if let Err(error) = builder.add_again(place.charge, &of_row) {
            table.refused(error, &of_row, batch.location(*row))?;
            *row += 1;
            return Ok(Stop::Group);
        }
        *count += 1;
        *row += 1;
        let Some(key) = keys.at(*row) else { return Ok(Stop::Done) };
        unblended = match values.unblended(*row) {
            Some(unblended) => unblended,
            None => return Ok(Stop::Unusual),
        };
        let key = signed(key, unblended);
        let Some(next) = known.look(key) else { return Ok(Stop::New(key)) };
        if !next.is_beside(place) {
            return Ok(Stop::Group);
        }
        place = next;
    }
}

/// A key with the sign of the cost.
fn signed(key: u128, unblended: Amount) -> u128 {
    if unblended.is_negative() { key | NEGATIVE } else { key }
}

/// The columns of a batch that hold the values of its rows.
struct Values<'b> {
    batch: &'b ColumnBatch,
    unblended: Option<&'b Column>,
    /// The columns of the cost by rule, as those of [`RowColumns`].
    costs: &'b [Option<Vec<usize>>],
    start: Option<&'b Column>,
    end: Option<&'b Column>,
    quantity: Option<&'b Column>,
    /// Whether charges keep intervals, for which hours are asked.
    keeps_intervals: bool,
    times: &'b mut Times,
    /// What the columns number the times of the last row, which `times` holds.
    time_numbers: Option<(u32, u32)>,
}

/// The last times of a row, as stored or as written, with what they are: rows of one hour follow each other.
#[derive(Default)]
struct Times {
    stored: Option<(i64, i64)>,
    start: String,
    end: String,
    interval: Option<Interval>,
}

impl<'b> Values<'b> {
    fn of(batch: &'b ColumnBatch, columns: &'b RowColumns, times: &'b mut Times) -> Self {
        let column = |at: usize| batch.column(at);
        Self {
            batch,
            unblended: column(columns.unblended),
            costs: &columns.costs,
            start: column(columns.start),
            end: column(columns.end),
            quantity: columns.quantity.and_then(column),
            keeps_intervals: columns.keeps_intervals,
            times,
            time_numbers: None,
        }
    }

    /// The unblended cost of a row; `None` where it is not as usual.
    fn unblended(&self, row: usize) -> Option<Amount> {
        self.unblended?.amount(row)
    }

    /// Cost, times and quantity of a row; `None` where one of them is not as usual.
    fn of_row(&mut self, row: usize, place: Place, unblended: Amount) -> Option<RowValues> {
        let cost = match self.costs.get(place.rule)?.as_deref()? {
            [] => unblended,
            columns => {
                let mut columns = columns.iter().filter_map(|at| self.batch.column(*at));
                columns.find(|column| !column.is_empty(row))?.amount(row)?
            }
        };
        let usage_quantity = match self.quantity {
            Some(column) if !self.keeps_intervals && !place.counts_quantity && column.has_only_amounts() => None,
            Some(column) if !column.is_empty(row) => Some(column.amount(row)?),
            Some(_) | None => None,
        };
        self.reads_times(row)?;
        Some(RowValues { cost, unblended, interval: self.times.interval, usage_quantity })
    }

    /// Whether the times of a row are as usual; then `times` has its interval.
    fn reads_times(&mut self, row: usize) -> Option<()> {
        let (start, end) = (self.start?, self.end?);
        let numbers = start.number(row).zip(end.number(row));
        if numbers.is_some() && numbers == self.time_numbers {
            return Some(());
        }
        self.time_numbers = None;
        self.reads_times_of(start, end, row)?;
        self.time_numbers = numbers;
        Some(())
    }

    fn reads_times_of(&mut self, start: &Column, end: &Column, row: usize) -> Option<()> {
        if let (Some(start_stored), Some(end_stored)) = (start.stored_time(row), end.stored_time(row)) {
            if self.times.stored != Some((start_stored, end_stored)) {
                let interval = Some(Interval::new(start.time(start_stored)?, end.time(end_stored)?));
                *self.times = Times { stored: Some((start_stored, end_stored)), interval, ..Times::default() };
            }
            return Some(());
        }
        let (start, end) = (start.text(row), end.text(row));
        if start.is_empty() && end.is_empty() {
            *self.times = Times::default();
            return Some(());
        }
        if self.times.start != start || self.times.end != end {
            let interval = Some(Interval::new(start.parse().ok()?, end.parse().ok()?));
            *self.times = Times { stored: None, start: start.into_owned(), end: end.into_owned(), interval };
        }
        Some(())
    }
}
