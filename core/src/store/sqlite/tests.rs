//! The store as its callers see it, and what it withstands.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Barrier;

use proptest::prelude::*;

use super::*;
use crate::amortize::BookEntry;
use crate::bill::{BillStatus, Digest};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::money::Amount;
use crate::rollup::samples::{cell, hop, report, report_of};
use crate::rollup::{Cell, IdleReason, Mechanism, RowDetail, RowKind};
use crate::store::FinalizeTerms;
use crate::time::Timestamp;

pub(super) struct File {
    directory: tempfile::TempDir,
}

impl File {
    pub(super) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("unblended.sqlite")
    }

    pub(super) fn open(&self) -> Store {
        Store::open(self.path().to_str().unwrap()).unwrap()
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn new_run(id: &str) -> NewRun {
    NewRun { id: id.into(), created_at: time("2016-07-05 12:00:00.007"), software_version: "0.1.0".into() }
}

/// An invoiced report of one area that costs so much, made by a policy.
fn priced(cost: &str, bill: &str, policy: &str) -> Report {
    let mut report = report_of(vec![cell("EC2", "api", RowKind::Area, Mechanism::Tag, ("", ""), cost)]);
    report.digests.bill = Digest::of(bill.as_bytes());
    report.digests.policy = Digest::of(policy.as_bytes());
    report
}

fn append(store: &mut Store, id: &str, report: &Report) {
    store.append_run(&new_run(id), report, &ReservationBook::default()).unwrap();
}

fn request(id: &str) -> FinalizeRequest {
    FinalizeRequest { run: RunChoice::Id(id.into()), terms: FinalizeTerms::default(), at: time("2016-07-06 00:00:00") }
}

pub(super) fn restate(id: &str, reason: &str) -> FinalizeRequest {
    let terms = FinalizeTerms { restate: Some(reason.into()), ..FinalizeTerms::default() };
    FinalizeRequest { terms, ..request(id) }
}

fn fee(payer: &str, id: &str, amount: &str) -> BookEntry {
    let entry = crate::amortize::tests::entry(payer, "2016-06", id, amount);
    BookEntry { usage_type: Some("HeavyUsage:c4.large".into()), count: Some(entry.fee), ..entry }
}

fn book(entries: &[BookEntry]) -> ReservationBook {
    ReservationBook::new(entries.to_vec()).unwrap()
}

#[test]
fn a_run_is_read_back_as_it_was_appended() {
    let file = File::new();
    let reallocations = vec![hop("it", "api", "2.5"), hop("it", "hr", "-1")];
    let mut given = Report { reallocations, ..report() };
    given.stops_early = Some(time("2016-06-27 05:00:00"));
    let mut found = Diagnostics::default();
    found.add(DiagnosticCode::ParsePrecision, "x", 2, Some(Location::file("a.csv")));
    found.add(DiagnosticCode::ServicesUnmapped, "y", 1, None);
    given.diagnostics = found.list();
    let scan = book(&[fee("1", "a", "350.000000000000000001")]);
    file.open().append_run(&new_run("r1"), &given, &scan).unwrap();

    let store = Store::open(&format!("sqlite:{}", file.path().display())).unwrap();
    let stored = store.run("r1").unwrap();
    assert_eq!(stored, StoredRun { run: new_run("r1"), report: given });
    store.verify("r1").unwrap();
    assert_eq!(store.book().unwrap(), scan);
    let summary = store.latest_run(&RunFilter::default()).unwrap().unwrap();
    assert_eq!((summary.id.as_str(), summary.totals), ("r1", stored.report.totals));
    assert_eq!(store.run("r2").unwrap_err().code(), ErrorCode::StoreNotFound);
}

fn any_cell() -> impl Strategy<Value = Cell> {
    use {Mechanism as M, RowKind as R};
    let text = || prop_oneof!["[ab]?", any::<String>()];
    let (pool, reason) = (Some(RowDetail::Pool("tax".into())), Some(RowDetail::Reason(IdleReason::EmptyHost)));
    let rest = [(R::Shared, M::Shared, pool), (R::Idle, M::Idle, reason), (R::Idle, M::Idle, None)];
    let owned = [(R::Area, M::Tag, None), (R::Unattributed, M::Unattributed, None)];
    let kind = prop::sample::select([owned.to_vec(), rest.to_vec()].concat());
    (text(), text(), prop::option::of(text()), kind, prop::option::of((prop::option::of(text()), text())), any::<i64>())
        .prop_map(|(product, usage_account, area, (row_kind, mechanism, detail), service, units)| {
            let service = service.filter(|_| matches!(row_kind, R::Area | R::Unattributed));
            let (cluster, service) = service.map_or((None, None), |(cluster, service)| (cluster, Some(service)));
            let mechanism = if service.is_some() && row_kind == R::Area { M::Ecs } else { mechanism };
            Cell {
                product,
                usage_account,
                product_area: area.as_deref().map(Into::into),
                row_kind,
                detail,
                mechanism,
                cluster: cluster.as_deref().map(Into::into),
                service: service.as_deref().map(Into::into),
                cost: Amount::from_units(i128::from(units) << 40),
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_report_is_read_back_to_the_last_unit(cells in prop::collection::vec(any_cell(), 0..9), id in "[^\\s]{1,9}") {
        let given = report_of(cells);
        let mut store = Store::open(":memory:").unwrap();
        append(&mut store, &id, &given);
        prop_assert_eq!(store.verify(&id).map_err(|error| error.report()), Ok(()));
        prop_assert_eq!(store.run(&id).unwrap().report, given);
    }
}

#[test]
fn the_latest_run_is_that_of_its_scope_by_time_then_id() {
    let file = File::new();
    let mut store = file.open();
    let at = |id: &str, created_at: &str| NewRun { created_at: time(created_at), ..new_run(id) };
    let none = ReservationBook::default();
    for (id, created_at) in
        [("b", "2016-07-01 00:00:00.5"), ("a", "2016-07-01 00:00:00.5"), ("c", "2016-07-01 00:00:00")]
    {
        store.append_run(&at(id, created_at), &report(), &none).unwrap();
    }
    let mut other = report();
    other.payers = BTreeSet::from(["1".into(), "2".into()]);
    store.append_run(&at("d", "2016-06-01 00:00:00"), &other, &none).unwrap();
    let ids = |runs: Vec<RunSummary>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(store.runs(&RunFilter::default()).unwrap()), ["d", "c", "a", "b"]);
    assert_eq!(ids(store.latest_runs(&RunFilter::default()).unwrap()), ["d", "b"]);
    let of_payer = RunFilter { payer: Some("1".into()), ..RunFilter::default() };
    assert_eq!(ids(store.latest_runs(&of_payer).unwrap()), ["b"]);
    let other_period = RunFilter { period: Some("2016-07".parse().unwrap()), ..RunFilter::default() };
    assert_eq!(store.latest_run(&other_period).unwrap(), None);
}

#[test]
fn runs_and_versions_are_append_only_for_every_program() {
    let file = File::new();
    let mut store = file.open();
    let given = Report { reallocations: vec![hop("it", "api", "1")], ..report() };
    store.append_run(&new_run("r1"), &given, &book(&[fee("1", "a", "5")])).unwrap();
    store.finalize(&request("r1")).unwrap();
    let tables: Vec<String> = select_texts(&store, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    assert_eq!(tables.len(), 17);
    let other_program = Connection::open(file.path()).unwrap();
    for table in tables {
        let column: String = other_program
            .query_row(&format!("SELECT name FROM pragma_table_info('{table}') LIMIT 1"), [], |row| row.get(0))
            .unwrap();
        // Diagnostics are empty in this report: a row trigger has nothing to refuse there.
        let rows: i64 =
            other_program.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0 || table == "run_diagnostics", "{table}");
        for statement in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
        ] {
            if rows > 0 && !(table == "schema_version" && statement.starts_with("INSERT")) {
                assert!(other_program.execute(&statement, []).is_err(), "{statement}");
            }
        }
    }
    let late = other_program.execute("INSERT INTO area_costs VALUES ('r1', 99, 'a', 'area', '1', NULL, NULL)", []);
    assert!(late.is_err());
}

fn select_texts(store: &Store, query: &str) -> Vec<String> {
    let mut statement = store.connection.prepare(query).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
}

#[test]
fn a_run_that_does_not_sum_up_leaves_nothing() {
    let file = File::new();
    let mut store = file.open();
    let mut wrong = report();
    wrong.cells.pop();
    let error = store.append_run(&new_run("r1"), &wrong, &ReservationBook::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReconcileResidual);
    assert!(store.runs(&RunFilter::default()).unwrap().is_empty());
}

#[test]
fn a_known_or_empty_run_id_and_foreign_reservations_are_refused_whole() {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", &report());
    let foreign = [fee("2", "a", "5"), BookEntry { billing_period: "2016-05".parse().unwrap(), ..fee("1", "a", "5") }];
    for (id, scan) in [
        ("r1", ReservationBook::default()),
        ("", ReservationBook::default()),
        ("r2", book(&foreign[..1])),
        ("r2", book(&foreign[1..])),
    ] {
        let error = store.append_run(&new_run(id), &report(), &scan).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigBadValue, "{error}");
    }
    assert_eq!(store.runs(&RunFilter::default()).unwrap().len(), 1);
    assert_eq!(select_texts(&store, "SELECT DISTINCT run_id FROM run_cells"), ["r1"]);
}

#[test]
fn a_scan_replaces_the_fees_of_its_payer_and_period_and_tables_only_add() {
    let file = File::new();
    let mut store = file.open();
    let before = BookEntry { billing_period: "2015-12".parse().unwrap(), ..fee("1", "old", "7") };
    store.add_reservations(&book(&[before.clone(), fee("1", "a", "5")])).unwrap();
    store.append_run(&new_run("r1"), &report(), &book(&[fee("1", "b", "6")])).unwrap();
    assert_eq!(store.book().unwrap(), book(&[before.clone(), fee("1", "b", "6")]));
    store.add_reservations(&book(&[fee("1", "c", "8"), fee("2", "a", "9")])).unwrap();
    let expected = book(&[before.clone(), fee("1", "b", "6"), fee("1", "c", "8"), fee("2", "a", "9")]);
    assert_eq!(store.book().unwrap(), expected);
    let error = store.add_reservations(&book(&[fee("1", "b", "6.5")])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReservationsConflict);
    assert_eq!(store.book().unwrap(), expected);
    append(&mut store, "r2", &report());
    assert_eq!(store.book().unwrap(), book(&[before, fee("2", "a", "9")]));
}

#[test]
fn finalizing_twice_is_a_no_op_and_another_bill_needs_a_reason() {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", &priced("5", "bill", "policy"));
    append(&mut store, "r2", &priced("5", "bill", "other policy"));
    append(&mut store, "r3", &priced("6", "restated", "policy"));
    append(&mut store, "r4", &priced("7", "restated", "other policy"));
    assert_eq!(store.finalize(&request("r1")).unwrap(), FinalizeOutcome::Finalized { version: 1 });
    for id in ["r1", "r2"] {
        assert_eq!(store.finalize(&request(id)).unwrap(), FinalizeOutcome::Unchanged { version: 1 });
    }
    let FinalizeOutcome::Refused(refusal) = store.finalize(&request("r3")).unwrap() else { panic!("not refused") };
    assert_eq!(refusal.code, ErrorCode::FinalizeRestated);
    assert_eq!(refusal.differences[0].change.to_string(), "1");
    assert_eq!(store.finalize(&restate("r3", "refund")).unwrap(), FinalizeOutcome::Finalized { version: 2 });
    let error = store.finalize(&request("r4")).unwrap().into_result().unwrap_err();
    assert_eq!(error.code(), ErrorCode::FinalizeRecomputed);
    assert_eq!(error.to_string(), refusal_text());
    let versions: Vec<_> =
        store.finalized().unwrap().into_iter().map(|row| (row.version, row.run_id, row.reason, row.is_live)).collect();
    let refund = Some("refund".to_owned());
    assert_eq!(versions, [(1, "r1".to_owned(), None, false), (2, "r3".to_owned(), refund, true)]);
    assert_eq!(select_texts(&store, "SELECT cost FROM live_area_costs"), ["6"]);
    assert_eq!(select_texts(&store, "SELECT cost FROM finalized_area_costs ORDER BY version"), ["5", "6"]);
}

fn refusal_text() -> &'static str {
    "2016-06 is finalized as version 2, and this run has the same bill and another policy: `api` (area) 6 → 7 (+1); \
     restate with a reason to append a version"
}

#[test]
fn a_run_that_is_not_final_or_stops_early_is_refused_and_reasons_are_kept() {
    let file = File::new();
    let mut store = file.open();
    let mut unknown = priced("5", "bill", "policy");
    unknown.status = BillStatus::Unknown;
    unknown.stops_early = Some(time("2016-06-27 05:00:00"));
    append(&mut store, "r1", &unknown);
    let code = |outcome: FinalizeOutcome| outcome.into_result().unwrap_err().code();
    assert_eq!(code(store.finalize(&request("r1")).unwrap()), ErrorCode::FinalizeNotFinal);
    let mut asking = request("r1");
    asking.terms.assert_invoiced = Some("paid by card".into());
    assert_eq!(code(store.finalize(&asking).unwrap()), ErrorCode::FinalizeIncomplete);
    asking.terms.allow_incomplete = Some("account closed".into());
    assert_eq!(store.finalize(&asking).unwrap(), FinalizeOutcome::Finalized { version: 1 });
    let row = store.finalized().unwrap().remove(0);
    assert_eq!(row.asserted_invoiced.as_deref(), Some("paid by card"));
    assert_eq!(row.allowed_incomplete.as_deref(), Some("account closed"));
    assert_eq!(row.finalized_at, asking.at);
}

#[test]
fn a_run_that_skipped_bad_rows_is_incomplete() {
    let file = File::new();
    let mut store = file.open();
    let mut short = priced("5", "bill", "policy");
    let mut found = crate::diagnostic::Diagnostics::default();
    found.add(crate::diagnostic::DiagnosticCode::ReadBadRow, "a row was skipped", 2, None);
    short.diagnostics = found.list();
    append(&mut store, "r1", &short);
    let refused = store.finalize(&request("r1")).unwrap().into_result().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::FinalizeIncomplete);
    let mut asking = request("r1");
    asking.terms.allow_incomplete = Some("the rows are known".into());
    assert_eq!(store.finalize(&asking).unwrap(), FinalizeOutcome::Finalized { version: 1 });
    assert_eq!(store.finalized().unwrap()[0].allowed_incomplete.as_deref(), Some("the rows are known"));
}

#[test]
fn the_latest_run_is_finalized_where_the_filter_names_one() {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", &priced("5", "bill", "policy"));
    append(&mut store, "r2", &priced("6", "bill", "other policy"));
    let mut other = priced("7", "other bill", "policy");
    other.payers = BTreeSet::from(["2".into()]);
    append(&mut store, "r3", &other);
    let latest = |filter| FinalizeRequest { run: RunChoice::Latest(filter), ..request("") };
    let filter = RunFilter { period: Some("2016-06".parse().unwrap()), ..RunFilter::default() };
    assert_eq!(store.finalize(&latest(filter.clone())).unwrap_err().code(), ErrorCode::ConfigBadValue);
    let filter = RunFilter { payer: Some("1".into()), ..filter };
    assert_eq!(store.finalize(&latest(filter)).unwrap(), FinalizeOutcome::Finalized { version: 1 });
    assert_eq!(store.finalized().unwrap()[0].run_id, "r2");
    let none = RunFilter { payer: Some("3".into()), ..RunFilter::default() };
    assert_eq!(store.finalize(&latest(none)).unwrap_err().code(), ErrorCode::StoreNotFound);
    assert_eq!(store.finalize(&request("r9")).unwrap_err().code(), ErrorCode::StoreNotFound);
}

#[test]
fn a_stored_table_that_was_tampered_with_is_not_finalized() {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", &report());
    append(&mut store, "r2", &report());
    store
        .connection
        .execute_batch(
            "DROP TRIGGER area_costs_no_update; DROP TRIGGER runs_no_update;
             UPDATE area_costs SET cost = '7.5' WHERE run_id = 'r1' AND cost = '7';
             UPDATE runs SET billed = '101' WHERE run_id = 'r2';",
        )
        .unwrap();
    for id in ["r1", "r2"] {
        assert_eq!(store.verify(id).unwrap_err().code(), ErrorCode::ReconcileResidual);
        assert_eq!(store.finalize(&request(id)).unwrap_err().code(), ErrorCode::ReconcileResidual);
    }
    assert!(store.finalized().unwrap().is_empty());
}

#[test]
fn files_that_are_no_store_or_newer_are_refused_and_left_alone() {
    let file = File::new();
    let prose = "not a database, but a text that is long enough to be taken for the header of one";
    std::fs::write(file.path(), prose.repeat(20)).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let error = Store::open(&path).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreSchema);
    assert_eq!(error.location().unwrap().file.as_deref(), Some(path.as_str()));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), prose.repeat(20));

    let file = File::new();
    let other = Connection::open(file.path()).unwrap();
    other
        .execute_batch("CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (1)")
        .unwrap();
    assert_eq!(Store::open(file.path().to_str().unwrap()).unwrap_err().code(), ErrorCode::StoreSchema);

    let file = File::new();
    file.open().connection.execute("INSERT INTO schema_version VALUES (99)", []).unwrap();
    let error = Store::open(file.path().to_str().unwrap()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreSchema);
    assert!(error.to_string().contains("schema version 99"), "{error}");
}

#[test]
fn a_value_of_a_newer_program_is_an_error_and_not_guessed() {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", &report());
    let tamper = "DROP TRIGGER run_cells_no_update; UPDATE run_cells SET mechanism = 'magic' WHERE position = 0";
    store.connection.execute_batch(tamper).unwrap();
    let error = store.run("r1").unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreSchema);
    assert!(error.to_string().contains("`mechanism`"), "{error}");
}

#[test]
fn a_path_that_cannot_be_a_store_is_an_error() {
    let file = File::new();
    let missing = file.path().join("no").join("such.sqlite");
    assert_eq!(Store::open(missing.to_str().unwrap()).unwrap_err().code(), ErrorCode::StoreIo);
    let directory = file.directory.path().to_str().unwrap();
    assert_eq!(Store::open(directory).unwrap_err().code(), ErrorCode::StoreIo);
    for (url, code) in [
        ("", ErrorCode::ConfigBadValue),
        ("sqlite:", ErrorCode::ConfigBadValue),
        ("postgresql://localhost/costs", ErrorCode::ConfigUnsupported),
        ("s3://bucket/key", ErrorCode::ConfigUnsupported),
    ] {
        assert_eq!(Store::open(url).unwrap_err().code(), code, "{url}");
    }
}

/// A report with so many cells.
pub(super) fn wide_report(cells: u32) -> Report {
    let cells = (0..cells).map(|at| {
        let area = format!("area-{at:05}");
        cell("EC2", &area, RowKind::Area, Mechanism::Tag, ("", ""), "0.000000000000000001")
    });
    report_of(cells.collect())
}

#[test]
fn a_full_disk_leaves_all_runs_before_and_nothing_of_the_new_one() {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", &report());
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages + 10).unwrap();
    let error = store.append_run(&new_run("r2"), &wide_report(3000), &ReservationBook::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreIo);
    assert_eq!(error.to_string(), "there is no space left for the store");
    assert_eq!(select_texts(&store, "SELECT DISTINCT run_id FROM run_cells"), ["r1"]);
    drop(store);
    let mut store = file.open();
    store.verify("r1").unwrap();
    append(&mut store, "r2", &wide_report(3000));
    store.verify("r2").unwrap();
}

/// Finalizes two runs from two threads at the same instant.
fn race(first: &Report, second: &Report) -> (Vec<FinalizeOutcome>, usize) {
    let file = File::new();
    let mut store = file.open();
    append(&mut store, "r1", first);
    append(&mut store, "r2", second);
    let barrier = Barrier::new(2);
    let finalize = |id: &str| {
        let mut store = file.open();
        barrier.wait();
        store.finalize(&request(id)).unwrap()
    };
    let outcomes = std::thread::scope(|scope| {
        let other = scope.spawn(|| finalize("r2"));
        vec![finalize("r1"), other.join().unwrap()]
    });
    (outcomes, store.finalized().unwrap().len())
}

#[test]
fn of_two_finalizers_at_once_exactly_one_wins() {
    let won = FinalizeOutcome::Finalized { version: 1 };
    for _ in 0..8 {
        let (outcomes, versions) = race(&priced("5", "bill", "a"), &priced("5", "bill", "b"));
        assert!(
            outcomes.contains(&won) && outcomes.contains(&FinalizeOutcome::Unchanged { version: 1 }),
            "{outcomes:?}"
        );
        assert_eq!(versions, 1);
        let (outcomes, versions) = race(&priced("5", "bill", "a"), &priced("6", "bill", "b"));
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == won).count(), 1, "{outcomes:?}");
        let refused = |outcome: &FinalizeOutcome| matches!(outcome, FinalizeOutcome::Refused(refusal) if refusal.code == ErrorCode::FinalizeRecomputed);
        assert_eq!((outcomes.iter().filter(|outcome| refused(outcome)).count(), versions), (1, 1));
    }
}

#[test]
fn a_store_that_another_program_keeps_locked_is_an_error() {
    let file = File::new();
    let mut store = file.open();
    store.connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let other = file.open();
    other.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.append_run(&new_run("r1"), &report(), &ReservationBook::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreIo);
    assert_eq!(error.to_string(), "the store is locked by another program");
}

#[test]
fn many_programs_may_create_the_store_at_once() {
    let file = File::new();
    let barrier = Barrier::new(4);
    std::thread::scope(|scope| {
        for at in 0..4 {
            let (file, barrier) = (&file, &barrier);
            scope.spawn(move || {
                barrier.wait();
                append(&mut file.open(), &format!("r{at}"), &report());
            });
        }
    });
    assert_eq!(file.open().runs(&RunFilter::default()).unwrap().len(), 4);
}
