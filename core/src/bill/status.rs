//! Is it final? Only invoice ids say so (spec 8).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::charge::Charge;
use crate::classify::{Dialect, LineItemKind};
use crate::error::Result;
use crate::money::Amount;
use crate::time::{BillingPeriod, Timestamp};

/// How final a bill is, least final first (spec 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BillStatus {
    /// The period is not over.
    Open,
    /// Some counting row has no invoice yet.
    Estimated,
    /// The inputs carry no invoice information.
    Unknown,
    /// The period is over and every counting row is invoiced.
    Invoiced,
}

impl BillStatus {
    /// The name as outputs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
            Self::Invoiced => "invoiced",
        }
    }
}

/// What the invoice id of a row says (spec 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// The row is on an invoice.
    Invoiced,
    /// The row is an estimate.
    Estimated,
    /// An empty id on a row that costs nothing: no evidence.
    Ignored,
    /// The input has no invoice column.
    Unknown,
}

/// Reads the invoice id of one row: `None` where the input has no such column (spec 8.2).
///
/// ```
/// use unblended::{invoice_state, Dialect, InvoiceState};
/// assert_eq!(invoice_state(Dialect::Dbr, Some("11111111"), true), InvoiceState::Invoiced);
/// assert_eq!(invoice_state(Dialect::Dbr, Some("Estimated"), true), InvoiceState::Estimated);
/// ```
#[must_use]
pub fn invoice_state(dialect: Dialect, invoice_id: Option<&str>, costs: bool) -> InvoiceState {
    match invoice_id {
        None => InvoiceState::Unknown,
        Some("") if costs => InvoiceState::Estimated,
        Some("") => InvoiceState::Ignored,
        Some(_) if dialect != Dialect::Dbr => InvoiceState::Invoiced,
        Some(id) if id.bytes().all(|byte| byte.is_ascii_digit()) => InvoiceState::Invoiced,
        Some(_) => InvoiceState::Estimated,
    }
}

/// What finality asks of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FinalRow {
    /// Invoice id as written; `null` where the bill has no such column.
    pub invoice_id: Option<String>,
    /// Cost of the row.
    pub cost: Amount,
    /// Format of the bill, which says what an invoice id looks like; a Detailed Billing Report where nothing is said.
    #[serde(default = "dbr")]
    pub format: Dialect,
}

const fn dbr() -> Dialect {
    Dialect::Dbr
}

/// Whether rows are final, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinalAnswer {
    /// Whether the period is over and every counting row is invoiced.
    pub is_final: bool,
    /// Rows that are estimates.
    pub estimated_rows: u64,
    /// Rows without invoice information.
    pub unknown_rows: u64,
    /// Whether the period is over.
    pub is_over: bool,
}

/// Is this final? (spec 8.2, 8.3) Rows are those of one payer and billing entity.
#[must_use]
pub fn is_final(rows: &[FinalRow], period: BillingPeriod, as_of: Timestamp) -> FinalAnswer {
    let states: Vec<InvoiceState> =
        rows.iter().map(|row| invoice_state(row.format, row.invoice_id.as_deref(), !row.cost.is_zero())).collect();
    let count = |wanted: InvoiceState| states.iter().map(|state| u64::from(*state == wanted)).sum::<u64>();
    let (estimated_rows, unknown_rows) = (count(InvoiceState::Estimated), count(InvoiceState::Unknown));
    let is_over = period.end() <= as_of;
    let is_invoiced = estimated_rows == 0 && unknown_rows == 0 && count(InvoiceState::Invoiced) > 0;
    FinalAnswer { is_final: is_over && is_invoiced, estimated_rows, unknown_rows, is_over }
}

/// Rows and money that are still estimated, of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Estimated {
    /// How many rows.
    pub rows: u64,
    /// Their unblended sum by currency code.
    pub amount: BTreeMap<String, Amount>,
}

/// Invoice evidence of one payer and billing entity (spec 8.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct EntityStatus {
    /// Account that is invoiced.
    pub payer: String,
    /// Seller.
    pub billing_entity: String,
    /// How final its rows are.
    pub status: BillStatus,
    /// Invoices seen.
    pub invoice_ids: BTreeSet<String>,
    /// What is still estimated, by kind.
    pub estimated: BTreeMap<LineItemKind, Estimated>,
}

/// What the rows of one payer and billing entity say of invoices, whenever it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    payer: String,
    billing_entity: String,
    invoice_ids: BTreeSet<String>,
    estimated: BTreeMap<LineItemKind, Estimated>,
    unknown: bool,
}

/// Invoice evidence of every payer and billing entity, sorted.
pub(crate) fn seen(charges: &[Charge]) -> Result<Vec<Seen>> {
    let mut entities: BTreeMap<(&str, &str), Seen> = BTreeMap::new();
    // Charges are sorted by payer, account and seller: one look for many.
    for of_entity in charges.chunk_by(|a, b| entity_of(a) == entity_of(b)) {
        let Some(entity) = of_entity.first().map(entity_of) else { continue };
        let seen = entities.entry(entity).or_default();
        let mut last_invoice = None;
        for charge in of_entity {
            seen.add(charge, &mut last_invoice)?;
        }
    }
    let named = entities.into_iter().map(|((payer, billing_entity), seen)| Seen {
        payer: payer.to_owned(),
        billing_entity: billing_entity.to_owned(),
        ..seen
    });
    Ok(named.collect())
}

/// The status of every payer and billing entity, sorted.
pub(crate) fn entity_statuses(entities: &[Seen], period: BillingPeriod, as_of: Timestamp) -> Vec<EntityStatus> {
    let statuses = entities.iter().map(|seen| EntityStatus {
        payer: seen.payer.clone(),
        billing_entity: seen.billing_entity.clone(),
        status: seen.status(period, as_of),
        invoice_ids: seen.invoice_ids.clone(),
        estimated: seen.estimated.clone(),
    });
    statuses.collect()
}

/// Payer and seller of a charge.
fn entity_of(charge: &Charge) -> (&str, &str) {
    (charge.key().payer(), charge.key().billing_entity())
}

impl Seen {
    /// Adds a charge; `last_invoice` is the invoice of the one before, which is known already.
    fn add<'c>(&mut self, charge: &'c Charge, last_invoice: &mut Option<&'c str>) -> Result<()> {
        let key = charge.key();
        match invoice_state(key.dialect(), key.invoice_id(), charge.nonzero_rows() > 0) {
            InvoiceState::Invoiced => {
                let id = key.invoice_id().unwrap_or_default();
                if *last_invoice != Some(id) {
                    self.invoice_ids.insert(id.to_owned());
                    *last_invoice = Some(id);
                }
            }
            InvoiceState::Unknown => self.unknown = true,
            InvoiceState::Ignored => {}
            InvoiceState::Estimated => {
                let kind = self.estimated.entry(key.kind()).or_default();
                let empty = key.invoice_id() == Some("");
                kind.rows += if empty { charge.nonzero_rows() } else { charge.rows() };
                match kind.amount.get_mut(key.currency().as_str()) {
                    Some(amount) => *amount = amount.checked_add(charge.unblended())?,
                    None => drop(kind.amount.insert(key.currency().to_string(), charge.unblended())),
                }
            }
        }
        Ok(())
    }

    fn status(&self, period: BillingPeriod, as_of: Timestamp) -> BillStatus {
        if as_of < period.end() {
            BillStatus::Open
        } else if !self.estimated.is_empty() {
            BillStatus::Estimated
        } else if self.unknown || self.invoice_ids.is_empty() {
            // Rows without evidence prove nothing, and neither does a bill without rows.
            BillStatus::Unknown
        } else {
            BillStatus::Invoiced
        }
    }
}

/// The least final of all entities; a bill without rows is open or unknown.
pub(crate) fn status(entities: &[Seen], period: BillingPeriod, as_of: Timestamp) -> BillStatus {
    let empty = if as_of < period.end() { BillStatus::Open } else { BillStatus::Unknown };
    entities.iter().map(|seen| seen.status(period, as_of)).min().unwrap_or(empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_invoiced_row_does_not_make_a_month_final() {
        let of = |format, id: &str| FinalRow { invoice_id: Some(id.into()), cost: "1".parse().unwrap(), format };
        let row = |id: &str| of(Dialect::Dbr, id);
        let period: BillingPeriod = "2016-06".parse().unwrap();
        let after = period.end();
        assert!(is_final(&[row("1")], period, after).is_final);
        assert!(!is_final(&[row("1"), row("Estimated")], period, after).is_final);
        assert!(!is_final(&[row("1")], period, period.start()).is_final);
        assert!(!is_final(&[], period, after).is_final);
        assert!(!is_final(&[row("INV-1")], period, after).is_final);
        assert!(is_final(&[of(Dialect::Focus, "INV-1")], period, after).is_final);
    }
}
