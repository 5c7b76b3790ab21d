//! A report and its tables; rows cross as JSON text in pages, tables as Arrow IPC bytes (spec 10.4).

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;
use serde_json::json;
use unblended::facade::{self, TableName};

use crate::border::{call, parsed, promise, written};

/// The result of attributing one bill in one currency (spec 7).
#[napi]
#[derive(Debug)]
pub struct Report(pub(crate) Arc<unblended::Report>);

#[napi]
impl Report {
    /// Reads what [`Report::to_bytes`] wrote.
    #[napi]
    pub fn from_bytes(env: &Env, bytes: Uint8Array) -> napi::Result<Object<'_>> {
        let bytes = bytes.to_vec();
        promise(env, move || parsed(&String::from_utf8_lossy(&bytes)).map(|report| Self(Arc::new(report))))
    }

    /// The whole report with its cells.
    #[napi]
    pub fn to_bytes<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let report = Arc::clone(&self.0);
        promise(env, move || written(report.as_ref()).map(|text| Uint8Array::from(text.into_bytes())))
    }

    /// The object of spec 11.2, byte for byte.
    #[napi]
    pub fn to_json(&self, run_id: String) -> napi::Result<String> {
        call(|| self.0.to_json(&run_id))
    }

    /// Everything but cells, as JSON text.
    #[napi]
    pub fn head(&self) -> napi::Result<String> {
        let Self(report) = self;
        call(|| {
            written(&json!({
                "period": report.period, "status": report.status, "as_of": report.as_of, "basis": report.basis,
                "currency": report.currency, "payers": report.payers, "stops_early": report.stops_early,
                "totals": report.totals, "coverage": report.coverage, "digests": report.digests,
                "inputs": report.inputs, "diagnostics": report.diagnostics,
            }))
        })
    }

    /// One table, to be read page by page.
    #[napi]
    pub fn table<'env>(&self, env: &'env Env, name: String) -> napi::Result<Object<'env>> {
        let report = Arc::clone(&self.0);
        promise(env, move || facade::table(&report, parsed::<TableName>(&written(&name)?)?).map(Table))
    }

    /// One table as an Arrow IPC stream.
    #[napi]
    pub fn table_ipc<'env>(&self, env: &'env Env, name: String) -> napi::Result<Object<'env>> {
        let report = Arc::clone(&self.0);
        promise(env, move || {
            let table = facade::table(&report, parsed::<TableName>(&written(&name)?)?)?;
            facade::arrow::ipc_stream(&table).map(Uint8Array::from)
        })
    }
}

/// One table of a report.
#[napi]
#[derive(Debug)]
pub struct Table(facade::Table);

#[napi]
impl Table {
    /// Number of rows.
    #[napi]
    pub fn rows(&self) -> u32 {
        u32::try_from(self.0.rows()).unwrap_or(u32::MAX)
    }

    /// Names and types of the columns with the values of some rows, as JSON text.
    #[napi]
    pub fn page(&self, from: u32, count: u32) -> napi::Result<String> {
        let whole = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        call(|| {
            let columns = self.0.columns.iter().map(|column| {
                let values: Vec<&Option<String>> = column.values.iter().skip(whole(from)).take(whole(count)).collect();
                json!({"name": column.name, "column_type": column.column_type, "values": values})
            });
            written(&columns.collect::<Vec<_>>())
        })
    }
}
