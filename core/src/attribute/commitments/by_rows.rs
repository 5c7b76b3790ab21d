//! How much of each commitment was used, told by the rows of a payer whose fees are not set aside (spec 6.4).
//!
//! With an amortized basis the covered usage carries the used part of a commitment, and rows of its own what nothing
//! used, so that the two sum to what it costs in the period (R85). With any other basis the rows say hours alone: what
//! was paid upfront is in none of them (R98).

use std::collections::{BTreeMap, BTreeSet};

use super::fees::is_of_spreading_payer;
use super::groups::hours_of;
use super::stated::{normalized, overflow};
use super::uses::{Class, eligible, only_family};
use crate::bill::{Bill, Charge, sized_type};
use crate::classify::{Dialect, LineItemKind};
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::policy::CommitmentPolicy;
use crate::rollup::{CommitmentUse, Hours, Ratio};

/// The rows of one commitment.
#[derive(Debug, Default)]
struct Rows<'a> {
    /// Products and accounts of its fees and of what nothing used.
    bought: BTreeSet<(&'a str, &'a str)>,
    /// Products of what it covers.
    products: BTreeSet<&'a str>,
    /// What it covers or is for, as far as a type can be read.
    classes: BTreeSet<Class<'a>>,
    /// Normalized hours, in quarters of 10⁻¹⁸ hours.
    covered: u128,
    purchased: Option<u128>,
    /// Whether a recurring fee does not say its hours.
    is_silent: bool,
    used: Amount,
    unused: Amount,
    has_use: bool,
}

/// Whether a charge carries a part of a commitment that was used.
pub(super) fn is_covered(kind: LineItemKind) -> bool {
    matches!(kind, LineItemKind::DiscountedUsage | LineItemKind::SavingsPlanCoveredUsage)
}

/// A row for each commitment that covers something or leaves something unused, of which costs or hours are known, sorted.
pub(super) fn uses(bill: &Bill, policy: CommitmentPolicy, currency: Currency) -> Result<Vec<CommitmentUse>> {
    let has_costs = bill.basis().is_amortized();
    let told = bill.one_of_each_payer().filter(|charge| has_costs || !is_of_spreading_payer(charge, policy));
    let payers: BTreeSet<&str> = told.map(|charge| charge.key().payer()).collect();
    if payers.is_empty() {
        return Ok(Vec::new());
    }
    let mut all: BTreeMap<(&str, &str, &str), Rows<'_>> = BTreeMap::new();
    for charge in bill.charges().iter().filter(|charge| charge.key().currency() == currency) {
        let key = charge.key();
        let is_fee = key.kind().is_fee() || key.kind().is_unused_where_amortized();
        if !(is_fee || is_covered(key.kind())) || !payers.contains(key.payer()) {
            continue;
        }
        // Without an id, rows of a product are one commitment.
        let product = if key.reservation_id().is_empty() { key.product() } else { "" };
        let rows = all.entry((key.payer(), key.reservation_id(), product)).or_default();
        if is_fee { rows.add_fee(charge)? } else { rows.add_use(charge)? }
    }
    all.retain(|_, rows| rows.has_use && (has_costs || rows.covered > 0 || rows.purchased().is_some()));
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let eligible = eligible(bill, currency, is_covered)?;
    let uses = all.iter().map(|((payer, id, _), rows)| rows.row((payer, id), has_costs, &eligible));
    let mut uses = uses.collect::<Result<Vec<_>>>()?;
    uses.sort_unstable();
    Ok(uses)
}

impl<'a> Rows<'a> {
    fn add_use(&mut self, charge: &'a Charge) -> Result<()> {
        let key = charge.key();
        self.has_use = true;
        self.used = self.used.checked_add(charge.amount())?;
        self.products.insert(key.product());
        if let Some((sized, hours)) = hours_of(charge)? {
            self.classes.insert((key.payer(), key.product(), sized.prefix, sized.family));
            self.covered = self.covered.checked_add(hours).ok_or_else(overflow)?;
        }
        Ok(())
    }

    fn add_fee(&mut self, charge: &'a Charge) -> Result<()> {
        let key = charge.key();
        self.bought.insert((key.product(), key.usage_account()));
        let sized = sized_type(key.usage_type());
        if let Some(sized) = sized {
            self.classes.insert((key.payer(), key.product(), sized.prefix, sized.family));
        }
        if !key.kind().is_unused_where_amortized() {
            return Ok(());
        }
        self.has_use = true;
        self.unused = self.unused.checked_add(charge.amount())?;
        if key.kind() != LineItemKind::RecurringFee {
            return Ok(());
        }
        let quantity = u128::try_from(charge.quantity().units()).ok().filter(|units| *units > 0);
        let says_hours = matches!(key.dialect(), Dialect::Cur | Dialect::Cur2);
        match (quantity, sized) {
            (Some(quantity), Some(sized)) if says_hours => {
                let hours = normalized(quantity, sized.quarters)?;
                let sum = self.purchased.unwrap_or(0).checked_add(hours).ok_or_else(overflow)?;
                self.purchased = Some(sum);
            }
            _ => self.is_silent = true,
        }
        Ok(())
    }

    /// The normalized hours that were bought, where every recurring fee says its own.
    fn purchased(&self) -> Option<u128> {
        self.purchased.filter(|_| !self.is_silent)
    }

    fn row(
        &self,
        (payer, id): (&str, &str),
        has_costs: bool,
        eligible: &BTreeMap<Class<'_>, u128>,
    ) -> Result<CommitmentUse> {
        let purchased = self.purchased();
        let used = purchased.map(|purchased| purchased.min(self.covered));
        let mut could = 0u128;
        for class in &self.classes {
            let hours = eligible.get(class).copied().unwrap_or(0);
            could = could.checked_add(hours).ok_or_else(overflow)?;
        }
        let utilization = match purchased.zip(used) {
            Some((purchased, used)) => Ratio::of(used, purchased),
            None if has_costs => self.used_of_cost()?,
            None => None,
        };
        let accounts: BTreeSet<&str> = self.bought.iter().map(|(_, account)| *account).collect();
        let mut products = self.bought.iter().map(|(product, _)| product).chain(&self.products);
        let families = self.classes.iter().map(|(_, _, prefix, family)| (*prefix, *family)).collect();
        Ok(CommitmentUse {
            payer: payer.to_owned(),
            product: products.next().map(|product| (*product).to_owned()).unwrap_or_default(),
            usage_account: accounts.first().filter(|_| accounts.len() == 1).map(|account| (*account).to_owned()),
            commitment: Some(id.to_owned()).filter(|id| !id.is_empty()),
            covers: only_family(&families),
            purchased_hours: purchased.map(Hours::of_quarters),
            used_hours: used.map(Hours::of_quarters),
            utilization,
            used_cost: has_costs.then_some(self.used),
            unused_cost: has_costs.then_some(self.unused),
            covered_hours: Hours::of_quarters(self.covered),
            eligible_hours: Hours::of_quarters(could),
            coverage: Ratio::of(self.covered, could),
        })
    }

    /// The used part of what the commitment costs; `None` where a part is negative.
    fn used_of_cost(&self) -> Result<Option<Ratio>> {
        let whole = self.used.checked_add(self.unused)?;
        let units = |amount: Amount| u128::try_from(amount.units()).ok();
        let known = units(self.used).zip(units(whole)).filter(|_| !self.unused.is_negative());
        Ok(known.and_then(|(used, whole)| Ratio::of(used, whole)))
    }
}
