//! From what was charged to the cost in the basis, kind by kind (spec 3.4).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Bill, Charge};
use crate::classify::{CostBasis, LineItemKind};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::Result;
use crate::money::{Amount, Currency};

/// One kind of rows, charged and in the basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BridgeRow {
    /// Line item kind.
    pub kind: LineItemKind,
    /// How many rows.
    pub rows: u64,
    /// Exact sum of their unblended (or billed) costs.
    pub unblended: Amount,
    /// Exact sum of their costs in the basis.
    pub cost: Amount,
    /// `cost − unblended`.
    pub difference: Amount,
}

/// Separate discounts count 0 where amounts are net already; where none is, they seem to be taken off nowhere.
pub(super) fn note_discounts(basis: CostBasis, charges: &[Charge], found: &mut Diagnostics) -> Result<()> {
    if !matches!(basis, CostBasis::NetUnblended | CostBasis::NetAmortized) {
        return Ok(());
    }
    let mut zeroed: BTreeMap<Currency, (u64, Amount)> = BTreeMap::new();
    let mut net: BTreeSet<Currency> = BTreeSet::new();
    for charge in charges.iter().filter(|charge| charge.amount() != charge.unblended()) {
        let (kind, currency) = (charge.key().kind(), charge.key().currency());
        if kind.is_discount() {
            let sum = zeroed.entry(currency).or_default();
            *sum = (sum.0 + charge.rows(), sum.1.checked_add(charge.unblended())?);
        } else if basis == CostBasis::NetUnblended || !kind.is_of_commitment() {
            net.insert(currency);
        }
    }
    for (currency, (rows, amount)) in zeroed.into_iter().filter(|(currency, _)| !net.contains(currency)) {
        let message =
            format!("discounts of {amount} {currency} count 0, and no net cost is another than the unblended");
        found.add(DiagnosticCode::ClassifyDiscountsNotNet, message, rows, None);
    }
    Ok(())
}

impl Bill {
    /// What each kind of rows was charged and costs in the basis, sorted by kind. The unblended costs sum to what was
    /// charged, the costs to [`Bill::billed`].
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn bridge(&self, currency: Currency) -> Result<Vec<BridgeRow>> {
        let mut sums: BTreeMap<LineItemKind, (u64, Amount, Amount)> = BTreeMap::new();
        for charge in self.charges().iter().filter(|charge| charge.key().currency() == currency) {
            let sum = sums.entry(charge.key().kind()).or_default();
            *sum = (sum.0 + charge.rows(), sum.1.checked_add(charge.unblended())?, sum.2.checked_add(charge.amount())?);
        }
        let row = |(kind, (rows, unblended, cost)): (LineItemKind, (u64, Amount, Amount))| {
            Ok(BridgeRow { kind, rows, unblended, cost, difference: cost.checked_sub(unblended)? })
        };
        sums.into_iter().map(row).collect()
    }
}
