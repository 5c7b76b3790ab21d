//! Providers: cost of product areas that work for others, reallocated to them (spec 5.8).
//!
//! What providers take of each other is solved as the linear system it is, in whole numbers of any size: with the keys
//! `k` of a provider and their sum `S`, its final shares are `F[p][c] = (Σ k[p][q]·F[q][c] + k[p][c]) / S[p]`. Nothing is
//! rounded before the shares become integer weights of total 10³⁰.
//!
//! Invariants: the shares of a provider sum to 1; parts keep the product and usage account of what they are of; a
//! provider with consumers ends with no cost.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;

use super::super::claim::{Claim, Origin};
use super::super::conserved::conserved;
use super::super::ledger::Ledger;
use super::super::rules::weights;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ProductArea;
use crate::money::Amount;
use crate::policy::{Keys, Policy, is_in_effect, keys_in};
use crate::rollup::{Mechanism, Reallocation, RowKind};
use crate::split::split;
use crate::time::BillingPeriod;

/// What the weights of one provider's final shares sum to.
const WHOLE: u128 = 10u128.pow(30);

/// Moves the cost of providers to the areas that keep it; every hop with the amount that took it.
pub(in super::super) fn reallocate<'a>(
    policy: &'a Policy,
    period: BillingPeriod,
    ledger: &mut Ledger<'a>,
    found: &mut Diagnostics,
) -> Result<Vec<Reallocation>> {
    if policy.providers.is_empty() {
        return Ok(Vec::new());
    }
    let keys = keys_in(&policy.providers, Some(period))?;
    let areas: BTreeSet<&str> = ledger
        .amounts()
        .filter(|(_, claim, _)| claim.row_kind == RowKind::Area)
        .filter_map(|(_, claim, _)| claim.area)
        .collect();
    report(policy, period, &keys, &areas, found);
    let providers: BTreeSet<&str> = keys.keys().copied().collect();
    let mut moved: BTreeMap<&'a str, BTreeMap<Origin<'a>, Amount>> = BTreeMap::new();
    for (area, origin, amount) in ledger.take_cost_of(&providers)? {
        let sum = moved.entry(area).or_default().entry(origin).or_default();
        *sum = sum.checked_add(amount)?;
    }
    let shares = FinalShares::solve(&keys)?;
    for (provider, by_origin) in &moved {
        let consumers = shares.weights_of(provider)?;
        ledger.by_provider(Some(provider));
        for (origin, amount) in by_origin {
            let parts = split(*amount, &consumers)?.unwrap_or_default();
            conserved("providers", *origin, *amount, &parts)?;
            for ((consumer, weight), part) in consumers.iter().zip(parts) {
                if *weight > 0 {
                    ledger.add(*origin, Claim::area(consumer, Mechanism::Reallocated), part)?;
                }
            }
        }
    }
    ledger.by_provider(None);
    let costs = moved.iter().map(|(provider, by_origin)| Ok((*provider, Amount::sum(by_origin.values().copied())?)));
    shares.hops(&costs.collect::<Result<_>>()?)
}

/// Reports what in the tables of keys is likely a mistake.
fn report(policy: &Policy, period: BillingPeriod, keys: &Keys<'_>, areas: &BTreeSet<&str>, found: &mut Diagnostics) {
    let declared: BTreeSet<&str> = policy.providers.iter().map(|provider| provider.area.as_str()).collect();
    let consumers: BTreeSet<&str> = keys.values().flat_map(BTreeMap::keys).copied().collect();
    let in_effect = policy.providers.iter().filter(|provider| is_in_effect(provider.from, provider.to, period));
    for provider in in_effect.map(|provider| provider.area.as_str()) {
        if !keys.contains_key(provider) {
            let message = format!("provider `{provider}` has no consumers and keeps its cost");
            found.add(DiagnosticCode::ProvidersNoConsumers, message, 1, None);
        } else if !areas.contains(provider) && !consumers.contains(provider) {
            let message = format!("provider `{provider}` has no cost");
            found.add(DiagnosticCode::ProvidersNoCost, message, 1, None);
        }
    }
    for consumer in consumers.iter().filter(|consumer| !areas.contains(*consumer) && !declared.contains(*consumer)) {
        let message = format!("consumer `{consumer}` has no cost of its own");
        found.add(DiagnosticCode::ProvidersUnknownArea, message, 1, None);
    }
    let rows = policy.providers.iter().flat_map(|provider| provider.keys.rows().unwrap_or_default());
    let named: BTreeSet<&str> = rows.filter_map(|row| row.provider.as_ref()).map(ProductArea::as_str).collect();
    for provider in named.difference(&declared) {
        let message = format!("keys of `{provider}` are not used: the policy has no such provider");
        found.add(DiagnosticCode::ProvidersUnusedKeys, message, 1, None);
    }
}

/// The solution: numerators over one denominator.
#[derive(Debug)]
struct FinalShares<'a> {
    providers: Vec<&'a str>,
    /// By provider, its consumers with integer keys.
    keys: Vec<Vec<(&'a str, u128)>>,
    /// Areas that take part and reallocate nothing, sorted.
    sinks: Vec<&'a str>,
    /// By provider: how often its cost comes by each provider, then its final share of each sink.
    rows: Vec<Vec<BigInt>>,
    denominator: BigInt,
}

impl<'a> FinalShares<'a> {
    fn solve(keys: &Keys<'a>) -> Result<Self> {
        let providers: Vec<&'a str> = keys.keys().copied().collect();
        let consumers: BTreeSet<&'a str> = keys.values().flat_map(BTreeMap::keys).copied().collect();
        let sinks: Vec<&'a str> = consumers.into_iter().filter(|area| !keys.contains_key(area)).collect();
        let keys: Vec<Vec<(&'a str, u128)>> = keys.values().map(weights).collect::<Result<_>>()?;
        let mut rows = Vec::with_capacity(providers.len());
        for (provider, consumers) in providers.iter().zip(&keys) {
            let key_of = |area: &&str| {
                let found = consumers.iter().find(|(consumer, _)| consumer == area);
                BigInt::from(found.map_or(0, |(_, key)| *key))
            };
            let sum: BigInt = consumers.iter().map(|(_, key)| BigInt::from(*key)).sum();
            let diagonal = |other: &&str| if other == provider { sum.clone() } else { BigInt::ZERO };
            let system = providers.iter().map(|other| diagonal(other) - key_of(other));
            let visits = providers.iter().map(diagonal);
            rows.push(system.chain(visits).chain(sinks.iter().map(key_of)).collect::<Vec<_>>());
        }
        let denominator = eliminate(&mut rows)?;
        for row in &mut rows {
            row.drain(..providers.len().min(row.len()));
            let shares: BigInt = row.iter().skip(providers.len()).sum();
            if shares != denominator {
                return Err(Error::new(ErrorCode::ReconcileResidual, "the shares of a provider do not sum to 1"));
            }
        }
        Ok(Self { providers, keys, sinks, rows, denominator })
    }

    /// The final shares of a provider as weights of total 10³⁰: floors, and the rest to the largest remainders, ties to
    /// the smaller name.
    fn weights_of(&self, provider: &str) -> Result<Vec<(&'a str, u128)>> {
        let row = self.providers.iter().zip(&self.rows).find(|(name, _)| **name == provider).map(|(_, row)| row);
        let shares = row.into_iter().flatten().skip(self.providers.len());
        let mut weights = Vec::with_capacity(self.sinks.len());
        let mut remainders = Vec::with_capacity(self.sinks.len());
        for (sink, share) in self.sinks.iter().zip(shares) {
            let scaled = share * BigInt::from(WHOLE);
            let floor = &scaled / &self.denominator;
            remainders.push((&floor * &self.denominator - scaled, weights.len()));
            weights.push((*sink, u128::try_from(floor).map_err(|_| overflow())?));
        }
        let given: u128 = weights.iter().map(|(_, weight)| weight).sum();
        // Remainders are negated and positions are in the order of the names: the largest remainder comes first.
        remainders.sort();
        let leftover = usize::try_from(WHOLE.saturating_sub(given)).unwrap_or(usize::MAX);
        for (_, at) in remainders.into_iter().take(leftover) {
            if let Some((_, weight)) = weights.get_mut(at) {
                *weight += 1;
            }
        }
        Ok(weights)
    }

    /// What each provider passes to each of its consumers, what it received included; rounded half-even.
    fn hops(&self, costs: &BTreeMap<&str, Amount>) -> Result<Vec<Reallocation>> {
        let cost_of = |provider: &&str| BigInt::from(costs.get(provider).copied().unwrap_or_default().units());
        let mut hops = Vec::new();
        for (at, (provider, consumers)) in self.providers.iter().zip(&self.keys).enumerate() {
            let visits = self.providers.iter().zip(&self.rows);
            let passed: BigInt = visits.filter_map(|(from, row)| Some(cost_of(from) * row.get(at)?)).sum();
            let sum: BigInt = consumers.iter().map(|(_, key)| BigInt::from(*key)).sum();
            for (consumer, key) in consumers {
                let units = half_even(&passed * BigInt::from(*key), &(&self.denominator * &sum));
                hops.push(Reallocation {
                    provider: (*provider).into(),
                    consumer: (*consumer).into(),
                    cost: Amount::from_units(i128::try_from(units).map_err(|_| overflow())?),
                });
            }
        }
        hops.sort_unstable();
        Ok(hops)
    }
}

/// Gauss–Jordan elimination without fractions (Bareiss): afterwards every row is divided by the number returned.
///
/// Every division is exact, because all entries are minors of the system. The pivots are those of a diagonally dominant
/// matrix from whose every row a sink is reached ([`Policy::check`]), so none is 0.
fn eliminate(rows: &mut [Vec<BigInt>]) -> Result<BigInt> {
    let mut before = BigInt::from(1);
    for at in 0..rows.len() {
        let pivot_row = rows.get_mut(at).map(std::mem::take).unwrap_or_default();
        let pivot = pivot_row.get(at).cloned().unwrap_or_default();
        if pivot == BigInt::ZERO {
            return Err(Error::new(
                ErrorCode::AttributeClosedCycle,
                "providers take each other's cost and no other area does",
            ));
        }
        for row in rows.iter_mut() {
            let factor = row.get(at).cloned().unwrap_or_default();
            for (entry, above) in row.iter_mut().zip(&pivot_row) {
                *entry = (&pivot * &*entry - &factor * above) / &before;
            }
        }
        if let Some(row) = rows.get_mut(at) {
            *row = pivot_row;
        }
        before = pivot;
    }
    Ok(before)
}

/// `numerator / denominator`, rounded half-even; the denominator is positive.
fn half_even(numerator: BigInt, denominator: &BigInt) -> BigInt {
    let two = BigInt::from(2);
    let floor = {
        let quotient = &numerator / denominator;
        if &quotient * denominator > numerator { quotient - 1 } else { quotient }
    };
    let twice = (numerator - &floor * denominator) * &two;
    let is_odd = &floor % &two != BigInt::ZERO;
    if twice > *denominator || (twice == *denominator && is_odd) { floor + 1 } else { floor }
}

fn overflow() -> Error {
    Error::new(ErrorCode::MoneyOverflow, "a reallocated amount leaves the range of exact amounts")
}
