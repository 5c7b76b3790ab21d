//! Things that lie on a time line, found by window without looking at all of them, or by a sweep over many windows.

use crate::time::{Interval, Timestamp};

/// Values by interval, sorted by start.
#[derive(Debug)]
pub(super) struct TimeLine<T> {
    spans: Vec<(Interval, T)>,
    /// INVARIANT: the latest end among the spans up to the same place.
    latest_ends: Vec<Timestamp>,
}

impl<T> TimeLine<T> {
    pub(super) fn new(mut spans: Vec<(Interval, T)>) -> Self {
        spans.sort_unstable_by_key(|(interval, _)| *interval);
        let mut latest = Timestamp::MIN;
        let latest_ends = spans
            .iter()
            .map(|(interval, _)| {
                latest = latest.max(interval.end);
                latest
            })
            .collect();
        Self { spans, latest_ends }
    }

    /// Every span that overlaps the window, with the overlap.
    pub(super) fn overlapping(&self, window: Interval) -> impl Iterator<Item = (Interval, &(Interval, T))> {
        let until = self.spans.partition_point(|(interval, _)| interval.start < window.end);
        let spans = self.spans.get(..until).unwrap_or_default();
        let ends = self.latest_ends.get(..until).unwrap_or_default();
        spans
            .iter()
            .zip(ends)
            .rev()
            .take_while(move |(_, latest)| **latest > window.start)
            .filter_map(move |(span, _)| Some((span.0.intersect(&window)?, span)))
    }

    /// What starts first.
    pub(super) fn first(&self) -> Option<&T> {
        self.spans.first().map(|(_, value)| value)
    }

    pub(super) fn is_touched(&self, window: Interval) -> bool {
        self.overlapping(window).next().is_some()
    }

    /// A sweep over windows that mostly follow each other.
    pub(super) fn sweep(&self) -> Sweep<'_, T> {
        Sweep { line: self, next: 0, open: Vec::new(), last: Timestamp::MIN }
    }
}

/// Passes a time line once, as long as each window starts no earlier than the one before it.
pub(super) struct Sweep<'l, T> {
    line: &'l TimeLine<T>,
    /// Spans before this one have started by the end of the latest window.
    next: usize,
    /// Those of them that had not ended at the start of the last window.
    open: Vec<usize>,
    last: Timestamp,
}

impl<'l, T> Sweep<'l, T> {
    /// Every span that overlaps the window, with the overlap.
    pub(super) fn overlapping(&mut self, window: Interval) -> impl Iterator<Item = (Interval, &'l T)> {
        let Self { line, next, open, last } = self;
        let spans = line.spans.as_slice();
        if window.start < *last {
            (*next, *last) = (0, Timestamp::MIN);
            open.clear();
        }
        *last = window.start;
        open.retain(|at| spans.get(*at).is_some_and(|(span, _)| span.end > window.start));
        while let Some((span, _)) = spans.get(*next).filter(|(span, _)| span.start < window.end) {
            if span.end > window.start {
                open.push(*next);
            }
            *next += 1;
        }
        open.iter().filter_map(move |at| {
            let (span, value) = spans.get(*at)?;
            Some((span.intersect(&window)?, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(start: i64, end: i64) -> Interval {
        Interval::new(Timestamp::from_millis(start), Timestamp::from_millis(end))
    }

    proptest! {
        #[test]
        fn overlapping_finds_what_a_full_search_finds(
            spans in prop::collection::vec((0i64..50, 0i64..20), 0..30),
            window in (0i64..60, 0i64..20),
        ) {
            let spans: Vec<(Interval, usize)> =
                spans.iter().enumerate().map(|(id, (start, length))| (at(*start, start + length), id)).collect();
            let window = at(window.0, window.0 + window.1);
            let mut expected: Vec<usize> =
                spans.iter().filter(|(i, _)| i.intersect(&window).is_some()).map(|(_, id)| *id).collect();
            let line = TimeLine::new(spans);
            let mut found: Vec<usize> = line.overlapping(window).map(|(_, (_, id))| *id).collect();
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_sweep_finds_in_any_windows_what_a_full_search_finds(
            spans in prop::collection::vec((0i64..50, 0i64..20), 0..30),
            windows in prop::collection::vec((0i64..60, 0i64..20), 0..30),
            is_sorted in any::<bool>(),
        ) {
            let spans: Vec<(Interval, usize)> =
                spans.iter().enumerate().map(|(id, (start, length))| (at(*start, start + length), id)).collect();
            let mut windows: Vec<Interval> = windows.iter().map(|(start, length)| at(*start, start + length)).collect();
            if is_sorted {
                windows.sort_unstable();
            }
            let line = TimeLine::new(spans.clone());
            let mut sweep = line.sweep();
            for window in windows {
                let mut expected: Vec<(Interval, usize)> =
                    spans.iter().filter_map(|(i, id)| Some((i.intersect(&window)?, *id))).collect();
                let mut found: Vec<(Interval, usize)> = sweep.overlapping(window).map(|(i, id)| (i, *id)).collect();
                expected.sort_unstable();
                found.sort_unstable();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
