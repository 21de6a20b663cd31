"""The registry of patients: /api/v1/patients."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from dicomfabd.domain.access import Role
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Applied, PatientKey
from dicomfabd.store.patients_interface import PatientQuery, StoredPatient
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.orders import moment, tell
from dicomfabd.web.api.patient_editing import PatientEditor
from dicomfabd.web.api.patient_in import COLUMNS, MOST_ROWS, PatientIn, as_row, read_csv, told
from dicomfabd.web.api.spreadsheet import write_csv
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import Before, Limit, actor_of, body_of, media_type, refuse_type

MOST_AT_ONCE: Final = 1000
_MOST_FAULTS: Final = 100
# Lets go of what an edit leaves empty; everything else a patient may have is not in the form and stays.
_EDITED: Final = frozenset(COLUMNS) - {"patient_id", "issuer_of_patient_id", "patient_name"}
_Id = Annotated[str, Field(min_length=1, max_length=64)]
PatientId = Annotated[str, Path(min_length=1, max_length=64, description="A patient's ID.")]
Issuer = Annotated[str, Query(max_length=64, description="Authority that gave the ID; empty is any.")]
_CSV: Final = frozenset({"text/csv", "application/csv", "application/vnd.ms-excel"})
_TAKES_CSV: Final = {
    "requestBody": {
        "required": True,
        "description": f"A table with a header; the columns are {', '.join(COLUMNS)}.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "patient_id,patient_name\r\nP1,DOE^JANE\r\n"}
        },
    }
}


class ManyIn(BaseModel):
    """Which patients."""

    model_config = ConfigDict(extra="forbid")

    patient_ids: list[_Id] = Field(min_length=1, max_length=MOST_AT_ONCE)


class MergeIn(BaseModel):
    """Who becomes whom."""

    model_config = ConfigDict(extra="forbid")

    survivor: _Id = Field(description="ID of the patient who stays.")
    others: list[_Id] = Field(min_length=1, max_length=100, description="IDs that are this patient from now on.")


class SynthesiseIn(BaseModel):
    """How many patients to make up."""

    model_config = ConfigDict(extra="forbid")

    amount: int = Field(1, ge=1, le=MOST_AT_ONCE)
    keep: bool = Field(True, description="Keep them in the registry.")
    seed: int | None = Field(None, ge=0, le=2**63 - 1, description="The same seed gives the same people.")


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()
    _add_lists(routes, desk)
    _add_many(routes, desk)
    _add_one(routes, desk)
    return routes


def _add_lists(routes: GuardedRouter, desk: WebDesk) -> None:
    @routes.get("/api/v1/patients")
    @needs(Role.VIEWER)
    def list_patients(
        text: Annotated[str, Query(max_length=64, description="How ID or name begins.")] = "",
        limit: Limit = 100,
        before: Before = None,
    ) -> dict[str, Any]:
        """List patients, newest first; `next` is the `before` of the following page."""
        found = desk.patients.find(PatientQuery(text.strip(), before, limit))
        return {
            "patients": [summary(stored) for stored in found],
            "next": found[-1].number if len(found) == limit else None,
        }

    @routes.get("/api/v1/patients.csv")
    @needs(Role.VIEWER)
    def export_patients(
        text: Annotated[str, Query(max_length=64)] = "",
        bom: Annotated[bool, Query(description="Begin with a byte order mark, for spreadsheets.")] = False,
    ) -> Response:
        """Give the patients that fit as a table, the newest 10,000 at most."""
        found = desk.patients.find(PatientQuery(text.strip(), None, MOST_ROWS))
        rows = (as_row(stored.patient) for stored in found if not stored.merged_into)
        headers = {"Content-Disposition": 'attachment; filename="patients.csv"'}
        return Response(write_csv(COLUMNS, rows, with_mark=bom), 200, headers, "text/csv; charset=utf-8")

    @routes.post("/api/v1/patients.csv", openapi_extra=_TAKES_CSV)
    @needs(Role.OPERATOR)
    def import_patients(request: Request, body: Annotated[bytes, Depends(body_of)]) -> dict[str, Any]:
        """Add the patients of a table, or bring them up to date; rows that cannot be read are named and left out."""
        given = media_type(request)
        if given and given not in _CSV:
            raise refuse_type(given, "text/csv")
        try:
            rows = list(read_csv(body.decode("utf-8")))
        except ValueError as error:
            raise HTTPException(400, f"the table cannot be read: {error}") from error
        faults = [{"line": row.line, "text": row.fault} for row in rows if row.fault]
        return {**_editor(desk, request).bring(rows), "faults": faults[:_MOST_FAULTS]}


def _add_many(routes: GuardedRouter, desk: WebDesk) -> None:
    @routes.post("/api/v1/patients/bulk-delete")
    @needs(Role.OPERATOR)
    def remove_patients(wanted: ManyIn, request: Request) -> dict[str, Any]:
        """Remove patients from the registry; their orders and studies stay."""
        return _remove(desk, wanted.patient_ids, request)

    @routes.post("/api/v1/patients/merge")
    @needs(Role.OPERATOR)
    def merge_patients(wanted: MergeIn, request: Request) -> dict[str, Any]:
        """Merge patients, as an ADT^A40 would; orders that nobody has begun become the survivor's."""
        survivor = existing(desk, wanted.survivor)
        others = [existing(desk, other) for other in dict.fromkeys(wanted.others) if other != wanted.survivor]
        if not others:
            raise HTTPException(400, "a patient cannot be merged into themselves")
        _tell(desk, _editor(desk, request).merge(survivor.patient, [other.patient for other in others]))
        return summary(existing(desk, wanted.survivor))

    @routes.post("/api/v1/patients/synthesise")
    @needs(Role.OPERATOR)
    def synthesise_patients(wanted: SynthesiseIn, request: Request) -> dict[str, Any]:
        """Make up patients with realistic names, birth dates and addresses, and IDs after the settings' pattern."""
        made = desk.make_up(wanted.amount, wanted.seed)
        if wanted.keep:
            _editor(desk, request).keep(made)
        return {"patients": [told(patient) for patient in made]}


def _add_one(routes: GuardedRouter, desk: WebDesk) -> None:
    @routes.post("/api/v1/patients", status_code=201)
    @needs(Role.OPERATOR)
    def add_patient(wanted: PatientIn, request: Request) -> dict[str, Any]:
        """Add a patient."""
        patient = wanted.patient()
        if not _editor(desk, request).add(patient):
            raise HTTPException(409, "there is a patient of that ID. Change that one, or use another ID.")
        return summary(existing(desk, patient.patient_id, patient.issuer_of_patient_id))

    @routes.get("/api/v1/patients/{patient_id:path}")
    @needs(Role.VIEWER)
    def show_patient(patient_id: PatientId, issuer: Issuer = "") -> dict[str, Any]:
        """Give one patient."""
        return summary(existing(desk, patient_id, issuer))

    @routes.put("/api/v1/patients/{patient_id:path}")
    @needs(Role.OPERATOR)
    def edit_patient(patient_id: PatientId, wanted: PatientIn, request: Request, issuer: Issuer = "") -> dict[str, Any]:
        """Put other values in the place of a patient's, also in orders nobody has begun; another ID changes the ID."""
        old, new = existing(desk, patient_id, issuer).patient, wanted.patient()
        if new.patient_id != old.patient_id and desk.patients.get(PatientKey.of(new)) is not None:
            raise HTTPException(409, "there is a patient of the new ID. Merge the two, or use another ID.")
        cleared = frozenset(name for name in _EDITED if getattr(new, name) in ("", None))
        changed = [it.name for it in fields(Patient) if getattr(old, it.name) != getattr(new, it.name)]
        said = [name for name in changed if name in COLUMNS]
        _tell(desk, _editor(desk, request).change(old, new, cleared, said))
        return summary(existing(desk, new.patient_id, new.issuer_of_patient_id))

    @routes.delete("/api/v1/patients/{patient_id:path}")
    @needs(Role.OPERATOR)
    def remove_patient(patient_id: PatientId, request: Request) -> dict[str, Any]:
        """Remove a patient from the registry; their orders and studies stay."""
        return _remove(desk, [patient_id], request)


def existing(desk: WebDesk, patient_id: str, issuer: str = "") -> StoredPatient:
    """Give one patient; raises the 404 for one that is not there."""
    stored = desk.patients.get(PatientKey(patient_id, issuer))
    if stored is None:
        raise HTTPException(404, "there is no patient of that ID in the registry")
    return stored


def summary(stored: StoredPatient) -> dict[str, Any]:
    """Give all the registry knows of a patient that people may change."""
    return told(stored.patient) | {
        "other_patient_ids": list(stored.patient.other_patient_ids),
        "merged_into": stored.merged_into or None,
        "updated_at": moment(stored.updated_at),
    }


def _editor(desk: WebDesk, request: Request) -> PatientEditor:
    return PatientEditor(desk.patients, desk.messages, actor_of(request))


def _tell(desk: WebDesk, changes: Sequence[Applied]) -> None:
    for done in changes:
        tell(desk, done, "person")


def _remove(desk: WebDesk, patient_ids: Sequence[str], request: Request) -> dict[str, Any]:
    removed = _editor(desk, request).remove(patient_ids)
    if not removed:
        raise HTTPException(404, "there is no patient of that ID in the registry")
    return {"removed": removed}
