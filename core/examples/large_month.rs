//! Writes a demo month of any size, with as many instances as wanted: what docs/performance.md measures on.
//!
//! ```text
//! cargo run --release -p unblended --features cli --example large_month -- DIR ROWS INSTANCES [TASK_RUNS]
//! ```

use std::path::Path;

use unblended::{DemoOptions, demo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, rows, instances, runs @ ..] = arguments.as_slice() else {
        return Err("usage: large_month DIR ROWS INSTANCES [TASK_RUNS]".into());
    };
    let task_runs = runs.first().map(|runs| runs.parse()).transpose()?;
    let (rows, instances, period) = (rows.parse()?, instances.parse()?, "2016-06".parse()?);
    let options = DemoOptions { rows, instances, task_runs, ..DemoOptions::new(period) };
    demo(Path::new(dir), &options)?;
    Ok(())
}
