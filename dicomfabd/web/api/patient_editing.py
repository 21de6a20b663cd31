"""What people do to patients of the registry, written to the audit trail; used by the API and the command line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Applied, MessageBook, PatientChange, PatientKey
from dicomfabd.store.patients_interface import PatientRegistry
from dicomfabd.web.api.patient_in import Row


@dataclass(frozen=True, slots=True)
class PatientEditor:
    """Adds, changes and removes patients, and notes who did. Thread-safe.

    Attributes:
        trail: Where it is noted.
        actor: Who acts.
    """

    patients: PatientRegistry
    trail: MessageBook
    actor: str

    def add(self, patient: Patient) -> bool:
        """Add a patient; False if there is one of that ID."""
        is_new = self.patients.add(patient)
        if is_new:
            self.trail.audit(self.actor, "patient.add", _target(patient), {})
        return is_new

    def change(self, old: Patient, new: Patient, cleared: Collection[str], said: Sequence[str]) -> list[Applied]:
        """Put other values in the place of a patient's, also in orders nobody has begun; another ID changes the ID.

        Args:
            old: As they are in the registry.
            new: As they are to be.
            cleared: Attributes that are let go of where `new` has none.
            said: Attributes to note as changed.
        """
        before = PatientKey.of(old)
        priors = (before,) if before != PatientKey.of(new) else ()
        done = self.patients.change(PatientChange(new, frozenset(cleared), priors))
        self.trail.audit(self.actor, "patient.edit", _target(new), {"fields": list(said)})
        return done

    def merge(self, survivor: Patient, others: Sequence[Patient]) -> list[Applied]:
        """Make others this patient, as an ADT^A40 would; orders that nobody has begun become the survivor's."""
        done = self.patients.change(PatientChange(survivor, priors=tuple(map(PatientKey.of, others))))
        detail = {"others": [other.patient_id for other in others]}
        self.trail.audit(self.actor, "patient.merge", _target(survivor), detail)
        return done

    def remove(self, patient_ids: Sequence[str]) -> int:
        """Remove patients; their orders and studies stay. Gives how many there were."""
        removed = self.patients.remove([PatientKey(patient_id) for patient_id in patient_ids])
        if removed:
            target = f"patient {patient_ids[0]}" if len(patient_ids) == 1 else "patients"
            self.trail.audit(self.actor, "patient.remove", target, {"removed": removed})
        return removed

    def bring(self, rows: Sequence[Row]) -> dict[str, int]:
        """Add the patients of a table, or bring them up to date; gives how many were added, changed and refused."""
        brought = self.patients.bring([row.patient for row in rows if row.patient is not None])
        refused = sum(1 for row in rows if row.fault)
        said = {"added": brought.added, "changed": brought.changed, "refused": refused}
        self.trail.audit(self.actor, "patient.import", "patients", said)
        return said

    def keep(self, made: Sequence[Patient]) -> None:
        """Keep patients that were made up."""
        self.patients.bring(made)
        self.trail.audit(self.actor, "patient.synthesise", "patients", {"amount": len(made)})


def _target(patient: Patient) -> str:
    return f"patient {patient.patient_id}"
