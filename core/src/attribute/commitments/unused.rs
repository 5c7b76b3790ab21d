//! What nothing used of a commitment (spec 5.6, 6.3, R59, R61).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::super::claim::{Claim, Origin, Owner};
use super::super::idle::IdleShares;
use super::super::ledger::{Ledger, UnusedOf};
use super::super::tags::{Tags, origin};
use super::super::{Stages, shared::Pools};
use super::by_cost::{share, weights};
use super::by_rows::is_covered;
use super::fees::FeePart;
use super::follow::Pushed;
use super::stated::{Purchased, Summary};
use crate::bill::{Bill, Charge, ChargeKey};
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

/// Who pays for what nothing used of a charge's commitment, where an amortized basis says so and the policy asks.
pub(in super::super) fn owner_of_charge<'a>(
    charge: &'a Charge,
    tags: &Tags<'a>,
    policy: CommitmentPolicy,
) -> Option<&'a str> {
    let owner = || tags.area_of_own(charge).or_else(|| tags.default_of(origin(charge).account));
    if policy.unused == UnusedCommitment::Owner { owner() } else { None }
}

/// Who pays for what nothing used of a fee, where the policy asks: its rows' tags or cost categories, where they agree,
/// else its account's default.
pub(super) fn owner_of_fee<'a>(part: &FeePart<'a>, tags: &Tags<'a>, policy: CommitmentPolicy) -> Option<&'a str> {
    if policy.unused != UnusedCommitment::Owner {
        return None;
    }
    let mut areas = part.charges.iter().map(|charge| tags.area_of_own(charge));
    let first = areas.next().flatten();
    let agreed = first.filter(|area| areas.all(|other| other == Some(*area)));
    agreed.or_else(|| tags.default_of(part.origin.account))
}

/// Gives what nothing used to its owner, else keeps it as a row of its own.
pub(in super::super) fn own_unused<'a>(
    of: UnusedOf<'a>,
    owner: Option<&'a str>,
    amount: Amount,
    ledger: &mut Ledger<'a>,
) -> Result<()> {
    match owner {
        Some(area) => ledger.add(of.0, Claim::area(area, Mechanism::Reservation), amount),
        None => ledger.add_unused(of, amount),
    }
}

/// Where the usage that commitments cover is found.
pub(super) struct CoveredUsage<'s, 'a> {
    pub(super) bill: &'a Bill,
    pub(super) currency: Currency,
    pub(super) stages: &'s Stages<'a>,
    pub(super) pools: &'s Pools<'a>,
}

impl<'a> CoveredUsage<'_, 'a> {
    /// Gives what covered usage costs to its owners, by the route that fees take; nothing of it where a pool took it.
    pub(super) fn own(
        &self,
        idle: &IdleShares<'a>,
        is_wanted: impl Fn(&'a ChargeKey) -> bool,
        to: &mut Ledger<'a>,
    ) -> Result<()> {
        for charge in self.bill.charges() {
            let key = charge.key();
            if is_covered(key.kind()) && key.currency() == self.currency && is_wanted(key) && !self.pools.takes(charge)
            {
                let own = Pushed { origin: origin(charge), charge, amount: charge.amount() };
                own.follow(self.stages, None, to)?;
            }
        }
        to.share_idle(Some(idle))
    }

    /// What unused commitment is shared by; `covered` is the covered usage of all products.
    fn weights(
        &self,
        by: By<'a>,
        covered: &Ledger<'a>,
        policy: CommitmentPolicy,
        idle: &IdleShares<'a>,
    ) -> Result<Weights<'a>> {
        let mut own = Ledger::default();
        let owners = match by {
            By::Product(product) => covered.owners_of(product)?,
            By::Id(payer, id) => {
                self.own(idle, |key| (key.payer(), key.reservation_id()) == (payer, id), &mut own)?;
                own.owners_where(|_| true)?
            }
            By::Payer(payer) => {
                self.own(idle, |key| key.payer() == payer, &mut own)?;
                own.owners_where(|_| true)?
            }
        };
        Ok(weights(owners, policy, |_, _| {}))
    }
}

type Weights<'a> = Vec<(Owner<'a>, u128)>;

/// What unused commitment is shared by: what owners have of the covered usage of a product, of a commitment's id, or of
/// all of a payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By<'a> {
    Product(&'a str),
    Id(&'a str, &'a str),
    Payer(&'a str),
}

/// Shares unused commitment among the owners of the covered usage of its product; where there are none, because a
/// commitment is bought as another product than it covers, of what names its id, else of its payer.
pub(super) fn share_among<'a>(
    usage: &CoveredUsage<'_, 'a>,
    covered: &Ledger<'a>,
    policy: CommitmentPolicy,
    ledger: &mut Ledger<'a>,
) -> Result<()> {
    let mut known: BTreeMap<By<'a>, Weights<'a>> = BTreeMap::new();
    let mut sums: BTreeMap<(By<'a>, Origin<'a>), Amount> = BTreeMap::new();
    let mut taken: BTreeSet<UnusedOf<'a>> = BTreeSet::new();
    for (of, amount) in ledger.unused() {
        let (origin, payer, id) = *of;
        let by_id = Some(By::Id(payer, id)).filter(|_| !id.is_empty());
        for by in [Some(By::Product(origin.product)), by_id, Some(By::Payer(payer))].into_iter().flatten() {
            let weights = match known.entry(by) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(usage.weights(by, covered, policy, &ledger.idle)?),
            };
            if weights.iter().any(|(_, weight)| *weight > 0) {
                let sum = sums.entry((by, origin)).or_default();
                *sum = sum.checked_add(*amount)?;
                taken.insert(*of);
                break;
            }
        }
    }
    ledger.take_unused(&taken)?;
    for ((by, origin), amount) in sums {
        share(origin, amount, known.get(&by).map(Vec::as_slice).unwrap_or_default(), ledger)?;
    }
    Ok(())
}
