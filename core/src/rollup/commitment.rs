//! How commitments were used (spec 6.4).

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::money::Amount;
use crate::split::mul_div;

/// Normalized hours as exact decimal text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Hours(String);

/// A share as decimal text of at most 6 decimals, rounded half-even: a presentation, never a weight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Ratio(String);

impl Hours {
    /// Of quarters of 10⁻¹⁸ normalized hours.
    pub(crate) fn of_quarters(quarters: u128) -> Self {
        let one = 4 * 10u128.pow(18);
        let mut text = (quarters / one).to_string();
        let rest = quarters % one * 25;
        if rest > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, ".{rest:020}");
            text.truncate(text.trim_end_matches('0').len());
        }
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ratio {
    /// `None` of nothing.
    pub(crate) fn of(part: u128, whole: u128) -> Option<Self> {
        if whole == 0 {
            return None;
        }
        let (floor, rest) = mul_div(part, 1_000_000, whole);
        let up = rest > whole - rest || (rest == whole - rest && floor % 2 == 1);
        let millionths = i128::try_from(floor).ok()?.checked_add(i128::from(up))?;
        Some(Self(Amount::from_units(millionths.checked_mul(10i128.pow(12))?).to_string()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What was bought, used and could have been covered, of the fees that cover the same usage; where no fees are set aside,
/// of the rows of one commitment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct CommitmentUse {
    /// Account that is invoiced.
    pub payer: String,
    /// AWS product, that of the fees where there are any.
    pub product: String,
    /// Account that bought; `None` where several did, or the bill does not say.
    pub usage_account: Option<String>,
    /// Subscription, reservation or savings plan id, where the covered usage names ids.
    pub commitment: Option<String>,
    /// Family with the region's prefix (`USW2-c4`), or zone and type (`us-west-2a:c4.large`); `None` where it is any.
    pub covers: Option<String>,
    /// Normalized hours that were purchased; `None` where the bill does not say.
    pub purchased_hours: Option<Hours>,
    /// How many of them were used.
    pub used_hours: Option<Hours>,
    /// Used of purchased hours; where those are not known, with an amortized basis, used cost of used and unused cost.
    pub utilization: Option<Ratio>,
    /// What the covered usage costs with an amortized basis; `None` with another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_cost: Option<Amount>,
    /// What was set apart of the fees because nothing used it; 0 where fees are shared by cost, `None` where they are
    /// attributed as they are billed.
    pub unused_cost: Option<Amount>,
    /// Normalized hours of the usage it covers.
    pub covered_hours: Hours,
    /// Normalized hours of that family or product that were covered or on demand.
    pub eligible_hours: Hours,
    /// Covered of eligible hours.
    pub coverage: Option<Ratio>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_exact_to_a_quarter_of_their_smallest_unit() {
        let one = 4 * 10u128.pow(18);
        for (quarters, text) in [(0, "0"), (one, "1"), (one / 4, "0.25"), (one * 744 + 1, "744.00000000000000000025")] {
            assert_eq!(Hours::of_quarters(quarters).as_str(), text);
        }
    }

    #[test]
    fn ratios_have_six_decimals_rounded_half_even() {
        for (part, whole, text) in [
            (1, 1, Some("1")),
            (2, 3, Some("0.666667")),
            (1, 2_000_000, Some("0")),
            (3, 2_000_000, Some("0.000002")),
            (3, 2, Some("1.5")),
            (1, 0, None),
        ] {
            assert_eq!(Ratio::of(part, whole).as_ref().map(Ratio::as_str), text, "{part}/{whole}");
        }
    }
}
