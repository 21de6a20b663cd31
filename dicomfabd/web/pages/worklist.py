"""The worklist as a modality sees it, what modalities asked, and why an item does not show."""

from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import with_cursor
from dicomfabd.web.pages.items import MOST_COUNTED, row
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import Before

_PAGE: Final = 100
_FIELDS: Final = {
    "name": "PatientName",
    "patient_id": "PatientID",
    "accession": "AccessionNumber",
    "modality": "Modality",
    "station": "ScheduledStationAETitle",
    "date": "ScheduledProcedureStepStartDate",
    "procedure_id": "RequestedProcedureID",
    "status": "ScheduledProcedureStepStatus",
}
"""Field of the form → the key of a C-FIND it stands for."""

_Key = Annotated[str, Query(max_length=64)]


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/worklist", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def worklist(
        request: Request,
        name: _Key = "",
        patient_id: _Key = "",
        accession: _Key = "",
        modality: _Key = "",
        station: _Key = "",
        date: _Key = "",
        procedure_id: _Key = "",
        status: _Key = "",
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> HTMLResponse:
        """The items that a query gives; the form is the query, and stands in the address."""
        asked = {
            "name": name,
            "patient_id": patient_id,
            "accession": accession,
            "modality": modality,
            "station": station,
            "date": date,
            "procedure_id": procedure_id,
            "status": status,
        }
        keys = {_FIELDS[field]: value.strip() for field, value in asked.items() if value.strip()}
        items, total, wrong = _find(desk, keys, offset)
        return pages.render(
            request,
            "worklist.html",
            asked=asked,
            keys=", ".join(f"{key}={value}" for key, value in keys.items()),
            items=items,
            total=total,
            most_counted=MOST_COUNTED,
            wrong=wrong,
            offset=offset,
            page=_PAGE,
            queries=desk.worklist.queries(10, None),
            where=desk.addresses().get("worklist", ""),
        )

    @routes.get("/worklist/queries", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def queries(request: Request, before: Before = None) -> HTMLResponse:
        """What modalities asked, newest first."""
        found = desk.worklist.queries(_PAGE, before)
        older = with_cursor(request, found[-1]["query_id"]) if len(found) == _PAGE else ""
        return pages.render(request, "worklist_queries.html", queries=found, older=older)

    @routes.get("/worklist/why", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def why(
        request: Request,
        accession: _Key = "",
        asked: Annotated[str, Query(alias="as", max_length=1024)] = "",
        calling: Annotated[str, Query(max_length=16)] = "",
        called: Annotated[str, Query(max_length=16)] = "",
    ) -> HTMLResponse:
        """Key by key, what keeps an order's steps out of a query's answers."""
        found: dict[str, Any] = {}
        wrong = ""
        if accession:
            try:
                found = desk.worklist.why(accession.strip(), asked.strip(), calling.strip(), called.strip())
            except (LookupError, ValueError) as error:
                wrong = str(error.args[0]) if error.args else str(error)
        fields = {"accession": accession, "as": asked, "calling": calling, "called": called}
        return pages.render(request, "worklist_why.html", asked=fields, found=found, wrong=wrong)

    return routes


def _find(desk: WebDesk, keys: dict[str, str], offset: int) -> tuple[list[dict[str, str]], int, str]:
    """Give the rows of a page, how many items fit in all, and what is wrong with the question."""
    try:
        items = [row(item) for item in desk.worklist.find(keys, _PAGE, offset)]
        return items, desk.worklist.count(keys, MOST_COUNTED), ""
    except ValueError as error:
        return [], 0, str(error)
