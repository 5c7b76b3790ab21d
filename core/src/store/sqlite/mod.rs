//! The embedded store: one SQLite file (spec 7.3–7.5).
//!
//! Every write is one transaction that takes the write lock at its start, so that what was read still holds when it is
//! written; the rollback journal with `synchronous = EXTRA` makes it all or nothing even when power fails.

mod details;
mod load;
mod schema;
mod values;
mod write;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::finalize::{FinalizeCandidate, FinalizeOutcome, decide_finalization};
use super::run::{FinalizeRequest, FinalizedSummary, NewRun, RunChoice, RunFilter, RunSummary, StoredRun};
use crate::amortize::ReservationBook;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::rollup::Report;
use load::Tables;
use values::failed;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs, finalized versions and the reservation book in one SQLite file.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the store at a path or `sqlite:PATH`, and creates or migrates it where needed.
    ///
    /// # Errors
    /// `store.schema` where the file is no store of this program or of a newer version; `store.io` where it cannot be
    /// opened; `config.unsupported` for other kinds of stores; `config.bad_value` for an empty path.
    ///
    /// ```
    /// use unblended::{RunFilter, Store};
    /// let store = Store::open("sqlite::memory:")?;
    /// assert!(store.runs(&RunFilter::default())?.is_empty());
    /// # Ok::<(), unblended::Error>(())
    /// ```
    pub fn open(url: &str) -> Result<Self> {
        Self::open_with(url, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens a store that must be there already, such as one to list or to finalize.
    ///
    /// # Errors
    /// As for [`Store::open`], and `store.io` where there is no such file.
    pub fn open_existing(url: &str) -> Result<Self> {
        Self::open_with(url, OpenFlags::empty())
    }

    fn open_with(url: &str, create: OpenFlags) -> Result<Self> {
        let path = path_of(url)?;
        let open = || -> Result<Connection> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
            let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
            connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
            connection.pragma_update(None, "synchronous", "EXTRA").map_err(failed)?;
            connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
            schema::migrate(&mut connection)?;
            Ok(connection)
        };
        Ok(Self { connection: open().map_err(|error| error.at(Location::file(path)))? })
    }

    /// Appends a run with all its tables, and the fees its scan found, which replace those of its payers and period.
    ///
    /// # Errors
    /// `reconcile.residual` where a table does not sum to the bill; `config.bad_value` where the run id is empty or
    /// already there, or `scan` holds fees of another payer or period; `store.io` where nothing could be written.
    pub fn append_run(&mut self, run: &NewRun, report: &Report, scan: &ReservationBook) -> Result<()> {
        report.reconcile_tables()?;
        let transaction = self.begin()?;
        write::run(&transaction, run, report, scan)?;
        transaction.commit().map_err(failed)
    }

    /// Adds fees of a given table to the reservation book.
    ///
    /// # Errors
    /// `reservations.conflict` where a fee is in the book with another amount; `store.io` where nothing could be
    /// written.
    pub fn add_reservations(&mut self, table: &ReservationBook) -> Result<()> {
        let transaction = self.begin()?;
        let stored = load::book(&transaction)?;
        let combined = ReservationBook::combine(table, &stored)?;
        if combined == stored {
            return Ok(());
        }
        write::given_book(&transaction, table, &combined)?;
        transaction.commit().map_err(failed)
    }

    /// The runs that match, oldest first.
    ///
    /// # Errors
    /// `store.io` where the store cannot be read, `store.schema` where a value in it is not of its form.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>> {
        load::runs(&self.connection, "runs", filter)
    }

    /// The latest matching run of each payers, period, basis and currency, oldest first.
    ///
    /// # Errors
    /// As for [`Store::runs`].
    pub fn latest_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>> {
        load::runs(&self.connection, "latest_runs", filter)
    }

    /// The latest of all matching runs.
    ///
    /// # Errors
    /// As for [`Store::runs`].
    pub fn latest_run(&self, filter: &RunFilter) -> Result<Option<RunSummary>> {
        Ok(self.latest_runs(filter)?.pop())
    }

    /// A run as it was appended.
    ///
    /// # Errors
    /// `store.not_found` where there is no such run; else as for [`Store::runs`].
    pub fn run(&self, id: &str) -> Result<StoredRun> {
        // One transaction, so that another writer cannot come between the tables.
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        load::run(&transaction, id)
    }

    /// Checks that a run is all there: its stored tables are the sums of its cells and sum to the bill.
    ///
    /// # Errors
    /// `reconcile.residual` where they do not; else as for [`Store::run`].
    pub fn verify(&self, id: &str) -> Result<()> {
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        verified(&transaction, id).map(|_| ())
    }

    /// The reservation book as all scans and tables left it.
    ///
    /// # Errors
    /// As for [`Store::runs`].
    pub fn book(&self) -> Result<ReservationBook> {
        load::book(&self.connection)
    }

    /// Copies a run to the finalized tables, if it may be (spec 7.4). A refusal is an outcome, not an error.
    ///
    /// # Errors
    /// `store.not_found` where there is no such run; `config.bad_value` where several match or a reason is empty;
    /// `reconcile.residual` where the stored tables do not sum to the bill; `store.io` where nothing could be written.
    pub fn finalize(&mut self, request: &FinalizeRequest) -> Result<FinalizeOutcome> {
        let transaction = self.begin()?;
        let id = chosen(&transaction, &request.run)?;
        let (stored, tables) = verified(&transaction, &id)?;
        let live = load::live_version(&transaction, &stored.report)?;
        let candidate = candidate(stored, tables);
        let outcome = decide_finalization(live.as_ref(), &candidate.1, &request.terms, request.at)?;
        if let FinalizeOutcome::Finalized { version } = outcome {
            write::finalized(&transaction, &candidate.0, &candidate.1, version, request)?;
            transaction.commit().map_err(failed)?;
        }
        Ok(outcome)
    }

    /// Every finalized version, sorted by payer, period, basis, currency and version.
    ///
    /// # Errors
    /// As for [`Store::runs`].
    pub fn finalized(&self) -> Result<Vec<FinalizedSummary>> {
        load::finalized(&self.connection)
    }

    fn begin(&mut self) -> Result<Transaction<'_>> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)
    }
}

/// The path in a path or `sqlite:PATH`.
fn path_of(url: &str) -> Result<&str> {
    let is_other = ["postgres:", "postgresql:", "redshift:"].iter().any(|scheme| url.starts_with(scheme));
    let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    match path {
        None if is_other || url.contains("://") => Err(Error::new(
            ErrorCode::ConfigUnsupported,
            "a store is a file, given as a path or as `sqlite:PATH`; there is no other kind yet",
        )),
        Some("") => Err(Error::new(ErrorCode::ConfigBadValue, "the path of the store is empty")),
        None if url.is_empty() => Err(Error::new(ErrorCode::ConfigBadValue, "the path of the store is empty")),
        None => Ok(url),
        Some(path) => Ok(path),
    }
}

/// The id of the run that is meant.
fn chosen(connection: &Connection, choice: &RunChoice) -> Result<String> {
    let filter = match choice {
        RunChoice::Id(id) => return Ok(id.clone()),
        RunChoice::Latest(filter) => filter,
    };
    let mut runs = load::runs(connection, "latest_runs", filter)?;
    let found = runs.len();
    match runs.pop() {
        Some(run) if found == 1 => Ok(run.id),
        Some(_) => Err(Error::new(
            ErrorCode::ConfigBadValue,
            format!("{found} runs of different payers, periods, bases or currencies match; name one"),
        )),
        None => Err(Error::new(ErrorCode::StoreNotFound, "the store has no run that matches")),
    }
}

/// A run and its stored tables, which are the sums of its cells and sum to its bill.
fn verified(connection: &Connection, id: &str) -> Result<(StoredRun, Tables)> {
    let stored = load::run(connection, id)?;
    let tables = load::tables(connection, id)?;
    stored.report.reconcile_tables()?;
    let pairs = [
        ("area_costs", stored.report.area_costs()? == tables.area_costs),
        ("service_costs", stored.report.service_costs()? == tables.service_costs),
        ("product_area_costs", stored.report.product_area_costs()? == tables.product_area_costs),
        ("run_mechanisms", stored.report.mechanisms()? == tables.mechanisms),
    ];
    match pairs.into_iter().find(|(_, is_equal)| !is_equal) {
        Some((table, _)) => Err(Error::new(
            ErrorCode::ReconcileResidual,
            format!("`{table}` of the stored run `{id}` is not the sum of its cells"),
        )),
        None => Ok((stored, tables)),
    }
}

/// Rows that were skipped because bad rows were allowed.
fn skipped_rows(diagnostics: &[Diagnostic]) -> u64 {
    diagnostics.iter().filter(|found| found.code == DiagnosticCode::ReadBadRow).map(|found| found.count).sum()
}

fn candidate(stored: StoredRun, tables: Tables) -> (NewRun, FinalizeCandidate) {
    let candidate = FinalizeCandidate {
        period: stored.report.period,
        payers: stored.report.payers,
        basis: stored.report.basis,
        currency: stored.report.currency,
        status: stored.report.status,
        as_of: stored.report.as_of,
        stops_early: stored.report.stops_early,
        skipped_rows: skipped_rows(&stored.report.diagnostics),
        content: tables.into_content(stored.report.digests, stored.run.software_version.clone()),
    };
    (stored.run, candidate)
}
