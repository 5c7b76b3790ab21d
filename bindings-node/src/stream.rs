//! Bytes that JavaScript pushes and a scan reads: a queue with an end, a failure and back-pressure.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Object;
use napi::{Env, JsDeferred};
use napi_derive::napi;

/// Bytes that may wait before the source is asked to.
const ROOM: usize = 1 << 20;

/// Settles the promise of a source that waits for room.
pub(crate) type Waiting = JsDeferred<(), fn(Env) -> napi::Result<()>>;

/// Where the bytes of one source go.
#[napi]
#[derive(Debug, Default)]
pub struct Stream(pub(crate) Pipe);

#[napi]
impl Stream {
    /// An empty stream, to be filled from now on.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes; whether more may follow at once.
    #[napi]
    pub fn push(&self, bytes: &[u8]) -> bool {
        self.0.push(bytes.to_vec())
    }

    /// Settles when more may follow.
    #[napi]
    pub fn room<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let (waiting, promise): (Waiting, Object<'env>) = env.create_deferred()?;
        self.0.wait(waiting);
        Ok(promise)
    }

    /// Nothing follows: the source is at its end, or failed.
    #[napi]
    pub fn end(&self, failure: Option<String>) {
        self.0.end(failure);
    }
}

/// The queue, shared by both sides.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<(Mutex<Queue>, Condvar)>);

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Vec<u8>>,
    bytes: usize,
    end: Option<io::Result<()>>,
    is_closed: bool,
    waiting: Vec<Waiting>,
}

impl Pipe {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds bytes; whether more may follow at once. A reader that is gone takes nothing.
    pub(crate) fn push(&self, chunk: Vec<u8>) -> bool {
        let mut queue = self.queue();
        if !queue.is_closed && queue.end.is_none() {
            queue.bytes += chunk.len();
            queue.chunks.push_back(chunk);
            self.0.1.notify_one();
        }
        queue.has_room()
    }

    /// Settles when there is room.
    pub(crate) fn wait(&self, waiting: Waiting) {
        let mut queue = self.queue();
        queue.waiting.push(waiting);
        queue.settle();
    }

    /// Nothing follows: the stream is over, or its source failed. Only the first end counts.
    pub(crate) fn end(&self, failure: Option<String>) {
        let mut queue = self.queue();
        queue.end.get_or_insert(failure.map_or(Ok(()), |text| Err(io::Error::other(text))));
        self.0.1.notify_one();
    }

    pub(crate) fn reader(&self) -> PipeReader {
        PipeReader { pipe: self.clone(), chunk: io::Cursor::default() }
    }
}

impl Queue {
    fn has_room(&self) -> bool {
        self.is_closed || self.bytes < ROOM
    }

    fn settle(&mut self) {
        if self.has_room() {
            self.waiting.drain(..).for_each(|waiting| waiting.resolve(|_| Ok(())));
        }
    }
}

/// The side that a scan reads.
pub(crate) struct PipeReader {
    pipe: Pipe,
    chunk: io::Cursor<Vec<u8>>,
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut queue = self.pipe.queue();
            // A failure does not wait for what came before it.
            while queue.chunks.is_empty() || matches!(queue.end, Some(Err(_))) {
                match queue.end.take() {
                    Some(Ok(())) => {
                        queue.end = Some(Ok(()));
                        return Ok(0);
                    }
                    Some(Err(failure)) => {
                        queue.end = Some(Err(io::Error::new(failure.kind(), failure.to_string())));
                        return Err(failure);
                    }
                    None => queue = self.pipe.0.1.wait(queue).unwrap_or_else(PoisonError::into_inner),
                }
            }
            let chunk = queue.chunks.pop_front().unwrap_or_default();
            queue.bytes -= chunk.len();
            queue.settle();
            self.chunk = io::Cursor::new(chunk);
        }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut queue = self.pipe.queue();
        queue.is_closed = true;
        queue.chunks.clear();
        queue.settle();
    }
}
