//! As many threads as the process may use, for work that is independent.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::workers::Workers;

/// A thread for each core, the one that asks among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads;

impl Workers for Threads {
    fn each(&self, pieces: usize, work: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work_on = || {
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= pieces {
                    return;
                }
                work(piece);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(pieces);
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work_on);
            }
            work_on();
        });
    }
}
