//! A volume's cost follows the instances it was attached to (spec 5.3, R6).

use std::collections::BTreeMap;

use super::intervals::TimeLine;
use super::portion::Portion;
use super::tags::origin;
use crate::bill::Charge;
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::Evidence;
use crate::index::Index;
use crate::policy::Unused;
use crate::time::{Interval, union};

/// Attachments by volume.
pub(super) struct Volumes<'a> {
    attachments: Index<&'a str, TimeLine<&'a str>>,
}

/// A part of a volume's cost that moved to an instance, with the attachment intervals it covers.
pub(super) struct MovedPart<'a, 'w> {
    pub(super) instance: &'a str,
    pub(super) window: &'w [Interval],
    pub(super) portion: Portion,
}

/// What stays on a volume.
#[derive(Debug, Default)]
pub(super) struct Stays {
    /// Of the time it was attached to nothing.
    pub(super) detached: Option<Portion>,
    /// Of no time that is known.
    pub(super) untimed: Option<Portion>,
}

/// Takes the parts that moved, in the order of the charge's intervals.
type Moved<'m, 'a> = &'m mut dyn FnMut(&MovedPart<'a, '_>) -> Result<()>;

impl<'a> Volumes<'a> {
    /// Volumes that are attached to nothing count only where that is a row of its own; elsewhere they go by tags anyway.
    pub(super) fn new(evidence: &'a Evidence, detached: Unused) -> Self {
        let mut spans: Index<&str, Vec<(Interval, &str)>> = Index::default();
        for attachment in &evidence.attachments {
            let volume = spans.entry(attachment.volume.as_str()).or_default();
            volume.push((attachment.interval, attachment.instance.as_str()));
        }
        if detached == Unused::Separate {
            for volume in &evidence.unattached {
                spans.entry(volume.as_str()).or_default();
            }
        }
        Self { attachments: spans.into_iter().map(|(volume, spans)| (volume, TimeLine::new(spans))).collect() }
    }

    /// The attachments of a charge's volume, if anything is known of it.
    pub(super) fn of(&self, charge: &Charge) -> Option<&TimeLine<&'a str>> {
        self.attachments.get(charge.key().resource_id())
    }
}

/// Splits a charge over the instances its volume was attached to, and gives the rest that stays, where it has
/// weight.
pub(super) fn follow<'a>(
    charge: &Charge,
    portion: Portion,
    attachments: &TimeLine<&'a str>,
    moved: Moved<'_, 'a>,
) -> Result<Stays> {
    timed(charge)?;
    let (mut stays, mut sum) = (Stays::default(), Portion::default());
    let mut sweep = attachments.sweep();
    let mut overlaps: Vec<(Interval, &'a str)> = Vec::new();
    for (interval, of_interval) in portion.in_intervals(charge)? {
        overlaps.clear();
        overlaps.extend(sweep.overlapping(interval).map(|(overlap, instance)| (overlap, *instance)));
        let mut moved = |part: &MovedPart<'a, '_>| {
            sum = sum.checked_add(part.portion)?;
            moved(part)
        };
        match overlaps.as_slice() {
            [] if interval.is_empty() => of_interval.add_to(&mut stays.untimed)?,
            [] => of_interval.add_to(&mut stays.detached)?,
            [(window, instance)] if *window == interval => {
                moved(&MovedPart { instance, window: std::slice::from_ref(window), portion: of_interval })?;
            }
            overlaps => follow_partly(charge, overlaps, (interval, of_interval), &mut stays.detached, &mut moved)?,
        }
    }
    let [detached, untimed] = [stays.detached, stays.untimed].map(Option::unwrap_or_default);
    portion.conserved("volumes", origin(charge), &[sum, detached, untimed])?;
    Ok(stays)
}

/// Refuses a charge whose usage intervals the scan did not keep.
pub(super) fn timed(charge: &Charge) -> Result<()> {
    if charge.key().is_timed() {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::AttributeNotScanned,
        format!(
            "evidence names resource `{}`, whose usage intervals the scan did not keep: scan with this evidence, or keep \
             the intervals of all instances, volumes and tasks",
            charge.key().resource_id()
        ),
    ))
}

/// Splits one interval's amount where the volume was attached for a part of it, or to several instances.
fn follow_partly<'a>(
    charge: &Charge,
    overlaps: &[(Interval, &'a str)],
    (interval, of_interval): (Interval, Portion),
    detached: &mut Option<Portion>,
    moved: Moved<'_, 'a>,
) -> Result<()> {
    let mut windows: BTreeMap<&'a str, Vec<Interval>> = BTreeMap::new();
    for (overlap, instance) in overlaps {
        windows.entry(instance).or_default().push(*overlap);
    }
    let length = |intervals: &[Interval]| intervals.iter().map(|i| u128::from(i.millis())).sum::<u128>();
    let attached = length(&union(overlaps.iter().map(|(overlap, _)| *overlap).collect()));
    let rest = u128::from(interval.millis()) - attached;
    let parts = of_interval.split(&[(false, rest), (true, attached)])?.unwrap_or_default();
    let &[stays, on_instances] = parts.as_slice() else { return of_interval.add_to(detached) };
    if rest > 0 {
        stays.add_to(detached)?;
    }
    let windows: Vec<(&str, Vec<Interval>)> =
        windows.into_iter().map(|(instance, intervals)| (instance, union(intervals))).collect();
    let weights: Vec<(&str, u128)> = windows.iter().map(|(instance, window)| (*instance, length(window))).collect();
    let parts = on_instances.split(&weights)?.unwrap_or_default();
    on_instances.conserved("volumes", origin(charge), &parts)?;
    for ((instance, window), portion) in windows.iter().zip(parts) {
        moved(&MovedPart { instance, window, portion })?;
    }
    Ok(())
}
