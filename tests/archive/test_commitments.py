"""Storage commitment: kept, answered from the index, reported until it arrives."""

import threading

import pytest

from dicomfabd.archive.commitments import FIRST_RETRY_S, GIVE_UP_S, Commitments
from dicomfabd.dimse.services import Refusal
from dicomfabd.domain.commitment import CommitmentReport, CommitmentRequest, Reference
from dicomfabd.domain.errors import Permanent
from tests.archive.conftest import AWAY, PEER, keep, nobody_there
from tests.fabricate.studies import plan_of

PLAN = plan_of("XR CHEST", "DX")
OTHER_CLASS = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def references(shelf, bodies):
    return tuple(Reference(one.sop_class_uid, one.sop_instance_uid) for one in keep(shelf, PLAN, bodies))


@pytest.fixture
def commitments(index, neighbours, journal, clock) -> Commitments:
    neighbours.add(nobody_there(PEER.calling_ae_title))
    return Commitments(index, neighbours.knows, neighbours.report, journal, clock)


def test_what_is_here_is_committed_and_the_rest_is_not(commitments, references):
    """Failure reasons 0112 (no such instance) and 0119 (class does not fit), PS3.3 C.14.1.1."""
    absent = Reference(OTHER_CLASS, "9.9")
    wrong = Reference(OTHER_CLASS, references[0].sop_instance_uid)

    report = commitments.answer(CommitmentRequest("1.2", (wrong, references[1], absent)))

    assert CommitmentReport("1.2", (references[1],), ((wrong, 0x0119), (absent, 0x0112))) == report


def test_a_request_of_thousands_is_answered(commitments, references):
    """A database takes only so many values at once."""
    many = tuple(Reference(OTHER_CLASS, f"9.{number}") for number in range(3000))

    report = commitments.answer(CommitmentRequest("1.2", (*many, *references)))

    assert (references, 3000) == (report.committed, len(report.failed))


def test_the_report_comes_after_the_answer_to_the_request(commitments, references, neighbours, clock):
    """Half a second, on an association of its own; then nothing is left to do."""
    commitments.ask(CommitmentRequest("1.2", references), PEER)
    assert (0.5, []) == (commitments.report_due(), neighbours.reports)
    clock.advance(0.5)

    assert None is commitments.report_due()

    assert [("SCU", CommitmentReport("1.2", references))] == neighbours.reports


def test_nobody_else_is_reported_to(commitments, references, index, sink):
    """0110, and what to do."""
    stranger = type(PEER)("STRANGER", "FABARCHIVE", "127.0.0.1")

    with pytest.raises(Refusal) as refusal:
        commitments.ask(CommitmentRequest("1.2", references), stranger)

    assert (0x0110, "register STRANGER as a destination in dicomfabd") == (
        refusal.value.status,
        refusal.value.comment,
    )
    assert None is index.next_due()
    assert 1 == len(sink.named("archive.commitment_refused"))


def test_a_report_that_does_not_arrive_is_sent_again_after_a_restart(
    commitments, references, neighbours, index, journal, clock, sink
):
    """Later each time; another archive over the same index goes on."""
    neighbours.problem = AWAY
    commitments.ask(CommitmentRequest("1.2", references), PEER)
    clock.advance(1)
    assert FIRST_RETRY_S == commitments.report_due()
    clock.advance(FIRST_RETRY_S)
    assert 2 * FIRST_RETRY_S == commitments.report_due()
    clock.advance(2 * FIRST_RETRY_S)
    neighbours.problem = None

    Commitments(index, neighbours.knows, neighbours.report, journal, clock).report_due()

    assert 1 == len(neighbours.reports)
    assert 2 == len(sink.named("archive.commitment_postponed"))


@pytest.mark.parametrize("problem", [AWAY, Permanent("the destination is gone")])
def test_a_report_nobody_takes_is_dropped(commitments, references, neighbours, clock, sink, problem):
    """After a day, or at once where it can never be sent; a person is told."""
    neighbours.problem = problem
    commitments.ask(CommitmentRequest("1.2", references), PEER)
    clock.advance(1 if isinstance(problem, Permanent) else GIVE_UP_S)

    assert None is commitments.report_due()

    assert [str(problem)] == [fields["reason"] for fields in sink.named("archive.commitment_dropped")]


def test_the_thread_reports_by_itself(index, neighbours, journal, references):
    """Woken by the request."""
    reported = threading.Event()
    neighbours.add(nobody_there(PEER.calling_ae_title))
    commitments = Commitments(index, neighbours.knows, lambda *_: reported.set(), journal)
    commitments.chore.start()

    commitments.ask(CommitmentRequest("1.2", references), PEER)

    assert reported.wait(30)
    commitments.chore.stop()


def test_a_bug_in_a_chore_is_told_and_the_chore_goes_on(index, neighbours, journal, references, sink):
    """A thread that dies in silence would be worse."""
    calls = threading.Semaphore(0)

    def report(*_):
        calls.release()
        raise RuntimeError("a bug")

    neighbours.add(nobody_there(PEER.calling_ae_title))
    commitments = Commitments(index, neighbours.knows, report, journal)
    commitments.chore.start()
    for _ in range(2):
        commitments.ask(CommitmentRequest("1.2", references), PEER)
        assert calls.acquire(timeout=30)
        commitments.chore.wake()
    commitments.chore.stop()

    assert "RuntimeError: a bug" == sink.named("archive.chore_failed")[0]["error"]
