//! The store of runs and finalized versions (spec 7).

use std::sync::{Arc, Mutex, PoisonError};

use napi::Env;
use napi::bindgen_prelude::{Object, ToNapiValue};
use napi_derive::napi;
use unblended::facade::StoreHandle;
use unblended::facade::border::request;
use unblended::{Error, ErrorCode, Result};

use crate::answer::Answer;
use crate::bill::{Bill, Reservations};
use crate::border::promise;
use crate::report::Report;

/// An open store; `None` once closed.
#[napi]
#[derive(Debug)]
pub struct Store(Arc<Mutex<Option<StoreHandle>>>);

impl Store {
    fn with<'env, T: ToNapiValue + Send + 'static>(
        &self,
        env: &'env Env,
        work: impl FnOnce(&mut StoreHandle) -> Result<T> + Send + 'static,
    ) -> napi::Result<Object<'env>> {
        let store = Arc::clone(&self.0);
        promise(env, move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            work(store.as_mut().ok_or_else(|| Error::new(ErrorCode::StoreIo, "the store is closed"))?)
        })
    }
}

#[napi]
impl Store {
    /// Opens a store.
    #[napi]
    pub fn open(env: &Env, url: String, create: bool) -> napi::Result<Object<'_>> {
        promise(env, move || StoreHandle::open(&url, create).map(|store| Self(Arc::new(Mutex::new(Some(store))))))
    }

    /// Closes it, after what is under way.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let store = Arc::clone(&self.0);
        promise(env, move || {
            drop(store.lock().unwrap_or_else(PoisonError::into_inner).take());
            Ok(())
        })
    }

    /// Appends a report as a new run under a fresh id.
    #[napi]
    pub fn append<'env>(&self, env: &'env Env, id: String, report: &Report, bill: &Bill) -> napi::Result<Object<'env>> {
        let (report, bill) = (Arc::clone(&report.report), Arc::clone(&bill.bill));
        self.with(env, move |store| store.append_as(&id, &report, &bill))
    }

    /// Keeps the fees of a table for later runs.
    #[napi]
    pub fn add_reservations<'env>(&self, env: &'env Env, table: &Reservations) -> napi::Result<Object<'env>> {
        let table = Arc::clone(&table.book);
        self.with(env, move |store| store.add_reservations(&table))
    }

    /// The runs that match.
    #[napi]
    pub fn runs<'env>(&self, env: &'env Env, query: String) -> napi::Result<Object<'env>> {
        self.with(env, move |store| Answer::of(&store.runs(&request(&query)?)?))
    }

    /// The report of one run.
    #[napi]
    pub fn run<'env>(&self, env: &'env Env, id: String) -> napi::Result<Object<'env>> {
        self.with(env, move |store| Report::of(store.run(&id)?.report))
    }

    /// All finalized versions.
    #[napi]
    pub fn finalized<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        self.with(env, move |store| Answer::of(&store.finalized()?))
    }

    /// Finalizes a run; what came of it.
    #[napi]
    pub fn finalize<'env>(&self, env: &'env Env, query: String, terms: String) -> napi::Result<Object<'env>> {
        self.with(env, move |store| Answer::of(&store.finalize(&request(&query)?, &request(&terms)?)?))
    }

    /// Fees of earlier scans.
    #[napi]
    pub fn reservations<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        self.with(env, move |store| store.reservations().map(Reservations::of))
    }
}
