-- What lists are searched by, beside the store and made of it alone: this file may be deleted at any time.
-- Whoever changes anything here renames the migration: a file of another form is thrown away and built anew.

-- How far the store was read.
CREATE TABLE positions (
    what TEXT PRIMARY KEY,                -- built: orders read up to this one; goal: those to be read before events
    id   INTEGER NOT NULL,                --   are followed; events, messages: read up to this one
    mark TEXT NOT NULL DEFAULT ''         -- what stands there: of another store it is something else
) STRICT, WITHOUT ROWID;

INSERT INTO positions (what, id) VALUES ('built', 0), ('goal', -1), ('events', 0), ('messages', 0);

-- Every word that stands in many rows, once.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE orders (
    id         INTEGER PRIMARY KEY,       -- of the store
    state      INTEGER NOT NULL,          -- these three: names
    modality   INTEGER NOT NULL,
    sender     INTEGER NOT NULL,          -- MSH-3
    scheduled  INTEGER NOT NULL,          -- YYYYMMDD of the first step
    created_at REAL NOT NULL,
    patient_id TEXT NOT NULL,
    ended      INTEGER NOT NULL           -- name: JSON, destination -> state of the deliveries nobody works on
) STRICT;

-- Each filter, and each pair, finds the newest first; rows of one value stand in the order of their id.
CREATE INDEX orders_state ON orders (state);
CREATE INDEX orders_modality ON orders (modality);
CREATE INDEX orders_sender ON orders (sender);
CREATE INDEX orders_patient_id ON orders (patient_id);
CREATE INDEX orders_state_modality ON orders (state, modality);
CREATE INDEX orders_state_sender ON orders (state, sender);
CREATE INDEX orders_modality_sender ON orders (modality, sender);
-- A day is short enough to look through.
CREATE INDEX orders_scheduled ON orders (scheduled, id, state, modality, sender);

-- The folded words of an order, each after two blanks, so that what one begins with is three letters too.
CREATE TABLE texts (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE trigrams USING fts5 (
    text, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE messages (
    id             INTEGER PRIMARY KEY,   -- of the store
    type           INTEGER NOT NULL,      -- these four: names
    sender         INTEGER NOT NULL,      -- MSH-3
    code           INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    is_quarantined INTEGER NOT NULL,
    received_at    REAL NOT NULL,
    control_id     TEXT NOT NULL
) STRICT;

CREATE INDEX messages_type ON messages (type);
CREATE INDEX messages_sender ON messages (sender);
CREATE INDEX messages_code ON messages (code);
CREATE INDEX messages_source ON messages (source);
CREATE INDEX messages_control_id ON messages (control_id);
CREATE INDEX messages_type_sender ON messages (type, sender);
CREATE INDEX messages_code_type ON messages (code, type);
CREATE INDEX messages_source_type ON messages (source, type);
CREATE INDEX messages_code_sender ON messages (code, sender);
CREATE INDEX messages_sender_source ON messages (sender, source);
CREATE INDEX messages_code_source ON messages (code, source);
CREATE INDEX messages_quarantined ON messages (is_quarantined) WHERE is_quarantined = 1;
CREATE INDEX messages_quarantined_type ON messages (type) WHERE is_quarantined = 1;
CREATE INDEX messages_quarantined_sender ON messages (sender) WHERE is_quarantined = 1;
CREATE INDEX messages_quarantined_code ON messages (code) WHERE is_quarantined = 1;
CREATE INDEX messages_quarantined_source ON messages (source) WHERE is_quarantined = 1;

-- How many rows there are of each value.
CREATE TABLE tallies (
    kind   TEXT NOT NULL,                 -- a column of orders; of messages, after a dot
    value  INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

-- Which rows came within an hour.
CREATE TABLE hours (
    kind     TEXT NOT NULL,               -- orders | messages
    hour     INTEGER NOT NULL,            -- since 1970
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (kind, hour)
) STRICT, WITHOUT ROWID;

-- When each sending application was last heard, and how often in each of its last hours.
CREATE TABLE senders (
    sender  INTEGER PRIMARY KEY,          -- name
    last_at REAL NOT NULL
) STRICT;

CREATE INDEX senders_last ON senders (last_at);

CREATE TABLE sender_hours (
    hour   INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (hour, sender)
) STRICT, WITHOUT ROWID;
