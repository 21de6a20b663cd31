"""New orders: HL7 pasted, a form filled in, or a template; each looked at before it is sent."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.rendering import Pages


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the route."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/new", response_class=HTMLResponse)
    @needs(Role.OPERATOR)
    def new_order(request: Request, patient_id: Annotated[str, Query(max_length=64)] = "") -> HTMLResponse:
        """The page; what it shows while one types comes from the API."""
        procedures = desk.procedures()
        modalities = sorted({modality for procedure in procedures for modality in procedure["modalities"]})
        return pages.render(
            request,
            "new.html",
            procedures=procedures,
            modalities=modalities,
            samples=desk.samples(),
            templates=desk.templates.list(),
            patient_id=patient_id,
        )

    return routes
