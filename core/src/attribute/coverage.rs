//! How much of the bill has an owner, and what would raise it most (spec 5.9).

use std::collections::BTreeMap;

use super::ledger::Ledger;
use crate::bill::Bill;
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::policy::Policy;
use crate::rollup::{Coverage, MissingTag, UnattributedResource};

/// Rows listed of each kind.
const LISTED: usize = 20;

pub(super) fn coverage(bill: &Bill, policy: &Policy, currency: Currency, ledger: &Ledger<'_>) -> Result<Coverage> {
    let mut resources: Vec<UnattributedResource> = ledger
        .unattributed()
        .iter()
        .map(|((product, resource), cost)| UnattributedResource {
            product: (*product).to_owned(),
            resource: (*resource).to_owned(),
            cost: *cost,
        })
        .collect();
    resources.sort_by(|a, b| b.cost.cmp(&a.cost).then_with(|| a.cmp(b)));
    resources.truncate(LISTED);
    Ok(Coverage { unattributed_resources: resources, missing_tags: missing_tags(bill, policy, currency)? })
}

/// Per area tag key, the rows of resources without a value of it, most first.
fn missing_tags(bill: &Bill, policy: &Policy, currency: Currency) -> Result<Vec<MissingTag>> {
    let mut missing: BTreeMap<&str, (u64, Amount)> = BTreeMap::new();
    for charge in bill.charges() {
        let key = charge.key();
        if key.resource_id().is_empty() || key.currency() != currency {
            continue;
        }
        for (at, tag_key) in bill.tag_keys().iter().enumerate() {
            if policy.areas.tag_keys.contains(tag_key) && key.tag(at).is_none() {
                let sum = missing.entry(tag_key).or_default();
                *sum = (sum.0 + charge.rows(), sum.1.checked_add(charge.amount())?);
            }
        }
    }
    let mut missing: Vec<MissingTag> = missing
        .into_iter()
        .map(|(tag_key, (rows, cost))| MissingTag { tag_key: tag_key.to_owned(), rows, cost })
        .collect();
    missing.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.tag_key.cmp(&b.tag_key)));
    Ok(missing)
}
