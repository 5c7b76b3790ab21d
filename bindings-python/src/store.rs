//! The store of runs and finalized versions (spec 7).

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use unblended::facade::StoreHandle;
use unblended::facade::border::{answer, request};
use unblended::{Error, ErrorCode, Result};

use crate::bill::{Bill, Reservations};
use crate::border::call;
use crate::report::Report;

/// An open store; `None` once closed.
#[pyclass(frozen, module = "unblended._native")]
#[derive(Debug)]
pub(crate) struct Store(Mutex<Option<StoreHandle>>);

impl Store {
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut StoreHandle) -> Result<T> + Send) -> PyResult<T> {
        call(py, || {
            let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            work(store.as_mut().ok_or_else(|| Error::new(ErrorCode::StoreIo, "the store is closed"))?)
        })
    }
}

#[pymethods]
impl Store {
    #[new]
    fn new(py: Python<'_>, url: &str, create: bool) -> PyResult<Self> {
        call(py, || StoreHandle::open(url, create)).map(|store| Self(Mutex::new(Some(store))))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }

    fn append(&self, py: Python<'_>, run_id: &str, report: &Report, bill: &Bill) -> PyResult<()> {
        let (report, bill) = (Arc::clone(&report.0), Arc::clone(&bill.0));
        self.with(py, |store| store.append_as(run_id, &report, &bill))
    }

    fn add_reservations(&self, py: Python<'_>, table: &Reservations) -> PyResult<()> {
        self.with(py, |store| store.add_reservations(&table.0))
    }

    fn runs(&self, py: Python<'_>, query: &str) -> PyResult<String> {
        self.with(py, |store| answer(&store.runs(&request(query)?)?))
    }

    fn run(&self, py: Python<'_>, id: &str) -> PyResult<(String, Report)> {
        self.with(py, |store| {
            let stored = store.run(id)?;
            Ok((answer(&stored.run)?, Report(Arc::new(stored.report))))
        })
    }

    fn finalized(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |store| answer(&store.finalized()?))
    }

    fn finalize(&self, py: Python<'_>, query: &str, terms: &str) -> PyResult<String> {
        self.with(py, |store| answer(&store.finalize(&request(query)?, &request(terms)?)?))
    }

    fn reservations(&self, py: Python<'_>) -> PyResult<Reservations> {
        self.with(py, |store| store.reservations()).map(|book| Reservations(Arc::new(book)))
    }
}
