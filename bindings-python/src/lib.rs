//! The native part of the Python package `unblended`: the facade of the core, JSON text in, owned objects and text out.
//!
//! Invariants:
//! - nothing here decides an amount; the typed Python around it (`python/unblended`) decides none either;
//! - every call that may take long releases the interpreter lock and answers Ctrl-C (spec 10.2);
//! - a panic never crosses the border: it is the error `internal.panic` (spec 10.3).
#![deny(unsafe_code, reason = "only the macros of pyo3 may generate it, and one call of `arrow` that says why")]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "arguments of Python functions arrive as owned values, and pyo3 needs a receiver"
)]

mod arrow;
mod bill;
mod border;
mod catalogue;
mod pure;
mod report;
mod scan;
mod store;
mod stream;

use pyo3::prelude::*;

/// The extension module.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::bill::{Bill, Evidence, Reservations};
    #[pymodule_export]
    use crate::catalogue::{
        _fail_for_test, demo, error_codes, policy, policy_digest, read_policy, run_cli, schemas, tag_keys, version,
    };
    #[pymodule_export]
    use crate::pure::{_vector, allocate_cpu, amortize, is_final, new_run_id, split, split_cost};
    #[pymodule_export]
    use crate::report::{Report, Table};
    #[pymodule_export]
    use crate::scan::scan;
    #[pymodule_export]
    use crate::store::Store;
}
