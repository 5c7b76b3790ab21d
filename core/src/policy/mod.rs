//! How cost is attributed: `unblended.toml` (spec 12). Defaults reproduce the classic method.
//!
//! The types are the file's shape; [`Policy::from_toml`] and [`Policy::from_json`] also refuse unknown keys with a
//! suggestion and check what serde cannot.

mod file;
mod shared;
mod table;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::classify::{CostBasis, LineItemKind};
use crate::evidence::Capacity;
use crate::ids::ProductArea;
use crate::time::BillingPeriod;

pub use shared::{KeyRow, MetricRow, PoolMethod, PoolScope, Provider, SharedPool};
pub(crate) use shared::{Keys, keys_in};
pub use table::PolicyTable;

/// The whole policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Cost basis that is attributed.
    pub basis: CostBasis,
    /// Tags and account defaults (spec 5.5).
    pub areas: AreaPolicy,
    /// Ordered rules (spec 5.1).
    pub rules: Vec<Rule>,
    /// Container allocation (spec 5.4).
    pub containers: ContainerPolicy,
    /// Volume allocation (spec 5.3).
    pub volumes: VolumePolicy,
    /// Commitment fees (spec 5.2, 5.6, 6).
    pub commitments: CommitmentPolicy,
    /// Line item types the format does not name (spec 3.1).
    pub line_items: LineItemPolicy,
    /// Shared pools (spec 5.7).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<SharedPool>,
    /// Product areas whose cost is reallocated (spec 5.8).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Provider>,
}

/// What becomes of line item types and charge categories that are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LineItemPolicy {
    /// Type as the bill writes it → the kind that rules see.
    pub kinds: BTreeMap<String, LineItemKind>,
    /// Whether a type that is not known, and not named in `kinds`, fails the run.
    pub strict: bool,
}

/// How tags and accounts name product areas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AreaPolicy {
    /// Tag keys that name the area, in order.
    pub tag_keys: Vec<String>,
    /// Whether tag keys, and values looked up as aliases, match in any case.
    pub case_insensitive: bool,
    /// Value as tagged → area.
    pub aliases: BTreeMap<String, ProductArea>,
    /// Usage account → area of what has no tag.
    pub accounts: BTreeMap<String, ProductArea>,
}

/// The tag key that is looked for when nobody names one.
pub const DEFAULT_TAG_KEY: &str = "product_area";

impl Default for AreaPolicy {
    fn default() -> Self {
        Self {
            tag_keys: vec![DEFAULT_TAG_KEY.to_owned()],
            case_insensitive: false,
            aliases: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    }
}

/// A rule: charges that match belong to an area, or are split over areas by fixed shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name in diagnostics.
    pub id: String,
    /// First billing period it holds in.
    #[serde(default)]
    pub from: Option<BillingPeriod>,
    /// Last billing period it holds in.
    #[serde(default)]
    pub to: Option<BillingPeriod>,
    /// What it matches; all patterns given must match.
    #[serde(rename = "match", default)]
    pub matches: Match,
    /// The owner.
    #[serde(default)]
    pub area: Option<ProductArea>,
    /// Or the owners with their shares, which sum to 1.
    #[serde(default)]
    #[cfg_attr(feature = "facade", schemars(with = "BTreeMap<ProductArea, DecimalText>"))]
    pub split: BTreeMap<ProductArea, Decimal>,
}

/// Patterns with `*` and `?` on a charge's original attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// Usage account id.
    pub account: Patterns,
    /// Product name.
    pub product: Patterns,
    /// Usage type.
    pub usage_type: Patterns,
    /// Operation.
    pub operation: Patterns,
    /// Region.
    pub region: Patterns,
    /// Resource id.
    pub resource: Patterns,
    /// Line item kind, such as `Tax`.
    pub kind: Patterns,
    /// Tag key → value.
    pub tag: BTreeMap<String, Patterns>,
}

/// One pattern or several, any of which may match; none matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(from = "OneOrMany", into = "Vec<String>")]
pub struct Patterns(pub Vec<String>);

#[derive(Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Patterns {
    fn from(given: OneOrMany) -> Self {
        match given {
            OneOrMany::One(pattern) => Self(vec![pattern]),
            OneOrMany::Many(patterns) => Self(patterns),
        }
    }
}

impl From<Patterns> for Vec<String> {
    fn from(patterns: Patterns) -> Self {
        patterns.0
    }
}

/// Over which runs a charge is split (spec 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The runs that overlap the charge's own usage interval.
    #[default]
    Usage,
    /// All runs on the instance in the period (the classic method).
    Period,
}

/// Who pays for what no task reserved (spec 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// The runs share the whole charge (the classic method).
    #[default]
    Spread,
    /// It is a row of its own.
    Separate,
}

/// How a decimal is written: as a number, or as text.
#[cfg(feature = "facade")]
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "stands for a decimal in the JSON Schema only")]
enum DecimalText {
    Number(serde_json::Number),
    Text(String),
}

/// Relative weight of CPU and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Weight of a vCPU.
    #[cfg_attr(feature = "facade", schemars(with = "DecimalText"))]
    pub cpu: Decimal,
    /// Weight of a GiB.
    #[serde(default)]
    #[cfg_attr(feature = "facade", schemars(with = "DecimalText"))]
    pub memory: Decimal,
}

/// How instances are split over services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ContainerPolicy {
    /// Over which runs.
    pub window: Window,
    /// Who pays for the rest.
    pub idle: Idle,
    /// CPU against memory.
    pub weights: Weights,
    /// CPU units of a task that reserves none.
    pub default_cpu: u64,
    /// Capacity by instance id or instance type, where no registration is known.
    pub capacity: BTreeMap<String, Capacity>,
}

impl Default for ContainerPolicy {
    fn default() -> Self {
        Self {
            window: Window::Usage,
            idle: Idle::Spread,
            weights: Weights { cpu: Decimal::ONE, memory: Decimal::ZERO },
            default_cpu: 128,
            capacity: BTreeMap::new(),
        }
    }
}

/// How volumes are split over instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VolumePolicy {
    /// Whether a volume's cost goes to the instances it was attached to.
    pub follow_attachments: bool,
}

impl Default for VolumePolicy {
    fn default() -> Self {
        Self { follow_attachments: true }
    }
}

/// How fees are shared (spec 5.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// By usage where the bill marks covered rows of the product whose instance types can be read, else by cost.
    #[default]
    Auto,
    /// In proportion to what every owner was attributed of the product (the classic method).
    Cost,
    /// In proportion to the normalized hours of the usage that the commitment covered.
    Usage,
}

/// Who pays for what nothing used of a commitment (spec 5.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnusedCommitment {
    /// Nobody: it is a row of its own.
    #[default]
    Central,
    /// The area that the tags of the fee, else the default of the account that bought it, name.
    Owner,
    /// The owners of the covered usage of the product, in proportion to what they were attributed of it.
    Proportional,
}

impl UnusedCommitment {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_central(&self) -> bool {
        *self == Self::Central
    }
}

/// Who takes part of a fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// Every owner, idle and unattributed included.
    #[default]
    All,
    /// Product areas only.
    Areas,
}

/// What becomes of a fee whose term is not known (spec 6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnknownTerm {
    /// It counts in full in this period, like any charge.
    #[default]
    Expense,
    /// The run fails.
    Error,
}

/// How commitment fees are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CommitmentPolicy {
    /// Whether fees of other formats than the Detailed Billing Report, where they are always, are set aside and spread
    /// over their terms too; else they are attributed like any charge.
    pub spread: bool,
    /// By what fees are shared.
    pub share: Share,
    /// Among whom.
    pub among: Among,
    /// Who pays for what nothing used.
    #[serde(skip_serializing_if = "UnusedCommitment::is_central")]
    pub unused: UnusedCommitment,
    /// Fees without a known term.
    pub unknown_term: UnknownTerm,
}
