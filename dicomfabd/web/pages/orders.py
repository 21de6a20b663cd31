"""Orders: the list, and one order's whole story."""

from typing import Annotated, Any

from fastapi import HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Environment, Role
from dicomfabd.store.interface import StoredMessage, StoredOrder
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.access.reading import note_read
from dicomfabd.web.api.filters import OrderList
from dicomfabd.web.api.messages import summary as message_summary
from dicomfabd.web.api.messages import text_of
from dicomfabd.web.api.order_door import is_json
from dicomfabd.web.api.orders import detail, existing, instances, summary
from dicomfabd.web.api.words import action_in_words
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import with_cursor
from dicomfabd.web.pages.hl7 import Shown, shown
from dicomfabd.web.pages.items import row
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import RowId

_MOST_STEPS = 50


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/orders", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def orders(request: Request, wanted: Annotated[OrderList, Query()]) -> HTMLResponse:
        """Orders, newest first; the filters stand in the address."""
        if "text/html" not in request.headers.get("accept", ""):
            # The tutorial kit posts orders here, and its demonstration looks for this answer.
            raise HTTPException(405, "GET lists orders at /api/v1/orders", {"Allow": "POST"})
        found = desk.book.find(wanted.asked)
        counts = desk.figures.counts()
        return pages.render(
            request,
            "orders.html",
            counts=counts.orders,
            senders=[sender.application for sender in counts.senders],
            orders=[summary(stored) for stored in found],
            behind=found.behind,
            wanted=wanted,
            state=next(iter(wanted.state), "") if len(wanted.state) == 1 else "",
            older=with_cursor(request, found.next) if found.next else "",
            destinations=_reachable(request, desk),
        )

    @routes.get("/orders/{order_id}", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def order(request: Request, order_id: RowId) -> HTMLResponse:
        """One order: what it says and where that stood, where it went, what happened when."""
        stored = existing(desk, order_id)
        told = detail(stored, desk.book.jobs(order_id), desk.book.timeline(order_id))
        messages = _messages(desk, told)
        return pages.render(
            request,
            "order.html",
            order=told,
            plan=desk.plan(stored.order),
            items=_items(desk, stored),
            messages=messages,
            raw=_shown(request, desk, messages),
            instances=instances(desk.book.instances(order_id)),
            destinations=_reachable(request, desk),
            in_words=action_in_words,
        )

    return routes


def _reachable(request: Request, desk: WebDesk) -> list[str]:
    """Give the destinations that whoever asks may send to."""
    principal = principal_of(request)
    return [
        destination.name
        for destination in desk.destinations().all()
        if destination.active and principal.may(Role.OPERATOR, Environment(destination.environment))
    ]


def _messages(desk: WebDesk, told: dict[str, Any]) -> list[StoredMessage]:
    found = (desk.messages.get(item["message_id"]) for item in told["messages"])
    return [message for message in found if message is not None]


def _shown(request: Request, desk: WebDesk, messages: list[StoredMessage]) -> list[dict[str, Any]]:
    """Give the order's messages, each with its text and its answer for those who may read them."""
    may_read = principal_of(request).sees_messages
    if may_read:
        note_read(request, *(message.message_id for message in messages))
    return [
        message_summary(message)
        | {
            "shown": shown(desk, message) if may_read and not is_json(message) else Shown(),
            "text": text_of(message.raw) if may_read and is_json(message) else "",
            "answer": text_of(message.answer).replace("\r", "\n") if may_read else "",
        }
        for message in messages
    ]


def _items(desk: WebDesk, stored: StoredOrder) -> list[dict[str, str]]:
    found = desk.worklist.find({"StudyInstanceUID": stored.order.study_instance_uid}, _MOST_STEPS, 0)
    return [row(item) for item in found]
