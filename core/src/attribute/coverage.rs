//! How much of the bill has an owner, and what would raise it most (spec 5.9, R77).
//!
//! Invariants: mechanisms sum to all cost and products to what is unattributed; wins are of what nobody owns.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::Hash;

use super::ledger::Unattributed;
use super::tags::Tags;
use crate::bill::{Bill, Charge};
use crate::error::Result;
use crate::ids::Cluster;
use crate::index::Index;
use crate::money::{Amount, Currency};
use crate::policy::Policy;
use crate::rollup::{
    Cell, Coverage, MechanismShare, MissingTag, RowKind, UnattributedProduct, UnattributedResource, Win, WinAction,
    share_of,
};

/// Rows listed of each kind.
const LISTED: usize = 20;

/// What coverage is told from.
pub(super) struct Covered<'c, 'a> {
    pub(super) bill: &'c Bill,
    pub(super) policy: &'c Policy,
    pub(super) currency: Currency,
    pub(super) tags: &'c Tags<'a>,
    pub(super) cells: &'c [Cell],
    pub(super) unattributed: &'c Unattributed<'a>,
}

pub(super) fn coverage(covered: &Covered<'_, '_>) -> Result<Coverage> {
    let whole = Amount::sum(covered.cells.iter().map(|cell| cell.cost))?;
    Ok(Coverage {
        mechanisms: mechanisms(covered.cells, whole)?,
        unattributed_products: unattributed_products(covered.cells, whole)?,
        unattributed_resources: unattributed_resources(covered.unattributed)?,
        missing_tags: missing_tags(covered.bill, covered.policy, covered.currency)?,
        wins: wins(covered, whole)?,
    })
}

fn mechanisms(cells: &[Cell], whole: Amount) -> Result<Vec<MechanismShare>> {
    let sums = sums(cells.iter().map(|cell| (cell.mechanism, cell.cost)))?.into_iter();
    Ok(sums.map(|(mechanism, cost)| MechanismShare { mechanism, cost, share: share_of(cost, whole) }).collect())
}

fn unattributed_products(cells: &[Cell], whole: Amount) -> Result<Vec<UnattributedProduct>> {
    let of_nobody = cells.iter().filter(|cell| cell.row_kind == RowKind::Unattributed);
    let sums = sums(of_nobody.map(|cell| (cell.product.as_str(), cell.cost)))?.into_iter();
    let mut products: Vec<UnattributedProduct> = sums
        .map(|(product, cost)| UnattributedProduct { product: product.to_owned(), cost, share: share_of(cost, whole) })
        .collect();
    // The sort keeps the order of names.
    products.sort_by_key(|product| Reverse(product.cost));
    Ok(products)
}

fn unattributed_resources(unattributed: &Unattributed<'_>) -> Result<Vec<UnattributedResource>> {
    let sums = unsorted_sums(unattributed.iter().map(|owned| ((owned.origin.product, owned.resource), owned.amount)))?;
    let listed = largest(sums).into_iter().map(|((product, resource), cost)| UnattributedResource {
        product: product.to_owned(),
        resource: resource.to_owned(),
        cost,
    });
    Ok(listed.collect())
}

fn sums<K: Ord>(amounts: impl Iterator<Item = (K, Amount)>) -> Result<BTreeMap<K, Amount>> {
    let mut sums: BTreeMap<K, Amount> = BTreeMap::new();
    for (key, amount) in amounts {
        let sum = sums.entry(key).or_default();
        *sum = sum.checked_add(amount)?;
    }
    Ok(sums)
}

/// Sums of very many keys, in no order.
fn unsorted_sums<K: Eq + Hash>(amounts: impl ExactSizeIterator<Item = (K, Amount)>) -> Result<Index<K, Amount>> {
    let mut sums: Index<K, Amount> = Index::with_capacity_and_hasher(amounts.len(), <_>::default());
    for (key, amount) in amounts {
        let sum = sums.entry(key).or_default();
        *sum = sum.checked_add(amount)?;
    }
    Ok(sums)
}

/// The largest sums, largest first, then by key.
fn largest<K: Ord>(sums: impl IntoIterator<Item = (K, Amount)>) -> Vec<(K, Amount)> {
    let mut sums: Vec<(Reverse<Amount>, K)> = sums.into_iter().map(|(key, cost)| (Reverse(cost), key)).collect();
    if sums.len() > LISTED {
        sums.select_nth_unstable(LISTED);
        sums.truncate(LISTED);
    }
    sums.sort_unstable();
    sums.into_iter().map(|(Reverse(cost), key)| (key, cost)).collect()
}

/// What would give unattributed cost an owner, largest first.
fn wins(covered: &Covered<'_, '_>, whole: Amount) -> Result<Vec<Win>> {
    let mut found = Found { whole, wins: Vec::new() };
    // What services without an area used stays theirs, whatever tags and defaults say.
    let services = covered.cells.iter().filter(|cell| cell.product_area.is_none()).filter_map(|cell| {
        let cluster = cell.cluster.as_ref().map(Cluster::as_str);
        Some(((cluster, cell.service.as_ref()?.as_str()), cell.cost))
    });
    found.add_largest(WinAction::MapService, sums(services)?);
    let others = || covered.unattributed.iter().filter(|of_nobody| !of_nobody.is_of_service);
    let accounts = others().filter(|of_nobody| !covered.tags.has_account(of_nobody.origin.account));
    let accounts = sums(accounts.map(|of_nobody| ((None, of_nobody.origin.account), of_nobody.amount)))?;
    found.add_largest(WinAction::AccountDefault, accounts);
    let products = others().filter(|of_nobody| of_nobody.resource.is_empty());
    let products = sums(products.map(|of_nobody| ((None, of_nobody.origin.product), of_nobody.amount)))?;
    found.add_largest(WinAction::Rule, products);
    let resources: Vec<_> = others().filter(|of_nobody| !of_nobody.resource.is_empty()).collect();
    let resources = resources.into_iter().map(|of_nobody| (of_nobody.resource, of_nobody.amount));
    let mut resources: Vec<_> = unsorted_sums(resources)?.into_iter().collect();
    resources.retain(|(_, cost)| *cost > Amount::ZERO);
    for (at, key) in covered.policy.areas.tag_keys.iter().enumerate() {
        let missing = resources.iter().filter(|(resource, _)| !covered.tags.has_value(resource, at));
        let missing: Vec<Amount> = missing.map(|(_, cost)| *cost).collect();
        let count = u64::try_from(missing.len()).unwrap_or(u64::MAX);
        found.add(WinAction::TagKey, (None, key), Some(count), Amount::sum(missing)?);
    }
    let resources = resources.into_iter().map(|(resource, cost)| ((None, resource), cost));
    found.add_largest(WinAction::TagResource, resources);
    let Found { mut wins, .. } = found;
    // Of one action the sort keeps the order of subjects; tag keys stay in that of the policy.
    wins.sort_by_key(|win| (Reverse(win.cost), win.action));
    Ok(wins)
}

/// Wins so far.
struct Found {
    whole: Amount,
    wins: Vec<Win>,
}

impl Found {
    /// Adds one by its cluster and subject, unless there is nothing to win.
    fn add(
        &mut self,
        action: WinAction,
        (cluster, subject): (Option<&str>, &str),
        resources: Option<u64>,
        cost: Amount,
    ) {
        if cost > Amount::ZERO {
            let (cluster, subject) = (cluster.map(str::to_owned), subject.to_owned());
            self.wins.push(Win { action, subject, cluster, resources, cost, share: share_of(cost, self.whole) });
        }
    }

    fn add_largest<'s>(
        &mut self,
        action: WinAction,
        sums: impl IntoIterator<Item = ((Option<&'s str>, &'s str), Amount)>,
    ) {
        for (subject, cost) in largest(sums) {
            self.add(action, subject, None, cost);
        }
    }
}

/// Per area tag key, the rows of resources without a value of it, most first.
fn missing_tags(bill: &Bill, policy: &Policy, currency: Currency) -> Result<Vec<MissingTag>> {
    let asked = bill.tag_keys().iter().enumerate().filter(|(_, tag_key)| policy.areas.tag_keys.contains(tag_key));
    let mut missing = Vec::new();
    for (at, tag_key) in asked {
        let Some((rows, cost)) = bill.tag_values(at).map(|values| values.missing(currency)) else { continue };
        let is_missing = |charge: &&Charge| {
            let key = charge.key();
            key.currency() == currency && key.has_resource() && !key.has_tag(at)
        };
        // What leaves the range is summed again for the error.
        let again = || Amount::sum(bill.charges().iter().filter(is_missing).map(Charge::amount));
        let cost = cost.map_or_else(again, Ok)?;
        if rows > 0 {
            missing.push(MissingTag { tag_key: tag_key.clone(), rows, cost });
        }
    }
    missing.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.tag_key.cmp(&b.tag_key)));
    Ok(missing)
}
