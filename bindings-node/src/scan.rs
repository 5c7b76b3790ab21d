//! Files and streams → a bill.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use unblended::Progress;
use unblended::facade::border::{Large, scan_request};
use unblended::facade::{self, Input, Keep};

use crate::bill::{Bill, Evidence};
use crate::border::promise;
use crate::stream::Stream;

/// One scan: streams are added, it is started, watched, and may be cancelled.
#[napi]
#[derive(Debug, Default)]
pub struct Scan {
    progress: Arc<Progress>,
    streams: Vec<Input>,
    evidence: Option<Arc<Large<unblended::Evidence>>>,
}

#[napi]
impl Scan {
    /// A scan without streams.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a stream.
    #[napi]
    pub fn add_stream(&mut self, name: String, stream: &Stream) {
        self.streams.push(Input::stream(name, stream.0.reader()));
    }

    /// Keeps the usage intervals of the resources that evidence names.
    #[napi]
    pub fn keep_for(&mut self, evidence: &Evidence) {
        self.evidence = Some(Arc::clone(&evidence.0));
    }

    /// Starts it. `policy` decides basis, tag keys and folding of case where it is given.
    #[napi]
    pub fn run<'env>(&mut self, env: &'env Env, request: String, policy: Option<String>) -> napi::Result<Object<'env>> {
        let (streams, progress) = (std::mem::take(&mut self.streams), Arc::clone(&self.progress));
        let evidence = self.evidence.take();
        promise(env, move || {
            let mut request = scan_request(&request, policy.as_deref())?;
            if let Some(evidence) = evidence {
                request.keep_intervals = Keep::Resources(evidence.resources().map(str::to_owned).collect());
            }
            Bill::of(facade::scan(&request, streams, &progress)?)
        })
    }

    /// Bytes done, bytes in all (0 while unknown) and rows.
    #[napi]
    pub fn progress(&self) -> Vec<i64> {
        let counts = [self.progress.bytes_done(), self.progress.bytes_total(), self.progress.rows()];
        counts.map(|count| i64::try_from(count).unwrap_or(i64::MAX)).to_vec()
    }

    /// Asks it to stop with `read.cancelled`.
    #[napi]
    pub fn cancel(&self) {
        self.progress.cancel();
    }
}
