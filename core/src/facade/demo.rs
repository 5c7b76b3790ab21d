//! The demo month as it is asked for across a border.

use std::path::Path;

use serde::Deserialize;

use crate::demo::{DemoDialect, DemoFiles, DemoOptions, demo};
use crate::error::Result;
use crate::time::BillingPeriod;

/// Which month; what is left out is as in [`DemoOptions::new`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoRequest {
    /// Month of the bill.
    pub period: BillingPeriod,
    /// Chooses ids, tags, tasks and quantities.
    pub seed: Option<u64>,
    /// Line items of the bill.
    pub rows: Option<u64>,
    /// EC2 instances with evidence.
    pub instances: Option<u32>,
    /// Product areas.
    pub areas: Option<Vec<String>>,
    /// Formats of the bill by name, or `all`.
    pub dialects: Option<Vec<String>>,
    /// Whether a savings plan covers instances.
    pub savings_plan: Option<bool>,
    /// Whether Cost and Usage Reports have split cost allocation data.
    pub split_costs: Option<bool>,
}

/// Writes a demo month into a directory.
///
/// # Errors
/// As [`demo`].
pub fn write_demo(dir: &Path, request: &DemoRequest) -> Result<DemoFiles> {
    let usual = DemoOptions::new(request.period);
    let options = DemoOptions {
        period: request.period,
        seed: request.seed.unwrap_or(usual.seed),
        rows: request.rows.unwrap_or(usual.rows),
        instances: request.instances.unwrap_or(usual.instances),
        task_runs: usual.task_runs,
        areas: request.areas.clone().unwrap_or(usual.areas),
        dialects: request.dialects.clone().map_or(Ok(usual.dialects), DemoDialect::named)?,
        savings_plan: request.savings_plan.unwrap_or(usual.savings_plan),
        split_costs: request.split_costs.unwrap_or(usual.split_costs),
    };
    demo(dir, &options)
}
