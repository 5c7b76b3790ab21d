//! Bytes that one thread pushes and a scan reads: a queue with an end, a failure and back-pressure.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that may wait before the source is asked to.
const ROOM: usize = 1 << 20;

/// Told once that there is room.
type Waiting = Box<dyn FnOnce() + Send>;

/// The queue, shared by both sides.
#[derive(Clone, Default)]
pub struct Pipe(Arc<(Mutex<Queue>, Condvar)>);

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
    #[must_use]
    pub fn push(&self, chunk: Vec<u8>) -> bool {
        let mut queue = self.queue();
        if !queue.is_closed && queue.end.is_none() {
            queue.bytes += chunk.len();
            queue.chunks.push_back(chunk);
            self.0.1.notify_one();
        }
        queue.has_room()
    }

    /// Calls back when there is room, from whichever side makes it.
    pub fn wait(&self, waiting: impl FnOnce() + Send + 'static) {
        let mut queue = self.queue();
        queue.waiting.push(Box::new(waiting));
        queue.settle();
    }

    /// Nothing follows: the stream is over, or its source failed. Only the first end counts.
    pub fn end(&self, failure: Option<String>) {
        let mut queue = self.queue();
        queue.end.get_or_insert(failure.map_or(Ok(()), |text| Err(io::Error::other(text))));
        self.0.1.notify_one();
    }

    /// The side that reads. Once it is dropped, the pipe takes everything and keeps nothing.
    #[must_use]
    pub fn reader(&self) -> PipeReader {
        PipeReader { pipe: self.clone(), chunk: io::Cursor::default() }
    }
}

impl Queue {
    fn has_room(&self) -> bool {
        self.is_closed || self.bytes < ROOM
    }

    fn settle(&mut self) {
        if self.has_room() {
            self.waiting.drain(..).for_each(|waiting| waiting());
        }
    }
}

/// The side that a scan reads.
#[derive(Debug)]
pub struct PipeReader {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn bytes_are_read_in_order_and_room_is_told() {
        let pipe = Pipe::default();
        let mut reader = pipe.reader();
        assert!(pipe.push(b"ab".to_vec()));
        assert!(!pipe.push(vec![b'c'; ROOM]));
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        pipe.wait(move || tell.store(true, Ordering::Relaxed));
        assert!(!told.load(Ordering::Relaxed));
        pipe.end(None);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!((read.len(), read.starts_with(b"abc"), told.load(Ordering::Relaxed)), (ROOM + 2, true, true));
    }

    #[test]
    fn a_failure_does_not_wait_for_what_came_before_and_stays() {
        let pipe = Pipe::default();
        let mut reader = pipe.reader();
        assert!(pipe.push(b"ab".to_vec()));
        pipe.end(Some("cut".into()));
        for _ in 0..2 {
            assert_eq!(reader.read(&mut [0; 8]).unwrap_err().to_string(), "cut");
        }
        drop(reader);
        assert!(pipe.push(vec![0; 2 * ROOM]), "nobody reads");
    }
}
