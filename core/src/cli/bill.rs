//! Reading the bill a command names, with a progress bar.

use std::io;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::BillArgs;
use super::output::Console;
use crate::bill::Bill;
use crate::error::Result;
use crate::facade::{Input, ScanRequest, now, scan};
use crate::read::Progress;
use crate::time::Timestamp;

impl BillArgs {
    /// The files that are named; `-` is standard input.
    pub(super) fn paths(&self) -> Vec<String> {
        self.bills.iter().filter(|name| *name != "-").cloned().collect()
    }

    fn streams(&self) -> Vec<Input> {
        let has_standard_input = self.bills.iter().any(|name| name == "-");
        let standard_input = || Input::stream("standard input", io::stdin());
        has_standard_input.then(standard_input).into_iter().collect()
    }
}

/// Scans the bill, showing progress on standard error where that is a terminal. `ask` says what to keep of the rows.
pub(super) fn scan_bill(args: &BillArgs, ask: impl FnOnce(&mut ScanRequest), console: &Console) -> Result<Bill> {
    let mut request = ScanRequest {
        paths: args.paths(),
        format: args.format,
        period: args.period,
        currency: args.bill_currency,
        max_bad_rows: args.max_bad_rows,
        allow_duplicates: args.allow_duplicates,
        threads: args.threads.unwrap_or(0),
        ..ScanRequest::default()
    };
    ask(&mut request);
    let progress = Progress::default();
    if args.no_progress || !console.shows_progress() {
        return scan(&request, args.streams(), &progress);
    }
    thread::scope(|scope| {
        let scanning = scope.spawn(|| scan(&request, args.streams(), &progress));
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
