//! CPU-second allocation of one cost on its own, as a model to reuse (spec 5.4).
//!
//! Invariant: the parts sum to the cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::money::Amount;
use crate::quantity::CpuTime;
use crate::split::split;
use crate::time::{Interval, Timestamp};

/// One run of a service on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AllocationRow {
    /// Service, or any other key of the split.
    pub service: String,
    /// CPU units reserved (1024 = 1 vCPU).
    pub cpu: u64,
    /// When it started.
    pub started: Timestamp,
    /// When it stopped; `null` while it runs.
    #[serde(default)]
    pub stopped: Option<Timestamp>,
}

/// A cost of one instance in one interval, and what ran on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AllocationRequest {
    /// The cost.
    pub cost: Amount,
    /// Start of the usage interval.
    pub start: Timestamp,
    /// End of the usage interval.
    pub end: Timestamp,
    /// The runs.
    pub runs: Vec<AllocationRow>,
    /// CPU units of the instance: what no run reserved is then idle, with the key `""`; `null` spreads the whole cost.
    #[serde(default)]
    pub capacity: Option<u64>,
}

/// Splits a cost over services by CPU-seconds (spec 5.4); `None` where nothing ran and no capacity is given.
///
/// # Errors
/// `money.overflow` where weights leave the range.
pub fn allocate_cpu(request: &AllocationRequest) -> Result<Option<Vec<(String, Amount)>>> {
    let window = Interval::new(request.start, request.end);
    let mut weights: BTreeMap<&str, u128> = BTreeMap::new();
    for run in &request.runs {
        let ran = Interval::new(run.started, run.stopped.unwrap_or(Timestamp::MAX));
        if let Some(overlap) = ran.intersect(&window) {
            *weights.entry(&run.service).or_default() += CpuTime::new(run.cpu, overlap.millis()).0;
        }
    }
    if let Some(capacity) = request.capacity {
        let used: u128 = weights.values().sum();
        *weights.entry("").or_default() += CpuTime::new(capacity, window.millis()).0.saturating_sub(used);
    }
    let weights: Vec<(&str, u128)> = weights.into_iter().filter(|(_, weight)| *weight > 0).collect();
    let parts = split(request.cost, &weights)?;
    Ok(parts.map(|parts| weights.iter().map(|(key, _)| (*key).to_owned()).zip(parts).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_allocated_by_cpu_seconds_with_idle_under_the_empty_key() {
        // 15 of 60 minutes with 4096 of 36864 units: 1.80 × 4096/36864 / 4 = .05 (domain 4.6).
        let request: AllocationRequest = serde_json::from_str(
            r#"{"cost": "1.8", "start": "2016-06-01T00:00:00Z", "end": "2016-06-01T01:00:00Z", "capacity": 36864,
                "runs": [{"service": "web", "cpu": 4096, "started": "2016-05-31T00:00:00Z", "stopped": "2016-06-01T00:15:00Z"}]}"#,
        )
        .unwrap();
        let parts = allocate_cpu(&request).unwrap().unwrap();
        let parts: Vec<_> = parts.into_iter().map(|(key, part)| (key, part.to_string())).collect();
        assert_eq!(parts, [(String::new(), "1.75".into()), ("web".into(), "0.05".into())]);
        let nothing = AllocationRequest { runs: vec![], capacity: None, ..request };
        assert_eq!(allocate_cpu(&nothing).unwrap(), None);
    }
}
