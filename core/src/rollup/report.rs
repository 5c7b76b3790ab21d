//! What a run found: every amount in its finest cell.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::commitment::CommitmentUse;
use super::coverage::Coverage;
use crate::bill::{BillStatus, BridgeRow, Digest, InputDigest};
use crate::classify::CostBasis;
use crate::diagnostic::Diagnostic;
use crate::ids::{Cluster, ProductArea, Service};
use crate::money::{Amount, Currency};
use crate::time::{BillingPeriod, Timestamp};

/// What a row of a rollup table stands for (spec 7.1). Declared in the order of the names, so that tables sort by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// Cost of a product area.
    Area,
    /// Cost of what nobody used, for one of the reasons of [`IdleReason`].
    Idle,
    /// A pool kept as its own row.
    Shared,
    /// Cost without an owner.
    Unattributed,
    /// Fees nobody used.
    UnusedCommitment,
}

/// Why a row is idle (spec 5.3, 5.4). Declared in the order of the names, so that tables sort by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IdleReason {
    /// A volume that was attached to nothing.
    Detached,
    /// An instance with task runs in the period, none of them at that time.
    EmptyHost,
    /// Capacity that no task reserved while others ran beside it.
    Unreserved,
}

/// What a row says besides its kind; rows of all other kinds say nothing. Written as a key of its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RowDetail {
    /// The shared pool of a row of kind `shared`.
    Pool(String),
    /// The reason of a row of kind `idle`.
    Reason(IdleReason),
}

/// The last stage that named an owner (spec 5). Declared in the order of the names, so that tables sort by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// The usage account's default.
    Account,
    /// A cost category.
    CostCategory,
    /// CPU-seconds of an ECS service.
    Ecs,
    /// An ECS instance's own tag, while nothing ran.
    EcsIdle,
    /// Nobody used it.
    Idle,
    /// A provider's cost reallocated to consumers.
    Reallocated,
    /// A commitment fee.
    Reservation,
    /// A rule.
    Rule,
    /// A shared pool.
    Shared,
    /// A tag.
    Tag,
    /// Nobody.
    Unattributed,
    /// Fees nobody used.
    UnusedCommitment,
    /// A volume that followed its instance.
    Volume,
}

impl RowKind {
    /// The name as tables write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Area => "area",
            Self::Idle => "idle",
            Self::Shared => "shared",
            Self::Unattributed => "unattributed",
            Self::UnusedCommitment => "unused_commitment",
        }
    }
}

impl IdleReason {
    /// The name as tables write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detached => "detached",
            Self::EmptyHost => "empty_host",
            Self::Unreserved => "unreserved",
        }
    }
}

impl RowDetail {
    /// The shared pool.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        match self {
            Self::Pool(pool) => Some(pool),
            Self::Reason(_) => None,
        }
    }

    /// The reason of idle cost.
    #[must_use]
    pub const fn reason(&self) -> Option<IdleReason> {
        match self {
            Self::Reason(reason) => Some(*reason),
            Self::Pool(_) => None,
        }
    }

    /// Name of the pool or the reason, as tables write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pool(pool) => pool,
            Self::Reason(reason) => reason.as_str(),
        }
    }
}

impl Mechanism {
    /// The name as tables write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::CostCategory => "cost_category",
            Self::Ecs => "ecs",
            Self::EcsIdle => "ecs_idle",
            Self::Idle => "idle",
            Self::Reallocated => "reallocated",
            Self::Reservation => "reservation",
            Self::Rule => "rule",
            Self::Shared => "shared",
            Self::Tag => "tag",
            Self::Unattributed => "unattributed",
            Self::UnusedCommitment => "unused_commitment",
            Self::Volume => "volume",
        }
    }
}

/// One amount with all that a table can ask of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// AWS product, or empty.
    pub product: String,
    /// Account that used.
    pub usage_account: String,
    /// Owner; `None` where nobody is known.
    pub product_area: Option<ProductArea>,
    /// What it stands for.
    pub row_kind: RowKind,
    /// Pool or reason; `None` for idle rows of runs that were stored before they had one.
    #[serde(flatten)]
    pub detail: Option<RowDetail>,
    /// What named the owner.
    pub mechanism: Mechanism,
    /// ECS cluster of a service's cost.
    pub cluster: Option<Cluster>,
    /// ECS service.
    pub service: Option<Service>,
    /// Exact cost in the report's currency.
    pub cost: Amount,
}

/// What a provider passed to one of its consumers (spec 5.8), in cycles as often as it came by.
///
/// Tables are exact; a hop is the exact amount rounded half-even to 10⁻¹⁸, because in a cycle it may be no such number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Reallocation {
    /// The provider.
    pub provider: ProductArea,
    /// Who took it: an area, or another provider.
    pub consumer: ProductArea,
    /// How much, what the provider itself received included.
    pub cost: Amount,
}

/// Why our split and AWS's own differ for a service (spec 5.4), on one of its instances or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SplitReason {
    /// AWS's data is amortized, the run is not, and a commitment covers hours of the instance.
    Basis,
    /// The run charges hours of the instance in which no task ran, which AWS's data leaves out.
    HostHoursWithoutTasks,
    /// The run keeps what no task reserved apart, which AWS hands out.
    Idle,
    /// The two split other costs of the instance, for none of the reasons above.
    InstanceCost,
    /// AWS weighs memory too, and the run does not weigh as AWS does.
    Memory,
    /// The service, or another on the instance, has nothing in AWS's data.
    OnlyOurs,
    /// The service, or another on the instance, has nothing in our split.
    OnlyScad,
    /// At most 10⁻⁸ a row of AWS's data, which is what its costs are rounded to.
    Rounding,
    /// The services' shares are others, in CPU too: AWS counts what a task used where it is more than it reserved.
    Shares,
}

impl SplitReason {
    /// The name as reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basis => "basis",
            Self::HostHoursWithoutTasks => "host_hours_without_tasks",
            Self::Idle => "idle",
            Self::InstanceCost => "instance_cost",
            Self::Memory => "memory",
            Self::OnlyOurs => "only_ours",
            Self::OnlyScad => "only_scad",
            Self::Rounding => "rounding",
            Self::Shares => "shares",
        }
    }
}

/// Our split of instances over one service and AWS's own (spec 5.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct SplitCheckRow {
    /// Name of the cluster.
    pub cluster: String,
    /// ECS service; the task's ARN where the data names no service and no run of the task is known.
    pub service: Service,
    /// What we split to it of the hours of its instances.
    pub ours: Amount,
    /// What we split to it of all else: volumes, traffic, Fargate tasks.
    pub ours_volumes: Amount,
    /// Split and unused cost of AWS's data.
    pub scad: Amount,
    /// `ours − scad`.
    pub difference: Amount,
    /// What makes them differ on its instances, sorted; they may cancel out.
    pub why: Vec<SplitReason>,
}

/// The sums of a run (spec 0.1): `billed + carried_in − deferred = areas + idle + unused_commitment + shared +
/// unattributed`, and `excluded` beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Totals {
    /// Counting rows of the bill.
    pub billed: Amount,
    /// This period's part of fees billed in other periods.
    pub carried_in: Amount,
    /// The part of this period's fees that belongs to other periods.
    pub deferred: Amount,
    /// Total rows, counted beside the identity.
    pub excluded: Amount,
    /// Rows of kind `area`.
    pub areas: Amount,
    /// Rows of kind `idle`.
    pub idle: Amount,
    /// Rows of kind `unused_commitment`.
    pub unused_commitment: Amount,
    /// Rows of kind `shared`.
    pub shared: Amount,
    /// Rows of kind `unattributed`.
    pub unattributed: Amount,
}

/// What the run was made of (spec 7.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ReportDigests {
    /// The bill's charges (spec 3.8).
    pub bill: Digest,
    /// The policy.
    pub policy: Digest,
    /// Task runs, registrations, attachments and service map.
    pub evidence: Digest,
    /// The reservation book as it stood before the run.
    pub reservations: Digest,
}

/// The result of attributing one bill in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Billing period.
    pub period: BillingPeriod,
    /// How final the bill is at [`Report::as_of`].
    pub status: BillStatus,
    /// Instant the status was judged at.
    pub as_of: Timestamp,
    /// Cost basis.
    pub basis: CostBasis,
    /// Currency of every amount.
    pub currency: Currency,
    /// Accounts that are invoiced.
    pub payers: BTreeSet<String>,
    /// Where the usage rows end, if 24 hours or more before the period (spec 2.7).
    pub stops_early: Option<Timestamp>,
    /// Sums.
    pub totals: Totals,
    /// What each kind of rows was charged and costs in the basis; `None` where that is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Vec<BridgeRow>>,
    /// How much has an owner, and what would raise it most.
    pub coverage: Coverage,
    /// Every amount, sorted; no two cells differ in cost alone.
    pub cells: Vec<Cell>,
    /// Every hop from a provider to a consumer, sorted.
    #[serde(default)]
    pub reallocations: Vec<Reallocation>,
    /// Our split of instances beside AWS's own, where both are known, sorted.
    #[serde(default)]
    pub split_check: Vec<SplitCheckRow>,
    /// How each commitment whose fees are set aside, or that the basis spreads, was used, sorted; only those of which the
    /// bill says something.
    #[serde(default)]
    pub commitments: Vec<CommitmentUse>,
    /// What it was made of.
    pub digests: ReportDigests,
    /// Files the bill was read from.
    pub inputs: Vec<InputDigest>,
    /// Findings of all stages.
    pub diagnostics: Vec<Diagnostic>,
}
