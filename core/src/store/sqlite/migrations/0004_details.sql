-- What a run says beside its amounts, one JSON text a name: bridge, commitments, coverage, split_check. Version 4; runs
-- that were stored before have none.

CREATE TABLE run_details (
    run_id   TEXT NOT NULL,
    position INTEGER NOT NULL,
    name     TEXT NOT NULL,
    content  TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TRIGGER run_details_no_update BEFORE UPDATE ON run_details
BEGIN SELECT RAISE(ABORT, 'run_details is append-only'); END;
CREATE TRIGGER run_details_no_delete BEFORE DELETE ON run_details
BEGIN SELECT RAISE(ABORT, 'run_details is append-only'); END;
CREATE TRIGGER run_details_sealed BEFORE INSERT ON run_details
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'run_details has this row for good'); END;
