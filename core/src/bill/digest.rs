//! The bill digest: a hash of what the bill says, not of how it came (spec 3.8).

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Bill;
use crate::classify::CostBasis;
use crate::error::Result;
use crate::money::Amount;

/// A SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::finish(Sha256::new_with_prefix(bytes))
    }

    /// The digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn finish(hasher: Sha256) -> Self {
        let mut text = String::with_capacity(64);
        for byte in hasher.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

/// Makes the digest of bytes that come in parts.
#[derive(Default)]
pub(crate) struct Digester(Sha256);

impl Digester {
    /// The next bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub(crate) fn finish(self) -> Digest {
        Digest::finish(self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Keys and amounts of the sorted charges. Tag values and kept intervals are left out: they depend on what the scan
/// was asked for, and the same bill scanned for other tags is the same bill.
pub(super) fn of_bill(bill: &Bill) -> Result<Digest> {
    let mut sums: BTreeMap<_, (Amount, Amount)> = BTreeMap::new();
    for charge in bill.charges() {
        let key = charge.key();
        let sum = sums
            .entry((key.attributes(), key.kind(), key.currency(), key.term(), key.dialect(), key.is_correction()))
            .or_default();
        *sum = (sum.0.checked_add(charge.amount())?, sum.1.checked_add(charge.unblended())?);
    }
    let mut hasher = Sha256::new();
    let mut text = |part: &str| {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part.as_bytes());
    };
    text("unblended bill 2");
    text(&bill.period().map(|period| period.to_string()).unwrap_or_default());
    text(bill.basis().as_str());
    for ((attributes, kind, currency, term, dialect, is_correction), (amount, unblended)) in sums {
        attributes.into_iter().for_each(&mut text);
        text(kind.as_str());
        text(currency.as_str());
        text(dialect.as_str());
        text(if is_correction { "Correction" } else { "" });
        if let Some(term) = term {
            text(&term.start.to_string());
            text(&term.end.to_string());
        }
        text(&amount.to_string());
        // Where they are one, the digest is that of the amounts alone.
        if bill.basis() != CostBasis::Unblended {
            text(&unblended.to_string());
        }
    }
    Ok(Digest::finish(hasher))
}
