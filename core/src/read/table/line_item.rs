//! One row → one line item and how it takes part (spec 3.1, 3.7; meaning of each field in `LineItem`).

use crate::classify::{Dialect, LineItem, Treatment, classify};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::bare_resource_id;
use crate::money::{Amount, Currency, Residue};
use crate::read::table::cells::Cells;
use crate::read::table::costs::RowCost;
use crate::read::table::dialect::Attribute;
use crate::read::table::header::Columns;
use crate::read::table::maps::Maps;
use crate::time::{Interval, Timestamp};

/// A row that was read.
pub(super) struct ReadRow<'r> {
    pub(super) item: LineItem<'r>,
    pub(super) treatment: Treatment,
    /// What reading its cost rounded off.
    pub(super) residue: Residue,
    /// Number of the rule its cost follows.
    pub(super) rule: usize,
    /// Whether it has a tag key under several spellings with different values.
    pub(super) has_contested_tags: bool,
    /// Whether it fills no column of its rule and so counts at its unblended cost.
    pub(super) fills_no_column: bool,
}

/// Reads one row whose maps are loaded. `tags` is an empty vector whose memory is used again.
///
/// # Errors
/// `parse.*` with the column; `money.overflow` where an amount is too large.
pub(super) fn read_row<'m, 'r: 'm>(
    columns: &Columns,
    cells: impl Cells<'r>,
    maps: &'m Maps,
    tags: Vec<&'m str>,
) -> Result<ReadRow<'m>> {
    let unblended = columns.costs.unblended;
    let cost_text = columns.cell(cells, unblended);
    let cost = match cost_text {
        "" => Amount::parse("0"),
        text => Amount::parse(text),
    };
    let cost = cost.map_err(|error| columns.at_column(error, unblended))?;
    let mut item = line_item(columns, cells, maps, cost.amount, tags)?;
    let treatment = classify(&item);
    // Rows that do not count are evidence of what is invoiced.
    let (Treatment::Counts(kind) | Treatment::CountsUnknown(kind)) = treatment else {
        return Ok(ReadRow {
            item,
            treatment,
            residue: cost.residue,
            rule: 0,
            has_contested_tags: false,
            fills_no_column: false,
        });
    };
    if cost_text.is_empty() {
        return Err(columns.empty_cost(unblended));
    }
    let rule = columns.costs.rule_of(kind, cells);
    let of_basis = columns.costs.of_row(rule, columns, cells)?;
    let residue = match of_basis {
        RowCost::Own(amount, residue) => {
            (item.cost, item.unblended) = (amount, Some(cost.amount));
            residue
        }
        RowCost::Unblended | RowCost::Empty => cost.residue,
    };
    let has_contested_tags = columns.tags.contested(cells, maps).next().is_some();
    Ok(ReadRow { item, treatment, residue, rule, has_contested_tags, fills_no_column: of_basis == RowCost::Empty })
}

fn line_item<'m, 'r: 'm>(
    columns: &Columns,
    cells: impl Cells<'r>,
    maps: &'m Maps,
    cost: Amount,
    mut tags: Vec<&'m str>,
) -> Result<LineItem<'m>> {
    tags.extend(columns.tags.values(cells, maps));
    tags.extend(columns.cost_categories.values(cells, maps));
    let text = |attribute| columns.text(attribute, cells, maps);
    let payer_account = text(Attribute::Payer);
    let usage_account = text(Attribute::UsageAccount);
    let billing_entity = text(Attribute::BillingEntity);
    let region = text(Attribute::Region);
    Ok(LineItem {
        dialect: columns.dialect(),
        line_item_type: text(Attribute::LineItemType),
        is_correction: text(Attribute::ChargeClass) == "Correction",
        currency: currency(columns, text(Attribute::Currency))?,
        payer_account,
        usage_account: if usage_account.is_empty() { payer_account } else { usage_account },
        billing_entity: if billing_entity.is_empty() { "AWS" } else { billing_entity },
        invoice_id: columns.has(Attribute::InvoiceId).then(|| text(Attribute::InvoiceId)),
        product: text(Attribute::Product),
        usage_type: text(Attribute::UsageType),
        operation: text(Attribute::Operation),
        region: if region.is_empty() { region_of(text(Attribute::Zone)) } else { region },
        // Every column that decides what a row is must be read in full: elsewhere the zone may be none.
        zone: if columns.dialect() == Dialect::Dbr { text(Attribute::Zone) } else { "" },
        description: text(Attribute::Description),
        resource_id: bare_resource_id(text(Attribute::ResourceId)),
        reservation_id: text(Attribute::ReservationId),
        reserved: text(Attribute::Reserved) == "Y",
        commitment_status: text(Attribute::CommitmentStatus),
        commitment_category: text(Attribute::CommitmentCategory),
        charge_frequency: text(Attribute::ChargeFrequency),
        split_parent: text(Attribute::SplitParent),
        interval: interval_of(columns, text(Attribute::Start), text(Attribute::End))?,
        usage_quantity: quantity(columns, text(Attribute::Quantity))?,
        cost,
        unblended: None,
        tags,
    })
}

fn currency(columns: &Columns, code: &str) -> Result<Option<Currency>> {
    if code.is_empty() {
        return Ok(None);
    }
    code.parse().map(Some).map_err(|_| {
        let error = Error::new(ErrorCode::ParseBadCurrency, format!("`{code}` is no currency code"));
        columns.at_attribute(error, Attribute::Currency)
    })
}

/// The usage interval as printed; `None` where the row has no dates, as total rows. One that ends before it starts is
/// empty: the row counts, and no time of it is known.
pub(super) fn interval_of(columns: &Columns, start: &str, end: &str) -> Result<Option<Interval>> {
    if start.is_empty() && end.is_empty() {
        return Ok(None);
    }
    let start: Timestamp = start.parse().map_err(|error| columns.at_attribute(error, Attribute::Start))?;
    let end: Timestamp = end.parse().map_err(|error| columns.at_attribute(error, Attribute::End))?;
    Ok(Some(Interval::new(start, end)))
}

fn quantity(columns: &Columns, text: &str) -> Result<Option<Amount>> {
    if text.is_empty() {
        return Ok(None);
    }
    let quantity = Amount::parse(text).map_err(|error| columns.at_attribute(error, Attribute::Quantity))?;
    Ok(Some(quantity.amount))
}

/// `us-east-1b` → `us-east-1`; anything that does not end in a digit and a letter as written.
fn region_of(zone: &str) -> &str {
    match zone.as_bytes() {
        [.., b'0'..=b'9', b'a'..=b'z' | b'A'..=b'Z'] => zone.get(..zone.len() - 1).unwrap_or(zone),
        _ => zone,
    }
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
