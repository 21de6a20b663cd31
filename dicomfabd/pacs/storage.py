"""C-STORE to a destination: negotiate, send instances one behind the other, classify each answer (PS3.4 Annex B)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from pydicom import uid
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.domain.delivery import TRANSFER_SYNTAXES, Destination, InstanceResult
from dicomfabd.domain.errors import Permanent
from dicomfabd.pacs.line import Buffer
from dicomfabd.pacs.outcomes import classify
from dicomfabd.pacs.wire import Association, Request

# Every storage SCP takes at least the implicit one (PS3.5 §10.1); the explicit one keeps private attributes readable.
_PLAIN: Final = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
_DOCUMENTS: Final = frozenset(
    {
        str(uid.BasicTextSRStorage),
        str(uid.EncapsulatedPDFStorage),
        str(uid.GrayscaleSoftcopyPresentationStateStorage),
        str(uid.KeyObjectSelectionDocumentStorage),
        str(uid.XRayRadiationDoseSRStorage),
    }
)


class Sendable(Protocol):
    """An encoded instance, as `fabricate` gives it."""

    @property
    def sop_class_uid(self) -> str:
        """Its SOP Class UID."""

    @property
    def sop_instance_uid(self) -> str:
        """Its SOP Instance UID."""

    @property
    def parts(self) -> Sequence[Buffer]:
        """The data set's bytes, in order, in the transfer syntax that was agreed on for its class."""


class Sender(Protocol):
    """An open way to a PACS, whatever the transport; a context manager that closes it."""

    def __enter__(self) -> Self:
        """Use it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; in haste where something went wrong."""

    def syntax_for(self, sop_class_uid: str) -> str:
        """Give the UID of the transfer syntax to encode a class in; raises Permanent if the PACS does not take it."""

    def is_idle(self) -> bool:
        """Tell whether it is open, with nothing under way, as far as we have heard."""

    def send_all(self, instances: Iterable[Sendable]) -> Iterator[InstanceResult]:
        """Send instances as they come and give the answer to each; raises Retryable when the way breaks."""


OpenSender = Callable[[Destination, Sequence[str]], Sender]
"""Opens a way to a destination for so many SOP classes; raises DestinationAway."""


class StorageAssociation(Association):
    """An association for sending studies; see `Sender`."""

    def __init__(self, destination: Destination, sop_class_uids: Sequence[str]) -> None:
        """Connect and offer SOP classes; raises DestinationAway."""
        super().__init__(destination, storage_contexts(destination, sop_class_uids))

    def syntax_for(self, sop_class_uid: str) -> str:
        """See `Sender.syntax_for`."""
        syntax = self.transfer_syntax(sop_class_uid)
        if syntax is None:
            raise refusal(self._name, sop_class_uid)
        return syntax

    def send_all(self, instances: Iterable[Sendable]) -> Iterator[InstanceResult]:
        """See `Sender.send_all`.

        While the PACS works on an instance the next one is made, and it is sent before anybody looks at the answer.
        """
        before: tuple[Sendable, Request] | None = None
        for instance in instances:
            request = self.store_request(instance.sop_class_uid, instance.sop_instance_uid, instance.parts)
            if before is not None:
                self.hear()
            self.send(request)
            if before is not None:
                yield self._result(*before)
            before = instance, request
        if before is not None:
            yield self._result(*before)

    def _result(self, sent: Sendable, request: Request) -> InstanceResult:
        status = self.status(request)
        return InstanceResult(sent.sop_instance_uid, sent.sop_class_uid, status, classify(status))


def storage_contexts(destination: Destination, sop_class_uids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give what to propose to a destination: SOP class → transfer syntaxes, best first."""
    wanted = [TRANSFER_SYNTAXES[name] for name in destination.transfer_syntaxes]
    # Objects without pixels have nothing to compress; every peer is offered the plain syntaxes too.
    images = tuple(dict.fromkeys((*wanted, *_PLAIN)))
    plain = tuple(syntax for syntax in images if syntax in _PLAIN)
    return {name: plain if name in _DOCUMENTS else images for name in sop_class_uids}


def refusal(name: str, sop_class_uid: str) -> Permanent:
    """Give the error for a class a PACS does not take."""
    return Permanent(f"{name} does not accept SOP class {sop_class_uid}; enable it there, then retry")
