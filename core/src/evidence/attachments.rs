//! One volume's events in time → its attachments (R18).
//!
//! Events are swept in order of time; at one instant detaches come first, then deletions and terminations, then
//! attachments, so that a volume can move within a second. A detach that finds nothing attached opens the interval at
//! the attachment time it names; since that start may end an attachment elsewhere, the sweep is repeated with it until
//! nothing new is found. Each detach adds at most one start, so this ends.

use std::collections::{BTreeMap, BTreeSet};

use super::volumes::Terminations;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::time::{Interval, Timestamp};

/// What is known of one volume. A snapshot's attachment time is a start like that of an attach: where the volume is
/// known to be attached already, it says nothing new.
pub(super) struct Timeline<'a> {
    pub(super) volume: &'a str,
    pub(super) starts: BTreeSet<(Timestamp, &'a str)>,
    pub(super) detached: BTreeMap<(Timestamp, &'a str), Option<Timestamp>>,
    pub(super) deleted: &'a BTreeSet<Timestamp>,
    pub(super) terminations: &'a Terminations,
    pub(super) is_multi_attach: bool,
}

impl<'a> Timeline<'a> {
    /// Adds rows of a normalized table: a row is an attach and, where it has an end, a detach. Rows with both ends
    /// that overlap on several instances say that the volume is Multi-Attach.
    pub(super) fn add_rows(&mut self, rows: &[(Timestamp, Option<Timestamp>, &'a str)], diagnostics: &mut Diagnostics) {
        let mut closed: Vec<(Interval, &str)> = Vec::new();
        for (attached, detached, instance) in rows.iter().copied() {
            if detached.is_some_and(|detached| detached < attached) {
                self.report_bad_interval(instance, diagnostics);
                continue;
            }
            if detached == Some(attached) {
                continue;
            }
            self.starts.insert((attached, instance));
            if let Some(detached) = detached {
                self.detached.entry((detached, instance)).or_default().get_or_insert(attached);
                closed.push((Interval::new(attached, detached), instance));
            }
        }
        let overlap = |a: &(Interval, &str), b: &(Interval, &str)| a.1 != b.1 && a.0.intersect(&b.0).is_some();
        closed.sort_unstable();
        self.is_multi_attach |= closed.iter().enumerate().any(|(at, row)| {
            let later = closed.iter().skip(at + 1).take_while(|next| next.0.start < row.0.end);
            later.into_iter().any(|next| overlap(row, next))
        });
    }

    fn report_bad_interval(&self, instance: &str, diagnostics: &mut Diagnostics) {
        let message = format!("volume `{}` is detached from `{instance}` before it is attached", self.volume);
        diagnostics.add(DiagnosticCode::EvidenceBadInterval, message, 1, None);
    }
}

/// What happens at an instant, in the order in which it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Detach,
    Gone,
    Attach,
}

/// The attachments of a volume: instance and interval.
pub(super) fn intervals<'a>(mut timeline: Timeline<'a>, diagnostics: &mut Diagnostics) -> Vec<(&'a str, Interval)> {
    loop {
        let mut sweep = Sweep::default();
        sweep.run(&timeline);
        let known = timeline.starts.len();
        timeline.starts.append(&mut sweep.found);
        if timeline.starts.len() == known {
            return sweep.finish(&timeline, diagnostics);
        }
    }
}

#[derive(Default)]
struct Sweep<'a> {
    open: BTreeMap<&'a str, Timestamp>,
    last_end: BTreeMap<&'a str, Timestamp>,
    closed: Vec<(&'a str, Interval)>,
    /// Starts that only detaches name.
    found: BTreeSet<(Timestamp, &'a str)>,
    /// From which instance, to which.
    missed: Vec<(&'a str, &'a str)>,
    without_attach: Vec<&'a str>,
    bad: Vec<&'a str>,
}

impl<'a> Sweep<'a> {
    fn run(&mut self, timeline: &Timeline<'a>) {
        for (at, moment, instance) in moments(timeline) {
            match moment {
                Moment::Detach => {
                    let attach_time = timeline.detached.get(&(at, instance)).copied().flatten();
                    self.detach(instance, at, attach_time);
                }
                Moment::Gone => self.close(instance, at),
                Moment::Attach => self.attach(instance, at, timeline.is_multi_attach),
            }
        }
    }

    fn detach(&mut self, instance: &'a str, at: Timestamp, attach_time: Option<Timestamp>) {
        if self.open.contains_key(instance) {
            return self.close(instance, at);
        }
        match attach_time {
            None => self.without_attach.push(instance),
            Some(start) if start > at => self.bad.push(instance),
            // Attached and detached in one instant, or a second detach of an attachment that is over.
            Some(start) if start == at || self.last_end.get(instance).is_some_and(|end| start < *end) => {}
            Some(start) => {
                self.found.insert((start, instance));
            }
        }
    }

    /// An attach where the volume is attached already is a duplicate; elsewhere it ends what has no detach.
    fn attach(&mut self, instance: &'a str, at: Timestamp, is_multi_attach: bool) {
        if self.open.contains_key(instance) {
            return;
        }
        if !is_multi_attach {
            let elsewhere: Vec<&str> =
                self.open.iter().filter(|(_, start)| **start < at).map(|(other, _)| *other).collect();
            for other in elsewhere {
                self.close(other, at);
                self.missed.push((other, instance));
            }
        }
        self.open.insert(instance, at);
    }

    fn close(&mut self, instance: &'a str, at: Timestamp) {
        if let Some(start) = self.open.remove(instance) {
            self.closed.push((instance, Interval::new(start, at)));
            self.last_end.insert(instance, at);
        }
    }

    fn finish(mut self, timeline: &Timeline<'a>, diagnostics: &mut Diagnostics) -> Vec<(&'a str, Interval)> {
        let volume = timeline.volume;
        for (from, to) in self.missed {
            let message = format!("volume `{volume}` was attached to `{to}` without a detach from `{from}`");
            diagnostics.add(DiagnosticCode::EvidenceMissedDetach, message, 1, None);
        }
        for instance in self.without_attach {
            let message =
                format!("volume `{volume}` was detached from `{instance}`, but not since when it was attached");
            diagnostics.add(DiagnosticCode::EvidenceDetachWithoutAttach, message, 1, None);
        }
        for instance in self.bad {
            timeline.report_bad_interval(instance, diagnostics);
        }
        let still = self.open.iter().map(|(instance, start)| (*instance, Interval::new(*start, Timestamp::MAX)));
        self.closed.extend(still);
        self.closed
    }
}

/// Everything that happens to the volume, in order.
fn moments<'a>(timeline: &Timeline<'a>) -> Vec<(Timestamp, Moment, &'a str)> {
    let attached = timeline.starts.iter().map(|(at, instance)| (*at, Moment::Attach, *instance));
    let detached = timeline.detached.keys().map(|(at, instance)| (*at, Moment::Detach, *instance));
    let instances: BTreeSet<&'a str> = timeline.starts.iter().map(|(_, instance)| *instance).collect();
    let gone = instances.iter().flat_map(|instance| {
        let ends = timeline.terminations.all(instance).chain(timeline.deleted.iter().copied());
        ends.map(|at| (at, Moment::Gone, *instance))
    });
    let mut moments: Vec<_> = attached.chain(detached).chain(gone).collect();
    moments.sort_unstable();
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'a> = (&'a [(i64, &'a str)], &'a [(i64, &'a str, Option<i64>)]);

    fn ms(at: i64) -> Timestamp {
        Timestamp::from_millis(at)
    }

    fn found(
        (attached, detached): Case<'_>,
        deleted: &[i64],
        terminated: &[(&str, i64)],
        is_multi_attach: bool,
    ) -> (Vec<(String, i64, i64)>, Vec<DiagnosticCode>) {
        let mut terminations = Terminations::default();
        for (instance, at) in terminated {
            terminations.add(instance, ms(*at));
        }
        let deleted = deleted.iter().map(|at| ms(*at)).collect();
        let timeline = Timeline {
            volume: "vol-1",
            starts: attached.iter().map(|(at, instance)| (ms(*at), *instance)).collect(),
            detached: detached.iter().map(|(at, i, from)| ((ms(*at), *i), from.map(ms))).collect(),
            deleted: &deleted,
            terminations: &terminations,
            is_multi_attach,
        };
        let mut diagnostics = Diagnostics::default();
        let mut found: Vec<_> = intervals(timeline, &mut diagnostics)
            .into_iter()
            .map(|(instance, interval)| (instance.to_owned(), interval.start.millis(), interval.end.millis()))
            .collect();
        found.sort();
        (found, diagnostics.list().iter().map(|found| found.code).collect())
    }

    fn plain(case: Case<'_>) -> (Vec<(String, i64, i64)>, Vec<DiagnosticCode>) {
        found(case, &[], &[], false)
    }

    fn at(instance: &str, start: i64, end: i64) -> (String, i64, i64) {
        (instance.to_owned(), start, end)
    }

    const OPEN: i64 = i64::MAX;

    #[test]
    fn an_attachment_ends_at_its_next_detach() {
        let seen = plain((&[(1, "a"), (9, "a")], &[(5, "a", Some(1)), (12, "b", None)]));
        assert_eq!(seen.0, [at("a", 1, 5), at("a", 9, OPEN)]);
        assert_eq!(seen.1, [DiagnosticCode::EvidenceDetachWithoutAttach]);
    }

    #[test]
    fn a_second_attach_of_an_attached_pair_is_a_duplicate() {
        assert_eq!(plain((&[(1, "a"), (3, "a")], &[(5, "a", None)])), (vec![at("a", 1, 5)], vec![]));
    }

    #[test]
    fn a_detach_without_attach_opens_at_its_attach_time() {
        assert_eq!(plain((&[], &[(5, "a", Some(2))])), (vec![at("a", 2, 5)], vec![]));
        // The attach was seen: its time counts, not the detach's.
        assert_eq!(plain((&[(3, "a")], &[(5, "a", Some(2))])), (vec![at("a", 3, 5)], vec![]));
        // A second detach of the same attachment says nothing new.
        assert_eq!(plain((&[(1, "a")], &[(5, "a", Some(1)), (6, "a", Some(1))])), (vec![at("a", 1, 5)], vec![]));
        // The attach between two detaches was missed.
        let seen = plain((&[(1, "a")], &[(5, "a", Some(1)), (9, "a", Some(7))]));
        assert_eq!(seen, (vec![at("a", 1, 5), at("a", 7, 9)], vec![]));
    }

    #[test]
    fn a_detach_before_its_attach_time_is_not_used() {
        assert_eq!(plain((&[], &[(5, "a", Some(6))])), (vec![], vec![DiagnosticCode::EvidenceBadInterval]));
    }

    #[test]
    fn an_attach_elsewhere_ends_an_attachment_unless_multi_attach() {
        let case: Case<'_> = (&[(1, "a"), (5, "b")], &[(7, "b", None)]);
        let seen = plain(case);
        assert_eq!(seen, (vec![at("a", 1, 5), at("b", 5, 7)], vec![DiagnosticCode::EvidenceMissedDetach]));
        let seen = found(case, &[], &[], true);
        assert_eq!(seen, (vec![at("a", 1, OPEN), at("b", 5, 7)], vec![]));
    }

    #[test]
    fn an_attach_known_only_from_its_detach_ends_one_elsewhere() {
        let seen = plain((&[(1, "a")], &[(9, "b", Some(4))]));
        assert_eq!(seen, (vec![at("a", 1, 4), at("b", 4, 9)], vec![DiagnosticCode::EvidenceMissedDetach]));
    }

    #[test]
    fn a_volume_can_move_within_an_instant() {
        let seen = plain((&[(1, "a"), (5, "b"), (8, "b")], &[(5, "a", None), (8, "b", None)]));
        assert_eq!(seen, (vec![at("a", 1, 5), at("b", 5, 8), at("b", 8, OPEN)], vec![]));
    }

    #[test]
    fn termination_and_deletion_end_attachments() {
        let case: Case<'_> = (&[(1, "a"), (20, "a")], &[]);
        assert_eq!(found(case, &[9], &[("a", 7), ("a", 8), ("b", 3)], false).0, [at("a", 1, 7), at("a", 20, OPEN)]);
        assert_eq!(found(case, &[6, 30], &[("a", 7)], false).0, [at("a", 1, 6), at("a", 20, 30)]);
        // The detach that follows a termination belongs to the attachment that is over.
        assert_eq!(found((&[], &[(9, "a", Some(1))]), &[], &[("a", 5)], false), (vec![at("a", 1, 5)], vec![]));
    }

    #[test]
    fn rows_of_a_table_keep_their_overlap_when_both_ends_are_given() {
        let (terminations, deleted) = (Terminations::default(), BTreeSet::new());
        let mut diagnostics = Diagnostics::default();
        let rows = |rows: &[(i64, Option<i64>, &'static str)], diagnostics: &mut Diagnostics| {
            let mut timeline = Timeline {
                volume: "vol-1",
                starts: BTreeSet::new(),
                detached: BTreeMap::new(),
                deleted: &deleted,
                terminations: &terminations,
                is_multi_attach: false,
            };
            let rows: Vec<_> = rows.iter().map(|(from, to, i)| (ms(*from), to.map(ms), *i)).collect();
            timeline.add_rows(&rows, diagnostics);
            let mut found: Vec<_> = intervals(timeline, diagnostics)
                .into_iter()
                .map(|(instance, interval)| at(instance, interval.start.millis(), interval.end.millis()))
                .collect();
            found.sort();
            found
        };
        let seen =
            rows(&[(1, Some(9), "a"), (5, Some(12), "b"), (3, Some(2), "c"), (4, Some(4), "c")], &mut diagnostics);
        assert_eq!(seen, [at("a", 1, 9), at("b", 5, 12)]);
        assert!(diagnostics.has(DiagnosticCode::EvidenceBadInterval));
        let seen = rows(&[(1, None, "a"), (5, None, "b")], &mut diagnostics);
        assert_eq!(seen, [at("a", 1, 5), at("b", 5, OPEN)]);
        assert!(diagnostics.has(DiagnosticCode::EvidenceMissedDetach));
    }
}
