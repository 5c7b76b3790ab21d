//! Arrow IPC bytes → record batches: the stream format, and the file format, whose batches are listed at its end
//! (spec 2.2, 2.4).

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, SchemaRef};

use crate::error::{Error, ErrorCode, Result};
use crate::read::blocks::source_failed;
use crate::read::columnar::{Given, given_failed};
use crate::read::source::archive::SOURCE_BYTES;

/// How a stream starts: no CSV does, because that is no UTF-8.
pub(in crate::read) const STREAM: &[u8] = b"\xff\xff\xff\xff";
/// How a file starts and ends.
pub(in crate::read) const FILE: &[u8; 6] = b"ARROW1";
/// How a stream ends. The format allows that it just stops; a stream that does may be half a bill, and is refused.
const END: [u8; 8] = *b"\xff\xff\xff\xff\0\0\0\0";

/// The batches of bytes in the stream format. `explain` says what a failure of the reader means.
///
/// # Errors
/// `read.truncated`, `read.bad_archive`, and those of `explain`.
pub(in crate::read) fn open_stream<R: Read>(
    reader: R,
    explain: fn(io::Error) -> Error,
) -> Result<Given<IpcBatches<R>>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let watched = Watched { inner: BufReader::with_capacity(SOURCE_BYTES, reader), seen: Arc::clone(&seen) };
    let why = Why { seen, explain };
    let stream = guarded(|| StreamReader::try_new(watched, None)).map_err(|cause| why.error(cause))?;
    Ok(Given { reader: IpcBatches { stream, why, is_over: false }, explain: given_failed })
}

/// The batches of a file, found through the list at its end.
///
/// # Errors
/// `read.truncated`, `read.bad_archive`, `read.io`.
pub(in crate::read) fn open_file<R: Read + Seek>(mut file: R) -> Result<Given<FileBatches<BufReader<R>>>> {
    let length = file.seek(SeekFrom::End(0)).map_err(source_failed)?;
    let mut end = [0; FILE.len()];
    let tail = u64::try_from(FILE.len()).ok().and_then(|mark| length.checked_sub(mark)).unwrap_or(0);
    file.seek(SeekFrom::Start(tail)).map_err(source_failed)?;
    file.read_exact(&mut end).map_err(source_failed)?;
    if end != *FILE || tail == 0 {
        return Err(truncated());
    }
    file.seek(SeekFrom::Start(0)).map_err(source_failed)?;
    let file = BufReader::with_capacity(SOURCE_BYTES, file);
    let file = guarded(|| FileReader::try_new(file, None)).map_err(file_failed)?;
    Ok(Given { reader: FileBatches { file, has_failed: false }, explain: file_failed })
}

/// What the reader of the format answers: of damaged data it may also panic, and then the data is to blame.
fn guarded<T>(read: impl FnOnce() -> std::result::Result<T, ArrowError>) -> std::result::Result<T, ArrowError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ArrowError::IpcError("the content contradicts itself".into())))
}

/// The batches of a file, up to the first that fails.
pub(in crate::read) struct FileBatches<R> {
    file: FileReader<R>,
    has_failed: bool,
}

impl<R: Read + Seek> Iterator for FileBatches<R> {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = guarded(|| self.file.next().transpose()).transpose();
        self.has_failed = matches!(next, Some(Err(_)));
        next
    }
}

impl<R: Read + Seek> RecordBatchReader for FileBatches<R> {
    fn schema(&self) -> SchemaRef {
        self.file.schema()
    }
}

/// Failures of the source pass through the reader as this crate's errors; all others are the file's own.
fn file_failed(cause: ArrowError) -> Error {
    match cause {
        ArrowError::IoError(text, cause) => match cause.downcast::<Error>() {
            Ok(error) => error,
            Err(cause) => damaged(ArrowError::IoError(text, cause)),
        },
        cause => damaged(cause),
    }
}

fn damaged(cause: ArrowError) -> Error {
    Error::new(ErrorCode::ReadBadArchive, "the Arrow data is damaged or of a kind that is not read").with_cause(cause)
}

/// Batches up to the mark that says that nothing is missing.
pub(in crate::read) struct IpcBatches<R> {
    stream: StreamReader<Watched<R>>,
    why: Why,
    is_over: bool,
}

impl<R: Read> IpcBatches<R> {
    /// Looks at what follows the last batch.
    fn end(&mut self) -> Result<()> {
        if !self.why.seen().last.ends_with(&END) {
            return Err(truncated());
        }
        let rest = io::copy(self.stream.get_mut(), &mut io::sink());
        let rest = rest.map_err(|cause| self.why.error(ArrowError::from(cause)))?;
        if rest > 0 {
            return Err(Error::new(ErrorCode::ReadBadArchive, "more follows the end of the Arrow stream"));
        }
        Ok(())
    }
}

impl<R: Read> Iterator for IpcBatches<R> {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = match guarded(|| self.stream.next().transpose()) {
            Ok(Some(batch)) => return Some(Ok(batch)),
            Ok(None) => self.end(),
            Err(cause) => Err(self.why.error(cause)),
        };
        self.is_over = true;
        next.err().map(|error| Err(ArrowError::ExternalError(Box::new(error))))
    }
}

impl<R: Read> RecordBatchReader for IpcBatches<R> {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }
}

fn truncated() -> Error {
    Error::new(ErrorCode::ReadTruncated, "the Arrow data ends before it is complete")
}

/// What was read, told past the reader of the format, which says of its source only that something was wrong.
#[derive(Default)]
struct Seen {
    /// The last bytes.
    last: Vec<u8>,
    is_at_end: bool,
    failure: Option<io::Error>,
}

/// What a failure means.
struct Why {
    seen: Arc<Mutex<Seen>>,
    explain: fn(io::Error) -> Error,
}

impl Why {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, cause: ArrowError) -> Error {
        let mut seen = self.seen();
        match seen.failure.take() {
            Some(failure) => (self.explain)(failure),
            None if seen.is_at_end => truncated().with_cause(cause),
            None => damaged(cause),
        }
    }
}

struct Watched<R> {
    inner: BufReader<R>,
    seen: Arc<Mutex<Seen>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.inner.read(buffer);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(0) => seen.is_at_end |= !buffer.is_empty(),
            Ok(read) => {
                let new = buffer.get(..read).unwrap_or_default();
                seen.last.extend_from_slice(new.get(read.saturating_sub(END.len())..).unwrap_or_default());
                let surplus = seen.last.len().saturating_sub(END.len());
                seen.last.drain(..surplus);
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => return Err(cause),
            Err(cause) => {
                let told = io::Error::new(cause.kind(), cause.to_string());
                seen.failure.get_or_insert(cause);
                return Err(told);
            }
        }
        result
    }
}
