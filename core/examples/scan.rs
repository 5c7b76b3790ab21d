//! Scans a bill and says how many charges and usage intervals it keeps: what the memory of a scan depends on.
//!
//! ```text
//! cargo run --release -p unblended --example scan -- all BILL...
//! ```
//!
//! The first word says whose usage intervals are kept: `none`, or `all` instances', volumes' and tasks'.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use unblended::{BillOptions, Charge, KeepIntervals, Progress, ScanOptions, UsageSlices, find_inputs, scan};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let keep_intervals = match arguments.first().map(String::as_str) {
        Some("none") => KeepIntervals::None,
        Some("all") => KeepIntervals::All,
        _ => return Err("usage: scan none|all BILL...".into()),
    };
    let bill = BillOptions { tag_keys: vec!["product_area".into()], keep_intervals, ..BillOptions::default() };
    let options = ScanOptions { bill, default_tag_keys: true, ..ScanOptions::default() };
    let bill = scan(find_inputs(arguments.get(1..).unwrap_or_default())?, &options, &Progress::new())?;
    let intervals: usize = bill.charges().iter().map(Charge::slices).map(UsageSlices::len).sum();
    println!("{} rows, {} charges, {intervals} usage intervals", bill.rows(), bill.charges().len());
    Ok(())
}
