"""The radiation a study's series would have cost: one account for the dose page and for the dose report."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.domain.uids import derive_uid

_CTDI_PER_MAS: Final = 0.07
_DEFAULT_MAS: Final = 110.0
_SCOUT_MGY: Final = 0.1


@dataclass(frozen=True)
class IrradiationEvent:
    """One time the X-rays were on (PS3.16 TID 10013, 10003).

    Attributes:
        length_mm: What was scanned.
        ctdi_vol_mgy: Mean dose in the phantom (CT).
        dlp_mgy_cm: That times the length (CT).
        kvp: Tube voltage.
        ma: Tube current.
        seconds: Exposure time.
        mgy: Dose at the reference point or to the gland (projection).
        dgycm2: Dose area product (projection).
    """

    uid: str
    name: str
    kind: str
    started_at: datetime
    length_mm: float
    ctdi_vol_mgy: float
    dlp_mgy_cm: float
    kvp: float
    ma: float
    seconds: float
    mgy: float
    dgycm2: float
    is_scout: bool
    side: str


def events_of(plan: StudyPlan) -> tuple[IrradiationEvent, ...]:
    """Give the exposures of a study, in order; what is only reconstructed again costs none."""
    exposed = [item for item in plan.series if item.kind in ("ct", "xa", "mg", "xray", "rf")]
    return tuple(_event(item) for item in exposed if item.image_type[0] == "ORIGINAL")


def _event(series: SeriesPlan) -> IrradiationEvent:
    is_scout = series.plane.startswith("scout")
    mas = float(str(series.technique.get("Exposure", _DEFAULT_MAS)))
    length = _length_mm(series)
    ctdi = _SCOUT_MGY if is_scout else mas * _CTDI_PER_MAS
    return IrradiationEvent(
        uid=derive_uid(series.series_instance_uid, "irradiation", root=series.uid_root),
        name=series.description,
        kind=series.kind,
        started_at=series.started_at,
        length_mm=length,
        ctdi_vol_mgy=round(ctdi, 2),
        dlp_mgy_cm=round(ctdi * length / 10, 1),
        kvp=float(str(series.technique.get("KVP", 120))),
        ma=float(str(series.technique.get("XRayTubeCurrent", 220))),
        seconds=float(str(series.technique.get("ExposureTime", 500))) / 1000 * max(1, series.frames),
        mgy=round(mas * 0.05, 3),
        dgycm2=round(mas * 0.2, 3),
        is_scout=is_scout,
        side=series.side,
    )


def _length_mm(series: SeriesPlan) -> float:
    if not series.stacks:
        return 0.0
    stack = series.stacks[0]
    if series.plane.startswith("scout"):
        return round(series.pixel_spacing * series.rows, 1)
    x, y, z = stack.grid.step
    length: float = (x * x + y * y + z * z) ** 0.5 * stack.images
    return round(length, 1)
