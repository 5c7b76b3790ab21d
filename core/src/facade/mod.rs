//! The only surface bindings and the command line program may call: owned serde types in, owned types and tables out.
//!
//! Invariants:
//! - requests deny unknown fields and have defaults; money and decimals are text; times are RFC 3339;
//! - nothing here decides an amount: every operation calls one stage and passes on what it says;
//! - the clock and run ids come in here, and nowhere deeper.

mod allocated;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod border;
mod catalogue;
#[cfg(feature = "cli")]
mod demo;
mod evidence;
mod explain;
mod inspect;
mod pipe;
mod pure;
mod report;
mod scan;
mod store;
mod table;
mod threads;
mod vectors;
mod view;

pub use allocated::allocated_charges;
pub use catalogue::{ErrorInfo, error_codes, schemas};
#[cfg(feature = "cli")]
pub use demo::{DemoRequest, write_demo};
pub use evidence::{EvidenceRequest, EvidenceSource, ServiceSource, evidence};
pub use explain::{ExplainRequest, ExplanationWithRows, RowsRequest, explain};
pub use inspect::{Inspection, KindTotal, ResourceCounts, TagCoverage, inspect};
pub use pipe::{Pipe, PipeReader};
pub use pure::split_amount;
pub use report::{AttributeRequest, attribute, read_policy, reservations};
pub use scan::{Keep, ScanRequest, load_bill, save_bill, scan, tag_keys};
pub use store::{FinalizeTermsRequest, RunQuery, StoreHandle, new_run_id};
pub use table::{Column, ColumnType, RowObject, Table, TableName, table};
pub use vectors::{fail, vector};
pub use view::{AttachmentView, EvidenceView, TaskRunView, bill_head, report_head};

pub use crate::amortize::{AmortizedPart, amortize_fee};
pub use crate::attribute::{AllocationRequest, AllocationRow, SplitCostRequest, allocate_cpu, split_cost};
pub use crate::bill::{FinalAnswer, FinalRow, is_final};
pub use crate::read::Input;
use crate::time::Timestamp;

/// The clock.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}
