//! The rows of one CSV → a table (spec 2.4).

#[cfg(feature = "fs")]
pub(super) mod chunks;
pub(super) mod difference;
pub(super) mod lanes;
#[cfg(feature = "fs")]
mod plain;
mod regular;
pub(super) mod rows;
#[cfg_attr(not(feature = "fs"), expect(dead_code, reason = "only files are read in chunks, whose parity is asked for"))]
pub(super) mod separators;
pub(super) mod stretch;

#[cfg(test)]
pub(in crate::read) use lanes::Level;
#[cfg(feature = "fs")]
pub(crate) use plain::PlainFields;

use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::read::blocks::Blocks;
use crate::read::collect::Collector;
use crate::read::csv::rows::{RawRow, Rows};
use crate::read::progress::Watch;
use crate::read::table::TableReader;
use crate::read::table::cells::Cells;
use crate::read::table::header::no_text;
use crate::time::BillingPeriod;

/// Rows between two looks at progress and cancellation; far less than a block of bytes.
const ROWS_PER_LOOK: u64 = 1024;

/// Reads a whole CSV. `evidence` is the billing period that its name or manifest names.
///
/// # Errors
/// With the file's name in the location: those of the source, the header, and of the first malformed row unless bad
/// rows are allowed.
pub(in crate::read) fn read_csv(
    name: &str,
    evidence: Option<BillingPeriod>,
    blocks: impl Blocks,
    collector: &mut Collector<'_>,
    watch: Watch<'_>,
) -> Result<()> {
    read_rows(name, evidence, Rows::new(blocks), collector, watch)
}

/// Reads all rows.
///
/// # Errors
/// As [`read_csv`].
pub(in crate::read) fn read_rows(
    name: &str,
    evidence: Option<BillingPeriod>,
    mut rows: Rows<impl Blocks>,
    collector: &mut Collector<'_>,
    watch: Watch<'_>,
) -> Result<()> {
    let at_file = |error: Error| error.at(Location::file(name));
    let header = match rows.next_row().map_err(at_file)? {
        Some(header) => names_of(&header, name).map_err(at_file)?,
        None => return Err(at_file(Error::new(ErrorCode::ReadUnknownDialect, "the input is empty: it has no header"))),
    };
    let mut table = TableReader::bind(name, header, evidence, collector)?;
    if !table.wants_rows() {
        return Ok(());
    }
    let mut count = 0u64;
    loop {
        if count.is_multiple_of(ROWS_PER_LOOK) {
            watch.check().map_err(at_file)?;
        }
        loop {
            let regular = rows.add_regular(&mut table)?;
            if regular == 0 {
                break;
            }
            watch.progress.add_rows(regular);
            watch.check().map_err(at_file)?;
        }
        let Some(row) = rows.next_row().map_err(at_file)? else { break };
        count += 1;
        if count.is_multiple_of(ROWS_PER_LOOK) {
            watch.progress.add_rows(ROWS_PER_LOOK);
        }
        add(&mut table, &row)?;
    }
    watch.progress.add_rows(count % ROWS_PER_LOOK);
    table.finish(rows.digest())?;
    Ok(())
}

/// The names of the columns in a header.
pub(in crate::read) fn names_of(header: &RawRow<'_>, name: &str) -> Result<Vec<String>> {
    let fields = header.fields().map_err(|_| no_text(header.text, name))?;
    Ok((0..header.width()).map(|at| fields.get(at).trim().to_owned()).collect())
}

fn add(table: &mut TableReader<'_, '_>, row: &RawRow<'_>) -> Result<()> {
    let (has, wanted) = (row.width(), table.width());
    if has != wanted {
        let error = Error::new(ErrorCode::ParseBadRow, format!("the row has {has} fields, the header {wanted}"));
        let error = error.at(row.location());
        // A row of a wrong width that goes over lines comes from a stray quote: it has swallowed other rows.
        return if row.text.contains(&b'\n') { Err(table.failed(error)) } else { table.bad_row(error, None) };
    }
    match row.fields() {
        Ok(fields) => table.add(fields, || row.location()),
        Err(at) => {
            let error = table.in_column(Error::new(ErrorCode::ParseBadUtf8, "the field is not UTF-8 text"), at);
            let cost = std::str::from_utf8(row.bytes(table.cost())).ok().and_then(|text| Amount::parse(text).ok());
            table.bad_row(error.at(row.location()), cost.map(|cost| cost.amount))
        }
    }
}
