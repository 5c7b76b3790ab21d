//! AWS's split cost of one instance on its own, as a model to reuse (AWS: "Understanding split cost allocation data").
//!
//! Invariants:
//! - the parts and what is kept sum to the cost, exactly;
//! - a task's total is the exact rational, rounded once by the rule of `split` (spec 1.4) over all tasks and what is kept;
//!   each of its parts is the exact rational rounded down or up, such that they sum to the total (R93).

use std::collections::BTreeSet;

use num_bigint::BigUint;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::split::{Group, split_groups};

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

/// vCPU, memory, accelerators.
const RESOURCES: usize = 3;

impl Quantities {
    fn list(self) -> [Decimal; RESOURCES] {
        [self.vcpu, self.memory, self.gpu]
    }

    fn get(self, at: usize) -> Decimal {
        self.list().get(at).copied().unwrap_or_default()
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

impl SplitCostRequest {
    /// Relative cost of a unit of each resource.
    fn units(&self) -> Quantities {
        let [nine, tenth] = [Decimal::from(9), Decimal::new(1, 1)];
        let of_aws = if self.capacity.gpu.is_zero() {
            Quantities { vcpu: nine, memory: Decimal::ONE, gpu: Decimal::ZERO }
        } else {
            Quantities { vcpu: nine * tenth, memory: tenth, gpu: nine }
        };
        self.weights.unwrap_or(of_aws)
    }
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
    fn of(costs: &[Amount]) -> Self {
        let of = |at: usize| costs.get(at).copied().unwrap_or_default();
        Self { vcpu: of(0), memory: of(1), gpu: of(2) }
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
/// `config.bad_value` where a quantity is negative, a name occurs twice or no resource has a weight; `money.overflow` where
/// the cost leaves the range.
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
    let mut tasks: Vec<(usize, &SplitCostTask)> = request.tasks.iter().enumerate().collect();
    tasks.sort_by(|a, b| a.1.task.cmp(&b.1.task));
    let groups = weights(request, tasks.iter().map(|(_, task)| *task));
    let Some(parts) = split_groups(request.cost, &groups)? else {
        return Err(bad_value("no resource of the instance has a weight".to_owned()));
    };
    let (kept, parts) = match parts.split_first() {
        Some(((_, kept), parts)) => (ResourceCosts::of(kept), parts),
        None => (ResourceCosts::default(), parts.as_slice()),
    };
    let cost = |((at, task), (total, parts)): ((usize, &SplitCostTask), &Group)| {
        let (split, unused) = parts.split_at(parts.len().min(RESOURCES));
        let (split, unused) = (ResourceCosts::of(split), ResourceCosts::of(unused));
        (at, TaskCost { task: task.task.clone(), split, unused, total: *total })
    };
    let mut costs: Vec<(usize, TaskCost)> = tasks.into_iter().zip(parts).map(cost).collect();
    costs.sort_by_key(|(at, _)| *at);
    Ok(CostByTask { tasks: costs.into_iter().map(|(_, cost)| cost).collect(), unused: kept })
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

/// The exact shares of the cost over one denominator: of each resource what is kept, then for each task what it took of
/// each, and of each what it is given of the unused.
fn weights<'r>(
    request: &SplitCostRequest,
    tasks: impl Iterator<Item = &'r SplitCostTask> + Clone,
) -> Vec<Vec<BigUint>> {
    let resources: Vec<Resource> = (0..RESOURCES).map(|at| Resource::of(request, at, tasks.clone())).collect();
    // A resource's shares are over its own divisor, so each is multiplied by the divisors of the others.
    let others = |at: usize| -> BigUint {
        let others = resources.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, resource)| &resource.available * &resource.taken).product()
    };
    let scales: Vec<BigUint> = resources.iter().enumerate().map(|(at, one)| &one.weight * others(at)).collect();
    let over_all = |of: &dyn Fn(&Resource) -> BigUint| -> Vec<BigUint> {
        resources.iter().zip(&scales).map(|(resource, scale)| of(resource) * scale).collect()
    };
    let mut groups = vec![over_all(&|resource| &resource.kept * &resource.taken)];
    for task in tasks {
        let took = |resource: &Resource| exact(taken(task, resource.at));
        let mut parts = over_all(&|resource| took(resource) * &resource.taken);
        parts.extend(over_all(&|resource| took(resource) * &resource.shared));
        groups.push(parts);
    }
    groups
}

/// How one resource is split; quantities are whole numbers of [`exact`].
struct Resource {
    at: usize,
    /// Of the resource among all: its unit's weight times the capacity.
    weight: BigUint,
    /// What tasks took, or 1 where they took nothing.
    taken: BigUint,
    /// The capacity, or what tasks took where that is more; 1 where there is neither.
    available: BigUint,
    /// What no task took, and stays apart.
    kept: BigUint,
    /// What no task took, and tasks pay for.
    shared: BigUint,
}

impl Resource {
    fn of<'r>(request: &SplitCostRequest, at: usize, tasks: impl Iterator<Item = &'r SplitCostTask>) -> Self {
        let capacity = exact(request.capacity.get(at));
        let sum: BigUint = tasks.map(|task| exact(taken(task, at))).sum();
        let unused = if capacity > sum { &capacity - &sum } else { BigUint::ZERO };
        let is_kept = request.unused == UnusedCost::Kept || sum == BigUint::ZERO;
        let one = || BigUint::from(1u8);
        Self {
            at,
            weight: exact(request.units().get(at)) * &capacity,
            available: capacity.max(sum.clone()).max(one()),
            taken: sum.max(one()),
            kept: if is_kept { unused.clone() } else { BigUint::ZERO },
            shared: if is_kept { BigUint::ZERO } else { unused },
        }
    }
}

/// What a task took of a resource.
fn taken(task: &SplitCostTask, at: usize) -> Decimal {
    task.reserved.get(at).max(task.actual.get(at))
}

/// A decimal that is not negative, in units of 10⁻²⁸.
fn exact(decimal: Decimal) -> BigUint {
    let missing = Decimal::MAX_SCALE.saturating_sub(decimal.scale());
    BigUint::from(decimal.mantissa().unsigned_abs()) * BigUint::from(10u8).pow(missing)
}

fn bad_value(message: String) -> Error {
    Error::new(ErrorCode::ConfigBadValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(costs: &ResourceCosts) -> Amount {
        Amount::sum([costs.vcpu, costs.memory, costs.gpu]).unwrap()
    }

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
        assert_eq!(sum(&split_cost(&request("[]")).unwrap().unused).to_string(), "1");
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
            let parts = costs.tasks.iter().map(|task| task.total).chain([sum(&costs.unused)]);
            prop_assert_eq!(Amount::sum(parts).unwrap(), request.cost);
            for task in &costs.tasks {
                prop_assert_eq!(sum(&task.split).checked_add(sum(&task.unused)).unwrap(), task.total);
            }
        }
    }
}
