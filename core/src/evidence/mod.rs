//! What the bill does not say: who ran where, and when (spec 4).
//!
//! [`EvidenceBuilder`] takes event files, snapshots, normalized tables and service maps and gives [`Evidence`]:
//! task runs, registrations and attachments as intervals.
//!
//! Invariants:
//! - Evidence is a function of the *set* of events: order, duplicates and how events are cut into files change nothing
//!   but diagnostic locations (spec 0.3). While reading, only facts are kept whose merge is commutative, associative
//!   and idempotent; intervals are made of them at the end.
//! - Nothing is dropped silently: what is not used is a diagnostic, what cannot be read an error with its place.

mod attachments;
mod builder;
mod canonical;
mod cloudtrail;
mod containers;
mod event;
mod json;
mod kinds;
mod model;
mod names;
mod order;
#[cfg(feature = "fs")]
mod plain_rows;
mod runs;
mod scalar;
mod service_files;
mod service_map;
#[cfg(feature = "fs")]
mod source;
mod tables;
mod task_event;
mod task_facts;
mod task_runs;
mod tasks;
#[cfg(test)]
mod tests;
mod texts;
mod volumes;

pub use builder::EvidenceBuilder;
pub use model::{Capacity, Evidence, EvidenceOptions, Registration, VolumeAttachment};
pub use service_files::Encoding;
pub use service_map::{ServiceMap, ServiceOwner};
#[cfg(feature = "fs")]
pub use source::{evidence_files, read_evidence_file};
pub use task_runs::{TaskKind, TaskRun, TaskRunRef, TaskRuns};
