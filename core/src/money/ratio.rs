//! An amount times a fraction of two amounts.

use ethnum::U256;

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

#[cfg(test)]
mod tests {
    use super::*;

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
