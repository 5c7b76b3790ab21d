//! The pieces notebooks use on their own, amounts as text.

use pyo3::prelude::*;
use unblended::Amount;
use unblended::facade::border::{self, answer};
use unblended::facade::{self, AllocationRequest, FinalRow, SplitCostRequest};

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
pub(crate) fn split_cost(py: Python<'_>, request: &str) -> PyResult<String> {
    call(py, || answer(&facade::split_cost(&border::request::<SplitCostRequest>(request)?)?))
}

#[pyfunction]
pub(crate) fn is_final(py: Python<'_>, rows: &str, period: &str, as_of: &str) -> PyResult<String> {
    call(py, || answer(&facade::is_final(&border::request::<Vec<FinalRow>>(rows)?, value(period)?, value(as_of)?)))
}

#[pyfunction]
pub(crate) fn new_run_id() -> String {
    facade::new_run_id()
}

/// The answer of a stage to a shared vector, as JSON text.
#[pyfunction]
pub(crate) fn _vector(py: Python<'_>, stage: &str, input: &str) -> PyResult<String> {
    call(py, || answer(&facade::vector(stage, input)?))
}
