//! The pieces notebooks use on their own, amounts as text.

use pyo3::prelude::*;
use unblended::facade::border::{self, answer};
use unblended::facade::{self, AllocationRequest, FinalRow};
use unblended::{Amount, Interval, LineItem, Treatment, classify, known_term};

use crate::border::{call, value};

type Parts = Vec<(String, String)>;

fn texts(parts: Vec<(String, Amount)>) -> Parts {
    parts.into_iter().map(|(key, amount)| (key, amount.to_string())).collect()
}

#[pyfunction]
pub(crate) fn split(py: Python<'_>, amount: &str, weights: Parts) -> PyResult<Parts> {
    call(py, || facade::split_amount(value(amount)?, &weights).map(texts))
}

#[pyfunction]
pub(crate) fn amortize(py: Python<'_>, fee: &str, start: &str, end: &str) -> PyResult<Parts> {
    call(py, || {
        let parts = facade::amortize_fee(value(fee)?, value(start)?, value(end)?)?;
        Ok(texts(parts.into_iter().map(|part| (part.period.to_string(), part.amount)).collect()))
    })
}

#[pyfunction]
pub(crate) fn allocate_cpu(py: Python<'_>, request: &str) -> PyResult<Option<Parts>> {
    call(py, || Ok(facade::allocate_cpu(&border::request::<AllocationRequest>(request)?)?.map(texts)))
}

#[pyfunction]
pub(crate) fn is_final(py: Python<'_>, rows: &str, period: &str, as_of: &str) -> PyResult<String> {
    call(py, || answer(&facade::is_final(&border::request::<Vec<FinalRow>>(rows)?, value(period)?, value(as_of)?)))
}

#[pyfunction]
pub(crate) fn new_run_id() -> String {
    facade::new_run_id()
}

/// Decimal text → canonical text and what was rounded off; for the shared vectors.
#[pyfunction]
pub(crate) fn _amount(py: Python<'_>, text: &str) -> PyResult<(String, String)> {
    call(py, || Amount::parse(text).map(|parsed| (parsed.amount.to_string(), parsed.residue.to_string())))
}

/// Exact sum of decimal texts; for the shared vectors.
#[pyfunction]
pub(crate) fn _sum(py: Python<'_>, terms: Vec<String>) -> PyResult<String> {
    call(py, || {
        let terms = terms.iter().map(|text| value(text)).collect::<unblended::Result<Vec<Amount>>>()?;
        Amount::sum(terms).map(|sum| sum.to_string())
    })
}

/// A line item as JSON → `counts`, `counts_unknown` or `excluded`, and as what; for the shared vectors.
#[pyfunction]
pub(crate) fn _classify(py: Python<'_>, line_item: &str) -> PyResult<(&'static str, String)> {
    call(py, || {
        let item: LineItem<'_> = serde_json::from_str(line_item)
            .map_err(|cause| unblended::Error::new(unblended::ErrorCode::ConfigBadValue, cause.to_string()))?;
        Ok(match classify(&item) {
            Treatment::Counts(kind) => ("counts", answer(&kind)?),
            Treatment::CountsUnknown(kind) => ("counts_unknown", answer(&kind)?),
            Treatment::Excluded(total) => ("excluded", answer(&total)?),
        })
    })
}

/// Seconds of a fee's term where it is known; for the shared vectors.
#[pyfunction]
pub(crate) fn _term_seconds(py: Python<'_>, start: &str, end: &str) -> PyResult<Option<u64>> {
    call(py, || Ok(known_term(Interval::new(value(start)?, value(end)?)).map(|term| term.millis() / 1000)))
}
