"""C-STORE to a destination: negotiate for a study, send its instances, classify each answer (PS3.4 Annex B)."""

from collections.abc import Iterable, Sequence
from typing import Final

from pydicom import uid
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.domain.delivery import TRANSFER_SYNTAXES, Destination, InstanceResult
from dicomfabd.domain.errors import Permanent
from dicomfabd.pacs.outcomes import classify
from dicomfabd.pacs.wire import Association, Buffer

# Every storage SCP takes at least the implicit one (PS3.5 §10.1); the explicit one keeps private attributes readable.
_PLAIN: Final = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
DOCUMENTS: Final = frozenset(
    {
        str(uid.BasicTextSRStorage),
        str(uid.EncapsulatedPDFStorage),
        str(uid.GrayscaleSoftcopyPresentationStateStorage),
        str(uid.KeyObjectSelectionDocumentStorage),
        str(uid.XRayRadiationDoseSRStorage),
    }
)


class StorageAssociation(Association):
    """An association for sending one study."""

    def __init__(self, destination: Destination, sop_class_uids: Sequence[str]) -> None:
        """Connect and offer the study's SOP classes; raises DestinationAway."""
        wanted = [TRANSFER_SYNTAXES[name] for name in destination.transfer_syntaxes]
        # Objects without pixels have nothing to compress; every peer is offered the plain syntaxes too.
        images = tuple(dict.fromkeys((*wanted, *_PLAIN)))
        plain = tuple(syntax for syntax in images if syntax in _PLAIN)
        super().__init__(destination, {name: plain if name in DOCUMENTS else images for name in sop_class_uids})

    def syntax_for(self, sop_class_uid: str) -> str:
        """Give the transfer syntax to encode a class in.

        Raises:
            Permanent: The PACS does not take the class.
        """
        syntax = self.transfer_syntax(sop_class_uid)
        if syntax is None:
            raise Permanent(f"{self._name} does not accept SOP class {sop_class_uid}; enable it there, then retry")
        return syntax

    def send(self, sop_class_uid: str, sop_instance_uid: str, parts: Iterable[Buffer]) -> InstanceResult:
        """Send one instance; raises Retryable when the association breaks."""
        status = self.store(sop_class_uid, sop_instance_uid, parts)
        return InstanceResult(sop_instance_uid, sop_class_uid, status, classify(status))
