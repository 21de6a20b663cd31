"""Studies of the archive: the list, one study with its contact sheet, the viewer, one instance."""

from typing import Annotated, Any, Final

from fastapi import HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import OrderBook
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archive_images import described
from dicomfabd.web.api.archive_routes import StudiesIn, Uid, detail_of, page_of
from dicomfabd.web.api.archived import order_finder
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.dicomweb.parts import named
from dicomfabd.web.pages.addresses import with_cursor
from dicomfabd.web.pages.contact_sheet import series_shown
from dicomfabd.web.pages.rendering import Pages

MODALITIES: Final = ("CR", "CT", "DX", "ES", "MG", "MR", "NM", "OT", "PT", "RF", "US", "XA")
"""Offered by the list's filter; any other may be typed into the address."""


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)
    archive = desk.archive
    order_of = order_finder(desk.book)

    @routes.get("/studies", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def studies(request: Request, asked: Annotated[StudiesIn, Query()]) -> HTMLResponse:
        """What the archive holds, newest first; the filters stand in the address."""
        found = page_of(archive, order_of, asked)
        filters = asked.model_dump(by_alias=True, exclude={"limit", "before", "sort"})
        return pages.render(
            request,
            "studies.html",
            studies=[_shown(study) for study in found["studies"]],
            asked=filters,
            is_filtered=any(filters.values()),
            sort=asked.sort,
            modalities=MODALITIES,
            query=request.url.query,
            older=with_cursor(request, found["next"]) if found["next"] else "",
        )

    @routes.get("/studies/{study}", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def study(
        request: Request, study: Uid, all_of: Annotated[str, Query(alias="all", max_length=64)] = ""
    ) -> HTMLResponse:
        """One study: what it says, its series with pictures, and what can be done with it."""
        return pages.render(
            request,
            "study.html",
            **_study(archive, desk.book, study, all_of),
            destinations=[destination.name for destination in desk.destinations().all()],
        )

    @routes.get("/studies/{study}/viewer", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def viewer(request: Request, study: Uid) -> HTMLResponse:
        """The viewer; series and image stand behind the `#` of the address."""
        return pages.render(request, "viewer.html", **_study(archive, desk.book, study, ""))

    @routes.get("/studies/{study}/instances/{instance}", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def instance(request: Request, study: Uid, instance: Uid) -> HTMLResponse:
        """One instance: every element it has."""
        stored = named(archive, study, instance=instance)[0]
        return pages.render(
            request,
            "instance.html",
            study=_shown(detail_of(archive, order_of, study)),
            image=described(archive, stored),
            series_uid=stored.series_instance_uid,
            size=stored.size,
            here=f"/api/v1/archive/studies/{study}/instances/{instance}",
            pictures=f"/dicom-web/studies/{study}/series/{stored.series_instance_uid}/instances/{instance}",
        )

    return routes


def _study(archive: ArchiveDesk, book: OrderBook, uid: str, all_of: str) -> dict[str, Any]:
    detail = detail_of(archive, order_finder(book), uid)
    if not detail["series_list"]:
        raise HTTPException(404, f"the archive has no study {uid}")
    ordered = sorted(detail["series_list"], key=_place)
    return {"study": _shown(detail), "series_list": [series_shown(archive, uid, it, all_of) for it in ordered]}


def _place(series: dict[str, Any]) -> tuple[bool, int, str]:
    number = str(series["number"]).strip()
    is_number = number.isascii() and number.lstrip("+-").isdigit() and len(number) <= 12
    return not is_number, int(number) if is_number else 0, str(series["series_instance_uid"])


def _shown(study: dict[str, Any]) -> dict[str, Any]:
    """Give a study with its dates as people read them."""
    return study | {
        "date": _day(study["study_date"]),
        "time": _time(study["study_time"]),
        "born": _day(study["birth_date"]),
        "modalities": [name for name in study["modalities"] if name],
    }


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def _time(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if len(text) >= 4 and text[:4].isdigit() else ""
