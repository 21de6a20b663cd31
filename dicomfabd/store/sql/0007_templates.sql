-- Orders that people saved to begin others with.
CREATE TABLE templates (
    name       TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,             -- hl7 | form
    content    TEXT NOT NULL,
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
