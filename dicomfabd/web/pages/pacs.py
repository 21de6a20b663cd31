"""PACS: the list with who is there, one with its form, and asking several at once."""

from typing import Annotated, Any

from fastapi import HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Environment, Reach, Role
from dicomfabd.domain.delivery import Destination
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of, require
from dicomfabd.web.access.targets import visible
from dicomfabd.web.api.destinations import summary
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.destination_form import groups
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import PacsName

_PRESETS = ((0, "today"), (1, "since yesterday"), (7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"))


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/pacs", response_class=HTMLResponse)
    @needs(Role.VIEWER, Reach.EITHER)
    def pacs(request: Request) -> HTMLResponse:
        """Every destination, with what waits for it."""
        registry = desk.destinations()
        jobs = desk.book.job_counts()
        away = desk.book.pauses()
        principal = principal_of(request)
        rows = [
            summary(destination, registry)
            | {
                "queued": jobs.get((destination.name, "queued"), 0),
                "failed": jobs.get((destination.name, "failed"), 0),
                "done": jobs.get((destination.name, "done"), 0) + jobs.get((destination.name, "committed"), 0),
                "is_away": destination.name in away,
                "may_echo": principal.may(Role.OPERATOR, Environment(destination.environment)),
            }
            for destination in visible(request, registry.all())
        ]
        return pages.render(
            request,
            "pacs.html",
            rows=rows,
            may_echo=any(row["may_echo"] for row in rows),
            may_add=principal.may(Role.ADMIN, Reach.EITHER),
        )

    @routes.get("/pacs/new", response_class=HTMLResponse)
    @needs(Role.ADMIN, Reach.EITHER)
    def new(request: Request) -> HTMLResponse:
        """The form for another destination."""
        names = [destination.name for destination in desk.destinations().all()]
        return pages.render(request, "pacs_one.html", pacs=None, groups=groups(None, names), may_edit=True)

    @routes.get("/pacs/{name}", response_class=HTMLResponse)
    @needs(Role.VIEWER, Reach.EITHER)
    def one(request: Request, name: PacsName) -> HTMLResponse:
        """One destination: its form, its AE titles for moves, whether it answers."""
        registry = desk.destinations()
        destination = registry.get(name)
        if destination is None:
            raise HTTPException(404, f"there is no destination named {name}")
        require(request, Role.VIEWER, destination.environment)
        others = [other.name for other in registry.all() if other.name != name]
        principal, environment = principal_of(request), Environment(destination.environment)
        return pages.render(
            request,
            "pacs_one.html",
            pacs=summary(destination, registry),
            groups=groups(destination, others),
            may_echo=principal.may(Role.OPERATOR, environment),
            may_edit=principal.may(Role.ADMIN, environment) and not registry.is_fixed(name),
            known_by=_known_by(registry.all(), name),
        )

    @routes.get("/query", response_class=HTMLResponse)
    @needs(Role.VIEWER, Reach.EITHER)
    def query(request: Request, pacs: Annotated[list[str] | None, Query(max_length=64)] = None) -> HTMLResponse:
        """Asking several PACS at once; the answers come from the API."""
        registry = desk.destinations()
        asked = [destination for destination in visible(request, registry.all()) if destination.active]
        return pages.render(
            request,
            "query.html",
            destinations=asked,
            chosen=frozenset(pacs or ()),
            presets=_PRESETS,
            routes={destination.name: dict(destination.move_ae_titles) for destination in registry.all()},
        )

    return routes


def _known_by(destinations: list[Destination], name: str) -> list[dict[str, Any]]:
    """Give who may move studies to a destination, and by which AE title they know it."""
    return [
        {"name": other.name, "ae_title": other.move_ae_titles[name]}
        for other in destinations
        if name in other.move_ae_titles
    ]
