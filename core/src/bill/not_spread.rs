//! Rows that fill no column of their basis: they count at their unblended cost, which is reported (spec 3.4).

use serde::{Deserialize, Serialize};

use crate::classify::{CostBasis, LineItemKind};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::Result;
use crate::money::{Amount, Currency};

/// Rows and unblended cost by kind and currency, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct NotSpread(Vec<((LineItemKind, Currency), (u64, Amount))>);

impl NotSpread {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, kind: LineItemKind, currency: Currency, rows: u64, amount: Amount) -> Result<()> {
        match self.0.binary_search_by_key(&(kind, currency), |(key, _)| *key) {
            Ok(at) => {
                if let Some((_, sum)) = self.0.get_mut(at) {
                    *sum = (sum.0.saturating_add(rows), sum.1.checked_add(amount)?);
                }
            }
            Err(at) => self.0.insert(at, ((kind, currency), (rows, amount))),
        }
        Ok(())
    }

    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        let mut rows = other.0.into_iter();
        rows.try_for_each(|((kind, currency), (rows, amount))| self.add(kind, currency, rows, amount))
    }

    pub(crate) fn report(&self, basis: CostBasis, found: &mut Diagnostics) {
        for ((kind, currency), (rows, amount)) in &self.0 {
            let kind = kind.as_str();
            let count = format!("they count their unblended {amount} {currency}");
            let message = format!("rows of kind `{kind}` have no cost in the basis `{basis}`; {count}");
            found.add(DiagnosticCode::ClassifyBasisCellsEmpty, message, *rows, None);
        }
    }
}
