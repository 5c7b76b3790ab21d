//! The rows of one table, whatever its format, → a collector (spec 2.4, 2.8).

pub(super) mod cells;
mod costs;
pub(super) mod dialect;
mod findings;
pub(super) mod header;
mod line_item;
mod maps;
mod nearest;
#[cfg(feature = "parquet")]
pub(super) mod numbered;
pub(super) mod patterns;
mod spans;
mod split_rows;
pub(super) mod tags;
mod values;

use std::collections::BTreeSet;

use crate::bill::{InputDigest, RowValues};
use crate::classify::{Dialect, Repetition, Treatment};
use crate::diagnostic::DiagnosticCode;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::read::collect::{Collector, Group, Purpose};
use crate::read::csv::lanes::Level;
use crate::read::csv::rows::OneRow;
use crate::read::csv::stretch::StretchRow;
use crate::read::table::cells::{Cells, Telling};
use crate::read::table::dialect::Attribute;
use crate::read::table::findings::{note_contested, note_unrecognized};
use crate::read::table::header::Columns;
use crate::read::table::line_item::{ReadRow, read_row};
use crate::read::table::maps::Maps;
#[cfg(feature = "batches")]
use crate::read::table::patterns::steps_apart;
use crate::read::table::patterns::{Look, Patterns, Place, Step, steps};
use crate::read::table::values::{Values, is_large};
use crate::time::{BillingPeriod, Timestamp};

/// Reads the rows of one table into the builders of their billing periods.
#[derive(Debug)]
pub(in crate::read) struct TableReader<'c, 'o> {
    name: String,
    evidence: Option<BillingPeriod>,
    columns: Columns,
    maps: Maps,
    collector: &'c mut Collector<'o>,
    /// The last text of a billing period with what it means: rows of one period follow each other.
    period: Option<(String, BillingPeriod)>,
    /// How many rows went to each builder of the collector.
    rows: Vec<u64>,
    patterns: Patterns,
    /// `None` where a value can stand in several places: then nothing is known again.
    values: Option<Values>,
    unescaped: OneRow,
    binary_costs: bool,
    has_large: bool,
    spare: Vec<&'static str>,
}

/// The steps of a row of CSV.
fn steps_of(columns: &Columns, maps: &Maps, values: Option<&Values>) -> Vec<Step> {
    let numbers: Vec<usize> = columns.costs.columns().chain(values.and_then(|values| values.quantity)).collect();
    steps(columns.names.len(), &columns.deciding_spans(maps), values.map_or(&[][..], Values::times), &numbers)
}

impl<'c, 'o> TableReader<'c, 'o> {
    /// Binds a header (names of the columns in order). `evidence` is the billing period that a file name or manifest
    /// names.
    ///
    /// # Errors
    /// `read.unknown_dialect`, `read.missing_column`, `config.basis_unavailable`, with the table in the location.
    pub(in crate::read) fn bind(
        name: &str,
        header: Vec<String>,
        evidence: Option<BillingPeriod>,
        collector: &'c mut Collector<'o>,
    ) -> Result<Self> {
        let (columns, maps) =
            Columns::bind(header, name, collector.options()).map_err(|error| error.at(Location::file(name)))?;
        collector.tag_keys.add_header(&columns.tags);
        collector.cost_categories.add_header(&columns.cost_categories);
        let values = Values::of(&columns);
        let mut patterns = Patterns::over(columns.names.len(), steps_of(&columns, &maps, values.as_ref()));
        // Which rows are refused follows from the order of all.
        patterns.counts = collector.options().max_bad_rows == 0;
        Ok(Self {
            name: name.to_owned(),
            evidence,
            columns,
            maps,
            collector,
            period: None,
            rows: Vec::new(),
            patterns,
            values,
            unescaped: OneRow::default(),
            binary_costs: false,
            has_large: false,
            spare: Vec::new(),
        })
    }

    /// Number of columns of the header.
    pub(in crate::read) fn width(&self) -> usize {
        self.columns.names.len()
    }

    /// Index of the column that holds the unblended cost.
    pub(in crate::read) fn cost(&self) -> usize {
        self.columns.costs.unblended
    }

    /// The error with a column in its location.
    pub(in crate::read) fn in_column(&self, error: Error, at: usize) -> Error {
        self.columns.at_column(error, at)
    }

    /// Indexes of the columns that are read, sorted.
    #[cfg(feature = "batches")]
    pub(in crate::read) fn wanted(&self) -> Vec<usize> {
        self.columns.wanted(&self.maps)
    }

    /// Whether an amount came so close to the end of its range that rows may leave it in one order and not in another.
    #[cfg(feature = "fs")]
    pub(in crate::read) fn has_large_amounts(&self) -> bool {
        self.has_large || self.values.as_ref().is_some_and(Values::has_large)
    }

    /// Whether the rows say anything that is asked for.
    pub(in crate::read) fn wants_rows(&self) -> bool {
        self.collector.purpose() != Purpose::TagKeys || self.columns.tags.are_in_rows()
    }

    /// Says that the column at this index is stored in binary floating point (spec 1.3).
    #[cfg(feature = "batches")]
    pub(in crate::read) fn note_binary(&mut self, at: usize) {
        self.binary_costs |= self.columns.costs.columns().any(|cost| cost == at);
    }

    /// Adds one row. `at` says where it is.
    ///
    /// # Errors
    /// The located error of a malformed row, unless bad rows are allowed; `money.overflow`.
    pub(in crate::read) fn add<'r>(&mut self, cells: impl Cells<'r>, at: impl Fn() -> Location) -> Result<()> {
        self.add_and_place(cells, &at).map(|_| ())
    }

    fn add_and_place<'r>(&mut self, cells: impl Cells<'r>, at: &impl Fn() -> Location) -> Result<Option<Place>> {
        let result = match self.collector.purpose() {
            Purpose::TagKeys => self.load_maps(cells).map(|()| None),
            _ => self.add_row(cells, at),
        };
        result.or_else(|error| {
            let cost = Amount::parse(self.columns.cell(cells, self.columns.costs.unblended)).ok();
            self.bad_row(error.at(at()), cost.map(|cost| cost.amount)).map(|()| None)
        })
    }

    /// Takes a row that is malformed as a finding, where that is allowed.
    ///
    /// # Errors
    /// The error, with the table in its location, where it is not.
    pub(in crate::read) fn bad_row(&mut self, error: Error, cost: Option<Amount>) -> Result<()> {
        let group = self.collector.group(self.evidence, &self.name).flatten();
        self.collector.bad_row(group, error.at(Location::file(&self.name)), cost)
    }

    /// The error of a whole table, located.
    pub(in crate::read) fn failed(&self, error: Error) -> Error {
        error.at(Location::file(&self.name))
    }

    /// The table is complete; `digest` identifies the input (spec 2.6).
    ///
    /// # Errors
    /// As [`TableReader::settle`].
    pub(in crate::read) fn finish(self, digest: InputDigest) -> Result<()> {
        let name = self.name.clone();
        let (groups, collector) = self.finish_part()?;
        if !groups.is_empty() {
            collector.add_input(groups, digest, &name);
        }
        Ok(())
    }

    /// A part of the table is complete; the groups its rows belong to.
    ///
    /// # Errors
    /// As [`TableReader::settle`].
    pub(in crate::read) fn finish_part(mut self) -> Result<(BTreeSet<Group>, &'c mut Collector<'o>)> {
        self.settle()?;
        self.collector.tag_keys.add_maps(&self.columns.tags, &self.maps);
        self.collector.cost_categories.add_maps(&self.columns.cost_categories, &self.maps);
        let at = || Some(Location::file(&self.name));
        let mut groups = BTreeSet::new();
        for (number, rows) in self.rows.iter().enumerate().filter(|(_, rows)| **rows > 0) {
            let Some((group, builder)) = self.collector.builder(number) else { continue };
            groups.insert(*group);
            let diagnostics = &mut builder.diagnostics;
            // Counted in rows, so that it does not matter how rows are cut into files.
            for (column, off) in self.columns.missing_optional() {
                let message = format!("no column `{column}`: {off}");
                diagnostics.add(DiagnosticCode::ReadMissingOptionalColumn, message, *rows, at());
            }
            if self.binary_costs {
                let message = "costs are stored in binary floating point and read as their shortest decimals";
                diagnostics.add(DiagnosticCode::ParseDoubleSource, message, *rows, at());
            }
        }
        Ok((groups, self.collector))
    }

    fn load_maps<'r>(&mut self, cells: impl Cells<'r>) -> Result<()> {
        let Self { maps, columns, .. } = self;
        maps.load(cells, columns.table.null_text).map_err(|(at, error)| columns.at_column(error, at))
    }

    /// Adds the row that `bytes` start with, if it repeats one that came before; how many bytes it takes. Gives what
    /// [`TableReader::add`] gives of its fields.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    #[inline]
    pub(in crate::read) fn add_repeated(
        &mut self,
        bytes: &[u8],
        level: Level,
        at: impl Fn() -> Location,
    ) -> Result<Option<usize>> {
        let Self { patterns, values: Some(reader), columns, collector, .. } = self else { return Ok(None) };
        let Some(row) = patterns.repeated(bytes, reader.last_times(), level) else { return Ok(None) };
        let has_all = row.has_last_times && row.has_same_values;
        if has_all && patterns.count(&row, reader.last_times().interval, collector) {
            return Ok(Some(row.length));
        }
        let Some((place, is_negative)) = patterns.place_of(&row) else { return Ok(None) };
        if has_all {
            let values = patterns.take_again(&row, reader.last_times().interval);
            self.add_values(place, &values, &at)?;
            return Ok(Some(row.length));
        }
        let fields = patterns.fields(&row, bytes.get(..row.length).unwrap_or_default());
        if fields.bytes(columns.costs.unblended).starts_with(b"-") != is_negative {
            return Ok(None);
        }
        let values = if row.has_last_times {
            reader.read_of_last_times(columns, fields, place.rule)
        } else {
            reader.read(columns, fields, place.rule)
        };
        let Some(values) = values else { return Ok(None) };
        patterns.take(&row);
        self.add_values(place, &values, &at)?;
        Ok(Some(row.length))
    }

    /// Adds values to the charge that they are known to belong to.
    fn add_values(&mut self, place: Place, values: &RowValues, at: &impl Fn() -> Location) -> Result<()> {
        if self.patterns.counts && self.values.as_ref().is_some_and(Values::has_large) {
            self.settle()?;
            self.patterns.counts = false;
        }
        if let Some((_, builder)) = self.collector.builder(place.builder)
            && let Err(error) = builder.add_again(place.charge, values)
        {
            return self.bad_row(error.at(at()), Some(values.unblended));
        }
        count_row(&mut self.rows, place.builder);
        Ok(())
    }

    /// Adds one row of a stretch, which gives what [`TableReader::add`] gives of its fields.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    pub(in crate::read) fn add_regular(
        &mut self,
        row: StretchRow<'_>,
        has_escapes: bool,
        at: impl Fn() -> Location,
    ) -> Result<()> {
        self.add_known_or(row, &at, |table| table.add_written(row, has_escapes, &at))
    }

    /// Adds one row of a batch, which gives what [`TableReader::add`] gives of its cells.
    ///
    /// # Errors
    /// As [`TableReader::add`].
    #[cfg(feature = "batches")]
    pub(in crate::read) fn add_apart<'r>(&mut self, row: impl Telling<'r>, at: impl Fn() -> Location) -> Result<()> {
        self.add_known_or(row, &at, |table| table.add_and_place(row, &at))
    }

    /// Says that the cells of rows do not stand side by side.
    #[cfg(feature = "batches")]
    pub(in crate::read) fn cells_are_apart(&mut self) {
        self.patterns = Patterns::over(self.width(), steps_apart(&self.columns.deciding(&self.maps)));
        self.values = self.values.take().map(Values::apart);
    }

    /// Adds a row to the charge that its pattern is known to belong to, or as new.
    fn add_known_or<'r>(
        &mut self,
        row: impl Telling<'r>,
        at: &impl Fn() -> Location,
        add_new: impl FnOnce(&mut Self) -> Result<Option<Place>>,
    ) -> Result<()> {
        if self.collector.purpose() == Purpose::TagKeys {
            return add_new(self).map(|_| ());
        }
        let is_negative = row.bytes(self.columns.costs.unblended).starts_with(b"-");
        let look = self.patterns.look(row, is_negative);
        if let Look::Known(place) = look
            && let Some(values) = self.values_of(row, place)
        {
            return self.add_values(place, &values, at);
        }
        let place = add_new(self)?;
        if let (Some(place), Look::New(key)) = (place, look) {
            let values = self.values_of(row, place);
            if self.patterns.is_full(place.charge) {
                self.settle()?;
                self.patterns.forget();
            }
            self.patterns.keep(row, key, place, values, self.collector);
        }
        Ok(())
    }

    /// The rows that are only counted are added.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    fn settle(&mut self) -> Result<()> {
        let Self { patterns, collector, rows, name, .. } = self;
        patterns.settle(collector, rows).map_err(|error| error.at(Location::file(name.as_str())))
    }

    /// Adds a row of a stretch by its fields.
    fn add_written(
        &mut self,
        row: StretchRow<'_>,
        has_escapes: bool,
        at: &impl Fn() -> Location,
    ) -> Result<Option<Place>> {
        if !has_escapes {
            return self.add_and_place(row, at);
        }
        let mut unescaped = std::mem::take(&mut self.unescaped);
        let placed = match unescaped.read(row.line()) {
            Some(fields) => self.add_and_place(fields, at),
            None => self.add_and_place(row, at),
        };
        self.unescaped = unescaped;
        placed
    }

    /// Cost, times and quantity of a row; `None` where one of them is not as usual.
    fn values_of<'r>(&mut self, row: impl Telling<'r>, place: Place) -> Option<RowValues> {
        self.values.as_mut()?.read(&self.columns, row, place.rule)
    }

    /// Adds a row, and says where the next one of its pattern belongs.
    fn add_row<'r>(&mut self, cells: impl Cells<'r>, at: &impl Fn() -> Location) -> Result<Option<Place>> {
        self.load_maps(cells)?;
        let period = self.period_of(cells)?;
        let Some(group) = self.collector.group(period, &self.name) else { return Ok(None) };
        let Self { columns, maps, collector, rows, name, spare, has_large, patterns, .. } = self;
        let ReadRow { item, treatment, residue, rule, has_contested_tags, fills_no_column } =
            read_row(columns, cells, maps, std::mem::take(spare))?;
        *has_large |=
            is_large(item.cost) || item.unblended.is_some_and(is_large) || item.usage_quantity.is_some_and(is_large);
        if *has_large && patterns.counts {
            patterns.settle(collector, rows)?;
            patterns.counts = false;
        }
        let number = collector.number_of(group);
        let tag_keys = &collector.options().bill.tag_keys;
        let Some((_, builder)) = collector.builder(number) else { return Ok(None) };
        let mut place = None;
        match treatment {
            Treatment::Excluded(repetition) => {
                let split = columns.split.as_ref().filter(|_| repetition == Repetition::SplitCostAllocation);
                // Before anything is changed: a row that is refused leaves no trace.
                let line = split.map(|split| split.of_row(columns, cells, maps)).transpose()?;
                builder.exclude(&item, repetition)?;
                line.map_or(Ok(()), |line| builder.add_split(&item, &line))?;
            }
            Treatment::Counts(kind) | Treatment::CountsUnknown(kind) => {
                let charge = builder.add_to_charge(&item, kind)?;
                let is_unknown = matches!(treatment, Treatment::CountsUnknown(_));
                let is_noted = item.dialect == Dialect::Dbr
                    && note_unrecognized(builder, &item, is_unknown.then_some(kind), name, at);
                // The kind of usage follows from the columns that decide and the sign; a fee has its term beside them.
                let sign_text = columns.cell(cells, columns.costs.unblended);
                if has_contested_tags {
                    note_contested(builder, columns.tags.contested(cells, maps), tag_keys, name, at);
                }
                if fills_no_column {
                    builder.note_not_spread(&item, kind)?;
                }
                let counts_quantity = builder.counts_quantity(charge);
                let is_watched = collector.notes_row((number, charge), name, at, item.cost);
                let is_repeatable = kind.is_usage()
                    && !is_watched
                    && !is_noted
                    && !has_contested_tags
                    && has_plain_sign(sign_text, item.unblended.unwrap_or(item.cost));
                place = is_repeatable.then_some(Place { builder: number, charge, rule, counts_quantity });
            }
        }
        if let (false, Some((_, builder))) = (residue.is_zero(), collector.builder(number)) {
            builder.note_residue(residue);
        }
        count_row(rows, number);
        *spare = emptied(item.tags);
        Ok(place)
    }

    /// The billing period of a row: what its column says, else what the file's name or manifest says.
    fn period_of<'r>(&mut self, cells: impl Cells<'r>) -> Result<Option<BillingPeriod>> {
        if !self.columns.has(Attribute::PeriodStart) {
            return Ok(self.evidence);
        }
        let text = self.columns.text(Attribute::PeriodStart, cells, &self.maps);
        let period = match &self.period {
            Some((last, period)) if last == text => *period,
            _ if text.is_empty() => return Ok(self.evidence),
            _ => {
                let start = text.parse::<Timestamp>();
                let period = start.and_then(|start| {
                    let far = || Error::new(ErrorCode::ParseBadTime, format!("`{text}` is in no billing period"));
                    start.period().ok_or_else(far)
                });
                let period = period.map_err(|error| self.columns.at_attribute(error, Attribute::PeriodStart))?;
                self.period = Some((text.to_owned(), period));
                period
            }
        };
        match self.evidence {
            Some(named) if named != period => {
                let message = format!("the row is of the billing period `{period}`, its file of `{named}`");
                let error = Error::new(ErrorCode::ReadPeriodMismatch, message);
                Err(self.columns.at_attribute(error, Attribute::PeriodStart))
            }
            _ => Ok(Some(period)),
        }
    }
}

/// The same memory without the borrow: collecting in place allocates nothing.
fn emptied(mut texts: Vec<&str>) -> Vec<&'static str> {
    texts.clear();
    texts.into_iter().map(|_| "").collect()
}

/// How many rows went to a builder; there always is such a count.
pub(super) fn count_of(rows: &mut Vec<u64>, builder: usize) -> Option<&mut u64> {
    if builder >= rows.len() {
        rows.resize(builder + 1, 0);
    }
    rows.get_mut(builder)
}

fn count_row(rows: &mut Vec<u64>, builder: usize) {
    if let Some(rows) = count_of(rows, builder) {
        *rows += 1;
    }
}

/// Whether the cost is negative exactly where its text has a sign.
fn has_plain_sign(text: &str, cost: Amount) -> bool {
    cost.is_negative() == text.starts_with('-')
}
