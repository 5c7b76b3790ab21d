//! Why a cell is what it is: charges, mechanisms, rules and digests (spec 5.10).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::scan::{inputs_of, options_of};
use super::{AttributeRequest, Keep, ScanRequest};
use crate::amortize::ReservationBook;
use crate::attribute::{self, CellFilter, Explanation};
use crate::bill::{Bill, Charge, ChargeKey};
use crate::error::Result;
use crate::evidence::Evidence;
use crate::policy::DEFAULT_TAG_KEY;
use crate::read::{self, BillRow, Progress, ScanOptions};

/// Which cells of which attribution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExplainRequest {
    /// The attribution, as it was asked for.
    pub attribute: AttributeRequest,
    /// The cells; all where nothing is said.
    pub cells: CellFilter,
    /// Which rows of the bill's files to list; none where nothing is said.
    pub rows: Option<RowsRequest>,
}

/// Rows of the bill's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowsRequest {
    /// How the bill was scanned, of paths alone; what it keeps is what the bill keeps.
    pub scan: ScanRequest,
    /// The first so many rows, by file and place.
    pub most: usize,
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

/// Attributes the bill again and lists what went into the cells that match, with rows of its files where they are asked
/// for.
///
/// # Errors
/// As [`attribute::explain`] and, with rows, [`read::rows_of`].
pub fn explain(
    bill: &Bill,
    evidence: &Evidence,
    reservations: &ReservationBook,
    request: &ExplainRequest,
) -> Result<ExplanationWithRows> {
    let attribution = request.attribute.with_tables()?;
    let job = attribution.job(bill, evidence, reservations);
    let Some(RowsRequest { scan, most }) = &request.rows else {
        return Ok(ExplanationWithRows { explanation: attribute::explain(&job, &request.cells)?, rows: None });
    };
    let (explanation, charges) = attribute::explain_with_charges(&job, &request.cells)?;
    let scan = as_kept(scan, bill);
    // Whatever told the period of the bill tells it now.
    let options = ScanOptions { period: bill.period(), ..options_of(&scan) };
    let rows = read::rows_of(inputs_of(&scan)?, &options, &charges, *most, &Progress::default())?;
    Ok(ExplanationWithRows { explanation, rows: Some(rows) })
}

/// A scan that keeps what the bill keeps.
fn as_kept(scan: &ScanRequest, bill: &Bill) -> ScanRequest {
    let is_default = bill.tag_keys() == [DEFAULT_TAG_KEY];
    let timed = bill.charges().iter().map(Charge::key).filter(|key| key.is_timed());
    let timed: BTreeSet<&str> = timed.map(ChargeKey::resource_id).collect();
    ScanRequest {
        basis: bill.basis(),
        tag_keys: (!is_default).then(|| bill.tag_keys().to_vec()),
        more_tag_keys: Vec::new(),
        cost_categories: bill.cost_categories().to_vec(),
        keep_intervals: Keep::Resources(timed.into_iter().map(str::to_owned).collect()),
        ..scan.clone()
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;
    use crate::demo::{DemoDialect, DemoOptions, demo};
    use crate::facade::{allocated_charges, scan};
    use crate::money::{Amount, Currency};

    #[test]
    fn rows_of_every_format_sum_to_the_bill_in_its_basis() {
        let folder = tempfile::tempdir().unwrap();
        let all = DemoDialect::ALL.to_vec();
        let options = DemoOptions { rows: 1500, dialects: all, ..DemoOptions::new("2016-06".parse().unwrap()) };
        let files = demo(folder.path(), &options).unwrap();
        let mut seen = 0;
        for written in files.bills {
            let (dialect, paths) = (written.dialect, vec![written.path.display().to_string()]);
            let request = ScanRequest { paths, tag_keys: Some(Vec::new()), threads: 3, ..ScanRequest::default() };
            let bill = scan(&request, Vec::new(), &Progress::new()).unwrap();
            let given = (&bill, &Evidence::default(), &ReservationBook::default());
            let rows = Some(RowsRequest { scan: request, most: usize::MAX });
            let mut job = ExplainRequest { rows, ..ExplainRequest::default() };
            job.attribute.policy.areas.tag_keys.clear();
            let explained = explain(given.0, given.1, given.2, &job).unwrap();
            let rows = explained.rows.unwrap();
            let contributions = explained.explanation.contributions.iter();
            let charges =
                contributions.filter(|part| part.commitment.is_none()).filter_map(|part| part.charge.as_ref());
            // Without evidence no charge is split. Fees that are set aside are shared as sums.
            let fees = explained.explanation.fees.iter().flat_map(|fee| &fee.charges);
            let billed: Vec<_> = charges.chain(fees).map(|charge| (charge.billed, charge.rows)).collect();
            assert_eq!(rows.len() as u64, billed.iter().map(|(_, rows)| rows).sum::<u64>(), "{dialect:?}");
            let sum = Amount::sum(rows.iter().map(|row| row.cost)).unwrap();
            assert_eq!(sum, Amount::sum(billed.iter().map(|(amount, _)| *amount)).unwrap(), "{dialect:?}");
            assert_eq!(sum, bill.billed(Currency::USD).unwrap());
            assert!(rows.is_sorted() && rows.iter().all(|row| row.row > 0));
            seen += 1;
            let table = allocated_charges(given.0, given.1, given.2, &job.attribute).unwrap();
            let costs = table.columns.iter().find(|column| column.name == "BilledCost").unwrap();
            let costs = costs.values.iter().flatten().map(|cost| cost.parse().unwrap());
            let report = crate::facade::attribute(given.0, given.1, given.2, &job.attribute).unwrap();
            let deferred = report.totals.deferred;
            assert_eq!(Amount::sum(costs).unwrap(), bill.billed(Currency::USD).unwrap().checked_sub(deferred).unwrap());
        }
        assert_eq!(seen, DemoDialect::ALL.len());
    }
}
