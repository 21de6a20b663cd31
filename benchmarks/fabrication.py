"""Instances a second from order to encoded bytes, beside building each with pydicom and dcmwrite from the same pixels.

Both run on two processes, in turn, each process on its half of the images.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import RECIPES, fabricate
from dicomfabd.fabricate.varying import values_of
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from tests.builders import NOON, an_order

ROUNDS = 7
PROCESSES = 2
STUDIES = (
    ("CT CHEST WO", "CT", "lung", 300),
    ("MRI BRAIN", "MR", "ax-t2", 40),
    ("XR CHEST 2 VIEWS", "DX", "", 2),
    ("US ABDOMEN", "US", "stills", 16),
)
FIRST = """
import sys, time
from pathlib import Path
from benchmarks.fabrication import plan_of
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import fabricate
plan = plan_of("CT CHEST WO", "CT")
started = time.perf_counter()
next(fabricate(plan, Bodies(Path(sys.argv[1]))))
print(time.perf_counter() - started)
"""

Make = Callable[[str, str, str, int, Path, int], int]


@cache
def _planner() -> Planner:
    return Planner(Catalog.load(), Defaults(), Making("full"))


@cache
def _bodies(folder: Path) -> Bodies:
    return Bodies(folder)


def plan_of(text: str, modality: str, accession: str = "A1") -> StudyPlan:
    """Plan a study at full scale."""
    order = an_order(accession, procedure=Code("", text), steps=(StepDraft(modality=modality, scheduled_at=NOON),))
    return _planner().plan(order)


def _images(plan: StudyPlan, key: str, limit: int, part: int) -> list[tuple[SeriesPlan, int]]:
    chosen = [series for series in plan.series if series.kind in RECIPES and key in ("", series.key)]
    images = [(series, index) for series in chosen for index in range(series.images)]
    return (images * (limit // len(images) + 1))[:limit][part::PROCESSES]


def ours(text: str, modality: str, key: str, limit: int, folder: Path, part: int) -> int:
    """Make instances as the daemon does; give how many."""
    plan, bodies = plan_of(text, modality), _bodies(folder)
    images = _images(plan, key, limit, part)
    made = 0
    while images:
        # A plan has fewer images than a long series: it is made again, as for another order of the same kind.
        once = {series.sop_instance_uid(index) for series, index in images}
        for instance in fabricate(plan, bodies, wanted=once.__contains__):
            # The sender takes the parts as they are; nobody joins them.
            made += instance.size > 0
        images = images[len(once) :]
    return made


def with_pydicom(text: str, modality: str, key: str, limit: int, folder: Path, part: int) -> int:
    """Make the same instances one data set at a time; give how many."""
    plan, bodies = plan_of(text, modality), _bodies(folder)
    recipes = {
        series.key: RECIPES[series.kind](plan, series, bodies) for series in plan.series if series.kind in RECIPES
    }
    images = _images(plan, key, limit, part)
    for series, index in images:
        recipe = recipes[series.key]
        ds = recipe.dataset()
        for keyword, value in values_of(plan, series, index, series.sop_instance_uid(index)).items():
            if keyword in ds or keyword == "ImageComments":
                setattr(ds, keyword, value.split("\\") if "\\" in value else value)
        ds.PixelData = recipe.render(index).tobytes()
        ds["PixelData"].VR = "OB" if recipe.bits <= 8 else "OW"
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        pydicom.dcmwrite(BytesIO(), ds, enforce_file_format=True)
    return len(images)


def rate(pool: ProcessPoolExecutor, make: Make, study: tuple[str, str, str, int], folder: Path) -> float:
    """Give instances a second of one run on all processes, planning included."""
    started = time.perf_counter()
    jobs = [pool.submit(make, *study, folder, part) for part in range(PROCESSES)]
    return sum(job.result() for job in jobs) / (time.perf_counter() - started)


def main() -> None:
    """Print one line for each kind of study: medians of several rounds, the two ways in turn."""
    print(f"instances from order to encoded bytes on {PROCESSES} processes, beside pydicom + dcmwrite for each")
    print(f"{'study':>18} {'images':>7} {'pixels':>11} {'ours/s':>8} {'pydicom/s':>10} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(PROCESSES) as pool:
        folder = Path(name)
        for text, modality, key, limit in STUDIES:
            study = (text, modality, key, limit)
            for make in (ours, with_pydicom):
                for _ in range(2):
                    rate(pool, make, study, folder)  # bodies are built once and kept
            rounds = [(rate(pool, ours, study, folder), rate(pool, with_pydicom, study, folder)) for _ in range(ROUNDS)]
            mine, theirs = (statistics.median(pair[i] for pair in rounds) for i in (0, 1))
            shown = _images(plan_of(text, modality), key, limit, 0)[0][0]
            size = f"{shown.columns}x{shown.rows}"
            print(f"{text:>18} {limit:>7} {size:>11} {mine:>8.0f} {theirs:>10.0f} {mine / theirs:>6.1f}x")
        command = [sys.executable, "-c", FIRST, str(folder)]
        firsts = [
            float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(ROUNDS)
        ]
        print(f"first instance of a fresh process, bodies on disk: {statistics.median(firsts) * 1000:.0f} ms")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"a process held at most {memory:.0f} MiB, bodies mapped from files included")
    print()
