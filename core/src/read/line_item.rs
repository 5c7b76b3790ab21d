//! One DBR row → one line item and how it takes part (spec 3.1, 3.7; domain of each field in `LineItem`).

use super::header::Columns;
use super::rows::{Fields, RawRow};
use crate::classify::{Dialect, LineItem, Treatment, classify};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::ids::bare_resource_id;
use crate::money::{Amount, Residue};
use crate::time::{Interval, Timestamp};

/// A row that was read.
pub(super) struct ReadRow<'r> {
    pub(super) item: LineItem<'r>,
    pub(super) treatment: Treatment,
    /// What reading its cost rounded off.
    pub(super) residue: Residue,
}

/// Reads one row. `tags` is an empty vector whose memory is used again.
///
/// # Errors
/// `parse.*` with the column; `money.overflow` where an amount is too large.
pub(super) fn read_row<'r>(columns: &Columns, row: &RawRow<'r>, tags: Vec<&'r str>) -> Result<ReadRow<'r>> {
    if row.width() != columns.names.len() {
        let (has, wanted) = (row.width(), columns.names.len());
        return Err(Error::new(ErrorCode::ParseBadRow, format!("the row has {has} fields, the header {wanted}")));
    }
    let fields = row
        .fields()
        .map_err(|at| in_column(Error::new(ErrorCode::ParseBadUtf8, "the field is not UTF-8 text"), columns, at))?;
    let cost_text = fields.get(columns.cost);
    let cost = match cost_text {
        "" => Amount::parse("0"),
        text => Amount::parse(text),
    };
    let cost = cost.map_err(|error| in_column(error, columns, columns.cost))?;
    let item = line_item(columns, &fields, cost.amount, tags)?;
    let treatment = classify(&item);
    if cost_text.is_empty() && !matches!(treatment, Treatment::Excluded(_)) {
        let empty = Error::new(ErrorCode::ParseBadDecimal, "the cost of a counting row is empty");
        return Err(in_column(empty, columns, columns.cost));
    }
    Ok(ReadRow { item, treatment, residue: cost.residue })
}

/// The cost of a row that is otherwise malformed, where it can be told.
pub(super) fn readable_cost(columns: &Columns, row: &RawRow<'_>) -> Option<Amount> {
    if row.width() != columns.names.len() {
        return None;
    }
    let text = std::str::from_utf8(row.bytes(columns.cost)).ok()?;
    Amount::parse(text).ok().map(|cost| cost.amount)
}

fn line_item<'r>(columns: &Columns, fields: &Fields<'r>, cost: Amount, mut tags: Vec<&'r str>) -> Result<LineItem<'r>> {
    tags.extend((0..columns.tags.keys()).map(|index| columns.tags.value(index, fields)));
    let payer_account = fields.get(columns.payer);
    let linked_account = fields.get(columns.usage_account);
    Ok(LineItem {
        dialect: Dialect::Dbr,
        line_item_type: fields.get(columns.record_type),
        payer_account,
        usage_account: if linked_account.is_empty() { payer_account } else { linked_account },
        billing_entity: "AWS",
        invoice_id: columns.invoice.map(|at| fields.get(at)),
        product: fields.get(columns.product),
        usage_type: fields.get(columns.usage_type),
        operation: fields.get(columns.operation),
        region: region_of(fields.get(columns.zone)),
        description: fields.get(columns.description),
        resource_id: bare_resource_id(fields.get(columns.resource)),
        reservation_id: fields.get(columns.subscription),
        reserved: fields.get(columns.reserved) == "Y",
        interval: interval(columns, fields)?,
        usage_quantity: quantity(columns, fields)?,
        cost,
        tags,
    })
}

/// The usage interval as printed; `None` where the row has no dates, as total rows. One that ends before it starts is
/// empty: the row counts, and no time of it is known.
fn interval(columns: &Columns, fields: &Fields<'_>) -> Result<Option<Interval>> {
    let (start, end) = (fields.get(columns.start), fields.get(columns.end));
    if start.is_empty() && end.is_empty() {
        return Ok(None);
    }
    let start: Timestamp = start.parse().map_err(|error| in_column(error, columns, columns.start))?;
    let end: Timestamp = end.parse().map_err(|error| in_column(error, columns, columns.end))?;
    Ok(Some(Interval::new(start, end)))
}

fn quantity(columns: &Columns, fields: &Fields<'_>) -> Result<Option<Amount>> {
    match (columns.quantity, fields.get(columns.quantity)) {
        (None, _) | (_, "") => Ok(None),
        (Some(at), text) => match Amount::parse(text) {
            Ok(quantity) => Ok(Some(quantity.amount)),
            Err(error) => Err(in_column(error, columns, at)),
        },
    }
}

/// `us-east-1b` → `us-east-1`; anything that does not end in a digit and a letter as written.
fn region_of(zone: &str) -> &str {
    match zone.as_bytes() {
        [.., b'0'..=b'9', b'a'..=b'z' | b'A'..=b'Z'] => zone.get(..zone.len() - 1).unwrap_or(zone),
        _ => zone,
    }
}

fn in_column(error: Error, columns: &Columns, at: usize) -> Error {
    error.at(Location { column: columns.names.get(at).cloned(), ..Location::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_become_regions_and_other_texts_stay() {
        for (zone, region) in [
            ("us-east-1b", "us-east-1"),
            ("us-west-2-lax-1a", "us-west-2-lax-1"),
            ("us-east-1", "us-east-1"),
            ("global", "global"),
            ("a", "a"),
            ("", ""),
        ] {
            assert_eq!(region_of(zone), region);
        }
    }
}
