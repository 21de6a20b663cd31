-- What modalities asked the worklist, the newest of it: for people who look for an item that does not show.
CREATE TABLE queries (
    id      INTEGER PRIMARY KEY,
    at      REAL NOT NULL,
    calling TEXT NOT NULL,
    called  TEXT NOT NULL,
    peer    TEXT NOT NULL,
    keys    TEXT NOT NULL,               -- JSON: [[tag, value or nested list], ...]
    answers INTEGER NOT NULL,
    seconds REAL NOT NULL,
    status  INTEGER NOT NULL,            -- of the final response
    comment TEXT NOT NULL
) STRICT;
