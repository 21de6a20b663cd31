"""On which modality a step is to be done, where its order does not say so: rules tried in order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from dicomfabd.domain.conditions import objection
from dicomfabd.domain.order import Code


@dataclass(frozen=True, slots=True)
class Station:
    """Where a step is to be done; what is empty is not said.

    Attributes:
        ae_titles: Of the modalities it may be done on (ScheduledStationAETitle).
        station_name: ScheduledStationName.
        location: ScheduledProcedureStepLocation.
        worklist_label: WorklistLabel.
        origin: Where the AE titles are from: `order` or `rule NAME`.
    """

    ae_titles: tuple[str, ...] = ()
    station_name: str = ""
    location: str = ""
    worklist_label: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an order asks of all its steps, as far as rules look at it.

    Attributes:
        sender: `MSH-3|MSH-4`, or `http`.
        patient_location: CurrentPatientLocation.
    """

    procedure: Code
    sender: str
    patient_location: str


@dataclass(frozen=True, slots=True)
class StationRule:
    """Gives some steps a station. A condition without entries fits every step.

    Conditions compare without regard to case; `*` and `?` stand for anything.

    Attributes:
        senders: MSH-3, or `MSH-3|MSH-4`; `http` for orders that came as JSON.
        locations: Where the step is to be done, or where the patient is.
        procedures: The procedure's code or its words.
        station: What it gives.
        overrides: What it gives counts even where the order says something else.
    """

    name: str
    station: Station
    senders: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    overrides: bool = False

    def objection(self, location: str, modality: str, asked: Asked) -> str:
        """Say which condition a step does not fulfil; empty if it fits."""
        return objection(
            (
                ("modality", self.modalities, (modality,)),
                ("location", self.locations, (location, asked.patient_location)),
                ("procedure", self.procedures, (asked.procedure.value, asked.procedure.meaning)),
                ("sender", self.senders, (asked.sender, asked.sender.partition("|")[0])),
            )
        )

    def applied_to(self, given: Station) -> Station:
        """Give what an order says of a station together with what the rule does."""
        own = replace(self.station, origin=f"rule {self.name}" if self.station.ae_titles else "")
        if self.overrides:
            return _filled(own, given)
        if own.ae_titles and given.ae_titles:
            # The rule's station is another one than the order's, and so are its name and its place.
            return replace(given, worklist_label=given.worklist_label or own.worklist_label)
        return _filled(given, own)


class Stations:
    """Decides where steps are to be done. Pure."""

    def __init__(self, rules: Sequence[StationRule] = ()) -> None:
        """Take the rules; the first that fits counts."""
        self._rules = tuple(rules)

    def place(self, given: Station, modality: str, asked: Asked) -> Station:
        """Complete what an order says of a step's station.

        Args:
            given: What the order says itself; it counts, unless a rule overrides it.
            modality: Of the step.
            asked: What the order asks of all its steps.
        """
        for rule in self._rules:
            if not rule.objection(given.location, modality, asked):
                return rule.applied_to(given)
        return given


def _filled(station: Station, other: Station) -> Station:
    """Give a station with what another one says where it says nothing itself."""
    return Station(
        station.ae_titles or other.ae_titles,
        station.station_name or other.station_name,
        station.location or other.location,
        station.worklist_label or other.worklist_label,
        station.origin or other.origin,
    )


NO_RULES: Final = Stations()
