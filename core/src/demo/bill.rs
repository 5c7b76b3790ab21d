//! The bills of a month: one pass over its rows, one writer a format.

use std::path::Path;

use super::dbr::DbrWriter;
use super::dialect::{DemoBill, DemoDialect};
use super::export::TableWriter;
use super::fleet::Fleet;
use super::month::{Month, Plan, write_rows};
use super::row::BillWriter;
use super::{DemoOptions, not_written_here};
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

/// The bills, how many line items the month has, and what they sum to.
#[derive(Debug)]
pub(super) struct WrittenBills {
    pub(super) bills: Vec<DemoBill>,
    pub(super) rows: u64,
    /// With Rounding rows.
    pub(super) total: Amount,
    pub(super) rounding: Amount,
}

/// Refuses dialects before anything is written.
pub(super) fn check_dialects(options: &DemoOptions) -> Result<()> {
    let dialects = &options.dialects;
    if options.savings_plan && dialects.contains(&DemoDialect::Dbr) {
        let why = "a Detailed Billing Report has no savings plans; ask for other dialects, such as `cur2`";
        return Err(Error::new(ErrorCode::ConfigBadValue, why));
    }
    if dialects.is_empty() {
        return Err(Error::new(ErrorCode::ConfigBadValue, "a demo needs at least one dialect"));
    }
    let unknown = dialects.iter().find(|dialect| !dialect.is_written_here());
    unknown.map_or(Ok(()), |dialect| Err(not_written_here(*dialect)))
}

/// Writes the month once in each dialect, under the names AWS gives the files.
pub(super) fn write_bills(dir: &Path, fleet: &Fleet, options: &DemoOptions) -> Result<WrittenBills> {
    let plan = Plan::new(fleet, options);
    let month = Month::new(fleet, options);
    let mut writers: Vec<Box<dyn BillWriter + '_>> = Vec::new();
    for (at, dialect) in options.dialects.iter().enumerate() {
        if options.dialects.iter().take(at).any(|before| before == dialect) {
            continue;
        }
        writers.push(match dialect {
            DemoDialect::Dbr => Box::new(DbrWriter::open(dir, &month, plan.rows)?),
            _ => Box::new(TableWriter::open(dir, *dialect, &month, plan.rows)?),
        });
    }
    let sums = write_rows(&mut writers, fleet, &month, &plan)?;
    let bills = writers.into_iter().map(|writer| writer.finish(&sums)).collect::<Result<Vec<_>>>()?;
    let rounding = Amount::from_units(sums.rounding_total());
    let total = Amount::from_units(sums.line_item_total()).checked_add(rounding)?;
    Ok(WrittenBills { bills, rows: sums.line_items(), total, rounding })
}
