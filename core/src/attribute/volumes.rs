//! A volume's cost follows the instances it was attached to (spec 5.3, R6).

use std::collections::BTreeMap;

use super::conserved::conserved;
use super::intervals::TimeLine;
use super::tags::origin;
use crate::bill::Charge;
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::Evidence;
use crate::index::Index;
use crate::money::Amount;
use crate::split::split;
use crate::time::{Interval, union};

/// Attachments by volume.
pub(super) struct Volumes<'a> {
    attachments: Index<&'a str, TimeLine<&'a str>>,
}

/// A part of a volume's cost that moved to an instance, with the attachment intervals it covers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MovedPart<'a> {
    pub(super) instance: &'a str,
    pub(super) window: Vec<Interval>,
    pub(super) amount: Amount,
}

/// What became of one volume charge: parts that moved and the rest that stays; nothing where no rest has weight.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Followed<'a> {
    pub(super) moved: Vec<MovedPart<'a>>,
    pub(super) detached: Option<Amount>,
}

impl<'a> Volumes<'a> {
    pub(super) fn new(evidence: &'a Evidence) -> Self {
        let mut spans: Index<&str, Vec<(Interval, &str)>> = Index::default();
        for attachment in &evidence.attachments {
            let volume = spans.entry(attachment.volume.as_str()).or_default();
            volume.push((attachment.interval, attachment.instance.as_str()));
        }
        Self { attachments: spans.into_iter().map(|(volume, spans)| (volume, TimeLine::new(spans))).collect() }
    }

    /// Splits a charge of a volume with known attachments; `None` for any other charge.
    pub(super) fn follow(&self, charge: &'a Charge) -> Result<Option<Followed<'a>>> {
        let Some(attachments) = self.attachments.get(charge.key().resource_id()) else { return Ok(None) };
        timed(charge)?;
        let mut followed = Followed::default();
        for slice in charge.slices() {
            follow_slice(charge, attachments, slice.interval(), slice.amount(), &mut followed)?;
        }
        let parts: Vec<Amount> = followed.moved.iter().map(|part| part.amount).chain(followed.detached).collect();
        conserved("volumes", origin(charge), charge.amount(), &parts)?;
        Ok(Some(followed))
    }
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

fn follow_slice<'a>(
    charge: &Charge,
    attachments: &TimeLine<&'a str>,
    interval: Interval,
    amount: Amount,
    followed: &mut Followed<'a>,
) -> Result<()> {
    let mut windows: BTreeMap<&'a str, Vec<Interval>> = BTreeMap::new();
    for (overlap, (_, instance)) in attachments.overlapping(interval) {
        windows.entry(instance).or_default().push(overlap);
    }
    let length = |intervals: &[Interval]| intervals.iter().map(|i| u128::from(i.millis())).sum::<u128>();
    let all = union(windows.values().flatten().copied().collect());
    let attached = length(&all);
    let detached = u128::from(interval.millis()) - attached;
    let Some(&[rest, on_instances]) =
        split(amount, &[(false, detached), (true, attached)])?.as_deref().and_then(|parts| parts.first_chunk())
    else {
        // An empty interval: nothing says where the volume was.
        return add(&mut followed.detached, amount);
    };
    if detached > 0 {
        add(&mut followed.detached, rest)?;
    }
    let windows: Vec<(&str, Vec<Interval>)> =
        windows.into_iter().map(|(instance, intervals)| (instance, union(intervals))).collect();
    let weights: Vec<(&str, u128)> = windows.iter().map(|(instance, window)| (*instance, length(window))).collect();
    let parts = split(on_instances, &weights)?.unwrap_or_default();
    if !parts.is_empty() {
        conserved("volumes", origin(charge), on_instances, &parts)?;
    }
    for ((instance, window), amount) in windows.into_iter().zip(parts) {
        followed.moved.push(MovedPart { instance, window, amount });
    }
    Ok(())
}

/// Adds to a sum that exists only once something was added, even 0.
pub(super) fn add(sum: &mut Option<Amount>, amount: Amount) -> Result<()> {
    *sum = Some(sum.unwrap_or_default().checked_add(amount)?);
    Ok(())
}
