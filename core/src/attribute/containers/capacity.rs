//! How much an instance could have run, and for how long (spec 5.4, R12, R13).

use std::collections::{BTreeMap, HashSet};

use super::super::Attribution;
use super::super::intervals::TimeLine;
use crate::bill::{Charge, instance_type};
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::{Capacity, Registration};
use crate::index::Index;
use crate::policy::{ContainerPolicy, Idle};
use crate::time::Interval;
use crate::workers;

/// Capacity and running time of instances with task runs.
pub(super) struct Capacities<'a> {
    policy: &'a ContainerPolicy,
    /// Sorted by time.
    registrations: Index<&'a str, Vec<&'a Registration>>,
    types: BTreeMap<&'a str, &'a str>,
    running: Index<&'a str, TimeLine<u64>>,
}

impl<'a> Capacities<'a> {
    pub(super) fn new(job: &Attribution<'a>, instances: &HashSet<&str>) -> Self {
        let Attribution { bill, policy, evidence, workers, .. } = *job;
        let mut registrations: Index<&str, Vec<&Registration>> = Index::default();
        for registration in &evidence.registrations {
            registrations.entry(registration.instance.as_str()).or_default().push(registration);
        }
        for known in registrations.values_mut() {
            known.sort_unstable_by_key(|registration| (registration.since, registration.capacity));
        }
        let mut types: BTreeMap<&str, &str> = BTreeMap::new();
        let mut charges: Index<&str, Vec<&Charge>> = Index::default();
        for charge in bill.charges() {
            let resource = charge.key().resource_id();
            if !instances.contains(resource) {
                continue;
            }
            let Some(named) = instance_type(charge.key().usage_type()) else { continue };
            types.entry(resource).and_modify(|known| *known = (*known).min(named)).or_insert(named);
            // How long it ran is asked for only where what is unreserved is told apart.
            if policy.containers.idle != Idle::Spread {
                charges.entry(resource).or_default().push(charge);
            }
        }
        let charges: Vec<(&str, Vec<&Charge>)> = charges.into_iter().collect();
        let running = workers::map(workers, &charges, |(instance, charges)| {
            let slices = charges.iter().flat_map(|charge| charge.slices().iter());
            (*instance, TimeLine::new(slices.map(|slice| (slice.interval(), slice.running_ms())).collect()))
        });
        Self { policy: &policy.containers, registrations, types, running: running.into_iter().collect() }
    }

    /// Capacity at the start of a window.
    ///
    /// # Errors
    /// `attribute.unknown_capacity` where neither evidence nor policy knows it.
    pub(super) fn capacity(&self, instance: &str, window: &[Interval]) -> Result<Capacity> {
        let registered = self.registrations.get(instance).and_then(|known| {
            let start = window.first()?.start;
            let until = known.partition_point(|registration| registration.since <= start);
            known.get(until.saturating_sub(1)).map(|registration| registration.capacity)
        });
        let by_policy = || {
            let by_type = || self.types.get(instance).and_then(|named| self.policy.capacity.get(*named));
            self.policy.capacity.get(instance).or_else(by_type).copied()
        };
        registered.or_else(by_policy).ok_or_else(|| {
            Error::new(
                ErrorCode::AttributeUnknownCapacity,
                format!(
                    "the capacity of instance `{instance}` is not known: give its container instance, or \
                     `containers.capacity` in the policy"
                ),
            )
        })
    }

    /// CPU and memory capacity, neither of them 0.
    ///
    /// # Errors
    /// `attribute.unknown_capacity` where one of them is not known.
    pub(super) fn both(&self, instance: &str, window: &[Interval]) -> Result<Capacity> {
        let capacity = self.capacity(instance, window)?;
        if capacity.cpu > 0 && capacity.memory > 0 {
            return Ok(capacity);
        }
        Err(Error::new(
            ErrorCode::AttributeUnknownCapacity,
            format!("a memory weight needs CPU and memory capacity of instance `{instance}`, and one is not known"),
        ))
    }

    /// Milliseconds the instance ran in a window, from the hours of its own rows there, else the window's length.
    pub(super) fn running_ms(&self, instance: &str, window: &[Interval]) -> u64 {
        let length: u64 = window.iter().map(Interval::millis).sum();
        let Some(rows) = self.running.get(instance) else { return length };
        let (Some(first), Some(last)) = (window.first(), window.last()) else { return length };
        let mut billed: Option<u128> = None;
        for (_, (interval, running)) in rows.overlapping(Interval::new(first.start, last.end)) {
            let inside: u64 = window.iter().filter_map(|part| part.intersect(interval)).map(|i| i.millis()).sum();
            if inside > 0 {
                let share = u128::from(*running) * u128::from(inside) / u128::from(interval.millis());
                billed = Some(billed.unwrap_or(0).saturating_add(share));
            }
        }
        billed.map_or(length, |billed| u64::try_from(billed).unwrap_or(u64::MAX).min(length))
    }
}
