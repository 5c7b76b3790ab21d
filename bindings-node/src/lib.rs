//! The add-on under the Node package: opaque handles, JSON text in and out, promises settled from own threads.
//!
//! Invariants:
//! - no domain logic: every function is one call of the facade; names and shapes for users are made in `lib/*.js`;
//! - nothing that grows with a bill or evidence runs on the thread of the event loop; large answers cross in pages;
//! - errors cross as JSON text, a panic as `internal.panic`.
#![allow(
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    reason = "items are public for napi alone, which hands arguments over by value; users read `index.d.ts`"
)]

pub mod answer;
pub mod bill;
mod border;
pub mod catalogue;
pub mod pure;
pub mod report;
pub mod scan;
pub mod store;
pub mod stream;
