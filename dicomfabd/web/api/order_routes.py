"""Everything about orders that a script may want: /api/v1/orders, and the tutorial kit's POST /orders."""

import json
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response

from dicomfabd.domain.access import Role
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.order import Action
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.api.filters import OrderList
from dicomfabd.web.api.order_door import Incoming, KeyReused, OrderDoor, Outcome
from dicomfabd.web.api.order_in import OrderIn
from dicomfabd.web.api.orders import detail, existing, instances, summary, tell
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.problems import problem, refused
from dicomfabd.web.request_parts import (
    KEY_HEADER,
    Limit,
    RowId,
    actor_of,
    body_of,
    idempotency_key,
    is_json_type,
    media_type,
    peer_of,
    refuse_type,
)

API_DOOR: Final = "/api/v1/orders"
KIT_DOOR: Final = "/orders"
# The kit reads JSON whatever the client calls it; these are what curl and small scripts say.
_ALSO_JSON_FOR_THE_KIT: Final = frozenset({"", "application/x-www-form-urlencoded"})
_TAKES_AN_ORDER: Final = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": OrderIn.model_json_schema()}}},
    "parameters": [
        {
            "name": KEY_HEADER,
            "in": "header",
            "schema": {"type": "string", "maxLength": 202},
            "description": "The same key with the same body gives the first answer again and does nothing.",
        }
    ],
}


def router(desk: WebDesk, door: OrderDoor) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.get("/api/v1/orders")
    @needs(Role.VIEWER)
    def list_orders(
        wanted: Annotated[OrderList, Query()],
    ) -> dict[str, Any]:
        """List orders, newest first.

        `next` is the `before` of the following page. A page may be short, or empty, and have one: a search for what is
        rare takes a break after a while. `behind` is how many changes of orders the search did not know of yet; those
        are missing where something else than state, accession number or study UID is asked for.
        """
        found = desk.book.find(wanted.asked)
        return {"orders": [summary(stored) for stored in found], "next": found.next, "behind": found.behind}

    @routes.post(API_DOOR, status_code=201, openapi_extra=_TAKES_AN_ORDER)
    @needs(Role.OPERATOR)
    def create_order(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
        """Take an order; it is safe on disk when this returns. 200 for one that was there before."""
        given = media_type(request)
        if given and not is_json_type(given):
            raise refuse_type(given, "application/json")
        return take_order(request, body, API_DOOR, desk, door)

    @routes.post(KIT_DOOR, openapi_extra=_TAKES_AN_ORDER)
    @needs(Role.OPERATOR)
    def create_order_as_the_kit_does(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
        """Take an order in the form of the tutorial kit."""
        given = media_type(request)
        if given not in _ALSO_JSON_FOR_THE_KIT and not is_json_type(given):
            raise refuse_type(given, "application/json")
        return take_order(request, body, KIT_DOOR, desk, door)

    @routes.get("/api/v1/orders/{order_id}")
    @needs(Role.VIEWER)
    def show_order(order_id: RowId) -> dict[str, Any]:
        """Give one order with its messages, its deliveries and its timeline."""
        stored = existing(desk, order_id)
        return detail(stored, desk.book.jobs(order_id), desk.book.timeline(order_id))

    @routes.get("/api/v1/orders/{order_id}/instances")
    @needs(Role.VIEWER)
    def list_instances(order_id: RowId, limit: Limit = 1000) -> dict[str, Any]:
        """List what destinations answered to the order's instances, newest first."""
        existing(desk, order_id)
        return {"instances": instances(desk.book.instances(order_id, limit))}

    @routes.get("/api/v1/orders/{order_id}/plan")
    @needs(Role.VIEWER)
    def show_plan(order_id: RowId) -> dict[str, Any]:
        """Give what is made of the order, series by series, and the evidence for its protocol."""
        return desk.plan(existing(desk, order_id).order)

    return routes


def take_order(request: Request, body: bytes, path: str, desk: WebDesk, door: OrderDoor) -> Response:
    """Take an order in the form of its door, and answer; raises StoreUnavailable."""
    key = idempotency_key(request)
    try:
        outcome = door.take(Incoming(body, path, peer_of(request), key))
    except KeyReused:
        hint = "Send a new key with a new order, and the same body with the same key."
        return problem(
            422,
            "the idempotency key belongs to another order",
            [{"field": KEY_HEADER, "text": "was used", "hint": hint}],
        )
    if outcome.code != "AA":
        return refused(outcome.faults)
    for done in outcome.applied:
        tell(desk, done, key or "person")
    if outcome.applied:
        desk.on_work()
        _note_who(request, desk, outcome)
    return _answer(path, outcome)


def _note_who(request: Request, desk: WebDesk, outcome: Outcome) -> None:
    """Note which user it was; of whoever sits at this machine the message says as much, and a commit is saved."""
    if principal_of(request).is_local:
        return
    # The order is kept, so that the answer must say so whatever becomes of this.
    with suppress(StoreUnavailable):
        for done in outcome.applied:
            detail = {"action": done.action.value, "message": outcome.message_id}
            desk.messages.audit(actor_of(request), "order.place", f"order {done.order_id}", detail)


def _answer(path: str, outcome: Outcome) -> Response:
    said = json.loads(outcome.answer)
    headers = {"Location": said["order"]} | ({"Idempotent-Replayed": "true"} if outcome.is_repeated else {})
    if path != KIT_DOOR:
        is_new = said["action"] == Action.CREATED
        return Response(outcome.answer, 201 if is_new else 200, headers, "application/json")
    body = {
        "status": "ok",
        "accession": said["accession_number"],
        "order_id": said["order_id"],
        "action": said["action"],
    }
    return Response(json.dumps(body), 200, headers, "application/json")
