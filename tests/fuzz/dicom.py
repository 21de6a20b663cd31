"""What must hold for any bytes at all on the DICOM ports; without sockets."""

import json
import struct
from collections.abc import Sequence
from functools import cache

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from dicomfabd.dimse import datasets
from dicomfabd.dimse.acceptor import Acceptor, Asked, Event, State
from dicomfabd.dimse.command import Command, Operation, answer, encode
from dicomfabd.dimse.keys import DEEPEST as MOST_NESTED
from dicomfabd.dimse.keys import MOST_KEYS, Key, read_identifier
from dicomfabd.dimse.limits import Budget, Limits, Violation
from dicomfabd.dimse.message import Message
from dicomfabd.dimse.negotiation import Offer, Rejected
from dicomfabd.dimse.pdu import Outbound, p_data
from dicomfabd.dimse.performed import decode_attributes
from dicomfabd.dimse.services import Refusal, Services
from dicomfabd.dimse.structure import MalformedDataSet
from dicomfabd.domain.performed import StepRefused, begun
from tests.dimse.raw import CT, DATA, ECHO, EXPLICIT, IMPLICIT, MWL, RELEASE_RQ, a_command, associate_rq
from tests.fuzz.properties import cut
from tests.performed import a_beginning, an_end

LIMITS = Limits(pdu_bytes=4096, command_bytes=512, identifier_bytes=1024, instance_bytes=2048, receiving_bytes=3000)
KEYWORDS = """
    SpecificCharacterSet PatientName PatientID StudyDate StudyTime AcquisitionDateTime AccessionNumber Rows
    PatientWeight SeriesNumber StudyInstanceUID QueryRetrieveLevel PatientAge PatientComments RetrieveAETitle
    ScheduledProcedureStepSequence ReferencedStudySequence SelectorATValue SelectorFDValue SelectorOBValue
    SelectorUCValue SelectorURValue SelectorSVValue TextString
"""
"""One of each value representation, and more of those that are asked for."""

TAGS = [tag_for_keyword(keyword) for keyword in KEYWORDS.split()]
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
DEEPEST = 8
SERVICES = Services(find={MWL: lambda identifier, peer: []}, store=lambda request, peer: None)
OFFER = Offer(SERVICES, LIMITS.pdu_bytes, called=("OURS", "ANY"))


@cache
def conversations() -> list[bytes]:
    """Give conversations as peers have them, to be spoiled."""
    contexts = [(MWL, [IMPLICIT, EXPLICIT]), (CT, [EXPLICIT])]
    roles = {CT: (True, True)}
    find = b"".join(p_data([Outbound(1, a_command(Operation.C_FIND, DATA), identifiers()[0])], 200))
    store = b"".join(p_data([Outbound(3, a_command(Operation.C_STORE, DATA), bytes(1000))], 4096))
    cancel = b"".join(p_data([Outbound(1, a_command(Operation.C_CANCEL))], 4096))
    begin = associate_rq(contexts, roles)
    return [begin, begin + ECHO, begin + find + cancel + RELEASE_RQ, begin + store + store, begin + ECHO[:20]]


@cache
def attribute_lists() -> list[bytes]:
    """Give what a modality says of a step, in implicit and explicit VR, to be spoiled."""
    whole = a_beginning()
    whole.update(an_end())
    return [datasets.encode(whole, IMPLICIT), datasets.encode(whole, EXPLICIT)]


@cache
def identifiers() -> list[bytes]:
    """Give identifiers in implicit and explicit VR, to be spoiled."""
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate = "CT", "CT01", "20260302-"
    code = Dataset()
    code.CodeValue, code.CodeMeaning = "1", "one"
    step.ScheduledProtocolCodeSequence = DicomSequence([code])
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName, ds.PatientID = "ISO_IR 192", "Müller^*", "P1\\P2"
    ds.PatientWeight, ds.Rows, ds.ScheduledProcedureStepSequence = "70.5", 512, DicomSequence([step])
    undefined = (
        b"\x40\0\0\1\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    )
    return [datasets.encode(ds, IMPLICIT), datasets.encode(ds, EXPLICIT), undefined]


def events_of(chunks: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Give what an acceptor makes of a stream; it ends with why it would abort, if it would."""
    budget = Budget(LIMITS.receiving_bytes)
    acceptor = Acceptor(SERVICES, LIMITS, budget)
    events: list[tuple[str, bytes]] = []
    try:
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                space = acceptor.space()
                assert len(space), "there is no room for what comes"
                size = min(len(space), len(rest))
                space[:size], rest = rest[:size], rest[size:]
                for event in acceptor.filled(size):
                    events.append(_told(acceptor, event))
                    assert budget.held <= LIMITS.receiving_bytes
                    if isinstance(event, Message):
                        budget.give_back(len(event.data))
    except (Violation, Rejected) as ended:
        events.append((ended.reason, b""))
    acceptor.end()
    assert 0 == budget.held, "bytes are accounted for that nobody holds"
    return events


def _told(acceptor: Acceptor, event: Event) -> tuple[str, bytes]:
    if isinstance(event, Asked):
        agreement = OFFER.negotiate(event)
        acceptor.agree(agreement)
        return "asked", agreement.reply
    if isinstance(event, Message):
        assert State.OPEN is acceptor.state
        if not event.command.is_response and not event.command.is_cancel:
            answered = Command.decode(answer(event.command, 0))
            assert event.command.number(0x0110) == answered.number(0x0120)
        return "message", event.data
    return type(event).__name__, b""


def check_conversation(stream: bytes, lengths: Sequence[int]) -> None:
    """However a stream is cut, the same comes of it, and nothing of what it held is left."""
    assert events_of([stream]) == events_of([*cut(stream, lengths)])


def check_identifier(encoded: bytes, syntax: str) -> None:
    """An identifier is read to the last value or refused, and nothing else; what is shaped as one too."""
    for one in (encoded, shaped(encoded, syntax)):
        check_keys(one, syntax)
        try:
            dataset = datasets.decode(one, syntax)
        except Refusal as refusal:
            assert refusal.comment
        else:
            assert depth_of(dataset) <= DEEPEST


def check_keys(encoded: bytes, syntax: str) -> None:
    """An identifier is read as keys, no more and no deeper than may be, or refused, and nothing else."""
    try:
        identifier = read_identifier(encoded, syntax)
    except MalformedDataSet:
        return
    assert MOST_KEYS >= _count(identifier.keys)
    assert all(key.vr == "SQ" or isinstance(key.value, str) for key in identifier.keys)


def check_attributes(encoded: bytes, syntax: str) -> None:
    """An attribute list is a performed step that can be looked into, or refused, and nothing else."""
    try:
        step = begun("1.2.9", decode_attributes(encoded, syntax))
        step.amended(step.attributes)
    except (Refusal, StepRefused):
        return
    assert step.scheduled
    assert all(series.series_instance_uid for series in step.series)
    assert json.loads(step.document) == step.attributes


def _count(keys: Sequence[Key], depth: int = 0) -> int:
    assert not keys or depth <= MOST_NESTED
    return sum(1 + _count(key.keys or (), depth + 1) for key in keys)


def shaped(data: bytes, syntax: str, depth: int = 0) -> bytes:
    """Give elements whose tags, lengths and values the data decides, each as long as it says."""
    parts = []
    position = 0
    while position + 2 <= len(data):
        tag = TAGS[data[position] % len(TAGS)]
        value = data[position + 2 : position + 2 + data[position + 1] % 64]
        position += 2 + len(value)
        vr = dictionary_VR(tag).encode()[:2]
        if vr == b"SQ":
            inner = shaped(value, syntax, depth + 1)
            value = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner
        header = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        if syntax == IMPLICIT:
            header += struct.pack("<I", len(value))
        elif vr in LONG_VRS:
            header += vr + struct.pack("<HI", 0, len(value))
        else:
            header += vr + struct.pack("<H", len(value))
        parts.append(header + value)
    return b"".join(parts)


def depth_of(dataset: Dataset) -> int:
    """Give how deep sequences are nested."""
    items = [item for element in dataset if element.VR == "SQ" for item in element.value or []]
    return 1 + max(map(depth_of, items)) if items else 0


def check_command(encoded: bytes) -> None:
    """A command set that is read says again what it said."""
    try:
        command = Command.decode(encoded)
    except Violation:
        return
    elements = {element: value for element, value in command.elements.items() if element}
    again = Command.decode(encode({e: v for e, v in elements.items() if len(v) % 2 == 0}))
    assert {e: v for e, v in elements.items() if len(v) % 2 == 0} == {
        e: v for e, v in again.elements.items() if struct.pack("<H", e) != b"\0\0"
    }
