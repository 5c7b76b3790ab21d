//! The exact unblended cost by month, usage account, product and tag, as CSV: what other engines need a query for.
//!
//! ```text
//! cargo run --release -p unblended --features parquet --example sums -- product_area BILL...
//! ```
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::collections::BTreeMap;

use unblended::{Amount, BillOptions, Progress, ScanOptions, find_inputs, scan};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tag_key, bills @ ..] = arguments.as_slice() else {
        return Err("usage: sums TAG BILL...".into());
    };
    let bill = BillOptions { tag_keys: vec![tag_key.clone()], ..BillOptions::default() };
    let options = ScanOptions { bill, ..ScanOptions::default() };
    let bill = scan(find_inputs(bills)?, &options, &Progress::new())?;

    let mut sums: BTreeMap<_, Amount> = BTreeMap::new();
    for charge in bill.charges() {
        let key = charge.key();
        let sum = sums.entry((key.usage_account(), key.product(), key.tag(0).unwrap_or_default())).or_default();
        *sum = sum.checked_add(charge.amount())?;
    }
    let month = bill.period().map(|period| period.to_string()).unwrap_or_default();
    let mut table = csv::Writer::from_writer(std::io::stdout());
    table.write_record(["month", "account", "product", "tag", "cost"])?;
    for ((account, product, tag), cost) in sums {
        table.write_record([&month, account, product, tag, &cost.to_string()])?;
    }
    table.flush()?;
    eprintln!("{} rows, {} charges", bill.rows(), bill.charges().len());
    Ok(())
}
