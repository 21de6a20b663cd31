"""Messages: the list of all received, and one message with the explanation of its answer."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import MessageQuery
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.access.reading import note_read
from dicomfabd.web.api.filters import MessageList
from dicomfabd.web.api.message_routes import existing
from dicomfabd.web.api.messages import MOST_REPLAYS, detail, summary, text_of
from dicomfabd.web.api.order_door import is_json
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import with_cursor
from dicomfabd.web.pages.hl7 import Shown, shown
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import RowId


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/messages", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def messages(request: Request, wanted: Annotated[MessageList, Query()]) -> HTMLResponse:
        """Everything we were sent, newest first; the filters stand in the address."""
        found = desk.messages.find(wanted.asked)
        counts = desk.figures.counts()
        return pages.render(
            request,
            "messages.html",
            messages=[summary(message) for message in found],
            behind=found.behind,
            wanted=wanted,
            code=wanted.code[0] if len(wanted.code) == 1 else "",
            counts=counts,
            senders=[sender.application for sender in counts.senders],
            older=with_cursor(request, found.next) if found.next else "",
        )

    @routes.get("/messages/{message_id}", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def message(request: Request, message_id: RowId) -> HTMLResponse:
        """One message: as it came, how it was answered and why, what it did, and a copy to mend and send again."""
        stored = existing(desk, message_id)
        may_read = principal_of(request).sees_messages
        if may_read:
            note_read(request, message_id)
        return pages.render(
            request,
            "message.html",
            message=detail(stored, desk.messages.find(MessageQuery(replay_of=message_id, limit=MOST_REPLAYS))),
            shown=shown(desk, stored) if may_read and not is_json(stored) else Shown(),
            text=text_of(stored.raw).replace("\r\n", "\n").replace("\r", "\n") if may_read else "",
            answer=text_of(stored.answer).replace("\r", "\n") if may_read else "",
            may_read=may_read,
            is_json=is_json(stored),
        )

    return routes
