//! The reservation book: fees that reach across periods (spec 6.2).

use serde::{Deserialize, Serialize};

use super::schedule::known_term;
use crate::classify::LineItemKind;
use crate::money::{Amount, Currency};
use crate::time::{BillingPeriod, Interval, Timestamp};

/// One fee of known term, as billed. All fields but `fee` are its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookEntry {
    /// Account that was invoiced.
    pub payer: String,
    /// Period it was billed in.
    pub billing_period: BillingPeriod,
    /// Account that bought.
    pub usage_account: String,
    /// AWS product.
    pub product: String,
    /// Upfront or recurring fee.
    pub kind: LineItemKind,
    /// Subscription or reservation id, else the description.
    pub commitment_id: String,
    /// Start of the term as printed.
    pub start: Timestamp,
    /// End of the term as printed.
    pub end: Timestamp,
    /// Currency of the fee.
    pub currency: Currency,
    /// The whole fee.
    pub fee: Amount,
}

impl BookEntry {
    /// The term amortized over (spec 6.1), if the printed interval names one.
    #[must_use]
    pub fn term(&self) -> Option<Interval> {
        known_term(Interval::new(self.start, self.end))
    }
}

/// Fees by key, sorted, no two with the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReservationBook(Vec<BookEntry>);

impl ReservationBook {
    /// The entries, sorted by key.
    #[must_use]
    pub fn entries(&self) -> &[BookEntry] {
        &self.0
    }
}
