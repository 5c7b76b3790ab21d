//! A whole rollup in one short program: who spent the bill, exact to the last digit.
//!
//! On the demo month:
//!
//! ```text
//! cargo run -p unblended --features cli -- demo demo
//! cd demo
//! cargo run -p unblended --example rollup -- *.csv.zip unblended.toml services.json \
//!     tasks.jsonl instances.json volumes.jsonl
//! ```
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::time::SystemTime;

use unblended::{
    Alone, Attribution, BillOptions, Encoding, EvidenceBuilder, EvidenceOptions, Input, KeepIntervals, Policy,
    Progress, ReservationBook, ScanOptions, Timestamp, attribute, scan,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bill, policy, services, events @ ..] = arguments.as_slice() else {
        return Err("usage: rollup BILL POLICY SERVICES EVENTS...".into());
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let as_of = Timestamp::from_millis(now.as_millis().try_into()?);
    let policy = Policy::from_toml(&std::fs::read_to_string(policy)?)?;

    // Who ran where, and which product area each service belongs to.
    let mut evidence = EvidenceBuilder::new();
    for path in events {
        evidence.add_path(path)?;
    }
    evidence.add_services_path(services, Encoding::Auto)?;
    let evidence = evidence.finish(&EvidenceOptions { default_cpu: policy.containers.default_cpu, as_of })?;

    // The rows become charges; of what the evidence names, the hours are kept.
    let keep_intervals = KeepIntervals::Of(evidence.resources().map(str::to_owned).collect());
    let bill_options = BillOptions { tag_keys: policy.tag_keys(), keep_intervals, ..BillOptions::default() };
    let options = ScanOptions { bill: bill_options, ..ScanOptions::default() };
    let bill = scan(vec![Input::path(bill)], &options, &Progress::new())?;

    // Every amount gets an owner, or this is an error.
    let report = attribute(&Attribution {
        bill: &bill,
        policy: &policy,
        evidence: &evidence,
        reservations: &ReservationBook::default(),
        currency: None,
        as_of,
        workers: &Alone,
    })?;
    for row in report.area_costs()? {
        let area = row.product_area.as_ref().map_or("nobody", |area| area.as_str());
        println!("{area:24} {:16} {:>28}", row.row_kind.as_str(), row.cost.to_string());
    }
    println!("{:41} {:>28} {}", "billed", report.totals.billed.to_string(), report.currency);
    Ok(())
}
