//! What every binding does where a call crosses into its language: requests and answers as JSON text, panics as errors.
//!
//! Requests and texts given inline cross in one step and are held several times over, so their size is bounded; what is
//! larger is read from files and streams, which is bounded only by the machine.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ScanRequest;
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Policy;

/// Most bytes of the JSON text of one request.
pub const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Most bytes of one text given inline, such as events, a service map or a policy.
pub const TEXT_BYTES_MAX: usize = 32 << 20;

/// JSON text → a request.
///
/// # Errors
/// `config.too_large` beyond [`REQUEST_BYTES_MAX`]; `config.bad_value` where it is no such request.
pub fn request<T: DeserializeOwned>(text: &str) -> Result<T> {
    at_most(REQUEST_BYTES_MAX, "the request", text)?;
    document(text)
}

/// JSON text → what this version wrote before, of any size.
///
/// # Errors
/// `config.bad_value` where it is nothing of that kind.
pub fn document<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|cause| {
        let text = cause.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text);
        Error::new(ErrorCode::ConfigBadValue, message)
    })
}

/// A scan as it was asked for; a policy decides basis, tag keys, cost categories and folding of case where it is given as JSON text.
///
/// # Errors
/// As [`request`], and those of [`Policy::from_json`].
pub fn scan_request(text: &str, policy: Option<&str>) -> Result<ScanRequest> {
    let mut asked: ScanRequest = request(text)?;
    if let Some(text) = policy {
        let more = std::mem::take(&mut asked.more_tag_keys);
        let categories = std::mem::take(&mut asked.cost_categories);
        asked.keep_for(&self::policy(text, true)?);
        asked.more_tag_keys.extend(more);
        let others = categories.into_iter().filter(|name| !asked.cost_categories.contains(name)).collect::<Vec<_>>();
        asked.cost_categories.extend(others);
    }
    Ok(asked)
}

/// A policy of a text, JSON or TOML.
///
/// # Errors
/// `config.too_large` beyond [`TEXT_BYTES_MAX`]; those of [`Policy::from_json`] and [`Policy::from_toml`].
pub fn policy(text: &str, is_json: bool) -> Result<Policy> {
    at_most(TEXT_BYTES_MAX, "the policy", text)?;
    if is_json { Policy::from_json(text) } else { Policy::from_toml(text) }
}

/// An answer → JSON text.
///
/// # Errors
/// `output.io` where it has no such form.
pub fn answer(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer)
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "an answer cannot be written").with_cause(cause))
}

/// Runs work whose panic is an error: none crosses the border (spec 10.3).
///
/// # Errors
/// Those of the work; `internal.panic` where it panics.
pub fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

/// The error that stands for a panic.
#[must_use]
pub fn panicked() -> Error {
    Error::new(ErrorCode::InternalPanic, "a defect of this library was caught, please report it")
}

/// A value of many small parts, which are given back on a thread of their own: who lets go of it last may be a collector
/// of garbage on a thread that must not wait.
#[derive(Debug, Default)]
pub struct Large<T: Default + Send + 'static>(T);

impl<T: Default + Send + 'static> From<T> for Large<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Default + Send + 'static> Deref for Large<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Default + Send + 'static> Drop for Large<T> {
    fn drop(&mut self) {
        let value = std::mem::take(&mut self.0);
        // Where no thread can be started, the value is given back here.
        let _ = thread::Builder::new().name("unblended".to_owned()).spawn(move || drop(value));
    }
}

/// Refuses a text that is larger than is taken.
pub(super) fn at_most(bytes_max: usize, what: &str, text: &str) -> Result<()> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    let message = format!("{what} has {} bytes, more than {bytes_max}; give a file", text.len());
    Err(Error::new(ErrorCode::ConfigTooLarge, message))
}

#[cfg(test)]
mod tests {
    use super::super::{EvidenceRequest, EvidenceSource, evidence};
    use super::*;

    #[test]
    fn requests_and_texts_beyond_their_limits_are_refused() {
        let padded = |bytes| format!("{{{}}}", " ".repeat(bytes - 2));
        assert!(request::<EvidenceRequest>(&padded(REQUEST_BYTES_MAX)).is_ok());
        let refused = request::<EvidenceRequest>(&padded(REQUEST_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ConfigTooLarge);

        let text = |bytes| EvidenceSource::Text { name: "text".into(), text: "\n".repeat(bytes) };
        let events = |bytes| EvidenceRequest { events: vec![text(bytes)], ..EvidenceRequest::default() };
        assert!(evidence(&events(TEXT_BYTES_MAX)).is_ok());
        assert_eq!(evidence(&events(TEXT_BYTES_MAX + 1)).unwrap_err().code(), ErrorCode::ConfigTooLarge);
        assert_eq!(policy(&padded(TEXT_BYTES_MAX + 1), true).unwrap_err().code(), ErrorCode::ConfigTooLarge);
    }

    #[test]
    fn a_policy_decides_what_is_kept_beside_the_keys_that_were_asked_for() {
        let kept = scan_request(r#"{"more_tag_keys":["Name"]}"#, Some(r#"{"basis":"unblended"}"#)).unwrap();
        assert_eq!((kept.tag_keys, kept.more_tag_keys), (None, vec!["Name".to_owned()]));
    }

    #[test]
    fn panics_are_errors() {
        let work = || -> Result<()> { panic!("deliberate") };
        assert_eq!(caught(work).unwrap_err().code(), ErrorCode::InternalPanic);
    }
}
