//! Pair assertion after every split: parts sum to what was split, or the run fails and says where (spec 0.1, 0.2).

use std::collections::BTreeMap;

use super::claim::Origin;
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

/// Checks that `parts` sum to `whole`; kept in release builds.
pub(super) fn conserved(stage: &str, origin: Origin<'_>, whole: Amount, parts: &[Amount]) -> Result<()> {
    let sum = Amount::sum(parts.iter().copied())?;
    if sum == whole { Ok(()) } else { Err(residual(stage, origin, whole.checked_sub(sum)?)) }
}

/// What a bill has of each origin. Charges are sorted, so that most of one origin follow each other.
#[derive(Debug, Default)]
pub(super) struct Billed<'a> {
    sums: BTreeMap<Origin<'a>, Amount>,
    /// The last origin, and what of it is not in `sums` yet.
    last: Option<(Origin<'a>, Amount)>,
}

impl<'a> Billed<'a> {
    pub(super) fn add(&mut self, origin: Origin<'a>, amount: Amount) -> Result<()> {
        match &mut self.last {
            Some((last, sum)) if *last == origin => *sum = sum.checked_add(amount)?,
            _ => {
                self.add_last()?;
                self.last = Some((origin, amount));
            }
        }
        Ok(())
    }

    pub(super) fn into_sums(mut self) -> Result<BTreeMap<Origin<'a>, Amount>> {
        self.add_last()?;
        Ok(self.sums)
    }

    fn add_last(&mut self) -> Result<()> {
        if let Some((origin, amount)) = self.last.take() {
            let sum = self.sums.entry(origin).or_default();
            *sum = sum.checked_add(amount)?;
        }
        Ok(())
    }
}

/// The error of a broken promise.
pub(super) fn residual(stage: &str, origin: Origin<'_>, amount: Amount) -> Error {
    Error::new(
        ErrorCode::ReconcileResidual,
        format!(
            "stage `{stage}` leaves a residual of {amount} for product `{}` of account `{}`",
            origin.product, origin.account
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_billed_is_summed_by_origin_whatever_follows_what() {
        let [a, b] = ["a", "b"].map(|product| Origin { product, account: "111" });
        let mut billed = Billed::default();
        for (origin, units) in [(a, 1), (a, 2), (b, 4), (a, 8), (b, 16), (b, 32)] {
            billed.add(origin, Amount::from_units(units)).unwrap();
        }
        let sums = billed.into_sums().unwrap();
        assert_eq!(sums, [(a, Amount::from_units(11)), (b, Amount::from_units(52))].into());
    }

    #[test]
    fn parts_that_do_not_sum_name_stage_product_account_and_amount() {
        let origin = Origin { product: "Amazon EC2", account: "111" };
        let (one, two) = (Amount::from_units(1), Amount::from_units(2));
        assert!(conserved("volumes", origin, two, &[one, one]).is_ok());
        let error = conserved("volumes", origin, two, &[one]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReconcileResidual);
        assert_eq!(
            error.to_string(),
            "stage `volumes` leaves a residual of 0.000000000000000001 for product `Amazon EC2` of account `111`"
        );
    }
}
