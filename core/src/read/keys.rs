//! Which tag keys inputs have, from their headers alone.

use super::ScanOptions;
use super::archive::{Table, visit_tables};
use super::header::Columns;
use super::input::Input;
use super::progress::{Progress, Watch};
use super::rows::{FromReader, Rows};
use super::tags::TagKeysSeen;
use crate::error::{Location, Result};

/// The tag keys of all inputs, sorted, as a scan can ask for them: `team` for `user:team`, `aws:createdBy` as it is.
///
/// # Errors
/// `read.*` where an input cannot be opened or is no bill.
pub fn find_tag_keys(inputs: Vec<Input>) -> Result<Vec<String>> {
    let (options, progress) = (ScanOptions::default(), Progress::default());
    let mut seen = TagKeysSeen::default();
    for input in inputs {
        let Input { name, source } = input;
        let header = |table: Table<'_>| {
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
