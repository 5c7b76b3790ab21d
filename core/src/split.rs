//! THE allocation kernel: one amount over integer weights, exact to the last unit (spec 1.4).
//!
//! Invariants:
//! - the parts sum to the amount, for every `i128` amount and all weights whose sum fits in `u128`;
//! - the parts depend on the set of (key, weight), never on their order;
//! - a weight of 0 gets 0.

use ethnum::U256;

use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

/// Splits `amount` over `(key, weight)` pairs; parts come back in the order given.
///
/// Each part is `|amount|·w/Σw` floored to 10⁻¹⁸; the leftover units go one each to the largest remainders, ties to
/// the smaller key; the sign of the amount is put back. `None` where all weights are 0: the caller names its fallback.
///
/// # Errors
/// `money.overflow` where the weights sum to more than 2¹²⁸ − 1.
///
/// ```
/// use unblended::{split, Amount};
/// let cent: Amount = "-0.000000000000000010".parse()?;
/// let parts = split(cent, &[("b", 1), ("a", 1), ("c", 1)])?.unwrap();
/// assert_eq!(parts.iter().map(|p| p.units()).collect::<Vec<_>>(), [-3, -4, -3]);
/// # Ok::<(), unblended::Error>(())
/// ```
pub fn split<K: Ord>(amount: Amount, weights: &[(K, u128)]) -> Result<Option<Vec<Amount>>> {
    let total = weights
        .iter()
        .try_fold(0u128, |sum, (_, weight)| sum.checked_add(*weight))
        .ok_or_else(|| Error::new(ErrorCode::MoneyOverflow, "weights sum to 2^128 or more"))?;
    if total == 0 {
        return Ok(None);
    }
    let whole = amount.units().unsigned_abs();
    let mut floors = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given = 0u128;
    for (_, weight) in weights {
        let (floor, remainder) = mul_div(whole, *weight, total);
        // INVARIANT: Σ floor ≤ whole, so this cannot overflow.
        given += floor;
        floors.push(floor);
        remainders.push(remainder);
    }
    give_leftovers(weights, &mut floors, &remainders, whole - given);
    let sign = amount.is_negative();
    floors.into_iter().map(|units| signed(units, sign)).collect::<Result<Vec<_>>>().map(Some)
}

/// One unit to each of the `leftover` largest remainders; equal remainders in the order of their keys.
fn give_leftovers<K: Ord>(weights: &[(K, u128)], floors: &mut [u128], remainders: &[u128], leftover: u128) {
    if leftover == 0 {
        return;
    }
    let mut order: Vec<(u128, &K, &mut u128)> = remainders
        .iter()
        .zip(weights)
        .zip(floors.iter_mut())
        .map(|((remainder, (key, _)), floor)| (*remainder, key, floor))
        .filter(|(remainder, _, _)| *remainder > 0)
        .collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    // INVARIANT: Σ remainders = leftover × Σ weights and each is below Σ weights, so more than `leftover` are positive
    // or exactly as many as are needed.
    for (_, _, floor) in order.into_iter().take(usize::try_from(leftover).unwrap_or(usize::MAX)) {
        *floor += 1;
    }
}

/// `⌊value·weight/total⌋` and its remainder, with a 256-bit product; `weight ≤ total`, so the quotient fits.
pub(crate) fn mul_div(value: u128, weight: u128, total: u128) -> (u128, u128) {
    if let Some(product) = value.checked_mul(weight) {
        return (product / total, product % total);
    }
    let product = U256::from(value) * U256::from(weight);
    let total = U256::from(total);
    ((product / total).as_u128(), (product % total).as_u128())
}

/// `±units` as an amount.
pub(crate) fn signed(units: u128, negative: bool) -> Result<Amount> {
    let value = if negative { 0i128.checked_sub_unsigned(units) } else { 0i128.checked_add_unsigned(units) };
    value
        .map(Amount::from_units)
        .ok_or_else(|| Error::new(ErrorCode::MoneyOverflow, "a part leaves the range of exact amounts"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(amount: i128, weights: &[(&str, u128)]) -> Vec<i128> {
        let parts = split(Amount::from_units(amount), weights).unwrap().unwrap();
        parts.into_iter().map(Amount::units).collect()
    }

    #[test]
    fn leftovers_go_to_the_largest_remainder_then_the_smaller_key() {
        // 10 × 1/3 = 3 remainder 1/3 each: the one leftover unit goes to the smallest key.
        assert_eq!(units(10, &[("b", 1), ("a", 1), ("c", 1)]), [3, 4, 3]);
        // 100 × 3/7 = 42.86 and 100 × 4/7 = 57.14: the larger remainder wins against the smaller key.
        assert_eq!(units(100, &[("a", 4), ("b", 3)]), [57, 43]);
    }

    #[test]
    fn weight_zero_gets_nothing_and_all_zero_is_no_split() {
        assert_eq!(units(7, &[("a", 0), ("b", 5)]), [0, 7]);
        assert_eq!(split(Amount::from_units(7), &[("a", 0)]).unwrap(), None);
        assert_eq!(split::<&str>(Amount::from_units(7), &[]).unwrap(), None);
    }

    #[test]
    fn weights_past_128_bits_are_an_error() {
        let error = split(Amount::from_units(1), &[("a", u128::MAX), ("b", 1)]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::MoneyOverflow);
    }

    proptest! {
        #[test]
        fn parts_sum_to_any_amount(
            amount in any::<i128>(),
            weights in prop::collection::vec(prop_oneof![Just(0u128), 1u128..9, any::<u64>().prop_map(u128::from), any::<u128>().prop_map(|w| w >> 4)], 1..12),
        ) {
            let keyed: Vec<(usize, u128)> = weights.iter().copied().enumerate().collect();
            match split(Amount::from_units(amount), &keyed).unwrap() {
                None => prop_assert!(weights.iter().all(|w| *w == 0)),
                Some(parts) => {
                    // Summed with wrapping arithmetic: the total is in range even where a partial sum is not.
                    let sum = parts.iter().fold(0i128, |sum, part| sum.wrapping_add(part.units()));
                    prop_assert_eq!(sum, amount);
                    for (part, weight) in parts.iter().zip(&weights) {
                        prop_assert!(*weight > 0 || part.is_zero());
                        prop_assert!(part.units().signum() * amount.signum() >= 0);
                    }
                }
            }
        }

        #[test]
        fn order_of_weights_changes_nothing(
            amount in any::<i128>(),
            weights in prop::collection::vec(0u128..1000, 1..9),
            turn in 0usize..9,
        ) {
            let keyed: Vec<(usize, u128)> = weights.iter().copied().enumerate().collect();
            let mut turned = keyed.clone();
            turned.rotate_left(turn % keyed.len());
            let parts = split(Amount::from_units(amount), &keyed).unwrap();
            let again = split(Amount::from_units(amount), &turned).unwrap();
            let by_key = |pairs: &[(usize, u128)], parts: Option<Vec<Amount>>| {
                let mut named: Vec<_> = pairs.iter().map(|(k, _)| *k).zip(parts.unwrap_or_default()).collect();
                named.sort_unstable();
                named
            };
            prop_assert_eq!(by_key(&keyed, parts), by_key(&turned, again));
        }
    }
}
