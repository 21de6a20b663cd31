"""C-STORE by pynetdicom itself, for a peer that behaves oddly with `wire`: slower, and written by others."""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from types import TracebackType
from typing import Final, Self

from pydicom import dcmread
from pynetdicom import AE, _config
from pynetdicom.presentation import build_context

from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.delivery import Destination, InstanceResult
from dicomfabd.domain.errors import DestinationAway, Retryable
from dicomfabd.pacs.connecting import tls_context
from dicomfabd.pacs.outcomes import classify
from dicomfabd.pacs.storage import Sendable, refusal, storage_contexts

# It would log every identifier.
_config.LOG_HANDLER_LEVEL = "none"

_MOST_CONTEXTS: Final = 128


class LibraryAssociation:
    """See `storage.Sender`."""

    def __init__(self, destination: Destination, sop_class_uids: Sequence[str]) -> None:
        """Connect and offer SOP classes; raises DestinationAway."""
        self._name = f"{destination.name} ({destination.ae_title} at {destination.host}:{destination.port})"
        entity = AE(destination.calling("store"))
        entity.maximum_pdu_size = destination.max_pdu
        entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = destination.timeout_s
        entity.network_timeout = destination.timeout_s
        contexts = storage_contexts(destination, sop_class_uids)
        proposed = [build_context(name, syntax) for name, syntaxes in contexts.items() for syntax in syntaxes]
        self._association = entity.associate(
            destination.host,
            destination.port,
            contexts=proposed[:_MOST_CONTEXTS],
            ae_title=destination.ae_title,
            tls_args=(tls_context(destination), destination.host) if destination.tls else None,
        )
        if not self._association.is_established:
            word = "rejected the association" if self._association.is_rejected else "cannot be reached"
            raise DestinationAway(f"{self._name} {word}")
        taken = {
            (str(context.abstract_syntax), str(context.transfer_syntax[0]))
            for context in self._association.accepted_contexts
        }
        self._syntaxes = {
            name: next((syntax for syntax in syntaxes if (name, syntax) in taken), None)
            for name, syntaxes in contexts.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._association.release()
        else:
            self._association.abort()

    def syntax_for(self, sop_class_uid: str) -> str:
        """See `Sender.syntax_for`."""
        syntax = self._syntaxes.get(sop_class_uid)
        if syntax is None:
            raise refusal(self._name, sop_class_uid)
        return syntax

    def is_idle(self) -> bool:
        """See `storage.Sender`."""
        return bool(self._association.is_established)

    def send_all(self, instances: Iterable[Sendable]) -> Iterator[InstanceResult]:
        """See `Sender.send_all`."""
        for instance in instances:
            syntax = self.syntax_for(instance.sop_class_uid)
            header = file_header(instance.sop_class_uid, instance.sop_instance_uid, syntax)
            dataset = dcmread(BytesIO(header + b"".join(instance.parts)))
            try:
                status = self._association.send_c_store(dataset).get("Status")
            except (RuntimeError, ValueError) as error:
                raise Retryable(f"{self._name} broke off: {error}") from error
            if status is None:
                # It gives no status when the association broke, and when it missed the answer.
                raise Retryable(f"{self._name} broke off or its answer was missed")
            yield InstanceResult(instance.sop_instance_uid, instance.sop_class_uid, status, classify(status))
