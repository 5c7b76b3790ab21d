//! A Python file object or iterator of bytes as a reader.

use std::io::{self, Read};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// Bytes that Python code makes while a scan wants them. The interpreter lock is held only inside its `read`.
pub(crate) struct PyStream {
    source: Py<PyAny>,
    has_read: bool,
    rest: Option<(PyBackedBytes, usize)>,
}

impl PyStream {
    /// A stream of an object with `read(size)`, or else of an iterator of bytes.
    pub(crate) fn new(source: &Bound<'_, PyAny>) -> PyResult<Self> {
        let has_read = source.hasattr("read")?;
        let source = if has_read { source.clone() } else { source.try_iter()?.into_any() };
        Ok(Self { source: source.unbind(), has_read, rest: None })
    }

    /// The next block; `None` at the end. An empty block of an iterator is no end.
    fn next_block(&self, py: Python<'_>, size: usize) -> PyResult<Option<PyBackedBytes>> {
        let source = self.source.bind(py);
        loop {
            let block = if self.has_read {
                source.call_method1("read", (size,))?
            } else {
                match source.call_method0("__next__") {
                    Ok(block) => block,
                    Err(end) if end.is_instance_of::<pyo3::exceptions::PyStopIteration>(py) => return Ok(None),
                    Err(error) => return Err(error),
                }
            };
            let block: PyBackedBytes = block.extract()?;
            match (block.is_empty(), self.has_read) {
                (true, true) => return Ok(None),
                (true, false) => {}
                (false, _) => return Ok(Some(block)),
            }
        }
    }
}

impl Read for PyStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let kept = self.rest.take().map(|rest| Ok(Some(rest)));
        let next = || {
            let next = Python::try_attach(|py| self.next_block(py, into.len().max(1 << 16)));
            let next = next.ok_or_else(|| io::Error::other("the interpreter is shutting down"))?;
            next.map(|block| block.map(|block| (block, 0))).map_err(io::Error::other)
        };
        let Some((block, at)) = kept.unwrap_or_else(next)? else { return Ok(0) };
        let rest = block.get(at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.rest = (count < rest.len()).then_some((block, at + count));
        Ok(count)
    }
}

impl Drop for PyStream {
    /// What is dropped without the interpreter lock would only be freed later: the caller's file must be let go now.
    fn drop(&mut self) {
        let rest = self.rest.take();
        let _ = Python::try_attach(|py| {
            drop(rest);
            drop(std::mem::replace(&mut self.source, py.None()));
        });
    }
}
