//! Reading the bill a command names, with a progress bar.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

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

    /// Whether standard input is named.
    pub(super) fn has_standard_input(&self) -> bool {
        self.bills.iter().any(|name| name == "-")
    }

    fn streams(&self) -> Vec<Input> {
        let standard_input = || Input::stream("standard input", io::stdin());
        self.has_standard_input().then(standard_input).into_iter().collect()
    }
}

/// What is asked of the bill's files. `ask` says what to keep of the rows.
pub(super) fn request(args: &BillArgs, ask: impl FnOnce(&mut ScanRequest)) -> ScanRequest {
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
    request
}

/// Scans the bill, showing progress on standard error where that is a terminal, and then how fast it was. `ask` says
/// what to keep of the rows.
pub(super) fn scan_bill(args: &BillArgs, ask: impl FnOnce(&mut ScanRequest), console: &mut Console) -> Result<Bill> {
    let request = request(args, ask);
    let progress = Progress::default();
    if args.no_progress {
        return scan(&request, args.streams(), &progress);
    }
    let started = Instant::now();
    let bill = if console.shows_progress() {
        scan_with_bar(&request, args.streams(), &progress)?
    } else {
        scan(&request, args.streams(), &progress)?
    };
    console.show(&speed(progress.rows(), progress.bytes_done(), started.elapsed()));
    Ok(bill)
}

fn scan_with_bar(request: &ScanRequest, streams: Vec<Input>, progress: &Progress) -> Result<Bill> {
    thread::scope(|scope| {
        let scanning = scope.spawn(|| scan(request, streams, progress));
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

/// What was read and how fast; bytes are those stored, so that compressed ones count as such.
fn speed(rows: u64, bytes: u64, took: Duration) -> String {
    let a_second = |count: u64| u128::from(count) * 1_000_000 / took.as_micros().max(1);
    let (seconds, millis) = (took.as_secs(), took.subsec_millis());
    let (rows_a_second, bytes_a_second) = (a_second(rows), a_second(bytes));
    format!(
        "scanned {rows} rows, {bytes} bytes in {seconds}.{millis:03} s: {rows_a_second} rows/s, {bytes_a_second} bytes/s\n"
    )
}

/// The instant a status is judged at: as asked, else now.
pub(super) fn as_of(args: &BillArgs) -> Timestamp {
    args.as_of.unwrap_or_else(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_exact_to_a_row_and_a_byte_a_second() {
        let said = speed(3_000_000, 1_420_000_000, Duration::from_millis(1500));
        assert_eq!(said, "scanned 3000000 rows, 1420000000 bytes in 1.500 s: 2000000 rows/s, 946666666 bytes/s\n");
        assert_eq!(speed(0, 0, Duration::ZERO), "scanned 0 rows, 0 bytes in 0.000 s: 0 rows/s, 0 bytes/s\n");
    }
}
