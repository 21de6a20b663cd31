"""/api/v1: everything about orders that a script may want."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response

from dicomfabd.domain.order import Action, OrderState
from dicomfabd.store.interface import OrderQuery, StoredOrder
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.orders import OrderIn, accept, cancel, detail, retry, summary


def router(desk: WebDesk) -> APIRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = APIRouter()

    @routes.get("/api/v1/orders")
    def list_orders(
        accession: Annotated[str, Query(max_length=64)] = "",
        state: OrderState | None = None,
        patient_id: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: Annotated[int | None, Query(ge=1)] = None,
    ) -> dict[str, Any]:
        """List orders, newest first; `next` is the `before` of the following page."""
        query = OrderQuery(
            accession_number=accession,
            patient_id=patient_id,
            states=frozenset({state} if state else ()),
            before_id=before,
            limit=limit,
        )
        found = desk.book.find(query)
        return {
            "orders": [summary(stored) for stored in found],
            "next": found[-1].order_id if len(found) == limit else None,
        }

    @routes.post("/api/v1/orders", status_code=201)
    def create_order(order: OrderIn, request: Request, response: Response) -> dict[str, Any]:
        """Take an order; it is safe on disk when this returns."""
        done = accept(order, desk, _peer(request))
        if done.action is not Action.CREATED:
            response.status_code = 200
        stored = _existing(desk, done.order_id or 0)
        return summary(stored) | {"action": done.action.value}

    @routes.post("/orders", include_in_schema=True)
    def create_order_as_the_kit_does(order: OrderIn, request: Request) -> dict[str, Any]:
        """Take an order in the form of the tutorial kit."""
        done = accept(order, desk, _peer(request))
        return {
            "status": "ok",
            "accession": done.accession_number,
            "order_id": done.order_id,
            "action": done.action.value,
        }

    @routes.get("/api/v1/orders/{order_id}")
    def show_order(order_id: int) -> dict[str, Any]:
        """Give one order with its deliveries and its timeline."""
        stored = _existing(desk, order_id)
        return detail(stored, desk.book.jobs(order_id), desk.book.timeline(order_id))

    @routes.post("/api/v1/orders/{order_id}/retry")
    def retry_order(order_id: int) -> dict[str, Any]:
        """Queue failed and waiting deliveries at once."""
        _existing(desk, order_id)
        if not retry(order_id, desk):
            raise HTTPException(409, "nothing to retry: no delivery of this order failed or waits")
        return summary(_existing(desk, order_id))

    @routes.post("/api/v1/orders/{order_id}/cancel")
    def cancel_order(order_id: int) -> dict[str, Any]:
        """Cancel as a CA message would; `action` says what became of it."""
        done = cancel(order_id, desk)
        if done.action is Action.UNKNOWN:
            raise HTTPException(404, f"there is no order {order_id}")
        return summary(_existing(desk, order_id)) | {"action": done.action.value}

    return routes


def _existing(desk: WebDesk, order_id: int) -> StoredOrder:
    stored = desk.book.get(order_id)
    if stored is None:
        raise HTTPException(404, f"there is no order {order_id}")
    return stored


def _peer(request: Request) -> str:
    return f"{request.client.host}:{request.client.port}" if request.client else "?"
