//! How much of the bill has an owner, and what would raise it most (spec 5.9).

use std::cmp::Reverse;

use super::ledger::Ledger;
use crate::bill::Bill;
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::policy::Policy;
use crate::rollup::{Coverage, MissingTag, UnattributedResource};

/// Rows listed of each kind.
const LISTED: usize = 20;

pub(super) fn coverage(bill: &Bill, policy: &Policy, currency: Currency, ledger: &Ledger<'_>) -> Result<Coverage> {
    // Largest first, then by product and resource.
    let mut sums: Vec<(Reverse<Amount>, (&str, &str))> =
        ledger.unattributed().iter().map(|(key, cost)| (Reverse(*cost), *key)).collect();
    if sums.len() > LISTED {
        sums.select_nth_unstable(LISTED);
        sums.truncate(LISTED);
    }
    sums.sort_unstable();
    let listed = sums.into_iter().map(|(Reverse(cost), (product, resource))| UnattributedResource {
        product: product.to_owned(),
        resource: resource.to_owned(),
        cost,
    });
    Ok(Coverage { unattributed_resources: listed.collect(), missing_tags: missing_tags(bill, policy, currency)? })
}

/// Per area tag key, the rows of resources without a value of it, most first.
fn missing_tags(bill: &Bill, policy: &Policy, currency: Currency) -> Result<Vec<MissingTag>> {
    let asked = bill.tag_keys().iter().enumerate().filter(|(_, tag_key)| policy.areas.tag_keys.contains(tag_key));
    let mut missing: Vec<(usize, &str, u64, Amount)> =
        asked.map(|(at, tag_key)| (at, tag_key.as_str(), 0, Amount::ZERO)).collect();
    for charge in bill.charges() {
        let key = charge.key();
        if key.currency() != currency || !key.has_resource() {
            continue;
        }
        for (at, _, rows, cost) in &mut missing {
            if !key.has_tag(*at) {
                *rows += charge.rows();
                *cost = cost.checked_add(charge.amount())?;
            }
        }
    }
    let found = missing.into_iter().filter(|(_, _, rows, _)| *rows > 0);
    let mut missing: Vec<MissingTag> =
        found.map(|(_, tag_key, rows, cost)| MissingTag { tag_key: tag_key.to_owned(), rows, cost }).collect();
    missing.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.tag_key.cmp(&b.tag_key)));
    Ok(missing)
}
