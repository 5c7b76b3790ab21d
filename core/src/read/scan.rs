//! Many inputs on several threads (spec 2.2, 10.2).

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::bill::Bill;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::ScanOptions;
use crate::read::blocks::{Blocks, FromReader};
use crate::read::collect::{Collector, Purpose, bills, only_bill};
#[cfg(feature = "parquet")]
use crate::read::columnar::parquet::ParquetPart;
#[cfg(feature = "batches")]
use crate::read::columnar::read_batches;
use crate::read::csv::chunks::{Chunks, Part};
use crate::read::csv::read_csv;
use crate::read::progress::{FirstFailure, Progress, Watch};
#[cfg(feature = "parquet")]
use crate::read::source::archive::parquet_parts;
use crate::read::source::archive::{Counted, CsvBytes, TableContent, is_plain, visit_tables};
use crate::read::source::deliveries::refuse_two_deliveries;
use crate::read::source::input::{Input, Source};
use crate::read::source::name::period_of;
use crate::time::BillingPeriod;

/// Reads all inputs as one bill.
///
/// # Errors
/// `read.*` where inputs cannot be read, are no bills, of several periods or given twice; `parse.*` where a row is
/// malformed; `config.basis_unavailable`; `money.overflow` where sums leave the range. Of several errors it is that of
/// the first input by name, whatever the number of threads.
pub fn scan(inputs: Vec<Input>, options: &ScanOptions, progress: &Progress) -> Result<Bill> {
    only_bill(scan_periods(inputs, options, progress)?)
}

/// Reads all inputs, one bill per billing period.
///
/// # Errors
/// As [`scan`], but several periods are no error.
pub fn scan_periods(
    inputs: Vec<Input>,
    options: &ScanOptions,
    progress: &Progress,
) -> Result<BTreeMap<BillingPeriod, Bill>> {
    bills(collect(inputs, options, Purpose::Bill, progress)?)
}

/// Reads all inputs, each by one thread; one collector a thread.
pub(super) fn collect<'o>(
    mut inputs: Vec<Input>,
    options: &'o ScanOptions,
    purpose: Purpose<'o>,
    progress: &Progress,
) -> Result<Vec<Collector<'o>>> {
    if inputs.is_empty() {
        return Err(Error::new(ErrorCode::ReadNoInput, "there is no input"));
    }
    // The caller's order must not decide which error is reported.
    inputs.sort_by(|a, b| a.name().cmp(b.name()));
    if !options.allow_duplicates {
        refuse_two_deliveries(&inputs, options.period)?;
    }
    progress.set_bytes_total(inputs.iter().map(Input::stored_bytes).sum::<Option<u64>>().unwrap_or(0));
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        threads => threads,
    };
    let jobs = jobs_of(inputs, threads, purpose, options);
    let work = Work {
        reads_ahead: threads > jobs.len(),
        jobs: jobs.into_iter().map(|(number, job)| (number, Mutex::new(Some(job)))).collect(),
        next: AtomicUsize::new(0),
        first_failure: FirstFailure::none(),
        options,
        purpose,
        progress,
    };
    let workers = threads.min(work.jobs.len());
    let results: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(|| work.collect())).collect();
        // A panic of a thread is this one's too.
        started
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut collectors = Vec::new();
    let mut first: Option<(usize, Error)> = None;
    for result in results {
        match result {
            Ok(read) => collectors.extend(read),
            Err(failed) if first.as_ref().is_none_or(|first| failed.0 < first.0) => first = Some(failed),
            Err(_) => {}
        }
    }
    match first {
        Some((_, error)) => Err(error),
        None => Ok(collectors),
    }
}

/// What one thread does at a time.
enum Job<'o> {
    /// An input, or a part of one that can be read alone.
    Input(Input),
    /// Chunks of a CSV that several threads read together.
    Chunks(Arc<Chunks<'o>>),
}

/// The jobs with the numbers of their inputs. Where the inputs are few for so many threads, large plain CSV and Parquet
/// files are read by several. Results do not depend on it.
fn jobs_of<'o>(
    inputs: Vec<Input>,
    threads: usize,
    purpose: Purpose<'_>,
    options: &'o ScanOptions,
) -> Vec<(usize, Job<'o>)> {
    let is_cut = threads > 1 && inputs.len() <= threads * 2;
    let jobs = |input: Input| -> Vec<Job<'o>> {
        if !is_cut {
            return vec![Job::Input(input)];
        }
        match chunks_of(&input, threads, purpose, options) {
            Some(chunks) => (0..threads).map(|_| Job::Chunks(Arc::clone(&chunks))).collect(),
            None => parts_of(input, threads).into_iter().map(Job::Input).collect(),
        }
    };
    (0..).zip(inputs).flat_map(|(number, input)| jobs(input).into_iter().map(move |job| (number, job))).collect()
}

fn chunks_of<'o>(
    input: &Input,
    threads: usize,
    purpose: Purpose<'_>,
    options: &'o ScanOptions,
) -> Option<Arc<Chunks<'o>>> {
    match &input.source {
        Source::Path(path) if purpose == Purpose::Bill && is_plain(path) => {
            Chunks::of(path, &input.name, input.period(), threads, options).map(Arc::new)
        }
        _ => None,
    }
}

/// Parts of a Parquet file for each thread: several, because threads are not equally fast.
#[cfg(feature = "parquet")]
const PARTS_A_THREAD: usize = 4;

#[cfg(feature = "parquet")]
fn parts_of(input: Input, threads: usize) -> Vec<Input> {
    let Source::Path(path) = &input.source else { return vec![input] };
    // A file that cannot be opened says so when its turn comes.
    let Ok(Some(parts)) = parquet_parts(path) else { return vec![input] };
    let Input { name, evidence, delivery, .. } = input;
    let part = |part| Input {
        name: name.clone(),
        source: Source::ParquetPart(Box::new(part)),
        evidence,
        delivery: delivery.clone(),
    };
    ParquetPart::joined(parts, threads * PARTS_A_THREAD).into_iter().map(part).collect()
}

#[cfg(not(feature = "parquet"))]
fn parts_of(input: Input, _: usize) -> Vec<Input> {
    vec![input]
}

/// Inputs that threads take one after the other.
struct Work<'w, 'o> {
    /// Each with its number among those that were given: parts of a file have the same.
    jobs: Vec<(usize, Mutex<Option<Job<'o>>>)>,
    next: AtomicUsize,
    first_failure: FirstFailure,
    reads_ahead: bool,
    options: &'o ScanOptions,
    purpose: Purpose<'o>,
    progress: &'w Progress,
}

impl<'o> Work<'_, 'o> {
    /// What one thread does; its error comes with the number of the job.
    fn collect(&self) -> std::result::Result<Vec<Collector<'o>>, (usize, Error)> {
        let (mut collector, mut of_chunks) = (Collector::new(self.options, self.purpose), Vec::new());
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((given, slot)) = self.jobs.get(number) else { break };
            let Some(job) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() else { continue };
            let watch = Watch::new(self.progress, &self.first_failure, number);
            collector.input = *given;
            let failed = |name: &str, error: Error| {
                self.first_failure.note(number);
                (number, error.at(Location::file(name)))
            };
            match job {
                Job::Input(input) => {
                    let name = input.name.clone();
                    self.read(input, &mut collector, watch).map_err(|error| failed(&name, error))?;
                }
                Job::Chunks(chunks) => match self.read_chunks(&chunks, &mut collector, watch) {
                    Ok(read) => of_chunks.extend(read),
                    Err(error) => return Err(failed(chunks.name(), error)),
                },
            }
        }
        of_chunks.push(collector);
        Ok(of_chunks)
    }

    /// A thread's share of a CSV; the last one to finish gives what all have read.
    fn read_chunks(
        &self,
        chunks: &Chunks<'o>,
        collector: &mut Collector<'o>,
        watch: Watch<'_>,
    ) -> Result<Vec<Collector<'o>>> {
        let evidence = chunks.evidence();
        if !collector.wants(evidence, chunks.name()) {
            return Ok(Vec::new());
        }
        match chunks.read(collector.input, watch) {
            Part::Done => Ok(Vec::new()),
            Part::Whole { read, rows } => {
                self.progress.add_rows(rows);
                Ok(read)
            }
            Part::Irregular => {
                let file = Counted::new(chunks.file(), watch, chunks.uncounted_bytes());
                read_csv(chunks.name(), evidence, FromReader::plain(file), collector, watch)?;
                Ok(Vec::new())
            }
        }
    }

    fn read(&self, input: Input, collector: &mut Collector<'_>, watch: Watch<'_>) -> Result<()> {
        watch.check()?;
        let evidence = input.period();
        if evidence.is_some() && !collector.wants(evidence, &input.name) {
            self.progress.add_bytes(input.stored_bytes().unwrap_or(0));
            return Ok(());
        }
        let Input { name, source, .. } = input;
        visit_tables(source, watch, |table| {
            let named = table.entry.map(|entry| format!("{name}!{entry}"));
            let table_name = named.as_deref().unwrap_or(&name);
            let evidence = evidence.or_else(|| table.entry.and_then(period_of));
            if !collector.wants(evidence, table_name) {
                return Ok(());
            }
            let CsvBytes { reader, explain, is_compressed } = match table.content {
                TableContent::Csv(csv) => csv,
                #[cfg(feature = "batches")]
                TableContent::Batches(batches) => {
                    return read_batches(table_name, evidence, batches, collector, watch, self.reads_ahead);
                }
            };
            if self.reads_ahead && is_compressed {
                read_ahead(reader, explain, |blocks| read_csv(table_name, evidence, blocks, collector, watch))
            } else {
                read_csv(table_name, evidence, FromReader::new(reader, explain), collector, watch)
            }
        })
    }
}

/// Blocks kept ready between the two threads.
const BLOCKS_AHEAD: usize = 2;

/// Inflates on a thread of its own while this one parses.
fn read_ahead(
    reader: &mut (dyn Read + Send),
    explain: fn(io::Error) -> Error,
    parse: impl FnOnce(&mut Ahead) -> Result<()>,
) -> Result<()> {
    thread::scope(|scope| {
        let (filled, ready) = sync_channel(BLOCKS_AHEAD);
        let (used, empty) = channel();
        scope.spawn(move || {
            let mut blocks = FromReader::new(reader, explain);
            loop {
                let mut block: Vec<u8> = empty.try_recv().unwrap_or_default();
                let result = blocks.next_block(&mut block);
                let is_last = result.is_err() || block.is_empty();
                // Nobody receives once parsing failed.
                if filled.send(result.map(|()| block)).is_err() || is_last {
                    break;
                }
            }
        });
        parse(&mut Ahead { ready, used })
    })
}

/// Blocks that another thread reads.
struct Ahead {
    ready: Receiver<Result<Vec<u8>>>,
    used: Sender<Vec<u8>>,
}

impl Blocks for Ahead {
    fn next_block(&mut self, block: &mut Vec<u8>) -> Result<()> {
        // After the last block the sender is gone: nothing follows.
        let next = self.ready.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
        let used = std::mem::replace(block, next);
        if used.capacity() > 0 {
            // The other thread may have ended; then the memory is simply freed.
            let _ = self.used.send(used);
        }
        Ok(())
    }
}
