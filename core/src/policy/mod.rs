//! How cost is attributed: `unblended.toml` (spec 12). Defaults reproduce the classic method.
//!
//! The types are the file's shape; [`Policy::from_toml`] and [`Policy::from_json`] also refuse unknown keys with a
//! suggestion and check what serde cannot.

mod accounts;
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
    /// Cost categories whose values name the area of what no tag does, in order (spec 5.5).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cost_categories: Vec<String>,
    /// Whether tag keys and cost categories, and values looked up as aliases, match in any case.
    pub case_insensitive: bool,
    /// Value as tagged → area.
    pub aliases: BTreeMap<String, ProductArea>,
    /// Usage account → area of what has no tag.
    pub accounts: BTreeMap<String, ProductArea>,
    /// The same with dates, as a table: a path, or its rows.
    #[serde(skip_serializing_if = "PolicyTable::is_empty")]
    pub account_map: PolicyTable<AccountRow>,
}

/// The area of what has no tag in one usage account, in some periods or all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountRow {
    /// Usage account.
    pub account: String,
    /// Its area.
    pub area: ProductArea,
    /// First billing period it holds in.
    #[serde(default)]
    pub from: Option<BillingPeriod>,
    /// Last billing period it holds in.
    #[serde(default)]
    pub to: Option<BillingPeriod>,
}

/// Whether what holds from a first to a last period, each of them if it is given, holds in a period.
pub(crate) fn is_in_effect(from: Option<BillingPeriod>, to: Option<BillingPeriod>, period: BillingPeriod) -> bool {
    from.is_none_or(|from| from <= period) && to.is_none_or(|to| period <= to)
}

/// The tag key that is looked for when nobody names one.
pub const DEFAULT_TAG_KEY: &str = "product_area";

impl Default for AreaPolicy {
    fn default() -> Self {
        Self {
            tag_keys: vec![DEFAULT_TAG_KEY.to_owned()],
            cost_categories: Vec::new(),
            case_insensitive: false,
            aliases: BTreeMap::new(),
            accounts: BTreeMap::new(),
            account_map: PolicyTable::default(),
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
    /// Cost category → value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cost_category: BTreeMap<String, Patterns>,
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

/// Who pays for what tasks on a busy instance did not reserve (spec 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// The runs share the whole charge (the classic method).
    #[default]
    Spread,
    /// It is a row of its own.
    Separate,
    /// The areas whose tasks ran on the instance in the period share it by what they have of the instance.
    Proportional,
}

/// By what an instance's cost is split over its services (spec 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContainerSplit {
    /// CPU-seconds of the task runs that evidence shows (the classic method).
    #[default]
    CpuSeconds,
    /// What AWS's split cost allocation data in the bill gives each service; `window`, `idle` and `weights` say nothing.
    Scad,
}

/// Who pays for an instance on which nothing ran, and for a volume attached to nothing (spec 5.3, 5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    /// Whoever its tags name, else the account's default, else nobody (the classic method).
    #[default]
    Owner,
    /// It is a row of its own, which carries the area that its tags name.
    Separate,
    /// The areas that used the instance or volume in the period share it by what they have of it.
    Proportional,
}

/// Keys of later versions are left out where they say nothing new, so that digests of policies stay.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How a decimal is written: as a number, or as text.
#[cfg(feature = "facade")]
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "stands for a decimal in the JSON Schema only")]
pub(crate) enum DecimalText {
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
    /// By what.
    #[serde(skip_serializing_if = "is_default")]
    pub split: ContainerSplit,
    /// Over which runs.
    pub window: Window,
    /// Who pays for what tasks on a busy instance did not reserve.
    pub idle: Idle,
    /// Who pays for an instance while nothing ran on it; where not said, its owner if `idle` is spread, else as `idle`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_host: Option<Unused>,
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
            split: ContainerSplit::CpuSeconds,
            window: Window::Usage,
            idle: Idle::Spread,
            empty_host: None,
            weights: Weights { cpu: Decimal::ONE, memory: Decimal::ZERO },
            default_cpu: 128,
            capacity: BTreeMap::new(),
        }
    }
}

impl ContainerPolicy {
    /// Who pays for an instance while nothing ran on it.
    #[must_use]
    pub fn empty_host(&self) -> Unused {
        self.empty_host.unwrap_or(match self.idle {
            Idle::Spread => Unused::Owner,
            Idle::Separate => Unused::Separate,
            Idle::Proportional => Unused::Proportional,
        })
    }
}

/// How volumes are split over instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VolumePolicy {
    /// Whether a volume's cost goes to the instances it was attached to.
    pub follow_attachments: bool,
    /// Who pays for the time a volume was attached to nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub detached: Unused,
}

impl Default for VolumePolicy {
    fn default() -> Self {
        Self { follow_attachments: true, detached: Unused::Owner }
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
