"""What happens, as it happens: /api/v1/events."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import Header, Query, Request, Response

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, is_still_admitted, needs
from dicomfabd.web.event_stream import EventHub, EventStream
from dicomfabd.web.request_parts import LARGEST_ID

_EXAMPLE: Final = (
    'retry: 2000\n\nid: 4711\nevent: study.delivered\ndata: {"order_id": 17, "at": "2026-03-02T12:00:00.000Z",'
    ' "event": "study.delivered", "detail": {"destination": "main", "instances": 40}}\n\n'
    'event: changed\ndata: {"topics": ["orders"]}\n\n'
)
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Server-sent events. It ends after ten minutes; come back with the last `id`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    503: {"description": "Too many listen; `Retry-After` says when to try again."},
}
_After = Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="As `Last-Event-ID`, which counts more.")]


def router(hub: EventHub) -> GuardedRouter:
    """Give the route."""
    routes = GuardedRouter()

    @routes.get("/api/v1/events", response_class=Response, responses=_ANSWERS)
    @needs(Role.VIEWER, background=True)
    async def listen_to_events(
        request: Request,
        order_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Of one order only.")] = None,
        after: _After = None,
        last_event_id: Annotated[str, Header(max_length=40, description="The last `id` that was heard.")] = "",
    ) -> Response:
        """Tell what happens to orders, numbered as it is kept, and as `changed` what pages should fetch again.

        Each numbered event has the order, the time, a dotted name and details as JSON. With the number of the last
        one that was heard it goes on after it, and nothing is left out or told twice. `changed` events have no number
        and name topics: `orders`, `messages`, `worklist`, `studies`, `pacs`.
        """
        return EventStream(hub, order_id, _number(last_event_id, after), partial(is_still_admitted, request))

    return routes


def _number(text: str, otherwise: int | None) -> int | None:
    """Give the number of a header that a browser sends by itself; one that is none says nothing."""
    is_number = text.isascii() and text.isdigit() and int(text) <= LARGEST_ID
    return int(text) if is_number else otherwise
