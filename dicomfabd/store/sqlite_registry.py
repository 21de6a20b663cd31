"""The patient registry on SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from dicomfabd.dimse.matching import fold_groups
from dicomfabd.domain.order import Action
from dicomfabd.domain.patient import Patient, filled
from dicomfabd.store.interface import Applied, PatientChange, PatientKey
from dicomfabd.store.patients_interface import Brought, PatientQuery, StoredPatient
from dicomfabd.store.rows import patient_from_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_patients import BY_KEY, change_patient, put_patient, row_of

_REMOVE: Final = """
WITH RECURSIVE gone (id) AS (
    SELECT value FROM json_each(?1)
    UNION SELECT patients.id FROM patients JOIN gone ON patients.merged_into = gone.id
)
DELETE FROM patients WHERE id IN (SELECT id FROM gone) RETURNING id
"""
_LAST: Final = "\U0010ffff"
"""Stands after whatever text begins so."""


class SqlitePatientRegistry:
    """See `patients_interface.PatientRegistry`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def get(self, key: PatientKey) -> StoredPatient | None:
        """See `patients_interface.PatientRegistry.get`."""
        rows = self._file.read(BY_KEY, key.patient_id, key.issuer_of_patient_id)
        return self._stored(rows[0]) if rows else None

    def find(self, query: PatientQuery) -> list[StoredPatient]:
        """See `patients_interface.PatientRegistry.find`."""
        conditions: list[str] = []
        parameters: list[str | int] = []
        if query.text:
            name = fold_groups(query.text)
            conditions.append("(patient_id BETWEEN ? AND ? OR folded_name BETWEEN ? AND ?)")
            parameters += [query.text, query.text + _LAST, name, name + _LAST]
        if query.before is not None:
            conditions.append("id < ?")
            parameters.append(query.before)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._file.read(
            f"SELECT * FROM patients {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - only our own text
            *parameters,
            query.limit,
        )
        return [self._stored(row) for row in rows]

    def complete(self, patient: Patient) -> None:
        """See `patients_interface.PatientRegistry.complete`."""
        known = self.get(PatientKey.of(patient))
        if known is not None and filled(known.patient, patient) == known.patient:
            return
        now = self._file.clock()
        self._file.writer.run(lambda db: _complete(db, patient, now))

    def add(self, patient: Patient) -> bool:
        """See `patients_interface.PatientRegistry.add`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> bool:
            if row_of(db, PatientKey.of(patient)) is not None:
                return False
            put_patient(db, None, PatientChange(patient), now)
            return True

        return self._file.writer.run(operation)

    def change(self, change: PatientChange) -> list[Applied]:
        """See `patients_interface.PatientRegistry.change`."""
        now = self._file.clock()
        return self._file.writer.run(lambda db: change_patient(db, change, {"asked_by": "person"}, now))

    def bring(self, patients: Sequence[Patient]) -> Brought:
        """See `patients_interface.PatientRegistry.bring`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> Brought:
            actions = [
                change_patient(db, PatientChange(patient), {"asked_by": "person"}, now)[0].action
                for patient in patients
            ]
            return Brought(actions.count(Action.CREATED), actions.count(Action.CHANGED))

        return self._file.writer.run(operation)

    def remove(self, keys: Sequence[PatientKey]) -> int:
        """See `patients_interface.PatientRegistry.remove`."""

        def operation(db: sqlite3.Connection) -> int:
            found = [row["id"] for key in keys if (row := row_of(db, key)) is not None]
            return len(db.execute(_REMOVE, (json.dumps(found),)).fetchall())

        return self._file.writer.run(operation)

    def reserve(self, amount: int, first: int) -> int:
        """See `patients_interface.PatientRegistry.reserve`."""

        def operation(db: sqlite3.Connection) -> int:
            row = db.execute("SELECT value FROM counters WHERE name = 'patients'").fetchone()
            start = max(first, row[0] + 1 if row else first)
            db.execute("INSERT OR REPLACE INTO counters VALUES ('patients', ?)", (start + amount - 1,))
            return start

        return self._file.writer.run(operation)

    def _stored(self, row: sqlite3.Row) -> StoredPatient:
        survivors = self._file.read("SELECT patient_id FROM patients WHERE id = ?", row["merged_into"])
        return StoredPatient(
            patient_from_document(row["document"]),
            survivors[0][0] if survivors else "",
            row["updated_at"],
            row["id"],
        )


def _complete(db: sqlite3.Connection, patient: Patient, now: float) -> None:
    row = row_of(db, PatientKey.of(patient))
    known = patient_from_document(row["document"]) if row is not None else patient
    put_patient(db, row, PatientChange(filled(known, patient)), now)
