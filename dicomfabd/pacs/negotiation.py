"""What two applications agree on before they talk: A-ASSOCIATE by pynetdicom's PDU classes (PS3.8 §9.3, PS3.7 D.3)."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
)
from pynetdicom.presentation import build_context

from dicomfabd.dimse.pdu import PduType
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway
from dicomfabd.domain.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
_CONTEXT_IDS: Final = range(1, 256, 2)  # PS3.8 §9.3.2.2

Contexts = Mapping[str, Sequence[str]]
"""Abstract syntax → transfer syntaxes, best first."""

Role = Literal["scu", "scp"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the peer agreed to.

    Attributes:
        contexts: Abstract syntax → presentation context ID and transfer syntax.
        max_length: Longest PDU it takes, in bytes; 0 is any.
    """

    contexts: Mapping[str, tuple[int, str]]
    max_length: int


def offer(
    destination: Destination, purpose: Literal["find", "store", "echo"], contexts: Contexts, roles: Mapping[str, Role]
) -> bytes:
    """Give the A-ASSOCIATE-RQ PDU."""
    return _offer(
        destination.calling(purpose),
        destination.ae_title,
        destination.max_pdu,
        tuple(_pairs(contexts)),
        tuple(roles.items()),
    )


def read_answer(kind: int, body: bytes, contexts: Contexts, name: str) -> Accepted:
    """Read what came for an answer to `offer`; raises DestinationAway unless it accepts."""
    encoded = struct.pack(">BBI", kind, 0, len(body)) + body
    if kind == PduType.ASSOCIATE_RJ:
        raise DestinationAway(f"{name} rejected the association: {_rejection(encoded)}")
    if kind != PduType.ASSOCIATE_AC:
        raise DestinationAway(f"{name} answered the association request with PDU type {kind:02X}")
    try:
        reply = A_ASSOCIATE_AC()
        reply.decode(encoded)
        limit = (reply.user_information and reply.user_information.maximum_length) or 0
        taken = {context.context_id for context in reply.presentation_context if context.result == 0}
    except Exception as error:  # pynetdicom raises many types for bytes that are no PDU
        raise DestinationAway(f"{name} accepted the association in a form nobody can read") from error
    accepted: dict[str, tuple[int, str]] = {}
    for context_id, (abstract, transfer) in zip(_CONTEXT_IDS, _pairs(contexts), strict=False):
        if context_id in taken:
            accepted.setdefault(abstract, (context_id, transfer))
    return Accepted(accepted, limit)


# A busy destination is offered the same again and again, and encoding it costs milliseconds.
@lru_cache(maxsize=64)
def _offer(
    calling: str, called: str, max_pdu: int, pairs: tuple[tuple[str, str], ...], roles: tuple[tuple[str, Role], ...]
) -> bytes:
    request = A_ASSOCIATE()
    request.application_context_name = _APPLICATION_CONTEXT
    request.calling_ae_title = calling
    request.called_ae_title = called
    proposed = []
    for context_id, (abstract, transfer) in zip(_CONTEXT_IDS, pairs, strict=False):
        context = build_context(abstract, transfer)
        context.context_id = context_id
        proposed.append(context)
    request.presentation_context_definition_list = proposed
    length = MaximumLengthNotification()
    length.maximum_length_received = max_pdu
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    request.user_information = [length, implementation, version, *(_role(*role) for role in roles)]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(request)
    return pdu.encode()


def _role(abstract_syntax: str, role: Role) -> SCP_SCU_RoleSelectionNegotiation:
    item = SCP_SCU_RoleSelectionNegotiation()
    item.sop_class_uid = abstract_syntax
    item.scu_role, item.scp_role = role == "scu", role == "scp"
    return item


def _pairs(contexts: Contexts) -> list[tuple[str, str]]:
    """Give abstract and transfer syntaxes in pairs, one context each: so it is we who choose among what is accepted."""
    return [(abstract, transfer) for abstract, transfers in contexts.items() for transfer in transfers]


def _rejection(encoded: bytes) -> str:
    try:
        rejection = A_ASSOCIATE_RJ()
        rejection.decode(encoded)
        return str(rejection.reason_str)
    except Exception:  # as above; a source or reason no table has
        return "for no reason the standard knows"
