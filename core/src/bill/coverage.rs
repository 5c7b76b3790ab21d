//! Which hours and days of the period have usage rows, per usage account (spec 2.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{BillingPeriod, HOUR_MS, Interval, Timestamp};

const DAY_MS: i64 = 24 * HOUR_MS;
const WHOLE_DAY: u32 = 0xff_ffff;

/// Hours and days seen, by usage account and day since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsageCoverage(BTreeMap<String, BTreeMap<i64, Day>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Day {
    /// One bit an hour with rows of at most an hour.
    hours: u32,
    /// Whether there are rows of at most a day.
    seen: bool,
}

/// Hours or days of one usage account without usage rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Gap {
    /// The account.
    pub usage_account: String,
    /// First instant without usage.
    pub start: Timestamp,
    /// First instant with usage again, or the period's end.
    pub end: Timestamp,
}

/// How complete the usage rows of a period are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Completeness {
    /// Gaps by account and start.
    pub gaps: Vec<Gap>,
    /// First instant after the last usage row of any account, where 24 hours or more of the period follow it.
    pub stops_early: Option<Timestamp>,
}

impl UsageCoverage {
    /// Notes a usage row. Rows longer than a day say nothing about a gap.
    pub(crate) fn add(&mut self, account: &str, interval: Interval) {
        let length = interval.millis();
        if interval.is_empty() || length > DAY_MS.unsigned_abs() {
            return;
        }
        if !self.0.contains_key(account) {
            self.0.insert(account.to_owned(), BTreeMap::new());
        }
        let Some(days) = self.0.get_mut(account) else { return };
        let hourly = length <= HOUR_MS.unsigned_abs();
        let mut hour = interval.start.millis().div_euclid(HOUR_MS);
        let last = (interval.end.millis() - 1).div_euclid(HOUR_MS);
        while hour <= last {
            let day = days.entry(hour.div_euclid(24)).or_default();
            day.seen = true;
            if hourly {
                day.hours |= 1 << hour.rem_euclid(24);
                hour += 1;
            } else {
                hour = (hour.div_euclid(24) + 1) * 24;
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (account, days) in other.0 {
            let mine = self.0.entry(account).or_default();
            for (date, day) in days {
                let known = mine.entry(date).or_default();
                known.hours |= day.hours;
                known.seen |= day.seen;
            }
        }
    }

    /// Gaps of each account in the grain its rows have: hours where any row is that short, else days.
    pub(crate) fn completeness(&self, period: BillingPeriod) -> Completeness {
        let mut gaps = Vec::new();
        for (account, days) in &self.0 {
            let hourly = days.values().any(|day| day.hours != 0);
            let mut open: Option<Timestamp> = None;
            let mut at = period.start();
            while at < period.end() {
                let next = at.plus_millis(if hourly { HOUR_MS } else { DAY_MS });
                if covered(days, at, hourly) {
                    if let Some(start) = open.take() {
                        gaps.push(Gap { usage_account: account.clone(), start, end: at });
                    }
                } else {
                    open.get_or_insert(at);
                }
                at = next;
            }
            if let Some(start) = open {
                gaps.push(Gap { usage_account: account.clone(), start, end: period.end() });
            }
        }
        let last = self.last_usage(period);
        let early = period.end().millis() - last.millis() >= DAY_MS;
        Completeness { gaps, stops_early: early.then_some(last) }
    }

    /// Where the usage rows of the period end, whatever their grain: hourly rows may stop where daily ones go on.
    fn last_usage(&self, period: BillingPeriod) -> Timestamp {
        let days = self.0.values().flatten().filter(|(_, day)| day.seen);
        let ends = days.filter_map(|(date, day)| {
            let hours = if day.hours == 0 { 24 } else { u32::BITS - day.hours.leading_zeros() };
            let start = Timestamp::from_millis(date.checked_mul(DAY_MS)?);
            let is_inside = period.start() <= start && start < period.end();
            is_inside.then(|| start.plus_millis(i64::from(hours) * HOUR_MS))
        });
        ends.max().unwrap_or(period.start())
    }
}

fn covered(days: &BTreeMap<i64, Day>, at: Timestamp, hourly: bool) -> bool {
    let hour = at.millis().div_euclid(HOUR_MS);
    let day = days.get(&hour.div_euclid(24)).copied().unwrap_or_default();
    if hourly { day.hours & WHOLE_DAY & (1 << hour.rem_euclid(24)) != 0 } else { day.seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: i64, to: i64) -> impl Iterator<Item = Interval> {
        let start: BillingPeriod = "2016-06".parse().unwrap();
        (from..to).map(move |h| {
            let at = start.start().plus_millis(h * HOUR_MS);
            Interval::new(at, at.plus_millis(HOUR_MS))
        })
    }

    #[test]
    fn missing_hours_are_gaps_and_a_missing_end_stops_early() {
        let period: BillingPeriod = "2016-06".parse().unwrap();
        let mut seen = UsageCoverage::default();
        hours(0, 10).chain(hours(12, 27 * 24)).for_each(|i| seen.add("1", i));
        let complete = seen.completeness(period);
        assert_eq!(complete.gaps.len(), 2);
        assert_eq!(complete.gaps[0].start, "2016-06-01 10:00:00".parse().unwrap());
        assert_eq!(complete.gaps[0].end, "2016-06-01 12:00:00".parse().unwrap());
        assert_eq!(complete.stops_early, Some("2016-06-28 00:00:00".parse().unwrap()));
    }

    #[test]
    fn another_account_that_goes_on_is_no_early_stop() {
        let period: BillingPeriod = "2016-06".parse().unwrap();
        let mut seen = UsageCoverage::default();
        hours(0, 24).for_each(|i| seen.add("1", i));
        hours(0, 29 * 24 + 1).for_each(|i| seen.add("2", i));
        let complete = seen.completeness(period);
        assert_eq!(complete.stops_early, None);
        assert_eq!(complete.gaps.len(), 2);
    }

    #[test]
    fn daily_rows_make_days_the_grain() {
        let period: BillingPeriod = "2016-06".parse().unwrap();
        let mut seen = UsageCoverage::default();
        for day in 0..29 {
            let at = period.start().plus_millis(day * DAY_MS);
            seen.add("1", Interval::new(at, at.plus_millis(DAY_MS)));
        }
        let complete = seen.completeness(period);
        assert_eq!(complete.gaps.len(), 1);
        assert_eq!(complete.stops_early, Some("2016-06-30 00:00:00".parse().unwrap()));
    }
    #[test]
    fn daily_rows_that_go_on_after_the_hourly_ones_are_no_early_stop() {
        let period: BillingPeriod = "2016-06".parse().unwrap();
        let mut seen = UsageCoverage::default();
        hours(0, 20 * 24).for_each(|i| seen.add("1", i));
        let mut stops_early = |days| {
            for day in days {
                let at = period.start().plus_millis(day * DAY_MS);
                seen.add("1", Interval::new(at, at.plus_millis(DAY_MS)));
            }
            seen.completeness(period).stops_early
        };
        assert_eq!(stops_early(0..26), Some("2016-06-27 00:00:00".parse().unwrap()));
        assert_eq!(stops_early(26..30), None);
    }
}
