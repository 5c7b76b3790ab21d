//! THE allocation kernel: one amount over integer weights, exact to the last unit (spec 1.4).
//!
//! Invariants:
//! - the parts sum to the amount, for every `i128` amount and all weights whose sum fits in `u128`;
//! - the parts depend on the set of (key, weight), never on their order;
//! - a weight of 0 gets 0.

use std::cmp::Ordering;

use ethnum::U256;
use num_bigint::BigUint;

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
    let mut parts = Parts::default();
    let key = |at: usize| weights.get(at).map(|(key, _)| key);
    let is_split = parts.split(amount, weights.iter().map(|(_, weight)| *weight), |a, b| key(a).cmp(&key(b)))?;
    Ok(is_split.then_some(parts.amounts))
}

/// A group's sum and its parts.
pub(crate) type Group = (Amount, Vec<Amount>);

/// Splits `amount` over groups of weights of any size, all at once: a group's sum is its exact share, rounded as [`split`]
/// rounds a part, and each part is its exact share rounded down or up, such that a group's parts sum to the group. Ties go
/// to what comes first. `None` where all weights are 0.
///
/// # Errors
/// `money.overflow` where a part leaves the range of amounts, which parts of an amount do not.
pub(crate) fn split_groups(amount: Amount, groups: &[Vec<BigUint>]) -> Result<Option<Vec<Group>>> {
    let total: BigUint = groups.iter().flatten().sum();
    if total == BigUint::ZERO {
        return Ok(None);
    }
    let whole = amount.units().unsigned_abs();
    let sums: Vec<BigUint> = groups.iter().map(|group| group.iter().sum()).collect();
    let sums = rounded(whole, whole, &sums, &total)?;
    let with_sign = |units: u128| signed(units, amount.is_negative());
    let group = |(weights, sum): (&Vec<BigUint>, u128)| {
        let parts = rounded(whole, sum, weights, &total)?.into_iter().map(with_sign).collect::<Result<_>>()?;
        Ok((with_sign(sum)?, parts))
    };
    groups.iter().zip(sums).map(group).collect::<Result<_>>().map(Some)
}

/// `whole · weight / total` of each weight, rounded down, then up for the largest remainders until they sum to `sum`.
///
/// INVARIANT: `sum` is `whole · Σ weights / total` rounded down or up.
fn rounded(whole: u128, sum: u128, weights: &[BigUint], total: &BigUint) -> Result<Vec<u128>> {
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        let product = weight * whole;
        let floor = u128::try_from(&product / total)
            .map_err(|_| Error::new(ErrorCode::MoneyOverflow, "a part leaves the range of exact amounts"))?;
        parts.push(floor);
        remainders.push((product % total, at));
    }
    remainders.sort_by(|a, b| b.0.cmp(&a.0));
    let leftover = sum - parts.iter().sum::<u128>();
    for (_, at) in remainders.into_iter().take(usize::try_from(leftover).unwrap_or(usize::MAX)) {
        if let Some(part) = parts.get_mut(at) {
            *part += 1;
        }
    }
    Ok(parts)
}

/// Room for the parts of one split after the other.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Floor and remainder of each part.
    floors: Vec<(u128, u128)>,
    /// Remainders above 0, with the places of their parts.
    order: Vec<(u128, usize)>,
    amounts: Vec<Amount>,
}

impl Parts {
    /// Splits as [`split`] does, where the keys of two weights compare as `by_key` says of their positions; `false`
    /// where all weights are 0.
    ///
    /// # Errors
    /// As for [`split`].
    pub(crate) fn split(
        &mut self,
        amount: Amount,
        weights: impl Iterator<Item = u128> + Clone,
        by_key: impl Fn(usize, usize) -> Ordering,
    ) -> Result<bool> {
        self.floors.clear();
        self.amounts.clear();
        let total = weights
            .clone()
            .try_fold(0u128, u128::checked_add)
            .ok_or_else(|| Error::new(ErrorCode::MoneyOverflow, "weights sum to 2^128 or more"))?;
        if total == 0 {
            return Ok(false);
        }
        let whole = amount.units().unsigned_abs();
        // INVARIANT: no weight is larger than their sum.
        match (u64::try_from(whole), u64::try_from(total)) {
            (Ok(_), Ok(total)) => {
                let total = Divisor::new(total);
                self.floors.extend(weights.map(|weight| total.divide(whole * weight)));
            }
            _ => self.floors.extend(weights.map(|weight| mul_div(whole, weight, total))),
        }
        // INVARIANT: Σ floor ≤ whole, so this cannot overflow.
        let given: u128 = self.floors.iter().map(|(floor, _)| floor).sum();
        self.give_leftovers(whole - given, by_key);
        for (units, _) in &self.floors {
            self.amounts.push(signed(*units, amount.is_negative())?);
        }
        Ok(true)
    }

    /// The parts of the last split, in the order of its weights; none where it was none.
    pub(crate) fn amounts(&self) -> &[Amount] {
        &self.amounts
    }

    /// One unit to each of the `leftover` largest remainders; equal remainders in the order of their keys.
    fn give_leftovers(&mut self, leftover: u128, by_key: impl Fn(usize, usize) -> Ordering) {
        if leftover == 0 {
            return;
        }
        let Self { floors, order, .. } = self;
        // INVARIANT: Σ remainders = leftover × Σ weights and each is below Σ weights, so more than `leftover` are
        // positive or exactly as many as are needed.
        order.clear();
        let remainders = floors.iter().zip(0..).map(|((_, remainder), at)| (*remainder, at));
        order.extend(remainders.filter(|(remainder, _)| *remainder > 0));
        let first = |a: &(u128, usize), b: &(u128, usize)| {
            b.0.cmp(&a.0).then_with(|| by_key(a.1, b.1)).then_with(|| a.1.cmp(&b.1))
        };
        if leftover == 1 {
            // Mostly, where few share: nothing is to be sorted for that.
            let largest = order.iter().copied().min_by(first);
            order.clear();
            order.extend(largest);
        } else {
            order.sort_unstable_by(first);
        }
        for (_, at) in order.iter().take(usize::try_from(leftover).unwrap_or(usize::MAX)) {
            if let Some((floor, _)) = floors.get_mut(*at) {
                *floor += 1;
            }
        }
    }
}

/// Many divisions by one divisor, as multiplications by its reciprocal (Möller and Granlund, "Improved division by
/// invariant integers", algorithm 4).
struct Divisor {
    /// Shifted until its highest bit is set.
    scaled: u64,
    shift: u32,
    reciprocal: u64,
}

impl Divisor {
    /// `divisor` is not 0.
    fn new(divisor: u64) -> Self {
        let shift = divisor.leading_zeros();
        let scaled = divisor << shift;
        // ⌊(2^128 − 1) / scaled⌋ − 2^64, which fits.
        let (_, reciprocal) = halves(u128::MAX / u128::from(scaled));
        Self { scaled, shift, reciprocal }
    }

    /// Quotient and remainder of a value whose quotient is below 2^64.
    fn divide(&self, value: u128) -> (u128, u128) {
        let (high, low) = halves(value << self.shift);
        let estimate = u128::from(self.reciprocal) * u128::from(high);
        let (quotient, fraction) = halves(estimate.wrapping_add(value << self.shift));
        let mut quotient = quotient.wrapping_add(1);
        let mut remainder = low.wrapping_sub(quotient.wrapping_mul(self.scaled));
        if remainder > fraction {
            quotient = quotient.wrapping_sub(1);
            remainder = remainder.wrapping_add(self.scaled);
        }
        if remainder >= self.scaled {
            quotient = quotient.wrapping_add(1);
            remainder -= self.scaled;
        }
        (u128::from(quotient), u128::from(remainder >> self.shift))
    }
}

/// The upper and the lower 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the other bits are the other half")]
fn halves(value: u128) -> (u64, u64) {
    ((value >> 64) as u64, value as u64)
}

/// `⌊value·weight/total⌋` and its remainder, with a 256-bit product; `weight ≤ total`, so the quotient fits.
pub(crate) fn mul_div(value: u128, weight: u128, total: u128) -> (u128, u128) {
    if let Some(product) = value.checked_mul(weight) {
        let quotient = product / total;
        return (quotient, product - quotient * total);
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
        fn dividing_by_a_reciprocal_is_dividing(
            divisor in prop_oneof![1u64..5, 1u64..=u64::MAX, Just(u64::MAX), Just(1 << 63)],
            factors in (prop_oneof![any::<u64>(), Just(u64::MAX), Just(0)], any::<u64>()),
        ) {
            let value = u128::from(factors.0) * u128::from(factors.1 % divisor + factors.1 % 2);
            let value = value.min(u128::from(divisor) * u128::from(u64::MAX));
            let exact = (value / u128::from(divisor), value % u128::from(divisor));
            prop_assert_eq!(Divisor::new(divisor).divide(value), exact);
        }

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
        fn groups_and_their_parts_are_their_exact_shares_rounded_once(
            amount in prop_oneof![any::<i128>(), -1000i128..1000],
            groups in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0u64), 1u64..9, any::<u64>()], 0..5), 1..6),
        ) {
            let weights: Vec<Vec<BigUint>> =
                groups.iter().map(|group| group.iter().map(|weight| BigUint::from(*weight)).collect()).collect();
            let flat: Vec<(usize, u128)> = groups.iter().map(|group| group.iter().map(|w| u128::from(*w)).sum()).enumerate().collect();
            let sums = split(Amount::from_units(amount), &flat).unwrap();
            let split = split_groups(Amount::from_units(amount), &weights).unwrap();
            prop_assert_eq!(sums, split.as_ref().map(|groups| groups.iter().map(|(sum, _)| *sum).collect::<Vec<_>>()));
            let total: BigUint = weights.iter().flatten().sum();
            for ((sum, parts), weights) in split.into_iter().flatten().zip(&weights) {
                prop_assert_eq!(parts.iter().fold(0i128, |sum, part| sum.wrapping_add(part.units())), sum.units());
                for (part, weight) in parts.iter().zip(weights) {
                    let floor = weight * amount.unsigned_abs() / &total;
                    let ceiling = (weight * amount.unsigned_abs() + &total - 1u8) / &total;
                    let part = BigUint::from(part.units().unsigned_abs());
                    prop_assert!(part == floor || part == ceiling);
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
