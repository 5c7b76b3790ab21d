//! Our split of instances compared with AWS's own, service by service, with what makes them differ (spec 5.4, R69).
//!
//! Invariants:
//! - `ours` and `ours_volumes` sum to what was split over services, `scad` to the split cost allocation data;
//! - reasons are computed for each instance on which the two differ; every such instance gives at least one.

use std::collections::{BTreeMap, BTreeSet};

use super::Containers;
use super::aws_split::TaskServices;
use crate::bill::{Bill, Charge, SplitResource, is_instance_usage};
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::evidence::Evidence;
use crate::ids::Service;
use crate::money::{Amount, Currency};
use crate::policy::{ContainerPolicy, Window};
use crate::rollup::{SplitCheckRow, SplitReason};
use crate::split::split;
use crate::time::{HOUR_MS, Interval, Timestamp};

/// What AWS rounds a row's costs to, in units of 10⁻¹⁸.
const ROUNDED: i128 = 10_000_000_000;

/// A cluster's name and a service.
type Who<'a> = (&'a str, &'a str);

/// Collects both splits of one attribution.
#[derive(Debug)]
pub(in super::super) struct SplitCheck<'a> {
    is_amortized: bool,
    weighs_as_aws: bool,
    hosts: BTreeMap<&'a str, Host<'a>>,
    /// What was split of anything that split cost allocation data does not cover.
    others: BTreeMap<Who<'a>, Amount>,
}

#[derive(Debug, Default)]
struct Host<'a> {
    services: BTreeMap<Who<'a>, Sums>,
    has_covered_usage: bool,
    has_idle: bool,
    has_empty_hours: bool,
}

/// Both costs of a service on one instance.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    ours: Option<Amount>,
    scad: Option<Amount>,
    /// The vCPU rows of `scad`.
    cpu: Amount,
    rows: u64,
}

/// The name of a cluster that may be given by its ARN.
fn name_of(cluster: &str) -> &str {
    cluster.rsplit('/').next().unwrap_or(cluster)
}

fn add(sum: &mut Option<Amount>, amount: Amount) -> Result<()> {
    *sum = Some(sum.unwrap_or_default().checked_add(amount)?);
    Ok(())
}

/// Whether split cost allocation data covers what a charge is for: that an instance ran.
fn is_covered(charge: &Charge, instance: &str) -> bool {
    let key = charge.key();
    let kind = key.kind();
    key.resource_id() == instance
        && is_instance_usage(key.usage_type())
        && (kind.is_usage() || kind == LineItemKind::SavingsPlanNegation || kind.is_discount())
}

impl<'a> SplitCheck<'a> {
    /// `None` where one of the two splits is not known.
    pub(in super::super) fn new(
        bill: &'a Bill,
        evidence: &'a Evidence,
        policy: &ContainerPolicy,
        currency: Currency,
    ) -> Result<Option<Self>> {
        let costs = bill.split_costs();
        if evidence.tasks.is_empty() || !costs.iter().any(|cost| cost.key.currency == currency) {
            return Ok(None);
        }
        let services = TaskServices::new(costs, evidence);
        let mut hosts: BTreeMap<&str, Host<'_>> = BTreeMap::new();
        for cost in costs.iter().filter(|cost| cost.key.currency == currency) {
            let (cluster, service) = services.of(&cost.key);
            let host = hosts.entry(&cost.key.instance).or_default();
            let sums = host.services.entry((name_of(cluster), service)).or_default();
            add(&mut sums.scad, cost.total()?)?;
            if cost.key.resource == SplitResource::Cpu {
                sums.cpu = sums.cpu.checked_add(cost.total()?)?;
            }
            sums.rows = sums.rows.saturating_add(cost.rows);
        }
        let weights = policy.weights;
        Ok(Some(Self {
            is_amortized: bill.basis().is_amortized(),
            weighs_as_aws: weights.cpu == weights.memory * rust_decimal::Decimal::from(9),
            hosts,
            others: BTreeMap::new(),
        }))
    }

    /// Notes a part of a charge that went to a service, on an instance or as that of a task without one.
    pub(in super::super) fn note(
        &mut self,
        charge: &Charge,
        instance: &'a str,
        who: Who<'a>,
        amount: Amount,
    ) -> Result<()> {
        let who = (name_of(who.0), who.1);
        if is_covered(charge, instance) {
            return add(&mut self.hosts.entry(instance).or_default().services.entry(who).or_default().ours, amount);
        }
        let sum = self.others.entry(who).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    }

    /// Notes of a charge on an instance what split cost allocation data may see otherwise.
    pub(in super::super) fn note_host(
        &mut self,
        charge: &Charge,
        instance: &'a str,
        idle: Option<Amount>,
        containers: &Containers<'a>,
        window: Window,
    ) {
        if !is_covered(charge, instance) {
            return;
        }
        let kind = charge.key().kind();
        let host = self.hosts.entry(instance).or_default();
        host.has_covered_usage |= kind.is_of_commitment();
        host.has_idle |= idle.is_some_and(|idle| !idle.is_zero());
        let has_empty_hour = |interval: Interval| {
            (window == Window::Period || containers.has_runs_in(instance, interval))
                && hours(interval).any(|hour| !containers.has_runs_in(instance, hour))
        };
        host.has_empty_hours |=
            host.has_empty_hours || charge.slices().iter().any(|slice| has_empty_hour(slice.interval()));
    }

    /// The table, sorted.
    pub(in super::super) fn rows(&self) -> Result<Vec<SplitCheckRow>> {
        let mut rows: BTreeMap<Who<'a>, (Sums, BTreeSet<SplitReason>)> = BTreeMap::new();
        for host in self.hosts.values() {
            for (who, sums) in &host.services {
                let (sum, why) = rows.entry(*who).or_default();
                for (sum, part) in [(&mut sum.ours, sums.ours), (&mut sum.scad, sums.scad)] {
                    part.map_or(Ok(()), |part| add(sum, part))?;
                }
                why.extend(self.reasons(host, *who, sums)?);
            }
        }
        for who in self.others.keys() {
            rows.entry(*who).or_default();
        }
        let row = |(who, (sums, why)): (Who<'a>, (Sums, BTreeSet<SplitReason>))| {
            let (ours, scad) = (sums.ours.unwrap_or_default(), sums.scad.unwrap_or_default());
            let difference = ours.checked_sub(scad)?;
            let says_more = why.len() > 1 || difference.is_zero();
            Ok(SplitCheckRow {
                cluster: who.0.to_owned(),
                service: Service::from(who.1),
                ours,
                ours_volumes: self.others.get(&who).copied().unwrap_or_default(),
                scad,
                difference,
                why: why.into_iter().filter(|why| !(says_more && *why == SplitReason::Rounding)).collect(),
            })
        };
        rows.into_iter().map(row).collect()
    }

    /// Why the two differ for a service on one instance; none where they do not.
    fn reasons(&self, host: &Host<'a>, who: Who<'a>, sums: &Sums) -> Result<Vec<SplitReason>> {
        let difference = sums.ours.unwrap_or_default().checked_sub(sums.scad.unwrap_or_default())?;
        let is_more = |difference: Amount, rows: u64| {
            difference.units().unsigned_abs() > u128::from(rows) * ROUNDED.unsigned_abs()
        };
        if !is_more(difference, sums.rows) {
            return Ok(if difference.is_zero() { Vec::new() } else { vec![SplitReason::Rounding] });
        }
        let Some(ours) = sums.ours else { return Ok(vec![SplitReason::OnlyScad]) };
        if sums.scad.is_none() {
            return Ok(vec![SplitReason::OnlyOurs]);
        }
        let all = host.services.values();
        let total = Amount::sum(all.clone().filter_map(|sums| sums.ours))?;
        let of_aws = Amount::sum(all.clone().filter_map(|sums| sums.scad))?;
        let mut why = Vec::new();
        if is_more(total.checked_sub(of_aws)?, all.clone().map(|sums| sums.rows).sum()) {
            why.extend(self.reasons_of_cost(host));
        }
        // The same cost, split as AWS does.
        let by_aws = host.expected(who, total, |sums| sums.scad.unwrap_or_default())?;
        if is_more(ours.checked_sub(by_aws)?, sums.rows) {
            if all.clone().any(|sums| sums.scad.is_none()) {
                why.push(SplitReason::OnlyOurs);
            }
            if all.clone().any(|sums| sums.ours.is_none()) {
                why.push(SplitReason::OnlyScad);
            }
            if !all.clone().any(|sums| sums.ours.is_none() || sums.scad.is_none()) {
                why.extend(self.reasons_of_shares(host, who, total, ours, sums.rows)?);
            }
        }
        Ok(if why.is_empty() { vec![SplitReason::Rounding] } else { why })
    }

    /// Why the two split another cost of an instance.
    fn reasons_of_cost(&self, host: &Host<'a>) -> Vec<SplitReason> {
        let known = [
            (SplitReason::Basis, !self.is_amortized && host.has_covered_usage),
            (SplitReason::Idle, host.has_idle),
            (SplitReason::HostHoursWithoutTasks, host.has_empty_hours),
        ];
        let found: Vec<SplitReason> = known.into_iter().filter(|(_, holds)| *holds).map(|(why, _)| why).collect();
        if found.is_empty() { vec![SplitReason::InstanceCost] } else { found }
    }

    /// Why the two give services other shares of one cost.
    fn reasons_of_shares(
        &self,
        host: &Host<'a>,
        who: Who<'a>,
        total: Amount,
        ours: Amount,
        rows: u64,
    ) -> Result<Vec<SplitReason>> {
        let has_memory = host.services.values().any(|sums| sums.scad.is_some_and(|scad| scad != sums.cpu));
        if self.weighs_as_aws || !has_memory {
            return Ok(vec![SplitReason::Shares]);
        }
        let by_cpu = host.expected(who, total, |sums| sums.cpu)?;
        let is_cpu_alike =
            ours.checked_sub(by_cpu)?.units().unsigned_abs() <= u128::from(rows) * ROUNDED.unsigned_abs();
        Ok(if is_cpu_alike { vec![SplitReason::Memory] } else { vec![SplitReason::Memory, SplitReason::Shares] })
    }
}

impl<'a> Host<'a> {
    /// A service's part of a cost that is split over all of the host's by weights.
    fn expected(&self, who: Who<'a>, cost: Amount, weight: fn(&Sums) -> Amount) -> Result<Amount> {
        let weights: Vec<(&Who<'a>, u128)> =
            self.services.iter().map(|(who, sums)| (who, u128::try_from(weight(sums).units()).unwrap_or(0))).collect();
        let parts = split(cost, &weights)?.unwrap_or_default();
        let part = weights.iter().zip(parts).find(|((of, _), _)| **of == who).map(|(_, part)| part);
        Ok(part.unwrap_or_default())
    }
}

/// The clock hours that an interval touches.
fn hours(interval: Interval) -> impl Iterator<Item = Interval> {
    let first = interval.start.millis().div_euclid(HOUR_MS);
    let last = interval.end.millis().saturating_sub(1).div_euclid(HOUR_MS);
    (first..=last).map(|hour| {
        let start = Timestamp::from_millis(hour.saturating_mul(HOUR_MS));
        Interval::new(start, start.plus_millis(HOUR_MS))
    })
}
