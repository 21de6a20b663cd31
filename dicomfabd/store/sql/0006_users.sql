-- Who may use the page and the API.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never given twice
    name          TEXT NOT NULL UNIQUE,
    password      TEXT NOT NULL,              -- argon2id, or empty for who signs in elsewhere
    subject       TEXT UNIQUE,                -- issuer and subject at the identity provider
    test_role     INTEGER NOT NULL,           -- as domain.access.Role
    prod_role     INTEGER NOT NULL,
    sees_messages INTEGER NOT NULL,
    is_active     INTEGER NOT NULL,
    created_at    REAL NOT NULL,
    signed_in_at  REAL
) STRICT;

-- People who are signed in. Of what their browsers hold only the SHA-256 is here.
CREATE TABLE sessions (
    digest     BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    created_at REAL NOT NULL,
    used_at    REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_user ON sessions (user_id);

-- Keys for scripts, likewise.
CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB NOT NULL UNIQUE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,                 -- words with blanks between
    created_at REAL NOT NULL,
    expires_at REAL,
    used_at    REAL,
    UNIQUE (user_id, name)
) STRICT;

CREATE INDEX audit_action ON audit (action, id);
