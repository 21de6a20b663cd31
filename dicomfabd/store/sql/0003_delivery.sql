-- Destinations that people manage while the daemon runs.
CREATE TABLE destinations (
    name       TEXT PRIMARY KEY,
    document   TEXT NOT NULL,             -- the whole destination, JSON
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- How often something was changed, for those who keep a copy of it.
CREATE TABLE revisions (
    subject  TEXT PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO revisions VALUES ('destinations', 0);

-- Whose turn it is: destinations are served in turn, and now and then the newest of their work first.
CREATE TABLE turns (
    destination TEXT PRIMARY KEY,
    taken       INTEGER NOT NULL,         -- how many jobs were claimed for it
    last        REAL NOT NULL             -- when the last was
) STRICT, WITHOUT ROWID;

-- What PACS were asked to commit to, and have not answered yet or answered while its job was being worked on.
CREATE TABLE commitments (
    transaction_uid TEXT PRIMARY KEY,
    job_id          INTEGER NOT NULL REFERENCES jobs (id),
    asked_at        REAL NOT NULL,
    report          TEXT                  -- JSON: SOP Instance UID -> failure reason of what is not committed
) STRICT, WITHOUT ROWID;

CREATE INDEX commitments_job ON commitments (job_id);
CREATE INDEX jobs_committing ON jobs (due_at) WHERE state = 'committing';
