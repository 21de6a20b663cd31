"""A study with everything decided and nothing drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.uids import derive_number, derive_uid

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
class SeriesPlan:
    """One series, ready to be drawn.

    Attributes:
        key: Name within the protocol; the UIDs depend on it.
        kind: Which recipe draws it: `ct`, `mr`, `cr`, `dx` or `sc`.
        images: Number of instances, 1 or more.
        pixel_spacing: Millimetres between pixel centres, both ways.
        look: Name of the tissue table (CT, MR) or of the projection (CR, DX).
        grid: Geometry of cross-sections; None for projections and pages.
        technique: DICOM keyword → value, as the protocol gives it (KVP, RepetitionTime, ...).
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
    grid: Grid | None = None
    view: str = ""
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY")
    technique: Mapping[str, str | int | float | list[str]] | None = None
    lines: tuple[str, ...] = ()

    def sop_instance_uid(self, index: int) -> str:
        """Give the UID of image `index`: a function of the series alone."""
        return derive_uid(self.series_instance_uid, index)

    def acquired_at(self, index: int) -> datetime:
        """Give the time of image `index`."""
        return self.started_at + timedelta(seconds=self.image_seconds * index)


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study, decided to the last number; a pure function of (order, protocol).

    Attributes:
        region: Which body is drawn, e.g. `chest`.
        extent: Its size along x, y, z in millimetres; its centre is the origin of the frame of reference.
        voxel_mm: How finely that body is built.
        laterality: `L` or `R` for a part that is one of a pair, else empty.
        evidence: Why this protocol was chosen, first reason first.
        is_fallback: True when no protocol fits and a page says so.
    """

    order: Order
    protocol: str
    evidence: tuple[str, ...]
    is_fallback: bool
    body_part: str
    anatomic_region: Code
    laterality: str
    contrast: bool
    region: str
    extent: Vector
    voxel_mm: float
    study_id: str
    started_at: datetime
    frame_of_reference_uid: str
    series: tuple[SeriesPlan, ...]

    @property
    def instances(self) -> int:
        """How many instances the study has."""
        return sum(series.images for series in self.series)

    @property
    def seed(self) -> int:
        """Give the seed of everything that varies from patient to patient."""
        patient = self.order.patient
        return derive_number("patient", patient.issuer_of_patient_id, patient.patient_id)
