"""WADO-RS under /dicom-web: whole instances, metadata, frames, bulk data (PS3.18 §10.4)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

from fastapi import HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse

from dicomfabd.domain.access import Role
from dicomfabd.domain.errors import Permanent
from dicomfabd.store.archive_interface import StoredInstance
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archive_routes import Uid
from dicomfabd.web.archive_desk import ArchiveDesk, Part
from dicomfabd.web.dicomweb.media_types import ANY_SYNTAX, Chosen, Offer, choose
from dicomfabd.web.dicomweb.multipart import multipart
from dicomfabd.web.dicomweb.parts import DICOM_JSON, ROOT, given, instance_url, named

_STUDY: Final = f"{ROOT}/studies/{{study}}"
_SERIES: Final = f"{_STUDY}/series/{{series}}"
INSTANCE: Final = f"{_SERIES}/instances/{{instance}}"

_DICOM: Final = "application/dicom"
_OCTETS: Final = "application/octet-stream"
_JSON_FORMS: Final = (Offer(DICOM_JSON), Offer("application/json"))
_EXPLICIT: Final = "1.2.840.10008.1.2.1"

Frames = Annotated[str, InPath(pattern=r"^\d{1,6}(,\d{1,6})*$", max_length=4000, examples=["1", "1,2,3"])]
_Place = Annotated[
    str, InPath(pattern=r"^[0-9A-Fa-f]{8}(-\d{1,6}-[0-9A-Fa-f]{8})*$", max_length=200, examples=["7FE00010"])
]


def router(desk: ArchiveDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because index and files block."""
    routes = GuardedRouter()

    @routes.get(_STUDY)
    @needs(Role.VIEWER)
    def retrieve_study(study: Uid, request: Request) -> Response:
        """Give the instances of a study as DICOM files."""
        return _files(desk, request, named(desk, study))

    @routes.get(_SERIES)
    @needs(Role.VIEWER)
    def retrieve_series(study: Uid, series: Uid, request: Request) -> Response:
        """Give the instances of a series as DICOM files."""
        return _files(desk, request, named(desk, study, series))

    @routes.get(INSTANCE)
    @needs(Role.VIEWER)
    def retrieve_instance(study: Uid, series: Uid, instance: Uid, request: Request) -> Response:
        """Give an instance as a DICOM file."""
        return _files(desk, request, named(desk, study, series, instance), is_single=True)

    @routes.get(f"{_STUDY}/metadata")
    @needs(Role.VIEWER)
    def metadata_of_study(study: Uid, request: Request) -> Response:
        """Give what the instances of a study say, without their pixels."""
        return _metadata(desk, request, named(desk, study))

    @routes.get(f"{_SERIES}/metadata")
    @needs(Role.VIEWER)
    def metadata_of_series(study: Uid, series: Uid, request: Request) -> Response:
        """Give what the instances of a series say, without their pixels."""
        return _metadata(desk, request, named(desk, study, series))

    @routes.get(f"{INSTANCE}/metadata")
    @needs(Role.VIEWER)
    def metadata_of_instance(study: Uid, series: Uid, instance: Uid, request: Request) -> Response:
        """Give what an instance says, without its pixels."""
        return _metadata(desk, request, named(desk, study, series, instance))

    @routes.get(f"{INSTANCE}/frames/{{frames}}")
    @needs(Role.VIEWER)
    def retrieve_frames(study: Uid, series: Uid, instance: Uid, frames: Frames, request: Request) -> Response:
        """Give frames, compressed as they are stored or not at all."""
        (found,) = named(desk, study, series, instance)
        return _frames(desk, request, found, [int(number) for number in frames.split(",")])

    @routes.get(f"{INSTANCE}/bulkdata/{{place}}")
    @needs(Role.VIEWER)
    def retrieve_bulk_data(study: Uid, series: Uid, instance: Uid, place: _Place, request: Request) -> Response:
        """Give a long value that the metadata refer to."""
        (found,) = named(desk, study, series, instance)
        first, parts = _peeked(given(desk.bulk, desk.path(found.instance_id), place.upper()))
        chosen = choose(request, _forms(first.media_type))
        return _parts(chosen, parts)

    return routes


def _files(
    desk: ArchiveDesk, request: Request, instances: Sequence[StoredInstance], *, is_single: bool = False
) -> Response:
    chosen = choose(request, [Offer(_DICOM, is_multipart=True), *([Offer(_DICOM)] if is_single else [])])
    # Who names no transfer syntax could be refused compressed instances (PS3.18 §8.7.3.5.2), and means as they are.
    syntax = chosen.transfer_syntax or ANY_SYNTAX
    if not chosen.offer.is_multipart:
        content = given(desk.file_as, desk.path(instances[0].instance_id), syntax)
        return StreamingResponse(content, media_type=_DICOM)
    files = _each_file(desk, instances, syntax)
    first = next(files, None)
    if first is None:
        raise HTTPException(406, "no instance can be given in that transfer syntax. Ask for transfer-syntax=*.")
    return multipart(_DICOM, chain([first], files))


def _each_file(
    desk: ArchiveDesk, instances: Sequence[StoredInstance], syntax: str
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Give the files that can be had; one that was deleted meanwhile, or is compressed otherwise, is left out."""
    for instance in instances:
        try:
            content = desk.file_as(desk.path(instance.instance_id), syntax)
        except (FileNotFoundError, Permanent):
            continue
        yield _DICOM, content


def _metadata(desk: ArchiveDesk, request: Request, instances: Sequence[StoredInstance]) -> Response:
    form = choose(request, _JSON_FORMS).offer

    def written() -> Iterator[bytes]:
        separator = b"["
        for instance in instances:
            try:
                said = desk.metadata(desk.path(instance.instance_id), instance_url(request, instance))
            except FileNotFoundError:
                continue
            yield separator + json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
            separator = b","
        yield b"]" if separator == b"," else b"[]"

    return StreamingResponse(written(), media_type=form.media_type)


def _frames(desk: ArchiveDesk, request: Request, found: StoredInstance, numbers: Sequence[int]) -> Response:
    path = desk.path(found.instance_id)
    first, parts = _peeked(given(desk.frames, path, numbers))
    is_one = len(numbers) == 1
    # Without a word on the transfer syntax a client takes what is not compressed (PS3.18 §8.7.3.5.2).
    forms = _forms(_OCTETS, is_one) + (_forms(first.media_type, is_one) if first.media_type != _OCTETS else [])
    chosen = choose(request, forms)
    is_as_stored = chosen.transfer_syntax in (ANY_SYNTAX, first.transfer_syntax_uid)
    if first.media_type in (_OCTETS, chosen.offer.media_type) or is_as_stored:
        return _parts(chosen, parts)
    raw = (
        _Raw((data,)) for data in chain([given(desk.raw_frame, path, numbers[0])], _decompressed(desk, path, numbers))
    )
    return _parts(chosen, raw)


@dataclass(frozen=True, slots=True)
class _Raw:
    """A frame that was decompressed."""

    content: Iterable[bytes]
    media_type: str = _OCTETS
    transfer_syntax_uid: str = _EXPLICIT


def _decompressed(desk: ArchiveDesk, path: Path, numbers: Sequence[int]) -> Iterator[bytes]:
    for number in numbers[1:]:
        yield desk.raw_frame(path, number)


def _forms(media_type: str, is_one: bool = True) -> list[Offer]:
    """Give the forms of something that is one part or several; one may also come by itself."""
    return [Offer(media_type, is_multipart=True), *([Offer(media_type)] if is_one else [])]


def _peeked(parts: Iterator[Part]) -> tuple[Part, Iterator[Part]]:
    """Give the first part too, so that what is wrong with it is an answer of its own."""
    first = given(next, parts)
    return first, chain([first], parts)


def _parts(chosen: Chosen, parts: Iterator[Part]) -> Response:
    kind = chosen.offer.media_type
    typed = (
        (f"{kind}; transfer-syntax={part.transfer_syntax_uid}" if part.transfer_syntax_uid else kind, part)
        for part in parts
    )
    if chosen.offer.is_multipart:
        return multipart(kind, ((media_type, part.content) for media_type, part in typed))
    media_type, part = next(typed)
    return StreamingResponse(iter(part.content), headers={"Content-Type": media_type})
