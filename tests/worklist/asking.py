"""Asks a worklist over the network, as a modality would."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import STATUS, Operation
from tests.dimse.raw import DATA, IMPLICIT, MWL, RawPeer, a_command, associate_rq

ALWAYS = ("AccessionNumber", "PatientName", "PatientID", "StudyInstanceUID")
ALWAYS_OF_STEP = ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepID")
STEP_KEYWORDS = {
    *ALWAYS_OF_STEP,
    "ScheduledProcedureStepStartTime",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepDescription",
    "ScheduledProtocolCodeSequence",
    "ScheduledProcedureStepStatus",
    "ScheduledStationName",
    "ScheduledProcedureStepLocation",
    "PreMedication",
    "RequestedContrastAgent",
}


class Found(NamedTuple):
    """What a query was answered: pending statuses with their identifiers, the final status and its command set."""

    answers: list[tuple[int, Dataset]]
    status: int
    command: Any

    @property
    def accessions(self) -> list[str]:
        return [answer.AccessionNumber for _, answer in self.answers]


def identifier(values: dict[str, Any] | None = None, character_set: str = "") -> Dataset:
    """Give an identifier with some keys, each where it belongs, and what is always asked for."""
    top, step = Dataset(), Dataset()
    if character_set:
        top.SpecificCharacterSet = character_set.split("\\")
    for keyword in ALWAYS:
        setattr(top, keyword, "")
    for keyword in ALWAYS_OF_STEP:
        setattr(step, keyword, "")
    for keyword, value in (values or {}).items():
        setattr(step if keyword in STEP_KEYWORDS else top, keyword, value)
    top.ScheduledProcedureStepSequence = Sequence([step])
    return top


def find(port: int, keys: Dataset, calling: str = "RAW", called: str = "ANY", syntax: str = IMPLICIT) -> Found:
    """Ask once, on an association of its own."""
    return find_encoded(port, datasets.encode(keys, syntax), calling, called, syntax)


def find_encoded(port: int, encoded: bytes, calling: str = "RAW", called: str = "ANY", syntax: str = IMPLICIT) -> Found:
    with RawPeer(port) as peer:
        request = bytearray(associate_rq([(MWL, [syntax])], called=called))
        request[26:42] = calling.encode().ljust(16)
        assert 2 == peer.send(bytes(request)).read_pdu()[0], "rejected"
        peer.ask(a_command(Operation.C_FIND, DATA), encoded)
        answers = []
        while True:
            command, data = peer.read_message()
            status = command.number(STATUS)
            if status not in (0xFF00, 0xFF01):
                assert not data
                return Found(answers, status, command)
            answers.append((status, datasets.decode(data, syntax)))


def keywords(ds: Iterable[Any]) -> list[str]:
    return [element.keyword for element in ds]
