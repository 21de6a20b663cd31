"""The application: the routes of every room put together."""

from importlib.resources import files
from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from dicomfabd import __version__
from dicomfabd.web import probes, problems
from dicomfabd.web.access.doorman import AccountDoor
from dicomfabd.web.access.reading import MessageReads
from dicomfabd.web.access.signing_in import SignIn
from dicomfabd.web.api import (
    archive_images,
    archive_routes,
    audit_routes,
    bulk_routes,
    event_routes,
    explaining_routes,
    figure_routes,
    message_acts,
    message_routes,
    openapi,
    order_acts,
    order_routes,
    pacs_routes,
    patient_routes,
    performed_routes,
    query_routes,
    session_routes,
    template_routes,
    token_routes,
    user_routes,
    worklist_routes,
)
from dicomfabd.web.api.archived import order_finder
from dicomfabd.web.api.asking import Turnstile
from dicomfabd.web.api.order_door import OrderDoor
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.dicomweb import pictures, routes, search
from dicomfabd.web.dicomweb.origins import DicomwebOrigins
from dicomfabd.web.event_stream import EventHub
from dicomfabd.web.pages import (
    accounts,
    api,
    messages,
    new_order,
    orders,
    overview,
    pacs,
    patients,
    provider,
    sign_in,
    studies,
    worklist,
)
from dicomfabd.web.pages.rendering import Pages

_MOST_ASKING: Final = 16  # of the 40 threads that serve requests


def build(desk: WebDesk) -> FastAPI:
    """Put the rooms' routes together."""
    app = FastAPI(title="dicomfabd", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.doorman = AccountDoor(desk.access)
    app.state.reads = MessageReads(desk.messages, desk.access.ticks)
    app.state.events = EventHub(desk.feed, lambda: _revisions(desk))
    if desk.archive.origins:
        app.add_middleware(DicomwebOrigins, origins=desk.archive.origins)
    pages = Pages()
    problems.install(app, pages.render_trouble)
    for rules in (pacs_routes, query_routes, user_routes, sign_in, openapi):
        rules.install(app)
    signing_in = SignIn(desk.access, desk.messages, desk.journal)
    app.include_router(probes.router(desk))
    _add_api(app, desk, signing_in)
    for service in (search, pictures, routes):
        app.include_router(service.router(desk.archive))
    _add_pages(app, desk, signing_in, pages)
    app.mount("/static", StaticFiles(directory=str(files("dicomfabd.web") / "static")), "static")
    return app


def _add_api(app: FastAPI, desk: WebDesk, signing_in: SignIn) -> None:
    door = OrderDoor(desk.inbox, desk.book, desk.messages, desk.choices, desk.route)
    # Their fixed words would be numbers of orders, and names of destinations, to the ones after them.
    for taking in (bulk_routes, order_routes, message_acts, worklist_routes):
        app.include_router(taking.router(desk, door))
    turnstile = Turnstile(_MOST_ASKING)
    for asking in (query_routes, pacs_routes):
        app.include_router(asking.router(desk, turnstile))
    for plain in (
        order_acts,
        message_routes,
        explaining_routes,
        template_routes,
        patient_routes,
        performed_routes,
        figure_routes,
        user_routes,
        token_routes,
        audit_routes,
    ):
        app.include_router(plain.router(desk))
    app.include_router(session_routes.router(desk, signing_in))
    app.include_router(event_routes.router(app.state.events))
    app.include_router(archive_routes.router(desk.archive, desk.messages.audit, order_finder(desk.book)))
    app.include_router(archive_images.router(desk.archive))
    app.include_router(openapi.router())


def _add_pages(app: FastAPI, desk: WebDesk, signing_in: SignIn, pages: Pages) -> None:
    for page in (overview, orders, messages, new_order, worklist, pacs, studies, patients, accounts, sign_in):
        app.include_router(page.router(desk, pages))
    app.include_router(provider.router(desk, pages, signing_in))
    app.include_router(api.router(pages))


def _revisions(desk: WebDesk) -> dict[str, int]:
    """Give what changes with every change of what pages show."""
    return {**desk.feed.revisions(), "studies": desk.archive.index.highest_id()}
