//! A process killed at any point leaves all of a run or nothing of it (spec 7.5).

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::tests::{File, new_run, restate, wide_report};
use super::*;
use crate::bill::Digest;

/// Names the store that the child process writes to until it is killed.
const STORE_VARIABLE: &str = "UNBLENDED_TEST_CRASH_STORE";
const KILLS_MIN: u32 = 16;
const KILLS_MAX: u32 = 300;

/// Not a test of its own: what the child process runs.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(STORE_VARIABLE) else { return };
    let mut store = Store::open(&path).unwrap();
    // Pages go to the file long before the commit, so that a kill finds it half-written.
    store.connection.pragma_update(None, "cache_size", 8).unwrap();
    let known = store.runs(&RunFilter::default()).unwrap().len();
    for at in known.. {
        let id = format!("r{at:06}");
        let mut report = wide_report(400);
        report.digests.bill = Digest::of(id.as_bytes());
        store.append_run(&new_run(&id), &report, &ReservationBook::default()).unwrap();
        store.finalize(&restate(&id, "again")).unwrap().into_result().unwrap();
    }
}

/// Starts the child, waits until it writes and a bit longer, and kills it.
fn kill_a_writer(file: &File, wait: Duration) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::crash_tests::child_that_writes_until_it_is_killed"])
        .env(STORE_VARIABLE, file.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = file.path().with_extension("sqlite-journal");
    let started = Instant::now();
    while !journal.exists() && started.elapsed() < Duration::from_secs(20) {
        assert_eq!(child.try_wait().unwrap(), None, "the child ended by itself");
        std::thread::sleep(Duration::from_micros(200));
    }
    std::thread::sleep(wait);
    assert_eq!(child.try_wait().unwrap(), None, "the child ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    journal.exists()
}

/// Every row belongs to a run or version with a header, every run and version is complete.
fn check(store: &Store) {
    let count = |query: &str| store.connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    for table in [
        "run_inputs",
        "run_cells",
        "area_costs",
        "service_costs",
        "product_area_costs",
        "run_mechanisms",
        "run_diagnostics",
    ] {
        let orphans = format!("SELECT COUNT(*) FROM {table} WHERE run_id NOT IN (SELECT run_id FROM runs)");
        assert_eq!(count(&orphans), 0, "{table}");
    }
    let sound: String = store.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    assert_eq!(count("SELECT COUNT(*) FROM pragma_foreign_key_check"), 0);
    for run in store.runs(&RunFilter::default()).unwrap() {
        store.verify(&run.id).unwrap();
        assert_eq!(store.run(&run.id).unwrap().report.inputs.len(), 1);
    }
    for (version, row) in (1u32..).zip(store.finalized().unwrap()) {
        assert_eq!(row.version, version);
        let rows = format!("SELECT COUNT(*) FROM finalized_area_costs WHERE version = {version}");
        assert_eq!(count(&rows), 400);
    }
}

#[test]
fn a_killed_writer_leaves_all_of_a_run_or_nothing() {
    let file = File::new();
    file.open();
    let (mut kills, mut torn, mut runs) = (0, 0, 0);
    // Until some kills fell into a transaction and some runs were written: else the test says nothing. Each kill comes
    // a bit later than the one before; where exactly it falls, the scheduler decides.
    while kills < KILLS_MIN || torn < 4 || runs < 4 {
        assert!(kills < KILLS_MAX, "after {kills} kills, {torn} of them in a transaction, {runs} runs were written");
        torn += u32::from(kill_a_writer(&file, Duration::from_micros(u64::from(kills) * 1700)));
        kills += 1;
        let store = file.open();
        check(&store);
        runs = store.runs(&RunFilter::default()).unwrap().len();
    }
}
