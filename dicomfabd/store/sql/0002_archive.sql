-- Patients get rows of their own; what C-FIND and QIDO-RS ask for most gets columns; commitment requests are kept.
CREATE TABLE patients (
    id                   INTEGER PRIMARY KEY,
    patient_id           TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    folded_name          TEXT NOT NULL DEFAULT '',  -- as dimse.matching.fold gives it, group by group
    attributes           TEXT NOT NULL,             -- JSON, of the study that came last
    UNIQUE (patient_id, issuer_of_patient_id)
) STRICT;

INSERT INTO patients (patient_id, issuer_of_patient_id, attributes)
    SELECT patient_id, coalesce(json_extract(attributes, '$.IssuerOfPatientID'), ''),
        json_object(
            'PatientName', coalesce(json_extract(attributes, '$.PatientName'), ''),
            'PatientID', patient_id,
            'IssuerOfPatientID', coalesce(json_extract(attributes, '$.IssuerOfPatientID'), ''),
            'PatientBirthDate', coalesce(json_extract(attributes, '$.PatientBirthDate'), ''),
            'PatientSex', coalesce(json_extract(attributes, '$.PatientSex'), '')
        )
    FROM studies WHERE id IN (
        SELECT max(id) FROM studies GROUP BY patient_id, coalesce(json_extract(attributes, '$.IssuerOfPatientID'), '')
    );

-- A study keeps what its own images say of the patient, in its attributes and its folded name.
ALTER TABLE studies ADD COLUMN patient INTEGER REFERENCES patients (id);
ALTER TABLE studies ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
ALTER TABLE studies ADD COLUMN study_date TEXT NOT NULL DEFAULT '';     -- YYYYMMDD; empty for one that is no date
ALTER TABLE studies ADD COLUMN received_at REAL NOT NULL DEFAULT 0;     -- when its newest instance came

UPDATE studies SET
    patient = (
        SELECT patients.id FROM patients WHERE patients.patient_id = studies.patient_id
            AND patients.issuer_of_patient_id = coalesce(json_extract(studies.attributes, '$.IssuerOfPatientID'), '')
    ),
    study_date = CASE
        WHEN json_extract(attributes, '$.StudyDate') GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'
        THEN json_extract(attributes, '$.StudyDate') ELSE '' END,
    received_at = (
        SELECT max(images.received_at) FROM images JOIN series ON series.id = images.series_id
        WHERE series.study_id = studies.id
    );

CREATE INDEX studies_of_patient ON studies (patient);
CREATE INDEX studies_name ON studies (folded_name);
CREATE INDEX studies_date ON studies (study_date);
CREATE INDEX studies_received ON studies (received_at);
CREATE INDEX patients_name ON patients (folded_name);

ALTER TABLE series ADD COLUMN modality TEXT NOT NULL DEFAULT '';
UPDATE series SET modality = coalesce(json_extract(attributes, '$.Modality'), '');

ALTER TABLE images ADD COLUMN sop_class_uid TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN transfer_syntax_uid TEXT NOT NULL DEFAULT '';  -- empty: see the file
UPDATE images SET sop_class_uid = coalesce(json_extract(attributes, '$.SOPClassUID'), '');

-- Counts and sizes of a study are read from these alone.
DROP INDEX series_study;
CREATE INDEX series_study ON series (study_id, modality);
DROP INDEX images_series;
CREATE INDEX images_series ON images (series_id, sop_class_uid, size);

-- What others asked the archive to commit to (PS3.4 Annex J), until the report went out.
CREATE TABLE commitments (
    transaction_uid TEXT NOT NULL,
    ae_title        TEXT NOT NULL,
    refs            TEXT NOT NULL,             -- JSON list of [SOP class UID, SOP instance UID]
    asked_at        REAL NOT NULL,
    due_at          REAL NOT NULL,
    attempt         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (transaction_uid, ae_title)
) STRICT, WITHOUT ROWID;

CREATE INDEX commitments_due ON commitments (due_at);
