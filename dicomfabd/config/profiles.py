"""The section of a profile: which modalities it is for, and how the worklist answers them."""

from typing import Annotated, Literal

from pydantic import Field

from dicomfabd.config.kinds import AeTitle, CharacterSet, Keyword, Name, Pattern, Positive
from dicomfabd.config.sections import Section

Status = Literal["SCHEDULED", "STARTED", "COMPLETED", "DISCONTINUED", "CANCELED"]


class ProfileSection(Section):
    """Modalities the worklist answers in a way of its own; the first profile that fits counts."""

    name: Name = Field(description="Unique; lower-case letters, digits, - and _.")
    calling_ae_titles: list[Pattern] = Field([], description="Who asks; * and ? stand for anything; empty is anybody.")
    called_ae_titles: list[Pattern] = Field([], description="Under which title of ours; empty is any.")
    character_set: CharacterSet = Field(
        "", description='The only SpecificCharacterSet it can show, such as "ISO_IR 100"; "" lets its query decide.'
    )
    statuses: Annotated[list[Status], Field(min_length=1)] | None = Field(
        None, description="In place of worklist.statuses."
    )
    labels: list[str] = Field([], description="Only items with one of these worklist labels; empty is any.")
    aliases: list[AeTitle] = Field(
        [], description="Other station AE titles under which its examinations are scheduled; found under its own."
    )
    calling_as_station: bool = Field(
        False, description="Whether it sees its own examinations only, whatever station it asks for."
    )
    ignore_keys: list[Keyword] = Field([], description='Keys that do not restrict, such as "PatientName".')
    set_keys: dict[Keyword, str] = Field({}, description="Keys and what they are taken to ask for.")
    max_answers: Positive | None = Field(None, description="In place of worklist.max_answers.")
