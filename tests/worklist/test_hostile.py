"""The whole worklist against peers that mean no good; an honest query is answered meanwhile, within a second.

CVE-2026-52868: wlmscpfs took the called AE title for the name of a folder.
CVE-2026-44628: one query took wlmscpfs down.
"""

import struct

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.config import ProfileSection
from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import STATUS, Operation
from dicomfabd.dimse.services import IDENTIFIER_DOES_NOT_MATCH, PENDING, PENDING_UNSUPPORTED_KEYS, SUCCESS
from tests.builders import a_new, an_order
from tests.dimse.honest import MOST_GROWTH_MIB, PATIENCE_S, memory_mib
from tests.dimse.raw import (
    ACCEPTED,
    DATA,
    EXPLICIT,
    IMPLICIT,
    MWL,
    NO_DATA,
    RELEASE_RQ,
    RELEASED,
    RawPeer,
    a_command,
    associate_rq,
)

PATHS = ["../../etc/passwd", "..\\..\\CT02", "/etc/passwd", "CT01/../CT02", ".", "..", "%2e%2e/CT02", "CT02\0CT01", "~"]


def an_identifier(accession: str = "A1", **values: object) -> Dataset:
    ds = Dataset()
    ds.AccessionNumber, ds.PatientName, ds.StudyInstanceUID = accession, "", ""
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate = "", "", ""
    ds.ScheduledProcedureStepSequence = Sequence([step])
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


HONEST = datasets.encode(an_identifier(), IMPLICIT)


@pytest.fixture
def worklist(serve, put):
    """Give a function that starts a worklist with the orders A1 and A2."""

    def start(**options):
        put(a_new(an_order("A1")), a_new(an_order("A2")))
        return serve(**options)

    return start


def answers(peer: RawPeer, data: bytes, syntax: str = IMPLICIT) -> tuple[list[str], int]:
    """Ask on an open association; give accession numbers and the final status."""
    found = []
    peer.ask(a_command(Operation.C_FIND, DATA), data)
    while True:
        command, answer = peer.read_message()
        if command.number(STATUS) not in (PENDING, PENDING_UNSUPPORTED_KEYS):
            return found, command.number(STATUS)
        found.append(str(datasets.decode(answer, syntax).get("AccessionNumber", "")))


def honestly(port: int, called: str = "ANY") -> tuple[list[str], int]:
    """Ask for A1 as a modality does, each step within a second."""
    with RawPeer(port, patience_s=PATIENCE_S) as peer:
        peer.associate((MWL, [IMPLICIT]), called=called)
        found = answers(peer, HONEST)
        assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]
        return found


@pytest.mark.parametrize("path", PATHS)
def test_a_called_title_is_no_path(worklist, path):
    """It is compared, and nothing else: what only CT02 may see is not found by a way to it (CVE-2026-52868)."""
    open_to_all = ProfileSection(name="all", called_ae_titles=["CT02"])
    closed = ProfileSection(name="others", labels=["open"])
    server = worklist(profiles=[open_to_all, closed])

    everything = datasets.encode(an_identifier(""), IMPLICIT)
    found = []
    for called in ("CT02", path):
        request = bytearray(associate_rq(((MWL, [IMPLICIT]),)))
        request[10:26] = called.encode().ljust(16)[:16]
        with RawPeer(server.port) as peer:
            assert ACCEPTED == peer.send(request).read_pdu()[0]
            found.append(answers(peer, everything))

    assert [(["A1", "A2"], SUCCESS), ([], SUCCESS)] == found


def nested(depth: int) -> bytes:
    head, tail = (
        b"\x40\0\0\1\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff",
        b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0",
    )
    return head * depth + tail * depth


def an_element(group: int, element: int, value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHI", group, element, len(value) if length is None else length) + value


def keys(**values: object) -> bytes:
    return datasets.encode(an_identifier("", **values), IMPLICIT)


def with_steps(amount: int) -> bytes:
    return keys(ScheduledProcedureStepSequence=Sequence([Dataset() for _ in range(amount)]))


LONG = 260_000
CRAFTED = {
    "nothing at all": b"",
    "half a tag": b"\x10\0",
    "longer than it is": an_element(0x10, 0x10, b"A*", 0x7FFFFFFE),
    "undefined length of a name": an_element(0x10, 0x10, b"A*", 0xFFFFFFFF),
    "a step longer than its sequence": an_element(0x40, 0x100, an_element(0xFFFE, 0xE000, b"", 400)),
    "an item outside a sequence": an_element(0xFFFE, 0xE000, b""),
    "a delimiter and no item": an_element(0xFFFE, 0xE00D, b""),
    "nested 5": nested(5),
    "nested 2000": nested(2000),
    "nested 10000": nested(8000),
    "two steps": with_steps(2),
    "a thousand steps": with_steps(1000),
    "a name of 260 kB": an_element(0x10, 0x10, b"A" * LONG),
    "a name of stars": an_element(0x10, 0x10, b"*a" * (LONG // 2)),
    "a name of as many stars as may be": an_element(0x10, 0x10, b"*a" * 2048),
    "a name of as many parts as may be": an_element(0x10, 0x10, "".join(f"*{n:x}" for n in range(1060)).encode()),
    "as many accession numbers as may be": an_element(0x08, 0x50, b"1\\" * 2048),
    "as many UIDs as may be": an_element(0x20, 0x0D, b"1\\" * 2048),
    "a name of question marks": an_element(0x10, 0x10, b"?" * LONG),
    "a name of groups": an_element(0x10, 0x10, b"=" * LONG),
    "a name of carets": an_element(0x10, 0x10, b"^" * LONG),
    "an accession number of stars": an_element(0x08, 0x50, b"*A" * (LONG // 2)),
    "130,000 accession numbers": an_element(0x08, 0x50, b"1\\" * (LONG // 2)),
    "130,000 patients": an_element(0x10, 0x20, b"1\\" * (LONG // 2)),
    "130,000 UIDs": an_element(0x20, 0x0D, b"1\\" * (LONG // 2)),
    "32,500 keys": an_element(0x10, 0x20, b"") * (LONG // 8),
    "as many keys as there may be": b"".join(an_element(0x11, n, b"") for n in range(0x1000, 0x1000 + 511)),
    "keys out of order": an_element(0x20, 0x0D, b"") + an_element(0x08, 0x50, b""),
    "a key twice": an_element(0x08, 0x50, b"A1") * 2,
    "a command": an_element(0, 0x100, b"\x20\0"),
    "file meta information": an_element(2, 0x10, b"1.2.840.10008.1.2"),
    "NULs": an_element(0x10, 0x20, bytes(1000)),
    "no text": an_element(0x10, 0x10, bytes(range(128, 256)) * 100),
    "an unknown character set": an_element(8, 5, b"../../etc/passwd") + an_element(0x10, 0x10, b"A*"),
    "many character sets": an_element(8, 5, b"ISO 2022 IR 87\\" * 5000) + an_element(0x10, 0x10, b"\x1b$B" * 1000),
    "escapes without end": an_element(8, 5, b"\\ISO 2022 IR 87") + an_element(0x10, 0x10, b"\x1b" * 60_000),
    "a date with slashes": keys(StudyDate="2026/03/02"),
    "an endless date": an_element(0x08, 0x20, b"2" * LONG),
    "dates": an_element(0x08, 0x20, b"20260302\\" * 20_000),
    "a range of nothing": an_element(0x08, 0x20, b"-"),
    "ranges": an_element(0x08, 0x20, b"-" * LONG),
    "a number of letters": an_element(0x10, 0x1030, b"heavy"),
    "half a number": an_element(0x10, 0x21C0, b"\1"),
    "SQL": keys(PatientID="' OR 1=1 --", PatientName='"; DROP TABLE orders; --'),
    "GLOB": an_element(0x08, 0x50, b"[" * 1000 + b"*]"),
    "a path": keys(PatientID="../../etc/passwd", StudyInstanceUID="../..", RetrieveAETitle="/etc"),
    "pixels": an_element(0x7FE0, 0x10, bytes(LONG)),
}


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # as the daemon does
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT], ids=["implicit", "explicit"])
def test_no_query_takes_the_worklist_down(worklist, sink, syntax):
    """It is answered or refused, on the association it came on and beside an honest one (CVE-2026-44628)."""
    server = worklist()
    before = memory_mib()
    statuses, honest = {}, {}
    for name, crafted in CRAFTED.items():
        with RawPeer(server.port) as peer:
            peer.associate((MWL, [syntax]))
            peer.ask(a_command(Operation.C_FIND, DATA if crafted else NO_DATA), crafted)
            honest[name] = honestly(server.port)
            while (status := peer.read_message()[0].number(STATUS)) in (PENDING, PENDING_UNSUPPORTED_KEYS):
                pass
            statuses[name] = status
            assert honest[name] == answers(peer, datasets.encode(an_identifier(), syntax), syntax)

    assert dict.fromkeys(CRAFTED, (["A1"], SUCCESS)) == honest
    assert {} == {name: s for name, s in statuses.items() if s not in (SUCCESS, IDENTIFIER_DOES_NOT_MATCH)}
    assert [] == sink.named("dicom.request_failed")
    assert memory_mib() - before < MOST_GROWTH_MIB
