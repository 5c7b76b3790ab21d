//! Charges replaced by allocated charges, as one table (spec 11.3).

use serde_json::{Map, json};

use super::AttributeRequest;
use super::table::{Column, ColumnType, Table};
use crate::amortize::ReservationBook;
use crate::attribute::{self, AllocatedCharge};
use crate::bill::{Bill, Charge, ChargeKey};
use crate::classify::ChargeCategory;
use crate::error::Result;
use crate::evidence::Evidence;
use crate::rollup::IdleReason;

/// The columns: those of FOCUS 1.3, and with `x_` our own. The cost is `EffectiveCost` with an amortized basis.
const COLUMNS: [&str; 29] = [
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "BillingCurrency",
    "BillingAccountId",
    "SubAccountId",
    "InvoiceId",
    "ServiceName",
    "RegionId",
    "ResourceId",
    "ChargeCategory",
    "ChargeDescription",
    "Tags",
    COST,
    HOURS,
    "ConsumedUnit",
    "AllocatedMethodId",
    "AllocatedMethodDetails",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "x_UsageType",
    "x_Operation",
    "x_ProductArea",
    "x_RowKind",
    "x_Mechanism",
    "x_Reason",
    "x_Rule",
    "x_Pool",
    "x_Provider",
];
const COST: &str = "BilledCost";
const AMORTIZED_COST: &str = "EffectiveCost";
const HOURS: &str = "ConsumedQuantity";

/// Attributes the bill again and replaces every charge by its allocated charges, one a row. Their cost sums to
/// `billed + carried_in − deferred` of the report, exactly.
///
/// # Errors
/// As [`attribute::allocated_charges`]; `read.io` and `config.bad_table` where the policy names a table that cannot be
/// read.
pub fn allocated_charges(
    bill: &Bill,
    evidence: &Evidence,
    reservations: &ReservationBook,
    request: &AttributeRequest,
) -> Result<Table> {
    let attribution = request.with_tables()?;
    let charges = attribute::allocated_charges(&attribution.job(bill, evidence, reservations))?;
    let payers = bill.payers();
    let same = Same {
        start: bill.period().map(|period| period.start().to_string()),
        end: bill.period().map(|period| period.end().to_string()),
        currency: charges.currency.to_string(),
        payer: payers.first().filter(|_| payers.len() == 1).copied(),
        tag_keys: bill.tag_keys(),
    };
    let cost = if bill.basis().is_amortized() { AMORTIZED_COST } else { COST };
    let column = |name: &str| Column {
        name: if name == COST { cost } else { name }.to_owned(),
        column_type: if [COST, HOURS].contains(&name) { ColumnType::Money } else { ColumnType::Text },
        values: Vec::with_capacity(charges.rows.len()),
    };
    let mut columns = COLUMNS.map(column);
    for row in &charges.rows {
        for (column, value) in columns.iter_mut().zip(values(row, &same)) {
            column.values.push(value);
        }
    }
    Ok(Table { columns: columns.into() })
}

/// What is the same in every row.
struct Same<'a> {
    start: Option<String>,
    end: Option<String>,
    currency: String,
    /// The payer of sums, where the bill has only one.
    payer: Option<&'a str>,
    tag_keys: &'a [String],
}

/// The values of one row in the order of [`COLUMNS`]; `None` is null, which empty text is nowhere.
fn values(row: &AllocatedCharge<'_>, same: &Same<'_>) -> [Option<String>; COLUMNS.len()] {
    let key = row.origin.map(Charge::key);
    let text = |of: fn(&ChargeKey) -> &str| key.map(of).and_then(filled);
    let part = &row.part;
    let details = row.ratio.map(|ratio| json!({ "Elements": [{ "AllocatedRatio": ratio }] }).to_string());
    [
        same.start.clone(),
        same.end.clone(),
        Some(same.currency.clone()),
        text(ChargeKey::payer).or_else(|| same.payer.and_then(filled)),
        filled(&part.usage_account),
        key.and_then(ChargeKey::invoice_id).and_then(filled),
        filled(&part.product),
        text(ChargeKey::region),
        text(ChargeKey::resource_id),
        row.category.map(ChargeCategory::as_str).map(str::to_owned),
        text(ChargeKey::description),
        key.map(|key| json!(tags(key, same.tag_keys)).to_string()),
        Some(part.amount.to_string()),
        row.hours.map(|hours| hours.to_string()),
        row.hours.map(|_| "Hours".to_owned()),
        row.method.map(|method| method.as_str().to_owned()),
        details,
        row.allocated_resource(),
        part.service.clone().filter(|_| row.method.is_some()),
        row.method.map(|_| allocated_tags(row, same)),
        text(ChargeKey::usage_type),
        text(ChargeKey::operation),
        part.product_area.clone(),
        Some(part.row_kind.as_str().to_owned()),
        Some(part.mechanism.as_str().to_owned()),
        part.reason.map(IdleReason::as_str).map(str::to_owned),
        part.rule.clone(),
        part.pool.clone(),
        part.provider.clone(),
    ]
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The values of the tag keys that were scanned.
fn tags(key: &ChargeKey, names: &[String]) -> Map<String, serde_json::Value> {
    let values = names.iter().enumerate().filter_map(|(at, name)| Some((name.clone(), key.tag(at)?.into())));
    values.collect()
}

/// The origin's tags, and the area that the part is allocated to.
fn allocated_tags(row: &AllocatedCharge<'_>, same: &Same<'_>) -> String {
    let mut tags = row.origin.map(|charge| tags(charge.key(), same.tag_keys)).unwrap_or_default();
    if let Some(area) = &row.part.product_area {
        tags.insert("x_ProductArea".to_owned(), area.as_str().into());
    }
    json!(tags).to_string()
}
