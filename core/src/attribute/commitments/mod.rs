//! Commitment fees: set aside, amortized, and shared by the usage they cover or by cost (spec 5.2, 5.6, 6).
//!
//! Contract: [`Commitments::of_period`] computes this period's part of every fee and finds what each commitment covers;
//! [`Commitments::share`] gives every part to owners, and to the pools that take it or what it covers.
//!
//! Invariants:
//! - parts keep the product and usage account of their fee, whatever they are pushed onto;
//! - no hour of covered usage is used by two commitments (R57);
//! - by cost, weights are what owners had before any fee of the product was shared (R23).

mod by_cost;
mod by_rows;
mod explained;
mod fees;
mod follow;
mod groups;
mod stated;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_by_rows;
#[cfg(test)]
mod tests_terms;
mod unused;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use super::Stages;
use super::claim::Origin;
use super::conserved::conserved;
use super::ledger::Ledger;
use super::shared::Pools;
use crate::amortize::ReservationBook;
use crate::bill::Bill;
use crate::classify::LineItemKind;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::policy::{CommitmentPolicy, Share, UnusedCommitment};
use crate::split::split;
use crate::time::BillingPeriod;

pub(super) use fees::{check_terms, is_set_aside};
pub(super) use unused::{own_unused, owner_of_charge};

use fees::Fees;
use follow::Pushed;
use groups::{Group, GroupKey, Groups, Scope};

/// This period's commitments.
#[derive(Debug)]
pub(super) struct Commitments<'a> {
    policy: CommitmentPolicy,
    currency: Currency,
    fees: Fees<'a>,
    groups: Groups<'a>,
    /// What was split off as unused.
    unused_costs: BTreeMap<GroupKey<'a>, Amount>,
}

/// Parts by the position of their fee.
type Parts = Vec<(usize, Amount)>;

/// Where the parts of fees go, by position, before any of them goes there.
#[derive(Default)]
struct Plan<'a> {
    by_cost: Parts,
    by_usage: BTreeMap<(GroupKey<'a>, Origin<'a>), Amount>,
    unused: Parts,
}

impl<'a> Commitments<'a> {
    /// The commitments whose fees have a part in this period, with what they cover.
    pub(super) fn of_period(
        bill: &'a Bill,
        book: &'a ReservationBook,
        policy: CommitmentPolicy,
        period: BillingPeriod,
        currency: Currency,
    ) -> Result<Self> {
        let fees = Fees::of_period(bill, book, policy, period, currency)?;
        let groups = Groups::of(bill, currency, &fees.parts)?;
        Ok(Self { policy, currency, fees, groups, unused_costs: BTreeMap::new() })
    }

    /// This period's part of fees billed in other periods.
    pub(super) fn carried_in(&self) -> Amount {
        self.fees.carried_in
    }

    /// The part of this period's fees that belongs to other periods.
    pub(super) fn deferred(&self) -> Amount {
        self.fees.deferred
    }

    /// What fees add to the bill by origin: −deferred and +carried in.
    pub(super) fn moved(&self) -> &BTreeMap<Origin<'a>, Amount> {
        &self.fees.moved
    }

    /// Gives the parts to pools and rules that match them, and the rest to owners by usage or by cost.
    pub(super) fn share(
        &mut self,
        bill: &'a Bill,
        stages: &Stages<'a>,
        pools: &mut Pools<'a>,
        ledger: &mut Ledger<'a>,
        found: &mut Diagnostics,
    ) -> Result<()> {
        let mut is_taken = Vec::with_capacity(self.fees.parts.len());
        for part in &self.fees.parts {
            is_taken.push(pools.take(&part.subject(), part.origin, part.amount)?);
        }
        for (part, is_taken) in self.fees.parts.iter().zip(&mut is_taken) {
            *is_taken = *is_taken || stages.rules.own(&part.subject(), part.origin, part.amount, ledger)?;
        }
        let mut plan = self.plan(&is_taken, found)?;
        self.share_by_cost(&mut plan, bill, ledger, found)?;
        let mut covered = Ledger::default();
        self.share_by_usage(&plan, stages, pools, ledger, &mut covered)?;
        ledger.share_idle(None)?;
        covered.share_idle(Some(&ledger.idle))?;
        for (at, amount) in plan.unused {
            let Some(part) = self.fees.parts.get(at) else { continue };
            let of = (part.origin, part.payer, part.id().unwrap_or_default());
            own_unused(of, unused::owner_of_fee(part, &stages.tags, self.policy), amount, ledger)?;
        }
        if self.policy.unused == UnusedCommitment::Proportional {
            let usage = unused::CoveredUsage { bill, currency: self.currency, stages, pools };
            if stages.is_amortized {
                usage.own(&ledger.idle, |_| true, &mut covered)?;
            }
            unused::share_among(&usage, &covered, self.policy, ledger)?;
        }
        Ok(())
    }

    /// Decides how the parts that nobody took are shared, and splits off what nothing used.
    fn plan(&mut self, is_taken: &[bool], found: &mut Diagnostics) -> Result<Plan<'a>> {
        let mut plan = Plan::default();
        let Self { policy, fees, groups, unused_costs, .. } = self;
        for (key, group) in &groups.groups {
            let left = || group.parts.iter().copied().filter(|at| is_taken.get(*at) == Some(&false));
            let by_usage = match policy.share {
                Share::Cost => false,
                Share::Usage => true,
                Share::Auto => groups.coverable.contains(&(key.0, key.1)),
            };
            let parts = left().filter_map(|at| Some((at, fees.parts.get(at)?)));
            if !by_usage {
                plan.by_cost.extend(parts.map(|(at, part)| (at, part.amount)));
                continue;
            }
            let mut used = Vec::new();
            for (at, part) in parts {
                let [of_used, of_unused] = unused::split_off(part, group.purchased)?;
                used.extend(of_used.map(|amount| (at, amount)));
                plan.unused.extend(of_unused.map(|amount| (at, amount)));
                let sum = unused_costs.entry(*key).or_default();
                *sum = sum.checked_add(of_unused.unwrap_or_default())?;
            }
            if !group.covered.is_empty() {
                for (at, amount) in used {
                    let Some(part) = fees.parts.get(at) else { continue };
                    let sum = plan.by_usage.entry((*key, part.origin)).or_default();
                    *sum = sum.checked_add(amount)?;
                }
            } else if !used.is_empty() {
                note_nothing_covered(key, policy.share, found);
                if policy.share == Share::Usage {
                    let sum = unused_costs.entry(*key).or_default();
                    *sum = used.iter().try_fold(*sum, |sum, (_, amount)| sum.checked_add(*amount))?;
                    plan.unused.extend(used);
                } else {
                    plan.by_cost.extend(used);
                }
            }
        }
        Ok(plan)
    }

    /// Shares each product's sums by what its owners have (R23); what nobody can share is unused.
    fn share_by_cost(
        &self,
        plan: &mut Plan<'a>,
        bill: &Bill,
        ledger: &mut Ledger<'a>,
        found: &mut Diagnostics,
    ) -> Result<()> {
        if plan.by_cost.is_empty() {
            return Ok(());
        }
        let covered =
            if self.policy.share == Share::Cost { products_with_covered_usage(bill) } else { BTreeSet::new() };
        let mut products: BTreeMap<&str, BTreeMap<Origin<'a>, Parts>> = BTreeMap::new();
        plan.by_cost.sort_unstable();
        for (at, amount) in std::mem::take(&mut plan.by_cost) {
            let Some(origin) = self.fees.parts.get(at).map(|part| part.origin) else { continue };
            products.entry(origin.product).or_default().entry(origin).or_default().push((at, amount));
        }
        for (product, origins) in products {
            if covered.contains(product) {
                let message = format!("fees of `{product}` are shared by cost although it has covered usage");
                found.add(DiagnosticCode::CommitmentCostShare, message, 1, None);
            }
            let weights = by_cost::weights_of(product, self.policy, ledger, found)?;
            for (origin, parts) in origins {
                let sum = Amount::sum(parts.iter().map(|(_, amount)| *amount))?;
                if !by_cost::share(origin, sum, &weights, ledger)? {
                    plan.unused.extend(parts);
                }
            }
        }
        Ok(())
    }

    /// Pushes each sum onto the charges that its commitment covers, by normalized hours.
    fn share_by_usage(
        &self,
        plan: &Plan<'a>,
        stages: &Stages<'a>,
        pools: &mut Pools<'a>,
        ledger: &mut Ledger<'a>,
        covered: &mut Ledger<'a>,
    ) -> Result<()> {
        for ((key, origin), sum) in &plan.by_usage {
            let Some(Group { covered: usage, .. }) = self.groups.groups.get(key) else { continue };
            // Charges are sorted, so that positions order like their keys.
            let weights: Vec<_> = usage.iter().map(|usage| usage.hours).enumerate().collect();
            let parts = split(*sum, &weights)?.unwrap_or_default();
            conserved("commitment fees", *origin, *sum, &parts)?;
            for (usage, amount) in usage.iter().zip(parts) {
                let pushed = Pushed { origin: *origin, charge: usage.charge, amount };
                ledger.look_at(Some(usage.charge));
                ledger.by_commitment(Some(&name_of(key)));
                pushed.follow(stages, Some(pools), ledger)?;
                if self.policy.unused == UnusedCommitment::Proportional {
                    pushed.follow(stages, None, covered)?;
                }
            }
            ledger.look_at(None);
            ledger.by_commitment(None);
        }
        Ok(())
    }
}

fn note_nothing_covered(key: &GroupKey<'_>, share: Share, found: &mut Diagnostics) {
    let becomes = if share == Share::Usage { "unused" } else { "shared by cost" };
    let message = format!("{} of `{}` covers no usage of the bill; its fees are {becomes}", name_of(key), key.1);
    found.add(DiagnosticCode::CommitmentNothingCovered, message, 1, None);
}

/// A commitment in words.
fn name_of((_, _, scope): &GroupKey<'_>) -> String {
    match scope {
        Scope::Id(id) => format!("commitment `{id}`"),
        Scope::Zone { zone, name } => format!("commitment for `{name}` in `{zone}`"),
        Scope::Family { prefix: "", family } => format!("commitment for `{family}`"),
        Scope::Family { prefix, family } => format!("commitment for `{family}` in `{prefix}`"),
        Scope::Product => "commitment".to_owned(),
    }
}

fn products_with_covered_usage(bill: &Bill) -> BTreeSet<&str> {
    let covered = bill.charges().iter().filter(|charge| charge.key().kind() == LineItemKind::DiscountedUsage);
    covered.map(|charge| charge.key().product()).collect()
}
