"""A study with everything decided and nothing drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.uids import UID_ROOT, derive_number, derive_uid

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the pixels of a stack of parallel images lie in the patient (PS3.3 C.7.6.2.1.1).

    All lengths in millimetres, in the LPS patient coordinate system of the study's frame of reference.

    Attributes:
        origin: Centre of the first pixel of image 0.
        row_direction: Unit vector along a row (increasing column index).
        column_direction: Unit vector down a column (increasing row index).
        step: From one image to the next.
    """

    origin: Vector
    row_direction: Vector
    column_direction: Vector
    step: Vector

    def position(self, index: int) -> Vector:
        """Give ImagePositionPatient of image `index`."""
        x, y, z = (start + index * move for start, move in zip(self.origin, self.step, strict=True))
        return x, y, z


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a radiologist might report, painted into the body.

    Attributes:
        name: What it is, in words, for the report.
        tissue: Name of the tissue it is made of.
        centre: In the atlas, millimetres.
        radii: Half its size along x, y and z, millimetres.
        inside: Names of the tissues it may replace.
    """

    name: str
    tissue: str
    centre: Vector
    radii: Vector
    inside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """The body a study shows: a window of an atlas, of a person of a build.

    Attributes:
        region: Name of the window, e.g. `heart`.
        atlas: Whose coordinates it lies in: `head`, `torso`, `knee`, ...
        centre: Middle of the window in the atlas; it is the origin of the study's frame of reference. Millimetres.
        extent: Size of the window along x, y and z in the atlas, millimetres.
        voxel_mm: How finely the body is built.
        side: `L` or `R` where the part is one of a pair; the atlas holds the right one.
        stature: How much larger than the atlas this patient is along x, y and z; 1.0 is the atlas.
    """

    region: str
    atlas: str
    centre: Vector
    extent: Vector
    voxel_mm: float
    sex: Literal["F", "M"]
    habitus: Literal["slim", "average", "large"]
    side: Literal["", "L", "R"] = ""
    stature: Vector = (1.0, 1.0, 1.0)
    findings: tuple[Finding, ...] = ()

    @property
    def size(self) -> Vector:
        """Size of the window in the patient, millimetres."""
        x, y, z = (length * factor for length, factor in zip(self.extent, self.stature, strict=True))
        return x, y, z


@dataclass(frozen=True, slots=True)
class Stack:
    """Parallel cross-sections at even distances, all of one look.

    Attributes:
        look: Name of the tissue table.
        varying: DICOM keyword → value, the same for all its images but not for those of other stacks of the series.
    """

    grid: Grid
    images: int
    look: str
    varying: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture or run that somebody aims by hand.

    Attributes:
        name: What it shows.
        at: Where it is aimed, in the atlas, millimetres.
        plane: How it lies, as `SeriesPlan.plane`.
        depth: How far the beam reaches or the contrast spreads, millimetres; 0 is as far as one sees.
    """

    name: str
    at: Vector
    plane: str
    depth: float = 0.0


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series, ready to be drawn.

    Attributes:
        key: Name within the protocol; the UIDs depend on it.
        kind: Which recipe makes it: `ct`, `mr`, `xa`, `report`, ...
        images: Number of instances, 1 or more.
        frames: Of each instance, 1 or more.
        pixel_spacing: Millimetres between pixel centres, both ways.
        plane: How the images lie, or where they are projected from: `axial`, `scout`, `frontal`, `lateral`, `top`, ...
        look: Name of the tissue table.
        noise: Standard deviation in stored values.
        kernel: Whether noise is `soft` or `sharp`.
        stacks: Geometry of cross-sections and scouts; none for projections, shots and documents.
        shots: One for each instance of a series that is aimed by hand.
        view: ViewPosition of radiographs.
        side: `L` or `R` where it shows one of a pair.
        agent: What was injected (NM, PT).
        technique: DICOM keyword → value, as the protocol gives it (KVP, RepetitionTime, ...).
        about: Keys of the series that a document speaks of.
        lines: What a page says instead of a picture (secondary capture only).
    """

    key: str
    kind: str
    number: int
    modality: str
    series_instance_uid: str
    description: str
    images: int
    rows: int
    columns: int
    pixel_spacing: float
    slice_thickness: float
    look: str
    noise: int
    window: tuple[float, float]
    started_at: datetime
    image_seconds: float
    seed: int
    plane: str = ""
    frames: int = 1
    kernel: Literal["soft", "sharp"] = "soft"
    stacks: tuple[Stack, ...] = ()
    shots: tuple[Shot, ...] = ()
    view: str = ""
    side: Literal["", "L", "R"] = ""
    agent: str = ""
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY")
    technique: Mapping[str, str | int | float | list[str]] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    uid_root: str = UID_ROOT

    def sop_instance_uid(self, index: int) -> str:
        """Give the UID of image `index`: a function of the series alone."""
        return derive_uid(self.series_instance_uid, index, root=self.uid_root)

    def acquired_at(self, index: int) -> datetime:
        """Give the time of image `index`."""
        return self.started_at + timedelta(seconds=self.image_seconds * index)

    def place(self, index: int) -> tuple[Stack, int]:
        """Give the stack of image `index` and which of its images it is."""
        for stack in self.stacks:
            if index < stack.images:
                return stack, index
            index -= stack.images
        raise IndexError(f"series {self.key} has no such image")


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study, decided to the last number; a pure function of (order, patient, protocol).

    Attributes:
        evidence: Why this protocol was chosen, first reason first.
        is_fallback: True when no protocol fits and a page says so.
        burn_in: On which images of a series the patient is named; the stamp that says SYNTHETIC is on every one.
        is_messy: Whether attributes are left out or misnamed as real departments do.
    """

    order: Order
    protocol: str
    evidence: tuple[str, ...]
    is_fallback: bool
    body_part: str
    anatomic_region: Code
    body: BodyPlan
    study_id: str
    started_at: datetime
    frame_of_reference_uid: str
    series: tuple[SeriesPlan, ...]
    burn_in: Literal["all", "first", "none"] = "all"
    is_messy: bool = False

    @property
    def instances(self) -> int:
        """How many instances the study has."""
        return sum(series.images for series in self.series)

    @property
    def ended_at(self) -> datetime:
        """When its last image was taken."""
        return max(series.acquired_at(series.images - 1) for series in self.series)

    @property
    def performed_step_id(self) -> str:
        """PerformedProcedureStepID: the number of the scheduled step, as most modalities have it."""
        return self.order.steps[0].scheduled_procedure_step_id

    @property
    def performed_step_uid(self) -> str:
        """SOP Instance UID of the performed step (MPPS), which images name whether or not anybody is told of it.

        The same wherever the study goes; other series are another step performed for the same order.
        """
        series = (one.series_instance_uid for one in self.series)
        return derive_uid(self.order.study_instance_uid, "performed", *series, root=self.series[0].uid_root)

    @property
    def seed(self) -> int:
        """Give the seed of everything that varies from patient to patient."""
        patient = self.order.patient
        return derive_number("patient", patient.issuer_of_patient_id, patient.patient_id)

    def body_of(self, series: SeriesPlan) -> BodyPlan:
        """Give the body a series shows, which may be of the other side."""
        return self.body if series.side == self.body.side else replace(self.body, side=series.side)

    def series_of(self, key: str) -> SeriesPlan:
        """Give a series by its key."""
        return next(series for series in self.series if series.key == key)
