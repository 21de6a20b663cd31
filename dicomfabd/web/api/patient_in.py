"""A patient as JSON and as a row of a table: its form, and every fault of one that does not have it."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.patient import Patient
from dicomfabd.domain.text import Cleaner
from dicomfabd.web.api.spreadsheet import plain_text

COLUMNS: Final = (
    "patient_id",
    "issuer_of_patient_id",
    "patient_name",
    "patient_birth_date",
    "patient_sex",
    "patient_address",
    "patient_telephone",
    "patient_size",
    "patient_weight",
    "patient_comments",
)
MOST_ROWS: Final = 10_000
# What other tools, ours' ancestor among them, call the columns.
_ALSO_CALLED: Final = {
    "mrn": "patient_id",
    "id": "patient_id",
    "issuer": "issuer_of_patient_id",
    "name": "patient_name",
    "dob": "patient_birth_date",
    "birth_date": "patient_birth_date",
    "date_of_birth": "patient_birth_date",
    "sex": "patient_sex",
    "gender": "patient_sex",
    "address": "patient_address",
    "phone": "patient_telephone",
    "telephone": "patient_telephone",
    "comments": "patient_comments",
}


class PatientIn(BaseModel):
    """A patient of the registry."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    patient_id: str = Field(min_length=1, max_length=64, description="1 to 64 characters.", examples=["P123"])
    issuer_of_patient_id: str = Field("", max_length=64, description="Authority that gave the ID.")
    patient_name: str = Field(
        min_length=1, max_length=200, description="Family^Given^Middle^Prefix^Suffix.", examples=["DOE^JANE"]
    )
    patient_birth_date: str = Field("", max_length=10, description="YYYYMMDD or YYYY-MM-DD.", examples=["19580314"])
    patient_sex: str = Field("", pattern="^[FMO]?$", description="F, M or O.")
    patient_address: str = Field("", max_length=64, description="At most 64 characters.")
    patient_telephone: str = Field("", max_length=16, description="At most 16 characters.")
    patient_size: float | None = Field(None, gt=0, lt=3, description="Metres.")
    patient_weight: float | None = Field(None, gt=0, lt=700, description="Kilograms.")
    patient_comments: str = Field("", max_length=1000, description="Anything else.")

    @field_validator("patient_birth_date")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        plain = value.replace("-", "")
        if plain and (len(plain) != 8 or not plain.isascii()):
            raise ValueError("is not a day: write YYYYMMDD or YYYY-MM-DD")
        if plain:
            datetime.strptime(plain, "%Y%m%d")
        return plain

    @field_validator("patient_size", "patient_weight", mode="before")
    @classmethod
    def _is_nothing(cls, value: object) -> object:
        return None if value == "" else value

    def patient(self) -> Patient:
        """Give the patient, fit for DICOM; raises OrderRejected with every fault there is."""
        cleaner = Cleaner(lambda attribute: attribute)
        patient = cleaner.patient(Patient(**self.model_dump()))
        if cleaner.faults:
            hint = "Write 1 to 64 characters without backslash or line break."
            raise OrderRejected(*[Fault(it.code, it.location, it.text, hint) for it in cleaner.faults])
        return patient


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the patient, or what is wrong with it; `line` counts from 1, the header included."""

    line: int
    patient: Patient | None = None
    fault: str = ""


def read_csv(text: str) -> Iterator[Row]:
    """Read patients from a table with a header; raises ValueError for one that is none."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = [_column(name) for name in next(reader, [])]
        if not {"patient_id", "patient_name"} <= set(header):
            raise ValueError(f"the first line must name the columns, patient_id and patient_name among {COLUMNS}")
        for line, cells in enumerate(reader, start=2):
            if line > MOST_ROWS + 1:
                raise ValueError(f"more than {MOST_ROWS} rows. Send them in parts.")
            if any(cells):
                yield _row(line, dict(zip(header, cells, strict=False)))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is not CSV: {error}") from error


def told(patient: Patient) -> dict[str, Any]:
    """Give what the registry shows of a patient."""
    return {name: getattr(patient, name) for name in COLUMNS}


def as_row(patient: Patient) -> dict[str, str]:
    """Give a patient as a row of a table."""
    return {name: "" if (value := getattr(patient, name)) is None else str(value) for name in COLUMNS}


def read_patient(values: Mapping[str, Any]) -> Patient | list[str]:
    """Give the patient that values describe, or what is wrong with them."""
    try:
        return PatientIn.model_validate(values).patient()
    except ValidationError as error:
        return [f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in error.errors()]
    except OrderRejected as rejected:
        return [f"{fault.location}: {fault.text}" for fault in rejected.faults]


def _row(line: int, values: Mapping[str, str]) -> Row:
    found = read_patient({name: plain_text(value) for name, value in values.items() if name in COLUMNS and value})
    return Row(line, found) if isinstance(found, Patient) else Row(line, fault="; ".join(found))


def _column(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_")
    return _ALSO_CALLED.get(plain, plain)
