-- What modalities say they do (MPPS).
CREATE TABLE performed_steps (
    id               INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL UNIQUE,
    status           TEXT NOT NULL,           -- as domain.performed.PerformedStatus
    attributes       TEXT NOT NULL,           -- DICOM JSON Model
    calling          TEXT NOT NULL,           -- AE title it last came from
    is_matched       INTEGER NOT NULL,
    created_at       REAL NOT NULL,
    updated_at       REAL NOT NULL
) STRICT;

CREATE INDEX performed_steps_unmatched ON performed_steps (id) WHERE is_matched = 0;

-- Which scheduled steps that is for: several of one (group), or one several times (append).
CREATE TABLE performances (
    order_id     INTEGER NOT NULL REFERENCES orders (id),
    step_id      TEXT NOT NULL,               -- ScheduledProcedureStepID
    performed_id INTEGER NOT NULL REFERENCES performed_steps (id),
    PRIMARY KEY (order_id, step_id, performed_id)
) STRICT, WITHOUT ROWID;
