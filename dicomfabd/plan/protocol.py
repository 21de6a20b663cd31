"""What a protocol file may say: the schema of `protocols/*.toml` and of a site's `protocols.d/*.toml`."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dicomfabd.plan.parser import Recognition

Modality = Literal["CT", "MR", "CR", "DX", "US", "MG", "XA", "RF", "NM", "PT", "OT"]
Kind = Literal[
    "ct", "mr", "xray", "mg", "us", "us-clip", "xa", "rf", "nm", "nm-tomo", "pt",
    "sc", "dose-page", "pdf", "report", "dose", "key-objects", "presentation",
]  # fmt: skip
Plane = Literal[
    "axial", "coronal", "sagittal", "scout", "scout-lateral",
    "frontal", "lateral", "oblique", "top", "cc", "mlo",
]  # fmt: skip
Scale = Literal["full", "small", "tiny"]
Contrast = Literal["with", "without", "both"]
Vector = tuple[float, float, float]
Key = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]

KIND_OF: Final[dict[str, Kind]] = {
    "CT": "ct", "MR": "mr", "CR": "xray", "DX": "xray", "US": "us", "MG": "mg",
    "XA": "xa", "RF": "rf", "NM": "nm", "PT": "pt", "OT": "sc",
}  # fmt: skip
"""Modality → what its series are when they do not say."""

DOCUMENTS: Final = frozenset({"pdf", "report", "dose", "key-objects", "presentation"})
"""Kinds without pixels."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShotProtocol(_Strict):
    """One picture or run that is aimed by hand; `at` in the region's atlas, millimetres."""

    name: str = Field(min_length=1, max_length=64)
    at: Vector
    plane: Plane = "axial"
    depth: float = Field(0.0, ge=0, le=400)


class SeriesProtocol(_Strict):
    """One series as the catalogue describes it, at full scale; lengths in millimetres.

    Attributes:
        kind: What it is made of; by default what its protocol's modality says.
        plane: How its images lie; `scout` and `scout-lateral` are CT projections, `frontal`, `lateral`, `oblique`,
            `top` radiographs, `cc` and `mlo` mammograms.
        also: Further planes in the same series, as localizers have.
        look: Name of the tissue table.
        b_values: Diffusion weightings in one series, s/mm²; 0 takes the look `dwi-b0`.
        step: From one cross-section to the next.
        thickness: Of a cross-section.
        images: How many cross-sections of each plane; by default what fills the body.
        frames: Of each clip, run or rotation.
        field: Edge of the field of view of cross-sections; by default what shows the whole body.
        span: How far the cross-sections reach together; by default nine tenths of the body.
        at: Middle of the cross-sections, in the region's atlas; by default the middle of the body.
        matrix: Rows and columns of a cross-section; rows of a radiograph.
        view: ViewPosition (PS3.3 C.8.1).
        side: Of one of a pair, where the order does not decide.
        agent: What was injected, for NM and PT.
        technique: DICOM keyword → value, written as it stands.
        about: Keys of the series a document speaks of.
    """

    key: str = Field(pattern=r"^[a-z0-9_-]{1,32}$")
    description: str = Field(min_length=1, max_length=64)
    kind: Kind | None = None
    plane: Plane = "axial"
    also: tuple[Plane, ...] = ()
    look: str = ""
    b_values: tuple[Annotated[int, Field(ge=0, le=5000)], ...] = ()
    step: float = Field(5.0, gt=0)
    thickness: float = Field(5.0, gt=0)
    images: int | None = Field(None, ge=1, le=2000)
    frames: int = Field(1, ge=1, le=500)
    field: float | None = Field(None, gt=10, le=2000)
    span: float | None = Field(None, gt=1, le=2500)
    at: Vector | None = None
    matrix: int = Field(512, ge=64, le=4096)
    noise: int = Field(10, ge=0, le=400)
    kernel: Literal["soft", "sharp"] = "soft"
    window: tuple[float, float] = (40, 400)
    view: str = Field("", max_length=16)
    side: Literal["", "L", "R"] = ""
    shots: tuple[ShotProtocol, ...] = ()
    agent: str = ""
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY")
    technique: dict[str, str | int | float | list[str]] = {}
    about: tuple[str, ...] = ()

    @field_validator("window")
    @classmethod
    def _window_is_open(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[1] < 1:
            raise ValueError("a window is [centre, width], and its width is at least 1")
        return value

    def kind_in(self, protocol: "Protocol") -> Kind:
        """Give what the series is made of, as part of a protocol."""
        return self.kind or KIND_OF[protocol.modalities[0]]


class Protocol(_Strict):
    """What a study consists of.

    Attributes:
        version: Raise it with every change: the UIDs of series and instances depend on it.
        modalities: Orders it serves.
        body_parts: Terms of BodyPartExamined it serves; empty is any.
        regions: Bodies it serves; empty is any.
        exams: Kinds of exam an order must ask for.
        laterality: Side an order must ask for; empty is any.
        contrast: Orders it serves; None is any. An order that says nothing asks for none.
        draws: The body it draws, whatever the order names; by default the body part's own.
        scale: Overrides the daemon's.
    """

    id: Key
    title: str = Field("", max_length=64)
    version: int = Field(1, ge=1)
    modalities: tuple[Modality, ...] = Field(min_length=1)
    body_parts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    exams: tuple[str, ...] = ()
    contrast: Contrast | None = None
    laterality: Literal["", "L", "R"] = ""
    draws: str | None = None
    scale: Scale | None = None
    series: tuple[SeriesProtocol, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _series_fit(self) -> "Protocol":
        for item in self.series:
            kind = item.kind_in(self)
            if kind in ("us", "us-clip", "xa", "rf") and not item.shots:
                raise ValueError(f"series {item.key}: a series of kind {kind} needs shots")
            if kind in ("key-objects", "presentation") and not item.about:
                raise ValueError(f"series {item.key}: say by `about` which series it points at")
        return self

    def fitness(self, found: Recognition) -> tuple[int, int, int, int] | None:
        """Tell how closely the protocol fits what was recognised: more specific is greater; None is not at all."""
        part = found.body_part
        if self.body_parts and (part is None or part.term not in self.body_parts):
            return None
        if self.regions and (part is None or part.region not in self.regions):
            return None
        if not set(self.exams) <= found.exams:
            return None
        contrast = _contrast_fitness(self.contrast, found)
        if contrast is None or self.laterality not in ("", found.laterality):
            return None
        return bool(self.body_parts), len(self.exams), bool(self.regions), contrast + bool(self.laterality)


class Procedure(_Strict):
    """A line of a site's map from its own procedure codes (OBR-4.1, OBR-4.3) to protocols."""

    code: str = Field(min_length=1, max_length=64)
    scheme: str = ""
    protocol: Key
    body_part: str = ""
    laterality: Literal["", "L", "R", "B"] = ""


class FindingRule(_Strict):
    """Something that some patients have, where it may lie in the atlas and how large it may be.

    Attributes:
        low, high: Corners of the box its middle lies in, millimetres.
        radius: Smallest and largest half size, millimetres.
        inside: Tissues it may replace.
        sex: Of patients who may have it; empty is any.
    """

    name: str = Field(min_length=1, max_length=64)
    regions: tuple[str, ...] = Field(min_length=1)
    tissue: str
    low: Vector
    high: Vector
    radius: tuple[float, float]
    inside: tuple[str, ...] = Field(min_length=1)
    sex: Literal["", "F", "M"] = ""


class Region(_Strict):
    """A body that can be drawn: a window of an atlas, in millimetres along x (right-left), y (front-back), z (up)."""

    atlas: str
    centre: Vector
    extent: Vector
    voxel_mm: float = Field(gt=0.2, le=10)
    sex: Literal["", "F", "M"] = ""


def _contrast_fitness(asked: Contrast | None, found: Recognition) -> int | None:
    if asked is None:
        return 0
    is_both = found.both_phases
    has = bool(found.contrast)
    if asked == "both":
        return 2 if is_both else None
    if asked == "with":
        return 1 if has else None
    return 1 if not has else None


def default_look(kind: Kind) -> str:
    """Give the tissue table of a series that names none."""
    return _LOOKS.get(kind, "mu")


_LOOKS: Final[dict[Any, str]] = {"ct": "ct", "mr": "t1", "us": "echo", "us-clip": "echo", "pt": "suv", "mg": "mu-low"}
