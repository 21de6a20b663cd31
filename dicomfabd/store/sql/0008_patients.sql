-- Patients are found by how their name begins, and numbered as they are made up.
ALTER TABLE patients ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';  -- as dimse.matching.fold_groups gives it
CREATE INDEX patients_name ON patients (folded_name);

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL                -- the last number given away
) STRICT, WITHOUT ROWID;
