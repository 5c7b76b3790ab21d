//! Append-only runs beside finalized tables (spec 7.2–7.5, 8).
//!
//! A run is appended with all its tables in one transaction and never changed; what is *latest* or *live* is a view.
//! [`decide_finalization`] is the pure state machine that every store asks before it appends a finalized version.
//!
//! Invariants:
//! - a crash at any point leaves all of a run or nothing of it;
//! - one live version per payer, period, basis and currency, and a new one only by the rules of spec 7.4;
//! - money is kept as exact decimal text and added up here, never by a database.

mod finalize;
mod run;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use finalize::{
    AreaDifference, FinalContent, FinalizeCandidate, FinalizeOutcome, FinalizeTerms, LiveVersion, Refusal,
    decide_finalization,
};
pub use run::{FinalizeRequest, FinalizedSummary, NewRun, RunChoice, RunFilter, RunSummary, StoredRun};
#[cfg(feature = "sqlite")]
pub use sqlite::Store;
