//! The rows of one CSV → a collector (spec 2.4).

use super::collect::{Collector, Group};
use super::header::Columns;
use super::line_item::{ReadRow, read_row, readable_cost};
use super::progress::Watch;
use super::rows::{Blocks, RawRow, Rows};
use crate::bill::BillBuilder;
use crate::classify::{LineItemKind, Treatment};
use crate::diagnostic::DiagnosticCode;
use crate::error::{Error, ErrorCode, Location, Result};

/// Rows between two looks at progress and cancellation; far less than a block of bytes.
const ROWS_PER_LOOK: u64 = 1024;

/// Reads a whole table into the collector's builder of `group`.
///
/// # Errors
/// With the file's name in the location: those of the source, the header, and of the first malformed row unless bad
/// rows are allowed.
pub(super) fn read_table(
    name: &str,
    group: Group,
    blocks: impl Blocks,
    collector: &mut Collector<'_>,
    watch: Watch<'_>,
) -> Result<()> {
    let at_file = |error: Error| error.at(Location::file(name));
    let mut rows = Rows::new(blocks);
    let columns = match rows.next_row().map_err(at_file)? {
        Some(header) => Columns::bind(&header, name, collector.options()).map_err(at_file)?,
        None => return Err(at_file(Error::new(ErrorCode::ReadUnknownDialect, "the input is empty: it has no header"))),
    };
    collector.tag_keys.add(&columns.tags);
    let mut count = 0u64;
    let mut spare = Vec::new();
    loop {
        if count.is_multiple_of(ROWS_PER_LOOK) {
            watch.check().map_err(at_file)?;
        }
        let Some(row) = rows.next_row().map_err(at_file)? else { break };
        count += 1;
        if count.is_multiple_of(ROWS_PER_LOOK) {
            watch.progress.add_rows(ROWS_PER_LOOK);
        }
        if let Err(error) = add_row(collector.builder(group), &columns, &row, name, &mut spare) {
            let error = error.at(row.location()).at(Location::file(name));
            // A row of a wrong width that goes over lines comes from a stray quote: it has swallowed other rows.
            if columns.names.len() != row.width() && row.text.contains(&b'\n') {
                return Err(error);
            }
            collector.bad_row(group, error, || readable_cost(&columns, &row))?;
        }
    }
    watch.progress.add_rows(count % ROWS_PER_LOOK);
    if count > 0 {
        note_missing_columns(collector.builder(group), &columns, count, name);
        collector.add_input(group, rows.digest(), name);
    }
    Ok(())
}

fn add_row<'r>(
    builder: &mut BillBuilder<'_>,
    columns: &Columns,
    row: &RawRow<'r>,
    name: &str,
    spare: &mut Vec<&'static str>,
) -> Result<()> {
    let tags: Vec<&'r str> = std::mem::take(spare);
    let ReadRow { item, treatment, residue } = read_row(columns, row, tags)?;
    match treatment {
        Treatment::Excluded(total) => builder.exclude(&item, total)?,
        Treatment::Counts(kind) => {
            builder.add(&item, kind)?;
            note_invoice_id(builder, item.invoice_id, row, name);
        }
        Treatment::CountsUnknown(kind) => {
            builder.add(&item, kind)?;
            note_invoice_id(builder, item.invoice_id, row, name);
            note_record_type(builder, item.line_item_type, kind, row, name);
        }
    }
    if !residue.is_zero() {
        builder.note_residue(residue);
    }
    *spare = emptied(item.tags);
    Ok(())
}

/// The same memory without the borrow: collecting in place allocates nothing.
fn emptied(mut texts: Vec<&str>) -> Vec<&'static str> {
    texts.clear();
    texts.into_iter().map(|_| "").collect()
}

fn note_invoice_id(builder: &mut BillBuilder<'_>, invoice_id: Option<&str>, row: &RawRow<'_>, name: &str) {
    let Some(id) = invoice_id else { return };
    if id.bytes().all(|byte| byte.is_ascii_digit()) || id == "Estimated" {
        return;
    }
    let message = format!("invoice id `{id}` is neither an integer nor `Estimated`");
    let at = Location { file: Some(name.to_owned()), ..row.location() };
    builder.diagnostics.add(DiagnosticCode::BillUnrecognizedInvoiceId, message, 1, Some(at));
}

fn note_record_type(
    builder: &mut BillBuilder<'_>,
    record_type: &str,
    kind: LineItemKind,
    row: &RawRow<'_>,
    name: &str,
) {
    let message = format!("record type `{record_type}` is not known; its rows count as {}", kind.as_str());
    let at = Location { file: Some(name.to_owned()), ..row.location() };
    builder.diagnostics.add(DiagnosticCode::ClassifyUnknownRecordType, message, 1, Some(at));
}

/// Counted in rows, so that it does not matter how rows are cut into files.
fn note_missing_columns(builder: &mut BillBuilder<'_>, columns: &Columns, rows: u64, name: &str) {
    for (column, off) in columns.missing_optional() {
        let message = format!("no column `{column}`: {off}");
        let at = Some(Location::file(name));
        builder.diagnostics.add(DiagnosticCode::ReadMissingOptionalColumn, message, rows, at);
    }
}
