//! Tags, then cost categories, then the account default (spec 5.5, R8, R20, R72, R73).

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Claim, Origin};
use super::ledger::Ledger;
use super::portion::Portion;
use crate::bill::{Bill, Charge, TagValues, Values};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency};
use crate::policy::{AreaPolicy, Policy};
use crate::rollup::Mechanism;
use crate::time::BillingPeriod;

/// What tags say about charges and resources of one bill.
pub(super) struct Tags<'a> {
    policy: &'a AreaPolicy,
    bill: &'a Bill,
    /// Positions of the area tag keys in the scan's order, with the values of resources.
    keys: Vec<(usize, &'a TagValues)>,
    /// Positions of the area cost categories in the keys of charges.
    cost_categories: Vec<usize>,
    folded_aliases: BTreeMap<String, &'a str>,
    /// Usage account → area in the period of the bill.
    accounts: BTreeMap<&'a str, &'a str>,
}

/// Where the scan keeps a tag key.
pub(super) fn tag_position(bill: &Bill, policy: &Policy, key: &str) -> Result<usize> {
    let same =
        |kept: &String| kept == key || (policy.areas.case_insensitive && kept.to_lowercase() == key.to_lowercase());
    bill.tag_keys().iter().position(same).ok_or_else(|| {
        Error::new(
            ErrorCode::AttributeNotScanned,
            format!("the policy needs tag key `{key}`, which the scan did not keep: scan with that tag key"),
        )
    })
}

/// Where the scan keeps a cost category: in the keys of charges they follow the tags.
pub(super) fn cost_category_position(bill: &Bill, policy: &Policy, name: &str) -> Result<usize> {
    let same =
        |kept: &String| kept == name || (policy.areas.case_insensitive && kept.to_lowercase() == name.to_lowercase());
    let position = bill.cost_categories().iter().position(same).ok_or_else(|| {
        Error::new(
            ErrorCode::AttributeNotScanned,
            format!(
                "the policy needs cost category `{name}`, which the scan did not keep: scan with that cost category"
            ),
        )
    })?;
    Ok(bill.tag_keys().len() + position)
}

impl<'a> Tags<'a> {
    pub(super) fn new(bill: &'a Bill, policy: &'a Policy, period: BillingPeriod) -> Result<Self> {
        let key_at = |key: &String| {
            let at = tag_position(bill, policy, key)?;
            Ok(bill.tag_values(at).map(|values| (at, values)))
        };
        let keys: Vec<Option<(usize, &TagValues)>> = policy.areas.tag_keys.iter().map(key_at).collect::<Result<_>>()?;
        let aliases = policy.areas.aliases.iter();
        let folded_aliases = aliases.map(|(value, area)| (value.to_lowercase(), area.as_str())).collect();
        let names = policy.areas.cost_categories.iter();
        Ok(Self {
            cost_categories: names.map(|name| cost_category_position(bill, policy, name)).collect::<Result<_>>()?,
            accounts: policy.areas.accounts_in(period)?,
            policy: &policy.areas,
            bill,
            keys: keys.into_iter().flatten().collect(),
            folded_aliases,
        })
    }

    /// The only value that the rows of a resource carry of a key.
    fn single(&self, (key, values): (usize, &TagValues), resource: u32) -> Option<&'a str> {
        match values.of_resource(resource) {
            Values::One(charge) => self.bill.charge_at(charge)?.key().tag(key),
            Values::None | Values::Several => None,
        }
    }

    /// The area a tag value stands for.
    pub(super) fn alias(&self, value: &'a str) -> &'a str {
        match self.policy.aliases.get(value) {
            Some(area) => area.as_str(),
            None if self.policy.case_insensitive => {
                self.folded_aliases.get(&value.to_lowercase()).copied().unwrap_or(value)
            }
            None => value,
        }
    }

    /// The area a charge's tags name: per key its own value, else the only one of its resource.
    pub(super) fn area_of_charge(&self, charge: &'a Charge) -> Option<&'a str> {
        let resource = OnceCell::new();
        let value = self.keys.iter().find_map(|(key, values)| {
            let inherit = || {
                let number = || self.bill.resource_number(charge.key().resource_id());
                self.single((*key, values), (*resource.get_or_init(number))?)
            };
            charge.key().tag(*key).or_else(inherit)
        });
        value.map(|value| self.alias(value))
    }

    /// The area a resource's rows name: per key the only value they carry.
    pub(super) fn area_of_resource(&self, resource: &str) -> Option<&'a str> {
        let resource = self.bill.resource_number(resource)?;
        let value = self.keys.iter().find_map(|(key, values)| self.single((*key, values), resource));
        value.map(|value| self.alias(value))
    }

    /// The area that values of the scan's tag keys name, in the order of the scan.
    pub(super) fn area_of_values(&self, values: &'a [String]) -> Option<&'a str> {
        let value = self.keys.iter().find_map(|(key, _)| values.get(*key).filter(|value| !value.is_empty()));
        value.map(|value| self.alias(value))
    }

    /// The area a set of tags names, such as those of a task: their keys have no `user:` prefix.
    pub(super) fn area_of_tags(&self, tags: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let value = self.policy.tag_keys.iter().find_map(|key| {
            let key = key.strip_prefix("user:").unwrap_or(key);
            let exact = tags.get(key);
            let folded = || {
                let any_case = tags.iter().find(|(name, _)| name.to_lowercase() == key.to_lowercase());
                any_case.filter(|_| self.policy.case_insensitive).map(|(_, value)| value)
            };
            exact.or_else(folded).filter(|value| !value.is_empty())
        });
        value.map(|value| self.alias(value))
    }

    /// The area a charge's cost categories name: the first that its own rows have, because categories are no resource's.
    fn area_of_categories(&self, charge: &'a Charge) -> Option<&'a str> {
        let value = self.cost_categories.iter().find_map(|position| charge.key().tag(*position));
        value.map(|value| self.alias(value))
    }

    /// Gives an amount to the area its tags name, else its cost categories, else the account's default, else to nobody.
    pub(super) fn own(
        &self,
        charge: &'a Charge,
        tagged: Option<(&'a str, Mechanism)>,
        portion: Portion,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let origin = origin(charge);
        let by_category = || self.area_of_categories(charge).map(|area| (area, Mechanism::CostCategory));
        let by_account = || self.accounts.get(origin.account).map(|area| (*area, Mechanism::Account));
        match tagged.or_else(by_category).or_else(by_account) {
            Some((area, mechanism)) => ledger.add(origin, Claim::area(area, mechanism), portion),
            None => ledger.add_unattributed(origin, Claim::unattributed(), charge.key().resource_id(), portion),
        }
    }

    /// The area that is the default of a usage account.
    pub(super) fn default_of(&self, account: &str) -> Option<&'a str> {
        self.accounts.get(account).copied()
    }

    /// The area that a charge's tags, else its cost categories name.
    pub(super) fn area_of_own(&self, charge: &'a Charge) -> Option<&'a str> {
        self.area_of_charge(charge).or_else(|| self.area_of_categories(charge))
    }

    /// Gives a part of a fee to the area that the tags of the charge it covers name, by a mechanism, else its cost
    /// categories, else to the default of that charge's account, else to nobody.
    pub(super) fn own_along(
        &self,
        charge: &'a Charge,
        mechanism: Mechanism,
        origin: Origin<'a>,
        amount: Amount,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let tagged = self.area_of_charge(charge).map(|area| (area, mechanism));
        let otherwise = || self.area_of_categories(charge).or_else(|| self.default_of(charge.key().usage_account()));
        match tagged.or_else(|| otherwise().map(|area| (area, Mechanism::Reservation))) {
            Some((area, mechanism)) => ledger.add(origin, Claim::area(area, mechanism), amount),
            None => ledger.add_unattributed(origin, Claim::unattributed(), charge.key().resource_id(), amount),
        }
    }

    /// Whether charges of an account have a default area.
    pub(super) fn has_account(&self, account: &str) -> bool {
        self.accounts.contains_key(account)
    }

    /// Whether some row of a resource has a value of the area tag key at `index`.
    pub(super) fn has_value(&self, resource: &str, index: usize) -> bool {
        let resource = self.bill.resource_number(resource);
        let known = self.keys.get(index).zip(resource).map(|((_, values), resource)| values.of_resource(resource));
        known.is_some_and(|values| values != Values::None)
    }

    /// Lists default areas of accounts that the bill does not have.
    pub(super) fn report_accounts(&self, bill: &Bill, found: &mut Diagnostics) {
        if self.accounts.is_empty() {
            return;
        }
        let used: BTreeSet<&str> = bill.charges().iter().map(|charge| charge.key().usage_account()).collect();
        for (account, area) in self.accounts.iter().filter(|(account, _)| !used.contains(*account)) {
            let message = format!("account `{account}`, by default of `{area}`, is not in the bill");
            found.add(DiagnosticCode::AccountsNeverMatched, message, 1, None);
        }
    }

    /// Lists resources with several values of a key, with what therefore inherits none.
    pub(super) fn report_conflicts(&self, bill: &Bill, currency: Currency, found: &mut Diagnostics) -> Result<()> {
        let mut listed: BTreeMap<_, (BTreeSet<&str>, Option<Amount>)> = BTreeMap::new();
        for (at, (key, values)) in self.keys.iter().enumerate() {
            for charge in bill.charges_at(values.of_several()) {
                let value = charge.key().tag(*key);
                let (of_resource, without) = listed.entry((charge.key().resource_id(), at)).or_default();
                of_resource.extend(value);
                if charge.key().currency() == currency {
                    let cost = if value.is_none() { charge.amount() } else { Amount::ZERO };
                    *without = Some(without.unwrap_or_default().checked_add(cost)?);
                }
            }
        }
        for ((resource, at), (values, without)) in listed {
            // Resources of other currencies are no part of this attribution.
            let Some(amount) = without else { continue };
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            let key = self.policy.tag_keys.get(at).map(String::as_str).unwrap_or_default();
            let message = format!(
                "resource `{resource}` has the values {} of tag `{key}`, {amount} {currency} of its rows have none",
                values.join(", ")
            );
            found.add(DiagnosticCode::TagsConflict, message, 1, None);
        }
        Ok(())
    }
}

/// Product and usage account of a charge.
pub(super) fn origin(charge: &Charge) -> Origin<'_> {
    Origin { product: charge.key().product(), account: charge.key().usage_account() }
}
