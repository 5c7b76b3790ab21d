//! Writes a demo month of any size, with as many instances as wanted: what docs/performance.md measures on.
//!
//! ```text
//! cargo run --release -p unblended --features cli --example large_month -- DIR ROWS INSTANCES
//! ```

use std::path::Path;

use unblended::{DemoOptions, demo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, rows, instances] = arguments.as_slice() else {
        return Err("usage: large_month DIR ROWS INSTANCES".into());
    };
    let period = "2016-06".parse()?;
    let options = DemoOptions { rows: rows.parse()?, instances: instances.parse()?, ..DemoOptions::new(period) };
    demo(Path::new(dir), &options)?;
    Ok(())
}
