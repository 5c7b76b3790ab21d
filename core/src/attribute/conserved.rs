//! Pair assertion after every split: parts sum to what was split, or the run fails and says where (spec 0.1, 0.2).

use super::claim::Origin;
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

/// Checks that `parts` sum to `whole`; kept in release builds.
pub(super) fn conserved(stage: &str, origin: Origin<'_>, whole: Amount, parts: &[Amount]) -> Result<()> {
    let sum = Amount::sum(parts.iter().copied())?;
    if sum == whole { Ok(()) } else { Err(residual(stage, origin, whole.checked_sub(sum)?)) }
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
