//! A report and its tables; tables cross as Arrow through the C stream interface (spec 10.4).

use std::sync::Arc;

use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use unblended::facade::border::{answer, document};
use unblended::facade::{self, ColumnType, TableName};
use unblended::{Error, ErrorCode};

use crate::border::call;

/// The result of attributing one bill in one currency (spec 7).
#[pyclass(frozen, module = "unblended._native")]
#[derive(Debug)]
pub(crate) struct Report(pub(crate) Arc<unblended::Report>);

#[pymethods]
impl Report {
    /// Reads what [`Report::dump`] wrote.
    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        call(py, || document(text)).map(|report| Self(Arc::new(report)))
    }

    /// The whole report with its cells, as JSON text for [`Report::parse`].
    fn dump(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || answer(&*self.0))
    }

    /// The object of spec 11.2, byte for byte.
    fn to_json(&self, py: Python<'_>, run_id: &str) -> PyResult<String> {
        call(py, || self.0.to_json(run_id))
    }

    /// Everything but cells and diagnostics, as JSON text.
    fn head(&self, py: Python<'_>) -> PyResult<String> {
        call(py, || answer(&facade::report_head(&self.0)))
    }

    fn table(&self, py: Python<'_>, name: &str) -> PyResult<Table> {
        call(py, || facade::table(&self.0, document::<TableName>(&answer(&name)?)?)).map(Table::of)
    }
}

/// One table of a report, or of allocated charges.
#[pyclass(frozen, module = "unblended._native")]
#[derive(Debug)]
pub(crate) struct Table(Arc<facade::Table>);

impl Table {
    pub(crate) fn of(table: facade::Table) -> Self {
        Self(Arc::new(table))
    }

    fn batch(&self, py: Python<'_>) -> PyResult<RecordBatch> {
        call(py, || facade::arrow::record_batch(&self.0))
    }
}

#[pymethods]
impl Table {
    #[getter]
    fn rows(&self) -> usize {
        self.0.rows()
    }

    /// Name, type (`text`, `money` or `count`) and values of each column.
    #[getter]
    fn columns(&self) -> Vec<(String, &'static str, Vec<Option<String>>)> {
        let of = |column: &facade::Column| {
            let column_type = match column.column_type {
                ColumnType::Text => "text",
                ColumnType::Money => "money",
                ColumnType::Count => "count",
            };
            (column.name.clone(), column_type, column.values.clone())
        };
        self.0.columns.iter().map(of).collect()
    }

    fn arrow_stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = self.batch(py)?;
        let schema = batch.schema();
        let reader = RecordBatchIterator::new([Ok(batch)], schema);
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
    }

    fn arrow_schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = self.batch(py)?.schema();
        let schema = call(py, || {
            FFI_ArrowSchema::try_from(schema.as_ref())
                .map_err(|cause| Error::new(ErrorCode::OutputIo, "a schema cannot be written").with_cause(cause))
        })?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}
