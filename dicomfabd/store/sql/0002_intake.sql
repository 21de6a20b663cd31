-- What a message did: JSON list of [action, subject, order id].
ALTER TABLE messages ADD COLUMN did TEXT NOT NULL DEFAULT '[]';
-- 1 for one that could not be read.
ALTER TABLE messages ADD COLUMN is_quarantined INTEGER NOT NULL DEFAULT 0;
-- The message this one is a copy of.
ALTER TABLE messages ADD COLUMN replay_of INTEGER;

-- People look for what was not taken; the accepted many stay out of this index.
CREATE INDEX messages_not_taken ON messages (id) WHERE ack_code <> 'AA';
CREATE INDEX messages_replays ON messages (replay_of) WHERE replay_of IS NOT NULL;

-- cancelled | discontinued
ALTER TABLE early_cancels ADD COLUMN state TEXT NOT NULL DEFAULT 'cancelled';
-- MSH-3|MSH-4: another sender may use the same numbers.
ALTER TABLE early_cancels ADD COLUMN sender TEXT NOT NULL DEFAULT '';

-- Patients that ADT messages told of.
CREATE TABLE patients (
    id                   INTEGER PRIMARY KEY,
    patient_id           TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    document             TEXT NOT NULL,   -- the whole patient, JSON
    merged_into          INTEGER REFERENCES patients (id),
    updated_at           REAL NOT NULL,
    UNIQUE (patient_id, issuer_of_patient_id)
) STRICT;

CREATE INDEX patients_merged ON patients (merged_into) WHERE merged_into IS NOT NULL;

-- Append-only: what people did.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     REAL NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL                  -- JSON
) STRICT;
