//! Commitment fees: set aside, amortized, shared by cost (spec 5.2, 5.6, 6, R21–R24).

use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Claim, Origin, Owner};
use super::conserved::conserved;
use super::ledger::Ledger;
use super::pools::Pools;
use super::rules::{Rules, Subject};
use crate::amortize::{BookEntry, ReservationBook, amortize, known_term};
use crate::bill::{Bill, Charge};
use crate::classify::{Dialect, LineItemKind};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency};
use crate::policy::{Among, CommitmentPolicy, UnknownTerm};
use crate::rollup::{Mechanism, RowKind};
use crate::split::split;
use crate::time::{BillingPeriod, Interval};

/// This period's part of every fee of known term.
#[derive(Debug, Default)]
pub(super) struct Fees<'a> {
    /// Parts by origin and kind of fee.
    parts: Vec<(Origin<'a>, LineItemKind, Amount)>,
    /// What fees add to the bill by origin: −deferred and +carried in.
    pub(super) moved: BTreeMap<Origin<'a>, Amount>,
    pub(super) carried_in: Amount,
    pub(super) deferred: Amount,
}

/// A fee's key within one scan (spec 6.2, R21).
type FeeKey<'a> = (&'a str, Origin<'a>, LineItemKind, &'a str, Interval);

/// Whether a charge is a fee that is spread where its term is known.
fn is_spread(charge: &Charge, policy: CommitmentPolicy) -> bool {
    charge.key().kind().is_fee() && (policy.spread || charge.key().dialect() == Dialect::Dbr)
}

/// Whether a charge is a fee whose term is known, and so is no ordinary charge.
pub(super) fn is_set_aside(charge: &Charge, policy: CommitmentPolicy) -> bool {
    is_spread(charge, policy) && charge.key().term().and_then(known_term).is_some()
}

/// The payers whose fees of earlier periods belong to this one too.
fn spreading_payers(bill: &Bill, policy: CommitmentPolicy) -> BTreeSet<&str> {
    let spreads = |charge: &&Charge| policy.spread || charge.key().dialect() == Dialect::Dbr;
    bill.charges().iter().filter(spreads).map(|charge| charge.key().payer()).collect()
}

impl<'a> Fees<'a> {
    /// Amortizes the fees billed in this period and carries in those of the book.
    pub(super) fn of_period(
        bill: &'a Bill,
        book: &'a ReservationBook,
        policy: CommitmentPolicy,
        period: BillingPeriod,
        currency: Currency,
    ) -> Result<Self> {
        let mut billed: BTreeMap<FeeKey<'a>, Amount> = BTreeMap::new();
        for charge in bill.charges().iter().filter(|charge| charge.key().currency() == currency) {
            let Some(term) = charge.key().term().filter(|_| is_set_aside(charge, policy)) else { continue };
            let sum = billed.entry(fee_key(charge, term)).or_default();
            *sum = sum.checked_add(charge.amount())?;
        }
        let mut fees = Self::default();
        for ((_, origin, kind, _, printed), fee) in billed {
            // What elapsed before this period is this period's too: no other one carries it in.
            let window = Interval::new(printed.start.min(period.start()), period.end());
            let part = part_of(fee, printed, window)?;
            let later = fee.checked_sub(part.unwrap_or_default())?;
            fees.deferred = fees.deferred.checked_add(later)?;
            fees.note(origin, kind, part, Amount::ZERO.checked_sub(later)?)?;
        }
        let payers = spreading_payers(bill, policy);
        for entry in book.entries().iter().filter(|entry| is_carried(entry, &payers, period, currency)) {
            let part = part_of(entry.fee, Interval::new(entry.start, entry.end), period.interval())?;
            let origin = Origin { product: &entry.product, account: &entry.usage_account };
            fees.carried_in = fees.carried_in.checked_add(part.unwrap_or_default())?;
            fees.note(origin, entry.kind, part, part.unwrap_or_default())?;
        }
        Ok(fees)
    }

    /// Keeps a part, if there is one, and what the fee adds to the bill of this period.
    fn note(&mut self, origin: Origin<'a>, kind: LineItemKind, part: Option<Amount>, moved: Amount) -> Result<()> {
        let sum = self.moved.entry(origin).or_default();
        *sum = sum.checked_add(moved)?;
        self.parts.extend(part.map(|part| (origin, kind, part)));
        Ok(())
    }

    /// Gives the parts that shared pools match to them.
    pub(super) fn pool(&mut self, pools: &mut Pools<'a>) -> Result<()> {
        let parts = std::mem::take(&mut self.parts);
        for (origin, kind, part) in parts {
            let subject = Subject::Fee { account: origin.account, product: origin.product, kind: kind.as_str() };
            if !pools.take(&subject, origin, part)? {
                self.parts.push((origin, kind, part));
            }
        }
        Ok(())
    }

    /// Gives the parts to rules, and shares the rest of each product among its owners.
    pub(super) fn share(
        &self,
        policy: CommitmentPolicy,
        rules: &Rules<'a>,
        ledger: &mut Ledger<'a>,
        covered_products: &BTreeSet<&str>,
        found: &mut Diagnostics,
    ) -> Result<()> {
        let mut by_product: BTreeMap<&str, BTreeMap<Origin<'a>, Amount>> = BTreeMap::new();
        for (origin, kind, part) in &self.parts {
            let subject = Subject::Fee { account: origin.account, product: origin.product, kind: kind.as_str() };
            if !rules.own(&subject, *origin, *part, ledger)? {
                let sum = by_product.entry(origin.product).or_default().entry(*origin).or_default();
                *sum = sum.checked_add(*part)?;
            }
        }
        for (product, parts) in by_product {
            if covered_products.contains(product) {
                let message = format!("fees of `{product}` are shared by cost although it has covered usage");
                found.add(DiagnosticCode::CommitmentCostShare, message, 1, None);
            }
            let weights = owner_weights(product, policy, ledger, found)?;
            for (origin, part) in parts {
                share_part(origin, part, &weights, ledger)?;
            }
        }
        Ok(())
    }
}

fn fee_key(charge: &Charge, printed: Interval) -> FeeKey<'_> {
    let key = charge.key();
    let commitment = if key.reservation_id().is_empty() { key.description() } else { key.reservation_id() };
    let origin = Origin { product: key.product(), account: key.usage_account() };
    (key.payer(), origin, key.kind(), commitment, printed)
}

/// The part of a fee that belongs to a window; `None` where its term does not reach into it.
fn part_of(fee: Amount, printed: Interval, window: Interval) -> Result<Option<Amount>> {
    let term = known_term(printed).filter(|term| term.intersect(&window).is_some());
    term.map(|term| amortize(fee, term, window)).transpose()
}

/// Whether an entry of the book was billed to one of these payers in an earlier period.
fn is_carried(entry: &BookEntry, payers: &BTreeSet<&str>, period: BillingPeriod, currency: Currency) -> bool {
    let of_these_payers = payers.contains(entry.payer.as_str());
    entry.currency == currency && of_these_payers && entry.billing_period < period
}

/// What every owner was attributed of a product, negative totals as weight 0.
fn owner_weights<'a>(
    product: &str,
    policy: CommitmentPolicy,
    ledger: &Ledger<'a>,
    found: &mut Diagnostics,
) -> Result<Vec<(Owner<'a>, u128)>> {
    let mut weights = Vec::new();
    for (owner, amount) in ledger.owners_of(product)? {
        if policy.among == Among::Areas && owner.row_kind != RowKind::Area {
            continue;
        }
        if amount.is_negative() {
            let message = format!("{} has {amount} of `{product}` and takes no part of its fees", owner.name());
            found.add(DiagnosticCode::CommitmentNegativeWeight, message, 1, None);
        }
        weights.push((owner, u128::try_from(amount.units()).unwrap_or(0)));
    }
    Ok(weights)
}

fn share_part<'a>(
    origin: Origin<'a>,
    part: Amount,
    weights: &[(Owner<'a>, u128)],
    ledger: &mut Ledger<'a>,
) -> Result<()> {
    let Some(amounts) = split(part, weights)? else {
        return ledger.add(origin, Claim::unused_commitment(), part);
    };
    conserved("commitment fees", origin, part, &amounts)?;
    for ((owner, weight), amount) in weights.iter().zip(amounts) {
        if *weight == 0 {
            continue;
        }
        let claim = owner.part(Mechanism::Reservation);
        if claim.row_kind == RowKind::Unattributed {
            ledger.add_unattributed(origin, claim, "", amount)?;
        } else {
            ledger.add(origin, claim, amount)?;
        }
    }
    Ok(())
}

/// Reports fees of unknown term, or refuses them (spec 6.1).
pub(super) fn check_terms(
    bill: &Bill,
    policy: CommitmentPolicy,
    currency: Currency,
    found: &mut Diagnostics,
) -> Result<()> {
    for charge in bill.charges() {
        let key = charge.key();
        if !is_spread(charge, policy) || key.currency() != currency || is_set_aside(charge, policy) {
            continue;
        }
        let message = format!(
            "fee `{}` of account `{}` and product `{}` has no known term",
            key.description(),
            key.usage_account(),
            key.product()
        );
        if policy.unknown_term == UnknownTerm::Error {
            return Err(Error::new(ErrorCode::FeeUnknownTerm, message));
        }
        found.add(DiagnosticCode::FeeUnknownTerm, message, charge.rows(), None);
    }
    Ok(())
}
