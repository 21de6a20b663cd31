"""What honest peers do meanwhile, each step within a second, and what the process holds."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset

from dicomfabd.dimse.command import MESSAGE_ID_RESPONDED_TO, STATUS, Operation
from dicomfabd.dimse.services import PENDING, Peer, Services
from tests.dimse.raw import DATA, IMPLICIT, MWL, RELEASE_RQ, RELEASED, VERIFICATION, RawPeer, a_command

PATIENT_ID = b"\x10\0\x20\0\2\0\0\0P1"
PATIENCE_S = 1.0
MOST_GROWTH_MIB = 24


def echo(port: int, patience_s: float = PATIENCE_S) -> int:
    """Echo from the association to its release, and give the status."""
    with RawPeer(port, patience_s=patience_s) as peer:
        peer.associate((VERIFICATION, [IMPLICIT]))
        command, _ = peer.ask(a_command(Operation.C_ECHO, message_id=7)).read_message()
        assert 7 == command.number(MESSAGE_ID_RESPONDED_TO)
        assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]
        return command.number(STATUS)


def find(
    port: int, data: bytes = PATIENT_ID, syntax: str = IMPLICIT, patience_s: float = PATIENCE_S
) -> tuple[int, str]:
    """Ask for a patient ID; give the final status and its comment."""
    with RawPeer(port, patience_s=patience_s) as peer:
        peer.associate((MWL, [syntax]))
        peer.ask(a_command(Operation.C_FIND, DATA), data)
        while True:
            command, _ = peer.read_message()
            if command.number(STATUS) != PENDING:
                assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]
                return command.number(STATUS), command.text(0x0902)


def find_one(identifier: Dataset, peer: Peer) -> Iterator[tuple[int, Dataset]]:
    answer = Dataset()
    answer.PatientID = str(identifier.PatientID)
    yield PENDING, answer


SERVICES = Services(find={MWL: find_one}, store=lambda request, peer: None)


def memory_mib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def threads_and_files() -> tuple[int, int]:
    """Give how many threads and how many open files there are."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
