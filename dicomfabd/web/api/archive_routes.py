"""The studies the archive holds, for people and scripts: /api/v1/archive."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import HTTPException, Path, Query, Request
from fastapi.responses import StreamingResponse

from dicomfabd.domain.access import Role
from dicomfabd.store.archive_interface import ArchiveQuery, Condition, Level
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archived import STUDIES, StudyFilter, one_study, series_of, study_detail, study_summary
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.request_parts import Limit, actor_of

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$", examples=["2.25.1234"])]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
_Text = Annotated[str, Query(max_length=64)]
_DAY = r"^(\d{4}-?\d{2}-?\d{2})?$"

Audit = Callable[[str, str, str, Mapping[str, object]], None]
"""Notes who did what to what, and details."""


def router(desk: ArchiveDesk, audit: Audit) -> GuardedRouter:
    """Give the routes; all run on threads, because index and files block."""
    routes = GuardedRouter()

    @routes.get(STUDIES)
    @needs(Role.VIEWER)
    def list_studies(
        patient_id: _Text = "",
        patient_name: _Text = "",
        accession: _Text = "",
        modality: _Text = "",
        first_day: Annotated[str, Query(alias="from", pattern=_DAY, examples=["2026-03-02"])] = "",
        last_day: Annotated[str, Query(alias="to", pattern=_DAY, examples=["2026-03-02"])] = "",
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> dict[str, Any]:
        """List studies, newest first; `*` and `?` are wildcards; `next` is the `offset` of the following page."""
        wanted = StudyFilter(patient_id, patient_name, accession, modality, first_day, last_day)
        found = [study_summary(row) for row in desk.index.find(wanted.query(limit, offset))]
        return {"studies": found[:limit], "next": offset + limit if len(found) > limit else None}

    # Before the study itself, whose pattern would take it.
    @routes.get(f"{STUDIES}/{{study}}.zip", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def zip_of_study(study: Uid) -> StreamingResponse:
        """Give a study's files: a folder a series, numbered."""
        return _zip(desk, ArchiveQuery.of(Level.STUDY, study), "study")

    @routes.get(f"{STUDIES}/{{study}}")
    @needs(Role.VIEWER)
    def show_study(study: Uid) -> Mapping[str, Any]:
        """Give one study with its series."""
        found = next(desk.index.find(one_study(study)), None)
        if found is None:
            raise HTTPException(404, f"the archive has no study {study}")
        return study_detail(found, list(desk.index.find(series_of(study))))

    @routes.delete(f"{STUDIES}/{{study}}")
    @needs(Role.OPERATOR)
    def delete_study(study: Uid, request: Request) -> dict[str, int]:
        """Delete one study, files and all."""
        return _delete(desk, audit, ArchiveQuery.of(Level.STUDY, study), request)

    @routes.get(f"{STUDIES}/{{study}}/series/{{series}}.zip", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def zip_of_series(study: Uid, series: Uid) -> StreamingResponse:
        """Give a series' files, numbered."""
        return _zip(desk, series_query(study, series), "series")

    @routes.delete(f"{STUDIES}/{{study}}/series/{{series}}")
    @needs(Role.OPERATOR)
    def delete_series(study: Uid, series: Uid, request: Request) -> dict[str, int]:
        """Delete one series of a study; a study without series is gone."""
        return _delete(desk, audit, series_query(study, series), request)

    return routes


def series_query(study: str, series: str) -> ArchiveQuery:
    """Give the query for one series of one study."""
    wanted = {"StudyInstanceUID": Condition(values=(study,)), "SeriesInstanceUID": Condition(values=(series,))}
    return ArchiveQuery(Level.SERIES, wanted)


def _zip(desk: ArchiveDesk, query: ArchiveQuery, name: str) -> StreamingResponse:
    _check_any(desk, query)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return StreamingResponse(desk.zipped(query), media_type="application/zip", headers=headers)


def _delete(desk: ArchiveDesk, audit: Audit, query: ArchiveQuery, request: Request) -> dict[str, int]:
    _check_any(desk, query)
    removed = desk.remove(query)
    target = " ".join(f"{keyword} {condition.values[0]}" for keyword, condition in query.conditions.items())
    audit(actor_of(request), "archive.delete", target, {"instances": removed})
    return {"instances": removed}


def _check_any(desk: ArchiveDesk, query: ArchiveQuery) -> None:
    if next(desk.index.instances(query), None) is None:
        raise HTTPException(404, "the archive has nothing of that UID")
