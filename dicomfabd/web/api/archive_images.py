"""One instance of the archive, for viewers and for people who look inside: /api/v1/archive/studies/..."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import HTTPException, Path
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dicomfabd.domain.access import Role
from dicomfabd.domain.errors import Permanent
from dicomfabd.store.archive_interface import StoredInstance
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archive_routes import Uid
from dicomfabd.web.api.archived import STUDIES
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.dicomweb.media_types import ANY_SYNTAX
from dicomfabd.web.dicomweb.parts import given, named

_INSTANCE: Final = f"{STUDIES}/{{study}}/instances/{{instance}}"
MOST_DESCRIBED: Final = 5_000
"""Instances of a series a viewer is told of; whole, that is several megabytes."""

FrameNumber = Annotated[int, Path(ge=1, le=999_999, description="From 1.")]


def router(desk: ArchiveDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because index and files block."""
    routes = GuardedRouter()

    @routes.get(f"{STUDIES}/{{study}}/series/{{series}}/images")
    @needs(Role.VIEWER)
    def describe_series(study: Uid, series: Uid) -> JSONResponse:
        """Describe each instance of a series for a viewer, in the order a person looks at them."""
        instances = named(desk, study, series)
        images = [described(desk, instance) for instance in instances[:MOST_DESCRIBED]]
        images.sort(key=_place)
        # Written at once: what is described is made of texts and numbers, and there may be thousands.
        return JSONResponse({"images": images, "left_out": max(0, len(instances) - MOST_DESCRIBED)})

    @routes.get(f"{_INSTANCE}/frames/{{frame}}", response_class=Response)
    @needs(Role.VIEWER)
    def show_values_of_frame(study: Uid, instance: Uid, frame: FrameNumber) -> Response:
        """Give a frame's values, decompressed, little endian, as `pixels` of its description says, row by row."""
        content = given(desk.values, desk.path(_one(desk, study, instance).instance_id), frame)
        return Response(content, media_type="application/octet-stream")

    @routes.get(f"{_INSTANCE}/tags")
    @needs(Role.VIEWER)
    def list_tags(study: Uid, instance: Uid) -> Mapping[str, Any]:
        """Give every element, file meta information and private ones included; long values are cut."""
        return given(desk.elements, desk.path(_one(desk, study, instance).instance_id))

    @routes.get(f"{_INSTANCE}/report")
    @needs(Role.VIEWER)
    def show_report(study: Uid, instance: Uid) -> Mapping[str, Any]:
        """Give the content of a structured report as a tree."""
        return given(desk.report, desk.path(_one(desk, study, instance).instance_id))

    @routes.get(f"{_INSTANCE}/document", response_class=Response)
    @needs(Role.VIEWER)
    def show_document(study: Uid, instance: Uid) -> Response:
        """Give the PDF an instance encapsulates."""
        content = given(desk.document_in, desk.path(_one(desk, study, instance).instance_id))
        if content is None:
            raise HTTPException(404, "the instance holds no PDF")
        return Response(content, media_type="application/pdf")

    @routes.get(f"{_INSTANCE}.dcm", response_class=StreamingResponse)
    @needs(Role.VIEWER)
    def download_instance(study: Uid, instance: Uid) -> StreamingResponse:
        """Give an instance as the DICOM file it is."""
        found = _one(desk, study, instance)
        content = given(desk.file_as, desk.path(found.instance_id), ANY_SYNTAX)
        headers = {"Content-Disposition": f'attachment; filename="{found.instance_id}.dcm"'}
        return StreamingResponse(content, 200, headers, "application/dicom")

    return routes


def described(desk: ArchiveDesk, instance: StoredInstance) -> Mapping[str, Any]:
    """Give what a viewer needs to know of an instance, or what is wrong: one bad file must not hide the others."""
    try:
        return desk.describe(desk.path(instance.instance_id))
    except FileNotFoundError:
        reason = "the instance was deleted"
    except Permanent as error:
        reason = str(error)
    return {"sop_instance_uid": instance.sop_instance_uid, "kind": "other", "instance_number": None, "problem": reason}


def _one(desk: ArchiveDesk, study: str, instance: str) -> StoredInstance:
    return named(desk, study, instance=instance)[0]


def _place(image: Mapping[str, Any]) -> tuple[bool, int, str]:
    number = image["instance_number"]
    return number is None, number or 0, image["sop_instance_uid"]
