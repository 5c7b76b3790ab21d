//! An instance's cost over the ECS services that ran on it, by CPU-seconds (spec 5.4, R9–R16).

mod allocation;
mod aws_split;
mod capacity;
mod split_check;
mod split_cost;
#[cfg(test)]
mod tests;
mod usage;

use std::collections::HashSet;

use super::Attribution;
use super::intervals::TimeLine;
use super::portion::{Portion, add};
use super::rules::weights;
use super::tags::Tags;
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::{Capacity, Evidence, TaskKind};
use crate::ids::ProductArea;
use crate::index::Index;
use crate::money::Amount;
use crate::policy::{ContainerPolicy, Idle, Window};
use crate::split::Parts;
use crate::time::Interval;
use crate::workers;

pub use allocation::{AllocationRequest, AllocationRow, allocate_cpu};
pub(super) use aws_split::AwsSplit;
use capacity::Capacities;
pub(super) use split_check::SplitCheck;
pub use split_cost::{
    CostByTask, Quantities, ResourceCosts, SplitCostRequest, SplitCostTask, TaskCost, UnusedCost, split_cost,
};
pub(super) use usage::Usage;
use usage::Used;

/// Task runs by instance, ready to split charges.
pub(super) struct Containers<'a> {
    policy: &'a ContainerPolicy,
    period: Interval,
    /// INVARIANT: sorted, so that positions order like (cluster, service, tag area) and break ties.
    services: Vec<ServiceOwner<'a>>,
    hosts: Index<&'a str, Host>,
    fargate: Index<&'a str, usize>,
    capacities: Capacities<'a>,
    pools: Pools,
}

/// An instance with task runs.
pub(super) struct Host {
    /// The services that ran on it, as positions in [`Containers::services`]; sorted.
    services: Vec<usize>,
    runs: TimeLine<Run>,
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

impl<'a> ServiceOwner<'a> {
    /// A service whose area the service map, or else a tag names.
    pub(super) fn new(cluster: &'a str, service: &'a str, mapped: Option<&'a str>, tag_area: Option<&'a str>) -> Self {
        Self { cluster, service, tag_area, area: mapped.or(tag_area) }
    }
}

#[derive(Clone, Copy)]
struct Run {
    /// Position among the services of all instances, then among those of its host.
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

/// What one charge on one instance was split into. A part exists only where it has weight.
pub(super) struct Shares<'c, 'a> {
    containers: &'c Containers<'a>,
    host: Option<&'c Host>,
    costs: Sums,
    /// The hours beside them; nothing where there are none.
    hours: Sums,
}

/// Splits the amounts of one charge on one instance, and sums the parts.
pub(super) struct Splitting<'c, 'a> {
    shares: Shares<'c, 'a>,
    instance: &'a str,
    parts: Parts,
}

/// Sums of parts, which exist only where something has weight.
#[derive(Default)]
struct Sums {
    /// By position among the host's services.
    services: Vec<Option<Amount>>,
    /// What no task reserved while others ran, where that is a row of its own.
    unreserved: Option<Amount>,
    /// What lies where nothing ran on a host, where that is a row of its own.
    empty_host: Option<Amount>,
    /// What else lies where nothing ran; it goes by tags.
    not_run: Option<Amount>,
}

/// A resource that tasks reserve.
#[derive(Clone, Copy)]
enum Resource {
    Cpu,
    Memory,
}

impl Resource {
    fn of(self, used: &Used) -> u128 {
        match self {
            Self::Cpu => used.cpu,
            Self::Memory => used.memory,
        }
    }

    fn registered(self, capacity: Capacity) -> u64 {
        match self {
            Self::Cpu => capacity.cpu,
            Self::Memory => capacity.memory,
        }
    }
}

impl<'a> Containers<'a> {
    pub(super) fn new(job: &Attribution<'a>, tags: &Tags<'a>, period: Interval) -> Result<Self> {
        let Attribution { policy, evidence, workers, .. } = *job;
        let (services, service_of) = service_owners(evidence, tags, period);
        let fargate = fargate_services(evidence, &service_of);
        let by_instance = runs_by_instance(evidence);
        let hosts = workers::map(workers, &by_instance, |(instance, runs)| {
            let runs = runs.iter().filter_map(|at| evidence.tasks.span(*at));
            let run = |(kind, interval): (usize, Interval)| {
                let TaskKind { cpu, memory, .. } = evidence.tasks.kinds().get(kind)?;
                Some((interval, Run { service: *service_of.get(kind)?, cpu: *cpu, memory: *memory }))
            };
            (*instance, Host::new(runs.filter_map(run).collect()))
        });
        let hosts: Index<_, _> = hosts.into_iter().filter(|(_, host)| host.runs.is_touched(period)).collect();
        let named: HashSet<&str> = hosts.keys().copied().collect();
        let scaled = weights(&[(0, policy.containers.weights.cpu), (1, policy.containers.weights.memory)].into())?;
        let weight = |at: u8| scaled.iter().find(|(key, _)| *key == at).map_or(0, |(_, weight)| *weight);
        Ok(Self {
            policy: &policy.containers,
            period,
            services,
            hosts,
            fargate,
            capacities: Capacities::new(job, &named),
            pools: Pools { cpu: weight(0), memory: weight(1) },
        })
    }

    /// Whether tasks ran on the instance in the period.
    pub(super) fn has_runs(&self, instance: &str) -> bool {
        self.hosts.contains_key(instance)
    }

    /// Whether a task ran on the instance in a window.
    pub(super) fn has_runs_in(&self, instance: &str, window: Interval) -> bool {
        self.hosts.get(instance).is_some_and(|host| host.runs.is_touched(window))
    }

    /// The service a Fargate task belongs to.
    pub(super) fn fargate_service(&self, resource: &str) -> Option<&ServiceOwner<'a>> {
        self.fargate.get(resource).and_then(|at| self.services.get(*at))
    }

    /// Ready to split a charge on an instance, with or without runs.
    pub(super) fn splitting<'c>(&'c self, instance: &'a str) -> Splitting<'c, 'a> {
        let host = self.hosts.get(instance);
        let count = host.map_or(0, |host| host.services.len());
        let costs = Sums { services: vec![None; count], ..Sums::default() };
        Splitting {
            shares: Shares { containers: self, host, costs, hours: Sums::default() },
            instance,
            parts: Parts::default(),
        }
    }

    /// What runs on an instance.
    pub(super) fn usage(&self, instance: &str) -> Usage<'_> {
        Usage::new(self.hosts.get(instance))
    }
}

impl Host {
    fn new(mut runs: Vec<(Interval, Run)>) -> Self {
        let mut services: Vec<usize> = runs.iter().map(|(_, run)| run.service).collect();
        services.sort_unstable();
        services.dedup();
        for (_, run) in &mut runs {
            run.service = services.binary_search(&run.service).unwrap_or_default();
        }
        Self { services, runs: TimeLine::new(runs) }
    }
}

impl<'c, 'a> Shares<'c, 'a> {
    /// The parts of the services that have one, with their owners.
    pub(super) fn services(&self) -> impl Iterator<Item = (&'c ServiceOwner<'a>, Portion)> {
        let containers = self.containers;
        let services = self.host.map(|host| host.services.as_slice()).unwrap_or_default();
        services.iter().zip(&self.costs.services).enumerate().filter_map(|(at, (service, cost))| {
            let hours = self.hours.services.get(at).copied().flatten();
            Some((containers.services.get(*service)?, Portion { cost: (*cost)?, hours }))
        })
    }

    /// What no task reserved while others ran, where that is a row of its own.
    pub(super) fn unreserved(&self) -> Option<Portion> {
        self.costs.unreserved.map(|cost| Portion { cost, hours: self.hours.unreserved })
    }

    /// What lies where nothing ran on a host, where that is a row of its own.
    pub(super) fn empty_host(&self) -> Option<Portion> {
        self.costs.empty_host.map(|cost| Portion { cost, hours: self.hours.empty_host })
    }

    /// What else lies where nothing ran; it goes by tags.
    pub(super) fn not_run(&self) -> Option<Portion> {
        self.costs.not_run.map(|cost| Portion { cost, hours: self.hours.not_run })
    }

    /// The sum of all parts.
    pub(super) fn sum(&self) -> Result<Portion> {
        let hours = if self.hours.parts().next().is_some() { Some(Amount::sum(self.hours.parts())?) } else { None };
        Ok(Portion { cost: Amount::sum(self.costs.parts())?, hours })
    }

    /// Adds to a sum of what is of no service.
    fn add_rest(&mut self, rest: fn(&mut Sums) -> &mut Option<Amount>, portion: Portion) -> Result<()> {
        add(rest(&mut self.costs), portion.cost)?;
        portion.hours.map_or(Ok(()), |hours| add(rest(&mut self.hours), hours))
    }
}

impl<'c, 'a> Splitting<'c, 'a> {
    /// All that was split.
    pub(super) fn into_shares(self) -> Shares<'c, 'a> {
        self.shares
    }

    /// Splits one portion over the services that ran on the instance in a window (R9), of which there is this `usage`.
    ///
    /// Where no run overlaps the window it is `empty_host`; where none has weight in `spread` it is `not_run`.
    pub(super) fn add(&mut self, usage: &mut Usage<'c>, window: &[Interval], portion: Portion) -> Result<()> {
        let containers = self.shares.containers;
        let whole_period = [containers.period];
        let window = if containers.policy.window == Window::Period { &whole_period } else { window };
        let used = usage.in_window(window);
        if portion.hours.is_some() {
            self.shares.hours.services.resize(self.shares.costs.services.len(), None);
        }
        if used.is_empty() {
            return self.shares.add_rest(|sums| &mut sums.empty_host, portion);
        }
        let pools = containers.pools;
        if pools.memory == 0 {
            return self.add_pool((window, used), portion, Resource::Cpu);
        }
        let capacity = containers.capacities.both(self.instance, window)?;
        let weights =
            [("cpu", pool_weight(pools.cpu, capacity.cpu)?), ("memory", pool_weight(pools.memory, capacity.memory)?)];
        let Some(&[cpu, memory]) = portion.split(&weights)?.as_deref().and_then(|parts| parts.first_chunk()) else {
            return self.shares.add_rest(|sums| &mut sums.not_run, portion);
        };
        if pools.cpu > 0 {
            self.add_pool((window, used), cpu, Resource::Cpu)?;
        }
        self.add_pool((window, used), memory, Resource::Memory)
    }

    /// Splits the amount of one resource by what was used of it.
    fn add_pool(&mut self, (window, used): (&[Interval], &[Used]), portion: Portion, resource: Resource) -> Result<()> {
        let shares = &mut self.shares;
        let separate = shares.containers.policy.idle != Idle::Spread;
        // What is unreserved is before every service.
        let mut unused = 0;
        if separate {
            let capacities = &shares.containers.capacities;
            let capacity = capacities.capacity(self.instance, window)?;
            let running = capacities.running_ms(self.instance, window);
            let available = u128::from(resource.registered(capacity)) * u128::from(running);
            unused = available.saturating_sub(used.iter().map(|used| resource.of(used)).sum());
        }
        let weights = std::iter::once(unused).chain(used.iter().map(|used| resource.of(used)));
        shares.costs.add_parts(portion.cost, (used, separate), weights.clone(), &mut self.parts)?;
        let Some(hours) = portion.hours else { return Ok(()) };
        shares.hours.add_parts(hours, (used, separate), weights, &mut self.parts)
    }
}

impl Sums {
    /// All parts.
    fn parts(&self) -> impl Iterator<Item = Amount> {
        let rest = [self.unreserved, self.empty_host, self.not_run];
        self.services.iter().copied().chain(rest).flatten()
    }

    /// Splits an amount by the weights of what is unreserved and of the services that `used` something.
    fn add_parts(
        &mut self,
        amount: Amount,
        (used, separate): (&[Used], bool),
        weights: impl Iterator<Item = u128> + Clone,
        parts: &mut Parts,
    ) -> Result<()> {
        if !parts.split(amount, weights.clone(), |a, b| a.cmp(&b))? {
            return add(if separate { &mut self.unreserved } else { &mut self.not_run }, amount);
        }
        let services = used.iter().map(|used| Some(used.service));
        for ((service, weight), part) in std::iter::once(None).chain(services).zip(weights).zip(parts.amounts()) {
            let sum = match service {
                _ if weight == 0 => continue,
                None => &mut self.unreserved,
                Some(service) => match self.services.get_mut(service) {
                    Some(sum) => sum,
                    None => continue,
                },
            };
            add(sum, *part)?;
        }
        Ok(())
    }
}

fn pool_weight(weight: u128, capacity: u64) -> Result<u128> {
    weight.checked_mul(u128::from(capacity)).ok_or_else(|| {
        Error::new(ErrorCode::MoneyOverflow, "`containers.weights` times a capacity leave the range of exact weights")
    })
}

/// The services with their owners, sorted, and the position of the service of each kind of run.
fn service_owners<'a>(
    evidence: &'a Evidence,
    tags: &Tags<'a>,
    period: Interval,
) -> (Vec<ServiceOwner<'a>>, Vec<usize>) {
    let mut mapped: Index<(&str, &str), Option<&str>> = Index::default();
    let mut owner = |TaskKind { cluster, service, tags: of_task, .. }: &'a TaskKind| {
        let area = || evidence.services.area(cluster, service, period.start).map(ProductArea::as_str);
        let mapped = *mapped.entry((cluster.as_str(), service.as_str())).or_insert_with(area);
        let tag_area = if mapped.is_some() { None } else { tags.area_of_tags(of_task) };
        ServiceOwner::new(cluster.as_str(), service.as_str(), mapped, tag_area)
    };
    let owners: Vec<ServiceOwner<'_>> = evidence.tasks.kinds().iter().map(&mut owner).collect();
    let mut sorted = owners.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let places = owners.iter().map(|owner| sorted.binary_search(owner).unwrap_or_default()).collect();
    (sorted, places)
}

/// The places of the runs of each instance.
fn runs_by_instance<'a>(evidence: &'a Evidence) -> Vec<(&'a str, Vec<usize>)> {
    let mut places: Index<&str, usize> = Index::default();
    let mut by_instance: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut place = |kind: &'a TaskKind| {
        let instance = kind.instance.as_ref()?.as_str();
        Some(*places.entry(instance).or_insert_with(|| {
            by_instance.push((instance, Vec::new()));
            by_instance.len() - 1
        }))
    };
    let of_kinds: Vec<Option<usize>> = evidence.tasks.kinds().iter().map(&mut place).collect();
    for (at, (kind, _)) in evidence.tasks.spans().enumerate() {
        let place = of_kinds.get(kind).copied().flatten();
        if let Some((_, runs)) = place.and_then(|place| by_instance.get_mut(place)) {
            runs.push(at);
        }
    }
    by_instance
}

/// The position of the service of each Fargate task.
fn fargate_services<'a>(evidence: &'a Evidence, service_of: &[usize]) -> Index<&'a str, usize> {
    if !evidence.tasks.kinds().iter().any(|kind| kind.fargate) {
        return Index::default();
    }
    let runs = evidence.tasks.spans().zip(evidence.tasks.iter()).filter(|(_, run)| run.fargate);
    runs.filter_map(|((kind, _), run)| Some((run.task, *service_of.get(kind)?))).collect()
}
