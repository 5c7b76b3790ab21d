//! What there is: policies, error codes, JSON Schemas, the demo and the command line program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;
use serde_json::json;
use unblended::facade;
use unblended::{DemoDialect, DemoOptions, Error, ErrorCode, Policy};

use crate::border::{abandonable, call, value, written};

/// Version of core and binding.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The whole policy of a text, TOML or JSON.
#[pyfunction]
pub(crate) fn policy(py: Python<'_>, text: &str, is_toml: bool) -> PyResult<String> {
    let read = if is_toml { Policy::from_toml } else { Policy::from_json };
    call(py, || written(&read(text)?))
}

#[pyfunction]
pub(crate) fn read_policy(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    call(py, || written(&facade::read_policy(&path)?))
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
    call(py, || written(&facade::error_codes()))
}

#[pyfunction]
pub(crate) fn schemas(py: Python<'_>) -> PyResult<String> {
    call(py, || written(&facade::schemas()))
}

#[pyfunction]
pub(crate) fn demo(
    py: Python<'_>,
    dir: PathBuf,
    period: &str,
    seed: u64,
    rows: u64,
    instances: Option<u32>,
    areas: Option<Vec<String>>,
    dialects: Option<Vec<String>>,
) -> PyResult<String> {
    let options = call(py, || {
        let usual = DemoOptions::new(value(period)?);
        let (instances, areas) = (instances.unwrap_or(usual.instances), areas.unwrap_or(usual.areas.clone()));
        let dialects = dialects.map_or(Ok(usual.dialects.clone()), DemoDialect::named)?;
        Ok(DemoOptions { seed, rows, instances, areas, dialects, ..usual })
    })?;
    abandonable(py, move || {
        let files = unblended::demo(&dir, &options)?;
        let bills: BTreeMap<_, _> = files.bills.iter().map(|bill| (bill.dialect.as_str(), &bill.path)).collect();
        written(&json!({
            "bill": files.bill, "bills": bills, "tasks": files.tasks, "instances": files.instances, "volumes": files.volumes,
            "services": files.services, "policy": files.policy, "readme": files.readme, "rows": files.rows,
            "total": files.total, "rounding": files.rounding,
        }))
    })
}

/// The command line program; the first argument is its name.
#[pyfunction]
pub(crate) fn run_cli(py: Python<'_>, argv: Vec<std::ffi::OsString>) -> PyResult<u8> {
    call(py, || Ok(unblended::run_cli(argv)))
}

/// Fails with a code, and for `internal.panic` with a panic, to show what becomes of it.
#[pyfunction]
#[expect(clippy::panic, reason = "that is what it is for")]
pub(crate) fn _fail_for_test(py: Python<'_>, code: &str) -> PyResult<()> {
    let code = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
    call(py, || match code {
        None | Some(ErrorCode::InternalPanic) => panic!("deliberate"),
        Some(code) => Err(Error::new(*code, "deliberate").with_cause("deliberate too")),
    })
}
