//! Instance hours as amounts, so that what divides the cost of a charge divides its hours (spec 11.1, R96).

use super::instance::is_coverable_usage;
use super::slices::SliceList;
use super::{Bill, Charge, Facts, UsageSlice};
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::money::Amount;
use crate::split::split;

impl Charge {
    /// The instance hours it is for, in 10⁻¹⁸ hours; `None` where its usage type names none, of fees and of usage that a
    /// savings plan covers: of all these the bill keeps no quantity in hours.
    #[must_use]
    pub fn hours(&self) -> Option<Amount> {
        let is_usage = matches!(self.key.kind(), LineItemKind::Usage | LineItemKind::DiscountedUsage);
        (is_usage && is_coverable_usage(self.key.usage_type())).then_some(self.quantity)
    }

    /// The charge with its hours in place of its cost: in each interval by the time that the instance ran, else by length.
    fn in_hours(&self, hours: Amount) -> Result<Self> {
        let measures: [fn(&UsageSlice) -> u64; 3] = [UsageSlice::running_ms, |slice| slice.interval().millis(), |_| 1];
        let mut parts = None;
        for measure in measures {
            let weights = self.slices.iter().enumerate().map(|(at, slice)| (at, u128::from(measure(&slice))));
            parts = split(hours, &weights.collect::<Vec<_>>())?;
            if parts.is_some() {
                break;
            }
        }
        let mut slices = SliceList::default();
        for (slice, hours) in self.slices.iter().zip(parts.unwrap_or_default()) {
            slices.add(slice.with_amount(hours))?;
        }
        Ok(Self { amount: hours, slices: slices.finish()?, ..self.clone() })
    }
}

impl Bill {
    /// The same charges, in the same order, with hours in place of cost where they have any.
    ///
    /// # Errors
    /// `money.overflow`.
    pub(crate) fn in_hours(&self) -> Result<Self> {
        let charge =
            |charge: &Charge| charge.hours().map_or_else(|| Ok(charge.clone()), |hours| charge.in_hours(hours));
        let charges = self.charges.iter().map(charge).collect::<Result<_>>()?;
        // What was found of the costs is not true of the hours.
        Ok(Self { charges, facts: Facts::default(), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{bill, row, usage};
    use crate::classify::LineItem;

    #[test]
    fn hours_stand_in_the_intervals_in_which_the_instance_ran() {
        let hours = |resource, from, to, cost, hours: &str| LineItem {
            usage_quantity: Some(hours.parse().unwrap()),
            ..usage(resource, from, to, cost)
        };
        let storage = LineItem { usage_type: "EBS:VolumeUsage.gp2", ..hours("vol-1", 0, 1, "7", "9") };
        let bill = bill(&[hours("i-1", 0, 1, "5", "0.25"), hours("i-1", 1, 3, "1", "2"), storage, row("3")]);
        let in_hours = bill.in_hours().unwrap();
        let of = |bill: &super::Bill, resource: &str| {
            let charge = bill.charges().iter().find(|charge| charge.key().resource_id() == resource).unwrap().clone();
            let slices: Vec<String> = charge.slices().iter().map(|slice| slice.amount().to_string()).collect();
            (charge.amount().to_string(), slices)
        };
        assert_eq!(of(&in_hours, "i-1"), ("2.25".to_owned(), vec!["0.25".to_owned(), "2".to_owned()]));
        assert_eq!(of(&in_hours, "vol-1"), of(&bill, "vol-1"));
        assert_eq!(in_hours.charges().iter().filter_map(super::Charge::hours).count(), 2);
    }
}
