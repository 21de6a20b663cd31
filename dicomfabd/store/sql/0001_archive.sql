-- What the built-in archive holds; one row an instance, attributes as JSON by level.
CREATE TABLE studies (
    id                 INTEGER PRIMARY KEY,
    study_instance_uid TEXT NOT NULL UNIQUE,
    patient_id         TEXT NOT NULL,
    accession_number   TEXT NOT NULL,
    attributes         TEXT NOT NULL
) STRICT;

CREATE INDEX studies_patient ON studies (patient_id);
CREATE INDEX studies_accession ON studies (accession_number);

CREATE TABLE series (
    id                  INTEGER PRIMARY KEY,
    study_id            INTEGER NOT NULL REFERENCES studies (id),
    series_instance_uid TEXT NOT NULL UNIQUE,
    attributes          TEXT NOT NULL
) STRICT;

CREATE INDEX series_study ON series (study_id);

CREATE TABLE images (
    id               INTEGER PRIMARY KEY,   -- also the name of the file
    series_id        INTEGER NOT NULL REFERENCES series (id),
    sop_instance_uid TEXT NOT NULL UNIQUE,
    size             INTEGER NOT NULL,
    received_at      REAL NOT NULL,
    attributes       TEXT NOT NULL
) STRICT;

CREATE INDEX images_series ON images (series_id);
