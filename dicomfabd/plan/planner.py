"""Order → study plan: a pure function of (order, catalogue, settings)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from dicomfabd.domain.draft import Choices
from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.domain.uids import UID_ROOT, derive_number, derive_uid
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.findings import draw_findings
from dicomfabd.plan.layout import SIZES, lay_out
from dicomfabd.plan.parser import BodyPart, Defaults, Recognition, recognise
from dicomfabd.plan.physique import body_of, complete
from dicomfabd.plan.protocol import KIND_OF, Kind, Procedure, Protocol, Scale, SeriesProtocol, default_look

RECIPE_VERSION: Final = 3
"""Raise it when the same plan would give other pixels or attributes, so that no UID ever names two images."""

BurnIn = Literal["all", "first", "none"]

_SERIES_APART: Final = timedelta(minutes=2)
_UNKNOWN_PART: Final = BodyPart("WHOLEBODY", Code("38266002", "Entire body", "SCT"), "abdomen", image_term="WHOLEBODY")
_IMAGE_SECONDS: Final = 0.5
_DOCUMENT_MODALITY: Final[dict[Kind, str]] = {
    "pdf": "DOC",
    "report": "SR",
    "dose": "SR",
    "key-objects": "KO",
    "presentation": "PR",
}
_NUMBERS_FROM_100: Final = ("dose-page", "sc", *_DOCUMENT_MODALITY)
_MODALITY_OF: Final[dict[Kind, str]] = {
    **_DOCUMENT_MODALITY, "ct": "CT", "mr": "MR", "us": "US", "us-clip": "US", "mg": "MG",
    "xa": "XA", "rf": "RF", "nm": "NM", "nm-tomo": "NM", "pt": "PT",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Making:
    """How a site wants its studies.

    Attributes:
        scale: How large they are, where neither protocol nor destination says.
        burn_in: On which images the patient is named.
        has_findings: Whether some patients have something to see.
        is_messy: Whether attributes are left out or misnamed as real departments do.
        uid_root: What UIDs begin with.
    """

    scale: Scale = "small"
    burn_in: BurnIn = "all"
    has_findings: bool = False
    is_messy: bool = False
    uid_root: str = UID_ROOT


class Planner:
    """Decides studies; holds nothing but the catalogue and the settings."""

    def __init__(self, catalog: Catalog, defaults: Defaults, making: Making) -> None:
        """Take the protocols, what to assume, and how studies are made."""
        self.catalog = catalog
        self._defaults = defaults
        self._making = making

    @property
    def choices(self) -> Choices:
        """What stands in for what an order does not say."""
        return Choices(self.choose_modality, self._making.uid_root)

    def choose_modality(self, procedure: Code, service: str) -> str:
        """Choose the modality of an order that names none; the same words give the same modality."""
        mapped = self.catalog.procedure(procedure)
        if mapped and (protocol := self.catalog.get(mapped.protocol)):
            xray = self._defaults.xray
            return xray if xray in protocol.modalities else protocol.modalities[0]
        return recognise(procedure.meaning or procedure.value, service, self._defaults, (procedure,)).modality

    def recognise(self, procedure: Code, service: str) -> tuple[Recognition, Protocol | None]:
        """Read a procedure and find its protocol; None is the fallback."""
        found = recognise(procedure.meaning or procedure.value, service, self._defaults, (procedure,))
        return self._matched(found, found.modality, (procedure,))

    def plan(self, order: Order, scale: Scale | None = None) -> StudyPlan:
        """Decide everything about an order's study.

        Args:
            order: The order; what it leaves out of its patient is made up.
            scale: What a destination asks for; else the protocol decides, else the site.
        """
        return self._plan(order, *self._choose(order), scale)

    def plan_as(self, order: Order, protocol: Protocol, scale: Scale | None = None) -> StudyPlan:
        """Decide an order's study by a protocol of one's own choice."""
        found, _ = self._choose(order)
        part = self.catalog.part_for(protocol, found.body_part)
        evidence = (f"protocol {protocol.id}: it was asked for", *found.evidence)
        return self._plan(order, replace(found, body_part=part, evidence=evidence), protocol, scale)

    def _plan(self, order: Order, found: Recognition, protocol: Protocol | None, scale: Scale | None) -> StudyPlan:
        order = replace(order, patient=complete(order.patient, order.scheduled_at.date()))
        part = found.body_part or _UNKNOWN_PART
        region = (protocol.draws if protocol else None) or part.region
        size_name = scale or (protocol.scale if protocol else None) or self._making.scale
        size = SIZES[size_name]
        side = _side(order, part, found.laterality)
        body = body_of(order.patient, region, self.catalog.regions[region], side, size.voxel)
        if self._making.has_findings:
            body = replace(body, findings=draw_findings(self.catalog.findings, body, order.study_instance_uid))
        name = protocol.id if protocol else "fallback"
        frame_uid = derive_uid(order.study_instance_uid, "frame", region, root=self._making.uid_root)
        plan = StudyPlan(
            order=order,
            protocol=name,
            evidence=(*found.evidence, f"protocol {name}" + ("" if protocol else ": none serves this order")),
            is_fallback=protocol is None,
            body_part=part.image_term,
            anatomic_region=part.code,
            body=body,
            study_id=order.requested_procedure_id,
            started_at=order.scheduled_at.replace(microsecond=0),
            frame_of_reference_uid=frame_uid,
            series=(),
            burn_in=self._making.burn_in,
            is_messy=self._making.is_messy,
        )
        items = _views(protocol, found) if protocol else (_fallback_page(),)
        version = f"{name} {protocol.version if protocol else 0} {RECIPE_VERSION} {size_name}"
        maker = _SeriesMaker(plan, size_name, version, self._making.uid_root)
        return replace(plan, series=tuple(maker.make(number, item) for number, item in enumerate(items, start=1)))

    def _choose(self, order: Order) -> tuple[Recognition, Protocol | None]:
        text = f"{order.procedure.meaning} {' '.join(step.description for step in order.steps)}"
        codes = (order.procedure, *(step.protocol_code for step in order.steps))
        found = recognise(text, order.diagnostic_service, self._defaults, codes)
        return self._matched(found, order.modality, codes)

    def _matched(
        self, found: Recognition, modality: str, codes: tuple[Code, ...]
    ) -> tuple[Recognition, Protocol | None]:
        """Find the protocol of what was recognised: by the site's map, else by what fits the modality."""
        mapped = next((item for code in codes if (item := self.catalog.procedure(code))), None)
        if mapped:
            return self._told(found, mapped), self.catalog.get(mapped.protocol)
        if found.modality != modality:
            evidence = (f"modality {modality}: the order says so", *found.evidence[1:])
            found = replace(found, modality=modality, evidence=evidence)
        return found, self.catalog.match(modality, found)

    def _told(self, found: Recognition, mapped: Procedure) -> Recognition:
        """Give what a procedure's words say where the site's map does not."""
        reason = f"protocol {mapped.protocol}: the site's map says so for {mapped.code}"
        return replace(
            found,
            body_part=self.catalog.body_part(mapped.body_part) or found.body_part,
            laterality=mapped.laterality or found.laterality,
            evidence=(reason, *found.evidence),
        )


class _SeriesMaker:
    """Makes the series of one study."""

    def __init__(self, plan: StudyPlan, scale: Scale, version: str, uid_root: str) -> None:
        self._plan = plan
        self._size = SIZES[scale]
        self._version = version
        self._uid_root = uid_root

    def make(self, number: int, item: SeriesProtocol) -> SeriesPlan:
        plan, order = self._plan, self._plan.order
        kind = item.kind or KIND_OF.get(order.modality, "sc")
        uid = derive_uid(order.study_instance_uid, self._version, item.key, root=self._uid_root)
        layout = lay_out(item, kind, self._plan.body, self._size)
        multiple = 1 if item.plane.startswith("scout") else self._size.multiple
        return SeriesPlan(
            key=item.key,
            kind=kind,
            number=number if kind not in _NUMBERS_FROM_100 else 100 + number,
            modality=_MODALITY_OF.get(kind, order.modality),
            series_instance_uid=uid,
            description=item.description,
            images=layout.images,
            frames=layout.frames,
            rows=layout.rows,
            columns=layout.columns,
            pixel_spacing=layout.spacing,
            slice_thickness=item.thickness * multiple,
            plane=item.plane,
            look=item.look or default_look(kind),
            noise=item.noise,
            kernel=item.kernel,
            window=item.window,
            started_at=plan.started_at + _SERIES_APART * number,
            image_seconds=_IMAGE_SECONDS,
            seed=derive_number("series", uid),
            stacks=layout.stacks,
            shots=layout.shots,
            view=item.view,
            side=item.side or plan.body.side,
            agent=item.agent,
            image_type=item.image_type,
            technique=item.technique,
            about=item.about,
            lines=_lines(plan) if kind == "sc" else (),
            uid_root=self._uid_root,
        )


def _lines(plan: StudyPlan) -> tuple[str, ...]:
    """Give what a page says."""
    if not plan.is_fallback:
        return (plan.order.procedure.meaning,)
    return "NO PROTOCOL FOR THIS PROCEDURE", plan.order.procedure.meaning, *plan.evidence


def _fallback_page() -> SeriesProtocol:
    return SeriesProtocol(
        key="page",
        description="NO PROTOCOL FOR THIS PROCEDURE",
        kind="sc",
        window=(128, 256),
        image_type=("DERIVED", "SECONDARY"),
    )


def _side(order: Order, part: BodyPart, asked: str) -> str:
    """Give the side that is drawn: of a paired part always one (type 2C), of the others none.

    Where the order names no single side, the patient does, the same one each time.
    """
    if not part.is_paired:
        return ""
    return asked if asked in ("L", "R") else "LR"[derive_number("side", order.patient.patient_id) % 2]


def _views(protocol: Protocol, found: Recognition) -> tuple[SeriesProtocol, ...]:
    """Give the series of a protocol; of radiographs, as many views as were asked for, on each side if both were."""
    projections = [item for item in protocol.series if item.kind_in(protocol) == "xray"]
    if not projections or len(projections) != len(protocol.series):
        return protocol.series
    wanted = projections[: max(1, found.views)] if found.views else projections
    part = found.body_part
    if found.laterality != "B" or part is None or not part.is_paired:
        return tuple(wanted)
    return tuple(_on(side, item) for item in wanted for side in ("R", "L"))


def _on(side: Literal["L", "R"], item: SeriesProtocol) -> SeriesProtocol:
    return item.model_copy(
        update={"key": f"{item.key}-{side.lower()}", "description": f"{item.description} {side}"[:64], "side": side}
    )
