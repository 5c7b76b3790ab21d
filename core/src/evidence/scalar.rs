//! Fields of events and tables: text or numbers, times in every form AWS writes (R17).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, ErrorCode, Location, Result};
use crate::time::Timestamp;

/// A JSON string, number or truth value as its text, or a CSV cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar<'a> {
    /// The text; numbers as they are written in decimal.
    Text(Cow<'a, str>),
    /// An object or array where a scalar belongs.
    Nested,
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(number.to_string())))
    }

    // Epoch seconds with a fraction; the shortest text that reads as this double is what was written.
    fn visit_f64<E>(self, number: f64) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(number.to_string())))
    }

    fn visit_bool<E>(self, fact: bool) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(if fact { "true" } else { "false" })))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }
}

/// A field that may be missing.
pub(super) type Field<'a> = Option<Scalar<'a>>;

/// Where fields stand, so that a wrong one can be named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    code: ErrorCode,
    prefix: &'static str,
}

impl Shape {
    /// An event whose fields stand under a path such as `detail.`.
    pub(super) const fn event(prefix: &'static str) -> Self {
        Self { code: ErrorCode::EvidenceBadEvent, prefix }
    }

    /// A row of a normalized table.
    pub(super) const TABLE: Self = Self { code: ErrorCode::EvidenceBadTable, prefix: "" };

    /// An error about a field.
    pub(super) fn wrong(self, field: &str, message: impl Into<String>) -> Error {
        let column = Some(format!("{}{field}", self.prefix));
        Error::new(self.code, message).at(Location { column, ..Location::default() })
    }

    /// The error that a field is missing.
    pub(super) fn missing(self, field: &str) -> Error {
        self.wrong(field, format!("`{}{field}` is missing", self.prefix))
    }

    /// The text of a field; empty text is no value.
    pub(super) fn text<'v>(self, value: &'v Field<'_>, field: &str) -> Result<Option<&'v str>> {
        match value {
            None => Ok(None),
            Some(Scalar::Text(text)) => Ok(Some(text.as_ref()).filter(|text| !text.is_empty())),
            Some(Scalar::Nested) => Err(self.wrong(field, format!("`{}{field}` is not text", self.prefix))),
        }
    }

    /// The text of a field that must be there.
    pub(super) fn required<'v>(self, value: &'v Field<'_>, field: &str) -> Result<&'v str> {
        self.text(value, field)?.ok_or_else(|| self.missing(field))
    }

    /// A non-negative integer.
    pub(super) fn number(self, value: &Field<'_>, field: &str) -> Result<Option<u64>> {
        let Some(text) = self.text(value, field)? else {
            return Ok(None);
        };
        let number = text.trim().parse();
        number.map(Some).map_err(|_| self.wrong(field, format!("`{text}` is not a non-negative integer")))
    }

    /// An instant.
    pub(super) fn time(self, value: &Field<'_>, field: &str) -> Result<Option<Timestamp>> {
        let Some(text) = self.text(value, field)? else {
            return Ok(None);
        };
        instant(text).map(Some).ok_or_else(|| self.wrong(field, format!("`{text}` is not a time")))
    }

    /// An instant that must be there.
    pub(super) fn required_time(self, value: &Field<'_>, field: &str) -> Result<Timestamp> {
        self.time(value, field)?.ok_or_else(|| self.missing(field))
    }
}

/// A text without white space at its ends. Nearly all have none, which two bytes tell.
pub(super) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// An ISO time, epoch seconds with or without fraction, or epoch milliseconds.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = trimmed(text);
    // Nearly all are dates, and no number has a letter.
    let number = if text.as_bytes().get(10) == Some(&b'T') { None } else { epoch(text) };
    number.or_else(|| zulu(text)).or_else(|| text.parse().ok())
}

/// Seconds up to 10^11 (the year 5138), beyond that milliseconds (10^11 of them are in 1973): CloudTrail writes those.
fn epoch(text: &str) -> Option<Timestamp> {
    const FIRST_MILLISECONDS: i64 = 100_000_000_000;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = !whole.is_empty() && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let whole: i64 = is_number.then(|| whole.parse().ok())??;
    if whole >= FIRST_MILLISECONDS {
        return Some(Timestamp::from_millis(whole));
    }
    Some(Timestamp::from_millis(whole * 1000 + leading_millis(fraction)))
}

/// `YYYY-MM-DDTHH:MM:SS[.fff…]Z`, the form of nearly every event, without the cost of the general reader.
fn zulu(text: &str) -> Option<Timestamp> {
    if let Some((seconds, [b'.', tenths @ b'0'..=b'9', hundredths @ b'0'..=b'9', thousandths @ b'0'..=b'9', b'Z'])) =
        text.as_bytes().split_first_chunk()
        && let Some(seconds) = Timestamp::of_fixed(seconds).filter(|_| text.as_bytes().get(10) == Some(&b'T'))
    {
        let [tenths, hundredths, thousandths] = [tenths, hundredths, thousandths].map(|digit| i64::from(digit - b'0'));
        return Some(seconds.plus_millis((tenths * 10 + hundredths) * 10 + thousandths));
    }
    let seconds: Timestamp = text.get(..19).filter(|text| text.contains('T'))?.parse().ok()?;
    let fraction = match text.get(19..)?.strip_suffix('Z')? {
        "" => "",
        rest => rest.strip_prefix('.')?,
    };
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then(|| seconds.plus_millis(leading_millis(fraction)))
}

/// The first three digits of a fraction; finer ones are cut.
fn leading_millis(fraction: &str) -> i64 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    digits.fold(0, |value, digit| value * 10 + i64::from(digit.saturating_sub(b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_is_the_same_instant() {
        let expected = Timestamp::from_millis(1_482_656_208_147);
        for text in [
            "2016-12-25T08:56:48.147Z",
            "2016-12-25T08:56:48.147999Z",
            "2016-12-25 08:56:48.147",
            "2016-12-25T09:56:48.147000+01:00",
            "1482656208.147",
            "1482656208.1479",
            "1482656208147",
        ] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!(instant("1482656208"), Some(Timestamp::from_millis(1_482_656_208_000)));
        assert_eq!(instant("1482656208.5"), Some(Timestamp::from_millis(1_482_656_208_500)));
        for text in ["", ".", "soon", "1482656208.x", "-5", "2016-12-25T08:56:48.14xZ"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn json_numbers_and_texts_give_equal_scalars() {
        for json in ["\"1482656208.147\"", "1482656208.147", "1.482656208147e9"] {
            let scalar: Scalar<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(scalar, Scalar::Text("1482656208.147".into()), "{json}");
        }
        let nested: Scalar<'_> = serde_json::from_str("{\"a\":[1]}").unwrap();
        let error = Shape::event("detail.").text(&Some(nested), "cpu").unwrap_err();
        assert_eq!(error.report(), "evidence.bad_event: `detail.cpu` is not text (input, column `detail.cpu`)");
    }
}
