//! What nothing used of a commitment (spec 5.6, 6.3, R59, R61).

use std::collections::BTreeMap;

use super::super::claim::{Claim, Origin};
use super::super::ledger::Ledger;
use super::super::tags::{Tags, origin};
use super::super::{Stages, shared::Pools};
use super::by_cost::{share, weights};
use super::fees::FeePart;
use super::follow::Pushed;
use super::stated::{Purchased, Summary};
use crate::bill::{Bill, Charge};
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::policy::{CommitmentPolicy, UnusedCommitment};
use crate::rollup::Mechanism;
use crate::split::split;

/// The used and the unused part of a fee; `None` where one of them has no weight.
pub(super) fn split_off(part: &FeePart<'_>, of_group: Option<Purchased>) -> Result<[Option<Amount>; 2]> {
    let Purchased { whole, unused } = match part.summary()? {
        Some(Summary { is_unused_only: true, .. }) => Purchased { whole: 1, unused: 1 },
        Some(Summary { hours, .. }) => hours,
        None => of_group.unwrap_or(Purchased { whole: 1, unused: 0 }),
    };
    // Used before unused where a unit is left over.
    let weights = [(0, whole.saturating_sub(unused)), (1, unused)];
    let parts = split(part.amount, &weights)?.unwrap_or_default();
    let mut halves = weights.iter().zip(parts).map(|((_, weight), part)| (*weight > 0).then_some(part));
    Ok([halves.next().flatten(), halves.next().flatten()])
}

/// Who pays for what nothing used of a charge's commitment, where an amortized basis says so.
pub(in super::super) fn claim_of_charge<'a>(
    charge: &'a Charge,
    tags: &Tags<'a>,
    policy: CommitmentPolicy,
) -> Claim<'a> {
    let owner = || tags.area_of_own(charge).or_else(|| tags.default_of(origin(charge).account));
    claim(policy, owner)
}

/// Who pays for what nothing used of a fee: its rows' tags or cost categories, where they agree, else its account's default.
pub(super) fn claim_of_fee<'a>(part: &FeePart<'a>, tags: &Tags<'a>, policy: CommitmentPolicy) -> Claim<'a> {
    let mut areas = part.charges.iter().map(|charge| tags.area_of_own(charge));
    let first = areas.next().flatten();
    let agreed = first.filter(|area| areas.all(|other| other == Some(*area)));
    claim(policy, || agreed.or_else(|| tags.default_of(part.origin.account)))
}

fn claim<'a>(policy: CommitmentPolicy, owner: impl FnOnce() -> Option<&'a str>) -> Claim<'a> {
    let owner = if policy.unused == UnusedCommitment::Owner { owner() } else { None };
    owner.map_or_else(Claim::unused_commitment, |area| Claim::area(area, Mechanism::Reservation))
}

/// Gives what covered usage costs in an amortized basis to its owners, by the route that fees take.
pub(super) fn own_covered<'a>(
    bill: &'a Bill,
    currency: Currency,
    stages: &Stages<'a>,
    pools: &Pools<'a>,
    to: &mut Ledger<'a>,
) -> Result<()> {
    let is_covered = |kind| matches!(kind, LineItemKind::DiscountedUsage | LineItemKind::SavingsPlanCoveredUsage);
    for charge in bill.charges() {
        let key = charge.key();
        if is_covered(key.kind()) && key.currency() == currency && !pools.takes(charge) {
            let own = Pushed { origin: origin(charge), charge, amount: charge.amount() };
            own.follow(stages, None, to)?;
        }
    }
    Ok(())
}

/// Shares all unused commitment among the owners of the covered usage of its product, where there are any.
pub(super) fn share_among<'a>(covered: &Ledger<'a>, policy: CommitmentPolicy, ledger: &mut Ledger<'a>) -> Result<()> {
    let mut sums: BTreeMap<Origin<'a>, Amount> = BTreeMap::new();
    for (origin, claim, amount) in ledger.amounts() {
        if claim == Claim::unused_commitment() {
            let sum = sums.entry(origin).or_default();
            *sum = sum.checked_add(amount)?;
        }
    }
    for (origin, amount) in sums {
        let weights = weights(covered.owners_of(origin.product)?, policy, |_, _| {});
        if weights.iter().any(|(_, weight)| *weight > 0) {
            ledger.take_unused(origin)?;
            share(origin, amount, &weights, ledger)?;
        }
    }
    Ok(())
}
