//! Files and streams → a bill.

use std::sync::Arc;

use pyo3::prelude::*;
use unblended::Progress;
use unblended::facade::border::scan_request;
use unblended::facade::{self, Input};

use crate::arrow::exported_stream;
use crate::bill::Bill;
use crate::border::{call, interruptible};
use crate::stream::PyStream;

/// Scans paths, named streams and named tables (objects with `__arrow_c_stream__`) as one bill. `policy` decides basis,
/// tag keys and folding of case where it is given.
/// `on_progress` is called with bytes done, bytes in all (0 while unknown) and rows, from this thread.
#[pyfunction]
#[pyo3(signature = (request, policy, streams, on_progress))]
pub(crate) fn scan(
    py: Python<'_>,
    request: &str,
    policy: Option<&str>,
    streams: Vec<(String, Bound<'_, PyAny>)>,
    on_progress: Option<Py<PyAny>>,
) -> PyResult<Bill> {
    let request = call(py, || scan_request(request, policy))?;
    let streams = streams
        .into_iter()
        .map(|(name, source)| match exported_stream(&source)? {
            Some(batches) => Ok(Input::batches(name, batches)),
            None => Ok(Input::stream(name, PyStream::new(&source)?)),
        })
        .collect::<PyResult<Vec<_>>>()?;
    let progress = Arc::new(Progress::new());
    let show = |progress: &Progress| match &on_progress {
        Some(callback) => {
            callback.call1(py, (progress.bytes_done(), progress.bytes_total(), progress.rows())).map(|_| ())
        }
        None => Ok(()),
    };
    let worker = Arc::clone(&progress);
    let bill =
        interruptible(py, move || facade::scan(&request, streams, &worker), || progress.cancel(), || show(&progress))?;
    show(&progress)?;
    Ok(Bill(Arc::new(bill)))
}
