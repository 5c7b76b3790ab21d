//! What a bill must sum to, by the letter of the spec and without the library (spec 0.1, 3.4, 6.1).
//!
//! Sums wrap: where the library finds that nothing leaves the range, they are exact.

use std::collections::{BTreeMap, BTreeSet};

use unblended::{Amount, BookEntry, CostBasis, Dialect, LineItemKind as K};

use super::arithmetic::{part, seconds, term, units};
use super::header::{TOTAL, USED};
use super::rows::{PLANS, Row, is_fee};
use super::{Case, Layout};

const JUNE: (&str, &str) = ("2016-06-01 00:00:00", "2016-07-01 00:00:00");

/// Sums in units of 10⁻¹⁸.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) billed: i128,
    pub(crate) excluded: i128,
    pub(crate) carried_in: i128,
    pub(crate) deferred: i128,
    /// What the parts of each product and usage account must sum to; those of 0 are left out.
    pub(crate) by_origin: BTreeMap<(String, String), i128>,
    /// Rows, unblended cost and cost by kind.
    pub(crate) bridge: BTreeMap<K, (u64, i128, i128)>,
}

impl Sums {
    pub(crate) fn of(case: &Case, currency: &str) -> Self {
        let mut sums = Self::default();
        let mut fees: BTreeMap<[&str; 8], i128> = BTreeMap::new();
        for row in case.rows.iter().filter(|row| row.currency == currency) {
            let unblended = units(&row.costs[0]);
            let Some(kind) = row.kind else {
                sums.excluded = sums.excluded.wrapping_add(unblended);
                continue;
            };
            let cost = cost(row, case.layout, case.basis);
            sums.billed = sums.billed.wrapping_add(cost);
            sums.note(row.product_on_bill(case.layout.dialect), row.usage_account(), cost);
            let of_kind = sums.bridge.entry(kind).or_default();
            *of_kind = (of_kind.0 + 1, of_kind.1.wrapping_add(unblended), of_kind.2.wrapping_add(cost));
            if is_fee(row.kind) && case.spreads() {
                let named = if row.commitment.is_empty() { ["", row.form.2] } else { [row.commitment, ""] };
                let [product, account] = [row.product_on_bill(case.layout.dialect), row.usage_account()];
                let key = [row.payer, product, account, kind.as_str(), named[0], named[1], &row.start, &row.end];
                *fees.entry(key).or_default() += cost;
            }
        }
        for ([_, product, account, .., start, end], fee) in fees {
            let Some(term) = term(start, end) else { continue };
            let deferred = fee - part(fee, term, i64::MIN, seconds(JUNE.1));
            sums.deferred += deferred;
            sums.note(product, account, -deferred);
        }
        for entry in case.book.iter().filter(|entry| case.carries(entry, currency)) {
            let Some(term) = term(&printed(entry.start), &printed(entry.end)) else { continue };
            let carried = part(entry.fee.units(), term, seconds(JUNE.0), seconds(JUNE.1));
            sums.carried_in += carried;
            sums.note(&entry.product, &entry.usage_account, carried);
        }
        sums.by_origin.retain(|_, sum| *sum != 0);
        sums
    }

    /// What the tables must sum to.
    pub(crate) fn whole(&self) -> i128 {
        self.billed.wrapping_add(self.carried_in).wrapping_sub(self.deferred)
    }

    fn note(&mut self, product: &str, account: &str, amount: i128) {
        let sum = self.by_origin.entry((product.to_owned(), account.to_owned())).or_default();
        *sum = sum.wrapping_add(amount);
    }
}

/// `YYYY-MM-DD HH:MM:SS`.
fn printed(time: unblended::Timestamp) -> String {
    time.to_string().replace(['T', 'Z'], " ").trim().to_owned()
}

impl Case {
    /// Whether fees are set aside (spec 5.2).
    pub(crate) fn spreads(&self) -> bool {
        let is_amortized = matches!(self.basis, CostBasis::Amortized | CostBasis::NetAmortized);
        self.layout.dialect == Dialect::Dbr || (self.policy["commitments"]["spread"] == true && !is_amortized)
    }

    /// Whether a fee of the book was billed earlier to a payer of the bill (spec 6.2).
    fn carries(&self, entry: &BookEntry, currency: &str) -> bool {
        self.spreads()
            && self.rows.iter().any(|row| row.kind.is_some() && row.payer == entry.payer)
            && entry.currency.as_str() == currency
            && entry.billing_period.to_string().as_str() < "2016-06"
    }

    /// Whether a fee that would be set aside has no term (spec 6.1).
    pub(crate) fn has_unknown_term(&self, currency: &str) -> bool {
        let mut fees = self.rows.iter().filter(|row| is_fee(row.kind) && row.currency == currency);
        self.spreads() && fees.any(|row| term(&row.start, &row.end).is_none())
    }

    /// Whether no owner gets a part of a negative fee, unused commitment or pool.
    pub(crate) fn shares_nothing_negative(&self) -> bool {
        let is_negative = |row: &&Row| is_fee(row.kind) && cost(row, self.layout, self.basis) < 0;
        self.policy["shared"].as_array().unwrap().is_empty()
            && !self.rows.iter().any(|row| is_negative(&row))
            && !self.book.iter().any(|entry| entry.fee.is_negative())
            // With an amortized basis what is unused of a commitment may be shared with idle rows too.
            && (!self.amounts.is_signed || self.policy["commitments"]["unused"] != "proportional")
    }

    /// The currencies of the rows that count.
    pub(crate) fn currencies(&self) -> BTreeSet<&'static str> {
        self.rows.iter().filter(|row| row.kind.is_some()).map(|row| row.currency).collect()
    }

    /// Whether sums, or amounts that pass from provider to provider, can leave the range.
    pub(crate) fn may_overflow(&self) -> bool {
        let costs = self.rows.iter().flat_map(|row| &row.costs).filter(|cost| !cost.is_empty());
        let mut sizes = costs.map(|cost| units(cost).unsigned_abs());
        sizes.try_fold(0u128, u128::checked_add).is_none_or(|sum| sum > i128::MAX.unsigned_abs() / 1_000_000)
    }
}

impl Row {
    /// The product name, else the service code (spec 3.7).
    fn product_on_bill(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Cur | Dialect::Cur2 if self.product.is_empty() && self.form.2 == PLANS => PLANS,
            Dialect::Cur | Dialect::Cur2 if self.product.is_empty() => "AmazonEC2",
            _ => self.product,
        }
    }

    fn usage_account(&self) -> &'static str {
        if self.account.is_empty() { self.payer } else { self.account }
    }
}

/// The cost of a row in a basis: the table of spec 3.4, once more.
fn cost(row: &Row, layout: Layout, basis: CostBasis) -> i128 {
    let unblended = units(&row.costs[0]);
    let kind = row.kind.unwrap();
    if basis == CostBasis::Unblended || kind == K::Other {
        return unblended;
    }
    if layout.dialect == Dialect::Focus {
        return units(&row.costs[1]);
    }
    let is_net = matches!(basis, CostBasis::NetUnblended | CostBasis::NetAmortized);
    let is_amortized = matches!(basis, CostBasis::Amortized | CostBasis::NetAmortized);
    let cell = |at: usize| row.costs[..layout.costs()].get(at).filter(|cost| !cost.is_empty()).map(|cost| units(cost));
    // The net column where there is one and the row fills it, else the other.
    let best = |net: usize, gross: usize| if is_net { cell(net).or(cell(gross)) } else { cell(gross) };
    let sum = |terms: [Option<i128>; 2]| {
        if terms == [None, None] {
            unblended
        } else {
            terms.iter().flatten().fold(0, |sum: i128, term| sum.wrapping_add(*term))
        }
    };
    match kind {
        K::DiscountedUsage if is_amortized => sum([best(9, 1), None]),
        K::RecurringFee if is_amortized => sum([best(10, 2), best(11, 3)]),
        K::SavingsPlanCoveredUsage if is_amortized => sum([best(12, 4), None]),
        K::SavingsPlanRecurringFee if is_amortized => {
            let unused = sum([cell(TOTAL), cell(USED).map(|used| -used)]);
            if is_net { net_of(unused, [(cell(8), cell(0)), (cell(13), cell(7))]) } else { unused }
        }
        K::UpfrontFee | K::SavingsPlanUpfrontFee | K::SavingsPlanNegation if is_amortized => 0,
        K::Refund if is_amortized && row.form.2 == PLANS => 0,
        kind if is_net && kind.as_str().ends_with("Discount") => {
            if layout.is_net {
                0
            } else {
                unblended
            }
        }
        _ if is_net => best(8, 0).unwrap(),
        _ => unblended,
    }
}

/// Times the first fraction that a row fills and whose denominator is not 0, half to even.
fn net_of(amount: i128, fractions: [(Option<i128>, Option<i128>); 2]) -> i128 {
    let known = fractions.into_iter().filter_map(|(net, gross)| net.zip(gross)).find(|(_, gross)| *gross != 0);
    let Some((net, gross)) = known else { return amount };
    // All are whole millionths.
    let micro = 1_000_000_000_000;
    let (product, divisor) = (amount * (net / micro), gross / micro);
    let (size, divisor) = (product.abs(), divisor.abs() * (gross.signum() * product.signum()).signum());
    if divisor == 0 {
        return 0;
    }
    let (whole, twice) = (size / divisor.abs(), size % divisor.abs() * 2);
    (whole + i128::from(twice > divisor.abs() || (twice == divisor.abs() && whole % 2 == 1))) * divisor.signum()
}

/// Units of an amount.
pub(crate) fn sum(amounts: impl IntoIterator<Item = Amount>) -> i128 {
    amounts.into_iter().fold(0, |sum, amount| sum.wrapping_add(amount.units()))
}
