"""The MPPS SCP over the network, told by pynetdicom as a modality: every status of PS3.4 F.7."""

import pytest

from dicomfabd.config import Worklist
from dicomfabd.dimse.services import Services
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.order import OrderState
from dicomfabd.performed import PerformedStepReports
from dicomfabd.worklist.scp import WorklistServer
from tests.builders import a_message, a_new, an_order, take
from tests.listeners import running
from tests.performed import a_beginning, a_reference, an_end, modality

OVER = "Performed Procedure Step Object may no longer be updated"


@pytest.fixture
def scu(store, journal):
    """Give a modality with an association to the worklist's port."""
    services = Services(performed=PerformedStepReports(store.performed, journal).handlers)
    server = WorklistServer(Worklist(port=0), [], store.worklist, store.queries, journal, services)
    with running(server), modality(server.port) as it:
        yield it


@pytest.fixture
def order(store):
    order = an_order()
    take(store.inbox, a_message(), a_new(order))
    return order


def said(sink, event):
    return [(fields["operation"], fields.get("status"), fields.get("accession")) for fields in sink.named(event)]


def test_a_step_is_begun_and_completed(scu, store, order, sink):
    """0000 twice; log and metric say for which order."""
    created, modified = scu.create(dataset=a_beginning(a_reference(order))), scu.set()

    assert (0, 0) == (created.Status, modified.Status)
    assert OrderState.COMPLETED == store.book.get(1).state
    assert [("create", "IN PROGRESS", "A1"), ("set", "COMPLETED", "A1")] == said(sink, "mpps.received")
    assert 1 == sink.counts["dicomfabd_mpps_received_total", "set", "matched"]


def test_a_step_nobody_scheduled_is_taken(scu, store, sink):
    """0000; it is kept, and said to be for nothing we know."""
    assert (0, 0) == (scu.create().Status, scu.set().Status)

    assert ["1.2.9"] == [kept.step.sop_instance_uid for kept in store.performed.unmatched(9)]
    assert [("create", "IN PROGRESS", ""), ("set", "COMPLETED", "")] == said(sink, "mpps.received")
    assert 1 == sink.counts["dicomfabd_mpps_received_total", "create", "unmatched"]


def test_names_are_kept_as_they_are_written(scu, store):
    """Whatever the character set; no value is in the log."""
    scu.create()

    assert "Müller^Eva" == store.performed.get("1.2.9").step.attributes["00100010"]["Value"][0]["Alphabetic"]


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED", "STARTED"])
def test_a_step_that_does_not_begin_in_progress_is_refused(scu, store, status):
    """0106."""
    changes = {"PerformedProcedureStepEndDate": "20260302", "PerformedProcedureStepEndTime": "1210"}
    changes["PerformedSeriesSequence"] = an_end().PerformedSeriesSequence

    answer = scu.create(dataset=a_beginning(PerformedProcedureStepStatus=status, **changes))

    assert (0x0106, None) == (answer.Status, store.performed.get("1.2.9"))


def test_a_uid_that_is_taken_is_refused(scu):
    """0111."""
    scu.create()

    assert 0x0111 == scu.create().Status


def test_a_uid_that_is_unknown_is_refused(scu):
    """0112."""
    assert 0x0112 == scu.set().Status


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_a_step_that_is_over_is_not_updated(scu, status):
    """0110, with the comment and the error ID of Table F.7.2-2."""
    scu.create()
    scu.set(dataset=an_end(status))

    answer = scu.set()

    assert (0x0110, 0xA710, OVER) == (answer.Status, answer.ErrorID, answer.ErrorComment)


@pytest.mark.parametrize(("value", "status"), [(None, 0x0120), ("", 0x0121)], ids=["missing", "empty"])
def test_an_attribute_of_type_1_that_is_missing_is_named(scu, sink, value, status):
    """0120 or 0121; it is said to whoever looks after us too."""
    answer = scu.create(dataset=a_beginning(Modality=value))

    assert (status, "Modality is ") == (answer.Status, answer.ErrorComment[:12])
    assert [("create", None, None)] == said(sink, "mpps.refused")
    assert 1 == sink.counts["dicomfabd_mpps_received_total", "create", "refused"]


def test_a_step_that_would_be_over_without_an_end_is_refused(scu, store):
    """0121; it stays in progress, and may be ended better."""
    scu.create()

    answer = scu.set(dataset=an_end(PerformedProcedureStepEndTime=None))

    assert (0x0121, 0x00400251) == (answer.Status, answer.AttributeIdentifierList)
    assert 0 == scu.set().Status


def test_what_may_not_be_set_stays_and_is_named(scu, store):
    """0107, a warning: the rest is set."""
    scu.create()

    answer = scu.set(dataset=an_end(PatientID="P2"))

    kept = store.performed.get("1.2.9").step
    assert (0x0107, 0x00100020) == (answer.Status, answer.AttributeIdentifierList)
    assert ("COMPLETED", "P1") == (kept.status, kept.attributes["00100020"]["Value"][0])


def test_a_store_that_keeps_nothing_is_a_failure_to_try_again(scu, store, sink, monkeypatch):
    """0110 without the error ID that would say that it is of no use; then it is taken."""

    def fail(*_):
        raise StoreUnavailable("disk full")

    with monkeypatch.context() as patch:
        for method in ("create", "amend"):
            patch.setattr(type(store.performed), method, fail)
        answers = [scu.create(), scu.set()]

    assert [(0x0110, False)] * 2 == [(answer.Status, "ErrorID" in answer) for answer in answers]
    assert ["disk full"] * 2 == [fields["reason"] for fields in sink.named("mpps.refused")]
    assert [] == sink.named("dicom.request_failed")
    assert (0, 0) == (scu.create().Status, scu.set().Status)
