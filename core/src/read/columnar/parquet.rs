//! A Parquet file → record batches of the columns that are read (spec 2.1, 2.4, 2.6).
//!
//! The file is read by position, so that several threads may read parts of it, each some row groups; its identity is
//! that of its bytes, as for a CSV.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::{Buf as _, Bytes};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use crate::bill::InputDigest;
use crate::error::{Error, ErrorCode, Result};
use crate::read::blocks::source_failed;
use crate::read::columnar::batch::column::ColumnBatch;
use crate::read::columnar::batch::{ROWS_AT_ONCE, TextBatch};
use crate::read::columnar::identity::SharedIdentity;
use crate::read::columnar::pages::GroupRows;
use crate::read::columnar::{Batches, ColumnBatches, Parts, Slices, TextBatches};
use crate::read::progress::Watch;
use crate::read::source::archive::PARQUET;
use crate::read::source::positioned::read_at;

/// Some row groups of a file.
#[derive(Clone)]
pub(in crate::read) struct ParquetPart {
    file: Stored,
    metadata: ArrowReaderMetadata,
    row_groups: Range<usize>,
    /// Rows of the file before those of this part.
    rows_before: u64,
    rows: u64,
    /// Bytes that stand for this part in the progress of the scan; 0 where they were counted before.
    bytes: u64,
}

impl ParquetPart {
    /// All of a file, of which so many bytes were not counted as progress yet.
    ///
    /// # Errors
    /// `read.io`, `read.truncated`, `read.bad_archive`.
    pub(in crate::read) fn whole(file: File, uncounted: u64) -> Result<Self> {
        let length = file.metadata().map_err(source_failed)?.len();
        let file = Stored(Arc::new(StoredFile {
            identity: SharedIdentity::of(length),
            file,
            length,
            failure: Mutex::new(None),
        }));
        let mut end = [0; 4];
        let tail = length.checked_sub(4).filter(|start| *start >= 8).ok_or_else(truncated)?;
        file.at(tail).read_exact(&mut end).map_err(source_failed)?;
        if end != PARQUET {
            return Err(truncated());
        }
        // What a writer noted of its own types says nothing about the values.
        let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let loaded = guarded(|| ArrowReaderMetadata::load(&file, options())).map_err(|cause| file.failed(cause))?;
        let numbered = options().with_schema(with_dictionaries(loaded.schema()));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(loaded.metadata()), numbered).unwrap_or(loaded);
        let row_groups = 0..metadata.metadata().num_row_groups();
        let mut part = Self { file, metadata, row_groups, rows_before: 0, rows: 0, bytes: uncounted };
        part.rows = part.rows_of(part.row_groups.clone());
        Ok(part)
    }

    /// A file in parts, one for each row group with rows, in order. Together they count its bytes.
    ///
    /// # Errors
    /// As [`ParquetPart::whole`].
    pub(in crate::read) fn of_file(file: File) -> Result<Vec<Self>> {
        let length = file.metadata().map_err(source_failed)?.len();
        let whole = Self::whole(file, length)?;
        let with_rows = whole.row_groups.clone().filter(|at| whole.rows_of(*at..*at + 1) > 0);
        let (mut parts, mut bytes) = (Vec::new(), whole.bytes);
        for at in with_rows {
            let row_groups = at..at + 1;
            let group = whole.metadata.metadata().row_groups().get(at);
            let stored = group.and_then(|group| u64::try_from(group.compressed_size()).ok()).unwrap_or(0).min(bytes);
            bytes -= stored;
            parts.push(Self {
                rows_before: whole.rows_of(0..at),
                rows: whole.rows_of(row_groups.clone()),
                row_groups,
                bytes: stored,
                ..whole.clone()
            });
        }
        match parts.first_mut() {
            // What is no row group, such as the schema.
            Some(first) => first.bytes += bytes,
            None => parts.push(whole),
        }
        Ok(parts)
    }

    /// The same parts as about so many larger ones, each of neighbours. `parts` are those of [`ParquetPart::of_file`].
    pub(in crate::read) fn joined(parts: Vec<Self>, count: usize) -> Vec<Self> {
        let rows: u64 = parts.iter().map(|part| part.rows).sum();
        let share = |part: &Self| u128::from(part.rows_before) * count as u128 / u128::from(rows.max(1));
        let mut joined: Vec<Self> = Vec::new();
        for part in parts {
            match joined.last_mut() {
                Some(last) if share(last) == share(&part) => {
                    last.row_groups.end = part.row_groups.end;
                    last.rows += part.rows;
                    last.bytes += part.bytes;
                }
                _ => joined.push(part),
            }
        }
        joined
    }

    /// Bytes that stand for this part in the progress of the scan.
    pub(in crate::read) fn stored_bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn rows_of(&self, row_groups: Range<usize>) -> u64 {
        let groups = self.metadata.metadata().row_groups().get(row_groups).unwrap_or_default();
        groups.iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    /// The rows of all row groups: batches over several would need dictionaries of their own.
    fn rows<'p, B>(
        &'p self,
        watch: Watch<'p>,
        rows_of: fn(&B) -> usize,
        open: impl FnMut(usize) -> Result<Parts<'p, B>> + Send + 'p,
    ) -> CountedRows<'p, B> {
        CountedRows {
            part: self,
            row_groups: self.row_groups.clone(),
            open: Box::new(open),
            rows_of,
            has_failed: false,
            reader: None,
            rows: 0,
            bytes: 0,
            watch,
        }
    }

    /// The rows of one row group from one on, by Arrow.
    pub(super) fn batches(
        &self,
        row_group: usize,
        wanted: &[usize],
        from: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
        let open = || {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone());
            let columns = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
            let builder = builder.with_projection(columns).with_row_groups(vec![row_group]);
            if from > 0 { builder.with_offset(from) } else { builder }.with_batch_size(ROWS_AT_ONCE).build()
        };
        let file = self.file.clone();
        let mut reader = guarded(open).map_err(|cause| file.failed(cause))?;
        Ok(std::iter::from_fn(move || {
            guarded(|| reader.next().transpose()).map_err(|cause| file.failed(cause)).transpose()
        }))
    }

    /// The pages of a column of one row group, which is that of this leaf of the schema.
    pub(super) fn pages(
        &self,
        row_group: usize,
        leaf: usize,
    ) -> Option<SerializedPageReader<impl ChunkReader + use<>>> {
        let group = self.metadata.metadata().row_groups().get(row_group)?;
        let rows = usize::try_from(group.num_rows()).ok()?;
        let column = group.columns().get(leaf)?;
        guarded(|| {
            let chunk = Chunk::of(&self.file, column.byte_range())?;
            SerializedPageReader::new(Arc::new(chunk), column, rows, None)
        })
        .ok()
    }

    /// What the file says of its columns.
    pub(super) fn metadata(&self) -> &ArrowReaderMetadata {
        &self.metadata
    }

    /// The error of the file itself, where reading it failed since this was asked last.
    pub(super) fn failure(&self) -> Option<Error> {
        self.file.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take().map(source_failed)
    }
}

/// Texts as numbers of the distinct ones, as the file mostly stores them.
fn with_dictionaries(schema: &Schema) -> SchemaRef {
    let numbered = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let as_dictionary = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(numbered.clone())),
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new_with_metadata(
        schema.fields().iter().map(as_dictionary).collect::<Vec<_>>(),
        schema.metadata().clone(),
    ))
}

impl Batches for ParquetPart {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.metadata.schema())
    }

    fn read<'b>(&'b mut self, wanted: &'b [usize], watch: Watch<'b>) -> Result<TextBatches<'b>> {
        let part = &*self;
        let open = move |row_group| {
            part.batches(row_group, wanted, 0).map(|batches| Box::new(batches) as Parts<'b, RecordBatch>)
        };
        let rows = part.rows(watch, RecordBatch::num_rows, open);
        Ok(Box::new(Slices::new(rows, wanted, part.rows_before, TextBatch::of)))
    }

    fn read_columns<'b>(&'b mut self, wanted: &'b [usize], watch: Watch<'b>) -> Result<Option<ColumnBatches<'b>>> {
        let part = &*self;
        let open = move |row_group| {
            GroupRows::open(part, row_group, wanted).map(|rows| Box::new(rows) as Parts<'b, ColumnBatch>)
        };
        Ok(Some(Box::new(part.rows(watch, ColumnBatch::rows, open))))
    }

    fn digest(&self, watch: Watch<'_>) -> Result<Option<InputDigest>> {
        self.file.0.identity.digest(&self.file.0.file, watch).map(Some)
    }
}

/// Batches that count as progress, and that are as many rows as the file says.
struct CountedRows<'p, B> {
    part: &'p ParquetPart,
    /// Those that are not begun.
    row_groups: Range<usize>,
    open: Box<dyn FnMut(usize) -> Result<Parts<'p, B>> + Send + 'p>,
    rows_of: fn(&B) -> usize,
    has_failed: bool,
    reader: Option<Parts<'p, B>>,
    rows: u64,
    bytes: u64,
    watch: Watch<'p>,
}

impl<B> CountedRows<'_, B> {
    fn count_bytes(&mut self) {
        let all = u128::from(self.part.bytes);
        let done = all * u128::from(self.rows) / u128::from(self.part.rows.max(1));
        let done = if self.rows >= self.part.rows { self.part.bytes } else { u64::try_from(done).unwrap_or(0) };
        self.watch.progress.add_bytes(done.saturating_sub(self.bytes));
        self.bytes = self.bytes.max(done);
    }

    fn next_batch(&mut self) -> Result<Option<B>> {
        loop {
            if let Some(batch) = self.reader.as_mut().and_then(Iterator::next) {
                return batch.map(Some);
            }
            let Some(row_group) = self.row_groups.next() else { return Ok(None) };
            self.reader = Some((self.open)(row_group)?);
        }
    }
}

impl<B> Iterator for CountedRows<'_, B> {
    type Item = Result<B>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = self.next_batch();
        self.has_failed = next.is_err();
        match next {
            Ok(Some(batch)) => {
                self.rows += u64::try_from((self.rows_of)(&batch)).unwrap_or(0);
                self.count_bytes();
                Some(Ok(batch))
            }
            Ok(None) if self.rows != self.part.rows => {
                let message = "the Parquet file has fewer rows than it says";
                Some(Err(Error::new(ErrorCode::ReadBadArchive, message)))
            }
            Ok(None) => {
                self.count_bytes();
                None
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// What the Parquet reader answers: of a damaged file it may also panic, and then the file is to blame.
pub(super) fn guarded<T, E: Into<ParquetError>>(
    read: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<T, ParquetError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(ParquetError::General("the content contradicts itself".into())),
    }
}

/// A file that is read by position.
#[derive(Clone)]
struct Stored(Arc<StoredFile>);

struct StoredFile {
    file: File,
    length: u64,
    identity: SharedIdentity,
    /// The first failure of the file itself, which the Parquet reader passes on as a text only.
    failure: Mutex<Option<io::Error>>,
}

impl Stored {
    fn at(&self, position: u64) -> At {
        At { file: self.clone(), position }
    }

    /// The error of a reader of this file.
    fn failed(&self, cause: impl Into<ParquetError>) -> Error {
        match self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failure) => source_failed(failure),
            None => bad_file(cause.into()),
        }
    }
}

fn bad_file(cause: ParquetError) -> Error {
    let message = "the Parquet file is damaged or of a kind that is not read";
    Error::new(ErrorCode::ReadBadArchive, message).with_cause(cause)
}

fn truncated() -> Error {
    Error::new(ErrorCode::ReadTruncated, "the Parquet file ends before it is complete")
}

impl Length for Stored {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for Stored {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(self.at(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let end = u64::try_from(length).ok().and_then(|length| start.checked_add(length));
        if end.is_none_or(|end| end > self.0.length) {
            return Err(ParquetError::EOF("a part lies behind the end of the file".into()));
        }
        let mut bytes = Vec::with_capacity(length);
        self.at(start).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("the file became shorter while it was read".into()));
        }
        Ok(bytes.into())
    }
}

/// The most bytes of a column in a row group that are read at once.
const CHUNK_BYTES: u64 = 1 << 16;

/// A column of a row group, read at once where it is small: pages are often of a few bytes.
struct Chunk {
    file: Stored,
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn of(file: &Stored, (start, length): (u64, u64)) -> parquet::errors::Result<Self> {
        let length = usize::try_from(length).ok().filter(|_| length <= CHUNK_BYTES).unwrap_or(0);
        Ok(Self { file: file.clone(), start, bytes: file.get_bytes(start, length)? })
    }

    /// What was read at once from a position on; `None` where the file has to be asked.
    fn bytes_from(&self, position: u64) -> Option<Bytes> {
        let at = usize::try_from(position.checked_sub(self.start)?).ok()?;
        (at < self.bytes.len()).then(|| self.bytes.slice(at..))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

impl ChunkReader for Chunk {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(match self.bytes_from(start) {
            Some(bytes) => Box::new(bytes.reader()),
            None => Box::new(self.file.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        match self.bytes_from(start).filter(|bytes| bytes.len() >= length) {
            Some(bytes) => Ok(bytes.slice(..length)),
            None => self.file.get_bytes(start, length),
        }
    }
}

/// A reader with a position of its own.
struct At {
    file: Stored,
    position: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match read_at(&self.file.0.file, buffer, self.position) {
            Ok(read) => {
                self.position += u64::try_from(read).unwrap_or(0);
                Ok(read)
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => Err(cause),
            Err(cause) => {
                let told = io::Error::new(cause.kind(), cause.to_string());
                self.file.0.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
                Err(told)
            }
        }
    }
}
