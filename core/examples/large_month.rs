//! Writes a demo month of any size, with as many instances as wanted: what docs/performance.md measures on. Beside the
//! events of its tasks there is `tasks.csv`, the normalized table of their runs.
//!
//! ```text
//! cargo run --release -p unblended --features cli --example large_month -- DIR ROWS INSTANCES [TASK_RUNS]
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use unblended::{DemoFiles, DemoOptions, EvidenceBuilder, EvidenceOptions, Timestamp, demo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, rows, instances, runs @ ..] = arguments.as_slice() else {
        return Err("usage: large_month DIR ROWS INSTANCES [TASK_RUNS]".into());
    };
    let task_runs = runs.first().map(|runs| runs.parse()).transpose()?;
    let (rows, instances, period) = (rows.parse()?, instances.parse()?, "2016-06".parse()?);
    let options = DemoOptions { rows, instances, task_runs, ..DemoOptions::new(period) };
    let files = demo(Path::new(dir), &options)?;
    write_table(&files, &Path::new(dir).join("tasks.csv"))
}

/// Writes the runs that the events tell of.
fn write_table(files: &DemoFiles, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut events = EvidenceBuilder::new();
    for path in [&files.tasks, &files.instances] {
        events.add_path(&path.to_string_lossy())?;
    }
    let evidence = events.finish(&EvidenceOptions { default_cpu: 128, as_of: files.as_of })?;
    let mut table = BufWriter::new(File::create(path)?);
    writeln!(table, "task,cluster,service,instance,cpu,memory,started,stopped")?;
    for run in evidence.tasks.iter() {
        let instance = run.instance.as_ref().map_or("", |instance| instance.as_str());
        let stopped = Some(run.interval.end).filter(|end| *end != Timestamp::MAX).map(|end| end.to_string());
        let (task, cluster, service, cpu, memory) = (run.task, &run.cluster, &run.service, run.cpu, run.memory);
        let (started, stopped) = (run.interval.start, stopped.unwrap_or_default());
        writeln!(table, "{task},{cluster},{service},{instance},{cpu},{memory},{started},{stopped}")?;
    }
    Ok(table.flush()?)
}
