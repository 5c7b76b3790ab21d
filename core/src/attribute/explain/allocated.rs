//! Charges replaced by allocated charges, as FOCUS 1.3 has them (spec 11.3, R79–R81).
//!
//! Invariants: the allocated charges of a charge sum to it, and their hours to its hours; all of them sum to `billed + carried_in − deferred`; the
//! ratios of one origin sum to exactly 1; their order is that of the charges, then of the owners.

use std::collections::BTreeMap;

use super::super::claim::Origin;
use super::super::conserved::{conserved, residual};
use super::super::ledger::Ledger;
use super::super::tags::origin;
use super::super::{Attributed, Attribution, run};
use super::lineage::{CellFilter, Contribution, ExplainedPool, Noted};
use super::shared_charges;
use crate::bill::{Bill, Charge};
use crate::classify::ChargeCategory;
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency, ratios};
use crate::policy::ContainerSplit;
use crate::rollup::{IdleReason, RowKind};

/// How a charge or sum was split: the closed list of `AllocatedMethodId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AllocationMethod {
    /// This period's part of commitment fees, by what owners have of the product.
    CommitmentFees,
    /// An instance's or moved volume's cost, by the CPU- and GiB-seconds of task runs.
    EcsCpuAndMemorySeconds,
    /// An instance's or moved volume's cost, by the CPU-seconds of task runs.
    EcsCpuSeconds,
    /// An instance's or moved volume's cost, by AWS's split cost allocation data.
    EcsSplitCostAllocationData,
    /// A Fargate task's cost, whole to its service.
    EcsTask,
    /// A provider's cost, by the keys of its consumers.
    ProviderKeys,
    /// A rule's percentages.
    RulePercentages,
    /// A shared pool, by its method.
    SharedPool,
    /// A volume's cost, by the milliseconds that it was attached to instances.
    VolumeAttachments,
}

impl AllocationMethod {
    /// The id as tables write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommitmentFees => "unblended/commitment-fees",
            Self::EcsCpuAndMemorySeconds => "unblended/ecs-cpu-and-memory-seconds",
            Self::EcsCpuSeconds => "unblended/ecs-cpu-seconds",
            Self::EcsSplitCostAllocationData => "unblended/ecs-split-cost-allocation-data",
            Self::EcsTask => "unblended/ecs-task",
            Self::ProviderKeys => "unblended/provider-keys",
            Self::RulePercentages => "unblended/rule-percentages",
            Self::SharedPool => "unblended/shared-pool",
            Self::VolumeAttachments => "unblended/volume-attachments",
        }
    }
}

/// One part of an origin: of a charge, or of a sum that is shared.
#[derive(Clone, Debug)]
pub struct AllocatedCharge<'a> {
    /// The charge; `None` for a part of commitment fees, shared pools and providers, which are shared as sums of a
    /// product and usage account.
    pub origin: Option<&'a Charge>,
    /// Who owns it, why, and how much; its own `charge` is `None`.
    pub part: Contribution,
    /// What it is to FOCUS; `None` for a sum of several categories.
    pub category: Option<ChargeCategory>,
    /// How the origin was split; `None` where it was not.
    pub method: Option<AllocationMethod>,
    /// The part's share of its origin; `None` where nothing was split, the origin costs 0, or the part takes back from a
    /// provider what its consumers are given.
    pub ratio: Option<Amount>,
    /// The part's instance hours: those of the charge, split as its cost is; `None` where the bill has none of it, and of
    /// sums.
    pub hours: Option<Amount>,
}

impl AllocatedCharge<'_> {
    /// The resource that it is allocated to: an ECS service, the instance that a volume was attached to, or the charge's
    /// own; `None` where nothing was split or it is none.
    #[must_use]
    pub fn allocated_resource(&self) -> Option<String> {
        self.method?;
        if let (Some(cluster), Some(service)) = (&self.part.cluster, &self.part.service) {
            return Some(service_id(cluster, service));
        }
        let own = || self.origin.map(|charge| charge.key().resource_id().to_owned());
        self.part.instance.clone().or_else(own).filter(|resource| !resource.is_empty())
    }
}

/// The ARN of a service of a cluster known by its ARN, else both names.
fn service_id(cluster: &str, service: &str) -> String {
    match cluster.split_once(":cluster/").filter(|_| !service.starts_with("family:")) {
        Some((prefix, name)) => format!("{prefix}:service/{name}/{service}"),
        None => format!("{cluster}/{service}"),
    }
}

/// All charges of a bill in one currency, allocated.
#[derive(Clone, Debug)]
pub struct AllocatedCharges<'a> {
    /// The bill: its period, basis and tag keys.
    pub bill: &'a Bill,
    /// Currency of every amount.
    pub currency: Currency,
    /// The parts of charges in the order of the bill, then those of sums.
    pub rows: Vec<AllocatedCharge<'a>>,
}

static EVERY_CELL: CellFilter = CellFilter {
    product: None,
    usage_account: None,
    product_area: None,
    row_kind: None,
    pool: None,
    reason: None,
    mechanism: None,
    cluster: None,
    service: None,
};

/// Attributes a bill again and replaces every charge by its parts.
///
/// # Errors
/// As [`attribute`](super::super::attribute); `reconcile.residual` too where parts do not sum to their charge or all of them
/// not to the bill.
pub fn allocated_charges<'a>(job: &Attribution<'a>) -> Result<AllocatedCharges<'a>> {
    let mut ledger = Ledger::watching(&EVERY_CELL).with_hours();
    let attributed = run(job, &mut ledger)?;
    let (own, sums): (Vec<_>, Vec<_>) = ledger.take_noted()?.into_iter().partition(is_own);
    let mut rows = Vec::with_capacity(own.len());
    for (charge, parts) in by_charge(own) {
        add_charge(job, charge, parts, &mut rows)?;
    }
    add_sums(job, &attributed, sums.into_iter().map(|noted| noted.part).collect(), &mut rows)?;
    reconcile(job, &attributed, &rows)?;
    Ok(AllocatedCharges { bill: job.bill, currency: attributed.currency, rows })
}

/// What was noted, charge by charge in the order of the bill.
fn by_charge(noted: Vec<Noted<'_>>) -> Vec<(&Charge, Vec<Part>)> {
    let mut found: Vec<(&Charge, Vec<Part>)> = Vec::new();
    for Noted { charge, part, hours } in noted {
        let Some(charge) = charge else { continue };
        match found.last_mut().filter(|(last, _)| std::ptr::eq(*last, charge)) {
            Some((_, parts)) => parts.push((part, hours)),
            None => found.push((charge, vec![(part, hours)])),
        }
    }
    found
}

/// What was noted, apart from fees that are pushed onto charges and from sums.
fn is_own(noted: &Noted<'_>) -> bool {
    noted.charge.is_some() && noted.part.commitment.is_none()
}

/// A part of one charge, and its hours.
type Part = (Contribution, Option<Amount>);

/// The parts of one charge.
fn add_charge<'a>(
    job: &Attribution<'a>,
    charge: &'a Charge,
    mut parts: Vec<Part>,
    rows: &mut Vec<AllocatedCharge<'a>>,
) -> Result<()> {
    parts.sort_unstable();
    let amounts: Vec<Amount> = parts.iter().map(|(part, _)| part.amount).collect();
    conserved("allocated charges", origin(charge), charge.amount(), &amounts)?;
    let hours = Amount::sum(parts.iter().filter_map(|(_, hours)| *hours))?;
    conserved("allocated hours", origin(charge), charge.hours().unwrap_or_default(), &[hours])?;
    let shares = ratios(&amounts, charge.amount());
    let category = Some(ChargeCategory::of(charge.key().kind(), job.bill.basis()));
    let (is_split, resource) = (parts.len() > 1, charge.key().resource_id());
    for (at, (part, hours)) in parts.into_iter().enumerate() {
        let is_moved = part.service.is_some() || part.instance.as_deref().is_some_and(|instance| instance != resource);
        let method = (is_split || is_moved).then(|| method_of_charge(job, &part, resource));
        let ratio = shares.as_ref().filter(|_| method.is_some()).and_then(|shares| shares.get(at).copied());
        rows.push(AllocatedCharge { origin: Some(charge), part, category, method, ratio, hours });
    }
    Ok(())
}

fn method_of_charge(job: &Attribution<'_>, part: &Contribution, resource: &str) -> AllocationMethod {
    if part.rule.is_some() {
        return AllocationMethod::RulePercentages;
    }
    let is_host_own = part.instance.as_deref() == Some(resource);
    let is_of_host = is_host_own || matches!(part.reason, Some(IdleReason::Unreserved | IdleReason::EmptyHost));
    match (&part.service, &part.instance) {
        (Some(_), None) => AllocationMethod::EcsTask,
        (None, _) if !is_of_host => AllocationMethod::VolumeAttachments,
        _ if job.policy.containers.split == ContainerSplit::Scad => AllocationMethod::EcsSplitCostAllocationData,
        _ if job.policy.containers.weights.memory.is_zero() => AllocationMethod::EcsCpuSeconds,
        _ => AllocationMethod::EcsCpuAndMemorySeconds,
    }
}

/// A sum that was shared: provider, pool, rule, product, usage account, and whether it was taken back from a provider.
type SumKey = (Option<String>, Option<String>, Option<String>, String, String, bool);

/// The parts of fees, pools and providers; equal ones add up.
fn add_sums<'a>(
    job: &Attribution<'a>,
    attributed: &Attributed<'a>,
    sums: Vec<Contribution>,
    rows: &mut Vec<AllocatedCharge<'a>>,
) -> Result<()> {
    let (pools, _) = attributed.pools.explained(&sums, shared_charges(job, attributed.currency));
    let categories = pool_categories(job, &pools)?;
    let mut by_sum: BTreeMap<SumKey, BTreeMap<Contribution, Amount>> = BTreeMap::new();
    for part in sums {
        let is_taken = part.provider.is_some() && part.provider == part.product_area;
        let Contribution { provider, pool, rule, product, usage_account, .. } = part.clone();
        let parts = by_sum.entry((provider, pool, rule, product, usage_account, is_taken)).or_default();
        let amount = part.amount;
        let sum = parts.entry(Contribution { amount: Amount::ZERO, ..part }).or_default();
        *sum = sum.checked_add(amount)?;
    }
    for ((provider, pool, rule, product, account, is_taken), parts) in by_sum {
        let amounts: Vec<Amount> = parts.values().copied().collect();
        let shares = ratios(&amounts, Amount::sum(amounts.iter().copied())?).filter(|_| !is_taken);
        let category = match (&provider, pool) {
            (Some(_), _) => None,
            (None, Some(pool)) => categories.get(&(pool, product, account)).copied(),
            (None, None) => Some(ChargeCategory::Purchase),
        };
        let is_split = parts.len() > 1;
        for (at, (key, amount)) in parts.into_iter().enumerate() {
            let method = match (key.row_kind, &key.provider, &key.pool) {
                (RowKind::Area, Some(_), _) => Some(AllocationMethod::ProviderKeys),
                (RowKind::Shared, ..) => None,
                (_, None, Some(_)) => Some(AllocationMethod::SharedPool),
                _ if rule.is_some() => is_split.then_some(AllocationMethod::RulePercentages),
                (RowKind::UnusedCommitment, ..) if !is_split => None,
                _ => Some(AllocationMethod::CommitmentFees),
            };
            let ratio = shares.as_ref().filter(|_| method.is_some()).and_then(|shares| shares.get(at).copied());
            let part = Contribution { amount, ..key };
            rows.push(AllocatedCharge { origin: None, part, category, method, ratio, hours: None });
        }
    }
    Ok(())
}

/// The category of each pool, product and account of whose charges all have it, and that holds nothing but charges.
fn pool_categories(
    job: &Attribution<'_>,
    pools: &[ExplainedPool],
) -> Result<BTreeMap<(String, String, String), ChargeCategory>> {
    let mut categories = BTreeMap::new();
    for pool in pools {
        let mut of_charges = pool.charges.iter().map(|charge| ChargeCategory::of(charge.kind, job.bill.basis()));
        let Some(first) = of_charges.next() else { continue };
        let billed = Amount::sum(pool.charges.iter().map(|charge| charge.billed))?;
        if billed == pool.cost && of_charges.all(|category| category == first) {
            categories.insert((pool.pool.clone(), pool.product.clone(), pool.usage_account.clone()), first);
        }
    }
    Ok(categories)
}

/// Every product and usage account, and all of them together, sum to the bill (spec 0.1).
fn reconcile(job: &Attribution<'_>, attributed: &Attributed<'_>, rows: &[AllocatedCharge<'_>]) -> Result<()> {
    let mut expected: BTreeMap<Origin<'_>, Amount> = attributed.commitments.moved().clone();
    for charge in job.bill.charges().iter().filter(|charge| charge.key().currency() == attributed.currency) {
        let sum = expected.entry(origin(charge)).or_default();
        *sum = sum.checked_add(charge.amount())?;
    }
    for AllocatedCharge { part, .. } in rows {
        let origin = Origin { product: &part.product, account: &part.usage_account };
        let sum = expected.entry(origin).or_default();
        *sum = sum.checked_sub(part.amount)?;
    }
    if let Some((origin, rest)) = expected.into_iter().find(|(_, rest)| !rest.is_zero()) {
        return Err(residual("allocated charges", origin, rest));
    }
    let fees = &attributed.commitments;
    let bill = job.bill.billed(attributed.currency)?.checked_add(fees.carried_in())?.checked_sub(fees.deferred())?;
    let rest = bill.checked_sub(Amount::sum(rows.iter().map(|row| row.part.amount))?)?;
    if rest.is_zero() {
        return Ok(());
    }
    let message = format!("allocated charges leave a residual of {rest} of {bill} {}", attributed.currency);
    Err(Error::new(ErrorCode::ReconcileResidual, message))
}
