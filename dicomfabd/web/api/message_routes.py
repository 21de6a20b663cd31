"""Every message we were sent: how it was answered, what it did, its bytes; and what people did."""

from typing import Annotated, Any

from fastapi import HTTPException, Query, Request, Response

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import MessageQuery, StoredMessage
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.access.reading import MESSAGE_READ
from dicomfabd.web.api.filters import MessageList
from dicomfabd.web.api.messages import MOST_REPLAYS, detail, media_type, summary
from dicomfabd.web.api.order_door import answer_to, is_json
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import (
    RowId,
    actor_of,
)


def router(desk: WebDesk) -> GuardedRouter:
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
    def show_raw_message(message_id: RowId, request: Request) -> Response:
        """Give a message's bytes as they came; the audit trail says who read them."""
        message = existing(desk, message_id)
        desk.messages.audit(actor_of(request), MESSAGE_READ, f"message {message_id}", {})
        return _download(message, message.raw, f"message-{message_id}")

    @routes.get("/api/v1/messages/{message_id}/answer")
    @needs(Role.VIEWER, messages=True)
    def show_answer_to_message(message_id: RowId) -> Response:
        """Give the bytes a message was answered with."""
        message = existing(desk, message_id)
        answer = answer_to(message, desk.book) if is_json(message) else message.answer
        if not answer:
            raise HTTPException(404, f"message {message_id} got no answer")
        return _download(message, answer, f"message-{message_id}-answer")

    return routes


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
