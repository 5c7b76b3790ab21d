//! The fees behind what they gave (spec 5.10, R97).

use super::super::explain::{Contribution, ExplainedCharge, ExplainedFee};
use super::super::rules::Subject;
use super::super::shared::Pools;
use super::groups::{Group, GroupKey};
use super::{Commitments, name_of};
use crate::bill::Charge;
use crate::error::Result;
use crate::money::Amount;

impl<'a> Commitments<'a> {
    /// The fees whose parts of this period are in these contributions, sorted, and their charges in this bill.
    pub(in super::super) fn explained(
        &self,
        contributions: &[Contribution],
        pools: &Pools<'a>,
    ) -> Result<(Vec<ExplainedFee>, Vec<&'a Charge>)> {
        let (mut fees, mut charges) = (Vec::new(), Vec::new());
        for (key, group) in &self.groups.groups {
            for part in group.parts.iter().filter_map(|at| self.fees.parts.get(*at)) {
                let takers = Takers::of(key, group, pools, &part.subject());
                if !contributions.iter().any(|c| takers.gave(c, part.origin.product, part.origin.account)) {
                    continue;
                }
                let mut of_bill: Vec<_> = part.charges.iter().map(|charge| ExplainedCharge::of(charge)).collect();
                of_bill.sort_unstable();
                charges.extend(part.charges.iter().copied());
                fees.push(ExplainedFee {
                    product: part.origin.product.to_owned(),
                    usage_account: part.origin.account.to_owned(),
                    kind: part.kind,
                    commitment: part.commitment.to_owned(),
                    billed: Amount::sum(part.charges.iter().map(|charge| charge.amount()))?,
                    part: part.amount,
                    charges: of_bill,
                });
            }
        }
        fees.sort_unstable();
        Ok((fees, charges))
    }
}

/// By which way a fee's part goes to owners.
struct Takers<'p> {
    /// The pool that takes the fee itself.
    pool: Option<&'p str>,
    /// The pools that take what it covers.
    along: Vec<&'p str>,
    /// Its commitment, as parts that are pushed onto what it covers name it.
    commitment: String,
}

impl<'p> Takers<'p> {
    fn of(key: &GroupKey<'_>, group: &Group<'_>, pools: &'p Pools<'_>, fee: &Subject<'_>) -> Self {
        let covered = group.covered.iter().map(|covered| Subject::Charge(covered.charge.key()));
        Self {
            pool: pools.first_name(fee),
            along: covered.filter_map(|charge| pools.first_name(&charge)).collect(),
            commitment: name_of(key),
        }
    }

    /// Whether a contribution is, or may be, of the fee. Sums of a product and account are of all of their fees.
    fn gave(&self, to: &Contribution, product: &str, account: &str) -> bool {
        if to.product != product || to.usage_account != account || to.provider.is_some() {
            return false;
        }
        match (&to.commitment, &to.pool, &to.charge) {
            (Some(commitment), ..) => self.pool.is_none() && *commitment == self.commitment,
            (None, Some(pool), _) => self.pool.map_or_else(|| self.along.contains(&pool.as_str()), |own| own == pool),
            (None, None, charge) => self.pool.is_none() && charge.is_none(),
        }
    }
}
