//! A table of another Python library as record batches, by the Arrow `PyCapsule` interface.

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

const EXPORT: &str = "__arrow_c_stream__";

/// The record batches of an object that exports them; `None` where it does not.
///
/// They may be read on any thread, without the interpreter lock: a library that needs it for a batch takes it.
pub(crate) fn exported_stream(source: &Bound<'_, PyAny>) -> PyResult<Option<RecordBatchStreamReader>> {
    if !source.hasattr(EXPORT)? {
        return Ok(None);
    }
    let exported = source.call_method0(EXPORT)?;
    moved_out(exported.cast::<PyCapsule>()?).map(Some)
}

/// Takes the stream out of its capsule, which then only frees its memory, as the interface asks of a consumer.
#[expect(unsafe_code, reason = "the Arrow C stream interface is a pointer to a C structure")]
fn moved_out(capsule: &Bound<'_, PyCapsule>) -> PyResult<RecordBatchStreamReader> {
    let stream = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds a valid, aligned `ArrowArrayStream` (`PyCapsule` interface), which
    // `FFI_ArrowArrayStream` mirrors. It lives as long as the capsule, which is borrowed here, and nobody else reads or
    // writes it meanwhile, because the interpreter lock is held. `from_raw` moves it out and leaves a released one, so
    // that the capsule's destructor does not release it again.
    let reader = unsafe { RecordBatchStreamReader::from_raw(stream.as_ptr()) };
    reader.map_err(|cause| PyValueError::new_err(cause.to_string()))
}
