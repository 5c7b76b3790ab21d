//! Charges divided over time: an instance's over the services that ran on it, a volume's over the instances that it was
//! attached to and over their services (spec 5.3, 5.4, R7).
//!
//! Whose the parts are is asked later: charges can be divided in any order, several at once.

use super::containers::{Containers, Shares, Splitting, Usage};
use super::intervals::TimeLine;
use super::portion::Portion;
use super::tags::origin;
use super::volumes::{self, Stays, Volumes};
use crate::bill::Charge;
use crate::error::Result;
use crate::index::Index;
use crate::workers::{self, Workers};

/// The parts of a charge by where and when.
pub(super) enum Divided<'c, 'a> {
    /// Of an instance with task runs.
    Instance(Shares<'c, 'a>),
    /// Of a volume with attachments: what moved to each instance, sorted by instance, and what stays.
    Volume { moved: Vec<(&'a str, Shares<'c, 'a>)>, stays: Stays },
}

/// What charges are divided by.
pub(super) struct Divider<'c, 'a> {
    pub(super) containers: &'c Containers<'a>,
    pub(super) volumes: Option<&'c Volumes<'a>>,
    /// Whether hours are divided beside costs.
    pub(super) has_hours: bool,
}

/// A charge that is to be divided: its place among all charges and, of a volume, its attachments.
type Dividable<'c, 'a> = (usize, &'a Charge, Option<&'c TimeLine<&'a str>>);

/// What runs on the few instances that charges lie on.
type Usages<'c, 'a> = Vec<(&'a str, Usage<'c>)>;

impl<'c, 'a> Divider<'c, 'a> {
    /// The charges that lie on instances with task runs or on volumes with attachments, in order, by their places among all.
    ///
    /// A charge that cannot be divided is an error only for whoever takes it.
    pub(super) fn divide(
        &self,
        charges: impl Iterator<Item = (usize, &'a Charge)>,
        workers: &dyn Workers,
    ) -> Vec<(usize, Result<Divided<'c, 'a>>)> {
        let mut by_instance: Index<&'a str, Vec<Dividable<'c, 'a>>> = Index::default();
        for (at, charge) in charges {
            let attachments = self.volumes.and_then(|volumes| volumes.of(charge));
            let resource = charge.key().resource_id();
            let instance = match attachments {
                // Where it was first: most volumes are of one instance.
                Some(attachments) => attachments.first().copied().unwrap_or_default(),
                None if self.containers.has_runs(resource) => resource,
                None => continue,
            };
            by_instance.entry(instance).or_default().push((at, charge, attachments));
        }
        let by_instance: Vec<Vec<Dividable<'c, 'a>>> = by_instance.into_values().collect();
        let divided = workers::map(workers, &by_instance, |dividable| {
            let mut usages = Usages::new();
            let divided = |(at, charge, attachments): &Dividable<'c, 'a>| {
                let divided = match attachments {
                    Some(attachments) => self.volume(charge, attachments, &mut usages),
                    None => self.instance(charge, &mut usages),
                };
                (*at, divided)
            };
            dividable.iter().map(divided).collect::<Vec<_>>()
        });
        let mut divided: Vec<_> = divided.into_iter().flatten().collect();
        divided.sort_unstable_by_key(|(at, _)| *at);
        divided
    }

    fn instance(&self, charge: &'a Charge, usages: &mut Usages<'c, 'a>) -> Result<Divided<'c, 'a>> {
        volumes::timed(charge)?;
        let portion = Portion::of(charge, self.has_hours);
        let instance = charge.key().resource_id();
        let mut splitting = self.containers.splitting(instance);
        if let Some(usage) = self.usage(instance, usages) {
            for (interval, part) in portion.in_intervals(charge)? {
                splitting.add(usage, &[interval], part)?;
            }
        }
        let shares = splitting.into_shares();
        portion.conserved("containers", origin(charge), &[shares.sum()?])?;
        Ok(Divided::Instance(shares))
    }

    fn volume(
        &self,
        charge: &'a Charge,
        attachments: &TimeLine<&'a str>,
        usages: &mut Usages<'c, 'a>,
    ) -> Result<Divided<'c, 'a>> {
        // Instance, what moved to it, and how that is split; a volume is attached to few.
        let mut moved: Vec<(&'a str, Portion, Splitting<'c, 'a>)> = Vec::new();
        let stays = volumes::follow(charge, Portion::of(charge, self.has_hours), attachments, &mut |part| {
            let at = moved.iter().position(|(instance, ..)| *instance == part.instance).unwrap_or_else(|| {
                moved.push((part.instance, Portion::default(), self.containers.splitting(part.instance)));
                moved.len() - 1
            });
            let Some((instance, sum, splitting)) = moved.get_mut(at) else { return Ok(()) };
            *sum = sum.checked_add(part.portion)?;
            self.usage(instance, usages).map_or(Ok(()), |usage| splitting.add(usage, part.window, part.portion))
        })?;
        moved.sort_unstable_by_key(|(instance, ..)| *instance);
        let shares = |(instance, sum, splitting): (_, Portion, Splitting<'c, 'a>)| {
            let shares = splitting.into_shares();
            sum.conserved("containers", origin(charge), &[shares.sum()?])?;
            Ok((instance, shares))
        };
        Ok(Divided::Volume { moved: moved.into_iter().map(shares).collect::<Result<_>>()?, stays })
    }

    fn usage<'u>(&self, instance: &'a str, usages: &'u mut Usages<'c, 'a>) -> Option<&'u mut Usage<'c>> {
        let at = usages.iter().position(|(known, _)| *known == instance).unwrap_or_else(|| {
            usages.push((instance, self.containers.usage(instance)));
            usages.len() - 1
        });
        usages.get_mut(at).map(|(_, usage)| usage)
    }
}
