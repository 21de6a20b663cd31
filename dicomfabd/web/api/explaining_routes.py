"""What would be read from a message or an order, answered to it and made of it; nothing is kept."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.order_in import OrderIn
from dicomfabd.web.api.orders import content
from dicomfabd.web.api.words import fault_in_words
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import body_of

MOST_MESSAGES: Final = 50
_EXAMPLE: Final = "\r".join(
    (
        r"MSH|^~\&|RIS|HOSP|||20261126||ORM^O01|1|T|2.5.1",
        "PID|||P1||DOE^JANE",
        "ORC|NW|PL1",
        "OBR|1|PL1||CTCH^CT CHEST",
    )
)
TAKES_HL7: Final = {
    "requestBody": {
        "required": True,
        "description": "HL7 v2, one message or several; lines may end in CR, LF or both.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


def router(desk: WebDesk) -> GuardedRouter:
    """Give the route; it runs on a thread, because it reads a message many times over."""
    routes = GuardedRouter()

    @routes.post("/api/v1/explain", openapi_extra=TAKES_HL7)
    @needs(Role.VIEWER)
    def explain_messages(
        _request: Request,
        body: Annotated[bytes, Depends(body_of)],
        host: Annotated[str, Query(max_length=64, description="Address it would come from.")] = "",
    ) -> dict[str, Any]:
        """Say what is read from HL7 and from where, how it would be answered, and what would be made of its orders."""
        raw = body.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        return {"messages": desk.explain(raw, host, None)[:MOST_MESSAGES]}

    @routes.get("/api/v1/procedures")
    @needs(Role.VIEWER)
    def list_procedures() -> dict[str, Any]:
        """List what can be ordered by its title; any other words are taken too, and read."""
        return {"procedures": desk.procedures()}

    @routes.post("/api/v1/orders/preview")
    @needs(Role.VIEWER)
    def preview_order(wanted: OrderIn) -> dict[str, Any]:
        """Say what an order would be and what would be made of it; keeps nothing."""
        order, warnings = wanted.order(desk.choices, datetime.now().astimezone())
        return content(order) | {
            "plan": desk.plan(order),
            "destinations": [leg.destination for leg in desk.route(order).legs],
            "warnings": [fault_in_words(warning) for warning in warnings],
        }

    return routes
