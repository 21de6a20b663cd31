"""Bodies, built on first use and kept on disk: one for each window of an atlas, sex and habitus."""

import contextlib
import fcntl
import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import BodyPlan, Finding
from dicomfabd.fabricate.anatomy.breast import paint_breast
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas, Labels
from dicomfabd.fabricate.anatomy.head import paint_head
from dicomfabd.fabricate.anatomy.limbs import (
    paint_arm,
    paint_elbow,
    paint_foot,
    paint_forearm,
    paint_hand,
    paint_knee,
    paint_leg,
    paint_shoulder,
    paint_thigh,
)
from dicomfabd.fabricate.anatomy.pregnancy import paint_pregnancy
from dicomfabd.fabricate.anatomy.tissues import Tissue
from dicomfabd.fabricate.anatomy.torso import paint_torso
from dicomfabd.fabricate.anatomy.wholebody import paint_wholebody

ATLASES: Final[Mapping[str, Callable[[Canvas, Build], None]]] = {
    "head": paint_head,
    "breast": paint_breast,
    "torso": paint_torso,
    "shoulder": paint_shoulder,
    "arm": paint_arm,
    "elbow": paint_elbow,
    "forearm": paint_forearm,
    "hand": paint_hand,
    "thigh": paint_thigh,
    "knee": paint_knee,
    "leg": paint_leg,
    "foot": paint_foot,
    "wholebody": paint_wholebody,
    "pregnancy": paint_pregnancy,
}
"""Name of an atlas → what paints it."""

_KEPT_IN_MEMORY: Final = 24
_FINGERPRINT: Final = 10  # characters

Array = npt.NDArray[Any]


class Bodies:
    """Gives bodies and what is derived from them; each is made once and then mapped from a file.

    Not for use by several threads; several processes may share a folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Take the folder of the files; without one, everything is kept in memory only."""
        self._folder = folder
        self._known: OrderedDict[str, Array] = OrderedDict()

    def labels(self, body: BodyPlan) -> Labels:
        """Give the tissue labels of a body with its findings: uint8 of `Tissue`, shape (z, y, x), read-only."""
        healthy = self._kept(_name(body), lambda: build_body(body))
        if not body.findings:
            return healthy
        return self._remembered(f"{_name(body)} {body.findings}", lambda: _with_findings(healthy, body))

    def derived(self, body: BodyPlan, what: str, make: Callable[[Labels], Array]) -> Array:
        """Give what is made of a body's labels, e.g. a projection; read-only.

        Args:
            body: Whose; its stature plays no part.
            what: Names the result among all others of the body; letters, digits and dashes.
            make: Makes it.
        """
        name = f"{_name(body)}-{what}"
        if body.findings:
            return self._remembered(f"{name} {body.findings}", lambda: make(self.labels(body)))
        return self._kept(name, lambda: make(self.labels(body)))

    def _kept(self, name: str, make: Callable[[], Array]) -> Array:
        return self._remembered(name, lambda: self._on_disk(self._folder / name, make) if self._folder else make())

    def _remembered(self, name: str, make: Callable[[], Array]) -> Array:
        array = self._known.pop(name, None)
        if array is None:
            array = make()
            array.setflags(write=False)
        self._known[name] = array
        while len(self._known) > _KEPT_IN_MEMORY:
            self._known.popitem(last=False)
        return array

    def _on_disk(self, stem: Path, make: Callable[[], Array]) -> Array:
        path = stem.with_name(f"{stem.name}-{_fingerprint()}.npy")
        with contextlib.suppress(FileNotFoundError, ValueError):
            return _mapped(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            # Another process may have made it while this one waited.
            with contextlib.suppress(FileNotFoundError, ValueError):
                return _mapped(path)
            array = make()
            unfinished = path.with_suffix(".new")
            with unfinished.open("wb") as stream:
                np.save(stream, array)
            unfinished.replace(path)
            for other in set(path.parent.glob(f"{stem.name}-{'?' * _FINGERPRINT}.npy")) - {path}:
                other.unlink(missing_ok=True)  # of another version of the anatomy
        return _mapped(path)


def build_body(body: BodyPlan) -> Labels:
    """Build the labels of a body without its findings; see `Bodies.labels`."""
    canvas = Canvas.of_air(body.centre, body.extent, body.voxel_mm)
    side = canvas.mirrored() if body.side == "L" else canvas
    # The numbers depend on who is painted, not on the window: two windows of one atlas show one person.
    random = Random(f"{body.atlas} {body.sex} {body.habitus}")  # noqa: S311 - has to be the same each time
    ATLASES[body.atlas](side, Build(body.sex, body.habitus, random))
    return canvas.labels


def _with_findings(healthy: Labels, body: BodyPlan) -> Labels:
    labels = healthy.copy()
    air = Canvas.of_air(body.centre, body.extent, body.voxel_mm)
    canvas = Canvas(labels, (air.x[0, 0], air.y[0, :, 0], air.z[:, 0, 0]), body.voxel_mm)
    if body.side == "L":
        canvas = canvas.mirrored()
    for finding in body.findings:
        _paint(canvas, finding)
    return labels


def _paint(canvas: Canvas, finding: Finding) -> None:
    canvas.ellipsoid(finding.centre, finding.radii, Tissue[finding.tissue], [Tissue[name] for name in finding.inside])


def _name(body: BodyPlan) -> str:
    side = f"-{body.side}" if body.side else ""
    return f"{body.region}{side}-{body.sex}-{body.habitus}-{round(body.voxel_mm * 100)}"


@cache
def _fingerprint() -> str:
    """Give a name for this version of the anatomy: another one must not use its files."""
    digest = hashlib.sha256()
    for item in sorted(files("dicomfabd.fabricate.anatomy").iterdir(), key=lambda item: item.name):
        if item.name.endswith((".py", ".toml")):
            digest.update(item.read_bytes())
    return digest.hexdigest()[:_FINGERPRINT]


def _mapped(path: Path) -> Array:
    # A plain array over the mapping: its slices are cheaper than those of numpy's memmap.
    array: Array = np.load(path, mmap_mode="r").view(np.ndarray)
    return array


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time make a file; the others wait for it. What a file is made from has a lock of its own."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
