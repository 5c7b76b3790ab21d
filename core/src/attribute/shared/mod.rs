//! Shared pools: set aside on original attributes, shared once everything else has an owner (spec 5.7).
//!
//! Invariants: every pool is shared on the totals before any pool, so that pools do not depend on each other but for the
//! first that matches taking a charge; parts keep the product and usage account of what they are of.

mod providers;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Origin, Owner};
use super::conserved::conserved;
use super::explain::{Contribution, ExplainedCharge, ExplainedPool};
use super::ledger::Ledger;
use super::overlaps::Overlaps;
use super::rules::{Matcher, Subject, weights};
use super::tags::origin;
use crate::bill::{Bill, Charge};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::policy::{Among, Policy, PoolMethod, PoolScope, SharedPool, is_in_effect};
use crate::rollup::{Mechanism, RowKind};
use crate::split::split;
use crate::time::BillingPeriod;

pub(super) use providers::reallocate;

/// The pools in effect, and what they took.
pub(super) struct Pools<'a> {
    policy: &'a Policy,
    period: BillingPeriod,
    in_effect: Vec<CompiledPool<'a>>,
    /// Names of the pools that are not in effect.
    not_in_effect: Vec<Cow<'a, str>>,
    /// What was taken, by position in `in_effect` and origin.
    taken: BTreeMap<(usize, Origin<'a>), Amount>,
    overlaps: Overlaps,
}

struct CompiledPool<'a> {
    pool: &'a SharedPool,
    name: Cow<'a, str>,
    matcher: Matcher,
}

/// The part of the bill whose cost a pool compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope<'a> {
    All,
    Account(&'a str),
    Product(&'a str),
}

/// Who takes part, with integer weights.
type Shares<'a> = Vec<(Owner<'a>, u128)>;

/// What every owner was attributed before any pool.
struct Before<'a>(BTreeMap<Scope<'a>, BTreeMap<Owner<'a>, Amount>>);

impl<'a> Before<'a> {
    fn of(ledger: &Ledger<'a>) -> Result<Self> {
        let mut totals: BTreeMap<Scope<'a>, BTreeMap<Owner<'a>, Amount>> = BTreeMap::new();
        for (origin, claim, amount) in ledger.amounts() {
            for scope in [Scope::All, Scope::Account(origin.account), Scope::Product(origin.product)] {
                let sum = totals.entry(scope).or_default().entry(claim.owner()).or_default();
                *sum = sum.checked_add(amount)?;
            }
        }
        Ok(Self(totals))
    }

    fn owners(&self, scope: Scope<'a>) -> impl Iterator<Item = (Owner<'a>, Amount)> {
        self.0.get(&scope).into_iter().flatten().map(|(owner, amount)| (*owner, *amount))
    }

    fn has_area(&self, area: &str) -> bool {
        self.owners(Scope::All).any(|(owner, _)| owner == Owner::area(area))
    }
}

impl<'a> Pools<'a> {
    pub(super) fn new(policy: &'a Policy, bill: &Bill, period: BillingPeriod) -> Result<Self> {
        let (mut in_effect, mut not_in_effect) = (Vec::new(), Vec::new());
        for (position, pool) in policy.shared.iter().enumerate() {
            let name = pool.name_at(position);
            if is_in_effect(pool.from, pool.to, period) {
                in_effect.push(CompiledPool { pool, name, matcher: Matcher::new(&pool.matches, policy, bill)? });
            } else {
                not_in_effect.push(name);
            }
        }
        let (taken, overlaps) = (BTreeMap::new(), Overlaps::default());
        Ok(Self { policy, period, in_effect, not_in_effect, taken, overlaps })
    }

    /// Sets a charge aside for the first pool that matches it; `false` where none does.
    pub(super) fn take_charge(&mut self, charge: &'a Charge) -> Result<bool> {
        if self.in_effect.is_empty() {
            return Ok(false);
        }
        self.take(&Subject::Charge(charge.key()), origin(charge), charge.amount())
    }

    /// Sets an amount aside for the first pool that matches it; `false` where none does.
    pub(super) fn take(&mut self, subject: &Subject<'_>, origin: Origin<'a>, amount: Amount) -> Result<bool> {
        let kinds = &self.policy.line_items.kinds;
        let mut matching = self.in_effect.iter().enumerate().filter(|(_, pool)| pool.matcher.matches(subject, kinds));
        let Some((at, _)) = matching.next() else { return Ok(false) };
        self.overlaps.take(at, matching.map(|(at, _)| at), amount)?;
        let sum = self.taken.entry((at, origin)).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(true)
    }

    /// Whether a pool takes a charge.
    pub(super) fn takes(&self, charge: &Charge) -> bool {
        self.first_of(charge).is_some()
    }

    /// Sets a part of a fee aside for the pool that took the charge it covers; `false` where none did.
    pub(super) fn take_along(&mut self, charge: &Charge, origin: Origin<'a>, amount: Amount) -> Result<bool> {
        let Some(at) = self.first_of(charge) else { return Ok(false) };
        let sum = self.taken.entry((at, origin)).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(true)
    }

    fn first_of(&self, charge: &Charge) -> Option<usize> {
        self.first(&Subject::Charge(charge.key()))
    }

    fn first(&self, subject: &Subject<'_>) -> Option<usize> {
        self.in_effect.iter().position(|pool| pool.matcher.matches(subject, &self.policy.line_items.kinds))
    }

    /// The name of the first pool that matches.
    pub(super) fn first_name(&self, subject: &Subject<'_>) -> Option<&str> {
        self.first(subject).and_then(|at| self.in_effect.get(at)).map(|pool| &*pool.name)
    }

    /// Gives what was taken to those who take part, or keeps it.
    pub(super) fn share(&self, ledger: &mut Ledger<'a>, currency: Currency, found: &mut Diagnostics) -> Result<()> {
        self.report(currency, found);
        if self.taken.is_empty() {
            return Ok(());
        }
        let before = Before::of(ledger)?;
        let mut shares: BTreeMap<(usize, Scope<'a>), Shares<'a>> = BTreeMap::new();
        for ((at, origin), amount) in &self.taken {
            let Some(compiled) = self.in_effect.get(*at) else { continue };
            let scope = compiled.scope(*origin);
            let shares = match shares.entry((*at, scope)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(compiled.shares(scope, &before, self.period, found)?),
            };
            ledger.by_pool(Some(&compiled.name));
            compiled.give(*origin, *amount, shares, ledger)?;
        }
        ledger.by_pool(None);
        Ok(())
    }

    /// Reports pools that overlapped, took nothing, or are not in effect.
    fn report(&self, currency: Currency, found: &mut Diagnostics) {
        let name = |at: usize| self.in_effect.get(at).map(|pool| &*pool.name).unwrap_or_default();
        for (first, later, charges, amount) in self.overlaps.pairs() {
            let (first, later) = (name(first), name(later));
            let message = format!(
                "shared pool `{first}` comes before shared pool `{later}`: charges of {amount} {currency} match both"
            );
            found.add(DiagnosticCode::SharedOverlap, message, charges, None);
        }
        for (at, pool) in self.in_effect.iter().enumerate().filter(|(at, _)| !self.overlaps.has_taken(*at)) {
            let name = &pool.name;
            let (code, message) = match self.overlaps.missed(at) {
                None => (DiagnosticCode::SharedNeverMatched, format!("shared pool `{name}` matched no charge")),
                Some(amount) => (
                    DiagnosticCode::SharedShadowed,
                    format!("shared pool `{name}` matches only what earlier ones take, {amount} {currency}"),
                ),
            };
            found.add(code, message, 1, None);
        }
        for name in &self.not_in_effect {
            let message = format!("shared pool `{name}` is not in effect in the period");
            found.add(DiagnosticCode::SharedNotInEffect, message, 1, None);
        }
    }

    /// The pools that gave to these contributions, with their charges among those given, and these charges.
    pub(super) fn explained(
        &self,
        contributions: &[Contribution],
        charges: impl Iterator<Item = &'a Charge>,
    ) -> (Vec<ExplainedPool>, Vec<&'a Charge>) {
        let of = |c: &Contribution| Some((c.pool.clone()?, c.product.clone(), c.usage_account.clone()));
        let wanted: BTreeSet<_> = contributions.iter().filter_map(of).collect();
        let mut pools: BTreeMap<(usize, Origin<'a>), ExplainedPool> = BTreeMap::new();
        for ((at, origin), cost) in &self.taken {
            let Some(compiled) = self.in_effect.get(*at) else { continue };
            let (pool, product, usage_account) =
                (compiled.name.to_string(), origin.product.to_owned(), origin.account.to_owned());
            if wanted.contains(&(pool.clone(), product.clone(), usage_account.clone())) {
                let explained = ExplainedPool { pool, product, usage_account, cost: *cost, charges: Vec::new() };
                pools.insert((*at, *origin), explained);
            }
        }
        if pools.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let mut given = Vec::new();
        for charge in charges {
            if let Some(pool) = self.first_of(charge).and_then(|at| pools.get_mut(&(at, origin(charge)))) {
                pool.charges.push(ExplainedCharge::of(charge));
                given.push(charge);
            }
        }
        let mut pools: Vec<ExplainedPool> = pools.into_values().collect();
        for pool in &mut pools {
            pool.charges.sort_unstable();
        }
        pools.sort_unstable();
        (pools, given)
    }
}

impl<'a> CompiledPool<'a> {
    fn scope(&self, origin: Origin<'a>) -> Scope<'a> {
        match self.pool.of {
            PoolScope::All => Scope::All,
            PoolScope::Account => Scope::Account(origin.account),
            PoolScope::Product => Scope::Product(origin.product),
        }
    }

    /// Who takes part in one scope; nobody where it is kept.
    fn shares(
        &self,
        scope: Scope<'a>,
        before: &Before<'a>,
        period: BillingPeriod,
        found: &mut Diagnostics,
    ) -> Result<Shares<'a>> {
        let as_area = |(area, weight): (&'a str, u128)| (Owner::area(area), weight);
        let shares: Shares<'a> = match self.pool.method {
            PoolMethod::Keep => return Ok(Vec::new()),
            PoolMethod::Proportional | PoolMethod::Even => self.by_cost(scope, before, found),
            PoolMethod::Fixed => {
                let shares = self.pool.shares.iter().map(|(area, share)| (area.as_str(), *share)).collect();
                weights(&shares)?.into_iter().map(as_area).collect()
            }
            PoolMethod::Metric => {
                let metric = self.pool.metric_in(period)?;
                for area in metric.keys().filter(|area| !before.has_area(area)) {
                    let message =
                        format!("area `{area}` of the metric of shared pool `{}` has no cost of its own", self.name);
                    found.add(DiagnosticCode::SharedUnknownArea, message, 1, None);
                }
                weights(&metric)?.into_iter().map(as_area).collect()
            }
        };
        if shares.iter().all(|(_, weight)| *weight == 0) {
            let message = format!("nobody takes part in shared pool `{}`{}", self.name, scope.name());
            found.add(DiagnosticCode::SharedNothingToShareBy, message, 1, None);
        }
        Ok(shares)
    }

    /// Weights by what owners were attributed: their cost, or one each.
    fn by_cost(&self, scope: Scope<'a>, before: &Before<'a>, found: &mut Diagnostics) -> Shares<'a> {
        let mut shares = Vec::new();
        for (owner, amount) in before.owners(scope) {
            if self.pool.among == Among::Areas && owner.row_kind != RowKind::Area {
                continue;
            }
            if amount.is_negative() {
                let (owner, of_scope) = (owner.name(), scope.name());
                let message =
                    format!("{owner} has {amount}{of_scope} and takes no part of shared pool `{}`", self.name);
                found.add(DiagnosticCode::SharedNegativeWeight, message, 1, None);
            }
            let weight = match self.pool.method {
                PoolMethod::Even => u128::from(!amount.is_negative()),
                _ => u128::try_from(amount.units()).unwrap_or(0),
            };
            shares.push((owner, weight));
        }
        shares
    }

    fn give(
        &self,
        origin: Origin<'a>,
        amount: Amount,
        shares: &[(Owner<'a>, u128)],
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let Some(parts) = split(amount, shares)? else { return ledger.keep(origin, &self.name, amount) };
        conserved("shared pools", origin, amount, &parts)?;
        for ((owner, weight), part) in shares.iter().zip(parts) {
            if *weight == 0 {
                continue;
            }
            let claim = owner.part(Mechanism::Shared);
            if claim.row_kind == RowKind::Unattributed {
                ledger.add_unattributed(origin, claim, "", part)?;
            } else {
                ledger.add(origin, claim, part)?;
            }
        }
        Ok(())
    }
}

impl Scope<'_> {
    fn name(self) -> String {
        match self {
            Self::All => String::new(),
            Self::Account(account) => format!(" of account `{account}`"),
            Self::Product(product) => format!(" of product `{product}`"),
        }
    }
}
