//! Charges → owners (spec 5): the whole of a bill, owner by owner, exact.
//!
//! Order: shared pools and rules on original attributes, fees set aside, volumes, containers, tags, cost categories
//! and account defaults; then fees, pools and providers are shared.
//!
//! Invariants:
//! - every split is checked where it happens, and all amounts per product and usage account at the end (spec 0.1);
//! - a moved part keeps its product and usage account;
//! - the result is a function of the bill, the evidence, the book, the policy and `as_of`, never of any order.

mod claim;
mod commitments;
mod conserved;
mod containers;
mod coverage;
mod divided;
mod explain;
mod idle;
#[cfg(test)]
mod idle_tests;
mod intervals;
mod ledger;
mod overlaps;
#[cfg(test)]
mod owners_tests;
mod portion;
mod rules;
#[cfg(test)]
mod samples;
mod shared;
mod stages;
mod tags;
#[cfg(test)]
mod tests;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use crate::amortize::ReservationBook;
use crate::bill::{Bill, Digest};
use crate::classify::CostBasis;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::Evidence;
use crate::money::{Amount, Currency};
use crate::policy::{CommitmentPolicy, ContainerPolicy, ContainerSplit, Policy};
use crate::rollup::{Cell, Reallocation, Report, ReportDigests, RowKind, SplitCheckRow, Totals};
use crate::time::{BillingPeriod, Timestamp};
use crate::workers::{self, Workers};

use commitments::Commitments;
use conserved::{Billed, residual};
pub use containers::{
    AllocationRequest, AllocationRow, CostByTask, Quantities, ResourceCosts, SplitCostRequest, SplitCostTask, TaskCost,
    UnusedCost, allocate_cpu, split_cost,
};
use containers::{AwsSplit, Containers, SplitCheck};
use coverage::Covered;
#[cfg(feature = "facade")]
pub(crate) use explain::explain_with_charges;
pub use explain::{
    AllocatedCharge, AllocatedCharges, AllocationMethod, CellFilter, Contribution, ExplainedCharge, ExplainedFee,
    ExplainedPool, Explanation, allocated_charges, explain,
};
use ledger::Ledger;
use rules::{Rules, Subject};
use shared::{Pools, reallocate};
use stages::{Stages, own_service};
use tags::{Tags, origin};
use volumes::Volumes;

/// What one attribution is made of.
#[derive(Clone, Copy, Debug)]
pub struct Attribution<'a> {
    /// The charges.
    pub bill: &'a Bill,
    /// How they are attributed.
    pub policy: &'a Policy,
    /// Who ran where.
    pub evidence: &'a Evidence,
    /// Fees billed in other periods.
    pub reservations: &'a ReservationBook,
    /// Which currency, where the bill has several (spec 1.6).
    pub currency: Option<Currency>,
    /// Instant the bill's status is judged at.
    pub as_of: Timestamp,
    /// Who does what can be done at once; [`Alone`](crate::Alone) where there is nobody.
    pub workers: &'a dyn Workers,
}

/// Attributes a bill.
///
/// # Errors
/// `config.currency` where the bill has several currencies and none is chosen; `classify.unknown_line_item_type` where
/// the policy is strict; `attribute.not_scanned` where evidence
/// or policy needs what the scan did not keep; `attribute.unknown_capacity`; `attribute.closed_cycle`; `fee.unknown_term` where the policy refuses
/// such fees; `reconcile.residual` where parts do not sum to the bill; `config.basis_unavailable`.
pub fn attribute(job: &Attribution<'_>) -> Result<Report> {
    let (evidence, owned) = workers::both(job.workers, || job.evidence.digest(), || owned(job));
    let (ledger, split_check, mut attributed) = owned?;
    report(job, evidence, ledger, split_check, &mut attributed)
}

/// Every amount with its owner, and how AWS would have split instances.
fn owned<'a>(job: &Attribution<'a>) -> Result<(Ledger<'a>, Vec<SplitCheckRow>, Attributed<'a>)> {
    let mut ledger = Ledger::default();
    let mut attributed = run(job, &mut ledger)?;
    let split_check = match job.policy.containers.split {
        ContainerSplit::CpuSeconds => ledger.split_check.as_ref().map_or(Ok(Vec::new()), SplitCheck::rows)?,
        ContainerSplit::Scad => checked_beside(job, attributed.currency, &mut attributed.found)?,
    };
    Ok((ledger, split_check, attributed))
}

/// What the CPU-seconds of task runs would have split, beside the split that was chosen (R94).
fn checked_beside(job: &Attribution<'_>, currency: Currency, found: &mut Diagnostics) -> Result<Vec<SplitCheckRow>> {
    if SplitCheck::new(job.bill, job.evidence, &job.policy.containers, currency)?.is_none() {
        return Ok(Vec::new());
    }
    let containers = ContainerPolicy { split: ContainerSplit::CpuSeconds, ..job.policy.containers.clone() };
    let policy = Policy { containers, ..job.policy.clone() };
    let mut ledger = Ledger::default();
    match run(&Attribution { policy: &policy, ..*job }, &mut ledger) {
        Ok(_) => ledger.split_check.as_ref().map_or(Ok(Vec::new()), SplitCheck::rows),
        // The chosen split needs neither capacities nor the usage intervals of instances: its result stands.
        Err(error) if matches!(error.code(), ErrorCode::AttributeUnknownCapacity | ErrorCode::AttributeNotScanned) => {
            let message = format!("the split is not compared with CPU-seconds of task runs: {error}");
            found.add(DiagnosticCode::ContainersNotComparable, message, 1, None);
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// With an amortized basis the covered usage carries its cost already: nothing is spread (spec 5.2).
fn spreading(job: &Attribution<'_>) -> CommitmentPolicy {
    let policy = job.policy.commitments;
    CommitmentPolicy { spread: policy.spread && !job.bill.basis().is_amortized(), ..policy }
}

/// What is known once every amount has an owner.
struct Attributed<'a> {
    period: BillingPeriod,
    currency: Currency,
    commitments: Commitments<'a>,
    pools: Pools<'a>,
    tags: Tags<'a>,
    reallocations: Vec<Reallocation>,
    found: Diagnostics,
}

/// Takes every amount of the bill to the ledger, in the order of the stages.
fn run<'a>(job: &Attribution<'a>, ledger: &mut Ledger<'a>) -> Result<Attributed<'a>> {
    let (bill, policy) = (job.bill, job.policy);
    policy.check()?;
    let period =
        bill.period().ok_or_else(|| Error::new(ErrorCode::ReadNoInput, "an empty bill has no period to attribute"))?;
    if policy.basis != bill.basis() {
        let message = format!("the policy asks for basis `{}`, the scan kept `{}`", policy.basis, bill.basis());
        return Err(Error::new(ErrorCode::AttributeNotScanned, message));
    }
    let currency = chosen_currency(bill, job.currency)?;
    let mut found = findings(bill, policy)?;
    found.merge(job.evidence.diagnostics.clone());
    note_completeness(bill, period, job.as_of, &mut found);
    let spreading = spreading(job);
    commitments::check_terms(bill, spreading, currency, &mut found)?;

    let tags = Tags::new(bill, policy, period)?;
    let aws = match policy.containers.split {
        ContainerSplit::CpuSeconds => None,
        ContainerSplit::Scad => Some(AwsSplit::new(bill, job.evidence, &tags, currency, period.start())?),
    };
    if aws.is_none() {
        ledger.split_check = SplitCheck::new(bill, job.evidence, &policy.containers, currency)?;
    }
    let stages = Stages {
        rules: Rules::new(policy, bill)?,
        volumes: policy.volumes.follow_attachments.then(|| Volumes::new(job.evidence, policy.volumes.detached)),
        containers: Containers::new(job, &tags, period.interval())?,
        aws,
        tags,
        policy,
        is_amortized: bill.basis().is_amortized(),
    };
    let mut pools = Pools::new(policy, bill, period)?;
    let mut billed = Billed::default();
    let charges = || bill.charges().iter().enumerate().filter(|(_, charge)| charge.key().currency() == currency);
    let divided = stages.divider(ledger.has_hours()).map(|divider| divider.divide(charges(), job.workers));
    let mut divided = divided.unwrap_or_default().into_iter().peekable();
    for (at, charge) in charges() {
        let divided = divided.next_if(|(of, _)| *of == at).map(|(_, divided)| divided);
        billed.add(origin(charge), charge.amount())?;
        if commitments::is_set_aside(charge, spreading) {
            continue;
        }
        if pools.take_charge(charge)? {
            stages.rules.note_pooled(&Subject::Charge(charge.key()), charge.amount())?;
            continue;
        }
        ledger.look_at(Some(charge));
        stages.own(charge, divided, ledger)?;
    }
    ledger.look_at(None);
    ledger.share_idle(None)?;
    let mut commitments = Commitments::of_period(bill, job.reservations, spreading, period, currency)?;
    commitments.share(bill, &stages, &mut pools, ledger, &mut found)?;
    pools.share(ledger, currency, &mut found)?;
    let reallocations = reallocate(policy, period, ledger, &mut found)?;
    reconcile(billed, &commitments, ledger)?;

    stages.rules.report(currency, &mut found);
    stages.tags.report_accounts(bill, &mut found);
    stages.tags.report_conflicts(bill, currency, &mut found)?;
    Ok(Attributed { period, currency, commitments, pools, tags: stages.tags, reallocations, found })
}

/// The bill's findings but those of line item types that the policy maps (spec 3.1).
fn findings(bill: &Bill, policy: &Policy) -> Result<Diagnostics> {
    let found = bill.diagnostics_but(|line_item_type| policy.line_items.kinds.contains_key(line_item_type))?;
    let unknown = found.list().into_iter().find(|fact| fact.code == DiagnosticCode::ClassifyUnknownLineItemType);
    match unknown.filter(|_| policy.line_items.strict) {
        Some(fact) => Err(Error::new(ErrorCode::ClassifyUnknownLineItemType, fact.message)),
        None => Ok(found),
    }
}

/// The currency to attribute: the only one, or the one chosen (spec 1.6).
fn chosen_currency(bill: &Bill, chosen: Option<Currency>) -> Result<Currency> {
    let known = bill.currencies();
    let names = || known.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let refuse =
        |problem: &str| Err(Error::new(ErrorCode::ConfigCurrency, format!("the bill has {}, {problem}", names())));
    match (chosen, known.first(), known.len()) {
        (Some(chosen), Some(_), _) if !known.contains(&chosen) => refuse(&format!("not `{chosen}`")),
        (Some(chosen), _, _) => Ok(chosen),
        (None, Some(_), 2..) => refuse("choose one currency"),
        (None, only, _) => Ok(only.copied().unwrap_or(Currency::USD)),
    }
}

/// Gaps, and for a period that is over whether its rows stop early (spec 2.7).
fn note_completeness(bill: &Bill, period: BillingPeriod, as_of: Timestamp, found: &mut Diagnostics) {
    if as_of < period.end() {
        return;
    }
    let complete = bill.completeness();
    let mut gaps: BTreeMap<&str, u64> = BTreeMap::new();
    for gap in &complete.gaps {
        *gaps.entry(&gap.usage_account).or_default() += 1;
    }
    for (account, count) in gaps {
        found.add(DiagnosticCode::BillGaps, format!("account `{account}` has times without usage rows"), count, None);
    }
    if let Some(last) = complete.stops_early {
        let message = format!("no account has usage rows from {last} to the end of {period}");
        found.add(DiagnosticCode::BillStopsEarly, message, 1, None);
    }
}

/// The identity of the promise, for every product and usage account (spec 0.1).
fn reconcile<'a>(mut billed: Billed<'a>, commitments: &Commitments<'a>, ledger: &Ledger<'a>) -> Result<()> {
    for (origin, moved) in commitments.moved() {
        billed.add(*origin, *moved)?;
    }
    let expected = billed.into_sums()?;
    let mut attributed = ledger.by_origin()?;
    for (origin, amount) in expected {
        let difference = amount.checked_sub(attributed.remove(&origin).unwrap_or_default())?;
        if !difference.is_zero() {
            return Err(residual("attribute", origin, difference));
        }
    }
    match attributed.into_iter().find(|(_, amount)| !amount.is_zero()) {
        Some((origin, amount)) => Err(residual("attribute", origin, amount)),
        None => Ok(()),
    }
}

/// Each service without an area once, however many products and accounts its cost is of.
fn note_unmapped_services(cells: &[Cell], found: &mut Diagnostics) {
    let unmapped = cells.iter().filter(|cell| cell.product_area.is_none());
    let named: BTreeSet<_> =
        unmapped.filter_map(|cell| Some((cell.cluster.as_ref()?, cell.service.as_ref()?))).collect();
    for (cluster, service) in named {
        let message = format!("service `{service}` of cluster `{cluster}` has no product area");
        found.add(DiagnosticCode::ServicesUnmapped, message, 1, None);
    }
}

fn report(
    job: &Attribution<'_>,
    evidence: Digest,
    mut ledger: Ledger<'_>,
    split_check: Vec<SplitCheckRow>,
    attributed: &mut Attributed<'_>,
) -> Result<Report> {
    let Attributed { period, currency, commitments, tags, reallocations, found, .. } = attributed;
    let (bill, currency) = (job.bill, *currency);
    let unattributed = ledger.take_unattributed();
    let cells = ledger.into_cells();
    let coverage = coverage::coverage(&Covered {
        bill,
        policy: job.policy,
        currency,
        tags,
        cells: &cells,
        unattributed: &unattributed,
    })?;
    note_unmapped_services(&cells, found);
    let of_kind = |kind: RowKind| Amount::sum(cells.iter().filter(|cell| cell.row_kind == kind).map(|cell| cell.cost));
    let totals = Totals {
        billed: bill.billed(currency)?,
        carried_in: commitments.carried_in(),
        deferred: commitments.deferred(),
        excluded: bill.excluded(currency)?,
        areas: of_kind(RowKind::Area)?,
        idle: of_kind(RowKind::Idle)?,
        unused_commitment: of_kind(RowKind::UnusedCommitment)?,
        shared: of_kind(RowKind::Shared)?,
        unattributed: of_kind(RowKind::Unattributed)?,
    };
    Ok(Report {
        period: *period,
        status: bill.status(job.as_of)?,
        as_of: job.as_of,
        basis: bill.basis(),
        currency,
        payers: bill.payers().into_iter().map(str::to_owned).collect(),
        stops_early: bill.completeness().stops_early,
        totals,
        bridge: (bill.basis() != CostBasis::Unblended).then(|| bill.bridge(currency)).transpose()?,
        coverage,
        cells,
        reallocations: std::mem::take(reallocations),
        split_check,
        commitments: commitments.uses(bill, currency)?,
        digests: digests(job, evidence)?,
        inputs: bill.inputs().iter().cloned().collect(),
        diagnostics: found.list(),
    })
}

fn digests(job: &Attribution<'_>, evidence: Digest) -> Result<ReportDigests> {
    Ok(ReportDigests {
        bill: job.bill.digest()?,
        policy: job.policy.digest(),
        evidence,
        reservations: job.reservations.digest(),
    })
}
