import struct
from dataclasses import replace
from itertools import islice, tee

import pydicom
import pytest

from dicomfabd.domain.delivery import Destination, Outcome
from dicomfabd.domain.errors import DestinationAway, Permanent, Retryable
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.kinds import sop_class_of
from dicomfabd.fabricate.study import fabricate
from dicomfabd.pacs.echo import echo
from dicomfabd.pacs.outcomes import classify
from dicomfabd.pacs.storage import StorageAssociation
from tests.fabricate.studies import plan_of
from tests.peers import fake_pacs, free_port, scripted_peer, storescp

PLAN = plan_of("CT HEAD", "CT")
CT = tuple(dict.fromkeys(map(sop_class_of, PLAN.series)))
REJECT = struct.pack(">BBIBBBB", 3, 0, 4, 0, 1, 1, 7)  # called AE title not recognised
ABORT = struct.pack(">BBIBBBB", 7, 0, 4, 0, 0, 2, 0)


def an_accept(max_length: int = 16384, context_result: int = 0) -> bytes:
    def item(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(body)) + body

    items = (
        item(0x10, b"1.2.840.10008.3.1.1.1")
        + item(0x21, bytes([1, 0, context_result, 0]) + item(0x40, b"1.2.840.10008.1.2.1"))
        + item(0x50, item(0x51, struct.pack(">I", max_length)) + item(0x52, b"1.2.3"))
    )
    body = struct.pack(">HH", 1, 0) + b"ODD".ljust(16) + b"FAB".ljust(16) + bytes(32) + items
    return struct.pack(">BBI", 2, 0, len(body)) + body


def a_response(message_id: int, status: int) -> bytes:
    elements = b"".join(
        struct.pack("<HHI", 0, element, 2) + value.to_bytes(2, "little")
        for element, value in ((0x0100, 0x8001), (0x0120, message_id), (0x0800, 0x0101), (0x0900, status))
    )
    return struct.pack(">BBIIBB", 4, 0, len(elements) + 6, len(elements) + 2, 1, 3) + elements


def send_first(association: StorageAssociation):
    instances = fabricate(PLAN, Bodies(), association.syntax_for)
    (result,) = association.send_all(islice(instances, 1))
    return result


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-pdu", "4096"), ("--implicit",)])
def test_dcmtk_keeps_what_was_sent(tmp_path, options):
    """Bytes cut into many PDUs, and in both transfer syntaxes, arrive as they were."""
    with storescp(tmp_path, *options) as destination, StorageAssociation(destination, CT) as association:
        sent, instances = tee(fabricate(PLAN, Bodies(), association.syntax_for))
        results = list(association.send_all(sent))
        made = {instance.sop_instance_uid: b"".join(map(bytes, instance.parts)) for instance in instances}

    assert [(uid, Outcome.STORED) for uid in made] == [(one.sop_instance_uid, one.outcome) for one in results]

    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert len(made) == len(files)
    for file in files:
        ds = pydicom.dcmread(file)
        assert made[ds.SOPInstanceUID].endswith(ds.get("PixelData", b""))


def test_statuses_come_back_with_their_meaning():
    """One answer an instance."""
    statuses = [0x0000, 0xB000, 0xA700, 0xC000, 0x0111]
    with fake_pacs(status_of=lambda number: statuses[number]) as pacs:
        association = StorageAssociation(pacs.destination(), CT)
        got = [send_first(association) for _ in statuses]
        association.release()

    assert statuses == [result.status for result in got]
    assert ["stored", "warned", "retryable", "permanent", "stored"] == [result.outcome for result in got]


def test_a_peer_that_is_not_there_is_away():
    """It may be back any time."""
    with pytest.raises(DestinationAway, match="cannot be reached"):
        StorageAssociation(Destination("main", "127.0.0.1", free_port(), "X", timeout_s=1), CT)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((REJECT,), "Called AE title not recognised"),
        ((ABORT,), "PDU type 07"),
        (("close",), "closed"),
        (("silence",), "negotiate"),
    ],
)
def test_a_peer_that_does_not_associate_is_away_and_why_is_said(steps, said):
    """An AE title nobody knows can be mended at the PACS; the order waits."""
    with scripted_peer(*steps) as destination, pytest.raises(DestinationAway, match=said):
        StorageAssociation(destination, CT)


def test_a_class_the_peer_does_not_take_can_never_work():
    """Until somebody enables it there."""
    with scripted_peer(an_accept(context_result=3)) as destination:
        association = StorageAssociation(destination, CT)

        with pytest.raises(Permanent, match="does not accept SOP class"):
            association.syntax_for(CT[0])
        association.abort()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ABORT, "aborted"),
        ("close", "closed|broke off"),
        ("silence", "timed out|broke off"),
        (a_response(7, 0), "another request"),
        (struct.pack(">BBI", 4, 0, 1 << 31), "announced a PDU"),
        (struct.pack(">BBII", 5, 0, 4, 0), "released"),
    ],
)
def test_an_association_that_breaks_is_tried_again(answer, said):
    """And nothing it said is believed."""
    with scripted_peer(an_accept(1 << 20), answer) as destination:
        association = StorageAssociation(destination, CT)

        with pytest.raises(Retryable, match=said):
            send_first(association)
        association.abort()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0x0000, "stored"),
        (0x0111, "stored"),
        (0xB000, "warned"),
        (0xB007, "warned"),
        (0xA700, "retryable"),
        (0xA7FF, "retryable"),
        (0x0110, "retryable"),
        (0xA900, "permanent"),
        (0xC000, "permanent"),
        (0x0122, "permanent"),
        (0x0124, "permanent"),
    ],
)
def test_a_status_means_what_the_standard_says(status, outcome):
    """PS3.4 Table B.2-1, PS3.7 Annex C."""
    assert outcome == classify(status)


def test_an_echo_is_answered():
    """And one that is not says why."""
    with fake_pacs() as pacs:
        assert echo(pacs.destination()).ok
    away = echo(Destination("main", "127.0.0.1", free_port(), "X", timeout_s=1))

    assert not away.ok
    assert "cannot be reached" in away.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "options", "expected"),
    [
        (("rle", "explicit"), ("+xr",), "1.2.840.10008.1.2.5"),
        (("jpeg-ls", "explicit"), ("+xt",), "1.2.840.10008.1.2.4.80"),
        (("jpeg-2000", "explicit"), ("+xv",), "1.2.840.10008.1.2.4.90"),
        (("jpeg-ls",), ("+xe",), "1.2.840.10008.1.2.1"),
        (("implicit", "explicit"), ("+xa",), "1.2.840.10008.1.2"),
    ],
)
def test_images_are_sent_as_the_destination_and_the_pacs_agree(tmp_path, wanted, options, expected):
    """Our first choice that the PACS takes; what it does not take is not sent. DCMTK reads every one."""
    with storescp(tmp_path, *options) as destination:
        chosen = replace(destination, transfer_syntaxes=wanted)
        with StorageAssociation(chosen, CT) as association:
            result = send_first(association)

    (file,) = [file for file in tmp_path.iterdir() if file.is_file()]
    ds = pydicom.dcmread(file)
    assert (Outcome.STORED, expected) == (result.outcome, ds.file_meta.TransferSyntaxUID)
    assert ds.pixel_array.shape == (PLAN.series[0].rows, PLAN.series[0].columns)
