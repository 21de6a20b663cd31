"""Every message we were sent: how it was answered, what it did, its bytes; and taking it once more."""

from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException, Query, Request, Response

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import MessageQuery, Replayed, StoredMessage
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.filters import MessageList
from dicomfabd.web.api.messages import MOST_REPLAYS, audited, detail, in_its_charset, media_type, replayed, summary
from dicomfabd.web.api.order_door import OrderDoor, answer_to, is_json
from dicomfabd.web.api.orders import tell
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import Before, Limit, RowId, actor_of, body_of, charset_in, is_json_type, refuse_type
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

    @routes.get("/api/v1/messages")
    @needs(Role.VIEWER)
    def list_messages(
        wanted: Annotated[MessageList, Query()],
    ) -> dict[str, Any]:
        """List messages, newest first.

        `next` is the `before` of the following page. A page may be short, or empty, and have one: a search for what is
        rare takes a break after a while. `behind` is how many messages the search did not know of yet.
        """
        found = desk.messages.find(wanted.asked)
        return {"messages": [summary(message) for message in found], "next": found.next, "behind": found.behind}

    @routes.get("/api/v1/messages/{message_id}")
    @needs(Role.VIEWER)
    def show_message(message_id: RowId) -> dict[str, Any]:
        """Give one message: its faults in plain words, what it did, its replays."""
        message = existing(desk, message_id)
        return detail(message, desk.messages.find(MessageQuery(replay_of=message_id, limit=MOST_REPLAYS)))

    @routes.get("/api/v1/messages/{message_id}/raw")
    @needs(Role.VIEWER, messages=True)
    def raw_message(message_id: RowId) -> Response:
        """Give a message's bytes as they came."""
        message = existing(desk, message_id)
        return _download(message, message.raw, f"message-{message_id}")

    @routes.get("/api/v1/messages/{message_id}/answer")
    @needs(Role.VIEWER)
    def answer_to_message(message_id: RowId) -> Response:
        """Give the bytes a message was answered with."""
        message = existing(desk, message_id)
        answer = answer_to(message, desk.book) if is_json(message) else message.answer
        if not answer:
            raise HTTPException(404, f"message {message_id} got no answer")
        return _download(message, answer, f"message-{message_id}-answer")

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

    @routes.get("/api/v1/audit")
    @needs(Role.VIEWER)
    def audit_trail(limit: Limit = 100, before: Before = None) -> dict[str, Any]:
        """List what people did, newest first; `next` is the `before` of the following page."""
        found = desk.messages.audit_trail(before, limit)
        return {
            "entries": [audited(entry) for entry in found],
            "next": found[-1].entry_id if len(found) == limit else None,
        }

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
    for done in outcome.applied:
        tell(desk, done, "person")
    if outcome.applied:
        desk.on_work()
    return outcome


def _download(message: StoredMessage, content: bytes, name: str) -> Response:
    ending = "json" if is_json(message) else "hl7"
    # As a download and never sniffed (`guards`): what a sender wrote is not shown as a page of ours.
    headers = {
        "Content-Type": media_type(message, content),
        "Content-Disposition": f'attachment; filename="{name}.{ending}"',
    }
    return Response(content, 200, headers)


def existing(desk: WebDesk, message_id: int) -> StoredMessage:
    """Give one message; raises the 404 for one that is not there."""
    message = desk.messages.get(message_id)
    if message is None:
        raise HTTPException(404, f"there is no message {message_id}")
    return message
