"""Order → study plan: a pure function of (order, catalogue, scale)."""

from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.study import Grid, SeriesPlan, StudyPlan, Vector
from dicomfabd.domain.uids import derive_number, derive_uid
from dicomfabd.plan.catalog import Catalog, Protocol, SeriesProtocol
from dicomfabd.plan.parser import BodyPart, Defaults, Recognition, recognise

Scale = Literal["full", "small", "tiny"]

RECIPE_VERSION: Final = 1
"""Raise it when the same plan would give other pixels or attributes, so that no UID ever names two images."""

SCALES: Final = {"full": (1, 1, 1.0), "small": (2, 2, 1.5), "tiny": (4, 6, 4.0)}
"""Scale → (divisor of the matrix, multiple of the step, edge of the body's voxels in mm)."""

_SERIES_APART: Final = timedelta(minutes=2)
_UNKNOWN_PART: Final = BodyPart("WHOLEBODY", Code("38266002", "Entire body", "SCT"), "abdomen")
_PAIRED_REGION: Final = "limb"
_SMALLEST_MATRIX: Final = 128  # the burned-in marks stay readable
_FALLBACK_ROWS: Final = {"full": 512, "small": 512, "tiny": 256}


class Planner:
    """Decides studies; holds nothing but the catalogue and the settings."""

    def __init__(self, catalog: Catalog, defaults: Defaults, scale: Scale) -> None:
        """Take the protocols, what to assume, and how large studies are."""
        self._catalog = catalog
        self._defaults = defaults
        self._scale = scale

    def choose_modality(self, procedure: Code, service: str) -> str:
        """Choose the modality of an order that names none; the same words give the same modality."""
        return recognise(procedure.meaning or procedure.value, service, self._defaults).modality

    def recognise(self, text: str, service: str) -> tuple[Recognition, Protocol | None]:
        """Read a procedure and find its protocol; None is the fallback."""
        found = recognise(text, service, self._defaults)
        region = (found.body_part or _UNKNOWN_PART).region
        return found, self._catalog.match(found.modality, region, found.contrast)

    def plan(self, order: Order) -> StudyPlan:
        """Decide everything about an order's study."""
        text = f"{order.procedure.meaning} {' '.join(step.description for step in order.steps)}"
        found = recognise(text, order.diagnostic_service, self._defaults)
        if found.modality != order.modality:
            found = replace(found, evidence=(f"modality {order.modality}: the order says so", *found.evidence[1:]))
        part = found.body_part or _UNKNOWN_PART
        protocol = self._catalog.match(order.modality, part.region, found.contrast)
        name = protocol.id if protocol else "fallback"
        frame_uid = derive_uid(order.study_instance_uid, "frame", part.region)
        extent = self._catalog.regions[part.region].extent
        series = (
            tuple(
                self._series(order, protocol, number, item, extent)
                for number, item in enumerate(_views(protocol, found.views), start=1)
            )
            if protocol
            else (self._fallback(order, found),)
        )
        return StudyPlan(
            order=order,
            protocol=name,
            evidence=(*found.evidence, f"protocol {name}" + ("" if protocol else ": none serves this order")),
            is_fallback=protocol is None,
            body_part=part.term,
            anatomic_region=part.code,
            laterality=_side(order, part, found.laterality),
            contrast=bool(found.contrast),
            region=part.region,
            extent=extent,
            voxel_mm=SCALES[self._scale][2],
            study_id=order.requested_procedure_id,
            started_at=order.scheduled_at.replace(microsecond=0),
            frame_of_reference_uid=frame_uid,
            series=series,
        )

    def _series(
        self, order: Order, protocol: Protocol, number: int, item: SeriesProtocol, extent: Vector
    ) -> SeriesPlan:
        divisor, multiple, _ = SCALES[self._scale]
        study_uid = order.study_instance_uid
        uid = derive_uid(study_uid, protocol.id, protocol.version, RECIPE_VERSION, self._scale, item.key)
        rows = max(_SMALLEST_MATRIX, item.matrix // divisor)
        grid, spacing, rows, columns, images = _geometry(item, extent, rows, item.step * multiple)
        is_projection = item.plane in ("pa", "lateral")
        return SeriesPlan(
            key=item.key,
            kind=order.modality.lower(),
            number=number,
            modality=order.modality,
            series_instance_uid=uid,
            description=item.description,
            images=images,
            rows=rows,
            columns=columns,
            pixel_spacing=spacing,
            slice_thickness=item.thickness if item.plane == "scout" else item.thickness * multiple,
            look=item.plane if is_projection or item.plane == "scout" else item.look,
            noise=item.noise,
            window=item.window,
            started_at=order.scheduled_at.replace(microsecond=0) + _SERIES_APART * number,
            image_seconds=0.5 if images > 1 else 1.0,
            seed=derive_number("series", uid),
            grid=grid,
            view=item.view,
            image_type=item.image_type,
            technique=item.technique,
        )

    def _fallback(self, order: Order, found: Recognition) -> SeriesPlan:
        """Plan a page that says that no protocol serves the order."""
        uid = derive_uid(order.study_instance_uid, "fallback", RECIPE_VERSION, self._scale)
        rows = _FALLBACK_ROWS[self._scale]
        return SeriesPlan(
            key="page",
            kind="sc",
            number=1,
            modality=order.modality,
            series_instance_uid=uid,
            description="NO PROTOCOL FOR THIS PROCEDURE",
            images=1,
            rows=rows,
            columns=rows,
            pixel_spacing=0.0,
            slice_thickness=0.0,
            look="page",
            noise=0,
            window=(128, 256),
            started_at=order.scheduled_at.replace(microsecond=0) + _SERIES_APART,
            image_seconds=1.0,
            seed=derive_number("series", uid),
            image_type=("DERIVED", "SECONDARY"),
            lines=("NO PROTOCOL FOR THIS PROCEDURE", order.procedure.meaning, *found.evidence),
        )


def _side(order: Order, part: BodyPart, asked: str) -> str:
    """Give the side that is drawn: of a paired part always one (type 2C), of the others none.

    Where the order names no single side, the patient does, the same one each time.
    """
    if part.region != _PAIRED_REGION:
        return ""
    return asked if asked in ("L", "R") else "LR"[derive_number("side", order.patient.patient_id) % 2]


def _views(protocol: Protocol, asked: int) -> tuple[SeriesProtocol, ...]:
    """Give the series of a protocol; of radiographs, as many views as were asked for."""
    is_radiograph = all(item.plane in ("pa", "lateral") for item in protocol.series)
    return protocol.series[: max(1, asked)] if is_radiograph and asked else protocol.series


def _geometry(item: SeriesProtocol, extent: Vector, rows: int, step: float) -> tuple[Grid | None, float, int, int, int]:
    """Lay out the images of a series over the body: grid, spacing, rows, columns, number of images.

    Cross-sections are square and as wide as the wider of the two axes they show; radiographs keep the body's shape.
    """
    width, depth, height = extent
    if item.plane in ("pa", "lateral"):
        across = width if item.plane == "pa" else depth
        columns = round(rows * across / height / 2) * 2
        return None, round(height / rows, 4), rows, columns, 1
    across, down, through = {
        "axial": (width, depth, height),
        "coronal": (width, height, depth),
        "scout": (width, height, depth),
        "sagittal": (depth, height, width),
    }[item.plane]
    spacing = round(max(across, down) / rows, 4)
    half = spacing * (rows - 1) / 2
    images = 1 if item.plane == "scout" else max(2, int(through * 0.9 // step))
    first = -step * (images - 1) / 2
    grids = {
        "axial": Grid((-half, -half, first), (1, 0, 0), (0, 1, 0), (0, 0, step)),
        "coronal": Grid((-half, first, half), (1, 0, 0), (0, 0, -1), (0, step, 0)),
        "scout": Grid((-half, -depth / 2, half), (1, 0, 0), (0, 0, -1), (0, step, 0)),
        "sagittal": Grid((-first, -half, half), (0, 1, 0), (0, 0, -1), (-step, 0, 0)),
    }
    return grids[item.plane], spacing, rows, rows, images
