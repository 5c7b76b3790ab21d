//! What there is: policies, error codes, JSON Schemas, the demo and the command line program.

use std::path::PathBuf;

use pyo3::prelude::*;
use unblended::Policy;
use unblended::facade::border::{self, answer};
use unblended::facade::{self, DemoRequest};

use crate::border::{abandonable, call, value};

/// Version of core and binding.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The whole policy of a text, TOML or JSON.
#[pyfunction]
pub(crate) fn policy(py: Python<'_>, text: &str, is_toml: bool) -> PyResult<String> {
    call(py, || answer(&border::policy(text, !is_toml)?))
}

#[pyfunction]
pub(crate) fn read_policy(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    call(py, || answer(&facade::read_policy(&path)?))
}

/// Digest, and the tag keys a scan must keep.
#[pyfunction]
pub(crate) fn policy_digest(py: Python<'_>, text: &str) -> PyResult<(String, Vec<String>)> {
    call(py, || Policy::from_json(text).map(|policy| (policy.digest().to_string(), policy.tag_keys())))
}

#[pyfunction]
pub(crate) fn tag_keys(py: Python<'_>, paths: Vec<String>, period: Option<String>) -> PyResult<Vec<String>> {
    abandonable(py, move || facade::tag_keys(&paths, period.as_deref().map(value).transpose()?))
}

#[pyfunction]
pub(crate) fn error_codes(py: Python<'_>) -> PyResult<String> {
    call(py, || answer(&facade::error_codes()))
}

#[pyfunction]
pub(crate) fn schemas(py: Python<'_>) -> PyResult<String> {
    call(py, || answer(&facade::schemas()))
}

#[pyfunction]
pub(crate) fn demo(py: Python<'_>, dir: PathBuf, request: &str) -> PyResult<String> {
    let asked = border::request::<DemoRequest>(request);
    abandonable(py, move || answer(&facade::write_demo(&dir, &asked?)?))
}

/// The command line program; the first argument is its name.
#[pyfunction]
pub(crate) fn run_cli(py: Python<'_>, argv: Vec<std::ffi::OsString>) -> PyResult<u8> {
    call(py, || Ok(unblended::run_cli(argv)))
}

/// Fails with a code, and for `internal.panic` with a panic, to show what becomes of it.
#[pyfunction]
pub(crate) fn _fail_for_test(py: Python<'_>, code: &str) -> PyResult<()> {
    call(py, || facade::fail(code))
}
