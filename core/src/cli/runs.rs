//! `unblended runs`: what a store holds.

use super::Outcome;
use super::args::{Answer, Runs};
use super::output::Console;
use super::tables::table;
use crate::error::{Error, ErrorCode, Result};
use crate::facade::{RunQuery, StoreHandle};

pub(super) fn run(args: &Runs, console: &mut Console) -> Result<Outcome> {
    let store = StoreHandle::open(&args.store, false)?;
    let runs = store.runs(&RunQuery { period: args.period, ..RunQuery::default() })?;
    let mut finalized = store.finalized()?;
    finalized.retain(|version| args.period.is_none_or(|period| version.period == period));
    let text = match args.output {
        Answer::Json => to_json_line(&serde_json::json!({ "runs": runs, "finalized": finalized }))?,
        Answer::Table => {
            let rows = runs.iter().map(|run| {
                vec![
                    run.id.clone(),
                    run.period.to_string(),
                    run.basis.to_string(),
                    run.created_at.to_string(),
                    run.status.as_str().to_owned(),
                    format!("{} {}", run.totals.billed, run.currency),
                ]
            });
            let header = ["run", "period", "basis", "created", "status", "billed"];
            let versions = finalized.iter().map(|version| {
                vec![
                    version.payer.clone(),
                    version.period.to_string(),
                    version.basis.to_string(),
                    version.version.to_string(),
                    version.run_id.clone(),
                    if version.is_live { "live".to_owned() } else { String::new() },
                ]
            });
            let columns = ["payer", "period", "basis", "version", "run", ""];
            table("Runs", &header, 5, rows.collect()) + &table("Finalized", &columns, 6, versions.collect())
        }
    };
    console.print(&text)?;
    Ok(Outcome::Done)
}

/// One JSON object on one line.
pub(super) fn to_json_line(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map(|text| text + "\n")
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "a result cannot be written as JSON").with_cause(cause))
}
