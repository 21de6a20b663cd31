"""QIDO-RS under /dicom-web: searching for studies, series and instances (PS3.18 §10.6)."""

from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from dicomfabd.domain.access import Role
from dicomfabd.store.archive_interface import Level
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archive_routes import Uid
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.dicomweb.media_types import Offer, choose
from dicomfabd.web.dicomweb.parts import DICOM_JSON, ROOT, base_url

MOST_ANSWERS: Final = 1000
_LARGEST_OFFSET: Final = 10_000_000
_NOT_CONDITIONS: Final = frozenset({"limit", "offset", "fuzzymatching", "accept"})
_LONGEST_QUERY: Final = 16_384
_FORMS: Final = (Offer(DICOM_JSON), Offer("application/json"))


def router(desk: ArchiveDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the index blocks."""
    routes = GuardedRouter()

    @routes.get(f"{ROOT}/studies")
    @needs(Role.VIEWER)
    def search_studies(request: Request) -> JSONResponse:
        """Search for studies."""
        return _search(desk, request, Level.STUDY)

    @routes.get(f"{ROOT}/series")
    @needs(Role.VIEWER)
    def search_series(request: Request) -> JSONResponse:
        """Search for series of any study."""
        return _search(desk, request, Level.SERIES)

    @routes.get(f"{ROOT}/instances")
    @needs(Role.VIEWER)
    def search_instances(request: Request) -> JSONResponse:
        """Search for instances of any study."""
        return _search(desk, request, Level.IMAGE)

    @routes.get(f"{ROOT}/studies/{{study}}/series")
    @needs(Role.VIEWER)
    def search_series_of_study(study: Uid, request: Request) -> JSONResponse:
        """Search for series of a study."""
        return _search(desk, request, Level.SERIES, StudyInstanceUID=study)

    @routes.get(f"{ROOT}/studies/{{study}}/instances")
    @needs(Role.VIEWER)
    def search_instances_of_study(study: Uid, request: Request) -> JSONResponse:
        """Search for instances of a study."""
        return _search(desk, request, Level.IMAGE, StudyInstanceUID=study)

    @routes.get(f"{ROOT}/studies/{{study}}/series/{{series}}/instances")
    @needs(Role.VIEWER)
    def search_instances_of_series(study: Uid, series: Uid, request: Request) -> JSONResponse:
        """Search for instances of a series."""
        return _search(desk, request, Level.IMAGE, StudyInstanceUID=study, SeriesInstanceUID=series)

    return routes


def _search(desk: ArchiveDesk, request: Request, level: Level, **above: str) -> JSONResponse:
    form = choose(request, _FORMS).offer
    if len(request.url.query) > _LONGEST_QUERY:
        raise HTTPException(414, f"a query may have {_LONGEST_QUERY} characters")
    asked = request.query_params
    most = _number(asked.get("limit"), "limit", MOST_ANSWERS, MOST_ANSWERS)
    skipped = _number(asked.get("offset"), "offset", 0, _LARGEST_OFFSET)
    conditions = [item for item in asked.multi_items() if item[0] not in _NOT_CONDITIONS]
    try:
        answers, has_more = desk.search(level, [*conditions, *above.items()], most, skipped, base_url(request))
    except ValueError as error:  # an attribute that is none, or a value that is not of it
        raise HTTPException(400, str(error)) from error
    answer = JSONResponse(answers, media_type=form.media_type)
    if asked.get("fuzzymatching", "").lower() == "true":
        _warn(answer, "The fuzzymatching parameter is not supported. Only literal matching has been performed.")
    if has_more:
        _warn(answer, "There are additional results that can be requested.")
    return answer


def _warn(answer: JSONResponse, text: str) -> None:
    """Add a Warning header in the words of PS3.18 §8.3.4.2 and §8.3.4.4."""
    answer.headers.append("Warning", f'299 dicomfabd "{text}"')


def _number(text: str | None, name: str, default: int, most: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise HTTPException(400, f"{name} is not a whole number, 0 or more")
    return min(int(text), most)
