//! Files and streams → a bill.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use unblended::facade::{self, ScanRequest, StreamInput};
use unblended::{Policy, Progress};

use crate::bill::Bill;
use crate::border::{parsed, promise};
use crate::stream::{Pipe, Waiting};

/// One scan: streams are added, it is started, watched, and may be cancelled.
#[napi]
#[derive(Debug, Default)]
pub struct Scan {
    progress: Arc<Progress>,
    streams: Vec<StreamInput>,
}

#[napi]
impl Scan {
    /// A scan without streams.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a stream, to be filled from now on.
    #[napi]
    pub fn add_stream(&mut self, name: String) -> Stream {
        let pipe = Pipe::default();
        self.streams.push(StreamInput { name, reader: Box::new(pipe.reader()) });
        Stream(pipe)
    }

    /// Starts it. `policy` decides basis, tag keys and folding of case where it is given.
    #[napi]
    pub fn run<'env>(&mut self, env: &'env Env, request: String, policy: Option<String>) -> napi::Result<Object<'env>> {
        let (streams, progress) = (std::mem::take(&mut self.streams), Arc::clone(&self.progress));
        promise(env, move || {
            let mut request: ScanRequest = parsed(&request)?;
            if let Some(policy) = policy {
                let more = std::mem::take(&mut request.more_tag_keys);
                request.keep_for(&Policy::from_json(&policy)?);
                request.more_tag_keys.extend(more);
            }
            facade::scan(&request, streams, &progress).map(|bill| Bill(Arc::new(bill)))
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

/// Where the bytes of one stream go.
#[napi]
#[derive(Debug)]
pub struct Stream(Pipe);

#[napi]
impl Stream {
    /// Adds bytes; whether more may follow at once.
    #[napi]
    pub fn push(&self, bytes: &[u8]) -> bool {
        self.0.push(bytes.to_vec())
    }

    /// Settles when more may follow.
    #[napi]
    pub fn room<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let (waiting, promise): (Waiting, Object<'env>) = env.create_deferred()?;
        self.0.wait(waiting);
        Ok(promise)
    }

    /// Nothing follows: the source is at its end, or failed.
    #[napi]
    pub fn end(&self, failure: Option<String>) {
        self.0.end(failure);
    }
}
