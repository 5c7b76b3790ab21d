//! What follows from the charges alone, whatever the policy: found when it is first asked for, then remembered, so that
//! another policy for the same bill does not look at every charge over and over.
//!
//! Invariant: facts are no part of what a bill is. Its charges never change, so that facts never do.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::status::Seen;
use super::{Charge, Digest};
use crate::classify::LineItemKind;
use crate::diagnostic::Diagnostics;
use crate::error::Result;
use crate::money::{Amount, Currency};

/// Something that is found at most once. All are equal, so that what owns one is compared by its other parts.
#[derive(Clone, Debug)]
pub(super) struct Remembered<T>(OnceLock<T>);

// Not derived: what is remembered needs no default.
impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> PartialEq for Remembered<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Remembered<T> {}

impl<T> Remembered<T> {
    /// The fact, found now where it never was.
    pub(super) fn or_find(&self, find: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(find)
    }

    /// The same for what may fail, which is then not remembered.
    pub(super) fn or_try(&self, find: impl FnOnce() -> Result<T>) -> Result<&T> {
        if let Some(known) = self.0.get() {
            return Ok(known);
        }
        let found = find()?;
        Ok(self.0.get_or_init(|| found))
    }
}

/// All that is remembered of a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) digest: Remembered<Digest>,
    pub(super) overview: Remembered<Overview>,
    /// Invoice evidence by payer and seller.
    pub(super) invoices: Remembered<Vec<Seen>>,
    /// Findings that compare charges with each other and with what is printed.
    pub(super) compared: Remembered<Diagnostics>,
    pub(super) resources: Remembered<Resources>,
    /// By position of the tag key in the scan's order.
    pub(super) tags: Remembered<Vec<OnceLock<TagValues>>>,
}

/// What one look at every charge tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Overview {
    /// Cost by currency; none where it leaves the range.
    pub(super) billed: Vec<(Currency, Option<Amount>)>,
    /// Positions of a charge of each payer.
    pub(super) of_payers: Vec<u32>,
    /// Positions of all fees.
    pub(super) fees: Vec<u32>,
    /// Whether some type of line items is not known.
    pub(super) has_others: bool,
}

impl Overview {
    pub(super) fn of(charges: &[Charge]) -> Self {
        let mut found = Self::default();
        let mut last_payer = None;
        for (at, charge) in positions(charges) {
            let key = charge.key();
            add_to(&mut found.billed, key.currency(), charge.amount());
            // Charges are sorted by payer first.
            if last_payer != Some(key.payer()) {
                last_payer = Some(key.payer());
                found.of_payers.push(at);
            }
            if key.kind().is_fee() {
                found.fees.push(at);
            }
            found.has_others |= key.kind() == LineItemKind::Other;
        }
        found
    }

    pub(super) fn currencies(&self) -> BTreeSet<Currency> {
        self.billed.iter().map(|(currency, _)| *currency).collect()
    }
}

/// Charges with their positions; 2^32 of them do not fit into memory.
fn positions(charges: &[Charge]) -> impl Iterator<Item = (u32, &Charge)> {
    (0..u32::MAX).zip(charges)
}

/// Adds to the sum of a currency; bills have one or two.
fn add_to(sums: &mut Vec<(Currency, Option<Amount>)>, currency: Currency, amount: Amount) {
    match sums.iter_mut().find(|(known, _)| *known == currency) {
        Some((_, sum)) => *sum = sum.and_then(|sum| sum.checked_add(amount).ok()),
        None => sums.push((currency, Some(amount))),
    }
}

/// The resources of a bill, numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    /// By charge; none where it has no resource.
    of_charges: Vec<Option<u32>>,
    /// By number, the position of a charge of the resource.
    charges: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: FixedState,
}

impl Resources {
    pub(super) fn of(charges: &[Charge]) -> Self {
        let mut found = Self { of_charges: Vec::with_capacity(charges.len()), ..Self::default() };
        found.numbers.reserve(charges.len(), |_| 0);
        for (at, charge) in positions(charges) {
            let number = charge.key().has_resource().then(|| found.number_of(charges, at, charge));
            found.of_charges.push(number);
        }
        found.charges.shrink_to_fit();
        found
    }

    fn number_of(&mut self, charges: &[Charge], at: u32, charge: &Charge) -> u32 {
        let resource = charge.key().resource_id();
        let Self { charges: known, numbers, hasher, .. } = self;
        let hash = hasher.hash_one(resource);
        if let Some(number) = numbers.find(hash, |number| resource_at(known, charges, *number) == Some(resource)) {
            return *number;
        }
        let number = u32::try_from(known.len()).unwrap_or(u32::MAX);
        known.push(at);
        let hash_of = |number: &u32| hasher.hash_one(resource_at(known, charges, *number).unwrap_or_default());
        numbers.insert_unique(hash, number, hash_of);
        number
    }

    /// The number of a resource, if some charge is of it.
    pub(super) fn number(&self, charges: &[Charge], resource: &str) -> Option<u32> {
        let is_it = |number: &u32| resource_at(&self.charges, charges, *number) == Some(resource);
        self.numbers.find(self.hasher.hash_one(resource), is_it).copied()
    }
}

fn resource_at<'c>(known: &[u32], charges: &'c [Charge], number: u32) -> Option<&'c str> {
    let at = known.get(number as usize)?;
    charges.get(*at as usize).map(|charge| charge.key().resource_id())
}

/// The values of one tag key, resource by resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagValues {
    /// By the number of the resource.
    of_resources: Vec<Values>,
    /// Positions of the charges of resources with several values.
    of_several: Vec<u32>,
    /// By currency, rows with a resource and without a value.
    missing: Vec<(Currency, u64)>,
    missing_cost: Vec<(Currency, Option<Amount>)>,
}

/// The distinct values of a tag key on one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Values {
    /// No row has any.
    #[default]
    None,
    /// That of the charge at this position.
    One(u32),
    /// More than one.
    Several,
}

impl TagValues {
    pub(super) fn of(charges: &[Charge], resources: &Resources, key: usize) -> Self {
        let of_resources = vec![Values::None; resources.charges.len()];
        let mut found = Self { of_resources, ..Self::default() };
        for ((at, charge), resource) in positions(charges).zip(&resources.of_charges) {
            let Some(resource) = *resource else { continue };
            let Some(value) = charge.key().has_tag(key).then(|| charge.key().tag(key)) else {
                found.miss(charge);
                continue;
            };
            let Some(known) = found.of_resources.get_mut(resource as usize) else { continue };
            let value_at = |at: u32| charges.get(at as usize).and_then(|charge| charge.key().tag(key));
            *known = match *known {
                Values::None => Values::One(at),
                Values::One(first) if value_at(first) == value => Values::One(first),
                Values::One(_) | Values::Several => Values::Several,
            };
        }
        if found.of_resources.contains(&Values::Several) {
            let of_charges = positions(charges).zip(&resources.of_charges);
            let is_several =
                |resource: &Option<u32>| resource.is_some_and(|at| found.of_resource(at) == Values::Several);
            found.of_several = of_charges.filter(|(_, of)| is_several(of)).map(|((at, _), _)| at).collect();
        }
        found
    }

    fn miss(&mut self, charge: &Charge) {
        let currency = charge.key().currency();
        add_to(&mut self.missing_cost, currency, charge.amount());
        match self.missing.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, rows)) => *rows += charge.rows(),
            None => self.missing.push((currency, charge.rows())),
        }
    }

    /// The values on a resource, by its number.
    pub(crate) fn of_resource(&self, resource: u32) -> Values {
        self.of_resources.get(resource as usize).copied().unwrap_or_default()
    }

    /// Positions of the charges of resources with several values.
    pub(crate) fn of_several(&self) -> &[u32] {
        &self.of_several
    }

    /// Rows of resources without a value, and their cost; none where it leaves the range.
    pub(crate) fn missing(&self, currency: Currency) -> (u64, Option<Amount>) {
        let rows = self.missing.iter().find(|(known, _)| *known == currency).map_or(0, |(_, rows)| *rows);
        let cost = self.missing_cost.iter().find(|(known, _)| *known == currency);
        (rows, cost.map_or(Some(Amount::ZERO), |(_, cost)| *cost))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::samples::{bill, row};
    use super::super::{Bill, ChargeKey};
    use super::*;
    use crate::classify::LineItem;

    proptest! {
        #[test]
        fn facts_are_what_a_look_at_every_charge_finds(
            rows in prop::collection::vec((0usize..4, 0usize..4, 0usize..3, -3i64..4), 0..24),
        ) {
            let texts: Vec<(&str, Vec<&str>, &str, String)> = rows
                .iter()
                .map(|(resource, tag, payer, cost)| {
                    let [resource, tag] = [resource, tag].map(|at| ["", "a", "b", "longer-than-a-word"][*at]);
                    (resource, vec![tag], ["100", "101", "102"][*payer], cost.to_string())
                })
                .collect();
            let items: Vec<LineItem<'_>> = texts
                .iter()
                .map(|(resource_id, tags, payer_account, cost)| {
                    LineItem { resource_id, tags: tags.clone(), payer_account, ..row(cost) }
                })
                .collect();
            let bill = bill(&items);
            let keys = || bill.charges().iter().map(Charge::key);

            let payers: BTreeSet<&str> = keys().map(ChargeKey::payer).collect();
            prop_assert_eq!(bill.payers(), payers);
            let currencies: BTreeSet<Currency> = keys().map(ChargeKey::currency).collect();
            prop_assert_eq!(bill.currencies(), currencies);
            let billed = Amount::sum(bill.charges().iter().map(Charge::amount)).unwrap();
            prop_assert_eq!(bill.billed(Currency::USD).unwrap(), billed);

            let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for key in keys().filter(|key| !key.resource_id().is_empty()) {
                values.entry(key.resource_id()).or_default().extend(key.tag(0));
            }
            let found = bill.tag_values(0).unwrap();
            for resource in ["a", "b", "longer-than-a-word", "c"] {
                let number = bill.resource_number(resource);
                prop_assert_eq!(number.is_some(), values.contains_key(resource));
                let Some(number) = number else { continue };
                let single = match found.of_resource(number) {
                    Values::One(at) => bill.charge_at(at).unwrap().key().tag(0),
                    Values::None | Values::Several => None,
                };
                let expected = &values[resource];
                prop_assert_eq!(single, expected.first().copied().filter(|_| expected.len() == 1));
                prop_assert_eq!(found.of_resource(number) == Values::Several, expected.len() > 1);
            }
            let is_several = |key: &&ChargeKey| values.get(key.resource_id()).is_some_and(|v| v.len() > 1);
            prop_assert_eq!(found.of_several().len(), keys().filter(is_several).count());
            let is_missing = |charge: &&Charge| !charge.key().resource_id().is_empty() && charge.key().tag(0).is_none();
            let missing = || bill.charges().iter().filter(is_missing);
            let cost = Amount::sum(missing().map(Charge::amount)).unwrap();
            prop_assert_eq!(found.missing(Currency::USD), (missing().map(Charge::rows).sum(), Some(cost)));
        }
    }

    #[test]
    fn a_merged_bill_forgets_what_was_found_of_its_parts() {
        let (one, other) = (bill(&[row("1")]), bill(&[LineItem { payer_account: "101", ..row("2") }]));
        let sums = |bill: &Bill| (bill.billed(Currency::USD).unwrap(), bill.digest().unwrap(), bill.payers().len());
        let (before, _) = (sums(&one), sums(&other));
        let merged = one.merge(other).unwrap();
        let after = sums(&merged);
        assert_ne!(after.1, before.1);
        assert_eq!((after.0, after.2), ("3".parse().unwrap(), 2));
    }

    #[test]
    fn a_sum_that_leaves_the_range_is_the_error_of_whoever_asks() {
        let most = Amount::from_units(i128::MAX).to_string();
        let rows = [row(&most), LineItem { payer_account: "101", ..row("1") }];
        let bill = bill(&rows);
        assert_eq!(bill.billed(Currency::USD).unwrap_err().code(), crate::error::ErrorCode::MoneyOverflow);
        assert_eq!(bill.payers().len(), 2);
    }
}
