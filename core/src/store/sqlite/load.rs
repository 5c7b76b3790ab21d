//! Rows → runs, finalized versions and books.

use rusqlite::{Connection, params};

use super::super::finalize::{FinalContent, LiveVersion};
use super::super::run::{FinalizedSummary, NewRun, RunFilter, RunSummary, StoredRun};
use super::details::Details;
use super::values::{Fields, select};
use crate::amortize::{BookEntry, ReservationBook};
use crate::bill::InputDigest;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, ErrorCode, Result};
use crate::rollup::{
    AreaCost, Cell, MechanismCost, ProductAreaCost, Reallocation, Report, ReportDigests, RowDetail, ServiceCost, Totals,
};

/// The tables of a run as they are stored.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) area_costs: Vec<AreaCost>,
    pub(super) service_costs: Vec<ServiceCost>,
    pub(super) product_area_costs: Vec<ProductAreaCost>,
    pub(super) mechanisms: Vec<MechanismCost>,
}

impl Tables {
    pub(super) fn into_content(self, digests: ReportDigests, software_version: String) -> FinalContent {
        FinalContent {
            digests,
            software_version,
            area_costs: self.area_costs,
            service_costs: self.service_costs,
            product_area_costs: self.product_area_costs,
        }
    }
}

/// The matching runs of a table or view, oldest first.
pub(super) fn runs(connection: &Connection, source: &str, filter: &RunFilter) -> Result<Vec<RunSummary>> {
    let query = format!("SELECT * FROM {source} WHERE ?1 IS NULL OR period = ?1 ORDER BY created_at, run_id");
    let period = filter.period.map(|period| period.to_string());
    let mut runs = select(connection, &query, params![period], summary)?;
    runs.retain(|run| filter.matches(run));
    Ok(runs)
}

pub(super) fn run(connection: &Connection, id: &str) -> Result<StoredRun> {
    let found = select(connection, "SELECT * FROM runs WHERE run_id = ?1", [id], summary)?.pop();
    let run = found.ok_or_else(|| Error::new(ErrorCode::StoreNotFound, format!("the store has no run `{id}`")))?;
    let details = Details::load(connection, id)?;
    let report = Report {
        period: run.period,
        status: run.status,
        as_of: run.as_of,
        basis: run.basis,
        currency: run.currency,
        payers: run.payers,
        stops_early: run.stops_early,
        totals: run.totals,
        bridge: details.bridge,
        coverage: details.coverage,
        cells: rows_of(connection, "run_cells", id, cell)?,
        reallocations: rows_of(connection, "run_reallocations", id, |fields| {
            Ok(Reallocation {
                provider: fields.value("provider")?,
                consumer: fields.value("consumer")?,
                cost: fields.value("cost")?,
            })
        })?,
        split_check: details.split_check,
        commitments: details.commitments,
        digests: run.digests,
        inputs: rows_of(connection, "run_inputs", id, |fields| {
            Ok(InputDigest { bytes: fields.count("bytes")?, hash: fields.text("hash")? })
        })?,
        diagnostics: rows_of(connection, "run_diagnostics", id, diagnostic)?,
    };
    Ok(StoredRun {
        run: NewRun { id: run.id, created_at: run.created_at, software_version: run.software_version },
        report,
    })
}

pub(super) fn tables(connection: &Connection, id: &str) -> Result<Tables> {
    Ok(Tables {
        area_costs: rows_of(connection, "area_costs", id, area_cost)?,
        service_costs: rows_of(connection, "service_costs", id, service_cost)?,
        product_area_costs: rows_of(connection, "product_area_costs", id, product_area_cost)?,
        mechanisms: rows_of(connection, "run_mechanisms", id, |fields| {
            Ok(MechanismCost { mechanism: fields.value("mechanism")?, cost: fields.value("cost")? })
        })?,
    })
}

fn rows_of<T>(
    connection: &Connection,
    table: &str,
    id: &str,
    read: impl Fn(&Fields<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    select(connection, &format!("SELECT * FROM {table} WHERE run_id = ?1 ORDER BY position"), [id], read)
}

/// The live version of a report's payer, period, basis and currency; a report of several payers has none.
pub(super) fn live_version(connection: &Connection, report: &Report) -> Result<Option<LiveVersion>> {
    let mut payers = report.payers.iter();
    let (Some(payer), None) = (payers.next(), payers.next()) else { return Ok(None) };
    let (period, basis) = (report.period.to_string(), report.basis.as_str());
    let key = params![payer, period, basis, report.currency.as_str()];
    let scope = "payer = ?1 AND period = ?2 AND basis = ?3 AND currency = ?4";
    let header = "SELECT live.version, runs.* FROM live_finalized AS live JOIN runs USING (run_id)
        WHERE live.payer = ?1 AND live.period = ?2 AND live.basis = ?3 AND live.currency = ?4";
    let live = select(connection, header, key, |fields| {
        Ok((version(fields)?, digests(fields)?, fields.text("software_version")?))
    })?;
    let Some((version, digests, software_version)) = live.into_iter().next() else { return Ok(None) };
    let rows = |table: &str| format!("SELECT * FROM live_{table} WHERE {scope} ORDER BY position");
    let content = FinalContent {
        digests,
        software_version,
        area_costs: select(connection, &rows("area_costs"), key, area_cost)?,
        service_costs: select(connection, &rows("service_costs"), key, service_cost)?,
        product_area_costs: select(connection, &rows("product_area_costs"), key, product_area_cost)?,
    };
    Ok(Some(LiveVersion { version, content }))
}

pub(super) fn finalized(connection: &Connection) -> Result<Vec<FinalizedSummary>> {
    let query = "SELECT *, EXISTS (
            SELECT 1 FROM live_finalized AS live WHERE live.payer = version.payer AND live.period = version.period
                AND live.basis = version.basis AND live.currency = version.currency
                AND live.version = version.version
        ) AS is_live
        FROM finalized AS version ORDER BY payer, period, basis, currency, version";
    select(connection, query, [], |fields| {
        Ok(FinalizedSummary {
            payer: fields.text("payer")?,
            period: fields.value("period")?,
            basis: fields.value("basis")?,
            currency: fields.value("currency")?,
            version: version(fields)?,
            run_id: fields.text("run_id")?,
            reason: fields.maybe_text("reason")?,
            asserted_invoiced: fields.maybe_text("asserted_invoiced")?,
            allowed_incomplete: fields.maybe_text("allowed_incomplete")?,
            finalized_at: fields.value("finalized_at")?,
            is_live: fields.count("is_live")? == 1,
        })
    })
}

pub(super) fn book(connection: &Connection) -> Result<ReservationBook> {
    let entries = select(connection, "SELECT * FROM reservation_book", [], |fields| {
        Ok(BookEntry {
            payer: fields.text("payer")?,
            billing_period: fields.value("billing_period")?,
            usage_account: fields.text("usage_account")?,
            product: fields.text("product")?,
            kind: fields.value("kind")?,
            commitment_id: fields.text("commitment_id")?,
            start: fields.value("term_start")?,
            end: fields.value("term_end")?,
            currency: fields.value("currency")?,
            fee: fields.value("fee")?,
            usage_type: fields.maybe_text("usage_type")?,
            zone: fields.maybe_text("zone")?,
            count: fields.maybe_value("count")?,
        })
    })?;
    ReservationBook::new(entries)
}

fn summary(fields: &Fields<'_>) -> Result<RunSummary> {
    Ok(RunSummary {
        id: fields.text("run_id")?,
        period: fields.value("period")?,
        payers: fields.json("payers")?,
        basis: fields.value("basis")?,
        currency: fields.value("currency")?,
        created_at: fields.value("created_at")?,
        as_of: fields.value("as_of")?,
        status: fields.value("status")?,
        stops_early: fields.maybe_value("stops_early")?,
        software_version: fields.text("software_version")?,
        digests: digests(fields)?,
        totals: Totals {
            billed: fields.value("billed")?,
            carried_in: fields.value("carried_in")?,
            deferred: fields.value("deferred")?,
            excluded: fields.value("excluded")?,
            areas: fields.value("areas")?,
            idle: fields.value("idle")?,
            unused_commitment: fields.value("unused_commitment")?,
            shared: fields.value("shared")?,
            unattributed: fields.value("unattributed")?,
        },
    })
}

fn digests(fields: &Fields<'_>) -> Result<ReportDigests> {
    Ok(ReportDigests {
        bill: fields.value("bill_digest")?,
        policy: fields.value("policy_digest")?,
        evidence: fields.value("evidence_digest")?,
        reservations: fields.value("reservations_digest")?,
    })
}

fn version(fields: &Fields<'_>) -> Result<u32> {
    u32::try_from(fields.count("version")?)
        .map_err(|cause| Error::new(ErrorCode::StoreSchema, "a finalized version is out of range").with_cause(cause))
}

/// Pool or reason; idle rows of schema version 2 have none.
fn detail(fields: &Fields<'_>) -> Result<Option<RowDetail>> {
    let pool = fields.maybe_text("pool")?.map(RowDetail::Pool);
    Ok(pool.or(fields.maybe_value("reason")?.map(RowDetail::Reason)))
}

fn cell(fields: &Fields<'_>) -> Result<Cell> {
    Ok(Cell {
        product: fields.text("product")?,
        usage_account: fields.text("usage_account")?,
        product_area: fields.maybe_value("product_area")?,
        row_kind: fields.value("row_kind")?,
        detail: detail(fields)?,
        mechanism: fields.value("mechanism")?,
        cluster: fields.maybe_value("cluster")?,
        service: fields.maybe_value("service")?,
        cost: fields.value("cost")?,
    })
}

fn area_cost(fields: &Fields<'_>) -> Result<AreaCost> {
    Ok(AreaCost {
        product_area: fields.maybe_value("product_area")?,
        row_kind: fields.value("row_kind")?,
        detail: detail(fields)?,
        cost: fields.value("cost")?,
    })
}

fn service_cost(fields: &Fields<'_>) -> Result<ServiceCost> {
    Ok(ServiceCost {
        cluster: fields.maybe_value("cluster")?,
        service: fields.value("service")?,
        product_area: fields.maybe_value("product_area")?,
        cost: fields.value("cost")?,
    })
}

fn product_area_cost(fields: &Fields<'_>) -> Result<ProductAreaCost> {
    Ok(ProductAreaCost {
        product: fields.text("product")?,
        product_area: fields.maybe_value("product_area")?,
        row_kind: fields.value("row_kind")?,
        detail: detail(fields)?,
        cost: fields.value("cost")?,
    })
}

fn diagnostic(fields: &Fields<'_>) -> Result<Diagnostic> {
    Ok(Diagnostic {
        code: fields.value("code")?,
        severity: fields.value("severity")?,
        count: fields.count("count")?,
        message: fields.text("message")?,
        location: fields.maybe_json("location")?,
    })
}
