//! Binary doubles whose shortest decimal is short, read without writing it (spec 1.3).

use crate::money::{Amount, POWERS_OF_TEN};

/// Decimals of which any two are two doubles.
const DIGITS: u32 = 15;
/// Bits of the mantissa that are stored.
const MANTISSA_BITS: u32 = 52;
/// Stored exponent of the doubles from 1 on, less than 2.
const EXPONENT_OF_ONE: u32 = 1023;
/// Stored exponents of doubles below 2⁻¹⁰ and from 2⁴⁹ on: between them the number of decimals differs.
const SMALL: u32 = EXPONENT_OF_ONE - 10;
const LARGE: u32 = EXPONENT_OF_ONE + 49;

/// By the exponent from [`SMALL`] on, how many decimals a double may have, that it has no more than [`DIGITS`] digits.
const DECIMALS: [u32; 59] = {
    let mut decimals = [0; 59];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "constant evaluation: a bad index fails to compile")]
    while at < decimals.len() {
        // Less than 2ᵘᵖ⁻⁹.
        let up = at;
        let mut count = Amount::SCALE;
        while (POWERS_OF_TEN[count as usize] as u128) << up > (POWERS_OF_TEN[DIGITS as usize] as u128) << 9 {
            count -= 1;
        }
        decimals[at] = count;
        at += 1;
    }
    decimals
};

/// The amount that the shortest decimal text of a double says; `None` where it has more than 15 digits or 18
/// decimals, or is no number.
///
/// The decimal of at most 15 digits that is nearest is the shortest, where it reads back as the double: no other
/// of 15 digits does.
pub(super) fn of_short_double(value: f64) -> Option<Amount> {
    let bits = value.to_bits();
    let (magnitude, is_negative) = (bits & (u64::MAX >> 1), bits >> 63 != 0);
    if magnitude == 0 {
        return Some(Amount::ZERO);
    }
    let exponent = u32::try_from(magnitude >> MANTISSA_BITS).ok()?;
    if exponent >= LARGE {
        return None;
    }
    let decimals = exponent.checked_sub(SMALL).and_then(|at| DECIMALS.get(at as usize)).copied();
    let decimals = decimals.unwrap_or(Amount::SCALE);
    let power = u128::from(*POWERS_OF_TEN.get(decimals as usize)?);
    let stored = magnitude & ((1 << MANTISSA_BITS) - 1);
    let mantissa = stored | (1 << MANTISSA_BITS);
    // The value is `mantissa` / 2ˢʰⁱᶠᵗ. No product or sum below leaves 114 bits.
    let shift = EXPONENT_OF_ONE + MANTISSA_BITS - exponent;
    if shift > 112 {
        return None;
    }
    let scaled = u128::from(mantissa).wrapping_mul(power);
    let nearest = scaled.wrapping_add(1 << (shift - 1)) >> shift;
    let off = (nearest << shift).abs_diff(scaled);
    // It reads back where it is nearer than half the distance to the next double: `power` is that distance, and half
    // of it below a power of two.
    let reads_back = off << (1 + u32::from(stored == 0)) < power;
    let unit = u128::from(*POWERS_OF_TEN.get(Amount::SCALE.checked_sub(decimals)? as usize)?);
    let units = i128::try_from(nearest.wrapping_mul(unit)).ok()?;
    reads_back.then_some(Amount::from_units(if is_negative { -units } else { units }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_that_of_its_text(value: f64) -> Option<Amount> {
        let amount = of_short_double(value);
        if let Some(amount) = amount {
            let parsed = Amount::parse(&value.to_string()).unwrap();
            assert_eq!((amount, true), (parsed.amount, parsed.residue.is_zero()), "{value}");
        }
        amount
    }

    #[test]
    fn short_doubles_are_their_shortest_decimals_and_long_ones_are_left() {
        for (value, units) in [
            (0.0, Some(0)),
            (-0.0, Some(0)),
            (0.1, Some(100_000_000_000_000_000)),
            (-0.1, Some(-100_000_000_000_000_000)),
            (1e-18, Some(1)),
            (0.000_000_004_25, Some(4_250_000_000)),
            (9_832.5, Some(9_832_500_000_000_000_000_000)),
            (281_474_976_710_656.0, Some(281_474_976_710_656 * 10i128.pow(18))),
            (0.300_000_000_000_000_04, None),
            (1e-19, None),
            (1e300, None),
            (f64::MIN_POSITIVE / 2.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (f64::NEG_INFINITY, None),
        ] {
            assert_eq!(is_that_of_its_text(value).map(Amount::units), units, "{value}");
        }
    }

    #[test]
    fn powers_of_two_and_their_neighbours_are_read_as_their_texts() {
        for exponent in -80..70 {
            let power = 2f64.powi(exponent);
            for value in [power, power.next_down(), power.next_up(), -power] {
                is_that_of_its_text(value);
            }
        }
    }

    proptest! {
        #[test]
        fn any_double_is_read_as_its_text_or_left(bits: u64, digits in -999_999_999_999_999i64..=999_999_999_999_999) {
            is_that_of_its_text(f64::from_bits(bits));
            for decimals in 0..=20 {
                let value: f64 = format!("{digits}e-{decimals}").parse().unwrap();
                is_that_of_its_text(value);
                is_that_of_its_text(value.next_up());
                is_that_of_its_text(value.next_down());
            }
        }

        #[test]
        fn usual_costs_are_never_left(digits in -9_999_999_999_999i64..=9_999_999_999_999, decimals in 0u32..=14) {
            let value: f64 = format!("{digits}e-{decimals}").parse().unwrap();
            prop_assert!(is_that_of_its_text(value).is_some(), "{value}");
        }
    }
}
