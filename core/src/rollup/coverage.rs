//! What part of the cost has an owner and by what, and what would raise that part most (spec 5.9).

use serde::{Deserialize, Serialize};

use super::report::Mechanism;
use crate::money::{Amount, times_fraction};

/// How much of a bill has an owner, and what would raise it most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Coverage {
    /// Cost by what named its owner, with its share; sums to `billed + carried_in − deferred`.
    pub mechanisms: Vec<MechanismShare>,
    /// What nobody owns by AWS product, largest first; sums to [`Totals::unattributed`](super::Totals::unattributed).
    pub unattributed_products: Vec<UnattributedProduct>,
    /// The 20 largest unattributed sums by product and resource; an empty resource is cost without one.
    pub unattributed_resources: Vec<UnattributedResource>,
    /// Per area tag key, how much of the resources' cost lacks it; most rows first.
    pub missing_tags: Vec<MissingTag>,
    /// What would raise the attributed share, largest first: the 20 largest of each action. They overlap: what one gains
    /// another one cannot gain again.
    pub wins: Vec<Win>,
}

/// Cost of one mechanism.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct MechanismShare {
    /// What named the owner.
    pub mechanism: Mechanism,
    /// Exact cost.
    pub cost: Amount,
    /// Its share of all cost, rounded half-even to 6 decimals; `None` where all cost is 0.
    pub share: Option<Amount>,
}

/// Unattributed cost of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct UnattributedProduct {
    /// AWS product, or empty.
    pub product: String,
    /// Exact cost.
    pub cost: Amount,
    /// Its share of all cost, rounded half-even to 6 decimals; `None` where all cost is 0.
    pub share: Option<Amount>,
}

/// Unattributed cost of one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct UnattributedResource {
    /// AWS product.
    pub product: String,
    /// Resource id, or empty.
    pub resource: String,
    /// Exact cost.
    pub cost: Amount,
}

/// Rows of resources that carry no value of a tag key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct MissingTag {
    /// The key.
    pub tag_key: String,
    /// How many rows.
    pub rows: u64,
    /// Exact cost.
    pub cost: Amount,
}

/// What can be done about unattributed cost. Declared in the order of the names, so that lists sort by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WinAction {
    /// Give a usage account a default area.
    AccountDefault,
    /// Give an ECS service a product area.
    MapService,
    /// Take an AWS product's cost without a resource, which no tag can reach, by a rule or a shared pool.
    Rule,
    /// Give an area tag key to every resource that has no value of it.
    TagKey,
    /// Tag one resource.
    TagResource,
}

impl WinAction {
    /// The name as tables write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountDefault => "account_default",
            Self::MapService => "map_service",
            Self::Rule => "rule",
            Self::TagKey => "tag_key",
            Self::TagResource => "tag_resource",
        }
    }
}

/// Unattributed cost that one action would give an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Win {
    /// What to do.
    pub action: WinAction,
    /// To what: a usage account, service, AWS product, tag key or resource id.
    pub subject: String,
    /// The cluster of a service.
    pub cluster: Option<String>,
    /// How many resources lack the tag key.
    pub resources: Option<u64>,
    /// Exact unattributed cost, above 0.
    pub cost: Amount,
    /// Its share of all cost, rounded half-even to 6 decimals; `None` where all cost is 0.
    pub share: Option<Amount>,
}

/// `part` of `whole`, rounded half-even to 6 decimals; `None` for a whole of 0, and where the share leaves the range.
pub(crate) fn share_of(part: Amount, whole: Amount) -> Option<Amount> {
    const MILLION: i128 = 1_000_000;
    // A fraction of whole units, which are millionths here.
    let millionths = times_fraction(Amount::from_units(MILLION), part, whole).ok()??;
    millionths.units().checked_mul(10i128.pow(Amount::SCALE) / MILLION).map(Amount::from_units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_half_even_to_six_decimals() {
        for (part, whole, share) in [
            ("1", "3", Some("0.333333")),
            ("2", "3", Some("0.666667")),
            ("0.0000005", "1", Some("0")),
            ("0.0000015", "1", Some("0.000002")),
            ("-1", "8", Some("-0.125")),
            ("3", "-2", Some("-1.5")),
            ("100000000000000000000", "0.000001", None),
            ("5", "0", None),
        ] {
            let of = share_of(part.parse().unwrap(), whole.parse().unwrap()).map(|share| share.to_string());
            assert_eq!(of.as_deref(), share, "{part} of {whole}");
        }
    }
}
