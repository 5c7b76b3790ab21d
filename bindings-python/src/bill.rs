//! A bill, evidence about it, and fees of other periods.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use unblended::facade::border::{self, answer};
use unblended::facade::{self, AttributeRequest, EvidenceRequest, EvidenceView, ExplainRequest};
use unblended::{Currency, ReservationBook, Timestamp};

use crate::border::{abandonable, call, value};
use crate::report::{Report, Table};

/// The charges of one billing period (spec 3.5).
#[pyclass(frozen, module = "unblended._native")]
#[derive(Debug)]
pub(crate) struct Bill(pub(crate) Arc<unblended::Bill>);

#[pymethods]
impl Bill {
    /// The empty bill.
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        abandonable(py, move || facade::load_bill(&path)).map(|bill| Self(Arc::new(bill)))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, content: &[u8]) -> PyResult<Self> {
        call(py, || unblended::Bill::load(content)).map(|bill| Self(Arc::new(bill)))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let bill = Arc::clone(&self.0);
        abandonable(py, move || facade::save_bill(&bill, &path))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = call(py, || {
            let mut bytes = Vec::new();
            self.0.save(&mut bytes).map(|()| bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn merge(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        let (one, other) = (Arc::clone(&self.0), Arc::clone(&other.0));
        call(py, || (*one).clone().merge((*other).clone())).map(|bill| Self(Arc::new(bill)))
    }

    /// Period, basis, sizes, tag keys, currencies and payers, as JSON text.
    fn head(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || answer(&facade::bill_head(&self.0)))
    }

    #[getter]
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || self.0.digest().map(|digest| digest.to_string()))
    }

    fn billed(&self, py: Python<'_>, currency: &str) -> PyResult<String> {
        call(py, || self.0.billed(value::<Currency>(currency)?).map(|amount| amount.to_string()))
    }

    fn status(&self, py: Python<'_>, as_of: &str) -> PyResult<String> {
        call(py, || self.0.status(value::<Timestamp>(as_of)?).map(|status| status.as_str().to_owned()))
    }

    fn inspect(&self, py: Python<'_>, as_of: &str) -> PyResult<String> {
        call(py, || answer(&facade::inspect(&self.0, value(as_of)?)?))
    }

    fn attribute(&self, py: Python<'_>, evidence: &Evidence, fees: &Reservations, request: &str) -> PyResult<Report> {
        let (bill, evidence, fees) = (Arc::clone(&self.0), Arc::clone(&evidence.0), Arc::clone(&fees.0));
        let job = border::request::<AttributeRequest>(request);
        abandonable(py, move || facade::attribute(&bill, &evidence, &fees, &job?))
            .map(|report| Report(Arc::new(report)))
    }

    fn allocated_charges(
        &self,
        py: Python<'_>,
        evidence: &Evidence,
        fees: &Reservations,
        request: &str,
    ) -> PyResult<Table> {
        let (bill, evidence, fees) = (Arc::clone(&self.0), Arc::clone(&evidence.0), Arc::clone(&fees.0));
        let job = border::request::<AttributeRequest>(request);
        abandonable(py, move || facade::allocated_charges(&bill, &evidence, &fees, &job?)).map(Table::of)
    }

    fn explain(&self, py: Python<'_>, evidence: &Evidence, fees: &Reservations, request: &str) -> PyResult<String> {
        let (bill, evidence, fees) = (Arc::clone(&self.0), Arc::clone(&evidence.0), Arc::clone(&fees.0));
        let job = border::request::<ExplainRequest>(request);
        abandonable(py, move || answer(&facade::explain(&bill, &evidence, &fees, &job?)?))
    }
}

/// Task runs, capacities, attachments and service map, read once (spec 4).
#[pyclass(frozen, module = "unblended._native")]
#[derive(Debug)]
pub(crate) struct Evidence(Arc<unblended::Evidence>);

#[pymethods]
impl Evidence {
    #[new]
    fn new(py: Python<'_>, request: &str) -> PyResult<Self> {
        let sources = border::request::<EvidenceRequest>(request);
        abandonable(py, move || facade::evidence(&sources?)).map(|evidence| Self(Arc::new(evidence)))
    }

    #[getter]
    fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    /// Runs, attachments, map, findings and resources, as JSON text.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || answer(&EvidenceView::of(&self.0)))
    }
}

/// Fees billed in other periods (spec 6.2).
#[pyclass(frozen, module = "unblended._native")]
#[derive(Debug)]
pub(crate) struct Reservations(pub(crate) Arc<ReservationBook>);

#[pymethods]
impl Reservations {
    /// The empty book.
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        call(py, || facade::reservations(&path)).map(|book| Self(Arc::new(book)))
    }

    fn combine(&self, py: Python<'_>, stored: &Self) -> PyResult<Self> {
        call(py, || ReservationBook::combine(&self.0, &stored.0)).map(|book| Self(Arc::new(book)))
    }

    #[getter]
    fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || answer(&*self.0))
    }
}
