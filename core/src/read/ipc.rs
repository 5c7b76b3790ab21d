//! Arrow IPC bytes → record batches: the stream format, and the file format, which is a stream between two marks
//! (spec 2.2, 2.4).

use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, SchemaRef};

use super::archive::SOURCE_BYTES;
use super::batch_table::{Given, given_failed};
use crate::error::{Error, ErrorCode, Result};

/// How a stream starts: no CSV does, because that is no UTF-8.
pub(super) const STREAM: &[u8] = b"\xff\xff\xff\xff";
/// How a file starts and ends.
pub(super) const FILE: &[u8] = b"ARROW1";
/// How a stream ends. The format allows that it just stops; a stream that does may be half a bill, and is refused.
const END: [u8; 8] = *b"\xff\xff\xff\xff\0\0\0\0";

/// The batches of bytes that start as one of the formats does. `explain` says what a failure of the reader means.
///
/// # Errors
/// `read.truncated`, `read.bad_archive`, and those of `explain`.
pub(super) fn open<R: Read>(reader: R, is_file: bool, explain: fn(io::Error) -> Error) -> Result<Given<IpcBatches<R>>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut reader = BufReader::with_capacity(SOURCE_BYTES, reader);
    let start = if is_file { after_mark(&mut reader, explain)? } else { Vec::new() };
    let watched = Watched { inner: Cursor::new(start).chain(reader), seen: Arc::clone(&seen) };
    let why = Why { seen, explain };
    let stream = StreamReader::try_new(watched, None).map_err(|cause| why.error(cause))?;
    Ok(Given { reader: IpcBatches { stream, why, is_file, is_over: false }, explain: given_failed })
}

/// The first bytes of the stream inside a file: it starts somewhere after the mark, where bytes are not 0.
fn after_mark(reader: &mut impl Read, explain: fn(io::Error) -> Error) -> Result<Vec<u8>> {
    // The mark and what pads it take one word.
    let mut word = [0; 8];
    let mut words = 0;
    while words < 2 || word == [0; 8] {
        words += 1;
        reader.read_exact(&mut word).map_err(|cause| match cause.kind() {
            io::ErrorKind::UnexpectedEof => truncated().with_cause(cause),
            _ => explain(cause),
        })?;
    }
    Ok(word.to_vec())
}

/// Batches up to the mark that says that nothing is missing.
pub(super) struct IpcBatches<R> {
    stream: StreamReader<Watched<R>>,
    why: Why,
    is_file: bool,
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
        match self.is_file {
            true if !self.why.seen().last.ends_with(FILE) => Err(truncated()),
            false if rest > 0 => Err(Error::new(ErrorCode::ReadBadArchive, "more follows the end of the Arrow stream")),
            _ => Ok(()),
        }
    }
}

impl<R: Read> Iterator for IpcBatches<R> {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = match self.stream.next() {
            Some(Ok(batch)) => return Some(Ok(batch)),
            Some(Err(cause)) => Err(self.why.error(cause)),
            None => self.end(),
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
            None => {
                let message = "the Arrow data is damaged or of a kind that is not read";
                Error::new(ErrorCode::ReadBadArchive, message).with_cause(cause)
            }
        }
    }
}

struct Watched<R> {
    inner: Chain<Cursor<Vec<u8>>, BufReader<R>>,
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
