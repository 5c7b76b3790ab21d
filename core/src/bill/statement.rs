//! Rows that repeat others, as evidence: kept aside, total rows compared with the rows they total (spec 3.2, 3.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::charge::Charge;
use crate::classify::{LineItem, Repetition};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::Result;
use crate::money::{Amount, Currency};

/// Printed totals by what they total.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement(Vec<(TotalKey, Printed)>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct TotalKey {
    currency: Currency,
    total: Repetition,
    payer: String,
    /// Account of an account total, invoice of an invoice total, else empty.
    subject: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Printed {
    amount: Amount,
    rows: u64,
}

impl Statement {
    pub(crate) fn add(&mut self, item: &LineItem<'_>, total: Repetition, currency: Currency) -> Result<()> {
        let subject = match total {
            Repetition::AccountTotal => item.usage_account,
            Repetition::InvoiceTotal => item.invoice_id.unwrap_or_default(),
            Repetition::StatementTotal | Repetition::SplitCostAllocation => "",
        };
        let currency = item.currency.unwrap_or(currency);
        let key = TotalKey { currency, total, payer: item.payer_account.to_owned(), subject: subject.to_owned() };
        self.absorb(key, Printed { amount: item.cost, rows: 1 })
    }

    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        other.0.into_iter().try_for_each(|(key, printed)| self.absorb(key, printed))
    }

    fn absorb(&mut self, key: TotalKey, printed: Printed) -> Result<()> {
        match self.0.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                if let Some((_, known)) = self.0.get_mut(at) {
                    known.amount = known.amount.checked_add(printed.amount)?;
                    known.rows += printed.rows;
                }
            }
            Err(at) => self.0.insert(at, (key, printed)),
        }
        Ok(())
    }

    /// Number of excluded rows, of all currencies.
    pub(crate) fn rows(&self) -> u64 {
        self.0.iter().map(|(_, printed)| printed.rows).sum()
    }

    /// Sum of the excluded rows of one currency.
    pub(crate) fn excluded(&self, currency: Currency) -> Result<Amount> {
        Amount::sum(self.0.iter().filter(|(key, _)| key.currency == currency).map(|(_, printed)| printed.amount))
    }

    /// Compares every printed total with the charges it totals and reports differences.
    pub(crate) fn reconcile(&self, charges: &[Charge], found: &mut Diagnostics) -> Result<()> {
        let mut sums: BTreeMap<(Repetition, Currency, &str, &str), Amount> = BTreeMap::new();
        if self.0.is_empty() {
            return Ok(());
        }
        for charge in charges {
            let key = charge.key();
            let subjects = [
                (Repetition::AccountTotal, key.usage_account()),
                (Repetition::InvoiceTotal, key.invoice_id().unwrap_or_default()),
                (Repetition::StatementTotal, ""),
            ];
            for (total, subject) in subjects {
                let sum = sums.entry((total, key.currency(), key.payer(), subject)).or_default();
                *sum = sum.checked_add(charge.unblended())?;
            }
        }
        for (key, printed) in self.0.iter().filter(|(key, _)| key.total != Repetition::SplitCostAllocation) {
            let at = (key.total, key.currency, key.payer.as_str(), key.subject.as_str());
            let counted = sums.get(&at).copied().unwrap_or_default();
            if counted != printed.amount {
                let difference = printed.amount.checked_sub(counted)?;
                found.add(
                    DiagnosticCode::ReconcileStatement,
                    key.describe(printed.amount, counted, difference),
                    1,
                    None,
                );
            }
        }
        Ok(())
    }
}

impl TotalKey {
    fn describe(&self, printed: Amount, counted: Amount, difference: Amount) -> String {
        let what = match self.total {
            Repetition::AccountTotal => format!("account total of `{}`", self.subject),
            Repetition::InvoiceTotal => format!("invoice total of `{}`", self.subject),
            Repetition::StatementTotal => format!("statement total of `{}`", self.payer),
            Repetition::SplitCostAllocation => format!("split cost allocation data of `{}`", self.payer),
        };
        format!("{what} is {printed} {}, its rows sum to {counted}, a difference of {difference}", self.currency)
    }
}
