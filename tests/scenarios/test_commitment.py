"""Storage commitment with whole daemons: a real Orthanc, and a PACS whose report comes when the test says."""

import contextlib
import threading

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicomfabd.domain.delivery import Destination
from dicomfabd.store.opening import open_store
from tests.builders import an_orm
from tests.daemons import a_destination
from tests.peers import FakePacs, fake_pacs, orthanc

pytestmark = pytest.mark.slow

IMAGES = 2


class CommittingPacs(FakePacs):
    """Takes requests for commitment, and reports when and how it is told."""

    def __init__(self, on_request=lambda event: None):
        super().__init__()
        self.requests: list[Dataset] = []
        self._on_request = on_request

    def more_services(self, entity):
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        return [(evt.EVT_N_ACTION, self._asked)]

    def _asked(self, event):
        with self.arrived:
            self.requests.append(event.action_information)
            self.arrived.notify_all()
        self._on_request(event)
        return 0x0000, None

    def report_of(self, number=-1, failed=()):
        """Give the event information of a report: all committed but those whose index is named."""
        asked = self.requests[number]
        ds = Dataset()
        ds.TransactionUID = asked.TransactionUID
        items = list(asked.ReferencedSOPSequence)
        kept = [item for index, item in enumerate(items) if index not in failed]
        lost = [item for index, item in enumerate(items) if index in failed]
        for item in lost:
            item.FailureReason = 0x0112
        if kept:
            ds.ReferencedSOPSequence = kept
        if lost:
            ds.FailedSOPSequence = lost
        return ds

    def report(self, port, information):
        """Report on an association of its own, as most PACS do; gives the status of the answer."""
        entity = AE("FAKEPACS")
        entity.add_requested_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        association = entity.associate("127.0.0.1", port, ae_title="DICOMFABD", ext_neg=[role])
        assert association.is_established
        event_type = 2 if "FailedSOPSequence" in information else 1
        status, _ = association.send_n_event_report(
            information, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        association.release()
        return status.Status


@contextlib.contextmanager
def committing(**options):
    pacs = CommittingPacs(**options)
    pacs.start()
    try:
        yield pacs
    finally:
        pacs.stop()


def a_main(pacs):
    return a_destination("main", pacs.port) + "commitment = true\n"


def state_of_delivery(daemon):
    (order,) = daemon.get("/api/v1/orders")["orders"]
    (delivery,) = daemon.get(f"/api/v1/orders/{order['order_id']}")["deliveries"]
    return order["state"], delivery["state"]


def test_a_real_orthanc_commits(start, tmp_path):
    """Added while the daemon runs; it reports on an association to the worklist's port."""
    daemon = start(archive=False)
    with orthanc(tmp_path / "orthanc", knows={"DICOMFABD": daemon.port("worklist")}) as pacs:
        store = open_store(f"sqlite:///{tmp_path / 'state' / 'dicomfabd.db'}")
        store.destinations.put(Destination("main", "127.0.0.1", pacs.dicom_port, "ORTHANC", commitment=True))
        store.close()

        daemon.send(an_orm())
        reported = daemon.wait_for("study.commitment_reported")
        daemon.wait_for("study.delivered")  # the report may overtake the answer to the request

        assert (0, "main", "A1") == (reported["failed"], reported["destination"], reported["accession"])
        assert ("completed", "committed") == state_of_delivery(daemon)
        assert IMAGES == pacs.get("/statistics")["CountInstances"]


def test_an_order_waits_for_a_report_through_kill_9(start):
    """The transaction is on disk; what is reported to the next daemon counts."""
    with committing() as pacs:
        daemon = start(archive=False, more=a_main(pacs))
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")
        assert ("in_progress", "committing") == state_of_delivery(daemon)
        daemon.kill()
        second = start(archive=False, more=a_main(pacs))

        assert 0x0000 == pacs.report(second.port("worklist"), pacs.report_of())
        second.wait_for("study.commitment_reported")

        assert ("completed", "committed") == state_of_delivery(second)
    assert IMAGES == len(pacs.received)


def test_what_is_not_committed_is_sent_again(start):
    """Only that, and then it is asked for once more."""
    with committing() as pacs:
        daemon = start(archive=False, more=a_main(pacs))
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")
        pacs.report(daemon.port("worklist"), pacs.report_of(failed=(1,)))
        daemon.wait_for("study.delivered", 2)
        assert pacs.received[1:2] == pacs.received[2:]

        pacs.report(daemon.port("worklist"), pacs.report_of())
        daemon.wait_for("study.commitment_reported", failed=0)

        assert ("completed", "committed") == state_of_delivery(daemon)
    assert 2 == len({str(request.TransactionUID) for request in pacs.requests})


def test_a_report_may_come_on_the_same_association(start):
    """At once after the answer."""

    def report_here(event):
        pacs = here[0]
        information = pacs.report_of()
        arguments = (information, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        threading.Thread(target=event.assoc.send_n_event_report, args=arguments, daemon=True).start()

    here = []
    with committing(on_request=report_here) as pacs:
        here.append(pacs)
        daemon = start(archive=False, more=a_main(pacs))
        daemon.send(an_orm())
        daemon.wait_for("study.commitment_reported", failed=0)

        assert ("completed", "committed") == state_of_delivery(daemon)


def test_a_report_nobody_waits_for_is_answered_and_said(start):
    """It may have been reported twice."""
    with committing() as pacs:
        daemon = start(archive=False, more=a_main(pacs))
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")
        for _ in range(2):
            assert 0x0000 == pacs.report(daemon.port("worklist"), pacs.report_of())

        assert "FAKEPACS" == daemon.wait_for("study.commitment_unknown")["calling"]


def test_a_pacs_without_storage_commitment_is_said_to_have_none(start):
    """To the person who has to switch it off; the study is there."""
    with fake_pacs() as pacs:
        daemon = start(archive=False, more=a_main(pacs))
        daemon.send(an_orm())

        assert "does not offer storage commitment" in daemon.wait_for("study.failed")["reason"]
    assert IMAGES == len(pacs.received)
