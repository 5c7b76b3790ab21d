//! Charges → owners (spec 5): the whole of a bill, owner by owner, exact.
//!
//! Order: shared pools and rules on original attributes, fees set aside, volumes, containers, tags, cost categories
//! and account defaults; then fees, pools and providers are shared.
//!
//! Invariants:
//! - every split is checked where it happens, and all amounts per product and usage account at the end (spec 0.1);
//! - a moved part keeps its product and usage account;
//! - the result is a function of the bill, the evidence, the book, the policy and `as_of`, never of any order.

mod allocated;
#[cfg(test)]
mod allocated_tests;
mod allocation;
mod capacity;
mod claim;
mod conserved;
mod containers;
mod coverage;
mod explained;
mod fees;
mod intervals;
mod ledger;
mod lineage;
mod overlaps;
#[cfg(test)]
mod owners_tests;
mod pools;
#[cfg(test)]
mod pools_tests;
mod providers;
mod rules;
mod tags;
#[cfg(test)]
mod tests;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use crate::amortize::ReservationBook;
use crate::bill::{Bill, Charge};
use crate::classify::{CostBasis, LineItemKind};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::Evidence;
use crate::money::{Amount, Currency};
use crate::policy::{CommitmentPolicy, Policy, Unused};
use crate::rollup::{Cell, IdleReason, Mechanism, Reallocation, Report, ReportDigests, RowKind, Totals};
use crate::time::{BillingPeriod, Timestamp};

pub use allocated::{AllocatedCharge, AllocatedCharges, AllocationMethod, allocated_charges};
pub use allocation::{AllocationRequest, AllocationRow, allocate_cpu};
use claim::Claim;
use conserved::{Billed, conserved, residual};
use containers::{Containers, ServiceOwner, Shares};
use coverage::Covered;
#[cfg(feature = "facade")]
pub(crate) use explained::explain_with_charges;
pub use explained::{Explanation, explain};
use fees::Fees;
use intervals::TimeLine;
use ledger::Ledger;
pub use lineage::{CellFilter, Contribution, ExplainedCharge, ExplainedPool};
use pools::Pools;
use rules::{Rules, Subject};
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
}

/// Attributes a bill.
///
/// # Errors
/// `config.currency` where the bill has several currencies and none is chosen; `classify.unknown_line_item_type` where
/// the policy is strict; `attribute.not_scanned` where evidence
/// or policy needs what the scan did not keep; `attribute.unknown_capacity`; `attribute.closed_cycle`; `fee.unknown_term` where the policy refuses
/// such fees; `reconcile.residual` where parts do not sum to the bill; `config.basis_unavailable`.
pub fn attribute(job: &Attribution<'_>) -> Result<Report> {
    let mut ledger = Ledger::default();
    let mut attributed = run(job, &mut ledger)?;
    report(job, ledger, &mut attributed)
}

/// With an amortized basis the covered usage carries its cost already: nothing is spread (spec 5.2).
fn commitments(job: &Attribution<'_>) -> CommitmentPolicy {
    let policy = job.policy.commitments;
    CommitmentPolicy { spread: policy.spread && !job.bill.basis().is_amortized(), ..policy }
}

/// What is known once every amount has an owner.
struct Attributed<'a> {
    period: BillingPeriod,
    currency: Currency,
    fees: Fees<'a>,
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
    let commitments = commitments(job);
    fees::check_terms(bill, commitments, currency, &mut found)?;

    let tags = Tags::new(bill, policy, period)?;
    let stages = Stages {
        rules: Rules::new(policy, bill)?,
        volumes: policy.volumes.follow_attachments.then(|| Volumes::new(job.evidence)),
        containers: Containers::new(bill, policy, job.evidence, &tags, period.interval())?,
        tags,
        policy,
        is_amortized: bill.basis().is_amortized(),
    };
    let mut pools = Pools::new(policy, bill, period)?;
    let mut billed = Billed::default();
    for charge in bill.charges().iter().filter(|charge| charge.key().currency() == currency) {
        billed.add(origin(charge), charge.amount())?;
        if fees::is_set_aside(charge, commitments) {
            continue;
        }
        if pools.take_charge(charge)? {
            stages.rules.note_pooled(&Subject::Charge(charge.key()), charge.amount())?;
            continue;
        }
        ledger.look_at(Some(charge));
        stages.own(charge, ledger)?;
    }
    ledger.look_at(None);
    let mut fees = Fees::of_period(bill, job.reservations, commitments, period, currency)?;
    fees.pool(&mut pools)?;
    let covered = products_with_covered_usage(bill);
    fees.share(commitments, &stages.rules, ledger, &covered, &mut found)?;
    pools.share(ledger, currency, &mut found)?;
    let reallocations = providers::reallocate(policy, period, ledger, &mut found)?;
    reconcile(billed, &fees, ledger)?;

    stages.rules.report(currency, &mut found);
    stages.tags.report_accounts(bill, &mut found);
    stages.tags.report_conflicts(bill, currency, &mut found)?;
    Ok(Attributed { period, currency, fees, pools, tags: stages.tags, reallocations, found })
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

/// The stages of one attribution, ready to take charges.
struct Stages<'a> {
    rules: Rules<'a>,
    volumes: Option<Volumes<'a>>,
    containers: Containers<'a>,
    tags: Tags<'a>,
    policy: &'a Policy,
    is_amortized: bool,
}

impl<'a> Stages<'a> {
    /// Takes one charge to its owners.
    fn own(&self, charge: &'a Charge, ledger: &mut Ledger<'a>) -> Result<()> {
        if self.rules.own_charge(charge, origin(charge), ledger)? {
            return Ok(());
        }
        if self.is_amortized && charge.key().kind().is_unused_where_amortized() {
            // What was used of the commitment stands in the rows it covers (spec 6.3).
            return ledger.add(origin(charge), Claim::unused_commitment(), charge.amount());
        }
        let resource = charge.key().resource_id();
        if let Some(attachments) = self.volumes.as_ref().and_then(|volumes| volumes.of(charge)) {
            return self.own_volume(charge, attachments, ledger);
        }
        if self.containers.has_runs(resource) {
            return self.own_instance(charge, ledger);
        }
        if let Some(service) = self.containers.fargate_service(resource) {
            return own_service(charge, service, charge.amount(), ledger);
        }
        self.own_tagged(charge, Mechanism::Tag, charge.amount(), ledger)
    }

    /// An instance's own charge: services, idle, and what lies where nothing ran.
    fn own_instance(&self, charge: &'a Charge, ledger: &mut Ledger<'a>) -> Result<()> {
        volumes::timed(charge)?;
        let instance = charge.key().resource_id();
        ledger.on_instance(Some(instance));
        let mut shares = self.containers.shares(instance);
        for slice in charge.slices() {
            shares.add(&[slice.interval()], slice.amount())?;
        }
        conserved("containers", origin(charge), charge.amount(), &[shares.sum()?])?;
        self.own_shares(charge, instance, &shares, ledger)?;
        if let Some(amount) = shares.empty_host {
            match self.policy.containers.empty_host() {
                Unused::Owner => self.own_tagged(charge, Mechanism::EcsIdle, amount, ledger)?,
                Unused::Separate => self.own_idle(charge, instance, IdleReason::EmptyHost, amount, ledger)?,
            }
        }
        shares.not_run.map_or(Ok(()), |amount| self.own_tagged(charge, Mechanism::EcsIdle, amount, ledger))
    }

    /// A volume's charge: parts that moved to instances (R7), and the rest that stays.
    fn own_volume(&self, charge: &'a Charge, attachments: &TimeLine<&'a str>, ledger: &mut Ledger<'a>) -> Result<()> {
        // Instance, and shares of what moved to it; a volume is attached to few.
        let mut moved: Vec<(&'a str, Shares<'_, 'a>)> = Vec::new();
        let stays = volumes::follow(charge, attachments, &mut |part| {
            let at = moved.iter().position(|(instance, ..)| *instance == part.instance).unwrap_or_else(|| {
                moved.push((part.instance, self.containers.shares(part.instance)));
                moved.len() - 1
            });
            let Some((_, shares)) = moved.get_mut(at) else { return Ok(()) };
            let before = shares.sum()?;
            shares.add(part.window, part.amount)?;
            conserved("containers", origin(charge), part.amount, &[shares.sum()?.checked_sub(before)?])
        })?;
        moved.sort_unstable_by_key(|(instance, ..)| *instance);
        for (instance, shares) in moved {
            ledger.on_instance(Some(instance));
            self.own_shares(charge, instance, &shares, ledger)?;
            for not_run in [shares.empty_host, shares.not_run].into_iter().flatten() {
                let own_tags = || self.tags.area_of_charge(charge);
                let area = self.tags.area_of_resource(instance).or_else(own_tags);
                self.tags.own(charge, area.map(|area| (area, Mechanism::Volume)), not_run, ledger)?;
            }
        }
        ledger.on_instance(None);
        if let Some(detached) = stays.detached {
            match self.policy.volumes.detached {
                Unused::Owner => self.own_tagged(charge, Mechanism::Tag, detached, ledger)?,
                Unused::Separate => {
                    let claim = Claim::idle(self.tags.area_of_charge(charge), IdleReason::Detached);
                    ledger.add(origin(charge), claim, detached)?;
                }
            }
        }
        stays.untimed.map_or(Ok(()), |amount| self.own_tagged(charge, Mechanism::Tag, amount, ledger))
    }

    fn own_shares(
        &self,
        charge: &'a Charge,
        instance: &'a str,
        shares: &Shares<'_, 'a>,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        for (service, amount) in shares.services() {
            own_service(charge, service, amount, ledger)?;
        }
        let idle = |amount| self.own_idle(charge, instance, IdleReason::Unreserved, amount, ledger);
        shares.unreserved.map_or(Ok(()), idle)
    }

    fn own_idle(
        &self,
        charge: &'a Charge,
        instance: &'a str,
        reason: IdleReason,
        amount: Amount,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        ledger.add(origin(charge), Claim::idle(self.tags.area_of_resource(instance), reason), amount)
    }

    fn own_tagged(
        &self,
        charge: &'a Charge,
        mechanism: Mechanism,
        amount: Amount,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let area = self.tags.area_of_charge(charge);
        self.tags.own(charge, area.map(|area| (area, mechanism)), amount, ledger)
    }
}

/// A service's part: its area's, or nobody's where the service is unmapped (R16).
fn own_service<'a>(
    charge: &'a Charge,
    service: &ServiceOwner<'a>,
    amount: Amount,
    ledger: &mut Ledger<'a>,
) -> Result<()> {
    let origin = origin(charge);
    if let Some(area) = service.area {
        let claim = Claim::area(area, Mechanism::Ecs).with_service(service.cluster, service.service);
        return ledger.add(origin, claim, amount);
    }
    let claim = Claim::unattributed().with_service(service.cluster, service.service);
    ledger.add_unattributed(origin, claim, charge.key().resource_id(), amount)
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

fn products_with_covered_usage(bill: &Bill) -> BTreeSet<&str> {
    let covered = bill.charges().iter().filter(|charge| charge.key().kind() == LineItemKind::DiscountedUsage);
    covered.map(|charge| charge.key().product()).collect()
}

/// The identity of the promise, for every product and usage account (spec 0.1).
fn reconcile<'a>(mut billed: Billed<'a>, fees: &Fees<'a>, ledger: &Ledger<'a>) -> Result<()> {
    for (origin, moved) in &fees.moved {
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

fn report(job: &Attribution<'_>, mut ledger: Ledger<'_>, attributed: &mut Attributed<'_>) -> Result<Report> {
    let Attributed { period, currency, fees, tags, reallocations, found, .. } = attributed;
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
        carried_in: fees.carried_in,
        deferred: fees.deferred,
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
        digests: digests(job)?,
        inputs: bill.inputs().iter().cloned().collect(),
        diagnostics: found.list(),
    })
}

fn digests(job: &Attribution<'_>) -> Result<ReportDigests> {
    Ok(ReportDigests {
        bill: job.bill.digest()?,
        policy: job.policy.digest(),
        evidence: job.evidence.digest(),
        reservations: job.reservations.digest(),
    })
}
