//! Idle cost that the areas share which used its instance or volume in the period (spec 5.3, 5.4, R87).
//!
//! It waits until all charges have gone their way, because only then it is known what each area has of a host.
//!
//! Invariant: every amount that waits is shared or becomes a row of its own, once.

use std::collections::BTreeMap;

use super::claim::{Claim, Origin};
use super::ledger::Ledger;
use super::portion::Portion;
use super::stages::Stages;
use crate::bill::Charge;
use crate::error::Result;
use crate::money::Amount;
use crate::policy::{Idle, Unused};
use crate::rollup::{IdleReason, Mechanism};

/// What each area has of each instance and volume, and what waits for it.
#[derive(Debug, Default)]
pub(super) struct IdleShares<'a> {
    areas: BTreeMap<&'a str, BTreeMap<&'a str, Amount>>,
    waiting: Vec<Waiting<'a>>,
}

/// An idle amount of a charge, or of a fee that was pushed onto it.
#[derive(Debug)]
struct Waiting<'a> {
    origin: Origin<'a>,
    charge: &'a Charge,
    /// Instance or volume.
    host: &'a str,
    commitment: Option<String>,
    /// What it is where nobody used the host.
    row: Claim<'a>,
    portion: Portion,
}

impl<'a> IdleShares<'a> {
    /// Adds what an area has of an instance or volume.
    pub(super) fn note_area(&mut self, host: &'a str, area: &'a str, amount: Amount) -> Result<()> {
        let sum = self.areas.entry(host).or_default().entry(area).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    }

    /// The areas of a host by what they have of it, none of it negative.
    fn weights(&self, host: &str) -> Vec<(&'a str, u128)> {
        let areas = self.areas.get(host).into_iter().flatten();
        areas.map(|(area, amount)| (*area, u128::try_from(amount.units()).unwrap_or(0))).collect()
    }
}

impl<'a> Stages<'a> {
    /// Notes a service's part of an instance, and of the volume that it is of, where idle cost asks for it.
    pub(super) fn note_area(
        &self,
        charge: &'a Charge,
        instance: &'a str,
        area: Option<&'a str>,
        amount: Amount,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let containers = &self.policy.containers;
        let of_hosts = containers.idle == Idle::Proportional || containers.empty_host() == Unused::Proportional;
        let of_volumes = self.policy.volumes.detached == Unused::Proportional;
        let Some(area) = area else { return Ok(()) };
        if of_hosts {
            ledger.idle.note_area(instance, area, amount)?;
        }
        let resource = charge.key().resource_id();
        if of_volumes && resource != instance { ledger.idle.note_area(resource, area, amount) } else { Ok(()) }
    }

    /// Keeps an idle amount until it is known who used its instance or volume.
    pub(super) fn wait_for_areas(
        &self,
        (origin, charge): (Origin<'a>, &'a Charge),
        host: &'a str,
        reason: IdleReason,
        portion: impl Into<Portion>,
        ledger: &mut Ledger<'a>,
    ) {
        let area = match reason {
            IdleReason::Detached => self.tags.area_of_charge(charge),
            IdleReason::EmptyHost | IdleReason::Unreserved => self.tags.area_of_resource(host),
        };
        let (commitment, row) = (ledger.commitment(), Claim::idle(area, reason));
        ledger.idle.waiting.push(Waiting { origin, charge, host, commitment, row, portion: portion.into() });
    }
}

impl<'a> Ledger<'a> {
    /// Gives what waits to the areas that used its host, by what they have of it here or in `others`; a row of its own
    /// where there are none.
    pub(super) fn share_idle(&mut self, others: Option<&IdleShares<'a>>) -> Result<()> {
        let waiting = std::mem::take(&mut self.idle.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let mut before: Option<&Charge> = None;
        for Waiting { origin, charge, host, commitment, row, portion } in waiting {
            let weights = others.unwrap_or(&self.idle).weights(host);
            let is_volume = row.reason == Some(IdleReason::Detached);
            // What one charge gives to one cell for several reasons adds up.
            if !before.replace(charge).is_some_and(|before| std::ptr::eq(before, charge)) {
                self.look_at(Some(charge));
            }
            self.on_instance(Some(host).filter(|_| !is_volume));
            self.by_commitment(commitment.as_deref());
            let Some(parts) = portion.split(&weights)? else {
                self.add(origin, row, portion)?;
                continue;
            };
            portion.conserved("idle", origin, &parts)?;
            let mechanism = if is_volume { Mechanism::Volume } else { Mechanism::EcsIdle };
            for ((area, weight), part) in weights.into_iter().zip(parts) {
                if weight > 0 {
                    self.add(origin, Claim::area(area, mechanism), part)?;
                }
            }
        }
        self.by_commitment(None);
        self.look_at(None);
        Ok(())
    }
}
