//! What there is: error codes and JSON Schemas.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    AllocationRequest, AttributeRequest, EvidenceRequest, ExplainRequest, ExplanationWithRows, FinalRow,
    FinalizeTermsRequest, Inspection, RunQuery, ScanRequest, SplitCostRequest,
};
use crate::error::{ErrorClass, ErrorCode};
use crate::policy::Policy;
use crate::rollup::{CoverageJson, ReportJson};

/// One error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorInfo {
    /// The code, such as `parse.bad_decimal`.
    pub code: &'static str,
    /// Whose concern it is; bindings have one error class for each.
    pub class: ErrorClass,
    /// What it means.
    pub meaning: &'static str,
}

/// Every error code there is.
#[must_use]
pub fn error_codes() -> Vec<ErrorInfo> {
    let info = |code: &ErrorCode| ErrorInfo { code: code.as_str(), class: code.class(), meaning: code.meaning() };
    ErrorCode::ALL.iter().map(info).collect()
}

/// JSON Schemas of what is read and written, by name.
#[must_use]
pub fn schemas() -> BTreeMap<&'static str, schemars::Schema> {
    BTreeMap::from([
        ("allocation_request", schemars::schema_for!(AllocationRequest)),
        ("attribute_request", schemars::schema_for!(AttributeRequest)),
        ("coverage", schemars::schema_for!(CoverageJson<'_>)),
        ("evidence_request", schemars::schema_for!(EvidenceRequest)),
        ("explain", schemars::schema_for!(ExplanationWithRows)),
        ("explain_request", schemars::schema_for!(ExplainRequest)),
        ("final_row", schemars::schema_for!(FinalRow)),
        ("finalize_terms", schemars::schema_for!(FinalizeTermsRequest)),
        ("inspect", schemars::schema_for!(Inspection)),
        ("policy", schemars::schema_for!(Policy)),
        ("rollup", schemars::schema_for!(ReportJson<'_>)),
        ("run_query", schemars::schema_for!(RunQuery)),
        ("scan_request", schemars::schema_for!(ScanRequest)),
        ("split_cost_request", schemars::schema_for!(SplitCostRequest)),
    ])
}
