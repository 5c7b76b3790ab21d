//! Which tag keys inputs have, from their headers alone.

use super::ScanOptions;
use super::archive::{Table, visit_tables};
use super::header::Columns;
use super::input::Input;
use super::name::period_of;
use super::progress::{Progress, Watch};
use super::rows::{FromReader, Rows};
use super::tags::TagKeysSeen;
use crate::error::{Location, Result};
use crate::time::BillingPeriod;

/// The tag keys of the inputs that a scan of a billing period counts: those whose names are no evidence of another.
///
/// # Errors
/// `read.*` where an input cannot be opened or is no bill.
pub fn find_tag_keys(inputs: Vec<Input>, period: Option<BillingPeriod>) -> Result<Vec<String>> {
    let is_of_other = |name: &str| period.is_some() && period_of(name).is_some_and(|named| Some(named) != period);
    let (options, progress) = (ScanOptions::default(), Progress::default());
    let mut seen = TagKeysSeen::default();
    for input in inputs {
        let named = input.period();
        if period.is_some() && named.is_some() && named != period {
            continue;
        }
        let Input { name, source, .. } = input;
        let header = |table: Table<'_>| {
            // As in a scan, the name of an entry is asked only where that of its archive says nothing.
            if named.is_none() && table.entry.is_some_and(is_of_other) {
                return Ok(());
            }
            let mut rows = Rows::new(FromReader::new(table.reader, table.explain));
            if let Some(header) = rows.next_row()? {
                seen.add(&Columns::bind(&header, &name, &options)?.tags);
            }
            Ok(())
        };
        visit_tables(source, Watch::alone(&progress), header)
            .map_err(|error| error.at(Location::file(name.clone())))?;
    }
    Ok(seen.into_present())
}
