"""Hears what modalities say they do (MPPS, PS3.4 F.7), for the orders they do it for."""

from typing import Final

from dicomfabd.dimse.services import PROCESSING_FAILURE, Peer, PerformedHandlers, Refusal
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.performed import Attributes, StepRefused, begun
from dicomfabd.store.performed_interface import PerformedSteps, Taken
from dicomfabd.telemetry.journal import Journal

_CREATE: Final = "create"
_SET: Final = "set"


class PerformedStepReports:
    """Takes them on a DICOM listener; the worklist's, because that is where a modality knows us."""

    def __init__(self, steps: PerformedSteps, journal: Journal) -> None:
        """Take who keeps them, and who is told."""
        self._steps = steps
        self._journal = journal

    @property
    def handlers(self) -> PerformedHandlers:
        """What a listener has to offer for it."""
        return PerformedHandlers(self.create, self.set)

    def create(self, sop_instance_uid: str, attributes: Attributes, peer: Peer) -> None:
        """Take a step that begins; raises StepRefused, or Refusal when it cannot be kept now."""
        try:
            taken = self._steps.create(begun(sop_instance_uid, attributes), peer.calling_ae_title)
        except StepRefused as refused:
            self._journal.mpps_refused(peer.calling_ae_title, _CREATE, refused.text)
            raise
        except StoreUnavailable as error:
            raise self._not_now(peer, _CREATE, error) from error
        self._say(peer, _CREATE, taken)

    def set(self, sop_instance_uid: str, modifications: Attributes, peer: Peer) -> tuple[int, ...]:
        """Take what became of a step, and give what of it may not be set; raises as `create`."""
        try:
            taken = self._steps.amend(sop_instance_uid, modifications, peer.calling_ae_title)
        except StepRefused as refused:
            self._journal.mpps_refused(peer.calling_ae_title, _SET, refused.text)
            raise
        except StoreUnavailable as error:
            raise self._not_now(peer, _SET, error) from error
        self._say(peer, _SET, taken)
        return taken.left

    def _not_now(self, peer: Peer, operation: str, error: StoreUnavailable) -> Refusal:
        """Give the failure on which a modality tries again: without the error ID that says that it is of no use."""
        self._journal.mpps_refused(peer.calling_ae_title, operation, str(error))
        return Refusal(PROCESSING_FAILURE, "the step cannot be kept now; try again")

    def _say(self, peer: Peer, operation: str, taken: Taken) -> None:
        orders = [(order.order_id, order.accession_number) for order in taken.orders]
        self._journal.mpps_received(
            peer.calling_ae_title, operation, taken.step.status, taken.step.sop_instance_uid, orders
        )
