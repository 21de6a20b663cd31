"""The patient registry on SQLite: who was told of, who became whom, and the open orders that changes."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from dicomfabd.dimse.matching import fold_groups
from dicomfabd.domain.order import ENDED, Action
from dicomfabd.domain.patient import NAMELESS, Patient
from dicomfabd.store.interface import Applied, PatientChange, PatientKey
from dicomfabd.store.rows import from_document, patient_from_document, to_document
from dicomfabd.store.sqlite_orders import ORDER_COLUMNS, add_event, has_begun
from dicomfabd.store.sqlite_steps import rename_steps

_MOST_MERGES_IN_A_ROW: Final = 32
BY_KEY: Final = """
SELECT * FROM patients WHERE patient_id = ?1
    AND (issuer_of_patient_id = ?2 OR ?2 = '' OR issuer_of_patient_id = '')
ORDER BY issuer_of_patient_id <> ?2, id LIMIT 1
"""


def change_patient(
    db: sqlite3.Connection, change: PatientChange, asked_by: Mapping[str, Any], now: float
) -> list[Applied]:
    """Keep what is said of a patient, and bring the orders nobody has begun up to date."""
    row = row_of(db, PatientKey.of(change.patient))
    patient_id, patient, action = put_patient(db, row, change, now)
    keys = [PatientKey.of(patient)]
    for prior in change.priors:
        _merge(db, prior, patient_id, now)
        keys.append(prior)
    if change.priors:
        action = Action.MERGED
    applied = [Applied(action, "", "", None, subject="patient")]
    if action is not Action.UNCHANGED:
        applied += _update_orders(db, keys, replace(change, patient=patient), asked_by, now)
    return applied


def survivor_of(db: sqlite3.Connection, patient: Patient) -> Patient:
    """Give the patient under the identifier that is theirs now."""
    row = _survivor(db, PatientKey.of(patient))
    if row is None:
        return patient
    survivor = patient_from_document(row["document"])
    if survivor.patient_id == patient.patient_id:
        return patient
    return replace(patient, patient_id=survivor.patient_id, issuer_of_patient_id=survivor.issuer_of_patient_id)


def is_same_patient(db: sqlite3.Connection, before: Patient, now: Patient) -> bool:
    """Tell whether two patients are one; an authority that one side leaves out does not part them."""
    one, other = (PatientKey.of(survivor_of(db, patient)) for patient in (before, now))
    issuers = {one.issuer_of_patient_id, other.issuer_of_patient_id} - {""}
    return one.patient_id == other.patient_id and len(issuers) < 2


def put_patient(
    db: sqlite3.Connection, row: sqlite3.Row | None, change: PatientChange, now: float
) -> tuple[int, Patient, Action]:
    """Keep what is said of a patient; gives their number, the patient as they are now, and what was done."""
    if row is None:
        cursor = db.execute(
            "INSERT INTO patients (patient_id, issuer_of_patient_id, document, updated_at, folded_name)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                change.patient.patient_id,
                change.patient.issuer_of_patient_id,
                to_document(change.patient),
                now,
                fold_groups(change.patient.patient_name),
            ),
        )
        return int(cursor.lastrowid or 0), change.patient, Action.CREATED
    stored = patient_from_document(row["document"])
    patient = overlay(stored, change)
    is_risen = row["merged_into"] is not None and not change.priors
    if patient == stored and not is_risen:
        return row["id"], patient, Action.UNCHANGED
    db.execute(
        "UPDATE patients SET document = ?, updated_at = ?, folded_name = ? WHERE id = ?",
        (to_document(patient), now, fold_groups(patient.patient_name), row["id"]),
    )
    return row["id"], patient, Action.CHANGED


def overlay(stored: Patient, change: PatientChange) -> Patient:
    """Give a patient with what a message says of them; what it leaves empty stays."""
    said = {
        item.name: value
        for item in fields(Patient)
        if (value := getattr(change.patient, item.name)) not in ("", None, ())
        and not _stands_for_nothing(item.name, value)
    }
    cleared: dict[str, Any] = {name: Patient.__dataclass_fields__[name].default for name in change.cleared}
    return replace(stored, **{**cleared, **said})


def _stands_for_nothing(name: str, value: object) -> bool:
    return name == "patient_name" and value == NAMELESS


def _merge(db: sqlite3.Connection, prior: PatientKey, survivor: int, now: float) -> None:
    row = row_of(db, prior)
    if row is None:
        # Nobody told of them before; kept all the same, so that a late order finds the survivor.
        patient = Patient(prior.patient_id, "", prior.issuer_of_patient_id)
        db.execute(
            "INSERT INTO patients (patient_id, issuer_of_patient_id, document, merged_into, updated_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (prior.patient_id, prior.issuer_of_patient_id, to_document(patient), survivor, now),
        )
    elif row["id"] != survivor:
        db.execute("UPDATE patients SET merged_into = ?, updated_at = ? WHERE id = ?", (survivor, now, row["id"]))
    # A survivor that had been merged away itself is a person of their own again.
    db.execute("UPDATE patients SET merged_into = NULL WHERE id = ?", (survivor,))


def _update_orders(
    db: sqlite3.Connection,
    keys: Sequence[PatientKey],
    change: PatientChange,
    asked_by: Mapping[str, Any],
    now: float,
) -> list[Applied]:
    applied = []
    for row in _open_orders(db, keys):
        order = from_document(row["document"])
        if has_begun(db, row["id"]):
            continue
        patient = overlay(order.patient, change)
        if patient == order.patient:
            continue
        order = replace(order, patient=patient)
        db.execute(
            "UPDATE orders SET document = ?, patient_id = ?, issuer_of_patient_id = ?, updated_at = ? WHERE id = ?",
            (
                to_document(order),
                patient.patient_id,
                patient.issuer_of_patient_id,
                now,
                row["id"],
            ),
        )
        rename_steps(db, row["id"], order)
        add_event(db, row["id"], now, "order.changed", asked_by)
        applied.append(Applied(Action.CHANGED, order.accession_number, order.modality, row["id"]))
    return applied


def _open_orders(db: sqlite3.Connection, keys: Sequence[PatientKey]) -> list[sqlite3.Row]:
    ended = ", ".join(f"'{state.value}'" for state in sorted(ENDED))
    sql = (
        f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.patient_id = ?1 AND o.state NOT IN ({ended})"  # noqa: S608 - only our own text
        " AND (o.issuer_of_patient_id = ?2 OR ?2 = '' OR o.issuer_of_patient_id = '')"
    )
    return [row for key in keys for row in db.execute(sql, (key.patient_id, key.issuer_of_patient_id)).fetchall()]


def row_of(db: sqlite3.Connection, key: PatientKey) -> sqlite3.Row | None:
    """Give the row of a patient, or None; an issuer that one side leaves out fits."""
    row: sqlite3.Row | None = db.execute(BY_KEY, (key.patient_id, key.issuer_of_patient_id)).fetchone()
    return row


def _survivor(db: sqlite3.Connection, key: PatientKey) -> sqlite3.Row | None:
    row = row_of(db, key)
    for _ in range(_MOST_MERGES_IN_A_ROW):
        if row is None or row["merged_into"] is None:
            break
        row = db.execute("SELECT * FROM patients WHERE id = ?", (row["merged_into"],)).fetchone()
    return row
