//! The rows of record batches → a collector, whatever the batches come from (spec 2.2, 2.4, 2.6).

pub(super) mod batch;
#[cfg(feature = "parquet")]
mod identity;
pub(super) mod ipc;
#[cfg(feature = "parquet")]
mod pages;
#[cfg(feature = "parquet")]
pub(super) mod parquet;
#[cfg(feature = "parquet")]
mod rows;

use std::sync::mpsc::sync_channel;
use std::thread;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

use crate::bill::InputDigest;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::blocks::{BLOCK_BYTES, Content};
use crate::read::collect::Collector;
#[cfg(feature = "parquet")]
use crate::read::columnar::batch::column::ColumnBatch;
use crate::read::columnar::batch::{BatchRow, ROWS_AT_ONCE, TextBatch, binary_floats, header_of};
use crate::read::progress::Watch;
use crate::read::table::TableReader;
use crate::read::table::cells::Cells;
use crate::time::BillingPeriod;

/// Record batches of one table.
pub(in crate::read) trait Batches {
    /// Names and types of all columns.
    fn schema(&self) -> SchemaRef;

    /// The rows, only in the wanted columns (numbers in the schema, sorted), at most [`ROWS_AT_ONCE`] at once.
    fn read<'b>(&'b mut self, wanted: &'b [usize], watch: Watch<'b>) -> Result<TextBatches<'b>>;

    /// The same as columns; `None` where every row is to be read as text.
    #[cfg(feature = "parquet")]
    fn read_columns<'b>(&'b mut self, _: &'b [usize], _: Watch<'b>) -> Result<Option<ColumnBatches<'b>>> {
        Ok(None)
    }

    /// Identity of the file that is read (spec 2.6). Where there is none, it is that of the cells: how they came, and
    /// how they were cut into batches, does not matter.
    fn digest(&self, watch: Watch<'_>) -> Result<Option<InputDigest>>;
}

/// Rows part by part.
type Parts<'b, B> = Box<dyn Iterator<Item = Result<B>> + Send + 'b>;
/// Rows as text.
pub(in crate::read) type TextBatches<'b> = Parts<'b, TextBatch>;
/// Rows as columns.
#[cfg(feature = "parquet")]
pub(in crate::read) type ColumnBatches<'b> = Parts<'b, ColumnBatch>;

/// Reads all batches into the collector; on a thread of their own where `reads_ahead`.
///
/// # Errors
/// With the file's name in the location: those of the source, the header, and of the first malformed row unless bad
/// rows are allowed.
pub(in crate::read) fn read_batches(
    name: &str,
    evidence: Option<BillingPeriod>,
    source: &mut dyn Batches,
    collector: &mut Collector<'_>,
    watch: Watch<'_>,
    reads_ahead: bool,
) -> Result<()> {
    let at_file = |error: Error| error.at(Location::file(name));
    let schema = source.schema();
    let mut table = TableReader::bind(name, header_of(&schema), evidence, collector)?;
    if !table.wants_rows() {
        return Ok(());
    }
    let wanted = table.wanted();
    let of_file = source.digest(watch).map_err(at_file)?;
    #[cfg(feature = "parquet")]
    let is_read = rows::read_columns(&mut table, source, &wanted, watch, reads_ahead).map_err(at_file)?;
    #[cfg(not(feature = "parquet"))]
    let is_read = false;
    let mut cells = of_file.is_none().then(|| CellsDigest::new(&schema, &wanted));
    if !is_read {
        table.cells_are_apart();
        let mut reading = Reading { table: &mut table, cells: cells.as_mut(), wanted: &wanted, watch };
        let batches = source.read(&wanted, watch).map_err(at_file)?;
        if reads_ahead {
            ahead(batches, |batches| reading.add_all(batches)).map_err(at_file)?;
        } else {
            reading.add_all(batches).map_err(at_file)?;
        }
    }
    for column in binary_floats(&schema, &wanted) {
        table.note_binary(column);
    }
    if let Some(digest) = of_file.or_else(|| cells.map(CellsDigest::finish)) {
        table.finish(digest)?;
    }
    Ok(())
}

struct Reading<'r, 'c, 'o> {
    table: &'r mut TableReader<'c, 'o>,
    /// `None` where the file's bytes identify the rows.
    cells: Option<&'r mut CellsDigest>,
    wanted: &'r [usize],
    watch: Watch<'r>,
}

impl Reading<'_, '_, '_> {
    fn add_all(&mut self, batches: impl Iterator<Item = Result<TextBatch>>) -> Result<()> {
        for batch in batches {
            let batch = batch?;
            self.watch.check()?;
            for row in 0..batch.rows() {
                let cells = batch.row(row);
                if let Some(digest) = &mut self.cells {
                    digest.add(cells, self.wanted);
                }
                self.table.add_apart(cells, || batch.location(row))?;
            }
            self.watch.progress.add_rows(u64::try_from(batch.rows()).unwrap_or(u64::MAX));
        }
        Ok(())
    }
}

/// Batches kept ready between the two threads.
const BATCHES_AHEAD: usize = 2;

/// Reads batches on a thread of their own while this one adds their rows.
fn ahead<B: Send>(
    batches: Parts<'_, B>,
    add: impl FnOnce(&mut dyn Iterator<Item = Result<B>>) -> Result<()>,
) -> Result<()> {
    thread::scope(|scope| {
        let (read, ready) = sync_channel(BATCHES_AHEAD);
        scope.spawn(move || {
            // Nobody receives once adding failed.
            batches.map(|batch| read.send(batch)).find(std::result::Result::is_err);
        });
        // Dropped on return, so that the other thread never waits for room.
        let mut ready = ready.into_iter();
        add(&mut ready)
    })
}

/// Identity of the cells that are read, in the order of rows: their texts, each after its length.
struct CellsDigest {
    block: Vec<u8>,
    content: Content,
}

impl CellsDigest {
    fn new(schema: &SchemaRef, wanted: &[usize]) -> Self {
        let mut digest = Self { block: Vec::new(), content: Content::default() };
        wanted.iter().filter_map(|at| schema.fields().get(*at)).for_each(|field| digest.add_text(field.name()));
        digest
    }

    fn add(&mut self, cells: BatchRow<'_>, wanted: &[usize]) {
        for at in wanted {
            self.add_text(cells.get(*at));
        }
    }

    fn add_text(&mut self, text: &str) {
        self.block.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.block.extend_from_slice(text.as_bytes());
        // Blocks end after a cell: that is a function of the cells too.
        if self.block.len() >= BLOCK_BYTES {
            self.content.add(&self.block);
            self.block.clear();
        }
    }

    fn finish(mut self) -> InputDigest {
        self.content.add(&self.block);
        self.content.digest()
    }
}

/// Batches that another library or a stream gives.
pub(in crate::read) struct Given<R> {
    pub(in crate::read) reader: R,
    /// What a failure of the reader means.
    pub(in crate::read) explain: fn(ArrowError) -> Error,
}

impl<R: RecordBatchReader + Send> Batches for Given<R> {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }

    fn read<'b>(&'b mut self, wanted: &'b [usize], _: Watch<'b>) -> Result<TextBatches<'b>> {
        let explain = self.explain;
        let projected =
            (&mut self.reader).map(move |batch| batch.and_then(|batch| batch.project(wanted)).map_err(explain));
        Ok(Box::new(Slices::new(projected, wanted, 0, TextBatch::of)))
    }

    fn digest(&self, _: Watch<'_>) -> Result<Option<InputDigest>> {
        Ok(None)
    }
}

/// The error of a library that gives batches; an error of this crate that passed through Arrow stays itself.
pub(in crate::read) fn given_failed(cause: ArrowError) -> Error {
    let unreadable = |cause: ArrowError| Error::new(ErrorCode::ReadIo, "the input cannot be read").with_cause(cause);
    match cause {
        ArrowError::ExternalError(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(cause) => unreadable(ArrowError::ExternalError(cause)),
        },
        cause => unreadable(cause),
    }
}

/// Batches of any size cut into such that are read at once.
pub(in crate::read) struct Slices<'b, I, B> {
    batches: I,
    wanted: &'b [usize],
    rows_before: u64,
    rest: Option<RecordBatch>,
    /// What is made of a batch of these columns after so many rows.
    of: fn(&RecordBatch, &[usize], u64) -> Result<B>,
}

impl<'b, I, B> Slices<'b, I, B> {
    fn new(
        batches: I,
        wanted: &'b [usize],
        rows_before: u64,
        of: fn(&RecordBatch, &[usize], u64) -> Result<B>,
    ) -> Self {
        Self { batches, wanted, rows_before, rest: None, of }
    }
}

impl<I: Iterator<Item = Result<RecordBatch>>, B> Iterator for Slices<'_, I, B> {
    type Item = Result<B>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.rest.take().map_or_else(|| self.batches.next(), |rest| Some(Ok(rest)))? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        let rows = batch.num_rows().min(ROWS_AT_ONCE);
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        let made = (self.of)(&batch.slice(0, rows), self.wanted, self.rows_before);
        self.rows_before += u64::try_from(rows).unwrap_or(u64::MAX);
        Some(made)
    }
}
