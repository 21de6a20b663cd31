"""What is agreed when an association begins (PS3.8 §7.1, PS3.7 Annex D): contexts, roles, lengths."""

import logging
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from pydicom.uid import (
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import AllStoragePresentationContexts
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
)
from pynetdicom.presentation import PresentationContext

from dicomfabd.dimse.limits import Reason, Violation
from dicomfabd.dimse.pdu import HEADER_BYTES, INVALID_PARAMETER, PduType, rejection
from dicomfabd.dimse.services import Services
from dicomfabd.domain.commitment import STORAGE_COMMITMENT
from dicomfabd.domain.performed import MODALITY_PERFORMED_PROCEDURE_STEP
from dicomfabd.domain.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, is_valid_uid

# Its PDU classes quote what they cannot read.
logging.getLogger("pynetdicom").propagate = False

VERIFICATION: Final = "1.2.840.10008.1.1"
_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
_STANDARD_ROOT: Final = "1.2.840.10008."
_STORAGE_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_STORAGE: Final = frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)

_COMMAND_SYNTAXES: Final = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
_STORAGE_SYNTAXES: Final = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    RLELossless,
)

# Results of a presentation context, PS3.8 Table 9-18.
_ACCEPTED, _USER_REJECTION, _NO_ABSTRACT_SYNTAX, _NO_TRANSFER_SYNTAX = 0, 1, 3, 4

_TITLES: Final = slice(4, 36)  # called and calling AE title in the body of the PDU
_REPEATED: Final = slice(4, 68)  # what an A-ASSOCIATE-AC repeats (Table 9-17)
_SOME_TITLES: Final = b"CALLED".ljust(16) + b"CALLING".ljust(16)
_LEAST_PDU: Final = 256

_PERMANENT, _TRANSIENT = 1, 2
_BY_USER, _BY_ACSE, _BY_PRESENTATION = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Context:
    """A presentation context both sides agreed on; who asked for the association may be SCU of it, or SCP, or both."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    peer_is_scu: bool = True
    peer_is_scp: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds on an association.

    Attributes:
        longest_pdu: What the peer takes in one PDU, in bytes; 0 is no limit.
        reply: The A-ASSOCIATE-AC PDU that says it.
    """

    contexts: Mapping[int, Context]
    longest_pdu: int
    reply: bytes


Roles = Mapping[str, tuple[bool, bool]]
"""Abstract syntax → whether the peer asks to be SCU, and to be SCP."""

Judgment = tuple[int, Context | None]


class Rejected(Exception):  # noqa: N818 - an answer, not a bug
    """The association is rejected."""

    def __init__(self, reason: Reason, detail: str, pdu: bytes) -> None:
        """Take the reason, a sentence, and the A-ASSOCIATE-RJ PDU."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.pdu = pdu


def too_many(detail: str) -> Rejected:
    """Give the rejection of an association that may be asked for again later: local limit exceeded."""
    return Rejected(Reason.BUSY, detail, rejection(_TRANSIENT, _BY_PRESENTATION, 2))


def titles(body: bytes) -> tuple[str, str]:
    """Give called and calling AE title of an A-ASSOCIATE-RQ PDU without its header, made printable."""
    both = body[_TITLES]
    return _printable(both[:16]), _printable(both[16:])


class Offer:
    """What a listener agrees to."""

    def __init__(
        self, services: Services, pdu_bytes: int, called: Collection[str] = (), calling: Collection[str] = ()
    ) -> None:
        """Prepare.

        Args:
            services: What is offered.
            pdu_bytes: The longest PDU we take.
            called: Called AE titles that are answered; empty is any.
            calling: Calling AE titles that are answered; empty is any.
        """
        self._services = services
        self._called = frozenset(title.strip() for title in called)
        self._calling = frozenset(title.strip() for title in calling)
        self._pdu_bytes = pdu_bytes
        performed = {MODALITY_PERFORMED_PROCEDURE_STEP} if services.performed else set()
        self._peer_is_scu = frozenset(
            {VERIFICATION, *services.find, *services.search, *services.move, *services.get, *performed}
        )

    def negotiate(self, body: bytes) -> Agreement:
        """Answer an A-ASSOCIATE-RQ PDU, given without its header. Takes milliseconds.

        Raises:
            Rejected: The association is not to be.
            Violation: The PDU is malformed.
        """
        request = _decode(body)
        self._check(body, request)
        asked = _roles_asked(request)
        contexts: dict[int, Context] = {}
        results: list[PresentationContext] = []
        for item in request.presentation_context:
            context_id = item.context_id or 0
            if context_id % 2 == 0 or any(context_id == result.context_id for result in results):
                raise Violation(Reason.PDU, "a presentation context has an ID that is not its own", INVALID_PARAMETER)
            proposed = [str(syntax) for syntax in item.transfer_syntax]
            result, context = self._judge(context_id, str(item.abstract_syntax), proposed, asked)
            if context:
                contexts[context_id] = context
            results.append(_result(context_id, context.transfer_syntax if context else ImplicitVRLittleEndian, result))
        if not results:
            raise Violation(Reason.PDU, "no presentation context is proposed", INVALID_PARAMETER)
        return Agreement(contexts, _longest_pdu(request), self._reply(body, results, _roles_granted(contexts, asked)))

    def _check(self, body: bytes, request: A_ASSOCIATE_RQ) -> None:
        if not request.protocol_version & 1:
            raise Rejected(Reason.NEGOTIATION, "another protocol version", rejection(_PERMANENT, _BY_ACSE, 2))
        if str(request.application_context_name) != _APPLICATION_CONTEXT:
            raise Rejected(Reason.NEGOTIATION, "another application context", rejection(_PERMANENT, _BY_USER, 2))
        called, calling = titles(body)
        if self._calling and calling not in self._calling:
            detail = "the calling AE title is not one we answer"
            raise Rejected(Reason.CALLING, detail, rejection(_PERMANENT, _BY_USER, 3))
        if self._called and called not in self._called:
            detail = "the called AE title is not one we answer to"
            raise Rejected(Reason.CALLED, detail, rejection(_PERMANENT, _BY_USER, 7))

    def _judge(self, context_id: int, abstract: str, proposed: Collection[str], asked: Roles) -> Judgment:
        if abstract == STORAGE_COMMITMENT or abstract in self._peer_is_scu:
            syntaxes: Collection[str] = _COMMAND_SYNTAXES
        elif _is_storage(abstract):
            syntaxes = _STORAGE_SYNTAXES
        else:
            return _NO_ABSTRACT_SYNTAX, None
        peer_is_scu, peer_is_scp = self._grant(abstract, asked)
        if not peer_is_scu and not peer_is_scp:
            return (_USER_REJECTION if abstract in asked else _NO_ABSTRACT_SYNTAX), None
        for syntax in proposed:
            if syntax in syntaxes:
                return _ACCEPTED, Context(context_id, abstract, syntax, peer_is_scu, peer_is_scp)
        return _NO_TRANSFER_SYNTAX, None

    def _grant(self, abstract: str, asked: Roles) -> tuple[bool, bool]:
        """Give whether the peer may be SCU, and whether it may be SCP (PS3.7 D.3.3.4)."""
        services = self._services
        may_be_scu, may_be_scp = True, False
        if abstract == STORAGE_COMMITMENT:
            may_be_scu, may_be_scp = services.commit is not None, services.report is not None
            if abstract not in asked:
                # Some PACS report without asking for the role of SCP.
                return may_be_scu or may_be_scp, False
        elif _is_storage(abstract):
            may_be_scu, may_be_scp = services.store is not None, bool(services.get)
        wants_scu, wants_scp = asked.get(abstract, (True, False))
        return wants_scu and may_be_scu, wants_scp and may_be_scp

    def _reply(
        self, body: bytes, results: list[PresentationContext], roles: list[SCP_SCU_RoleSelectionNegotiation]
    ) -> bytes:
        accepted = A_ASSOCIATE()
        accepted.application_context_name = _APPLICATION_CONTEXT
        accepted.calling_ae_title = accepted.called_ae_title = "ANY"
        accepted.presentation_context_definition_results_list = results
        length = MaximumLengthNotification()
        length.maximum_length_received = self._pdu_bytes
        implementation = ImplementationClassUIDNotification()
        implementation.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        version = ImplementationVersionNameNotification()
        version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        accepted.user_information = [length, implementation, version, *roles]
        pdu = A_ASSOCIATE_AC()
        pdu.from_primitive(accepted)
        encoded = bytearray(pdu.encode())
        start, stop = HEADER_BYTES + _REPEATED.start, HEADER_BYTES + _REPEATED.stop
        encoded[start:stop] = body[_REPEATED]
        return bytes(encoded)


def _decode(body: bytes) -> A_ASSOCIATE_RQ:
    if len(body) < _REPEATED.stop:
        raise Violation(Reason.PDU, "an A-ASSOCIATE-RQ PDU is too short", INVALID_PARAMETER)
    request = A_ASSOCIATE_RQ()
    # Titles are read by us: what stands in them must not decide whether the rest can be read.
    readable = body[: _TITLES.start] + _SOME_TITLES + body[_TITLES.stop :]
    try:
        request.decode(struct.pack(">BBI", PduType.ASSOCIATE_RQ, 0, len(readable)) + readable)
    except Exception as error:  # whatever pynetdicom's many parts raise for bytes that are no items
        raise Violation(Reason.PDU, "an A-ASSOCIATE-RQ PDU cannot be read", INVALID_PARAMETER) from error
    if request.user_information is None:
        raise Violation(Reason.PDU, "an A-ASSOCIATE-RQ PDU lacks its user information", INVALID_PARAMETER)
    return request


def _longest_pdu(request: A_ASSOCIATE_RQ) -> int:
    assert request.user_information is not None  # noqa: S101 - looked at when it was decoded
    length = int(request.user_information.maximum_length or 0)
    if 0 < length < _LEAST_PDU:
        raise Violation(Reason.NEGOTIATION, f"the peer takes no more than {length} bytes in a PDU", INVALID_PARAMETER)
    return length


def _roles_asked(request: A_ASSOCIATE_RQ) -> Roles:
    assert request.user_information is not None  # noqa: S101 - looked at when it was decoded
    items = request.user_information.role_selection
    return {str(uid): (bool(item.scu_role), bool(item.scp_role)) for uid, item in items.items()}


def _roles_granted(contexts: Mapping[int, Context], asked: Roles) -> list[SCP_SCU_RoleSelectionNegotiation]:
    granted = {context.abstract_syntax: context for context in contexts.values() if context.abstract_syntax in asked}
    roles = []
    for abstract, context in granted.items():
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid = abstract
        role.scu_role, role.scp_role = context.peer_is_scu, context.peer_is_scp
        roles.append(role)
    return roles


def _result(context_id: int, transfer_syntax: str, result: int) -> PresentationContext:
    context = PresentationContext()
    context.context_id = context_id
    context.transfer_syntax = [transfer_syntax]
    context.result = result
    return context


def _is_storage(abstract: str) -> bool:
    """Tell whether objects of a class can be stored: those of the standard, also newer ones, and private ones."""
    if abstract in _STORAGE or abstract.startswith(_STORAGE_ROOT):
        return True
    return is_valid_uid(abstract) and not abstract.startswith(_STANDARD_ROOT)


def _printable(title: bytes) -> str:
    text = title.decode("ascii", "replace").strip()
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
