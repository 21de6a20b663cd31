"""What a person or a script does to an order: retry, send, cancel."""

from typing import Annotated, Any

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from dicomfabd.domain.access import Environment, Reach, Role
from dicomfabd.web.access.needs import GuardedRouter, needs, require
from dicomfabd.web.access.targets import require_at
from dicomfabd.web.api.orders import become, cancel, existing, is_known, retry, send, summary
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import RowId, actor_of


class SendIn(BaseModel):
    """Where an order's study is to be sent; nowhere is to all that wait for a person."""

    model_config = ConfigDict(extra="forbid")

    destinations: list[Annotated[str, Field(max_length=32)]] = Field([], max_length=100)


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.post("/api/v1/orders/{order_id}/retry")
    @needs(Role.OPERATOR, Reach.EITHER)
    def retry_order(order_id: RowId, request: Request) -> dict[str, Any]:
        """Queue failed and waiting deliveries at once; needs the role wherever these go."""
        require(request, Role.VIEWER, Environment.TEST)
        existing(desk, order_id)
        require_at(request, Role.OPERATOR, desk.destinations(), _going(desk, order_id, "failed", "queued"))
        if not retry(order_id, desk, actor_of(request)):
            raise HTTPException(409, "nothing to retry: no delivery of this order failed or waits")
        return summary(existing(desk, order_id)) | {"text": "queued once more, to be sent at once"}

    @routes.post("/api/v1/orders/{order_id}/send")
    @needs(Role.OPERATOR, Reach.EITHER)
    def send_order(order_id: RowId, wanted: SendIn, request: Request) -> dict[str, Any]:
        """Send the study at once: to where it waits for a person, or to these destinations, also once more.

        Needs the role in the environment of each destination, and viewer in test to see the order.
        """
        require(request, Role.VIEWER, Environment.TEST)
        existing(desk, order_id)
        known = desk.destinations()
        for name in wanted.destinations:
            if known.get(name) is None:
                raise HTTPException(404, f"there is no destination named {name}")
        # By name also where none was named: what begins to wait meanwhile was not looked at.
        names = wanted.destinations or _going(desk, order_id, "by_hand")
        require_at(request, Role.OPERATOR, known, names)
        queued = send(order_id, names, desk, actor_of(request)) if names else []
        if not queued:
            raise HTTPException(
                409, "nothing to send: no delivery waits for a person, or the order is cancelled or held"
            )
        return summary(existing(desk, order_id)) | {"queued": queued, "text": f"queued for {', '.join(queued)}"}

    @routes.delete("/api/v1/orders/{order_id}", operation_id="delete_order")
    @routes.post("/api/v1/orders/{order_id}/cancel")
    @needs(Role.OPERATOR)
    def cancel_order(order_id: RowId, request: Request) -> dict[str, Any]:
        """Cancel as a CA message would; `action` and `text` say what became of it. The order stays in the list."""
        done = cancel(order_id, desk, actor_of(request))
        if not is_known(done):
            raise HTTPException(404, f"there is no order {order_id}")
        return summary(existing(desk, order_id)) | become(done)

    return routes


def _going(desk: WebDesk, order_id: int, *states: str) -> list[str]:
    """Give the destinations an order's deliveries in some states go to."""
    return [job.destination for job in desk.book.jobs(order_id) if job.state in states]
