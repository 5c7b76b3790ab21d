//! Calls across the border: interpreter lock, signals, panics, errors and JSON.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use unblended::facade::border::{answer, caught, panicked};
use unblended::{Error, ErrorCode, Result};

/// How long a waiting thread sleeps between two looks at signals and progress.
const TICK: Duration = Duration::from_millis(50);
/// How long a cancelled call is waited for; one that hangs in a source's own `read` is left to end by itself.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs without the interpreter lock; for work of at most some milliseconds a call.
pub(crate) fn call<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(|| caught(work)).map_err(|error| raised(py, &error))
}

/// Runs on a thread of its own while this one answers Ctrl-C. `watch` is called at every tick; where it or a signal
/// raises, `cancel` is called, and what was raised is the answer.
pub(crate) fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
    cancel: impl Fn(),
    mut watch: impl FnMut() -> PyResult<()>,
) -> PyResult<T> {
    let (done, result) = sync_channel(1);
    let thread = thread::Builder::new().name("unblended".to_owned()).spawn(move || {
        // Nobody receives once the caller gave up.
        let _ = done.send(caught(work));
    });
    if let Err(cause) = thread {
        return Err(raised(py, &Error::new(ErrorCode::ReadIo, "no thread can be started").with_cause(cause)));
    }
    let result = std::sync::Mutex::new(result);
    let receive = |patience: Duration| {
        py.detach(|| result.lock().map_or(Err(RecvTimeoutError::Disconnected), |result| result.recv_timeout(patience)))
    };
    loop {
        match receive(TICK) {
            Ok(answered) => return answered.map_err(|error| raised(py, &error)),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals().and_then(|()| watch()) {
                    cancel();
                    let _ = receive(PATIENCE);
                    return Err(interrupt);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(raised(py, &panicked())),
        }
    }
}

/// [`interruptible`] for work that cannot be cancelled: Ctrl-C leaves it to end by itself.
pub(crate) fn abandonable<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    interruptible(py, work, || {}, || Ok(()))
}

/// Text → a value of the core.
pub(crate) fn value<T: std::str::FromStr<Err = Error>>(text: &str) -> Result<T> {
    text.parse()
}

/// The Python exception of an error, made by `unblended._errors`.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = || -> PyResult<Py<PyAny>> {
        let make =
            MAKE.get_or_try_init(py, || py.import("unblended._errors")?.getattr("from_native").map(Bound::unbind))?;
        let location = error.location().map(answer).transpose().ok().flatten();
        let class = answer(&error.code().class()).unwrap_or_default();
        let (causes, source) = causes(py, error);
        make.call1(py, (error.code().as_str(), class.trim_matches('"'), error.to_string(), location, causes, source))
    };
    make().map_or_else(|failure| failure, |exception| PyErr::from_value(exception.into_bound(py)))
}

/// The texts of all causes, and the Python exception among them, as of a stream that could not be read.
fn causes(py: Python<'_>, error: &Error) -> (Vec<String>, Option<Py<PyAny>>) {
    let (mut texts, mut source) = (Vec::new(), None);
    let mut cause = error.cause().map(|cause| cause as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        texts.push(error.to_string());
        // The source of an I/O error skips what it wraps.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let python = wrapped.and_then(|wrapped| wrapped.downcast_ref::<PyErr>());
        if let Some(exception) = python.or_else(|| error.downcast_ref::<PyErr>()) {
            source = Some(exception.clone_ref(py).into_value(py).into_any());
        }
        cause = error.source();
    }
    (texts, source)
}
