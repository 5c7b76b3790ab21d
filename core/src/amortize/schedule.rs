//! One fee over one term, exact in every slice (spec 6.1).

use serde::Serialize;

use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::split::{mul_div, signed};
use crate::time::{BillingPeriod, HOUR_MS, Interval, Timestamp};

const DAY_MS: u64 = 86_400_000;
/// Longest commitment looked for when an end is read as inclusive.
const MONTHS_MAX: u32 = 120;

/// The term a fee's printed interval names, or nothing if it spans less than 28 days.
///
/// An end is inclusive, and gets one more second, exactly when its seconds are not 0 and end + 1 s is start plus whole
/// calendar months or falls on a whole hour.
///
/// ```
/// use unblended::{known_term, Interval};
/// let printed = Interval::new("2017-06-09 21:21:37".parse()?, "2018-06-09 21:21:36".parse()?);
/// assert_eq!(known_term(printed).unwrap().millis() / 3_600_000, 8760);
/// # Ok::<(), unblended::Error>(())
/// ```
#[must_use]
pub fn known_term(printed: Interval) -> Option<Interval> {
    let term = Interval::new(printed.start, exclusive_end(printed));
    (term.millis() >= 28 * DAY_MS).then_some(term)
}

fn exclusive_end(printed: Interval) -> Timestamp {
    if printed.end.millis() % 60_000 == 0 {
        return printed.end;
    }
    let next = printed.end.plus_millis(1000);
    let whole_hour = next.millis() % HOUR_MS == 0;
    let whole_months = || (1..=MONTHS_MAX).any(|months| printed.start.plus_months(months) == Some(next));
    if whole_hour || whole_months() { next } else { printed.end }
}

/// The part of a fee that belongs to `window`: `⌊|fee|·s(b)/S⌋ − ⌊|fee|·s(a)/S⌋` units, sign put back, where S is the
/// term's length and s(t) what of it has elapsed by t.
///
/// # Errors
/// `money.overflow` cannot happen for a part of a fee that is in range.
///
/// ```
/// use unblended::{amortize, Amount, BillingPeriod, Interval};
/// let fee: Amount = "9832.5".parse()?;
/// let term = Interval::new("2017-06-09 21:21:37".parse()?, "2018-06-09 21:21:37".parse()?);
/// let june: BillingPeriod = "2017-06".parse()?;
/// assert!(amortize(fee, term, june.interval())?.to_string().starts_with("568.668386843607"));
/// # Ok::<(), unblended::Error>(())
/// ```
pub fn amortize(fee: Amount, term: Interval, window: Interval) -> Result<Amount> {
    let total = u128::from(term.millis());
    if total == 0 {
        return Ok(Amount::ZERO);
    }
    let elapsed = |until: Timestamp| {
        let inside = Interval::new(term.start, until.min(term.end)).millis();
        mul_div(fee.units().unsigned_abs(), u128::from(inside), total).0
    };
    signed(elapsed(window.end) - elapsed(window.start.min(window.end)), fee.is_negative())
}

/// A period's part of a fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AmortizedPart {
    /// The period.
    pub period: BillingPeriod,
    /// Its part of the fee.
    pub amount: Amount,
}

/// The parts of a fee that belong to every period its term touches; they sum to the fee (spec 6.1).
///
/// # Errors
/// `fee.unknown_term` where the printed interval spans less than 28 days.
pub fn amortize_fee(fee: Amount, start: Timestamp, end: Timestamp) -> Result<Vec<AmortizedPart>> {
    let term = known_term(Interval::new(start, end)).ok_or_else(|| {
        Error::new(ErrorCode::FeeUnknownTerm, format!("a fee from {start} to {end} has no term of 28 days or more"))
    })?;
    let mut period = term
        .start
        .period()
        .ok_or_else(|| Error::new(ErrorCode::ParseBadTime, format!("`{start}` is in no billing period")))?;
    let mut parts = Vec::new();
    while period.start() < term.end {
        parts.push(AmortizedPart { period, amount: amortize(fee, term, period.interval())? });
        period = period.next();
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(start: &str, end: &str) -> Interval {
        Interval::new(start.parse().unwrap(), end.parse().unwrap())
    }

    #[test]
    fn ends_are_inclusive_only_where_the_calendar_says_so() {
        for (start, end, seconds) in [
            // end + 1 s is start plus 12 months
            ("2017-06-09 21:21:37", "2018-06-09 21:21:36", Some(8760 * 3600)),
            // end + 1 s falls on a whole hour
            ("2016-06-01 00:00:00", "2016-06-30 23:59:59", Some(720 * 3600)),
            // seconds are 0: exclusive as printed
            ("2016-06-01 00:00:00", "2016-07-01 00:00:00", Some(720 * 3600)),
            // neither: as printed
            ("2016-06-01 00:00:05", "2016-07-03 10:10:10", Some((32 * 24 + 10) * 3600 + 605)),
            // a leap day inside: 366 days
            ("2015-06-09 00:00:00", "2016-06-08 23:59:59", Some(8784 * 3600)),
            // February spans 28 days
            ("2017-02-01 00:00:00", "2017-02-28 23:59:59", Some(672 * 3600)),
            ("2017-02-01 00:00:00", "2017-02-28 23:00:00", None),
            ("2017-02-01 00:00:00", "2017-02-01 01:00:00", None),
        ] {
            assert_eq!(known_term(at(start, end)).map(|t| t.millis() / 1000), seconds, "{start} {end}");
        }
    }

    #[test]
    fn the_months_of_a_year_sum_to_the_fee() {
        let fee: Amount = "9832.5".parse().unwrap();
        let term = at("2017-06-09 21:21:37", "2018-06-09 21:21:37");
        let mut period: BillingPeriod = "2017-01".parse().unwrap();
        let mut sum = Amount::ZERO;
        for _ in 0..24 {
            sum = sum.checked_add(amortize(fee, term, period.interval()).unwrap()).unwrap();
            period = period.next();
        }
        assert_eq!(sum, fee);
    }

    #[test]
    fn a_fee_is_amortized_over_every_period_it_touches() {
        let parts = amortize_fee(
            "365".parse().unwrap(),
            "2016-12-31 00:00:00".parse().unwrap(),
            "2017-12-30 23:59:59".parse().unwrap(),
        )
        .unwrap();
        assert_eq!(parts.len(), 13);
        assert_eq!((parts[0].period.to_string(), parts[0].amount.to_string()), ("2016-12".into(), "1".into()));
        assert_eq!(Amount::sum(parts.iter().map(|part| part.amount)).unwrap().to_string(), "365");
    }

    proptest! {
        #[test]
        fn any_cut_of_the_term_sums_to_the_fee(
            units in any::<i128>(),
            length in 1i64..100_000_000_000,
            mut cuts in prop::collection::vec(-1_000_000i64..100_001_000_000, 0..9),
        ) {
            cuts.extend([-2_000_000, 200_000_000_000]);
            cuts.sort_unstable();
            let term = Interval::new(Timestamp::from_millis(0), Timestamp::from_millis(length));
            let mut sum = 0i128;
            for pair in cuts.windows(2) {
                let window = Interval::new(Timestamp::from_millis(pair[0]), Timestamp::from_millis(pair[1]));
                sum = sum.wrapping_add(amortize(Amount::from_units(units), term, window).unwrap().units());
            }
            prop_assert_eq!(sum, units);
        }
    }
}
