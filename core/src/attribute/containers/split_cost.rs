//! AWS's split cost of one instance on its own, as a model to reuse (AWS: "Understanding split cost allocation data").
//!
//! Invariants:
//! - the parts and what is kept sum to the cost, exactly;
//! - every step is a `split` (spec 1.4), in this order: resources, then unused against allocated, then tasks.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::rules::weights;
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::split::split;

/// Amounts of each resource, in any unit of time: vCPU and GiB, or vCPU-hours and GiB-hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Quantities {
    /// vCPUs.
    #[cfg_attr(feature = "facade", schemars(with = "crate::policy::DecimalText"))]
    pub vcpu: Decimal,
    /// GiB of memory.
    #[cfg_attr(feature = "facade", schemars(with = "crate::policy::DecimalText"))]
    pub memory: Decimal,
    /// Accelerators.
    #[cfg_attr(feature = "facade", schemars(with = "crate::policy::DecimalText"))]
    pub gpu: Decimal,
}

impl Quantities {
    fn list(self) -> [Decimal; 3] {
        [self.vcpu, self.memory, self.gpu]
    }
}

/// What a task reserved and what it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitCostTask {
    /// Its name; no two have the same.
    pub task: String,
    /// What it reserved.
    #[serde(default)]
    pub reserved: Quantities,
    /// What it used; of each resource the larger of the two counts.
    #[serde(default)]
    pub actual: Quantities,
}

/// What becomes of what no task took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnusedCost {
    /// Tasks pay for it in proportion to what they took of the resource, as AWS has it.
    #[default]
    Shared,
    /// It stays apart.
    Kept,
}

/// The cost of an instance, its capacity and the tasks on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitCostRequest {
    /// The cost.
    pub cost: Amount,
    /// What the instance has.
    pub capacity: Quantities,
    /// The tasks.
    pub tasks: Vec<SplitCostTask>,
    /// Relative cost of a unit of each resource; `null` is AWS's: a vCPU 9, a GiB 1, or with accelerators 9 each, a
    /// vCPU 0.9, a GiB 0.1.
    #[serde(default)]
    pub weights: Option<Quantities>,
    /// What becomes of what no task took.
    #[serde(default)]
    pub unused: UnusedCost,
}

/// Costs of each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ResourceCosts {
    /// Of vCPUs.
    pub vcpu: Amount,
    /// Of memory.
    pub memory: Amount,
    /// Of accelerators.
    pub gpu: Amount,
}

impl ResourceCosts {
    fn of([vcpu, memory, gpu]: [Amount; 3]) -> Self {
        Self { vcpu, memory, gpu }
    }

    fn sum(&self) -> Result<Amount> {
        Amount::sum([self.vcpu, self.memory, self.gpu])
    }
}

/// What one task costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct TaskCost {
    /// Its name.
    pub task: String,
    /// For what it took.
    pub split: ResourceCosts,
    /// For what nobody took.
    pub unused: ResourceCosts,
    /// Sum of both.
    pub total: Amount,
}

/// The cost of an instance by task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct CostByTask {
    /// In the order of the request.
    pub tasks: Vec<TaskCost>,
    /// What stays apart: all that no task took, or of each resource that none took anything of.
    pub unused: ResourceCosts,
}

/// Splits the cost of an instance over its tasks as AWS's split cost allocation data does.
///
/// # Errors
/// `config.bad_value` where a quantity is negative or too precise, a name occurs twice or no resource has a weight;
/// `money.overflow` where weights leave the range.
///
/// ```
/// use unblended::{SplitCostRequest, split_cost};
/// let request: SplitCostRequest = serde_json::from_str(
///     r#"{"cost": "1.8", "capacity": {"vcpu": 36, "memory": 60}, "unused": "kept",
///         "tasks": [{"task": "web", "reserved": {"vcpu": 1, "memory": 2}}]}"#,
/// )?;
/// let costs = split_cost(&request)?;
/// assert_eq!(costs.tasks[0].total.to_string(), "0.0515625");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split_cost(request: &SplitCostRequest) -> Result<CostByTask> {
    check(request)?;
    let pools = pools(request)?;
    let mut kept = [Amount::ZERO; 3];
    let none = || vec![[Amount::ZERO; 3]; request.tasks.len()];
    let (mut splits, mut shares) = (none(), none());
    for (at, (pool, (kept, available))) in
        pools.into_iter().zip(kept.iter_mut().zip(request.capacity.list())).enumerate()
    {
        let taken = |task: &SplitCostTask| {
            let of = |quantities: Quantities| quantities.list().get(at).copied().unwrap_or_default();
            of(task.reserved).max(of(task.actual))
        };
        let tasks: Vec<(&str, Decimal)> = request.tasks.iter().map(|task| (task.task.as_str(), taken(task))).collect();
        let (unused, allocated) = parts_of(pool, available, &tasks)?;
        let give = |to: &mut Vec<[Amount; 3]>, amount: Amount| -> Result<bool> {
            let Some(parts) = over(amount, &tasks)? else { return Ok(false) };
            for (costs, part) in to.iter_mut().zip(parts) {
                if let Some(cost) = costs.get_mut(at) {
                    *cost = part;
                }
            }
            Ok(true)
        };
        give(&mut splits, allocated)?;
        if request.unused == UnusedCost::Kept || !give(&mut shares, unused)? {
            *kept = unused;
        }
    }
    let task_cost = |((task, split), unused): ((&SplitCostTask, [Amount; 3]), [Amount; 3])| {
        let (split, unused) = (ResourceCosts::of(split), ResourceCosts::of(unused));
        let total = split.sum()?.checked_add(unused.sum()?)?;
        Ok(TaskCost { task: task.task.clone(), split, unused, total })
    };
    let tasks = request.tasks.iter().zip(splits).zip(shares).map(task_cost).collect::<Result<_>>()?;
    Ok(CostByTask { tasks, unused: ResourceCosts::of(kept) })
}

fn check(request: &SplitCostRequest) -> Result<()> {
    let mut names = BTreeSet::new();
    if let Some(twice) = request.tasks.iter().find(|task| !names.insert(&task.task)) {
        return Err(bad_value(format!("two tasks have the name `{}`", twice.task)));
    }
    let of_tasks = request.tasks.iter().flat_map(|task| [task.reserved, task.actual]);
    let mut all = of_tasks.chain([request.capacity]).chain(request.weights).flat_map(Quantities::list);
    match all.find(|quantity| quantity.is_sign_negative() && !quantity.is_zero()) {
        Some(negative) => Err(bad_value(format!("`{negative}` is negative"))),
        None => Ok(()),
    }
}

/// The cost of each resource: vCPUs, memory, accelerators.
fn pools(request: &SplitCostRequest) -> Result<[Amount; 3]> {
    let has_gpu = !request.capacity.gpu.is_zero();
    let [nine, tenth] = [Decimal::from(9), Decimal::new(1, 1)];
    let of_aws = if has_gpu {
        Quantities { vcpu: nine * tenth, memory: tenth, gpu: nine }
    } else {
        Quantities { vcpu: nine, memory: Decimal::ONE, gpu: Decimal::ZERO }
    };
    let unit = weights(&(0..).zip(request.weights.unwrap_or(of_aws).list()).collect())?;
    let capacity = weights(&(0..).zip(request.capacity.list()).collect())?;
    let weigh = |((at, unit), (_, capacity)): (&(u8, u128), &(u8, u128))| {
        let weight = unit.checked_mul(*capacity);
        weight.map(|weight| (*at, weight)).ok_or_else(|| {
            Error::new(ErrorCode::MoneyOverflow, "capacity times weights leaves the range of exact weights")
        })
    };
    let weights: Vec<(u8, u128)> = unit.iter().zip(&capacity).map(weigh).collect::<Result<_>>()?;
    let parts = split(request.cost, &weights)?.and_then(|parts| parts.first_chunk().copied());
    parts.ok_or_else(|| bad_value("no resource of the instance has a weight".to_owned()))
}

/// What nobody took of a resource, and what tasks did.
fn parts_of(pool: Amount, available: Decimal, tasks: &[(&str, Decimal)]) -> Result<(Amount, Amount)> {
    let sum = tasks.iter().try_fold(Decimal::ZERO, |sum, (_, taken)| sum.checked_add(*taken));
    let allocated = sum.ok_or_else(|| bad_value("the quantities of the tasks are too large".to_owned()))?;
    let unused = (available - allocated).max(Decimal::ZERO);
    let parts = split(pool, &weights(&[(false, unused), (true, allocated)].into())?)?;
    // A resource that the instance lacks costs nothing.
    Ok(parts.and_then(|parts| Some((*parts.first()?, *parts.get(1)?))).unwrap_or((pool, Amount::ZERO)))
}

/// An amount over the tasks by what they took, in their order; `None` where they took nothing.
fn over(amount: Amount, tasks: &[(&str, Decimal)]) -> Result<Option<Vec<Amount>>> {
    let weights = weights(&tasks.iter().copied().collect())?;
    let Some(parts) = split(amount, &weights)? else { return Ok(None) };
    let part_of = |name: &str| weights.binary_search_by_key(&name, |(key, _)| key).ok().and_then(|at| parts.get(at));
    Ok(Some(tasks.iter().map(|(name, _)| part_of(name).copied().unwrap_or_default()).collect()))
}

fn bad_value(message: String) -> Error {
    Error::new(ErrorCode::ConfigBadValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(tasks: &str) -> SplitCostRequest {
        let text = format!(r#"{{"cost": "1", "capacity": {{"vcpu": "4", "memory": 16}}, "tasks": {tasks}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn names_that_repeat_negative_quantities_and_an_empty_instance_are_refused() {
        let twice = request(r#"[{"task": "a"}, {"task": "a"}]"#);
        let negative = request(r#"[{"task": "a", "actual": {"vcpu": "-1"}}]"#);
        let empty = SplitCostRequest { capacity: Quantities::default(), ..request("[]") };
        for wrong in [twice, negative, empty] {
            assert_eq!(split_cost(&wrong).unwrap_err().code(), ErrorCode::ConfigBadValue);
        }
    }

    #[test]
    fn what_no_task_took_of_a_resource_stays_apart() {
        let costs = split_cost(&request(r#"[{"task": "a", "reserved": {"vcpu": 1}}]"#)).unwrap();
        assert_eq!(costs.tasks[0].total, costs.tasks[0].split.vcpu.checked_add(costs.tasks[0].unused.vcpu).unwrap());
        assert_eq!(costs.unused.memory.to_string(), "0.307692307692307692");
        assert!(costs.unused.vcpu.is_zero());
        assert_eq!(split_cost(&request("[]")).unwrap().unused.sum().unwrap().to_string(), "1");
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_cost(
            cost in -1_000_000_000_000_000_000_000i128..1_000_000_000_000_000_000_000,
            tasks in prop::collection::vec((0i64..5000, 0i64..5000, 0i64..5000), 0..6),
            capacity in (1i64..9000, 0i64..9000, 0i64..3),
            is_kept: bool,
        ) {
            let thousandth = |value: i64| Decimal::new(value, 3);
            let task = |(at, (vcpu, memory, gpu)): (usize, &(i64, i64, i64))| SplitCostTask {
                task: at.to_string(),
                reserved: Quantities { vcpu: thousandth(*vcpu), memory: thousandth(*memory), gpu: Decimal::ZERO },
                actual: Quantities { vcpu: thousandth(*memory), memory: Decimal::ZERO, gpu: thousandth(*gpu) },
            };
            let request = SplitCostRequest {
                cost: Amount::from_units(cost),
                capacity: Quantities { vcpu: capacity.0.into(), memory: thousandth(capacity.1), gpu: capacity.2.into() },
                tasks: tasks.iter().enumerate().map(task).collect(),
                weights: None,
                unused: if is_kept { UnusedCost::Kept } else { UnusedCost::Shared },
            };
            let costs = split_cost(&request).unwrap();
            let parts = costs.tasks.iter().map(|task| task.total).chain([costs.unused.sum().unwrap()]);
            prop_assert_eq!(Amount::sum(parts).unwrap(), request.cost);
        }
    }
}
