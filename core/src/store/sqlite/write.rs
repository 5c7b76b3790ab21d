//! Runs, finalized versions and books → rows. Header rows come last: they seal what they head.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::finalize::FinalizeCandidate;
use super::super::run::{FinalizeRequest, NewRun};
use super::details::Details;
use super::values::{failed, insert, time_text};
use crate::amortize::{BookEntry, ReservationBook};
use crate::bill::BillStatus;
use crate::error::{Error, ErrorCode, Result};
use crate::rollup::{
    AreaCost, Cell, IdleReason, MechanismCost, ProductAreaCost, Reallocation, Report, RowDetail, ServiceCost,
};
use crate::time::BillingPeriod;

const AREA_COLUMNS: [&str; 5] = ["product_area", "row_kind", "pool", "reason", "cost"];
const SERVICE_COLUMNS: [&str; 4] = ["cluster", "service", "product_area", "cost"];
const PRODUCT_AREA_COLUMNS: [&str; 6] = ["product", "product_area", "row_kind", "pool", "reason", "cost"];
const CELL_COLUMNS: [&str; 10] = [
    "product",
    "usage_account",
    "product_area",
    "row_kind",
    "pool",
    "reason",
    "mechanism",
    "cluster",
    "service",
    "cost",
];
const REALLOCATION_COLUMNS: [&str; 3] = ["provider", "consumer", "cost"];
const FINAL_KEY: [&str; 5] = ["payer", "period", "basis", "currency", "version"];

fn text(value: &(impl ToString + ?Sized)) -> Value {
    Value::from(value.to_string())
}

fn maybe(value: Option<&impl ToString>) -> Value {
    Value::from(value.map(ToString::to_string))
}

fn number(value: u64) -> Result<Value> {
    let number = i64::try_from(value)
        .map_err(|_| Error::new(ErrorCode::ConfigBadValue, format!("`{value}` is too large for the store")))?;
    Ok(Value::from(number))
}

/// Rows of a table under a key and their position.
pub(super) fn insert_under(
    connection: &Connection,
    table: &str,
    (key_columns, key): (&[&str], &[Value]),
    columns: &[&str],
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<()> {
    let columns: Vec<&str> = key_columns.iter().chain(&["position"]).chain(columns).copied().collect();
    let rows = (0i64..).zip(rows).map(|(position, row)| {
        let mut values = key.to_vec();
        values.push(Value::from(position));
        values.extend(row);
        values
    });
    insert(connection, table, &columns, rows)
}

/// Appends all rows of a run.
pub(super) fn run(connection: &Connection, run: &NewRun, report: &Report, scan: &ReservationBook) -> Result<()> {
    refuse_known_id(connection, &run.id)?;
    let id = [text(&run.id)];
    let key = (&["run_id"][..], &id[..]);
    let inputs = report.inputs.iter().map(|input| Ok(vec![text(&input.hash), number(input.bytes)?]));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    insert_under(connection, "run_inputs", key, &["hash", "bytes"], inputs.into_iter())?;
    insert_under(connection, "run_cells", key, &CELL_COLUMNS, report.cells.iter().map(cell_row))?;
    insert_under(connection, "area_costs", key, &AREA_COLUMNS, report.area_costs()?.iter().map(area_row))?;
    insert_under(connection, "service_costs", key, &SERVICE_COLUMNS, report.service_costs()?.iter().map(service_row))?;
    let products = report.product_area_costs()?;
    insert_under(connection, "product_area_costs", key, &PRODUCT_AREA_COLUMNS, products.iter().map(product_row))?;
    let mechanisms = report.mechanisms()?;
    insert_under(connection, "run_mechanisms", key, &["mechanism", "cost"], mechanisms.iter().map(mechanism_row))?;
    let hops = report.reallocations.iter().map(reallocation_row);
    insert_under(connection, "run_reallocations", key, &REALLOCATION_COLUMNS, hops)?;
    Details::of(report).append(connection, key)?;
    diagnostics(connection, key, report)?;
    for payer in &report.payers {
        book_scan(connection, Some(&run.id), payer, report.period, scan)?;
    }
    let is_of_scan = |entry: &BookEntry| entry.billing_period == report.period && report.payers.contains(&entry.payer);
    if !scan.entries().iter().all(is_of_scan) {
        return Err(Error::new(
            ErrorCode::ConfigBadValue,
            "the reservations of a scan are billed to other payers or in another period than the run",
        ));
    }
    run_header(connection, run, report)
}

fn refuse_known_id(connection: &Connection, id: &str) -> Result<()> {
    let known: bool = connection
        .query_row("SELECT EXISTS (SELECT 1 FROM runs WHERE run_id = ?1)", [id], |row| row.get(0))
        .map_err(failed)?;
    match (known, id.is_empty()) {
        (true, _) => Err(Error::new(ErrorCode::ConfigBadValue, format!("the store has the run `{id}` already"))),
        (_, true) => Err(Error::new(ErrorCode::ConfigBadValue, "the id of the run is empty")),
        (false, false) => Ok(()),
    }
}

fn run_header(connection: &Connection, run: &NewRun, report: &Report) -> Result<()> {
    let payers = serde_json::to_string(&report.payers)
        .map_err(|cause| Error::new(ErrorCode::StoreIo, "the payers cannot be written").with_cause(cause))?;
    let stops_early = report.stops_early.map(time_text).transpose()?;
    let (totals, digests) = (&report.totals, &report.digests);
    let row = [
        ("run_id", text(&run.id)),
        ("period", text(&report.period)),
        ("payers", text(&payers)),
        ("basis", text(&report.basis)),
        ("currency", text(&report.currency)),
        ("created_at", text(&time_text(run.created_at)?)),
        ("as_of", text(&time_text(report.as_of)?)),
        ("status", text(&report.status.as_str())),
        ("stops_early", maybe(stops_early.as_ref())),
        ("software_version", text(&run.software_version)),
        ("bill_digest", text(&digests.bill)),
        ("policy_digest", text(&digests.policy)),
        ("evidence_digest", text(&digests.evidence)),
        ("reservations_digest", text(&digests.reservations)),
        ("billed", text(&totals.billed)),
        ("carried_in", text(&totals.carried_in)),
        ("deferred", text(&totals.deferred)),
        ("excluded", text(&totals.excluded)),
        ("areas", text(&totals.areas)),
        ("idle", text(&totals.idle)),
        ("unused_commitment", text(&totals.unused_commitment)),
        ("shared", text(&totals.shared)),
        ("unattributed", text(&totals.unattributed)),
    ];
    let (columns, values): (Vec<&str>, Vec<Value>) = row.into_iter().unzip();
    insert(connection, "runs", &columns, [values])
}

fn diagnostics(connection: &Connection, key: (&[&str], &[Value]), report: &Report) -> Result<()> {
    let mut rows = Vec::with_capacity(report.diagnostics.len());
    for found in &report.diagnostics {
        let location = found.location.as_ref().map(serde_json::to_string).transpose();
        let location = location
            .map_err(|cause| Error::new(ErrorCode::StoreIo, "a location cannot be written").with_cause(cause))?;
        let severity = match found.severity {
            crate::diagnostic::Severity::Info => "info",
            crate::diagnostic::Severity::Warning => "warning",
        };
        rows.push(vec![
            text(&found.code),
            text(&severity),
            number(found.count)?,
            text(&found.message),
            maybe(location.as_ref()),
        ]);
    }
    let columns = ["code", "severity", "count", "message", "location"];
    insert_under(connection, "run_diagnostics", key, &columns, rows.into_iter())
}

/// Appends a version of a run.
pub(super) fn finalized(
    connection: &Connection,
    run: &NewRun,
    candidate: &FinalizeCandidate,
    version: u32,
    request: &FinalizeRequest,
) -> Result<()> {
    let payer = candidate.payers.iter().next().map(String::as_str).unwrap_or_default();
    let key =
        [text(payer), text(&candidate.period), text(&candidate.basis), text(&candidate.currency), Value::from(version)];
    let under = (&FINAL_KEY[..], &key[..]);
    let content = &candidate.content;
    let areas = content.area_costs.iter().map(area_row);
    insert_under(connection, "finalized_area_costs", under, &AREA_COLUMNS, areas)?;
    let services = content.service_costs.iter().map(service_row);
    insert_under(connection, "finalized_service_costs", under, &SERVICE_COLUMNS, services)?;
    let products = content.product_area_costs.iter().map(product_row);
    insert_under(connection, "finalized_product_area_costs", under, &PRODUCT_AREA_COLUMNS, products)?;
    // A reason is kept where it decided something.
    let terms = &request.terms;
    let asserted = terms.assert_invoiced.as_ref().filter(|_| candidate.status == BillStatus::Unknown);
    let allowed = terms.allow_incomplete.as_ref().filter(|_| !candidate.is_complete());
    let [payer, period, basis, currency, version] = key;
    let row = [
        ("payer", payer),
        ("period", period),
        ("basis", basis),
        ("currency", currency),
        ("version", version),
        ("run_id", text(&run.id)),
        ("reason", maybe(terms.restate.as_ref())),
        ("asserted_invoiced", maybe(asserted)),
        ("allowed_incomplete", maybe(allowed)),
        ("finalized_at", text(&time_text(request.at)?)),
    ];
    let (columns, values): (Vec<&str>, Vec<Value>) = row.into_iter().unzip();
    insert(connection, "finalized", &columns, [values])
}

/// Appends what the book holds after a table was given: all fees of every payer and period that the table names.
pub(super) fn given_book(connection: &Connection, table: &ReservationBook, combined: &ReservationBook) -> Result<()> {
    let mut scopes: Vec<(&str, BillingPeriod)> =
        table.entries().iter().map(|entry| (entry.payer.as_str(), entry.billing_period)).collect();
    scopes.dedup();
    scopes.into_iter().try_for_each(|(payer, period)| book_scan(connection, None, payer, period, combined))
}

const BOOK_COLUMNS: [&str; 11] = [
    "usage_account",
    "product",
    "kind",
    "commitment_id",
    "term_start",
    "term_end",
    "currency",
    "fee",
    "usage_type",
    "zone",
    "count",
];

fn book_scan(
    connection: &Connection,
    run_id: Option<&str>,
    payer: &str,
    period: BillingPeriod,
    book: &ReservationBook,
) -> Result<()> {
    let scan: i64 = connection
        .query_row("SELECT 1 + COALESCE(MAX(scan), 0) FROM book_scans", [], |row| row.get(0))
        .map_err(failed)?;
    let mut rows = Vec::new();
    for entry in book.entries().iter().filter(|entry| entry.payer == payer && entry.billing_period == period) {
        rows.push(vec![
            text(&entry.usage_account),
            text(&entry.product),
            text(&entry.kind.as_str()),
            text(&entry.commitment_id),
            text(&time_text(entry.start)?),
            text(&time_text(entry.end)?),
            text(&entry.currency),
            text(&entry.fee),
            maybe(entry.usage_type.as_ref()),
            maybe(entry.zone.as_ref()),
            maybe(entry.count.as_ref()),
        ]);
    }
    insert_under(connection, "book_entries", (&["scan"], &[Value::from(scan)]), &BOOK_COLUMNS, rows.into_iter())?;
    let header = vec![Value::from(scan), maybe(run_id.as_ref()), text(payer), text(&period)];
    insert(connection, "book_scans", &["scan", "run_id", "payer", "billing_period"], [header])
}

/// Pool and reason, one of them at most.
fn detail(detail: Option<&RowDetail>) -> [Value; 2] {
    let of = |text: Option<&str>| Value::from(text.map(str::to_owned));
    [of(detail.and_then(RowDetail::pool)), of(detail.and_then(RowDetail::reason).map(IdleReason::as_str))]
}

fn cell_row(cell: &Cell) -> Vec<Value> {
    let [pool, reason] = detail(cell.detail.as_ref());
    vec![
        text(&cell.product),
        text(&cell.usage_account),
        maybe(cell.product_area.as_ref()),
        text(&cell.row_kind.as_str()),
        pool,
        reason,
        text(&cell.mechanism.as_str()),
        maybe(cell.cluster.as_ref()),
        maybe(cell.service.as_ref()),
        text(&cell.cost),
    ]
}

fn area_row(row: &AreaCost) -> Vec<Value> {
    let [pool, reason] = detail(row.detail.as_ref());
    vec![maybe(row.product_area.as_ref()), text(&row.row_kind.as_str()), pool, reason, text(&row.cost)]
}

fn service_row(row: &ServiceCost) -> Vec<Value> {
    vec![maybe(row.cluster.as_ref()), text(&row.service), maybe(row.product_area.as_ref()), text(&row.cost)]
}

fn product_row(row: &ProductAreaCost) -> Vec<Value> {
    let [pool, reason] = detail(row.detail.as_ref());
    let (area, row_kind) = (maybe(row.product_area.as_ref()), text(&row.row_kind.as_str()));
    vec![text(&row.product), area, row_kind, pool, reason, text(&row.cost)]
}

fn reallocation_row(hop: &Reallocation) -> Vec<Value> {
    vec![text(&hop.provider), text(&hop.consumer), text(&hop.cost)]
}

fn mechanism_row(row: &MechanismCost) -> Vec<Value> {
    vec![text(&row.mechanism.as_str()), text(&row.cost)]
}
