"""A study plan → its instances, encoded, one at a time: memory holds one image, not the study."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.modalities.ct import CtRecipe
from dicomfabd.fabricate.modalities.mr import MrRecipe
from dicomfabd.fabricate.modalities.recipe import Recipe
from dicomfabd.fabricate.modalities.secondary import PageRecipe
from dicomfabd.fabricate.modalities.xray import CrRecipe, DxRecipe
from dicomfabd.fabricate.template import SeriesTemplate

RECIPES: Final[Mapping[str, type[Recipe]]] = {
    "ct": CtRecipe,
    "mr": MrRecipe,
    "cr": CrRecipe,
    "dx": DxRecipe,
    "sc": PageRecipe,
}
"""Kind of series → how it is made. A new kind is one module and one line here."""


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


def sop_class_uids(plan: StudyPlan) -> tuple[str, ...]:
    """Give the SOP classes of a study, each once, for negotiation."""
    return tuple(dict.fromkeys(RECIPES[series.kind].sop_class_uid for series in plan.series))


def fabricate(
    plan: StudyPlan,
    transfer_syntax: Callable[[str], str] = lambda _sop_class: str(ExplicitVRLittleEndian),
    wanted: Callable[[str], bool] = lambda _sop_instance_uid: True,
) -> Iterator[Instance]:
    """Make the instances of a study, in series and image order.

    Args:
        plan: The study; the same plan gives the same bytes.
        transfer_syntax: SOP class UID → Implicit or Explicit VR Little Endian.
        wanted: Tells by SOP Instance UID which instances to make; the others are skipped before they are drawn.
    """
    for series in plan.series:
        indices = [index for index in range(series.images) if wanted(series.sop_instance_uid(index))]
        if not indices:
            continue
        recipe = RECIPES[series.kind](plan, series)
        syntax = transfer_syntax(recipe.sop_class_uid)
        template = SeriesTemplate(recipe.dataset(), _varying(series), syntax, recipe.pixel_vr)
        for index in indices:
            pixels = np.ascontiguousarray(recipe.render(index)).view(np.uint8).reshape(-1).data
            head = template.header(_values(series, index), len(pixels))
            yield Instance(recipe.sop_class_uid, series.sop_instance_uid(index), syntax, (head, pixels))


def write_file(instance: Instance, path: Path) -> None:
    """Write an instance as a DICOM file (PS3.10 §7)."""
    with path.open("wb") as stream:
        stream.write(file_header(instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid))
        for part in instance.parts:
            stream.write(part)


def _varying(series: SeriesPlan) -> list[str]:
    always = ["SOPInstanceUID", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime", "InstanceNumber"]
    return [*always, "ImagePositionPatient", "SliceLocation"] if series.grid else always


def _values(series: SeriesPlan, index: int) -> dict[str, str]:
    moment = series.acquired_at(index)
    date, time = headers.da(moment), headers.tm(moment)
    values = {
        "SOPInstanceUID": series.sop_instance_uid(index),
        "AcquisitionDate": date,
        "AcquisitionTime": time,
        "ContentDate": date,
        "ContentTime": time,
        "InstanceNumber": str(index + 1),
    }
    if series.grid:
        values["ImagePositionPatient"] = "\\".join(headers.ds_text(value) for value in series.grid.position(index))
        values["SliceLocation"] = headers.ds_text(headers.slice_location(series, index))
    return values
