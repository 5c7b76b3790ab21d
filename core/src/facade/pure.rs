//! Splitting with weights as text, as they cross the border of a language.

use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::split::split;

/// Splits an amount over `(key, weight)` pairs exactly (spec 1.4). Weights are whole numbers as text.
///
/// # Errors
/// `config.bad_value` where a weight is no whole number or all are 0; `money.overflow`.
pub fn split_amount(amount: Amount, weights: &[(String, String)]) -> Result<Vec<(String, Amount)>> {
    let weights: Vec<(&str, u128)> = weights
        .iter()
        .map(|(key, weight)| {
            let weight = weight.parse().map_err(|_| bad_value(format!("`{weight}` is not a whole number")))?;
            Ok((key.as_str(), weight))
        })
        .collect::<Result<_>>()?;
    let parts = split(amount, &weights)?.ok_or_else(|| bad_value("all weights are 0".to_owned()))?;
    Ok(weights.iter().map(|(key, _)| (*key).to_owned()).zip(parts).collect())
}

fn bad_value(message: String) -> Error {
    Error::new(ErrorCode::ConfigBadValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_are_no_whole_numbers_or_all_0_are_refused() {
        let one: Amount = "1".parse().unwrap();
        for weights in [vec![("a".to_owned(), "0".to_owned())], vec![("a".to_owned(), "1.5".to_owned())], vec![]] {
            assert_eq!(split_amount(one, &weights).unwrap_err().code(), ErrorCode::ConfigBadValue);
        }
    }
}
