//! An instance's cost over the ECS services that ran on it, by CPU-seconds (spec 5.4, R9–R16).

use std::collections::{BTreeMap, HashSet};

use super::capacity::Capacities;
use super::intervals::TimeLine;
use super::rules::weights;
use super::tags::Tags;
use super::volumes::add;
use crate::bill::Bill;
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::{Evidence, TaskRun};
use crate::index::Index;
use crate::money::Amount;
use crate::policy::{ContainerPolicy, Idle, Policy, Window};
use crate::split::split;
use crate::time::Interval;

/// Task runs by instance, ready to split charges.
pub(super) struct Containers<'a> {
    policy: &'a ContainerPolicy,
    period: Interval,
    /// INVARIANT: sorted, so that positions order like (cluster, service, tag area) and break ties.
    services: Vec<ServiceOwner<'a>>,
    instances: Index<&'a str, TimeLine<Run>>,
    fargate: Index<&'a str, usize>,
    capacities: Capacities<'a>,
    pools: Pools,
}

/// A service with its owner, who may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServiceOwner<'a> {
    pub(super) cluster: &'a str,
    pub(super) service: &'a str,
    /// Area of the task's own tags, where the service map does not name the service.
    tag_area: Option<&'a str>,
    pub(super) area: Option<&'a str>,
}

struct Run {
    service: usize,
    cpu: u64,
    memory: u64,
}

/// Integer weights of a vCPU and a GiB of capacity.
#[derive(Clone, Copy)]
struct Pools {
    cpu: u128,
    memory: u128,
}

/// Parts of one charge on an instance. A part exists only where it has weight.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// By position of the service.
    pub(super) services: BTreeMap<usize, Amount>,
    /// What no task reserved.
    pub(super) idle: Option<Amount>,
    /// What lies where nothing ran.
    pub(super) not_run: Option<Amount>,
}

impl Shares {
    pub(super) fn amounts(&self) -> Vec<Amount> {
        self.services.values().copied().chain(self.idle).chain(self.not_run).collect()
    }
}

/// CPU time and memory time of one service in one window, in unit-milliseconds.
#[derive(Clone, Copy, Default)]
struct Used {
    cpu: u128,
    memory: u128,
}

impl<'a> Containers<'a> {
    pub(super) fn new(
        bill: &'a Bill,
        policy: &'a Policy,
        evidence: &'a Evidence,
        tags: &Tags<'a>,
        period: Interval,
    ) -> Result<Self> {
        let owners: Vec<ServiceOwner<'_>> =
            evidence.tasks.iter().map(|run| service_owner(run, evidence, tags, period)).collect();
        let mut services = owners.clone();
        services.sort_unstable();
        services.dedup();
        let position = |owner: &ServiceOwner<'_>| services.binary_search(owner).unwrap_or_default();

        let mut runs: Index<&str, Vec<(Interval, Run)>> = Index::default();
        let mut fargate: Index<&str, usize> = Index::default();
        for (run, owner) in evidence.tasks.iter().zip(&owners) {
            let service = position(owner);
            if let Some(instance) = &run.instance {
                let run_here = Run { service, cpu: run.cpu, memory: run.memory };
                runs.entry(instance.as_str()).or_default().push((run.interval, run_here));
            }
            if run.fargate {
                fargate.insert(run.task.as_str(), service);
            }
        }
        let instances: Index<_, _> = runs
            .into_iter()
            .map(|(instance, runs)| (instance, TimeLine::new(runs)))
            .filter(|(_, runs)| runs.is_touched(period))
            .collect();
        let named: HashSet<&str> = instances.keys().copied().collect();
        let scaled = weights(&[(0, policy.containers.weights.cpu), (1, policy.containers.weights.memory)].into())?;
        let weight = |at: u8| scaled.iter().find(|(key, _)| *key == at).map_or(0, |(_, weight)| *weight);
        Ok(Self {
            policy: &policy.containers,
            period,
            services,
            instances,
            fargate,
            capacities: Capacities::new(bill, &policy.containers, evidence, &named),
            pools: Pools { cpu: weight(0), memory: weight(1) },
        })
    }

    /// Whether tasks ran on the instance in the period.
    pub(super) fn has_runs(&self, instance: &str) -> bool {
        self.instances.contains_key(instance)
    }

    /// The service a Fargate task belongs to.
    pub(super) fn fargate_service(&self, resource: &str) -> Option<&ServiceOwner<'a>> {
        self.fargate.get(resource).and_then(|at| self.services.get(*at))
    }

    /// The service at a position of [`Shares`].
    pub(super) fn service(&self, at: usize) -> Option<&ServiceOwner<'a>> {
        self.services.get(at)
    }

    /// Splits one amount over the services that ran on an instance in a window (R9), adding to `shares`.
    ///
    /// `not_run` gets the amount where no run overlaps the window, or none has weight in `spread`.
    pub(super) fn split(
        &self,
        instance: &'a str,
        window: &[Interval],
        amount: Amount,
        shares: &mut Shares,
    ) -> Result<()> {
        let whole_period = [self.period];
        let window = if self.policy.window == Window::Period { &whole_period } else { window };
        let used = self.used(instance, window);
        if used.is_empty() {
            return add(&mut shares.not_run, amount);
        }
        if self.pools.memory == 0 {
            return self.split_pool(instance, window, amount, &used, |used| used.cpu, |capacity| capacity.cpu, shares);
        }
        let capacity = self.capacities.both(instance, window)?;
        let pools = [
            ("cpu", pool_weight(self.pools.cpu, capacity.cpu)?),
            ("memory", pool_weight(self.pools.memory, capacity.memory)?),
        ];
        let Some(&[cpu, memory]) = split(amount, &pools)?.as_deref().and_then(|parts| parts.first_chunk()) else {
            return add(&mut shares.not_run, amount);
        };
        if self.pools.cpu > 0 {
            self.split_pool(instance, window, cpu, &used, |used| used.cpu, |capacity| capacity.cpu, shares)?;
        }
        self.split_pool(instance, window, memory, &used, |used| used.memory, |capacity| capacity.memory, shares)
    }

    /// What each service used of an instance in a window.
    fn used(&self, instance: &str, window: &[Interval]) -> BTreeMap<usize, Used> {
        let mut used: BTreeMap<usize, Used> = BTreeMap::new();
        let Some(runs) = self.instances.get(instance) else { return used };
        for interval in window {
            for (overlap, (_, run)) in runs.overlapping(*interval) {
                let sum = used.entry(run.service).or_default();
                let milliseconds = u128::from(overlap.millis());
                sum.cpu += u128::from(run.cpu) * milliseconds;
                sum.memory += u128::from(run.memory) * milliseconds;
            }
        }
        used
    }

    #[expect(clippy::too_many_arguments, reason = "one call per resource, the two functions choose it")]
    fn split_pool(
        &self,
        instance: &'a str,
        window: &[Interval],
        amount: Amount,
        used: &BTreeMap<usize, Used>,
        resource: impl Fn(&Used) -> u128,
        registered: impl Fn(crate::evidence::Capacity) -> u64,
        shares: &mut Shares,
    ) -> Result<()> {
        // `None` is idle and sorts before every service.
        let mut parts: Vec<(Option<usize>, u128)> = Vec::with_capacity(used.len() + 1);
        let reserved: u128 = used.values().map(&resource).sum();
        let separate = self.policy.idle == Idle::Separate;
        if separate {
            let capacity = self.capacities.capacity(instance, window)?;
            let running = self.capacities.running_ms(instance, window);
            let available = u128::from(registered(capacity)) * u128::from(running);
            parts.push((None, available.saturating_sub(reserved)));
        }
        parts.extend(used.iter().map(|(service, used)| (Some(*service), resource(used))));
        let Some(amounts) = split(amount, &parts)? else {
            return add(if separate { &mut shares.idle } else { &mut shares.not_run }, amount);
        };
        for ((service, weight), amount) in parts.into_iter().zip(amounts) {
            match service {
                _ if weight == 0 => {}
                None => add(&mut shares.idle, amount)?,
                Some(service) => {
                    let sum = shares.services.entry(service).or_default();
                    *sum = sum.checked_add(amount)?;
                }
            }
        }
        Ok(())
    }
}

fn pool_weight(weight: u128, capacity: u64) -> Result<u128> {
    weight.checked_mul(u128::from(capacity)).ok_or_else(|| {
        Error::new(ErrorCode::MoneyOverflow, "`containers.weights` times a capacity leave the range of exact weights")
    })
}

fn service_owner<'a>(run: &'a TaskRun, evidence: &'a Evidence, tags: &Tags<'a>, period: Interval) -> ServiceOwner<'a> {
    let mapped = evidence.services.area(&run.cluster, &run.service, period.start);
    let tag_area = if mapped.is_some() { None } else { tags.area_of_tags(&run.tags) };
    ServiceOwner {
        cluster: run.cluster.as_str(),
        service: run.service.as_str(),
        tag_area,
        area: mapped.map(crate::ids::ProductArea::as_str).or(tag_area),
    }
}
