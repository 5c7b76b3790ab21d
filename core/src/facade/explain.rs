//! Why a cell is what it is: charges, mechanisms, rules and digests (spec 5.10).

use serde::{Deserialize, Serialize};

use super::scan::{inputs_of, options_of};
use super::{AttributeRequest, ScanRequest};
use crate::amortize::ReservationBook;
use crate::attribute::{self, CellFilter, Explanation};
use crate::bill::Bill;
use crate::error::Result;
use crate::evidence::Evidence;
use crate::read::{self, BillRow, Progress, ScanOptions};

/// Which cells of which attribution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExplainRequest {
    /// The attribution, as it was asked for.
    pub attribute: AttributeRequest,
    /// The cells; all where nothing is said.
    pub cells: CellFilter,
}

/// What made the cells of a filter, with rows of the bill where they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ExplanationWithRows {
    /// The explanation.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// The first rows of the charges that took part, by file and place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<BillRow>>,
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

/// As [`explain`], with the first `most` rows of the bill's files that the charges which took part were made of, by file
/// and place. The files are read again: `scan` is the request that the bill was scanned by, of paths alone.
///
/// # Errors
/// As [`attribute::explain`] and [`read::rows_of`].
pub fn explain_rows(
    (bill, evidence, reservations): (&Bill, &Evidence, &ReservationBook),
    request: &ExplainRequest,
    scan: &ScanRequest,
    most: usize,
    progress: &Progress,
) -> Result<ExplanationWithRows> {
    let attribution = request.attribute.with_tables()?;
    let job = attribution.job(bill, evidence, reservations);
    let (explanation, charges) = attribute::explain_with_charges(&job, &request.cells)?;
    // Whatever told the period of the bill tells it now.
    let options = ScanOptions { period: bill.period(), ..options_of(scan) };
    let rows = read::rows_of(inputs_of(scan)?, &options, &charges, most, progress)?;
    Ok(ExplanationWithRows { explanation, rows: Some(rows) })
}
