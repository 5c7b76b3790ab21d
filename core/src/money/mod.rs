//! Exact money (spec 1.1, 1.2, 1.6).
//!
//! An [`Amount`] counts 10⁻¹⁸ currency units in an `i128`; a [`Money`] is an amount with its currency.
//!
//! Invariants:
//! - no operation rounds, except reading text with more than 18 decimals, which says what it rounded off;
//! - no operation wraps: overflow is the error `money.overflow`;
//! - two currencies are never added.
//!
//! ```
//! use unblended::Amount;
//! let fee: Amount = "9832.50".parse()?;
//! let tiny: Amount = "1e-18".parse()?;
//! assert_eq!(fee.checked_add(tiny)?.to_string(), "9832.500000000000000001");
//! # Ok::<(), unblended::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorCode, Result};

mod ratio;
mod text;

pub(crate) use ratio::{ratios, times_fraction};
#[cfg(feature = "parquet")]
pub(crate) use text::POWERS_OF_TEN;
pub(crate) use text::fmt_scaled;
pub use text::{ParsedAmount, Residue};

/// An exact signed amount in units of 10⁻¹⁸ of a currency named elsewhere (spec 1.1).
///
/// Serialized as decimal text, never as a number, because JSON readers turn numbers into floats.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "facade", schemars(transparent))]
pub struct Amount(#[cfg_attr(feature = "facade", schemars(with = "String"))] i128);

impl Amount {
    /// Decimals kept: one unit is 10⁻¹⁸.
    pub const SCALE: u32 = 18;
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount of so many 10⁻¹⁸ units.
    #[must_use]
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The number of 10⁻¹⁸ units.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Whether the amount is exactly zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// `self + other`.
    ///
    /// # Errors
    /// `money.overflow` where the sum leaves the range of ±1.7 × 10²⁰ currency units.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        self.0.checked_add(other.0).map(Self).ok_or_else(overflow)
    }

    /// `self − other`.
    ///
    /// # Errors
    /// `money.overflow`, as for [`Amount::checked_add`].
    pub fn checked_sub(self, other: Self) -> Result<Self> {
        self.0.checked_sub(other.0).map(Self).ok_or_else(overflow)
    }

    /// `self` so many times.
    ///
    /// # Errors
    /// `money.overflow`, as for [`Amount::checked_add`].
    pub(crate) fn checked_times(self, times: u64) -> Result<Self> {
        self.0.checked_mul(i128::from(times)).map(Self).ok_or_else(overflow)
    }

    /// The exact sum of many amounts, in any order.
    ///
    /// # Errors
    /// `money.overflow` where an intermediate sum leaves the range.
    pub fn sum<I: IntoIterator<Item = Self>>(amounts: I) -> Result<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Reads decimal text exactly: optional sign (a leading `+` too), digits, fraction, exponent (spec 1.2).
    ///
    /// Digits past the 18th decimal are rounded half-even; [`ParsedAmount::residue`] is what was rounded off.
    ///
    /// # Errors
    /// `parse.bad_decimal` where the text is not a finite decimal number, `money.overflow` where it is too large.
    pub fn parse(text: &str) -> Result<ParsedAmount> {
        text::parse(text)
    }

    /// As [`Amount::parse`], where nothing is rounded off; `None` for all other texts and for what is no number.
    pub(crate) fn parse_exact(text: &[u8]) -> Option<Self> {
        text::parse_exact(text)
    }

    /// The same amount as a [`Decimal`].
    ///
    /// # Errors
    /// `money.overflow` where the value needs more than the 28 digits a `Decimal` keeps.
    pub fn to_decimal(self) -> Result<Decimal> {
        let mut units = self.0;
        let mut scale = Self::SCALE;
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        Decimal::try_from_i128_with_scale(units, scale).map_err(|cause| overflow().with_cause(cause))
    }

    /// The amount of a [`Decimal`].
    ///
    /// # Errors
    /// `parse.bad_decimal` where the value has more than 18 decimals, `money.overflow` where it is too large.
    pub fn from_decimal(value: Decimal) -> Result<Self> {
        let value = value.normalize();
        let missing = Self::SCALE
            .checked_sub(value.scale())
            .ok_or_else(|| Error::new(ErrorCode::ParseBadDecimal, format!("`{value}` has more than 18 decimals")))?;
        10i128
            .checked_pow(missing)
            .and_then(|factor| value.mantissa().checked_mul(factor))
            .map(Self)
            .ok_or_else(overflow)
    }
}

fn overflow() -> Error {
    Error::new(ErrorCode::MoneyOverflow, "an amount leaves the range of 170141183460469231731 currency units")
}

impl fmt::Display for Amount {
    /// Decimal text without exponent or trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_scaled(f, self.0 < 0, self.0.unsigned_abs(), Self::SCALE)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({self})")
    }
}

impl FromStr for Amount {
    type Err = Error;

    /// Reads text of at most 18 decimals; more are `parse.bad_decimal`, because nothing would report the rounding.
    fn from_str(text: &str) -> Result<Self> {
        let parsed = Self::parse(text)?;
        if parsed.residue.is_zero() {
            Ok(parsed.amount)
        } else {
            Err(Error::new(ErrorCode::ParseBadDecimal, format!("`{text}` has more than 18 decimals")))
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// An ISO 4217 currency code of three capital letters, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "facade", schemars(transparent))]
pub struct Currency(#[cfg_attr(feature = "facade", schemars(with = "String"))] [u8; 3]);

impl Currency {
    /// United States dollar, the currency of every DBR that names none.
    pub const USD: Self = Self(*b"USD");

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(Error::new(
                ErrorCode::ConfigBadValue,
                format!("`{text}` is not a currency code of three capital letters"),
            )),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Currency({self})")
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// An exact amount of one currency (spec 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How much, in units of 10⁻¹⁸ of [`Money::currency`].
    pub amount: Amount,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` of `currency`.
    #[must_use]
    pub const fn new(amount: Amount, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// `self + other`.
    ///
    /// # Errors
    /// `config.currency` where the currencies differ (spec 1.6), `money.overflow` where the sum is too large.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        if self.currency != other.currency {
            return Err(Error::new(
                ErrorCode::ConfigCurrency,
                format!("`{}` and `{}` are never added", self.currency, other.currency),
            ));
        }
        Ok(Self::new(self.amount.checked_add(other.amount)?, self.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_drops_trailing_zeros_and_keeps_every_unit() {
        for (units, text) in [
            (0, "0"),
            (1, "0.000000000000000001"),
            (-1_500_000_000_000_000_000, "-1.5"),
            (10_000_000_000_000_000_000, "10"),
            (i128::MIN, "-170141183460469231731.687303715884105728"),
        ] {
            assert_eq!(Amount::from_units(units).to_string(), text);
        }
    }

    #[test]
    fn decimal_round_trip_is_exact_or_an_error() {
        let amount: Amount = "1464.4553141627".parse().unwrap();
        assert_eq!(Amount::from_decimal(amount.to_decimal().unwrap()).unwrap(), amount);
        let wide: Amount = "98765432109876.000000000000000001".parse().unwrap();
        assert_eq!(wide.to_decimal().unwrap_err().code(), ErrorCode::MoneyOverflow);
    }

    #[test]
    fn sums_that_overflow_are_errors() {
        let most = Amount::from_units(i128::MAX);
        let error = most.checked_add(Amount::from_units(1)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::MoneyOverflow);
        assert!(Amount::from_units(i128::MIN).checked_sub(Amount::from_units(1)).is_err());
    }

    #[test]
    fn currencies_are_never_added() {
        let usd = Money::new("1".parse().unwrap(), Currency::USD);
        let cny = Money::new("1".parse().unwrap(), "CNY".parse().unwrap());
        assert_eq!(usd.checked_add(cny).unwrap_err().code(), ErrorCode::ConfigCurrency);
        assert_eq!(usd.checked_add(usd).unwrap().to_string(), "2 USD");
    }
}
