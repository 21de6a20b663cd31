"""A study plan → its instances, encoded, one at a time: memory holds one image, not the study."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomfabd.dimse.datasets import encode
from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.commitment import Reference
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.codecs import CODECS, encapsulated
from dicomfabd.fabricate.documents.dose_report import dose_report
from dicomfabd.fabricate.documents.key_objects import key_objects
from dicomfabd.fabricate.documents.pdf import encapsulated_pdf
from dicomfabd.fabricate.documents.presentation import presentation_state
from dicomfabd.fabricate.documents.report import basic_text_report
from dicomfabd.fabricate.kinds import sop_class_of
from dicomfabd.fabricate.modalities.angio import RunRecipe
from dicomfabd.fabricate.modalities.ct import CtRecipe
from dicomfabd.fabricate.modalities.mammogram import MgRecipe
from dicomfabd.fabricate.modalities.mr import MrRecipe
from dicomfabd.fabricate.modalities.nuclear import NmRecipe, TomoRecipe
from dicomfabd.fabricate.modalities.pet import PtRecipe
from dicomfabd.fabricate.modalities.recipe import Pixels, Recipe
from dicomfabd.fabricate.modalities.secondary import DosePageRecipe, PageRecipe
from dicomfabd.fabricate.modalities.ultrasound import UsRecipe
from dicomfabd.fabricate.modalities.xray import XrayRecipe
from dicomfabd.fabricate.template import ENCAPSULATED, SeriesTemplate
from dicomfabd.fabricate.varying import values_of, varying_in

RECIPES: Final[Mapping[str, type[Recipe]]] = {
    "ct": CtRecipe,
    "mr": MrRecipe,
    "xray": XrayRecipe,
    "mg": MgRecipe,
    "us": UsRecipe,
    "us-clip": UsRecipe,
    "xa": RunRecipe,
    "rf": RunRecipe,
    "nm": NmRecipe,
    "nm-tomo": TomoRecipe,
    "pt": PtRecipe,
    "sc": PageRecipe,
    "dose-page": DosePageRecipe,
}
"""Kind of series → how its images are drawn. A new kind is one module, one line here and one in `kinds`."""

DOCUMENTS: Final[Mapping[str, Callable[[StudyPlan, SeriesPlan], Dataset]]] = {
    "pdf": encapsulated_pdf,
    "report": basic_text_report,
    "dose": dose_report,
    "key-objects": key_objects,
    "presentation": presentation_state,
}
"""Kind of series → how its one document is written."""


@dataclass(frozen=True)
class Instance:
    """One encoded DICOM object.

    Attributes:
        parts: The data set's bytes, in order; together they have an even length.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    parts: tuple[bytes | memoryview, ...]

    @cached_property
    def size(self) -> int:
        """Length of the data set in bytes."""
        return sum(len(part) for part in self.parts)


def references_of(plan: StudyPlan) -> tuple[Reference, ...]:
    """Give every instance of a study by class and UID, as storage commitment names them."""
    return tuple(
        Reference(sop_class_of(series), series.sop_instance_uid(index))
        for series in plan.series
        for index in range(series.images)
    )


def fabricate(
    plan: StudyPlan,
    bodies: Bodies,
    transfer_syntax: Callable[[str], str] = lambda _sop_class: str(ExplicitVRLittleEndian),
    wanted: Callable[[str], bool] = lambda _sop_instance_uid: True,
) -> Iterator[Instance]:
    """Make the instances of a study, in series and image order.

    Args:
        plan: The study; the same plan gives the same bytes.
        bodies: Where the anatomy comes from.
        transfer_syntax: SOP class UID → Implicit or Explicit VR Little Endian, or one of `CODECS` for images.
        wanted: Tells by SOP Instance UID which instances to make; the others are skipped before they are drawn.
    """
    for series in plan.series:
        chosen = {index: uid for index in range(series.images) if wanted(uid := series.sop_instance_uid(index))}
        if not chosen:
            continue
        syntax = transfer_syntax(sop_class_of(series))
        if series.kind in DOCUMENTS:
            yield _document(plan, series, syntax)
        else:
            yield from _images(plan, series, bodies, syntax, chosen)


def write_file(instance: Instance, path: Path) -> None:
    """Write an instance as a DICOM file (PS3.10 §7)."""
    with path.open("wb") as stream:
        stream.write(file_header(instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid))
        for part in instance.parts:
            stream.write(part)


def _document(plan: StudyPlan, series: SeriesPlan, syntax: str) -> Instance:
    data = encode(DOCUMENTS[series.kind](plan, series), syntax)
    return Instance(sop_class_of(series), series.sop_instance_uid(0), syntax, (data,))


def _images(
    plan: StudyPlan, series: SeriesPlan, bodies: Bodies, syntax: str, chosen: Mapping[int, str]
) -> Iterator[Instance]:
    recipe = RECIPES[series.kind](plan, series, bodies)
    sop_class = sop_class_of(series)
    is_compressed = syntax in CODECS
    vr = "OB" if is_compressed or recipe.bits <= 8 else "OW"
    template = SeriesTemplate(recipe.dataset(), varying_in(plan, series), syntax, vr)
    for index, sop_instance_uid in chosen.items():
        pixels = recipe.render(index)
        if is_compressed:
            data: bytes | memoryview = encapsulated(pixels, series.frames, recipe.bits, syntax)
            head = template.header(values_of(plan, series, index, sop_instance_uid), ENCAPSULATED)
        else:
            data = _native(pixels)
            head = template.header(values_of(plan, series, index, sop_instance_uid), len(data))
        yield Instance(sop_class, sop_instance_uid, syntax, (head, data))


def _native(pixels: Pixels) -> bytes | memoryview:
    """Give pixels as they are sent, padded to an even length."""
    data = np.ascontiguousarray(pixels).view(np.uint8).reshape(-1).data
    return data if len(data) % 2 == 0 else bytes(data) + b"\0"
