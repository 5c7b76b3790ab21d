//! Fractions of amounts: an amount times one, and those that parts are of their whole.

use ethnum::{I256, U256};

use super::{Amount, overflow};
use crate::error::Result;

/// `amount × numerator / denominator`, exact and then rounded half-even to 10⁻¹⁸; `None` for a denominator of 0.
///
/// # Errors
/// `money.overflow` where the result leaves the range.
pub(crate) fn times_fraction(amount: Amount, numerator: Amount, denominator: Amount) -> Result<Option<Amount>> {
    if denominator.is_zero() {
        return Ok(None);
    }
    let size = |amount: Amount| U256::from(amount.units().unsigned_abs());
    // Each is at most 2^127: their product fits.
    let (product, divisor) = (size(amount) * size(numerator), size(denominator));
    let (floor, rest) = (product / divisor, product % divisor);
    let twice = rest * U256::from(2u8);
    let is_odd = floor % U256::from(2u8) == U256::ONE;
    let rounded = if twice > divisor || (twice == divisor && is_odd) { floor + U256::ONE } else { floor };
    let units = u128::try_from(rounded).map_err(|_| overflow())?;
    let is_negative = amount.is_negative() ^ numerator.is_negative() ^ denominator.is_negative();
    let signed = if is_negative { 0i128.checked_sub_unsigned(units) } else { 0i128.checked_add_unsigned(units) };
    signed.map(|units| Some(Amount(units))).ok_or_else(overflow)
}

/// What each part is of the whole that they sum to, as a number of 18 decimals: floors, and the missing units one each to
/// the largest remainders, ties to the earlier part. They sum to exactly 1. `None` for a whole of 0, and where one leaves
/// the range.
pub(crate) fn ratios(parts: &[Amount], whole: Amount) -> Option<Vec<Amount>> {
    const ONE: i128 = 10i128.pow(Amount::SCALE);
    if whole.is_zero() {
        return None;
    }
    let sign = I256::from(whole.units().signum());
    let divisor = I256::from(whole.units()) * sign;
    let mut floors = Vec::with_capacity(parts.len());
    let mut remainders = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let scaled = I256::from(part.units()) * I256::from(ONE) * sign;
        floors.push(i128::try_from(scaled.div_euclid(divisor)).ok()?);
        // Negated, so that the largest comes first and equal ones keep their order.
        remainders.push((-scaled.rem_euclid(divisor), at));
    }
    let given = floors.iter().try_fold(0i128, |sum, floor| sum.checked_add(*floor))?;
    let missing = usize::try_from(ONE.checked_sub(given)?).ok()?;
    remainders.sort_unstable();
    for (_, at) in remainders.iter().take(missing) {
        if let Some(floor) = floors.get_mut(*at) {
            *floor = floor.checked_add(1)?;
        }
    }
    Some(floors.into_iter().map(Amount).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ratios_are_floors_with_the_missing_units_at_the_largest_remainders() {
        let of = |parts: &[i128]| {
            let parts: Vec<Amount> = parts.iter().copied().map(Amount).collect();
            let whole = Amount::sum(parts.iter().copied()).unwrap();
            ratios(&parts, whole).map(|ratios| ratios.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let third = "0.333333333333333333".to_owned();
        assert_eq!(of(&[1, 1, 1]).unwrap(), ["0.333333333333333334".to_owned(), third.clone(), third]);
        assert_eq!(of(&[1, 2]).unwrap(), ["0.333333333333333333", "0.666666666666666667"]);
        assert_eq!(of(&[-1, -3]).unwrap(), ["0.25", "0.75"]);
        assert_eq!(of(&[3, -1]).unwrap(), ["1.5", "-0.5"]);
        assert_eq!(of(&[7]).unwrap(), ["1"]);
        assert_eq!(of(&[0, 5]).unwrap(), ["0", "1"]);
        assert_eq!(of(&[5, -5]), None, "of nothing");
        assert_eq!(of(&[i128::MAX, -i128::MAX, 1]), None, "the ratio leaves the range");
    }

    proptest! {
        #[test]
        fn ratios_sum_to_exactly_one_and_are_exact_to_a_unit(parts in prop::collection::vec(-1_000_000i128..1_000_000, 1..9)) {
            let whole: i128 = parts.iter().sum();
            let amounts: Vec<Amount> = parts.iter().copied().map(Amount).collect();
            match ratios(&amounts, Amount(whole)) {
                None => prop_assert_eq!(whole, 0),
                Some(ratios) => {
                    prop_assert_eq!(ratios.iter().map(|ratio| ratio.units()).sum::<i128>(), 10i128.pow(18));
                    for (part, ratio) in parts.iter().zip(ratios) {
                        let error = part * 10i128.pow(18) - ratio.units() * whole;
                        prop_assert!(error.abs() <= whole.abs(), "{} of {}", part, whole);
                    }
                }
            }
        }
    }

    #[test]
    fn fractions_are_exact_and_rounded_half_even() {
        let times =
            |a: i128, b: i128, c: i128| times_fraction(Amount(a), Amount(b), Amount(c)).unwrap().map(Amount::units);
        for (a, b, c, result) in [
            (5, 1, 2, Some(2)),
            (7, 1, 2, Some(4)),
            (-7, 1, 2, Some(-4)),
            (-5, -1, -2, Some(-2)),
            (10, 1, 3, Some(3)),
            (20, 1, 3, Some(7)),
            (i128::MAX, i128::MAX, i128::MAX, Some(i128::MAX)),
            (i128::MIN, i128::MAX, i128::MAX, Some(i128::MIN)),
            (1, 1, 0, None),
        ] {
            assert_eq!(times(a, b, c), result, "{a} * {b} / {c}");
        }
        assert!(times_fraction(Amount(i128::MAX), Amount(2), Amount(1)).is_err());
    }
}
