//! How much of each commitment was used, and how much of what it could cover it did (spec 6.4, R62).

use std::collections::{BTreeMap, BTreeSet};

use super::groups::{Group, GroupKey, Scope, hours_of};
use super::stated::{normalized, overflow};
use super::{Commitments, by_rows};
use crate::bill::{Bill, sized_type};
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::rollup::{CommitmentUse, Hours, Ratio};

/// Payer, product, region prefix and family.
pub(super) type Class<'a> = (&'a str, &'a str, &'a str, &'a str);

impl<'a> Commitments<'a> {
    /// A row for each commitment of which something is known, sorted.
    pub(in super::super) fn uses(&self, bill: &'a Bill, currency: Currency) -> Result<Vec<CommitmentUse>> {
        let mut uses = by_rows::uses(bill, self.policy, currency)?;
        if !bill.basis().is_amortized() {
            uses.extend(self.uses_of_groups(bill, currency)?);
            uses.sort_unstable();
        }
        Ok(uses)
    }

    /// A row for each commitment of fees that are set aside or carried in of which purchased or covered hours are known.
    fn uses_of_groups(&self, bill: &'a Bill, currency: Currency) -> Result<Vec<CommitmentUse>> {
        let groups = self.groups.groups.iter();
        let mut known = groups.filter(|(_, group)| group.purchased.is_some() || !group.covered.is_empty()).peekable();
        if known.peek().is_none() {
            return Ok(Vec::new());
        }
        let eligible = eligible(bill, currency, |kind| kind == LineItemKind::DiscountedUsage)?;
        known.map(|(key, group)| self.row(key, group, &eligible)).collect()
    }

    fn row(
        &self,
        key: &GroupKey<'a>,
        group: &Group<'a>,
        eligible: &BTreeMap<Class<'a>, u128>,
    ) -> Result<CommitmentUse> {
        let (payer, product, scope) = *key;
        let parts = || group.parts.iter().filter_map(|at| self.fees.parts.get(*at));
        let accounts: BTreeSet<&str> = parts().map(|part| part.origin.account).collect();
        let only_account = accounts.first().filter(|_| accounts.len() == 1).map(|account| (*account).to_owned());
        let sized = parts().filter_map(super::fees::FeePart::sized).chain(group.covered.iter().map(|c| c.sized));
        let classes: BTreeSet<_> = sized.map(|sized| (sized.prefix, sized.family)).collect();
        let mut could = 0u128;
        for ((of_payer, of_product, prefix, family), hours) in eligible {
            let is_class = matches!(scope, Scope::Product) || classes.contains(&(*prefix, *family));
            if (*of_payer, *of_product) == (payer, product) && is_class {
                could = could.checked_add(*hours).ok_or_else(overflow)?;
            }
        }
        let covered = group.used()?;
        let used = group.purchased.map(|purchased| purchased.whole - purchased.unused.min(purchased.whole));
        Ok(CommitmentUse {
            payer: payer.to_owned(),
            product: product.to_owned(),
            usage_account: only_account,
            commitment: if let Scope::Id(id) = scope { Some(id.to_owned()) } else { None },
            covers: covers(scope, &classes),
            purchased_hours: group.purchased.map(|purchased| Hours::of_quarters(purchased.whole)),
            used_hours: used.map(Hours::of_quarters),
            utilization: group.purchased.zip(used).and_then(|(whole, used)| Ratio::of(used, whole.whole)),
            used_cost: None,
            unused_cost: Some(self.unused_costs.get(key).copied().unwrap_or(Amount::ZERO)),
            covered_hours: Hours::of_quarters(covered),
            eligible_hours: Hours::of_quarters(could),
            coverage: Ratio::of(covered, could),
        })
    }
}

/// What is covered: a family with its region's prefix, a type with its zone; `None` where it is several or all.
fn covers(scope: Scope<'_>, classes: &BTreeSet<(&str, &str)>) -> Option<String> {
    match scope {
        Scope::Zone { zone, name } => Some(format!("{zone}:{name}")),
        Scope::Id(_) | Scope::Family { .. } => only_family(classes),
        Scope::Product => None,
    }
}

/// The only one of these families, with its region's prefix.
pub(super) fn only_family(classes: &BTreeSet<(&str, &str)>) -> Option<String> {
    let (prefix, family) = classes.first().filter(|_| classes.len() == 1)?;
    Some(if prefix.is_empty() { (*family).to_owned() } else { format!("{prefix}-{family}") })
}

/// Normalized hours that were covered or could have been: on demand, and of a readable type.
pub(super) fn eligible(
    bill: &Bill,
    currency: Currency,
    is_covered: impl Fn(LineItemKind) -> bool,
) -> Result<BTreeMap<Class<'_>, u128>> {
    let mut sums: BTreeMap<Class<'_>, u128> = BTreeMap::new();
    for charge in bill.charges().iter().filter(|charge| charge.key().currency() == currency) {
        let key = charge.key();
        let read = match key.kind() {
            kind if is_covered(kind) => hours_of(charge)?,
            LineItemKind::Usage => match sized_type(key.usage_type()) {
                Some(sized) => {
                    let hours = u128::try_from(charge.quantity().units()).unwrap_or(0);
                    Some((sized, normalized(hours, sized.quarters)?))
                }
                None => None,
            },
            _ => None,
        };
        let Some((sized, hours)) = read else { continue };
        let sum = sums.entry((key.payer(), key.product(), sized.prefix, sized.family)).or_default();
        *sum = sum.checked_add(hours).ok_or_else(overflow)?;
    }
    Ok(sums)
}
