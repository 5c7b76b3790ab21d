//! Instants, half-open intervals and billing periods, all in UTC (spec 2.8, 3.7, 6.1).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};

/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
///
/// Texts may have a space or a `T`, dashes or slashes, up to any number of fraction digits (finer than milliseconds
/// are cut), and no zone (UTC), `Z` or a numeric offset (spec 3.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant that can be held; stands for "since ever".
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant that can be held; stands for "still open".
    pub const MAX: Self = Self(i64::MAX);

    /// The instant so many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by so many milliseconds, kept inside the range.
    #[must_use]
    pub const fn plus_millis(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// This instant moved by calendar months, the day clamped to the month's last (2016-02-29 + 12 = 2017-02-28).
    #[must_use]
    pub fn plus_months(self, months: u32) -> Option<Self> {
        let moved = self.to_chrono()?.checked_add_months(Months::new(months))?;
        Some(Self(moved.timestamp_millis()))
    }

    /// The billing period the instant lies in.
    #[must_use]
    pub fn period(self) -> Option<BillingPeriod> {
        let date = self.to_chrono()?;
        BillingPeriod::new(date.year(), date.month()).ok()
    }

    fn to_chrono(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

impl Timestamp {
    /// The time in exactly the form `YYYY-MM-DD HH:MM:SS`, also with slashes, or a `T` in the middle.
    pub(crate) fn of_fixed(text: &[u8; 19]) -> Option<Self> {
        parse_fixed(text).map(Self)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fixed = text.as_bytes().try_into().ok().and_then(parse_fixed);
        fixed
            .or_else(|| parse_general(text))
            .or_else(|| parse_undatable(text))
            .map(Self)
            .ok_or_else(|| Error::new(ErrorCode::ParseBadTime, format!("`{text}` is not a time")))
    }
}

/// `YYYY-MM-DD HH:MM:SS` in exactly 19 bytes, the form of almost every bill row.
fn parse_fixed(text: &[u8; 19]) -> Option<i64> {
    const ZEROS: &[u8; 19] = b"0000-00-00 00:00:00";
    /// The largest difference from `ZEROS`: none for colons; the other separators have several forms.
    const LARGEST: &[u8; 19] = &[9, 9, 9, 9, 255, 9, 9, 255, 9, 9, 255, 9, 9, 0, 9, 9, 0, 9, 9];
    let mut digits = *text;
    let mut others = 0;
    // All bytes at once, which none of them decides.
    for ((digit, zero), largest) in digits.iter_mut().zip(ZEROS).zip(LARGEST) {
        *digit ^= zero;
        others |= u8::from(*digit > *largest);
    }
    let [.., dash1, _, _, dash2, _, _, gap, _, _, _, _, _, _, _, _] = text;
    let is_separated = matches!(gap, b' ' | b'T') && matches!((dash1, dash2), (b'-', b'-') | (b'/', b'/'));
    if others != 0 || !is_separated {
        return None;
    }
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, _, h1, h2, _, n1, n2, _, s1, s2] = digits.map(u32::from);
    let [hour, minute, second] = [h1 * 10 + h2, n1 * 10 + n2, s1 * 10 + s2];
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let year = i32::try_from((y1 * 10 + y2) * 100 + y3 * 10 + y4).ok()?;
    let date = NaiveDate::from_ymd_opt(year, m1 * 10 + m2, d1 * 10 + d2)?;
    Some(i64::from(date.to_epoch_days()) * 24 * HOUR_MS + i64::from((hour * 60 + minute) * 60 + second) * 1000)
}

fn parse_general(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(time.timestamp_millis());
    }
    // The second is how years before 0 and after 9999 are displayed, which RFC 3339 does not know.
    for form in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.fZ",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y/%m/%d %H:%M:%S%.f",
        "%Y%m%dT%H%M%S%.fZ",
    ] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return Some(time.and_utc().timestamp_millis());
        }
    }
    let dated = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"];
    dated.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|time| time.timestamp_millis()).or_else(
        || {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
        },
    )
}

/// What [`Timestamp`] displays of an instant that no calendar reaches, such as [`Timestamp::MAX`].
fn parse_undatable(text: &str) -> Option<i64> {
    let time = Timestamp(text.strip_suffix(" ms")?.parse().ok()?);
    time.to_chrono().is_none().then_some(time.0)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_chrono() {
            Some(time) => f.pad(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

/// A half-open interval `[start, end)`; empty where the end is not after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

impl Interval {
    /// `[start, end)`.
    #[must_use]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Length in milliseconds, 0 for an empty interval.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(i128::from(self.end.0) - i128::from(self.start.0)).unwrap_or(0)
    }

    /// Whether no instant is inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// What both intervals cover, or nothing.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let both = Self::new(self.start.max(other.start), self.end.min(other.end));
        (!both.is_empty()).then_some(both)
    }
}

/// The union of intervals as sorted, disjoint, non-touching intervals.
#[must_use]
pub fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| !interval.is_empty());
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match merged.last_mut() {
            Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
            _ => merged.push(interval),
        }
    }
    merged
}

/// A calendar month in UTC, written `YYYY-MM`: the billing period of AWS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct BillingPeriod {
    year: i32,
    month: u32,
}

impl BillingPeriod {
    /// The month of a year from 1970 to 9999.
    ///
    /// # Errors
    /// `config.bad_value` for any other year or month.
    pub fn new(year: i32, month: u32) -> Result<Self> {
        if (1970..=9999).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(Error::new(ErrorCode::ConfigBadValue, format!("`{year}-{month:02}` is not a billing period")))
        }
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }

    /// First instant of the period.
    #[must_use]
    pub fn start(self) -> Timestamp {
        NaiveDate::from_ymd_opt(self.year, self.month, 1)
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .map_or(Timestamp::MIN, |time| Timestamp(time.and_utc().timestamp_millis()))
    }

    /// First instant after the period.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// The whole period.
    #[must_use]
    pub fn interval(self) -> Interval {
        Interval::new(self.start(), self.end())
    }
}

impl FromStr for BillingPeriod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = match text.as_bytes() {
            [_, _, _, _, b'-', _, _] => text.split_once('-'),
            _ => None,
        };
        // Numbers read a sign, which a period does not have.
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        parts
            .filter(|(year, month)| is_digits(year) && is_digits(month))
            .and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)))
            .and_then(|(year, month)| Self::new(year, month).ok())
            .ok_or_else(|| {
                Error::new(ErrorCode::ConfigBadValue, format!("`{text}` is not a billing period of the form YYYY-MM"))
            })
    }
}

impl fmt::Display for BillingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year, self.month))
    }
}

impl fmt::Debug for BillingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for BillingPeriod {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<BillingPeriod> for String {
    fn from(period: BillingPeriod) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn all_time_forms_name_the_same_instant() {
        let expected = time("2016-06-01 01:02:03");
        for text in [
            "2016-06-01T01:02:03Z",
            "2016/06/01 01:02:03",
            "2016-06-01T01:02:03",
            "2016-06-01 01:02:03.000",
            "2016-06-01T03:02:03+02:00",
            "2016-06-01T03:02:03+0200",
            "20160601T010203.000Z",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        assert_eq!(expected.to_string(), "2016-06-01T01:02:03Z");
        assert_eq!(time("2016-12-25T08:56:48.147999Z").to_string(), "2016-12-25T08:56:48.147Z");
    }

    #[test]
    fn texts_that_are_no_times_are_errors() {
        for text in ["", "2016-13-01 00:00:00", "2016-02-30 00:00:00", "yesterday", "2016-06-01 25:00:00", "１２"] {
            assert_eq!(text.parse::<Timestamp>().unwrap_err().code(), ErrorCode::ParseBadTime);
        }
    }

    #[test]
    fn open_ends_are_read_back_from_what_they_are_written_as() {
        for open in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(serde_json::from_str::<Timestamp>(&serde_json::to_string(&open).unwrap()).unwrap(), open);
        }
        // Any other instant has a date to write.
        assert!("2016 ms".parse::<Timestamp>().is_err());
    }

    #[test]
    fn years_of_any_length_are_read_back_from_what_they_are_displayed_as() {
        for text in ["-1-11-11", "0000-01-01", "9999-12-31", "+10000-01-01", "+12345-06-07", "-12345-06-07"] {
            let day = time(text);
            assert_eq!(day.to_string().parse::<Timestamp>().ok(), Some(day), "{text}");
            let later = day.plus_millis(1);
            assert_eq!(later.to_string().parse::<Timestamp>().ok(), Some(later), "{text}");
        }
    }

    #[test]
    fn months_clamp_to_the_last_day() {
        assert_eq!(time("2016-02-29 00:00:00").plus_months(12), Some(time("2017-02-28 00:00:00")));
    }

    #[test]
    fn union_joins_touching_and_drops_empty_intervals() {
        let at = |a, b| Interval::new(Timestamp(a), Timestamp(b));
        assert_eq!(union(vec![at(5, 9), at(1, 3), at(3, 4), at(7, 7), at(8, 12)]), vec![at(1, 4), at(5, 12)]);
    }

    #[test]
    fn periods_run_from_month_to_month() {
        let december: BillingPeriod = "2016-12".parse().unwrap();
        assert_eq!(december.end(), time("2017-01-01 00:00:00"));
        assert_eq!(december.interval().millis(), 744 * 3_600_000);
        for text in ["2016-1", "2016-13", "16-01", "2016-01-01", "2016-+6", "+016-06", ""] {
            assert!(text.parse::<BillingPeriod>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_usual_form_is_read_as_the_calendar_says(
            year in 0i32..10_000, parts in (0u32..15, 0u32..34, 0u32..26, 0u32..63, 0u32..63),
            letter in prop::option::of((0usize..19, any::<u8>())),
        ) {
            let (month, day, hour, minute, second) = parts;
            let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}").into_bytes();
            let date = NaiveDate::from_ymd_opt(year, month, day);
            let expected = date.and_then(|date| date.and_hms_opt(hour, minute, second)).map(|time| time.and_utc().timestamp_millis());
            prop_assert_eq!(parse_fixed(text.as_slice().try_into().unwrap()), expected);
            if let Some((at, letter)) = letter.filter(|(_, letter)| !b"0123456789:/-T ".contains(letter)) {
                text[at] = letter;
                prop_assert_eq!(parse_fixed(text.as_slice().try_into().unwrap()), None);
            }
        }
    }
}
