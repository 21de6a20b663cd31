"""The section of a rule that says on which station steps are to be done."""

from pydantic import Field

from dicomfabd.config.kinds import AeTitle, LongString, Name, Pattern, ShortString
from dicomfabd.config.sections import Section
from dicomfabd.domain.stations import Station, StationRule


class StationSection(Section):
    """Gives some steps a station; the first that fits counts. A condition left out fits every step."""

    name: Name = Field(description="Unique; lower-case letters, digits, - and _.")
    modality: list[Pattern] = Field([], description='Such as "CT".')
    location: list[Pattern] = Field([], description="Where it is to be done (IPC-8) or where the patient is (PV1-3).")
    procedure: list[Pattern] = Field([], description="The procedure's code or words.")
    sender: list[Pattern] = Field([], description='MSH-3, or "MSH-3|MSH-4"; "http" for orders in JSON.')
    ae_titles: list[AeTitle] = Field([], description="AE titles of the modalities it may be done on.")
    station_name: ShortString = Field("", description="ScheduledStationName.")
    station_location: ShortString = Field("", description="ScheduledProcedureStepLocation: where that station stands.")
    worklist_label: LongString = Field("", description="WorklistLabel: of the worklist it stands on.")
    override: bool = Field(False, description="Whether this counts even where the order says something else.")

    @property
    def station(self) -> Station:
        """What it gives."""
        return Station(tuple(self.ae_titles), self.station_name, self.station_location, self.worklist_label)

    def rule(self) -> StationRule:
        """Give the rule it describes."""
        return StationRule(
            name=self.name,
            station=self.station,
            senders=tuple(self.sender),
            modalities=tuple(self.modality),
            locations=tuple(self.location),
            procedures=tuple(self.procedure),
            overrides=self.override,
        )
