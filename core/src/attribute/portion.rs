//! What is taken to owners: a cost and, beside it, the instance hours that it pays for (spec 5, R96).
//!
//! Invariants: both are divided by the same weights with the one kernel (spec 1.4), so that whoever has a part of the one
//! has a part of the other; who is an owner never depends on hours.

use super::claim::Origin;
use super::conserved::conserved;
use crate::bill::{Charge, UsageSlice, UsageSlices};
use crate::error::Result;
use crate::money::Amount;
use crate::split::split;
use crate::time::Interval;

/// A cost with its hours, where these are asked for and the charge that it is of has any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Portion {
    pub(super) cost: Amount,
    pub(super) hours: Option<Amount>,
}

impl From<Amount> for Portion {
    fn from(cost: Amount) -> Self {
        Self { cost, hours: None }
    }
}

impl Portion {
    /// All of a charge, with its hours where these are asked for.
    pub(super) fn of(charge: &Charge, has_hours: bool) -> Self {
        Self { cost: charge.amount(), hours: if has_hours { charge.hours() } else { None } }
    }

    // Inlined: most portions have no hours, and what has none is as quick as an amount.
    #[inline]
    pub(super) fn checked_add(self, other: Self) -> Result<Self> {
        let cost = self.cost.checked_add(other.cost)?;
        let hours = match (self.hours, other.hours) {
            (None, None) => None,
            (hours, others) => Some(hours.unwrap_or_default().checked_add(others.unwrap_or_default())?),
        };
        Ok(Self { cost, hours })
    }

    /// Adds it to a sum as [`add`] does.
    pub(super) fn add_to(self, sum: &mut Option<Self>) -> Result<()> {
        *sum = Some(sum.map_or(Ok(self), |sum| sum.checked_add(self))?);
        Ok(())
    }

    /// The parts by weight, in the order given; `None` where all weights are 0.
    ///
    /// # Errors
    /// As [`split`].
    pub(super) fn split<K: Ord>(self, weights: &[(K, u128)]) -> Result<Option<Vec<Self>>> {
        let Some(costs) = split(self.cost, weights)? else { return Ok(None) };
        let mut parts: Vec<Self> = costs.into_iter().map(Self::from).collect();
        if let Some(hours) = self.hours {
            let hours = split(hours, weights)?.unwrap_or_default();
            for (part, hours) in parts.iter_mut().zip(hours) {
                part.hours = Some(hours);
            }
        }
        Ok(Some(parts))
    }

    /// Checks that `parts` sum to it.
    #[inline]
    pub(super) fn conserved(self, stage: &str, origin: Origin<'_>, parts: &[Self]) -> Result<()> {
        conserved(stage, origin, self.cost, &[Amount::sum(parts.iter().map(|part| part.cost))?])?;
        if self.hours.is_none() && parts.iter().all(|part| part.hours.is_none()) {
            return Ok(());
        }
        let hours = Amount::sum(parts.iter().filter_map(|part| part.hours))?;
        conserved(stage, origin, self.hours.unwrap_or_default(), &[hours])
    }

    /// What it has in each interval of its charge: the cost as billed, the hours by [`by_hours`].
    pub(super) fn in_intervals(self, charge: &Charge) -> Result<impl Iterator<Item = (Interval, Self)>> {
        let hours = self.hours.map(|hours| by_hours(charge.slices(), hours)).transpose()?;
        Ok(charge.slices().iter().enumerate().map(move |(at, slice)| {
            let hours = hours.as_ref().map(|hours| hours.get(at).copied().flatten().unwrap_or_default());
            (slice.interval(), Self { cost: slice.amount(), hours })
        }))
    }
}

/// Adds to a sum that exists only once something was added, even 0.
pub(super) fn add(sum: &mut Option<Amount>, amount: Amount) -> Result<()> {
    *sum = Some(sum.unwrap_or_default().checked_add(amount)?);
    Ok(())
}

/// An amount over the intervals of a charge by the hours its instance ran, else by their lengths, else evenly; `None` for
/// an interval without weight.
pub(super) fn by_hours(slices: &UsageSlices, amount: Amount) -> Result<Vec<Option<Amount>>> {
    let measures: [fn(&UsageSlice) -> u64; 3] = [UsageSlice::running_ms, |slice| slice.interval().millis(), |_| 1];
    for measure in measures {
        let weights: Vec<_> = slices.iter().enumerate().map(|(at, slice)| (at, u128::from(measure(&slice)))).collect();
        if let Some(parts) = split(amount, &weights)? {
            let weighted = weights.iter().zip(parts);
            return Ok(weighted.map(|((_, weight), part)| (*weight > 0).then_some(part)).collect());
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::samples::{bill, usage};
    use crate::classify::LineItem;
    use proptest::prelude::*;

    fn portion(cost: i128, hours: Option<i128>) -> Portion {
        Portion { cost: Amount::from_units(cost), hours: hours.map(Amount::from_units) }
    }

    #[test]
    fn hours_stand_in_the_intervals_in_which_the_instance_ran() {
        let of = |from, to, cost, hours: &str| LineItem {
            usage_quantity: Some(hours.parse().unwrap()),
            ..usage("i-1", from, to, cost)
        };
        let bill = bill(&[of(0, 1, "5", "0.25"), of(1, 3, "1", "2"), of(4, 5, "3", "0")]);
        let charge = bill.charges().first().unwrap();
        let in_intervals = |hours| -> Vec<String> {
            let parts = Portion { cost: charge.amount(), hours }.in_intervals(charge).unwrap();
            parts.map(|(_, part)| format!("{} {:?}", part.cost, part.hours.map(|hours| hours.to_string()))).collect()
        };
        assert_eq!(in_intervals(charge.hours()), ["5 Some(\"0.25\")", "1 Some(\"2\")", "3 Some(\"0\")"]);
        assert_eq!(in_intervals(None), ["5 None", "1 None", "3 None"]);
    }

    #[test]
    fn an_interval_without_running_time_has_no_weight_until_none_has_any() {
        let run = |from, hours: &str| LineItem {
            usage_quantity: Some(hours.parse().unwrap()),
            ..usage("i-1", from, from + 1, "1")
        };
        let spread = |rows: &[LineItem<'_>]| {
            let bill = bill(rows);
            by_hours(bill.charges().first().unwrap().slices(), Amount::from_units(4)).unwrap()
        };
        let units = |units| Some(Amount::from_units(units));
        assert_eq!(spread(&[run(0, "1"), run(1, "0"), run(2, "3")]), [units(1), None, units(3)]);
        assert_eq!(spread(&[run(0, "0"), run(1, "0")]), [units(2), units(2)]);
    }

    #[test]
    fn hours_that_are_lost_name_the_stage() {
        let origin = Origin { product: "EC2", account: "111" };
        let whole = portion(3, Some(2));
        assert!(whole.conserved("rules", origin, &[portion(1, Some(2)), portion(2, Some(0))]).is_ok());
        for lost in [Some(1), None] {
            let error = whole.conserved("rules", origin, &[portion(3, lost)]).unwrap_err();
            assert!(error.to_string().contains("stage `rules`"), "{error}");
        }
        assert!(portion(3, None).conserved("rules", origin, &[portion(3, Some(1))]).is_err());
    }

    proptest! {
        #[test]
        fn hours_are_divided_by_the_weights_of_the_cost(
            cost in any::<i64>(),
            hours in prop::option::of(any::<i64>()),
            weights in prop::collection::vec(prop_oneof![Just(0u128), 1u128..9, any::<u64>().prop_map(u128::from)], 0..8),
        ) {
            let whole = portion(cost.into(), hours.map(i128::from));
            let keyed: Vec<(usize, u128)> = weights.iter().copied().enumerate().collect();
            let parts = whole.split(&keyed).unwrap();
            let of = |amount| split(amount, &keyed).unwrap();
            prop_assert_eq!(parts.as_ref().map(|parts| parts.iter().map(|part| part.cost).collect()), of(whole.cost));
            let parts = parts.unwrap_or_default();
            if let Some(hours) = whole.hours {
                prop_assert_eq!(parts.iter().filter_map(|part| part.hours).collect::<Vec<_>>(), of(hours).unwrap_or_default());
            }
            if !parts.is_empty() {
                let origin = Origin { product: "EC2", account: "111" };
                prop_assert!(whole.conserved("rules", origin, &parts).is_ok());
            }
        }
    }
}
