//! Values that Arrow holds in binary, written as text.

use std::fmt::{Display, Write as _};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use chrono::{DateTime, SecondsFormat};

use super::text::Unreadable;

/// The texts of rows in one buffer; equal neighbours share theirs.
#[derive(Debug, Default)]
pub(in crate::read) struct Rendered {
    text: String,
    /// Start and end by row.
    spans: Vec<(usize, usize)>,
}

impl Rendered {
    /// The text of a row; empty where there is no such row.
    pub(super) fn get(&self, row: usize) -> &str {
        self.spans.get(row).and_then(|(start, end)| self.text.get(*start..*end)).unwrap_or_default()
    }

    /// Writes each row; what is not written is empty.
    pub(super) fn write(
        rows: usize,
        mut write: impl FnMut(usize, &mut String) -> Result<(), Unreadable>,
    ) -> Result<Self, Unreadable> {
        let mut rendered = Self { text: String::new(), spans: Vec::with_capacity(rows) };
        for row in 0..rows {
            let start = rendered.text.len();
            write(row, &mut rendered.text)?;
            rendered.spans.push((start, rendered.text.len()));
        }
        Ok(rendered)
    }

    /// Writes each value that differs from the one before it.
    fn values<V: PartialEq + Copy>(
        rows: usize,
        value: impl Fn(usize) -> Option<V>,
        write: impl Fn(V, &mut String),
    ) -> Self {
        let mut rendered = Self { text: String::new(), spans: Vec::with_capacity(rows) };
        let mut last: Option<(V, (usize, usize))> = None;
        for row in 0..rows {
            let span = match (value(row), last) {
                (None, _) => (0, 0),
                (Some(value), Some((before, span))) if value == before => span,
                (Some(value), _) => {
                    let start = rendered.text.len();
                    write(value, &mut rendered.text);
                    let span = (start, rendered.text.len());
                    last = Some((value, span));
                    span
                }
            };
            rendered.spans.push(span);
        }
        rendered
    }
}

fn primitives<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, write: impl Fn(T::Native, &mut String)) -> Rendered {
    Rendered::values(array.len(), |row| array.is_valid(row).then(|| array.value(row)), write)
}

/// Writing to a string cannot fail.
pub(super) fn push(text: &mut String, value: impl Display) {
    let _ = write!(text, "{value}");
}

pub(super) fn booleans(array: &BooleanArray) -> Rendered {
    let value = |row| array.is_valid(row).then(|| array.value(row));
    Rendered::values(array.len(), value, |value, text| push(text, value))
}

pub(super) fn integers<T: ArrowPrimitiveType<Native: Display>>(array: &dyn Array) -> Rendered {
    primitives(array.as_primitive::<T>(), |value, text| push(text, value))
}

/// The shortest decimal text that reads back as the same double. Compared by bits: 0 and -0 are two texts.
pub(super) fn floats(array: &PrimitiveArray<Float64Type>) -> Rendered {
    let bits = |row| array.is_valid(row).then(|| array.value(row).to_bits());
    Rendered::values(array.len(), bits, |bits, text| push(text, f64::from_bits(bits)))
}

/// As [`floats`]; shortest for a single, which is not that of the double it widens to.
pub(super) fn floats_32(array: &PrimitiveArray<Float32Type>) -> Rendered {
    let bits = |row| array.is_valid(row).then(|| array.value(row).to_bits());
    Rendered::values(array.len(), bits, |bits, text| push(text, f32::from_bits(bits)))
}

/// Every digit that the scale gives, also zeros at the end.
pub(super) fn decimals<T: ArrowPrimitiveType<Native: Display>>(array: &dyn Array, scale: i8) -> Rendered {
    primitives(array.as_primitive::<T>(), |value, text| push_scaled(text, &value.to_string(), scale))
}

/// An integer text times 10⁻ˢᶜᵃˡᵉ.
pub(super) fn push_scaled(text: &mut String, integer: &str, scale: i8) {
    let (sign, digits) = integer.strip_prefix('-').map_or(("", integer), |digits| ("-", digits));
    text.push_str(sign);
    let decimals = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        text.push_str(digits);
        text.extend(std::iter::repeat_n('0', decimals));
        return;
    }
    let (whole, fraction) = digits.split_at_checked(digits.len().saturating_sub(decimals)).unwrap_or_default();
    text.push_str(if whole.is_empty() { "0" } else { whole });
    text.push('.');
    text.extend(std::iter::repeat_n('0', decimals - fraction.len()));
    text.push_str(fraction);
}

/// RFC 3339 in UTC, with a fraction only where there is one. `split` gives seconds since 1970 and nanoseconds.
pub(super) fn times<T: ArrowPrimitiveType<Native: Display>>(
    array: &dyn Array,
    split: impl Fn(T::Native) -> (Option<i64>, u32),
) -> Rendered {
    primitives(array.as_primitive::<T>(), |value, text| push_time(text, value, split(value)))
}

/// One time of these seconds and nanoseconds. What no calendar reaches gets a text that is no time: the row is then
/// told as malformed where the time is read.
pub(super) fn push_time(text: &mut String, value: impl Display, (seconds, nanoseconds): (Option<i64>, u32)) {
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, nanoseconds)) {
        Some(time) => text.push_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => push(text, format_args!("the time {value}")),
    }
}

/// Bytes that are UTF-8.
pub(super) fn texts<'a>(array: &dyn Array, value: impl Fn(usize) -> &'a [u8]) -> Result<Rendered, Unreadable> {
    Rendered::write(array.len(), |row, text| {
        if array.is_valid(row) {
            text.push_str(std::str::from_utf8(value(row)).map_err(|_| Unreadable::NotUtf8 { row })?);
        }
        Ok(())
    })
}
