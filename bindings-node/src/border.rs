//! Calls across the border: threads, promises and errors.

use std::str::FromStr;
use std::thread;

use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Status};
use serde_json::json;
use unblended::facade::border::caught;
use unblended::{Error, ErrorCode, Result};

/// What a promise resolves to, made on the thread of the event loop.
type Resolver<T> = Box<dyn FnOnce(Env) -> napi::Result<T>>;

/// Runs short work at once.
pub(crate) fn call<T>(work: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    caught(work).map_err(|error| raised(&error))
}

/// Runs work on a thread of its own; the promise is settled when it is done.
pub(crate) fn promise<T: ToNapiValue + Send + 'static>(
    env: &Env,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> napi::Result<Object<'_>> {
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
    let started = thread::Builder::new().name("unblended".to_owned()).spawn(move || match caught(work) {
        Ok(answer) => deferred.resolve(Box::new(move |_| Ok(answer))),
        Err(error) => deferred.reject(raised(&error)),
    });
    started.map_err(|cause| raised(&Error::new(ErrorCode::ReadIo, "no thread can be started").with_cause(cause)))?;
    Ok(promise)
}

/// The error as a Node error whose message is JSON text, which `lib/errors.js` makes an `UnblendedError` of.
pub(crate) fn raised(error: &Error) -> napi::Error {
    napi::Error::new(Status::GenericFailure, payload(error))
}

/// Code, class, message, location and the texts of all causes.
fn payload(error: &Error) -> String {
    let mut causes = Vec::new();
    let mut cause = error.cause().map(|cause| cause as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    let code = error.code();
    json!({
        "code": code, "class": code.class(), "message": error.to_string(), "location": error.location(),
        "causes": causes,
    })
    .to_string()
}

/// Text → a value of the core.
pub(crate) fn value<T: FromStr<Err = Error>>(text: &str) -> Result<T> {
    text.parse()
}
