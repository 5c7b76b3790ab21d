//! The sum of line items that agree on a key (spec 3.5).

use super::instance::is_coverable_usage;
use super::key::ChargeKey;
use super::slices::UsageSlices;
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::money::Amount;

/// One charge: a key, the exact sum of its rows, and its usage intervals where time matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub(crate) key: ChargeKey,
    pub(crate) amount: Amount,
    pub(crate) unblended: Amount,
    pub(crate) rows: u64,
    pub(crate) nonzero_rows: u64,
    pub(crate) quantity: Amount,
    pub(crate) slices: UsageSlices,
}

impl Charge {
    /// The attributes its rows agree on.
    #[must_use]
    pub fn key(&self) -> &ChargeKey {
        &self.key
    }

    /// Exact sum of its rows in the basis of the scan, in the currency of the key.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Exact sum of their unblended (or billed) costs: the amount, where that is the basis.
    #[must_use]
    pub fn unblended(&self) -> Amount {
        self.unblended
    }

    /// How many line items it sums.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them have an unblended cost that is not zero: finality does not depend on the basis.
    #[must_use]
    pub fn nonzero_rows(&self) -> u64 {
        self.nonzero_rows
    }

    /// Exact sum of the usage quantities, in 10⁻¹⁸ of their unit, of fees and of usage by instance hours; 0 for all
    /// other charges.
    #[must_use]
    pub fn quantity(&self) -> Amount {
        self.quantity
    }

    /// The instance hours it is for, in 10⁻¹⁸ hours; `None` where its usage type names none, of fees and of usage that a
    /// savings plan covers (R96).
    #[must_use]
    pub fn hours(&self) -> Option<Amount> {
        let is_usage = matches!(self.key.kind(), LineItemKind::Usage | LineItemKind::DiscountedUsage);
        (is_usage && is_coverable_usage(self.key.usage_type())).then_some(self.quantity)
    }

    /// Cost by usage interval, sorted; empty unless [`ChargeKey::is_timed`].
    #[must_use]
    pub fn slices(&self) -> &UsageSlices {
        &self.slices
    }

    /// Adds a charge with the same key.
    pub(crate) fn absorb(&mut self, other: &Self) -> Result<()> {
        self.amount = self.amount.checked_add(other.amount)?;
        self.unblended = self.unblended.checked_add(other.unblended)?;
        self.quantity = self.quantity.checked_add(other.quantity)?;
        self.rows = self.rows.saturating_add(other.rows);
        self.nonzero_rows = self.nonzero_rows.saturating_add(other.nonzero_rows);
        self.slices = self.slices.merged(&other.slices)?;
        Ok(())
    }
}
