"""The first page: orders by state, and one order's story."""

from importlib.resources import files
from typing import Annotated

from fastapi import HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from dicomfabd import __version__
from dicomfabd.domain.access import Role
from dicomfabd.domain.order import OrderState
from dicomfabd.store.interface import OrderQuery
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.orders import cancel, detail, retry, summary
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import Before, RowId, actor_of

_PAGE = 100


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)
    templates = Jinja2Templates(directory=str(files("dicomfabd.web") / "templates"))
    templates.env.globals["version"] = __version__

    @routes.get("/", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def orders(
        request: Request,
        state: OrderState | None = None,
        accession: Annotated[str, Query(max_length=64)] = "",
        before: Before = None,
    ) -> HTMLResponse:
        """Orders, newest first; the filters stand in the address."""
        query = OrderQuery(
            accession_number=accession.strip(),
            states=frozenset({state} if state else ()),
            before_id=before,
            limit=_PAGE,
        )
        found = desk.book.find(query)
        context = {
            "counts": desk.book.counts(),
            "orders": [summary(stored) for stored in found],
            "state": state,
            "accession": accession,
            "older": found[-1].order_id if len(found) == _PAGE else None,
            "addresses": desk.addresses(),
        }
        return templates.TemplateResponse(request, "orders.html", context)

    @routes.get("/orders/{order_id}", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def order(request: Request, order_id: RowId) -> HTMLResponse:
        """One order: what it says, where it went, what happened when."""
        stored = desk.book.get(order_id)
        if stored is None:
            raise HTTPException(404, f"there is no order {order_id}")
        context = {"order": detail(stored, desk.book.jobs(order_id), desk.book.timeline(order_id))}
        return templates.TemplateResponse(request, "order.html", context)

    @routes.post("/orders/{order_id}/retry")
    @needs(Role.OPERATOR)
    def retry_order(order_id: RowId, request: Request) -> RedirectResponse:
        """Try again, then show the order."""
        retry(order_id, desk, actor_of(request))
        return RedirectResponse(f"/orders/{order_id}", 303)

    @routes.post("/orders/{order_id}/cancel")
    @needs(Role.OPERATOR)
    def cancel_order(order_id: RowId, request: Request) -> RedirectResponse:
        """Cancel, then show the order."""
        cancel(order_id, desk, actor_of(request))
        return RedirectResponse(f"/orders/{order_id}", 303)

    return routes
