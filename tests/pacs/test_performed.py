"""Telling a RIS of a step, over the network: pynetdicom's SCP, and peers that misbehave."""

from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pynetdicom.sop_class import CTImageStorage

from dicomfabd.domain.errors import DestinationAway, Permanent, Retryable
from dicomfabd.pacs.performed import send_begin, send_end
from tests.odd_pacs import Manner, odd_pacs
from tests.peers import free_port, scripted_peer
from tests.performed import a_beginning, a_ris, an_end

UID = "1.2.9"
OVER = (0x0110, 0xA710)


def begin(ris) -> bool:
    return send_begin(ris.destination, UID, a_beginning())


def end(ris) -> bool:
    return send_end(ris.destination, UID, a_beginning(), an_end())


def test_a_ris_hears_of_the_beginning_and_of_the_end():
    """Under one UID, with every attribute."""
    with a_ris() as ris:
        assert (True, True) == (begin(ris), end(ris))

    ((created_uid, created),), ((modified_uid, modified),) = ris.created, ris.modified
    assert (UID, UID) == (created_uid, modified_uid)
    assert ("Müller^Eva", 2) == (
        str(created.PatientName),
        len(modified.PerformedSeriesSequence[0].ReferencedImageSequence),
    )


def test_a_ris_that_knows_of_the_beginning_is_told_nothing_new():
    """0111: it heard of it from an earlier try."""
    with a_ris(on_create=lambda _uid: 0x0111) as ris:
        assert not begin(ris)


def test_a_ris_that_knows_of_the_end_is_told_nothing_new():
    """0110 with the error ID that says so."""
    with a_ris(on_set=lambda _uid: OVER) as ris:
        assert not end(ris)


@pytest.mark.parametrize("status", [0x0001, 0x0107, 0x0116])
def test_a_warning_is_no_refusal(status):
    """It has kept the step."""
    with a_ris(on_create=lambda _uid: status, on_set=lambda _uid: (status, None)) as ris:
        assert (True, True) == (begin(ris), end(ris))


@pytest.mark.parametrize("status", [0x0106, 0x0110, 0x0120, 0x0124, 0x0213, 0xA700])
def test_a_refusal_says_the_status(status):
    """A processing failure without the error ID is one that may pass."""
    with a_ris(on_create=lambda _uid: status, on_set=lambda _uid: (status, None)) as ris:
        with pytest.raises(Retryable, match=f"N-CREATE, status 0x{status:04X}"):
            begin(ris)
        with pytest.raises(Retryable, match=f"N-SET, status 0x{status:04X}"):
            end(ris)


def test_a_ris_that_did_not_hear_of_the_beginning_hears_of_it_with_the_end():
    """0112: it was away then, or has forgotten."""
    known = set()
    with a_ris(on_set=lambda uid: (0x0000 if uid in known else 0x0112, None)) as ris:
        ris.on_create = lambda uid: known.add(uid) or 0x0000

        assert end(ris)

    assert ["IN PROGRESS", "COMPLETED", "COMPLETED"] == ris.statuses


def test_a_ris_without_mpps_is_said_to_have_none():
    """To the person who has to leave it out."""
    with a_ris(models=[CTImageStorage]) as ris, pytest.raises(Permanent, match="takes no performed procedure steps"):
        begin(ris)


def test_a_ris_that_is_not_there_is_away():
    """With where it was looked for."""
    with a_ris() as ris:
        nobody = replace(ris.destination, port=free_port(), timeout_s=1)
    with pytest.raises(DestinationAway, match="cannot be reached"):
        send_begin(nobody, UID, a_beginning())


def test_a_ris_that_rejects_us_is_away():
    """Called or calling AE title, or too many associations."""
    with odd_pacs(Manner(reject=(1, 1, 7))) as ris, pytest.raises(DestinationAway, match="rejected the association"):
        send_begin(ris.destination(), UID, a_beginning())


@pytest.mark.parametrize("deed", ["silence", "close", "abort", "wrong id", "no status", "endless", "junk", "half"])
def test_a_ris_that_breaks_off_is_told_again_another_time(deed):
    """Whatever it does instead of answering; nobody waits for longer than the time limit."""
    with odd_pacs(Manner(deed=deed, at=0)) as ris, pytest.raises(Retryable):
        send_begin(ris.destination(0.3), UID, a_beginning())


def test_a_ris_that_never_negotiates_is_away():
    """It took the connection, and hangs."""
    with scripted_peer("silence") as ris, pytest.raises(DestinationAway):
        send_end(replace(ris, timeout_s=0.3), UID, a_beginning(), Dataset())
