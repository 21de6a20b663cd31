"""STOW-RS to a destination: a request for each instance, its answer classified like a C-STORE's (PS3.18 §10.5)."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from pydantic_core import from_json
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.delivery import Destination, InstanceResult, Outcome
from dicomfabd.domain.errors import Retryable
from dicomfabd.pacs.http import WebConnection
from dicomfabd.pacs.outcomes import classify
from dicomfabd.pacs.storage import Sendable, storage_contexts

LONGEST_ANSWER: Final = 4 * 1024 * 1024
_STORED, _FAILED = "00081199", "00081198"  # Referenced and Failed SOP Sequence
_WARNING_REASON, _FAILURE_REASON, _INSTANCE = "00081196", "00081197", "00081155"
_ANSWERED: Final = frozenset({200, 202, 409})  # all, some, none kept (PS3.18 Table 10.5.3-1)
_PROCESSING_FAILURE: Final = 0x0110


class StowAssociation:
    """A connection for sending studies; see `storage.Sender`. Not thread-safe."""

    def __init__(self, destination: Destination, sop_class_uids: Sequence[str]) -> None:
        """Connect; raises DestinationAway, or Permanent where there is no `web_url`."""
        self._deadline_s = 10 * destination.timeout_s
        # Implicit VR has no place in DICOMweb (PS3.18 §8.7.3.1), which negotiates nothing.
        self._syntaxes = {
            name: next(syntax for syntax in syntaxes if syntax != ImplicitVRLittleEndian)
            for name, syntaxes in storage_contexts(destination, sop_class_uids).items()
        }
        self._connection = WebConnection(destination)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def syntax_for(self, sop_class_uid: str) -> str:
        """See `Sender.syntax_for`: the destination's best, or plain where there are no pixels."""
        return self._syntaxes.get(sop_class_uid, str(ExplicitVRLittleEndian))

    def is_idle(self) -> bool:
        """See `Sender.is_idle`; a connection the server has closed meanwhile is opened again."""
        return True

    def send_all(self, instances: Iterable[Sendable]) -> Iterator[InstanceResult]:
        """See `Sender.send_all`.

        Raises:
            DestinationAway: It cannot be reached, or what stands behind it cannot.
            Retryable: It broke off, fell silent or does not say what became of an instance.
            Permanent: It does not take anything, or not from us.
        """
        for instance in instances:
            status, outcome = self._send(instance)
            yield InstanceResult(instance.sop_instance_uid, instance.sop_class_uid, status, outcome)

    def _send(self, instance: Sendable) -> tuple[int, Outcome]:
        uids = instance.sop_class_uid, instance.sop_instance_uid
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        header = file_header(*uids, self.syntax_for(instance.sop_class_uid))
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        }
        body = [head, header, *instance.parts, f"\r\n--{boundary}--\r\n".encode()]
        response = self._connection.ask("POST", "/studies", headers, body)
        answer = self._connection.read(response, LONGEST_ANSWER, self._deadline_s)
        if response.status not in _ANSWERED:
            raise self._connection.refuse(response.status)
        return self._judge(response.status, answer, instance.sop_instance_uid)

    def _judge(self, http_status: int, answer: bytes, sop_instance_uid: str) -> tuple[int, Outcome]:
        stored, failed = _references(answer)
        if sop_instance_uid in failed:
            reason = failed[sop_instance_uid] or _PROCESSING_FAILURE
            return reason, classify(reason)
        if sop_instance_uid in stored:
            warning = stored[sop_instance_uid]
            return warning, classify(warning) if warning == 0 else Outcome.WARNED
        if http_status == 200:
            return 0, Outcome.STORED
        raise Retryable(f"{self._connection.name} answered HTTP {http_status} and not what became of the instance")


def _references(answer: bytes) -> tuple[dict[str, int], dict[str, int]]:
    """Give what a store response says (PS3.18 Annex I): SOP Instance UID → reason, 0 for none; kept and not kept."""
    try:
        said = from_json(answer)
    except ValueError:
        return {}, {}
    data = said[0] if isinstance(said, list) and said else said
    return (_sequence(data, _STORED, _WARNING_REASON), _sequence(data, _FAILED, _FAILURE_REASON))


def _sequence(data: Any, tag: str, reason_tag: str) -> dict[str, int]:
    items = (_values(item) for item in _all_values(data, tag))
    return {str(item[_INSTANCE]): _number(item.get(reason_tag)) for item in items if _INSTANCE in item}


def _values(item: Any) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        return {}
    return {tag: found[0] for tag in item if (found := _all_values(item, tag))}


def _all_values(data: Any, tag: str) -> list[Any]:
    element = data.get(tag) if isinstance(data, Mapping) else None
    values = element.get("Value") if isinstance(element, Mapping) else None
    return values if isinstance(values, list) else []


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value <= 0xFFFF else 0
