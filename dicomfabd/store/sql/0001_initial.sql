-- Every message as it came, how it was answered and why.
CREATE TABLE messages (
    id                   INTEGER PRIMARY KEY,
    received_at          REAL NOT NULL,   -- Unix seconds
    source               TEXT NOT NULL,   -- mllp | http | cli
    peer                 TEXT NOT NULL,
    sending_application  TEXT NOT NULL,   -- MSH-3
    sending_facility     TEXT NOT NULL,   -- MSH-4
    control_id           TEXT NOT NULL,   -- MSH-10
    message_type         TEXT NOT NULL,   -- MSH-9
    body_hash            BLOB NOT NULL,   -- SHA-256 without the time stamp
    raw                  BLOB NOT NULL,
    ack_code             TEXT NOT NULL,   -- AA | AE | AR
    answer               BLOB NOT NULL,
    reasons              TEXT NOT NULL    -- JSON list of faults
) STRICT;

-- A resend of an accepted message finds its first copy here.
-- By control ID alone, which counts up: a hash in the index would touch another page with every message.
CREATE INDEX messages_resend ON messages (control_id)
    WHERE control_id <> '' AND ack_code = 'AA';

CREATE TABLE orders (
    id                   INTEGER PRIMARY KEY,
    accession_number     TEXT NOT NULL UNIQUE,
    filler_order_number  TEXT NOT NULL,
    placer_order_number  TEXT NOT NULL,
    patient_id           TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    study_instance_uid   TEXT NOT NULL,
    state                TEXT NOT NULL,
    document             TEXT NOT NULL,   -- the whole order, JSON
    message_id           INTEGER NOT NULL REFERENCES messages (id),
    created_at           REAL NOT NULL,
    updated_at           REAL NOT NULL,
    finished_at          REAL             -- when it was completed
) STRICT;

CREATE INDEX orders_filler ON orders (filler_order_number) WHERE filler_order_number <> '';
CREATE INDEX orders_placer ON orders (placer_order_number) WHERE placer_order_number <> '';
CREATE INDEX orders_patient ON orders (patient_id);
CREATE INDEX orders_study ON orders (study_instance_uid);
CREATE INDEX orders_state ON orders (state, id);

-- One row a worklist item.
CREATE TABLE steps (
    order_id         INTEGER NOT NULL REFERENCES orders (id),
    ordinal          INTEGER NOT NULL,
    modality         TEXT NOT NULL,
    station_ae_title TEXT NOT NULL,
    start_at         TEXT NOT NULL,      -- YYYYMMDDHHMMSS, local time of the order
    PRIMARY KEY (order_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX steps_start ON steps (start_at, modality);

-- One row a delivery: order x destination.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    order_id    INTEGER NOT NULL REFERENCES orders (id),
    destination TEXT NOT NULL,
    state       TEXT NOT NULL,           -- queued | leased | done | failed | cancelled
    priority    INTEGER NOT NULL,        -- 0 first
    due_at      REAL NOT NULL,
    attempt     INTEGER NOT NULL DEFAULT 0,
    token       INTEGER NOT NULL DEFAULT 0,
    holder      TEXT NOT NULL DEFAULT '',
    lease_until REAL NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT '',
    UNIQUE (order_id, destination)
) STRICT;

-- The queue itself: only what may be claimed, so that its cost follows the backlog and not the history.
CREATE INDEX jobs_queued ON jobs (destination, priority, due_at, id) WHERE state = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'leased';
CREATE INDEX jobs_state ON jobs (destination, state);

-- The last answer to each C-STORE.
CREATE TABLE instances (
    job_id           INTEGER NOT NULL REFERENCES jobs (id),
    sop_instance_uid TEXT NOT NULL,
    sop_class_uid    TEXT NOT NULL,
    status           INTEGER NOT NULL,
    outcome          TEXT NOT NULL,
    at               REAL NOT NULL,
    PRIMARY KEY (job_id, sop_instance_uid)
) STRICT, WITHOUT ROWID;

-- Append-only: written in the transaction of the change it tells.
CREATE TABLE events (
    id       INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    at       REAL NOT NULL,
    event    TEXT NOT NULL,
    detail   TEXT NOT NULL               -- JSON
) STRICT;

CREATE INDEX events_order ON events (order_id, id);

-- Cancels that came before their order, so that the order does not rise when it comes late.
CREATE TABLE early_cancels (
    accession_number    TEXT NOT NULL,
    filler_order_number TEXT NOT NULL,
    placer_order_number TEXT NOT NULL,
    at                  REAL NOT NULL
) STRICT;

-- Destinations that are away.
CREATE TABLE pauses (
    destination TEXT PRIMARY KEY,
    failures    INTEGER NOT NULL,
    until       REAL NOT NULL
) STRICT, WITHOUT ROWID;
