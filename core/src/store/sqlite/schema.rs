//! Versions of the schema, each one embedded SQL file, applied in order (spec 7.5).

use rusqlite::{Connection, TransactionBehavior};

use super::values::failed;
use crate::error::{Error, ErrorCode, Result};

/// Statements from one version to the next.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/0001_runs.sql"),
    include_str!("migrations/0002_pools.sql"),
    include_str!("migrations/0003_idle_reasons.sql"),
    include_str!("migrations/0004_details.sql"),
    include_str!("migrations/0005_covers.sql"),
];

/// Marks a file as a store of this program: `unbl` in ASCII.
const APPLICATION_ID: i32 = 0x756e_626c;

/// What a file is.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Empty,
    Store { version: usize },
}

/// Brings the file to the newest version; a file that is there already is not written to.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    if state(connection)? == (State::Store { version: MIGRATIONS.len() }) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have migrated while this one waited for the lock.
    let done = match state(&transaction)? {
        State::Empty => {
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
            0
        }
        State::Store { version } => version,
    };
    for (version, statements) in (1i64..).zip(MIGRATIONS).skip(done) {
        transaction.execute_batch(statements).map_err(failed)?;
        transaction.execute("INSERT INTO schema_version (version) VALUES (?1)", [version]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn state(connection: &Connection) -> Result<State> {
    let number = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).map_err(failed);
    if number("SELECT COUNT(*) FROM sqlite_schema")? == 0 {
        return Ok(State::Empty);
    }
    if number("PRAGMA application_id")? != i64::from(APPLICATION_ID) {
        return Err(Error::new(ErrorCode::StoreSchema, "the file is a SQLite database, but no store of this program"));
    }
    let version = number("SELECT COALESCE(MAX(version), 0) FROM schema_version")?;
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(State::Store { version }),
        _ => Err(Error::new(
            ErrorCode::StoreSchema,
            format!("the store is of schema version {version}; this program knows versions up to {}", MIGRATIONS.len()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_any_version_before_gains_what_came_later() {
        for known in 1..MIGRATIONS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            for (version, statements) in (1i64..).zip(&MIGRATIONS[..known]) {
                connection.execute_batch(statements).unwrap();
                connection.execute("INSERT INTO schema_version (version) VALUES (?1)", [version]).unwrap();
            }
            let old = "INSERT INTO area_costs (run_id, position, product_area, row_kind, cost) VALUES ('r', 0, 'a', 'idle', '1')";
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            connection.execute(old, []).unwrap();
            migrate(&mut connection).unwrap();
            assert_eq!(state(&connection).unwrap(), State::Store { version: MIGRATIONS.len() });
            for table in ["run_cells", "area_costs", "product_area_costs", "live_area_costs", "live_product_area_costs"]
            {
                connection.prepare(&format!("SELECT pool, reason FROM {table}")).unwrap();
            }
            connection.prepare("SELECT provider, consumer, cost FROM run_reallocations").unwrap();
            connection.prepare("SELECT name, content FROM run_details").unwrap();
            connection.prepare("SELECT fee, usage_type, zone, count FROM reservation_book").unwrap();
            let kept = "SELECT COUNT(*) FROM area_costs WHERE row_kind = 'idle' AND reason IS NULL AND cost = '1'";
            assert_eq!(connection.query_row(kept, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
            assert!(connection.execute("UPDATE area_costs SET reason = 'detached'", []).is_err());
        }
    }
}
