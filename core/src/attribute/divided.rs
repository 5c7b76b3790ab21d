//! Charges divided over time: an instance's over the services that ran on it, a volume's over the instances that it was
//! attached to and over their services (spec 5.3, 5.4, R7).
//!
//! Whose the parts are is asked later: charges can be divided in any order, several at once.

use super::containers::{Containers, Shares, Splitting};
use super::intervals::TimeLine;
use super::portion::Portion;
use super::tags::origin;
use super::volumes::{self, Stays, Volumes};
use crate::bill::Charge;
use crate::error::Result;
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

impl<'c, 'a> Divider<'c, 'a> {
    /// The charges that lie on instances with task runs or on volumes with attachments, by their places among all.
    ///
    /// A charge that cannot be divided is an error only for whoever takes it.
    pub(super) fn divide(
        &self,
        charges: impl Iterator<Item = (usize, &'a Charge)>,
        workers: &dyn Workers,
    ) -> Vec<(usize, Result<Divided<'c, 'a>>)> {
        let dividable: Vec<Dividable<'c, 'a>> = charges.filter_map(|(at, charge)| self.dividable(at, charge)).collect();
        workers::map(workers, &dividable, |(at, charge, attachments)| {
            let divided = attachments.map_or_else(|| self.instance(charge), |known| self.volume(charge, known));
            (*at, divided)
        })
    }

    fn dividable(&self, at: usize, charge: &'a Charge) -> Option<Dividable<'c, 'a>> {
        let attachments = self.volumes.and_then(|volumes| volumes.of(charge));
        let is_dividable = attachments.is_some() || self.containers.has_runs(charge.key().resource_id());
        is_dividable.then_some((at, charge, attachments))
    }

    fn instance(&self, charge: &'a Charge) -> Result<Divided<'c, 'a>> {
        volumes::timed(charge)?;
        let portion = Portion::of(charge, self.has_hours);
        let mut splitting = self.containers.splitting(charge.key().resource_id());
        for (interval, part) in portion.in_intervals(charge)? {
            splitting.add(&[interval], part)?;
        }
        let shares = splitting.into_shares();
        portion.conserved("containers", origin(charge), &[shares.sum()?])?;
        Ok(Divided::Instance(shares))
    }

    fn volume(&self, charge: &'a Charge, attachments: &TimeLine<&'a str>) -> Result<Divided<'c, 'a>> {
        // Instance, what moved to it, and how that is split; a volume is attached to few.
        let mut moved: Vec<(&'a str, Portion, Splitting<'c, 'a>)> = Vec::new();
        let stays = volumes::follow(charge, Portion::of(charge, self.has_hours), attachments, &mut |part| {
            let at = moved.iter().position(|(instance, ..)| *instance == part.instance).unwrap_or_else(|| {
                moved.push((part.instance, Portion::default(), self.containers.splitting(part.instance)));
                moved.len() - 1
            });
            let Some((_, sum, splitting)) = moved.get_mut(at) else { return Ok(()) };
            *sum = sum.checked_add(part.portion)?;
            splitting.add(part.window, part.portion)
        })?;
        moved.sort_unstable_by_key(|(instance, ..)| *instance);
        let shares = |(instance, sum, splitting): (_, Portion, Splitting<'c, 'a>)| {
            let shares = splitting.into_shares();
            sum.conserved("containers", origin(charge), &[shares.sum()?])?;
            Ok((instance, shares))
        };
        Ok(Divided::Volume { moved: moved.into_iter().map(shares).collect::<Result<_>>()?, stays })
    }
}
