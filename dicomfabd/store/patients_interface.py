"""What a store promises about patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Applied, PatientChange, PatientKey


@dataclass(frozen=True, slots=True)
class StoredPatient:
    """A patient of the registry; `merged_into` is the survivor's ID, or empty; `updated_at` Unix seconds."""

    patient: Patient
    merged_into: str
    updated_at: float
    number: int = 0


@dataclass(frozen=True, slots=True)
class PatientQuery:
    """Which patients are wanted.

    Attributes:
        text: How their ID or a component group of their name begins, without regard to case and accents; empty is any.
        before: Only patients with a smaller number, for paging (newest first).
    """

    text: str = ""
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Brought:
    """How many patients a list added, and how many it changed."""

    added: int
    changed: int


class PatientRegistry(Protocol):
    """Knows the patients that orders, ADT messages and people told of. Thread-safe."""

    def get(self, key: PatientKey) -> StoredPatient | None:
        """Give one patient, or None; merged ones are given as they were."""

    def find(self, query: PatientQuery) -> list[StoredPatient]:
        """Give the patients that fit, newest first."""

    def complete(self, patient: Patient) -> None:
        """Keep what is said of a patient where nothing is known yet; what is known stays."""

    def add(self, patient: Patient) -> bool:
        """Add a patient, durably; False if there is one of that ID, who stays as they are."""

    def change(self, change: PatientChange) -> list[Applied]:
        """Do what an ADT message would: bring a patient up to date, change an ID, merge; also in orders not begun."""

    def bring(self, patients: Sequence[Patient]) -> Brought:
        """Add or bring up to date all of a list, durably, or nothing of it."""

    def remove(self, keys: Sequence[PatientKey]) -> int:
        """Remove patients, and those merged into them; gives how many. Their orders stay as they are."""

    def reserve(self, amount: int, first: int) -> int:
        """Give away that many consecutive numbers, never twice; gives the first of them, which is at least `first`."""
