//! Decimal text to units and back (spec 1.2).

use std::fmt;

use super::{Amount, overflow};
use crate::error::{Error, ErrorCode, Result};

/// An amount read from text, and what rounding to 18 decimals took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParsedAmount {
    /// The amount, rounded half-even to 10⁻¹⁸.
    pub amount: Amount,
    /// Text value − `amount`; zero for texts of at most 18 decimals.
    pub residue: Residue,
}

/// A sum of rounded-off digits, in units of 10⁻³⁶ (digits past the 36th decimal are cut).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residue(pub i128);

impl Residue {
    /// Whether nothing was rounded off.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Residue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_scaled(f, self.0 < 0, self.0.unsigned_abs(), 36)
    }
}

/// Writes `units × 10^-scale` as decimal text without exponent or trailing zeros.
pub(crate) fn fmt_scaled(f: &mut fmt::Formatter<'_>, negative: bool, units: u128, scale: u32) -> fmt::Result {
    let one = 10u128.pow(scale);
    let (whole, fraction) = (units / one, units % one);
    let mut text = whole.to_string();
    if fraction != 0 {
        let digits = format!("{fraction:0width$}", width = scale as usize);
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    f.pad_integral(!negative, "", &text)
}

/// Powers of ten that fit 64 bits and the decimals of an amount.
pub(crate) const POWERS_OF_TEN: [u64; 19] = {
    let mut powers = [1u64; 19];
    let mut i = 1;
    #[expect(clippy::indexing_slicing, reason = "constant evaluation: a bad index fails to compile")]
    while i < 19 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// As [`parse`], where nothing is rounded off; `None` for all other texts and for what is no number.
pub(super) fn parse_exact(text: &[u8]) -> Option<Amount> {
    parse_short(text).map(Amount).or_else(|| {
        let parsed = parse_any(std::str::from_utf8(text).ok()?).ok()?;
        parsed.residue.is_zero().then_some(parsed.amount)
    })
}

pub(super) fn parse(text: &str) -> Result<ParsedAmount> {
    if let Some(units) = parse_short(text.as_bytes()) {
        return Ok(ParsedAmount { amount: Amount(units), residue: Residue(0) });
    }
    parse_any(text)
}

/// The usual bill text: at most 19 digits, no exponent. Anything else is left to [`parse_any`].
fn parse_short(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.len() > 19 {
        return None;
    }
    // 19 digits fit 64 bits: nothing wraps.
    let (whole, rest) = digits_of(digits, 0);
    let (mantissa, decimals) = match rest {
        [] => (whole, 0),
        [b'.', fraction @ ..] => match digits_of(fraction, whole) {
            (mantissa, []) => (mantissa, fraction.len()),
            _ => return None,
        },
        _ => return None,
    };
    if digits.len() == usize::from(!rest.is_empty()) {
        return None;
    }
    let factor = POWERS_OF_TEN.get(18usize.checked_sub(decimals)?)?;
    let units = i128::from(mantissa) * i128::from(*factor);
    Some(if negative { -units } else { units })
}

/// The digits a text starts with, written behind those of `value`, and what follows them.
#[inline]
fn digits_of(mut text: &[u8], mut value: u64) -> (u64, &[u8]) {
    while let Some((eight, rest)) = text.split_first_chunk()
        && let Some(number) = eight_digits(*eight)
    {
        value = value.wrapping_mul(100_000_000).wrapping_add(number);
        text = rest;
    }
    while let [byte, rest @ ..] = text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        text = rest;
    }
    (value, text)
}

/// The number that eight digits write, all at once: neighbours are joined to pairs, pairs to fours, fours to eight.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let bytes = u64::from_le_bytes(text);
    let past_nine = bytes.wrapping_add(0x0606_0606_0606_0606);
    if (bytes & HIGH) != ZEROS || (past_nine & HIGH) != ZEROS {
        return None;
    }
    let digits = bytes & !HIGH;
    let pairs = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

fn parse_any(text: &str) -> Result<ParsedAmount> {
    let bad = || Error::new(ErrorCode::ParseBadDecimal, format!("`{text}` is not a decimal number"));
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => {
            let (mantissa, rest) = unsigned.split_at(at);
            (mantissa, exponent(rest.get(1..).unwrap_or_default()).ok_or_else(bad)?)
        }
        None => (unsigned, 0),
    };
    let mut digits = Vec::with_capacity(mantissa.len());
    let mut point = None;
    for &byte in mantissa {
        match byte {
            b'0'..=b'9' => digits.push(byte - b'0'),
            b'.' if point.is_none() => point = Some(digits.len()),
            _ => return Err(bad()),
        }
    }
    if digits.is_empty() {
        return Err(bad());
    }
    let whole = i64::try_from(point.unwrap_or(digits.len())).map_err(|_| overflow())?;
    scale(&digits, whole.saturating_add(exponent), negative)
}

/// Exponent digits with an optional sign; far exponents saturate, since only zero can carry them.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = (value * 10 + i64::from(byte - b'0')).min(1_000_000_000);
    }
    Some(if negative { -value } else { value })
}

/// The value `0.d₀d₁d₂… × 10^whole`, as units and residue.
fn scale(digits: &[u8], whole: i64, negative: bool) -> Result<ParsedAmount> {
    let zeros = digits.iter().take_while(|d| **d == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let whole = whole.saturating_sub(i64::try_from(zeros).unwrap_or(i64::MAX));
    if digits.is_empty() {
        return Ok(ParsedAmount::default());
    }
    let kept = whole.saturating_add(18);
    let units = number(digits, 0, kept)?;
    let residue = if kept < -19 { 0 } else { number(digits, kept, kept + 18)?.cast_signed() };
    let beyond = |from: i64| {
        usize::try_from(from.max(0))
            .map_or(&[][..], |from| digits.get(from..).unwrap_or_default())
            .iter()
            .any(|d| *d != 0)
    };
    let half = 500_000_000_000_000_000;
    let up = residue > half || (residue == half && (beyond(kept.saturating_add(18)) || units % 2 == 1));
    let (units, residue) =
        if up { (units.checked_add(1).ok_or_else(overflow)?, residue - 2 * half) } else { (units, residue) };
    // Negated while unsigned: the smallest amount has no positive counterpart.
    let signed = if negative { 0i128.checked_sub_unsigned(units) } else { 0i128.checked_add_unsigned(units) };
    let residue = if negative { -residue } else { residue };
    Ok(ParsedAmount { amount: Amount(signed.ok_or_else(overflow)?), residue: Residue(residue) })
}

/// The digits `[from, to)` as a number; positions before the first digit and after the last are zeros.
fn number(digits: &[u8], from: i64, to: i64) -> Result<u128> {
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if to.saturating_sub(from) > 60 && to > 60 {
        return Err(overflow());
    }
    let mut value = 0u128;
    let mut at = from;
    while at < to {
        let digit = if at < 0 || at >= length {
            0
        } else {
            usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0)
        };
        value = value.checked_mul(10).and_then(|v| v.checked_add(u128::from(digit))).ok_or_else(overflow)?;
        at += 1;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(text: &str) -> i128 {
        parse(text).unwrap().amount.units()
    }

    #[test]
    fn plain_signed_and_scientific_texts_are_read_exactly() {
        let one = 1_000_000_000_000_000_000;
        for (text, expected) in [
            ("1", one),
            ("+1", one),
            ("-1.50", -one * 3 / 2),
            (".5", one / 2),
            ("5.", 5 * one),
            ("1e-18", 1),
            ("1.5E3", 1500 * one),
            ("35.2E-7", 3_520_000_000_000),
            ("1e+2", 100 * one),
            ("0e999999999999", 0),
            ("000000000000000000000000000000000000000001", one),
            ("-0.0", 0),
        ] {
            assert_eq!(units(text), expected, "{text}");
        }
    }

    #[test]
    fn digits_past_the_18th_round_half_even_and_are_reported() {
        for (text, expected, residue) in [
            ("0.0000000000000000005", 0, "0.0000000000000000005"),
            ("0.0000000000000000015", 2, "-0.0000000000000000005"),
            ("0.0000000000000000025", 2, "0.0000000000000000005"),
            ("0.00000000000000000050000000000000000001", 1, "-0.0000000000000000005"),
            ("-0.0000000000000000016", -2, "0.0000000000000000004"),
            ("1e-40", 0, "0"),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed.amount.units(), expected, "{text}");
            assert_eq!(parsed.residue.to_string(), residue, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_numbers_are_errors() {
        for text in ["", "-", ".", "1,000", "1e", "e5", "--1", "NaN", "inf", "0x1", "1 ", "$1", "1.2.3"] {
            assert_eq!(parse(text).unwrap_err().code(), ErrorCode::ParseBadDecimal, "{text}");
        }
    }

    #[test]
    fn amounts_past_the_range_are_overflow() {
        for text in ["170141183460469231732", "1e21", "-1e400"] {
            assert_eq!(parse(text).unwrap_err().code(), ErrorCode::MoneyOverflow, "{text}");
        }
        assert_eq!(units("170141183460469231731.687303715884105727"), i128::MAX);
    }

    proptest! {
        #[test]
        fn text_of_any_amount_reads_back(units in any::<i128>()) {
            prop_assume!(units != i128::MIN);
            let text = Amount::from_units(units).to_string();
            prop_assert_eq!(parse(&text).unwrap().amount.units(), units);
        }

        #[test]
        fn short_and_general_paths_agree(text in "-?[0-9]{0,12}\\.?[0-9]{0,8}") {
            if let Some(units) = parse_short(text.as_bytes()) {
                prop_assert_eq!(parse_any(&text).unwrap().amount.units(), units);
            }
        }

        #[test]
        fn eight_digits_are_a_number_and_nothing_else_is(text in "[0-9]{8}|[!-~]{8}|[0-9]{0,7}[/:.]?[0-9]{0,7}") {
            if let Some((eight, _)) = text.as_bytes().split_first_chunk() {
                let all_are = eight.iter().all(u8::is_ascii_digit);
                let number = all_are.then(|| std::str::from_utf8(eight).unwrap().parse().unwrap());
                prop_assert_eq!(eight_digits(*eight), number);
            }
        }
    }
}
