//! Split cost allocation data of a month: what each ECS task took of its instance, as AWS computes it.
//!
//! Invariants: in every step in which tasks ran on an instance, split and unused cost of its tasks sum to what the
//! instance cost in that step, amortized and at list. The task runs are those of the events. Figures follow from the
//! printed quantities by the formula of AWS ([`split_cost`]).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::DemoOptions;
use super::events::{Task, tasks_of};
use super::fleet::{Fleet, Instance};
use super::meters::{Meter, ONE};
use super::month::MONTHLY_INVOICE;
use super::random::Random;
use super::row::{Kind, Row};
use crate::attribute::{CostByTask, Quantities, SplitCostRequest, SplitCostTask, TaskCost, UnusedCost, split_cost};
use crate::error::Result;
use crate::money::Amount;
use crate::time::{HOUR_MS, Interval, Timestamp};

/// The product of the rows.
pub(super) const CONTAINERS: &str = "Amazon Elastic Container Service";
/// vCPU, memory: a row of each.
const USAGE_TYPES: [&str; 2] = ["USW2-ECS-EC2-vCPU-Hours", "USW2-ECS-EC2-GB-Hours"];
const DESCRIPTIONS: [&str; 2] = ["vCPU-hours of an ECS task on an instance", "GB-hours of an ECS task on an instance"];
/// CPU units in a vCPU, MiB in a GiB.
const UNITS: i64 = 1024;

/// Of a cost in 10⁻¹⁸ USD: for what a task took, and for what nobody took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Costs {
    pub(super) split: i128,
    pub(super) unused: i128,
}

/// What one row says of a task's vCPU or memory.
#[derive(Debug)]
pub(super) struct TaskShare<'t> {
    /// Bare id of the instance.
    pub(super) instance: &'t str,
    /// Empty for a task of no service.
    pub(super) service: &'t str,
    /// In 10⁻⁸ vCPU-hours or GB-hours.
    pub(super) reserved: i64,
    pub(super) actual: i64,
    /// Its part of the instance in 10⁻¹⁸; only hourly reports say it.
    pub(super) ratio: Option<i128>,
    pub(super) amortized: Costs,
    pub(super) listed: Costs,
}

impl TaskShare<'_> {
    /// The larger of reserved and actual, in 10⁻⁸.
    pub(super) fn taken(&self) -> i64 {
        self.reserved.max(self.actual)
    }
}

/// The container instances of a month with what ran on them.
#[derive(Debug)]
pub(super) struct TaskShares<'f> {
    hosts: Vec<Host<'f>>,
    seed: u64,
}

#[derive(Debug)]
struct Host<'f> {
    instance: &'f Instance,
    /// What an hour costs with the savings plan, in 10⁻¹⁰ USD.
    rate: i64,
    runs: Vec<Run<'f>>,
}

#[derive(Debug)]
struct Run<'f> {
    task: Task<'f>,
    arn: String,
    life: Interval,
}

/// Reserved and actual of vCPU and memory in one step, in 10⁻⁸.
struct Taken<'h, 'f> {
    run: &'h Run<'f>,
    reserved: [i64; 2],
    actual: [i64; 2],
}

impl<'f> TaskShares<'f> {
    /// Nothing where it is not asked for.
    pub(super) fn new(fleet: &'f Fleet, options: &DemoOptions, meters: &[Meter]) -> Self {
        let mut hosts = Vec::new();
        if options.split_costs {
            let host = |instance: &'f Instance| {
                let covered = meters.iter().find(|meter| meter.resource == instance.id).and_then(|m| m.plan_rate);
                Host { instance, rate: covered.unwrap_or(instance.kind.rate), runs: Vec::new() }
            };
            hosts = fleet.container_instances().map(host).collect();
            let places: BTreeMap<&str, usize> =
                fleet.container_instances().enumerate().map(|(at, instance)| (instance.id.as_str(), at)).collect();
            for task in tasks_of(fleet, options) {
                let Some(started) = task.started else { continue };
                let life = Interval::new(started, task.stopped.unwrap_or(Timestamp::MAX));
                let place = places.get(task.instance.id.as_str());
                if let Some(host) = place.and_then(|at| hosts.get_mut(*at)) {
                    host.runs.push(Run { arn: task.arn(), task, life });
                }
            }
        }
        Self { hosts, seed: options.seed }
    }

    /// Writes the rows of a step: two for each task that ran in it.
    pub(super) fn step_rows(&self, write: &mut dyn FnMut(&Row<'_>) -> Result<()>, step: Interval) -> Result<()> {
        for host in &self.hosts {
            let taken = self.taken(host, step);
            if taken.is_empty() {
                continue;
            }
            let hours = i64::try_from(step.millis() / HOUR_MS.unsigned_abs()).unwrap_or(0);
            let amortized = host.split(host.rate, hours, &taken)?;
            let listed = host.split(host.instance.kind.rate, hours, &taken)?;
            for (at, taken_by) in taken.iter().enumerate() {
                let (Some(amortized), Some(listed)) = (amortized.tasks.get(at), listed.tasks.get(at)) else { continue };
                for resource in 0..2 {
                    let share = host.share(&taken, taken_by, resource, hours, (amortized, listed));
                    write(&row(host, taken_by.run, &share, resource, step))?;
                }
            }
        }
        Ok(())
    }

    /// What the tasks of a host took in a step; what they use changes from step to step, now and then over what they
    /// reserved.
    fn taken<'h>(&self, host: &'h Host<'f>, step: Interval) -> Vec<Taken<'h, 'f>> {
        let taken = host.runs.iter().enumerate().filter_map(|(at, run)| {
            let ran = i64::try_from(run.life.intersect(&step)?.millis()).unwrap_or(0);
            let service = run.task.service;
            let reserved = [service.cpu_units, service.memory_mib].map(|units| {
                let units = i128::from(units) * i128::from(ran) * i128::from(ONE);
                i64::try_from(units / i128::from(UNITS * HOUR_MS)).unwrap_or(0)
            });
            let of_step = step.start.millis().unsigned_abs() / HOUR_MS.unsigned_abs();
            let series = Random::stream(self.seed, &run.arn).next() ^ u64::try_from(at).unwrap_or(0);
            let mut random = Random::at(self.seed, series, of_step);
            let cpu_percent = if random.chance(10) { random.between(100, 160) } else { random.between(10, 95) };
            let percents = [cpu_percent, random.between(40, 95)];
            let [cpu, memory] = reserved;
            let actual = [cpu / 100 * percents[0], memory / 100 * percents[1]];
            (cpu > 0 || memory > 0).then_some(Taken { run, reserved, actual })
        });
        taken.collect()
    }
}

impl Host<'_> {
    /// vCPU-hours and GB-hours that it has in so many hours, in 10⁻⁸.
    fn capacity(&self, hours: i64) -> [i64; 2] {
        let kind = self.instance.kind;
        let gib = kind.nominal_memory.split(' ').next().and_then(|gib| gib.parse::<i64>().ok()).unwrap_or(0);
        let vcpu = kind.vcpu.parse::<i64>().unwrap_or(0);
        [vcpu * hours * ONE, gib * hours * ONE]
    }

    /// Splits what so many hours cost at a rate.
    fn split(&self, rate: i64, hours: i64, taken: &[Taken<'_, '_>]) -> Result<CostByTask> {
        let task = |taken: &Taken<'_, '_>| SplitCostTask {
            task: taken.run.arn.clone(),
            reserved: quantities(taken.reserved),
            actual: quantities(taken.actual),
        };
        split_cost(&SplitCostRequest {
            cost: Amount::from_units(i128::from(rate) * i128::from(hours * ONE)),
            capacity: quantities(self.capacity(hours)),
            tasks: taken.iter().map(task).collect(),
            weights: None,
            unused: UnusedCost::Shared,
        })
    }

    fn share<'s>(
        &'s self,
        all: &[Taken<'_, '_>],
        taken: &'s Taken<'_, '_>,
        resource: usize,
        hours: i64,
        (amortized, listed): (&TaskCost, &TaskCost),
    ) -> TaskShare<'s> {
        let of = |pair: [i64; 2]| pair.get(resource).copied().unwrap_or(0);
        let larger = |taken: &Taken<'_, '_>| of(taken.reserved).max(of(taken.actual));
        let available = of(self.capacity(hours)).max(all.iter().map(larger).sum());
        // As the file prints it: ten decimals.
        let part = i128::from(larger(taken)) * 10_000_000_000 / i128::from(available.max(1));
        TaskShare {
            instance: &self.instance.id,
            service: taken.run.task.service.group.strip_prefix("service:").unwrap_or(""),
            reserved: of(taken.reserved),
            actual: of(taken.actual),
            ratio: (hours == 1).then_some(part * 100_000_000),
            amortized: costs(amortized, resource),
            listed: costs(listed, resource),
        }
    }
}

fn quantities([vcpu, memory]: [i64; 2]) -> Quantities {
    Quantities { vcpu: Decimal::new(vcpu, 8), memory: Decimal::new(memory, 8), gpu: Decimal::ZERO }
}

fn costs(of: &TaskCost, resource: usize) -> Costs {
    let (split, unused) =
        if resource == 0 { (of.split.vcpu, of.unused.vcpu) } else { (of.split.memory, of.unused.memory) };
    Costs { split: split.units(), unused: unused.units() }
}

fn row<'r>(host: &Host<'r>, run: &'r Run<'r>, share: &'r TaskShare<'r>, resource: usize, step: Interval) -> Row<'r> {
    let text = |texts: [&'static str; 2]| texts.get(resource).copied().unwrap_or_default();
    Row {
        kind: Kind::TaskShare,
        invoice: MONTHLY_INVOICE,
        account: host.instance.account,
        product: CONTAINERS,
        usage_type: text(USAGE_TYPES),
        operation: "ECSTask-EC2",
        description: text(DESCRIPTIONS),
        start: step.start,
        end: step.end,
        quantity: share.taken(),
        resource: &run.arn,
        share: Some(share),
        ..Row::empty()
    }
}
