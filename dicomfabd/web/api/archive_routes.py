"""The studies the archive holds, for people and scripts: /api/v1/archive."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import HTTPException, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from dicomfabd.domain.access import Role
from dicomfabd.store.archive_interface import ArchiveQuery, Attributes, Condition, Level
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archived import STUDIES, StudyFilter, one_study, series_of, study_detail, study_summary
from dicomfabd.web.api.spreadsheet import csv_pieces
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.request_parts import actor_of

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$", examples=["2.25.1234"])]
_UidText = Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]
_Text = Annotated[str, Field(max_length=64)]
_Day = Annotated[str, Field(pattern=r"^(\d{4}-?\d{2}-?\d{2})?$", examples=["2026-03-02"])]
_Sort = Literal[
    "", "-received", "received", "-date", "date", "patient", "-patient", "patient_id", "-patient_id", "accession",
    "-accession",
]  # fmt: skip

MOST_ZIPPED: Final = 100
_COLUMNS: Final = (
    "patient_name", "patient_id", "birth_date", "sex", "description", "study_date", "study_time", "accession_number",
    "modalities", "series", "instances", "bytes", "received_at", "study_instance_uid",
)  # fmt: skip

Audit = Callable[[str, str, str, Mapping[str, object]], None]
"""Notes who did what to what, and details."""

OrderOf = Callable[[str, str], int | None]
"""(Study Instance UID, accession number) → number of the order the study was made for, if we have one."""


class FilterIn(BaseModel):
    """Which studies are wanted; `*` and `?` are wildcards in all but the name and the text."""

    patient_id: _Text = ""
    patient_name: Annotated[str, Field(max_length=64, description="Its beginning.", examples=["DOE"])] = ""
    accession: _Text = ""
    modality: _Text = ""
    first_day: _Day = Field("", alias="from")
    last_day: _Day = Field("", alias="to")
    text: Annotated[
        str, Field(max_length=200, description="Words that each stand in patient, accession number or description.")
    ] = ""
    sort: _Sort = Field("", description="`-` is backwards; newest first where it is left out.")

    def filter(self) -> StudyFilter:
        """Give what is looked for."""
        return StudyFilter(
            patient_id=self.patient_id.strip(),
            patient_name=self.patient_name.strip(),
            accession=self.accession.strip(),
            modality=self.modality.strip(),
            first_day=self.first_day,
            last_day=self.last_day,
            text=self.text.strip(),
            sort=self.sort,
        )


class StudiesIn(FilterIn):
    """One page of them."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    before: Annotated[str, Field(max_length=200, description="`next` of the page before.")] = ""


class TableIn(FilterIn):
    """All of them as a table."""

    bom: bool = Field(False, description="Begin with a byte order mark, for spreadsheets.")


def router(desk: ArchiveDesk, audit: Audit, order_of: OrderOf) -> GuardedRouter:
    """Give the routes; all run on threads, because index and files block."""
    routes = GuardedRouter()

    @routes.get(STUDIES)
    @needs(Role.VIEWER)
    def list_studies(asked: Annotated[StudiesIn, Query()]) -> dict[str, Any]:
        """List studies; `next` is the `before` of the following page."""
        return page_of(desk, order_of, asked)

    @routes.get(f"{STUDIES}.csv", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def export_studies(asked: Annotated[TableIn, Query()]) -> StreamingResponse:
        """Give all studies that are found as a table."""
        rows = desk.index.find(replace(asked.filter().query(limit=0), limit=None))
        text = csv_pieces(_COLUMNS, (_cells(study_summary(row)) for row in rows), with_mark=asked.bom)
        return StreamingResponse(text, 200, _attached("studies.csv"), "text/csv; charset=utf-8")

    @routes.get(f"{STUDIES}.zip", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def download_studies(
        study: Annotated[list[_UidText], Query(min_length=1, max_length=MOST_ZIPPED)],
    ) -> StreamingResponse:
        """Give the files of several studies: a folder a study, and in it a folder a series, numbered."""
        return _zip(desk, ArchiveQuery(Level.STUDY, {"StudyInstanceUID": Condition(values=tuple(study))}), "studies")

    # Before the study itself, whose pattern would take it.
    @routes.get(f"{STUDIES}/{{study}}.zip", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def download_study(study: Uid) -> StreamingResponse:
        """Give a study's files: a folder a series, numbered."""
        return _zip(desk, ArchiveQuery.of(Level.STUDY, study), "study")

    @routes.get(f"{STUDIES}/{{study}}")
    @needs(Role.VIEWER)
    def show_study(study: Uid) -> Mapping[str, Any]:
        """Give one study with its series."""
        return detail_of(desk, order_of, study)

    @routes.delete(f"{STUDIES}/{{study}}")
    @needs(Role.OPERATOR)
    def delete_study(study: Uid, request: Request) -> dict[str, int]:
        """Delete one study, files and all."""
        return _delete(desk, audit, ArchiveQuery.of(Level.STUDY, study), request)

    @routes.get(f"{STUDIES}/{{study}}/series/{{series}}.zip", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def download_series(study: Uid, series: Uid) -> StreamingResponse:
        """Give a series' files, numbered."""
        return _zip(desk, series_query(study, series), "series")

    @routes.delete(f"{STUDIES}/{{study}}/series/{{series}}")
    @needs(Role.OPERATOR)
    def delete_series(study: Uid, series: Uid, request: Request) -> dict[str, int]:
        """Delete one series of a study; a study without series is gone."""
        return _delete(desk, audit, series_query(study, series), request)

    return routes


def page_of(desk: ArchiveDesk, order_of: OrderOf, asked: StudiesIn) -> dict[str, Any]:
    """Give one page of the list; raises HTTPException 400 for a place that is none of it."""
    query = asked.filter().query(asked.limit, after=asked.before)
    try:
        rows = list(desk.index.find(query))
    except ValueError as error:
        raise HTTPException(400, f"before: {error}. Begin without it.") from error
    found = rows[: asked.limit]
    is_last = len(rows) <= asked.limit
    return {
        "studies": [_linked(desk, order_of, study_summary(row)) for row in found],
        "next": None if is_last else found[-1]["StudyPlace"],
    }


def detail_of(desk: ArchiveDesk, order_of: OrderOf, study: str) -> dict[str, Any]:
    """Give a study with its series; raises HTTPException 404 for one that is not there."""
    found: Attributes | None = next(desk.index.find(one_study(study)), None)
    if found is None:
        raise HTTPException(404, f"the archive has no study {study}")
    return _linked(desk, order_of, study_detail(found, list(desk.index.find(series_of(study)))))


def series_query(study: str, series: str) -> ArchiveQuery:
    """Give the query for one series of one study."""
    wanted = {"StudyInstanceUID": Condition(values=(study,)), "SeriesInstanceUID": Condition(values=(series,))}
    return ArchiveQuery(Level.SERIES, wanted)


def _linked(desk: ArchiveDesk, order_of: OrderOf, study: Mapping[str, Any]) -> dict[str, Any]:
    """Add where else a study is shown."""
    uid = str(study["study_instance_uid"])
    other = desk.viewer_url.replace("{study_uid}", quote(uid, safe="")) if desk.viewer_url else None
    return {**study, "order_id": order_of(uid, str(study["accession_number"])), "other_viewer": other}


def _cells(study: Mapping[str, Any]) -> dict[str, str]:
    return {name: " ".join(value) if isinstance(value := study[name], list) else str(value) for name in _COLUMNS}


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _zip(desk: ArchiveDesk, query: ArchiveQuery, name: str) -> StreamingResponse:
    _check_any(desk, query)
    return StreamingResponse(desk.zipped(query), 200, _attached(f"{name}.zip"), "application/zip")


def _delete(desk: ArchiveDesk, audit: Audit, query: ArchiveQuery, request: Request) -> dict[str, int]:
    _check_any(desk, query)
    removed = desk.remove(query)
    target = " ".join(f"{keyword} {condition.values[0]}" for keyword, condition in query.conditions.items())
    audit(actor_of(request), "archive.delete", target, {"instances": removed})
    return {"instances": removed}


def _check_any(desk: ArchiveDesk, query: ArchiveQuery) -> None:
    if next(desk.index.instances(query), None) is None:
        raise HTTPException(404, "the archive has nothing of that UID")
