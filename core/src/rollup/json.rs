//! The report as one JSON object (spec 11.2): equal results are equal bytes but for `run_id`.

use serde::Serialize;

use super::commitment::CommitmentUse;
use super::coverage::Coverage;
use super::report::{Reallocation, Report, SplitCheckRow, Totals};
use super::tables::{AreaCost, MechanismCost, ProductAreaCost, ServiceCost};
use crate::bill::{BillStatus, BridgeRow};
use crate::classify::CostBasis;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, ErrorCode, Result};
use crate::money::Currency;
use crate::time::BillingPeriod;

/// The keys in the order of the spec.
#[derive(Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub(crate) struct ReportJson<'r> {
    period: BillingPeriod,
    status: BillStatus,
    basis: CostBasis,
    currency: Currency,
    run_id: &'r str,
    totals: Totals,
    area_costs: Vec<AreaCost>,
    service_costs: Vec<ServiceCost>,
    product_area_costs: Vec<ProductAreaCost>,
    mechanisms: Vec<MechanismCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bridge: Option<&'r [BridgeRow]>,
    /// Only where the policy has providers.
    #[serde(skip_serializing_if = "is_empty")]
    #[cfg_attr(feature = "facade", schemars(default))]
    reallocations: &'r [Reallocation],
    /// Only where the bill has split cost allocation data and task runs are known.
    #[serde(skip_serializing_if = "is_empty")]
    #[cfg_attr(feature = "facade", schemars(default))]
    split_check: &'r [SplitCheckRow],
    /// Only where the bill says something of commitments whose fees are set aside, or that its basis spreads.
    #[serde(skip_serializing_if = "has_no_uses")]
    #[cfg_attr(feature = "facade", schemars(default))]
    commitments: &'r [CommitmentUse],
    diagnostics: &'r [Diagnostic],
}

fn is_empty<T>(rows: &&[T]) -> bool {
    rows.is_empty()
}

/// What `coverage --output json` prints.
#[derive(Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub(crate) struct CoverageJson<'r> {
    period: BillingPeriod,
    status: BillStatus,
    basis: CostBasis,
    currency: Currency,
    totals: Totals,
    #[serde(flatten)]
    coverage: &'r Coverage,
}

fn has_no_uses(uses: &&[CommitmentUse]) -> bool {
    uses.is_empty()
}

impl Report {
    /// How much has an owner and what would raise it most, as one JSON object on one line (spec 5.9, 11.3).
    ///
    /// # Errors
    /// `output.io` where it cannot be written.
    pub fn coverage_json(&self) -> Result<String> {
        let Self { period, status, basis, currency, totals, coverage, .. } = self;
        let (period, status, basis, currency, totals) = (*period, *status, *basis, *currency, *totals);
        json_line(&CoverageJson { period, status, basis, currency, totals, coverage })
    }

    /// The report as one JSON object on one line, with a line feed at its end; costs are decimal text.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn to_json(&self, run_id: &str) -> Result<String> {
        let object = ReportJson {
            period: self.period,
            status: self.status,
            basis: self.basis,
            currency: self.currency,
            run_id,
            totals: self.totals,
            area_costs: self.area_costs()?,
            service_costs: self.service_costs()?,
            product_area_costs: self.product_area_costs()?,
            mechanisms: self.mechanisms()?,
            bridge: self.bridge.as_deref(),
            reallocations: &self.reallocations,
            split_check: &self.split_check,
            commitments: &self.commitments,
            diagnostics: &self.diagnostics,
        };
        json_line(&object)
    }
}

fn json_line(object: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string(object)
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "a report cannot be written").with_cause(cause))?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::super::{Cell, IdleReason, Report, RowDetail};
    use crate::diagnostic::{DiagnosticCode, Diagnostics};
    use crate::error::Location;

    #[test]
    fn cells_of_every_kind_are_read_back_from_what_they_are_written_as() {
        let mut report = samples::report();
        for detail in [RowDetail::Pool("tax".to_owned()), RowDetail::Reason(IdleReason::Detached)] {
            report.cells.push(Cell { detail: Some(detail), ..report.cells[0].clone() });
        }
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn json_is_the_object_of_the_spec_byte_for_byte() {
        let mut report = samples::report();
        let mut found = Diagnostics::default();
        found.add(DiagnosticCode::ServicesUnmapped, "the service `web` has no product area", 1, None);
        let place = Location { row: Some(7), ..Location::file("a.csv") };
        found.add(DiagnosticCode::ParsePrecision, "\"x\"", 2, Some(place));
        report.diagnostics = found.list();
        let expected = concat!(
            r#"{"period":"2016-06","status":"invoiced","basis":"unblended","currency":"USD","run_id":"r1","#,
            r#""totals":{"billed":"100","carried_in":"2.5","deferred":"0.5","excluded":"100","areas":"77.000000000000000001","#,
            r#""idle":"4","unused_commitment":"0","shared":"0","unattributed":"20.999999999999999999"},"#,
            r#""area_costs":[{"product_area":null,"row_kind":"unattributed","cost":"20.999999999999999999"},"#,
            r#"{"product_area":"api","row_kind":"area","cost":"70.000000000000000001"},"#,
            r#"{"product_area":"warehouses","row_kind":"area","cost":"7"},"#,
            r#"{"product_area":"warehouses","row_kind":"idle","reason":"unreserved","cost":"4"}],"#,
            r#""service_costs":[{"cluster":null,"service":"family:cron","product_area":"api","cost":"30"},"#,
            r#"{"cluster":"main","service":"web","product_area":null,"cost":"1"}],"#,
            r#""product_area_costs":[{"product":"","product_area":null,"row_kind":"unattributed","cost":"19.999999999999999999"},"#,
            r#"{"product":"EC2","product_area":null,"row_kind":"unattributed","cost":"1"},"#,
            r#"{"product":"EC2","product_area":"api","row_kind":"area","cost":"70.000000000000000001"},"#,
            r#"{"product":"EC2","product_area":"warehouses","row_kind":"area","cost":"7"},"#,
            r#"{"product":"EC2","product_area":"warehouses","row_kind":"idle","reason":"unreserved","cost":"4"}],"#,
            r#""mechanisms":[{"mechanism":"ecs","cost":"30"},{"mechanism":"idle","cost":"4"},"#,
            r#"{"mechanism":"tag","cost":"47.000000000000000001"},{"mechanism":"unattributed","cost":"20.999999999999999999"}],"#,
            r#""diagnostics":[{"code":"parse.precision","severity":"info","count":2,"message":"\"x\"","#,
            r#""location":{"file":"a.csv","row":7}},"#,
            r#"{"code":"services.unmapped","severity":"warning","count":1,"message":"the service `web` has no product area","#,
            r#""location":null}]}"#,
            "\n"
        );
        assert_eq!(report.to_json("r1").unwrap(), expected);
    }
}
