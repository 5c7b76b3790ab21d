//! How far a scan is, and the wish to stop it (spec 10.2).

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::error::{Error, ErrorCode, Result};

/// Shared between the scan and whoever watches it. Counters only grow; they order no other memory.
#[derive(Debug, Default)]
pub struct Progress {
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    rows: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Nothing done yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes read so far, as stored: compressed ones count as such.
    #[must_use]
    pub fn bytes_done(&self) -> u64 {
        self.bytes_done.load(Ordering::Relaxed)
    }

    /// Bytes of all inputs as stored; 0 while not known, as for streams.
    #[must_use]
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total.load(Ordering::Relaxed)
    }

    /// Data rows read so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Asks the scan to stop with `read.cancelled`.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the scan was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    #[cfg(feature = "fs")]
    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    #[cfg(feature = "fs")]
    pub(super) fn set_bytes_total(&self, bytes: u64) {
        self.bytes_total.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }
}

/// The earliest input that failed. Later inputs stop; earlier ones go on, because theirs may be the error to report.
#[derive(Debug)]
pub(super) struct FirstFailure(AtomicUsize);

impl FirstFailure {
    pub(super) const fn none() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }

    #[cfg(feature = "fs")]
    pub(super) fn note(&self, input: usize) {
        self.0.fetch_min(input, Ordering::Relaxed);
    }
}

static NONE_FAILED: FirstFailure = FirstFailure::none();

/// What the reading of one input looks at between blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch<'p> {
    pub(super) progress: &'p Progress,
    first_failure: &'p FirstFailure,
    input: usize,
}

impl<'p> Watch<'p> {
    /// For a scan of one input.
    pub(super) fn alone(progress: &'p Progress) -> Self {
        Self { progress, first_failure: &NONE_FAILED, input: 0 }
    }

    #[cfg(feature = "fs")]
    pub(super) fn new(progress: &'p Progress, first_failure: &'p FirstFailure, input: usize) -> Self {
        Self { progress, first_failure, input }
    }

    /// `read.cancelled` where the caller cancelled or an earlier input failed; the earlier failure is then reported.
    pub(super) fn check(self) -> Result<()> {
        let outrun = self.first_failure.0.load(Ordering::Relaxed) < self.input;
        if outrun || self.progress.is_cancelled() {
            return Err(Error::new(ErrorCode::ReadCancelled, "the scan was cancelled"));
        }
        Ok(())
    }
}
