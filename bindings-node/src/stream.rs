//! Bytes that JavaScript pushes and a thread reads.

use napi::bindgen_prelude::Object;
use napi::{Env, JsDeferred};
use napi_derive::napi;
use unblended::facade::Pipe;

/// Settles the promise of a source that waits for room.
type Waiting = JsDeferred<(), fn(Env) -> napi::Result<()>>;

/// Where the bytes of one source go.
#[napi]
#[derive(Debug, Default)]
pub struct Stream(pub(crate) Pipe);

#[napi]
impl Stream {
    /// An empty stream, to be filled from now on.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes; whether more may follow at once.
    #[napi]
    pub fn push(&self, bytes: &[u8]) -> bool {
        self.0.push(bytes.to_vec())
    }

    /// Settles when more may follow.
    #[napi]
    pub fn room<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let (waiting, promise): (Waiting, Object<'env>) = env.create_deferred()?;
        self.0.wait(move || waiting.resolve(|_| Ok(())));
        Ok(promise)
    }

    /// Nothing follows: the source is at its end, or failed.
    #[napi]
    pub fn end(&self, failure: Option<String>) {
        self.0.end(failure);
    }
}
