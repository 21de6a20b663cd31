"""Patients: the registry, and one patient with their orders and studies."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import OrderQuery
from dicomfabd.store.patients_interface import PatientQuery
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archived import studies_of, study_summary
from dicomfabd.web.api.orders import summary as order_summary
from dicomfabd.web.api.patient_in import PatientIn
from dicomfabd.web.api.patient_routes import Issuer, PatientId, existing, summary
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import with_cursor
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import Before

_PAGE = 100
_MOST_OF_ONE = 200


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/patients", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def patients(
        request: Request, text: Annotated[str, Query(max_length=64)] = "", before: Before = None
    ) -> HTMLResponse:
        """Everybody in the registry, newest first."""
        found = desk.patients.find(PatientQuery(text.strip(), before, _PAGE))
        return pages.render(
            request,
            "patients.html",
            patients=[summary(stored) for stored in found],
            text=text,
            fields=PatientIn.model_fields,
            older=with_cursor(request, found[-1].number) if len(found) == _PAGE else "",
        )

    @routes.get("/patients/{patient_id:path}", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def patient(request: Request, patient_id: PatientId, issuer: Issuer = "") -> HTMLResponse:
        """One patient: what is known of them, their orders and their studies."""
        stored = existing(desk, patient_id, issuer)
        orders = desk.book.find(OrderQuery(patient_id=patient_id, limit=_MOST_OF_ONE))
        return pages.render(
            request,
            "patient.html",
            patient=summary(stored),
            fields=PatientIn.model_fields,
            orders=[order_summary(order) for order in orders],
            studies=[study_summary(row) for row in desk.archive.index.find(studies_of(patient_id, _MOST_OF_ONE))],
        )

    return routes
