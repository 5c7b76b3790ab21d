//! A report and its tables; rows cross in pages, tables as Arrow IPC bytes (spec 10.4).

use std::io::Read as _;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;
use unblended::facade::border::{answer, document};
use unblended::facade::{self, Table};
use unblended::{Error, ErrorCode, Result};

use crate::answer::Answer;
use crate::border::{call, promise};
use crate::stream::Stream;

/// The result of attributing one bill in one currency (spec 7), and what it is without cells as JSON text.
#[napi]
#[derive(Debug)]
pub struct Report {
    pub(crate) report: Arc<unblended::Report>,
    head: String,
}

impl Report {
    pub(crate) fn of(report: unblended::Report) -> Result<Self> {
        Ok(Self { head: answer(&facade::report_head(&report))?, report: Arc::new(report) })
    }

    fn in_table<'env, T: napi::bindgen_prelude::ToNapiValue + Send + 'static>(
        &self,
        env: &'env Env,
        name: &str,
        then: fn(&Table) -> Result<T>,
    ) -> napi::Result<Object<'env>> {
        let (report, name) = (Arc::clone(&self.report), answer(&name));
        promise(env, move || then(&facade::table(&report, document(&name?)?)?))
    }
}

#[napi]
impl Report {
    /// Reads what [`Report::to_bytes`] wrote.
    #[napi]
    pub fn receive<'env>(env: &'env Env, stream: &Stream) -> napi::Result<Object<'env>> {
        let mut reader = stream.0.reader();
        promise(env, move || {
            let mut bytes = Vec::new();
            let read = reader.read_to_end(&mut bytes);
            read.map_err(|cause| Error::new(ErrorCode::ReadIo, "a report cannot be read").with_cause(cause))?;
            Self::of(document(&String::from_utf8_lossy(&bytes))?)
        })
    }

    /// The whole report with its cells.
    #[napi]
    pub fn to_bytes<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let report = Arc::clone(&self.report);
        promise(env, move || answer(report.as_ref()).map(|text| Uint8Array::from(text.into_bytes())))
    }

    /// The object of spec 11.2, byte for byte.
    #[napi]
    pub fn to_json(&self, run_id: String) -> napi::Result<String> {
        call(|| self.report.to_json(&run_id))
    }

    /// Everything but cells and findings, as JSON text.
    #[napi]
    pub fn head(&self) -> String {
        self.head.clone()
    }

    /// Findings with their locations.
    #[napi]
    pub fn diagnostics<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let report = Arc::clone(&self.report);
        promise(env, move || Answer::of(&report.diagnostics))
    }

    /// The rows of one table.
    #[napi]
    pub fn table<'env>(&self, env: &'env Env, name: String) -> napi::Result<Object<'env>> {
        self.in_table(env, &name, |table| Answer::of(&table.objects()))
    }

    /// One table as an Arrow IPC stream.
    #[napi]
    pub fn table_ipc<'env>(&self, env: &'env Env, name: String) -> napi::Result<Object<'env>> {
        self.in_table(env, &name, |table| facade::arrow::ipc_stream(table).map(Uint8Array::from))
    }
}
