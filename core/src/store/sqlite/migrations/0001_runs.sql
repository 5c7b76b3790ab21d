-- Runs, finalized versions and the reservation book of unblended, version 1.
--
-- Money is exact decimal text: SQLite has no decimal type, so never SUM() a cost here, it would become a float.
-- Times are RFC 3339 in UTC with milliseconds, so that they sort as text.
-- Nothing is ever updated or deleted, and a run or version is sealed once its header row is there: triggers say so.
-- Header rows are written last; the deferred references make sure that they are written at all.

CREATE TABLE schema_version (
    version INTEGER NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    run_id              TEXT NOT NULL PRIMARY KEY,
    period              TEXT NOT NULL,
    payers              TEXT NOT NULL, -- JSON array, sorted
    basis               TEXT NOT NULL,
    currency            TEXT NOT NULL,
    created_at          TEXT NOT NULL,
    as_of               TEXT NOT NULL,
    status              TEXT NOT NULL,
    stops_early         TEXT,
    software_version    TEXT NOT NULL,
    bill_digest         TEXT NOT NULL,
    policy_digest       TEXT NOT NULL,
    evidence_digest     TEXT NOT NULL,
    reservations_digest TEXT NOT NULL,
    billed              TEXT NOT NULL,
    carried_in          TEXT NOT NULL,
    deferred            TEXT NOT NULL,
    excluded            TEXT NOT NULL,
    areas               TEXT NOT NULL,
    idle                TEXT NOT NULL,
    unused_commitment   TEXT NOT NULL,
    shared              TEXT NOT NULL,
    unattributed        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_scope ON runs (period, payers, basis, currency, created_at, run_id);

CREATE TABLE run_inputs (
    run_id   TEXT NOT NULL,
    position INTEGER NOT NULL,
    hash     TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

-- Every amount of a run in its finest cell: all other tables are sums of these.
CREATE TABLE run_cells (
    run_id        TEXT NOT NULL,
    position      INTEGER NOT NULL,
    product       TEXT NOT NULL,
    usage_account TEXT NOT NULL,
    product_area  TEXT,
    row_kind      TEXT NOT NULL,
    mechanism     TEXT NOT NULL,
    cluster       TEXT,
    service       TEXT,
    cost          TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE service_costs (
    run_id       TEXT NOT NULL,
    position     INTEGER NOT NULL,
    cluster      TEXT,
    service      TEXT NOT NULL,
    product_area TEXT,
    cost         TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE area_costs (
    run_id       TEXT NOT NULL,
    position     INTEGER NOT NULL,
    product_area TEXT,
    row_kind     TEXT NOT NULL,
    cost         TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE product_area_costs (
    run_id       TEXT NOT NULL,
    position     INTEGER NOT NULL,
    product      TEXT NOT NULL,
    product_area TEXT,
    row_kind     TEXT NOT NULL,
    cost         TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE run_mechanisms (
    run_id    TEXT NOT NULL,
    position  INTEGER NOT NULL,
    mechanism TEXT NOT NULL,
    cost      TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE run_diagnostics (
    run_id   TEXT NOT NULL,
    position INTEGER NOT NULL,
    code     TEXT NOT NULL,
    severity TEXT NOT NULL,
    count    INTEGER NOT NULL,
    message  TEXT NOT NULL,
    location TEXT,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

-- The latest run of each payers, period, basis and currency.
CREATE VIEW latest_runs AS
SELECT * FROM runs AS run
WHERE NOT EXISTS (
    SELECT 1 FROM runs AS newer
    WHERE newer.period = run.period AND newer.payers = run.payers
      AND newer.basis = run.basis AND newer.currency = run.currency
      AND (newer.created_at, newer.run_id) > (run.created_at, run.run_id)
);

CREATE TABLE finalized (
    payer              TEXT NOT NULL,
    period             TEXT NOT NULL,
    basis              TEXT NOT NULL,
    currency           TEXT NOT NULL,
    version            INTEGER NOT NULL,
    run_id             TEXT NOT NULL REFERENCES runs (run_id),
    reason             TEXT,
    asserted_invoiced  TEXT,
    allowed_incomplete TEXT,
    finalized_at       TEXT NOT NULL,
    PRIMARY KEY (payer, period, basis, currency, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE finalized_service_costs (
    payer        TEXT NOT NULL,
    period       TEXT NOT NULL,
    basis        TEXT NOT NULL,
    currency     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    cluster      TEXT,
    service      TEXT NOT NULL,
    product_area TEXT,
    cost         TEXT NOT NULL,
    PRIMARY KEY (payer, period, basis, currency, version, position),
    FOREIGN KEY (payer, period, basis, currency, version)
        REFERENCES finalized (payer, period, basis, currency, version) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE finalized_area_costs (
    payer        TEXT NOT NULL,
    period       TEXT NOT NULL,
    basis        TEXT NOT NULL,
    currency     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    product_area TEXT,
    row_kind     TEXT NOT NULL,
    cost         TEXT NOT NULL,
    PRIMARY KEY (payer, period, basis, currency, version, position),
    FOREIGN KEY (payer, period, basis, currency, version)
        REFERENCES finalized (payer, period, basis, currency, version) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE finalized_product_area_costs (
    payer        TEXT NOT NULL,
    period       TEXT NOT NULL,
    basis        TEXT NOT NULL,
    currency     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    product      TEXT NOT NULL,
    product_area TEXT,
    row_kind     TEXT NOT NULL,
    cost         TEXT NOT NULL,
    PRIMARY KEY (payer, period, basis, currency, version, position),
    FOREIGN KEY (payer, period, basis, currency, version)
        REFERENCES finalized (payer, period, basis, currency, version) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

-- The live version of each payer, period, basis and currency, and its tables.
CREATE VIEW live_finalized AS
SELECT * FROM finalized AS live
WHERE version = (
    SELECT MAX(version) FROM finalized AS other
    WHERE other.payer = live.payer AND other.period = live.period AND other.basis = live.basis AND other.currency = live.currency
);

CREATE VIEW live_service_costs AS
SELECT cost.* FROM finalized_service_costs AS cost JOIN live_finalized AS live
    USING (payer, period, basis, currency, version);

CREATE VIEW live_area_costs AS
SELECT cost.* FROM finalized_area_costs AS cost JOIN live_finalized AS live
    USING (payer, period, basis, currency, version);

CREATE VIEW live_product_area_costs AS
SELECT cost.* FROM finalized_product_area_costs AS cost JOIN live_finalized AS live
    USING (payer, period, basis, currency, version);

-- The reservation book: the last scan of a payer and period has all fees billed in it.
CREATE TABLE book_scans (
    scan           INTEGER NOT NULL PRIMARY KEY,
    run_id         TEXT REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED, -- null for a given table
    payer          TEXT NOT NULL,
    billing_period TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE book_entries (
    scan          INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    usage_account TEXT NOT NULL,
    product       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    commitment_id TEXT NOT NULL,
    term_start    TEXT NOT NULL,
    term_end      TEXT NOT NULL,
    currency      TEXT NOT NULL,
    fee           TEXT NOT NULL,
    PRIMARY KEY (scan, position),
    FOREIGN KEY (scan) REFERENCES book_scans (scan) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE INDEX book_scans_by_scope ON book_scans (payer, billing_period, scan);

CREATE VIEW reservation_book AS
SELECT scanned.payer, scanned.billing_period, entry.usage_account, entry.product, entry.kind, entry.commitment_id,
       entry.term_start, entry.term_end, entry.currency, entry.fee
FROM book_entries AS entry JOIN book_scans AS scanned USING (scan)
WHERE scanned.scan = (
    SELECT MAX(scan) FROM book_scans AS other
    WHERE other.payer = scanned.payer AND other.billing_period = scanned.billing_period
);

-- Rows stay as they are written.
CREATE TRIGGER schema_version_no_update BEFORE UPDATE ON schema_version
BEGIN SELECT RAISE(ABORT, 'schema_version is append-only'); END;
CREATE TRIGGER schema_version_no_delete BEFORE DELETE ON schema_version
BEGIN SELECT RAISE(ABORT, 'schema_version is append-only'); END;
CREATE TRIGGER runs_no_update BEFORE UPDATE ON runs
BEGIN SELECT RAISE(ABORT, 'runs is append-only'); END;
CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs
BEGIN SELECT RAISE(ABORT, 'runs is append-only'); END;
CREATE TRIGGER run_inputs_no_update BEFORE UPDATE ON run_inputs
BEGIN SELECT RAISE(ABORT, 'run_inputs is append-only'); END;
CREATE TRIGGER run_inputs_no_delete BEFORE DELETE ON run_inputs
BEGIN SELECT RAISE(ABORT, 'run_inputs is append-only'); END;
CREATE TRIGGER run_cells_no_update BEFORE UPDATE ON run_cells
BEGIN SELECT RAISE(ABORT, 'run_cells is append-only'); END;
CREATE TRIGGER run_cells_no_delete BEFORE DELETE ON run_cells
BEGIN SELECT RAISE(ABORT, 'run_cells is append-only'); END;
CREATE TRIGGER service_costs_no_update BEFORE UPDATE ON service_costs
BEGIN SELECT RAISE(ABORT, 'service_costs is append-only'); END;
CREATE TRIGGER service_costs_no_delete BEFORE DELETE ON service_costs
BEGIN SELECT RAISE(ABORT, 'service_costs is append-only'); END;
CREATE TRIGGER area_costs_no_update BEFORE UPDATE ON area_costs
BEGIN SELECT RAISE(ABORT, 'area_costs is append-only'); END;
CREATE TRIGGER area_costs_no_delete BEFORE DELETE ON area_costs
BEGIN SELECT RAISE(ABORT, 'area_costs is append-only'); END;
CREATE TRIGGER product_area_costs_no_update BEFORE UPDATE ON product_area_costs
BEGIN SELECT RAISE(ABORT, 'product_area_costs is append-only'); END;
CREATE TRIGGER product_area_costs_no_delete BEFORE DELETE ON product_area_costs
BEGIN SELECT RAISE(ABORT, 'product_area_costs is append-only'); END;
CREATE TRIGGER run_mechanisms_no_update BEFORE UPDATE ON run_mechanisms
BEGIN SELECT RAISE(ABORT, 'run_mechanisms is append-only'); END;
CREATE TRIGGER run_mechanisms_no_delete BEFORE DELETE ON run_mechanisms
BEGIN SELECT RAISE(ABORT, 'run_mechanisms is append-only'); END;
CREATE TRIGGER run_diagnostics_no_update BEFORE UPDATE ON run_diagnostics
BEGIN SELECT RAISE(ABORT, 'run_diagnostics is append-only'); END;
CREATE TRIGGER run_diagnostics_no_delete BEFORE DELETE ON run_diagnostics
BEGIN SELECT RAISE(ABORT, 'run_diagnostics is append-only'); END;
CREATE TRIGGER finalized_no_update BEFORE UPDATE ON finalized
BEGIN SELECT RAISE(ABORT, 'finalized is append-only'); END;
CREATE TRIGGER finalized_no_delete BEFORE DELETE ON finalized
BEGIN SELECT RAISE(ABORT, 'finalized is append-only'); END;
CREATE TRIGGER finalized_service_costs_no_update BEFORE UPDATE ON finalized_service_costs
BEGIN SELECT RAISE(ABORT, 'finalized_service_costs is append-only'); END;
CREATE TRIGGER finalized_service_costs_no_delete BEFORE DELETE ON finalized_service_costs
BEGIN SELECT RAISE(ABORT, 'finalized_service_costs is append-only'); END;
CREATE TRIGGER finalized_area_costs_no_update BEFORE UPDATE ON finalized_area_costs
BEGIN SELECT RAISE(ABORT, 'finalized_area_costs is append-only'); END;
CREATE TRIGGER finalized_area_costs_no_delete BEFORE DELETE ON finalized_area_costs
BEGIN SELECT RAISE(ABORT, 'finalized_area_costs is append-only'); END;
CREATE TRIGGER finalized_product_area_costs_no_update BEFORE UPDATE ON finalized_product_area_costs
BEGIN SELECT RAISE(ABORT, 'finalized_product_area_costs is append-only'); END;
CREATE TRIGGER finalized_product_area_costs_no_delete BEFORE DELETE ON finalized_product_area_costs
BEGIN SELECT RAISE(ABORT, 'finalized_product_area_costs is append-only'); END;
CREATE TRIGGER book_scans_no_update BEFORE UPDATE ON book_scans
BEGIN SELECT RAISE(ABORT, 'book_scans is append-only'); END;
CREATE TRIGGER book_scans_no_delete BEFORE DELETE ON book_scans
BEGIN SELECT RAISE(ABORT, 'book_scans is append-only'); END;
CREATE TRIGGER book_entries_no_update BEFORE UPDATE ON book_entries
BEGIN SELECT RAISE(ABORT, 'book_entries is append-only'); END;
CREATE TRIGGER book_entries_no_delete BEFORE DELETE ON book_entries
BEGIN SELECT RAISE(ABORT, 'book_entries is append-only'); END;

-- Nothing is added to what has its header row, and no header is written over.
CREATE TRIGGER runs_sealed BEFORE INSERT ON runs
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'runs has this row for good'); END;
CREATE TRIGGER run_inputs_sealed BEFORE INSERT ON run_inputs
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'run_inputs has this row for good'); END;
CREATE TRIGGER run_cells_sealed BEFORE INSERT ON run_cells
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'run_cells has this row for good'); END;
CREATE TRIGGER service_costs_sealed BEFORE INSERT ON service_costs
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'service_costs has this row for good'); END;
CREATE TRIGGER area_costs_sealed BEFORE INSERT ON area_costs
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'area_costs has this row for good'); END;
CREATE TRIGGER product_area_costs_sealed BEFORE INSERT ON product_area_costs
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'product_area_costs has this row for good'); END;
CREATE TRIGGER run_mechanisms_sealed BEFORE INSERT ON run_mechanisms
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'run_mechanisms has this row for good'); END;
CREATE TRIGGER run_diagnostics_sealed BEFORE INSERT ON run_diagnostics
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'run_diagnostics has this row for good'); END;
CREATE TRIGGER finalized_service_costs_sealed BEFORE INSERT ON finalized_service_costs
WHEN EXISTS (SELECT 1 FROM finalized WHERE payer = NEW.payer AND period = NEW.period AND basis = NEW.basis AND currency = NEW.currency
    AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'finalized_service_costs has this row for good'); END;
CREATE TRIGGER finalized_area_costs_sealed BEFORE INSERT ON finalized_area_costs
WHEN EXISTS (SELECT 1 FROM finalized WHERE payer = NEW.payer AND period = NEW.period AND basis = NEW.basis AND currency = NEW.currency
    AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'finalized_area_costs has this row for good'); END;
CREATE TRIGGER finalized_product_area_costs_sealed BEFORE INSERT ON finalized_product_area_costs
WHEN EXISTS (SELECT 1 FROM finalized WHERE payer = NEW.payer AND period = NEW.period AND basis = NEW.basis AND currency = NEW.currency
    AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'finalized_product_area_costs has this row for good'); END;
CREATE TRIGGER book_scans_sealed BEFORE INSERT ON book_scans
WHEN EXISTS (SELECT 1 FROM book_scans WHERE scan = NEW.scan)
BEGIN SELECT RAISE(ABORT, 'book_scans has this row for good'); END;
CREATE TRIGGER book_entries_sealed BEFORE INSERT ON book_entries
WHEN EXISTS (SELECT 1 FROM book_scans WHERE scan = NEW.scan)
BEGIN SELECT RAISE(ABORT, 'book_entries has this row for good'); END;

-- Versions count up by one, so that two finalizers cannot both win.
CREATE TRIGGER finalized_next_version BEFORE INSERT ON finalized
WHEN NEW.version <> 1 + (
    SELECT COALESCE(MAX(version), 0) FROM finalized WHERE payer = NEW.payer AND period = NEW.period AND basis = NEW.basis AND currency = NEW.currency
)
BEGIN SELECT RAISE(ABORT, 'finalized has this version already'); END;
