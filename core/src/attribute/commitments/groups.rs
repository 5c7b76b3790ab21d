//! Which covered usage a commitment covers (spec 5.6, R57).
//!
//! Invariant: a covered charge belongs to at most one group, so that no hour is used twice.

use std::collections::{BTreeMap, BTreeSet};

use super::fees::FeePart;
use super::stated::{Purchased, Summary, normalized, overflow};
use crate::bill::{Bill, Charge, SizedType, sized_type};
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::ids::is_volume_id;
use crate::money::Currency;

/// What a commitment covers, the most particular first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope<'a> {
    /// Usage that names its id.
    Id(&'a str),
    /// One instance type in one availability zone.
    Zone { zone: &'a str, name: &'a str },
    /// Every size of a family in one region.
    Family { prefix: &'a str, family: &'a str },
    /// All usage of the product.
    Product,
}

/// Payer, product and what is covered.
pub(super) type GroupKey<'a> = (&'a str, &'a str, Scope<'a>);

/// Fees that cover the same usage, and that usage.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    /// Positions of its fees' parts.
    pub(super) parts: Vec<usize>,
    pub(super) covered: Vec<Covered<'a>>,
    /// `None` where the bill does not say how much was purchased.
    pub(super) purchased: Option<Purchased>,
}

/// A covered charge of a readable instance type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covered<'a> {
    pub(super) charge: &'a Charge,
    pub(super) sized: SizedType<'a>,
    /// Normalized hours, in quarters of 10⁻¹⁸ hours; never 0.
    pub(super) hours: u128,
}

impl<'a> Covered<'a> {
    /// Covered usage of which type and hours are known.
    pub(super) fn of(charge: &'a Charge) -> Result<Option<Self>> {
        if charge.key().kind() != LineItemKind::DiscountedUsage {
            return Ok(None);
        }
        Ok(hours_of(charge)?.map(|(sized, hours)| Self { charge, sized, hours }))
    }

    /// What may cover it, the most particular first.
    fn scopes(&self) -> [Option<Scope<'a>>; 4] {
        let key = self.charge.key();
        let SizedType { prefix, name, family, .. } = self.sized;
        [
            Some(key.reservation_id()).filter(|id| !id.is_empty()).map(Scope::Id),
            Some(key.zone()).filter(|zone| !zone.is_empty()).map(|zone| Scope::Zone { zone, name }),
            Some(Scope::Family { prefix, family }),
            Some(Scope::Product),
        ]
    }
}

/// The type that ran and its normalized hours, in quarters of 10⁻¹⁸ hours and never 0, of covered usage that says them.
pub(super) fn hours_of(charge: &Charge) -> Result<Option<(SizedType<'_>, u128)>> {
    let key = charge.key();
    if is_volume_id(key.resource_id()) {
        return Ok(None);
    }
    let ran = if key.covered_usage_type().is_empty() { key.usage_type() } else { key.covered_usage_type() };
    let Some(sized) = sized_type(ran) else { return Ok(None) };
    let hours = normalized(u128::try_from(charge.quantity().units()).unwrap_or(0), sized.quarters)?;
    Ok((hours > 0).then_some((sized, hours)))
}

/// The commitments of a bill with what they cover.
#[derive(Debug, Default)]
pub(super) struct Groups<'a> {
    pub(super) groups: BTreeMap<GroupKey<'a>, Group<'a>>,
    /// Payers and products with covered usage of a readable type.
    pub(super) coverable: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Groups<'a> {
    pub(super) fn of(bill: &'a Bill, currency: Currency, parts: &[FeePart<'a>]) -> Result<Self> {
        let mut found = Self::default();
        if parts.is_empty() {
            return Ok(found);
        }
        let mut covered = Vec::new();
        let mut naming: BTreeSet<(&str, &str)> = BTreeSet::new();
        for charge in bill.charges().iter().filter(|charge| charge.key().currency() == currency) {
            let Some(usage) = Covered::of(charge)? else { continue };
            let of = (charge.key().payer(), charge.key().product());
            found.coverable.insert(of);
            if !charge.key().reservation_id().is_empty() {
                naming.insert(of);
            }
            covered.push(usage);
        }
        for (at, part) in parts.iter().enumerate() {
            let (payer, product) = (part.payer, part.origin.product);
            let scope = scope_of(part, naming.contains(&(payer, product)));
            found.groups.entry((payer, product, scope)).or_default().parts.push(at);
        }
        for usage in covered {
            let (payer, product) = (usage.charge.key().payer(), usage.charge.key().product());
            let mut scopes = usage.scopes().into_iter().flatten();
            if let Some(scope) = scopes.find(|scope| found.groups.contains_key(&(payer, product, *scope))) {
                found.groups.entry((payer, product, scope)).or_default().covered.push(usage);
            }
        }
        for group in found.groups.values_mut() {
            group.purchased = group.purchased_of(parts)?;
        }
        Ok(found)
    }
}

/// What a fee covers, as far as it and the usage state it.
fn scope_of<'a>(part: &FeePart<'a>, usage_names_ids: bool) -> Scope<'a> {
    if let Some(id) = part.id().filter(|_| usage_names_ids) {
        return Scope::Id(id);
    }
    match (part.sized(), part.zone()) {
        (Some(SizedType { name, .. }), Some(zone)) => Scope::Zone { zone, name },
        (Some(SizedType { prefix, family, .. }), None) => Scope::Family { prefix, family },
        (None, _) => Scope::Product,
    }
}

impl<'a> Group<'a> {
    /// Normalized hours of the covered usage.
    pub(super) fn used(&self) -> Result<u128> {
        self.covered.iter().try_fold(0u128, |sum, usage| sum.checked_add(usage.hours)).ok_or_else(overflow)
    }

    /// What the bill says was purchased: in words, else the hours of recurring fees, else what all upfront fees count.
    fn purchased_of(&self, parts: &[FeePart<'a>]) -> Result<Option<Purchased>> {
        let parts: Vec<&FeePart<'_>> = self.parts.iter().filter_map(|at| parts.get(*at)).collect();
        let mut in_words = None;
        for part in &parts {
            let Some(Summary { hours, .. }) = part.summary()? else { continue };
            let Some(sized) = part.sized() else { return Ok(None) };
            let sum: &mut Purchased = in_words.get_or_insert_default();
            let add = |sum: u128, hours| sum.checked_add(normalized(hours, sized.quarters)?).ok_or_else(overflow);
            *sum = Purchased { whole: add(sum.whole, hours.whole)?, unused: add(sum.unused, hours.unused)? };
        }
        if in_words.is_some() {
            return Ok(in_words);
        }
        let recurring = parts.iter().filter(|part| part.counts_hours());
        let counted: Vec<_> = if recurring.clone().count() > 0 { recurring.collect() } else { parts.iter().collect() };
        let mut whole = 0u128;
        for part in counted {
            let Some(hours) = part.purchased()? else { return Ok(None) };
            whole = whole.checked_add(hours).ok_or_else(overflow)?;
        }
        let unused = whole.saturating_sub(self.used()?);
        Ok(Some(Purchased { whole, unused }).filter(|purchased| purchased.whole > 0))
    }
}
