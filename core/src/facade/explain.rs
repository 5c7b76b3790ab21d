//! Why a cell is what it is: charges, mechanisms, rules and digests (spec 5.10).

use serde::{Deserialize, Serialize};

use super::AttributeRequest;
use crate::amortize::ReservationBook;
use crate::attribute::{self, CellFilter, Explanation};
use crate::bill::Bill;
use crate::error::Result;
use crate::evidence::Evidence;

/// Which cells of which attribution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExplainRequest {
    /// The attribution, as it was asked for.
    pub attribute: AttributeRequest,
    /// The cells; all where nothing is said.
    pub cells: CellFilter,
}

/// Attributes the bill again and lists what went into the cells that match.
///
/// # Errors
/// As [`attribute::explain`].
pub fn explain(
    bill: &Bill,
    evidence: &Evidence,
    reservations: &ReservationBook,
    request: &ExplainRequest,
) -> Result<Explanation> {
    let attribution = request.attribute.with_tables()?;
    attribute::explain(&attribution.job(bill, evidence, reservations), &request.cells)
}
