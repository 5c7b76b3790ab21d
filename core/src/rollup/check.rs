//! The promise, checked on the tables: every table sums to the bill (spec 0.1, 0.2, 7.1).

use super::report::{Mechanism, Report, RowKind};
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

impl Report {
    /// Checks that totals, tables and mechanisms sum to `billed + carried_in − deferred`, that the totals by row kind
    /// are those of the rows, and that the service table sums to mechanism `ecs` plus the unattributed cost of
    /// services.
    ///
    /// # Errors
    /// `reconcile.residual` naming the table and the amount; `money.overflow` where a sum leaves the range.
    pub fn reconcile_tables(&self) -> Result<()> {
        let totals = &self.totals;
        let bill = totals.billed.checked_add(totals.carried_in)?.checked_sub(totals.deferred)?;
        let kinds = [
            ("areas", RowKind::Area, totals.areas),
            ("idle", RowKind::Idle, totals.idle),
            ("unused_commitment", RowKind::UnusedCommitment, totals.unused_commitment),
            ("shared", RowKind::Shared, totals.shared),
            ("unattributed", RowKind::Unattributed, totals.unattributed),
        ];
        self.expect("totals", Amount::sum(kinds.iter().map(|(_, _, total)| *total))?, bill)?;
        let areas = self.area_costs()?;
        self.expect("area_costs", Amount::sum(areas.iter().map(|row| row.cost))?, bill)?;
        for (name, kind, total) in kinds {
            let rows = areas.iter().filter(|row| row.row_kind == kind).map(|row| row.cost);
            self.expect(&format!("totals.{name}"), total, Amount::sum(rows)?)?;
        }
        self.expect("product_area_costs", Amount::sum(self.product_area_costs()?.iter().map(|row| row.cost))?, bill)?;
        self.expect("mechanisms", Amount::sum(self.mechanisms()?.iter().map(|row| row.cost))?, bill)?;
        let services = Amount::sum(self.service_costs()?.iter().map(|row| row.cost))?;
        self.expect("service_costs", services, self.cost_of_services()?)
    }

    /// What 7.1 says the service table sums to.
    fn cost_of_services(&self) -> Result<Amount> {
        let counts = self.cells.iter().filter(|cell| {
            cell.mechanism == Mechanism::Ecs || (cell.mechanism == Mechanism::Unattributed && cell.service.is_some())
        });
        Amount::sum(counts.map(|cell| cell.cost))
    }

    fn expect(&self, table: &str, sum: Amount, expected: Amount) -> Result<()> {
        if sum == expected {
            return Ok(());
        }
        let residual = sum.checked_sub(expected)?;
        let message = format!(
            "`{table}` of {} is {sum} {currency} where the bill says {expected}: a residual of {residual} {currency}",
            self.period,
            currency = self.currency,
        );
        Err(Error::new(ErrorCode::ReconcileResidual, message))
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Cell;
    use super::super::samples;
    use super::*;

    fn residual_of(report: &Report) -> String {
        let error = report.reconcile_tables().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReconcileResidual);
        error.to_string()
    }

    fn unit() -> Amount {
        Amount::from_units(1)
    }

    #[test]
    fn a_report_that_sums_up_passes() {
        samples::report().reconcile_tables().unwrap();
    }

    #[test]
    fn one_unit_too_much_is_named_with_its_table() {
        let mut report = samples::report();
        report.totals.billed = report.totals.billed.checked_add(unit()).unwrap();
        assert_eq!(
            residual_of(&report),
            "`totals` of 2016-06 is 102 USD where the bill says 102.000000000000000001: \
             a residual of -0.000000000000000001 USD"
        );
        let mut report = samples::report();
        report.cells[0].cost = report.cells[0].cost.checked_add(unit()).unwrap();
        assert!(residual_of(&report).starts_with("`area_costs` of 2016-06 is 102.000000000000000001 USD"));
    }

    #[test]
    fn totals_under_the_wrong_name_are_found() {
        let mut report = samples::report();
        std::mem::swap(&mut report.totals.idle, &mut report.totals.unused_commitment);
        assert!(residual_of(&report).starts_with("`totals.idle` of 2016-06 is 0 USD where the bill says 4"));
    }

    #[test]
    fn container_cost_without_a_service_is_found() {
        let mut report = samples::report();
        let cells = report.cells.iter().map(|cell| match cell.mechanism {
            Mechanism::Ecs => Cell { service: None, ..cell.clone() },
            _ => cell.clone(),
        });
        report.cells = cells.collect();
        assert!(residual_of(&report).starts_with("`service_costs` of 2016-06 is 1 USD where the bill says 31"));
    }
}
