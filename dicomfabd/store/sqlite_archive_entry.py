"""Entering and striking out instances of the archive, inside the caller's transaction."""

import json
import re
import sqlite3
from typing import Any, Final

from dicomfabd.dimse.matching import fold, fold_groups
from dicomfabd.store.archive_interface import ArchivedInstance, Attributes

_DATE: Final = re.compile(r"[0-9]{8}")
_SEARCHED: Final = ("PatientName", "PatientID", "AccessionNumber", "StudyDescription")


def enter(db: sqlite3.Connection, instance: ArchivedInstance, now: float) -> bool:
    """Enter an instance and what it belongs to; False if its SOP Instance UID is there already.

    A study and a series are described by the instance that came first, a patient by the study that came last.
    """
    uid = instance.image["SOPInstanceUID"]
    if db.execute("SELECT 1 FROM images WHERE sop_instance_uid = ?", (uid,)).fetchone():
        return False
    series_id = _series(db, instance, _study(db, instance, now))
    db.execute(
        "INSERT INTO images (id, series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, size, received_at,"
        " attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            instance.instance_id,
            series_id,
            uid,
            instance.image["SOPClassUID"],
            instance.transfer_syntax_uid,
            instance.size,
            now,
            json.dumps(dict(instance.image)),
        ),
    )
    return True


def strike_out(db: sqlite3.Connection, source: str, parameters: list[Any]) -> list[int]:
    """Delete images, and the series, studies and patients they leave empty; give the numbers of the images."""
    # A temporary table, because a study may have more images than a statement may have parameters.
    db.execute(f"CREATE TEMP TABLE struck AS SELECT images.id, series_id, study_id FROM {source}", parameters)  # noqa: S608 - only our own text
    numbers = [row[0] for row in db.execute("SELECT id FROM struck")]
    db.execute("DELETE FROM images WHERE id IN (SELECT id FROM struck)")
    db.execute(
        "DELETE FROM series WHERE id IN (SELECT series_id FROM struck)"
        " AND NOT EXISTS (SELECT 1 FROM images WHERE images.series_id = series.id)"
    )
    patients = db.execute("SELECT DISTINCT patient FROM studies WHERE id IN (SELECT study_id FROM struck)").fetchall()
    db.execute(
        "DELETE FROM studies WHERE id IN (SELECT study_id FROM struck)"
        " AND NOT EXISTS (SELECT 1 FROM series WHERE series.study_id = studies.id)"
    )
    db.execute("DROP TABLE struck")
    db.executemany(
        "DELETE FROM patients WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM studies WHERE studies.patient = ?1)",
        [(row[0],) for row in patients],
    )
    return numbers


def search_text(attributes: Attributes) -> str:
    """Give what a study's words are looked for in: without case and accents."""
    return fold(" ".join(attributes.get(name) or "" for name in _SEARCHED))


def _study(db: sqlite3.Connection, instance: ArchivedInstance, now: float) -> int:
    uid, patient = instance.study["StudyInstanceUID"], instance.patient
    known = db.execute("UPDATE studies SET received_at = ? WHERE study_instance_uid = ? RETURNING id", (now, uid))
    if row := known.fetchone():
        return int(row[0])
    name, date = fold_groups(patient["PatientName"]), instance.study["StudyDate"]
    patient_row = (patient["PatientID"], patient["IssuerOfPatientID"], name, json.dumps(dict(patient)))
    patient_id = db.execute(
        "INSERT INTO patients (patient_id, issuer_of_patient_id, folded_name, attributes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET folded_name = excluded.folded_name, attributes = excluded.attributes RETURNING id",
        patient_row,
    ).fetchone()[0]
    row = db.execute(
        "INSERT INTO studies (study_instance_uid, patient, patient_id, folded_name, accession_number, study_date,"
        " received_at, search_text, attributes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            uid,
            patient_id,
            patient["PatientID"],
            name,
            instance.study["AccessionNumber"],
            date if _DATE.fullmatch(date) else "",
            now,
            search_text({**patient, **instance.study}),
            json.dumps({**patient, **instance.study}),
        ),
    ).fetchone()
    return int(row[0])


def _series(db: sqlite3.Connection, instance: ArchivedInstance, study_id: int) -> int:
    uid = instance.series["SeriesInstanceUID"]
    known = db.execute("SELECT id FROM series WHERE series_instance_uid = ?", (uid,)).fetchone()
    if known:
        return int(known[0])
    row = db.execute(
        "INSERT INTO series (study_id, series_instance_uid, modality, attributes) VALUES (?, ?, ?, ?) RETURNING id",
        (study_id, uid, instance.series["Modality"], json.dumps(dict(instance.series))),
    ).fetchone()
    return int(row[0])
