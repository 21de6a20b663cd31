"""QIDO-RS and WADO-RS of a destination, and whether they are there (PS3.18 §10.4 and §10.6)."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from pydantic_core import from_json
from pydicom.datadict import tag_for_keyword

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.pacs.echo import EchoResult
from dicomfabd.pacs.http import WebConnection
from dicomfabd.pacs.multipart import MultipartError, boundary_of, parts
from dicomfabd.pacs.question import Level, Question
from dicomfabd.pacs.selection import Selection

LONGEST_ANSWER: Final = 64 << 20
LONGEST_S: Final = 120.0
LONGEST_DOWNLOAD_S: Final = 4 * 3600.0
LARGEST_INSTANCE: Final = 512 << 20
_JSON: Final = {"Accept": "application/dicom+json"}
_DICOM: Final = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
_LONGEST_TEXT: Final = 1024
# Orthanc before 1.12 takes percent-encoded characters as they stand, so none is encoded that need not be.
_LITERAL: Final = "*?^=:/@!$'(),;"
_PN_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")

Rows = list[Mapping[str, str]]


def probe(destination: Destination) -> EchoResult:
    """See whether studies can be searched; never raises for what a peer does."""
    started = time.perf_counter()
    reason = ""
    try:
        with WebConnection(destination) as connection:
            _get_json(connection, "/studies?limit=1")
    except (Permanent, Retryable) as error:
        reason = str(error)
    return EchoResult(not reason, time.perf_counter() - started, reason)


def search(destination: Destination, question: Question) -> tuple[Rows, bool]:
    """Ask a question by QIDO-RS and give the rows, and whether there are more than it wanted.

    Raises:
        DestinationAway: It cannot be reached.
        Retryable: It failed or its answer is not whole.
        Permanent: It does not let us, or has no such service.
    """
    if question.level is Level.PATIENT:
        raise Permanent(f"{destination.name}: DICOMweb knows no patients of their own; ask for studies")
    with WebConnection(destination) as connection:
        found = _get_json(connection, _search_path(question))
    rows = [_row(item, question) for item in found[: question.most + 1]]
    return rows[: question.most], len(rows) > question.most


def retrieve(destination: Destination, selection: Selection) -> Iterator[bytes]:
    """Give the instances of a study, of series or of images as DICOM files, one by one (WADO-RS).

    Raises:
        DestinationAway: It cannot be reached.
        Retryable: It failed or its answer is not whole.
        Permanent: It does not let us, has no such study, or gives no DICOM.
    """
    with WebConnection(destination) as connection:
        for path in selection.paths():
            response = connection.ask("GET", path, _DICOM)
            if response.status not in (200, 206):
                connection.read(response, LONGEST_ANSWER, LONGEST_S)
                raise connection.refuse(response.status)
            try:
                boundary = boundary_of(response.headers.get("Content-Type", ""))
                pieces = connection.pieces(response, LONGEST_DOWNLOAD_S)
                for part in parts(pieces, boundary, LARGEST_INSTANCE):
                    yield part.body
                for _ in pieces:
                    pass  # an epilogue; the connection is used again
            except MultipartError as error:
                raise Retryable(f"{connection.name}: {error}") from error


def _get_json(connection: WebConnection, path: str) -> list[Any]:
    response = connection.ask("GET", path, _JSON)
    body = connection.read(response, LONGEST_ANSWER, LONGEST_S)
    if response.status == 204:
        return []
    if response.status not in (200, 206):
        raise connection.refuse(response.status)
    try:
        found = from_json(body or b"[]")
    except ValueError as error:
        raise Retryable(f"{connection.name} answered something else than JSON") from error
    if not isinstance(found, list):
        raise Retryable(f"{connection.name} answered something else than a list of matches")
    return found


def _search_path(question: Question) -> str:
    keys = dict(question.keys)
    study = keys.pop("StudyInstanceUID", "")
    series = keys.pop("SeriesInstanceUID", "") if question.level is Level.IMAGE else ""
    path = "/studies"
    if question.level is not Level.STUDY:
        path += f"/{study}/series"
    elif study:
        keys["StudyInstanceUID"] = study
    if question.level is Level.IMAGE:
        path += f"/{series}/instances"
    # One more than wanted tells whether there are more.
    query = [*keys.items(), ("limit", str(question.most + 1))]
    query += [("includefield", keyword) for keyword in question.columns.values() if keyword not in keys]
    return f"{path}?{urlencode(query, safe=_LITERAL, quote_via=quote)}"


def _row(item: Any, question: Question) -> Mapping[str, str]:
    data = item if isinstance(item, Mapping) else {}
    # What the path names is not always repeated in the answer (PS3.18 §10.6.3.3).
    given = {name: question.keys.get(keyword, "") for name, keyword in question.columns.items()}
    return {
        name: _text(data, keyword) or given[name] * name.endswith("_uid") for name, keyword in question.columns.items()
    }


def _text(data: Mapping[str, Any], keyword: str) -> str:
    element = data.get(f"{tag_for_keyword(keyword):08X}")
    values = element.get("Value") if isinstance(element, Mapping) else None
    if not isinstance(values, list):
        return ""
    return "\\".join(map(_value, values))[:_LONGEST_TEXT]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):  # a person's name (PS3.18 F.2.2)
        return "=".join(str(value.get(group, "")) for group in _PN_GROUPS).rstrip("=")
    return "" if value is None else str(value)
