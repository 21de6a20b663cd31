"""WADO-RS pictures under /dicom-web: rendered instances and frames, thumbnails (PS3.18 §10.4.1.1.3, §8.3.5)."""

import math
import re
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import Response

from dicomfabd.domain.access import Role
from dicomfabd.store.archive_interface import StoredInstance
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.archive_images import described
from dicomfabd.web.api.archive_routes import Uid
from dicomfabd.web.archive_desk import ArchiveDesk, Window
from dicomfabd.web.dicomweb.media_types import Offer, choose
from dicomfabd.web.dicomweb.parts import ROOT, given, named
from dicomfabd.web.dicomweb.routes import INSTANCE, Frames

LARGEST_EDGE: Final = 8192
_THUMBNAIL: Final = (128, 128)
_MOST_LOOKED_AT: Final = 50
_PDF: Final = "application/pdf"
_PICTURES: Final = (Offer("image/jpeg"), Offer("image/png"))
_FUNCTIONS: Final = frozenset({"linear", "linear-exact", "sigmoid"})
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,9})?")


def router(desk: ArchiveDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because drawing takes a while."""
    routes = GuardedRouter()

    @routes.get(f"{INSTANCE}/rendered")
    @needs(Role.VIEWER)
    def render_instance(study: Uid, series: Uid, instance: Uid, request: Request) -> Response:
        """Give an instance as a picture, its first frame; an encapsulated PDF as it is."""
        (found,) = named(desk, study, series, instance)
        document = given(desk.document_in, desk.path(found.instance_id))
        if document is not None:
            choose(request, [Offer(_PDF)])
            return Response(document, media_type=_PDF)
        return _picture(desk, request, found, 1, _viewport(request))

    @routes.get(f"{INSTANCE}/frames/{{frames}}/rendered")
    @needs(Role.VIEWER)
    def render_frame(study: Uid, series: Uid, instance: Uid, frames: Frames, request: Request) -> Response:
        """Give a frame as a picture."""
        (found,) = named(desk, study, series, instance)
        if "," in frames:
            raise HTTPException(406, "one picture shows one frame. Ask for each frame by itself.")
        return _picture(desk, request, found, int(frames), _viewport(request))

    @routes.get(f"{ROOT}/studies/{{study}}/thumbnail")
    @needs(Role.VIEWER)
    def thumbnail_of_study(study: Uid, request: Request) -> Response:
        """Give a small picture of the image in the middle of a study."""
        return _thumbnail(desk, request, named(desk, study))

    @routes.get(f"{ROOT}/studies/{{study}}/series/{{series}}/thumbnail")
    @needs(Role.VIEWER)
    def thumbnail_of_series(study: Uid, series: Uid, request: Request) -> Response:
        """Give a small picture of the image in the middle of a series."""
        return _thumbnail(desk, request, named(desk, study, series))

    @routes.get(f"{INSTANCE}/thumbnail")
    @needs(Role.VIEWER)
    def thumbnail_of_instance(study: Uid, series: Uid, instance: Uid, request: Request) -> Response:
        """Give a small picture of an instance."""
        return _thumbnail(desk, request, named(desk, study, series, instance))

    return routes


def _thumbnail(desk: ArchiveDesk, request: Request, instances: list[StoredInstance]) -> Response:
    return _picture(desk, request, _middle(desk, instances), 1, _viewport(request) or _THUMBNAIL)


def _middle(desk: ArchiveDesk, instances: list[StoredInstance]) -> StoredInstance:
    """Give the image next to the middle: reports and documents of a study have no picture."""
    middle = len(instances) // 2
    nearest = sorted(range(len(instances)), key=lambda place: abs(place - middle))[:_MOST_LOOKED_AT]
    found = (instances[place] for place in nearest)
    return next((it for it in found if described(desk, it)["kind"] == "image"), instances[middle])


def _picture(
    desk: ArchiveDesk, request: Request, found: StoredInstance, frame: int, viewport: tuple[int, int] | None
) -> Response:
    kind = choose(request, _PICTURES).offer.media_type
    quality = request.query_params.get("quality", "90")
    if re.fullmatch(r"[1-9]\d?|100", quality) is None:
        raise HTTPException(400, "quality is not a whole number from 1 to 100")
    path = desk.path(found.instance_id)
    picture = given(desk.render, path, frame, kind, _window(request), viewport, int(quality))
    return Response(picture, media_type=kind)


def _window(request: Request) -> Window | None:
    """Read `window=centre,width,function` (PS3.18 §8.3.5.1.4)."""
    text = request.query_params.get("window")
    if not text:
        return None
    centre, width, function = [*text.split(","), "", ""][:3]
    function = function.lower() or "linear"
    is_good = _NUMBER.fullmatch(centre) and _NUMBER.fullmatch(width) and function in _FUNCTIONS
    if text.count(",") > 2 or not is_good or not 0 < float(width) < math.inf:
        raise HTTPException(
            400, "window is not centre,width,function, where function is linear, linear-exact or sigmoid"
        )
    return float(centre), float(width), function


def _viewport(request: Request) -> tuple[int, int] | None:
    """Read `viewport=columns,rows` (PS3.18 §8.3.5.1.3); the whole image is shown."""
    text = request.query_params.get("viewport")
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5}),(\d{1,5})", text)
    if found is None or not all(1 <= int(edge) <= LARGEST_EDGE for edge in found.groups()):
        raise HTTPException(400, f"viewport is not columns,rows, each from 1 to {LARGEST_EDGE}")
    return int(found[1]), int(found[2])
