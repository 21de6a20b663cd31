"""Instances a second, drawn and encoded, beside building each with pydicom and dcmwrite from the same pixels.

Both run in this one process, in turn.
"""

import statistics
import time
from collections.abc import Callable
from io import BytesIO

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.study import RECIPES, _values, fabricate
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Planner
from tests.fabricate.test_study import plan_of

ROUNDS = 5
STUDIES = (("CT CHEST W CONTRAST", "CT", 120), ("MRI BRAIN", "MR", 120), ("XR CHEST 2 VIEWS", "DX", 2))


def ours(plan: StudyPlan, limit: int) -> int:
    """Make instances as the daemon does; give how many."""
    made = 0
    for made, instance in enumerate(fabricate(plan), start=1):
        b"".join(instance.parts)
        if made == limit:
            break
    return made


def with_pydicom(plan: StudyPlan, limit: int) -> int:
    """Make the same instances one data set at a time; give how many."""
    made = 0
    for series in plan.series:
        recipe = RECIPES[series.kind](plan, series)
        for index in range(series.images):
            ds = recipe.dataset()
            for keyword, value in _values(series, index).items():
                setattr(ds, keyword, value.split("\\") if "\\" in value else value)
            ds.PixelData = recipe.render(index).tobytes()
            ds["PixelData"].VR = recipe.pixel_vr
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            pydicom.dcmwrite(BytesIO(), ds, enforce_file_format=True)
            made += 1
            if made == limit:
                return made
    return made


def rate(make: Callable[[StudyPlan, int], int], plan: StudyPlan, limit: int) -> float:
    """Give instances a second of one run."""
    started = time.perf_counter()
    return make(plan, limit) / (time.perf_counter() - started)


def main() -> None:
    """Print one line for each kind of study: medians of several rounds, the two ways in turn."""
    print("instances fabricated and encoded in one process, beside pydicom + dcmwrite for each, from the same pixels")
    print(f"{'study':>22} {'pixels':>11} {'ours/s':>8} {'pydicom/s':>10} {'ratio':>7}")
    planner = Planner(Catalog.load(), Defaults(), "full")
    for text, modality, limit in STUDIES:
        plan = planner.plan(plan_of(text, modality).order)
        ours(plan, 1)  # the body is built once and kept
        rounds = [(rate(ours, plan, limit), rate(with_pydicom, plan, limit)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(pair[i] for pair in rounds) for i in (0, 1))
        size = f"{plan.series[-1].columns}x{plan.series[-1].rows}"
        print(f"{text:>22} {size:>11} {mine:>8.0f} {theirs:>10.0f} {mine / theirs:>6.1f}x")
    print()
