-- Shared pools that are kept, and hops from providers to consumers, version 2.

ALTER TABLE run_cells ADD COLUMN pool TEXT;
ALTER TABLE area_costs ADD COLUMN pool TEXT;
ALTER TABLE product_area_costs ADD COLUMN pool TEXT;
ALTER TABLE finalized_area_costs ADD COLUMN pool TEXT;
ALTER TABLE finalized_product_area_costs ADD COLUMN pool TEXT;

CREATE TABLE run_reallocations (
    run_id   TEXT NOT NULL,
    position INTEGER NOT NULL,
    provider TEXT NOT NULL,
    consumer TEXT NOT NULL,
    cost     TEXT NOT NULL,
    PRIMARY KEY (run_id, position),
    FOREIGN KEY (run_id) REFERENCES runs (run_id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TRIGGER run_reallocations_no_update BEFORE UPDATE ON run_reallocations
BEGIN SELECT RAISE(ABORT, 'run_reallocations is append-only'); END;
CREATE TRIGGER run_reallocations_no_delete BEFORE DELETE ON run_reallocations
BEGIN SELECT RAISE(ABORT, 'run_reallocations is append-only'); END;
CREATE TRIGGER run_reallocations_sealed BEFORE INSERT ON run_reallocations
WHEN EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'run_reallocations has this row for good'); END;
