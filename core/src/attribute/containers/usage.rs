//! What the services of a host used in windows of time (spec 5.4, R9).

use std::ops::Range;

use super::super::intervals::Sweep;
use super::{Host, Run};
use crate::time::Interval;

/// What one service used in a window, in unit-milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    /// Its position among the host's services.
    pub(super) service: usize,
    pub(super) cpu: u128,
    pub(super) memory: u128,
}

/// Sums up what ran on a host. An instance and its volumes are billed by the same hours: what was used in an hour is summed
/// up once for all of them.
pub(in super::super) struct Usage<'c> {
    sweep: Option<Sweep<'c, Run>>,
    /// By service, where what it used stands, if it stands in the window at all.
    places: Vec<usize>,
    /// What was used in known windows, then in the last one.
    used: Vec<Used>,
    /// INVARIANT: sorted.
    known: Vec<(Interval, Range<usize>)>,
    /// The known window after the one that was asked for last.
    next: usize,
}

impl<'c> Usage<'c> {
    /// Of a host; nothing where there is none.
    pub(super) fn new(host: Option<&'c Host>) -> Self {
        Self {
            sweep: host.map(|host| host.runs.sweep()),
            places: vec![0; host.map_or(0, |host| host.services.len())],
            used: Vec::new(),
            known: Vec::new(),
            next: 0,
        }
    }

    /// What each service that ran in a window used, sorted by service.
    pub(super) fn in_window(&mut self, window: &[Interval]) -> &[Used] {
        let used = match window {
            &[interval] => self.in_interval(interval),
            _ => self.sum_up(window),
        };
        self.used.get(used).unwrap_or_default()
    }

    fn in_interval(&mut self, interval: Interval) -> Range<usize> {
        let is_next = self.known.get(self.next).is_some_and(|(known, _)| *known == interval);
        let found =
            if is_next { Ok(self.next) } else { self.known.binary_search_by_key(&interval, |(known, _)| *known) };
        if let Some((_, used)) = found.ok().and_then(|at| self.known.get(at)) {
            self.next = found.unwrap_or_default() + 1;
            return used.clone();
        }
        let used = self.sum_up(&[interval]);
        if found == Err(self.known.len()) {
            self.known.push((interval, used.clone()));
            self.next = self.known.len();
        }
        used
    }

    /// Sums up behind what is known.
    fn sum_up(&mut self, window: &[Interval]) -> Range<usize> {
        let Self { sweep, places, used, known, .. } = self;
        let start = known.last().map_or(0, |(_, used)| used.end);
        used.truncate(start);
        for interval in window {
            for (overlap, run) in sweep.iter_mut().flat_map(|sweep| sweep.overlapping(*interval)) {
                let Some(place) = places.get_mut(run.service) else { continue };
                let stands = *place >= start && used.get(*place).is_some_and(|used| used.service == run.service);
                if !stands {
                    *place = used.len();
                    used.push(Used { service: run.service, cpu: 0, memory: 0 });
                }
                if let Some(used) = used.get_mut(*place) {
                    let milliseconds = u128::from(overlap.millis());
                    used.cpu += u128::from(run.cpu) * milliseconds;
                    used.memory += u128::from(run.memory) * milliseconds;
                }
            }
        }
        if let Some(used) = used.get_mut(start..) {
            used.sort_unstable_by_key(|used| used.service);
        }
        start..used.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn interval(start: i64, length: i64) -> Interval {
        Interval::new(Timestamp::from_millis(start), Timestamp::from_millis(start + length))
    }

    proptest! {
        #[test]
        fn windows_in_any_order_have_what_a_new_sum_has(
            runs in prop::collection::vec((0i64..50, 0i64..20, 0usize..4, 1u64..9), 0..30),
            windows in prop::collection::vec(prop::collection::vec((0i64..60, 0i64..20), 0..3), 0..30),
            is_sorted in any::<bool>(),
        ) {
            let run = |(start, length, service, cpu)| (interval(start, length), Run { service, cpu, memory: cpu * 2 });
            let host = Host::new(runs.into_iter().map(run).collect());
            let window = |window: Vec<(i64, i64)>| window.into_iter().map(|(start, length)| interval(start, length)).collect();
            let mut windows: Vec<Vec<Interval>> = windows.into_iter().map(window).collect();
            if is_sorted {
                windows.sort_unstable();
            }
            let mut usage = Usage::new(Some(&host));
            for window in windows.iter().chain(&windows) {
                let mut alone = Usage::new(Some(&host));
                prop_assert_eq!(usage.in_window(window), alone.in_window(window));
                let overlaps = window.iter().flat_map(|part| host.runs.overlapping(*part));
                let whole: u128 = overlaps.map(|(overlap, (_, run))| u128::from(overlap.millis()) * u128::from(run.cpu)).sum();
                prop_assert_eq!(usage.in_window(window).iter().map(|used| used.cpu).sum::<u128>(), whole);
                prop_assert!(usage.in_window(window).is_sorted_by(|a, b| a.service < b.service));
            }
        }
    }
}
