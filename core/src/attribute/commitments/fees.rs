//! This period's part of every fee (spec 5.2, 6, R21, R24).

use std::collections::{BTreeMap, BTreeSet};

use super::super::claim::Origin;
use super::super::rules::Subject;
use super::super::tags::origin;
use crate::amortize::{BookEntry, ReservationBook, amortize, known_term};
use crate::bill::{Bill, Charge, Covers, CoversById};
use crate::classify::{Dialect, LineItemKind};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency};
use crate::policy::{CommitmentPolicy, UnknownTerm};
use crate::time::{BillingPeriod, Interval};

/// This period's parts of all fees of known term.
#[derive(Debug, Default)]
pub(super) struct Fees<'a> {
    pub(super) parts: Vec<FeePart<'a>>,
    /// What fees add to the bill by origin: −deferred and +carried in.
    pub(super) moved: BTreeMap<Origin<'a>, Amount>,
    pub(super) carried_in: Amount,
    pub(super) deferred: Amount,
}

/// This period's part of one fee.
#[derive(Debug)]
pub(super) struct FeePart<'a> {
    pub(super) payer: &'a str,
    pub(super) origin: Origin<'a>,
    pub(super) kind: LineItemKind,
    /// Subscription or reservation id, else the description.
    pub(super) commitment: &'a str,
    /// The charges of this bill it is of; none where it is carried in.
    pub(super) charges: Vec<&'a Charge>,
    /// What it is for, by its own rows, else by those of other fees of its id.
    pub(super) covers: Covers<'a>,
    /// How many were bought, where it is carried in and the book says so.
    pub(super) count: Option<Amount>,
    /// What of its term lies in this period.
    pub(super) window: Interval,
    pub(super) amount: Amount,
}

/// A fee's key within one scan (spec 6.2, R21).
type FeeKey<'a> = (&'a str, Origin<'a>, LineItemKind, &'a str, Interval);

/// Whether fees of a charge's payer are spread where their term is known; each payer is billed in one format.
pub(super) fn is_of_spreading_payer(charge: &Charge, policy: CommitmentPolicy) -> bool {
    policy.spread || charge.key().dialect() == Dialect::Dbr
}

/// Whether a charge is a fee that is spread where its term is known.
fn is_spread(charge: &Charge, policy: CommitmentPolicy) -> bool {
    charge.key().kind().is_fee() && is_of_spreading_payer(charge, policy)
}

/// Whether a charge is a fee whose term is known, and so is no ordinary charge.
pub(in super::super) fn is_set_aside(charge: &Charge, policy: CommitmentPolicy) -> bool {
    is_spread(charge, policy) && charge.key().term().and_then(known_term).is_some()
}

/// The payers whose fees of earlier periods belong to this one too.
fn spreading_payers(bill: &Bill, policy: CommitmentPolicy) -> BTreeSet<&str> {
    let spreading = bill.one_of_each_payer().filter(|charge| is_of_spreading_payer(charge, policy));
    spreading.map(|charge| charge.key().payer()).collect()
}

impl<'a> FeePart<'a> {
    /// What rules and pools can ask of it (R22).
    pub(super) fn subject(&self) -> Subject<'a> {
        Subject::Fee { account: self.origin.account, product: self.origin.product, kind: self.kind.as_str() }
    }
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
        let mut billed: BTreeMap<FeeKey<'a>, (Amount, Vec<&'a Charge>)> = BTreeMap::new();
        for charge in bill.fees().filter(|charge| charge.key().currency() == currency) {
            let Some(term) = charge.key().term().filter(|_| is_set_aside(charge, policy)) else { continue };
            let (sum, charges) = billed.entry(fee_key(charge, term)).or_default();
            *sum = sum.checked_add(charge.amount())?;
            charges.push(charge);
        }
        let mut fees = Self::default();
        for ((payer, origin, kind, commitment, printed), (fee, charges)) in billed {
            // What elapsed before this period is this period's too: no other one carries it in.
            let since = Interval::new(printed.start.min(period.start()), period.end());
            let part = part_of(fee, printed, since)?;
            let later = fee.checked_sub(part.unwrap_or_default())?;
            fees.deferred = fees.deferred.checked_add(later)?;
            fees.add_to_bill(origin, Amount::ZERO.checked_sub(later)?)?;
            let window = window_of(printed, period);
            let (covers, count) = (Covers::of(&charges), None);
            let fee = |amount| FeePart { payer, origin, kind, commitment, charges, covers, count, window, amount };
            fees.parts.extend(part.map(fee));
        }
        let payers = spreading_payers(bill, policy);
        for entry in book.entries().iter().filter(|entry| is_carried(entry, &payers, period, currency)) {
            let printed = Interval::new(entry.start, entry.end);
            let Some(amount) = part_of(entry.fee, printed, period.interval())? else { continue };
            let origin = Origin { product: &entry.product, account: &entry.usage_account };
            fees.carried_in = fees.carried_in.checked_add(amount)?;
            fees.add_to_bill(origin, amount)?;
            let (payer, commitment, window) = (&entry.payer, &entry.commitment_id, window_of(printed, period));
            let covers = Covers { usage_type: entry.usage_type.as_deref(), zone: entry.zone.as_deref() };
            let (kind, count, charges) = (entry.kind, entry.count, Vec::new());
            fees.parts.push(FeePart { payer, origin, kind, commitment, charges, covers, count, window, amount });
        }
        fees.tell_each_other();
        Ok(fees)
    }

    /// Fees that do not say what they cover cover what the others of their id do (R88).
    fn tell_each_other(&mut self) {
        let mut known = CoversById::default();
        let key = |part: &FeePart<'a>| (part.payer, part.origin.product, part.id().unwrap_or_default());
        for part in &self.parts {
            known.add(key(part), part.covers);
        }
        for part in &mut self.parts {
            part.covers = known.of(key(part), part.covers);
        }
    }

    fn add_to_bill(&mut self, origin: Origin<'a>, amount: Amount) -> Result<()> {
        let sum = self.moved.entry(origin).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    }
}

fn fee_key(charge: &Charge, printed: Interval) -> FeeKey<'_> {
    let key = charge.key();
    let commitment = if key.reservation_id().is_empty() { key.description() } else { key.reservation_id() };
    (key.payer(), origin(charge), key.kind(), commitment, printed)
}

/// The part of a fee that belongs to a window; `None` where its term does not reach into it.
fn part_of(fee: Amount, printed: Interval, window: Interval) -> Result<Option<Amount>> {
    let term = known_term(printed).filter(|term| term.intersect(&window).is_some());
    term.map(|term| amortize(fee, term, window)).transpose()
}

/// What of a printed term lies in a period.
fn window_of(printed: Interval, period: BillingPeriod) -> Interval {
    let inside = known_term(printed).and_then(|term| term.intersect(&period.interval()));
    inside.unwrap_or_else(|| Interval::new(period.start(), period.start()))
}

/// Whether an entry of the book was billed to one of these payers in an earlier period.
fn is_carried(entry: &BookEntry, payers: &BTreeSet<&str>, period: BillingPeriod, currency: Currency) -> bool {
    let of_these_payers = payers.contains(entry.payer.as_str());
    entry.currency == currency && of_these_payers && entry.billing_period < period
}

/// Reports fees of unknown term, or refuses them (spec 6.1).
pub(in super::super) fn check_terms(
    bill: &Bill,
    policy: CommitmentPolicy,
    currency: Currency,
    found: &mut Diagnostics,
) -> Result<()> {
    for charge in bill.fees() {
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
