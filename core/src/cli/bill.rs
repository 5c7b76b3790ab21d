//! Reading the bill a command names, with a progress bar.

use std::io;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::BillArgs;
use super::output::Console;
use crate::bill::{Bill, BillOptions, KeepIntervals};
use crate::classify::CostBasis;
use crate::error::Result;
use crate::read::{Input, Progress, ScanOptions, find_inputs, scan};
use crate::time::Timestamp;

/// What a command wants kept of the rows.
pub(super) struct Wanted {
    pub(super) basis: CostBasis,
    pub(super) tag_keys: Vec<String>,
    pub(super) tags_case_insensitive: bool,
    /// Whether nobody asked for the tag keys by name.
    pub(super) default_tag_keys: bool,
    pub(super) keep_intervals: KeepIntervals,
}

/// The files a command names.
pub(super) fn paths(args: &BillArgs) -> Result<Vec<Input>> {
    let paths: Vec<String> = args.bills.iter().filter(|name| *name != "-").cloned().collect();
    if paths.is_empty() { Ok(Vec::new()) } else { find_inputs(&paths) }
}

/// The inputs a command names; `-` is standard input.
fn inputs(args: &BillArgs) -> Result<Vec<Input>> {
    let mut inputs = paths(args)?;
    if args.bills.iter().any(|name| name == "-") {
        inputs.push(Input::stream("standard input", io::stdin()));
    }
    Ok(inputs)
}

/// Scans the bill, showing progress on standard error where that is a terminal.
pub(super) fn scan_bill(args: &BillArgs, wanted: Wanted, console: &Console) -> Result<Bill> {
    let options = ScanOptions {
        bill: BillOptions {
            basis: wanted.basis,
            currency: args.bill_currency,
            tag_keys: wanted.tag_keys,
            keep_intervals: wanted.keep_intervals,
        },
        period: args.period,
        max_bad_rows: args.max_bad_rows,
        allow_duplicates: args.allow_duplicates,
        threads: args.threads.unwrap_or(0),
        tags_case_insensitive: wanted.tags_case_insensitive,
        default_tag_keys: wanted.default_tag_keys,
    };
    let progress = Progress::default();
    let inputs = inputs(args)?;
    if args.no_progress || !console.shows_progress() {
        return scan(inputs, &options, &progress);
    }
    thread::scope(|scope| {
        let scanning = scope.spawn(|| scan(inputs, &options, &progress));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}") {
            bar.set_style(style);
        }
        while !scanning.is_finished() {
            bar.set_length(progress.bytes_total());
            bar.set_position(progress.bytes_done());
            bar.set_message(format!("{} rows", progress.rows()));
            thread::sleep(Duration::from_millis(100));
        }
        bar.finish_and_clear();
        scanning.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The instant a status is judged at: as asked, else now.
pub(super) fn as_of(args: &BillArgs) -> Timestamp {
    args.as_of.unwrap_or_else(now)
}

/// The clock.
pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}
