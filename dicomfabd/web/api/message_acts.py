"""Taking HL7 by hand: new messages, and kept ones once more."""

from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException, Request

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import Replayed, StoredMessage
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.explaining_routes import TAKES_HL7
from dicomfabd.web.api.message_routes import existing
from dicomfabd.web.api.messages import in_its_charset, replayed
from dicomfabd.web.api.order_door import OrderDoor, is_json
from dicomfabd.web.api.orders import tell
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import RowId, actor_of, body_of, charset_in, is_json_type, peer_of, refuse_type
from dicomfabd.web.request_parts import media_type as type_of

_HL7: Final = frozenset({"text/plain", "application/hl7-v2", "application/hl7-v2+er7", "x-application/hl7-v2+er7"})
_TAKES_A_COPY: Final = {
    "requestBody": {
        "required": False,
        "description": "Nothing: the message as it is. A message: an edited copy, its bytes taken as they are;"
        " sent with `charset=utf-8` it is put into the character set that its MSH-18 declares.",
        "content": {name: {"schema": {"type": "string"}} for name in sorted(_HL7)},
    }
}


def router(desk: WebDesk, door: OrderDoor) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.post("/api/v1/messages", openapi_extra=TAKES_HL7)
    @needs(Role.OPERATOR)
    def take_messages(request: Request, body: Annotated[bytes, Depends(body_of)]) -> dict[str, Any]:
        """Take HL7 as if it had come over MLLP; `code` says how each message would have been answered."""
        given = type_of(request)
        if given and given not in _HL7:
            raise refuse_type(given, "text/plain or application/hl7-v2")
        if charset_in(request) == "utf-8":
            body = in_its_charset(body)
        outcomes = desk.receive(body, peer_of(request), actor_of(request))
        for outcome in outcomes:
            _tell_of(desk, outcome)
        return {"messages": [replayed(None, outcome) for outcome in outcomes]}

    @routes.post("/api/v1/messages/{message_id}/replay", openapi_extra=_TAKES_A_COPY)
    @needs(Role.OPERATOR)
    def replay_message(message_id: RowId, request: Request, body: Annotated[bytes, Depends(body_of)]) -> dict[str, Any]:
        """Take a message, or the edited copy of it in the body, once more; `code` says how it was answered."""
        message = existing(desk, message_id)
        given = type_of(request)
        if body and given not in _HL7 and not (is_json(message) and is_json_type(given)):
            raise refuse_type(given, "text/plain or application/hl7-v2")
        if body and not is_json(message) and charset_in(request) == "utf-8":
            body = in_its_charset(body)
        outcome = take_again(desk, door, message, body or None, actor_of(request))
        return replayed(message_id, outcome)

    return routes


def take_again(desk: WebDesk, door: OrderDoor, message: StoredMessage, edited: bytes | None, actor: str) -> Replayed:
    """Take a kept message, or an edited copy of it, once more; raises HTTPException for one that cannot be."""
    if is_json(message):
        outcome = door.replay(message, edited, actor)
    else:
        try:
            outcome = desk.replay(message.message_id, edited, actor)
        except LookupError as error:
            raise HTTPException(404, f"there is no message {message.message_id}") from error
        except ValueError as error:
            raise HTTPException(409, str(error)) from error
    _tell_of(desk, outcome)
    return outcome


def _tell_of(desk: WebDesk, outcome: Replayed) -> None:
    for done in outcome.applied:
        tell(desk, done, "person")
    if outcome.applied:
        desk.on_work()
