"""X-Ray Radiation Dose SR (PS3.3 A.35.8): CT by TID 10011, projection X-ray and mammography by TID 10001."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.documents.content import (
    MODIFIER,
    OBSERVER,
    PROPERTY,
    code,
    container,
    dcm,
    device_observer,
    document,
    moment,
    number,
    sct,
    text,
    uid,
)
from dicomfabd.fabricate.dose import IrradiationEvent, events_of

_ROOT: Final = dcm("113701", "X-Ray Radiation Dose Report")
_PROCEDURES: Final = {
    "ct": sct("77477000", "Computed Tomography X-Ray"),
    "mg": sct("71651007", "Mammography"),
}
_PROJECTION: Final = dcm("113704", "Projection X-Ray")
_MG_PER_SIDE: Final = {"L": ("80248007", "Left breast"), "R": ("73056007", "Right breast")}


def dose_report(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Write the dose of all exposures of the study."""
    events = events_of(plan)
    is_ct = any(event.kind == "ct" for event in events)
    kind = "ct" if is_ct else "mg" if any(event.kind == "mg" for event in events) else ""
    root = container(
        _ROOT,
        _procedure(kind),
        *device_observer(),
        *([_start(events), _end(events)] if is_ct else []),
        code(
            dcm("113705", "Scope of Accumulation"),
            dcm("113014", "Study"),
            OBSERVER,
            uid(dcm("110180", "Study Instance UID"), plan.order.study_instance_uid, PROPERTY),
        ),
        *(_ct_items(plan, events) if is_ct else _projection_items(plan, events, kind)),
        code(dcm("113854", "Source of Dose Information"), dcm("113856", "Automated Data Collection")),
        template="10011" if is_ct else "10001",
    )
    return document(plan, series, root)


def _procedure(kind: str) -> Dataset:
    intent = code(sct("363703001", "Has Intent"), sct("261004008", "Diagnostic Intent"), MODIFIER)
    return code(dcm("121058", "Procedure reported"), _PROCEDURES.get(kind, _PROJECTION), MODIFIER, intent)


def _start(events: Sequence[IrradiationEvent]) -> Dataset:
    return moment(dcm("113809", "Start of X-Ray Irradiation"), events[0].started_at, OBSERVER)


def _end(events: Sequence[IrradiationEvent]) -> Dataset:
    last = events[-1]
    return moment(
        dcm("113810", "End of X-Ray Irradiation"),
        last.started_at + timedelta(seconds=round(last.seconds) + 1),
        OBSERVER,
    )


def _ct_items(plan: StudyPlan, events: Sequence[IrradiationEvent]) -> list[Dataset]:
    total = sum(event.dlp_mgy_cm for event in events)
    accumulated = container(
        dcm("113811", "CT Accumulated Dose Data"),
        number(dcm("113812", "Total Number of Irradiation Events"), len(events), "{events}", "events"),
        number(dcm("113813", "CT Dose Length Product Total"), round(total, 1), "mGy.cm"),
        template="10012",
    )
    return [accumulated, *(_ct_event(plan, event) for event in events)]


def _ct_event(plan: StudyPlan, event: IrradiationEvent) -> Dataset:
    kind = dcm("113805", "Constant Angle Acquisition") if event.is_scout else sct("116152004", "Spiral Acquisition")
    target = plan.anatomic_region
    children = [
        text(dcm("125203", "Acquisition Protocol"), event.name),
        code(dcm("123014", "Target Region"), target),
        code(dcm("113820", "CT Acquisition Type"), kind),
        uid(dcm("113769", "Irradiation Event UID"), event.uid),
        _ct_parameters(event),
    ]
    if not event.is_scout:
        children.append(
            container(
                dcm("113829", "CT Dose"),
                number(dcm("113830", "Mean CTDIvol"), event.ctdi_vol_mgy, "mGy"),
                code(dcm("113835", "CTDIw Phantom Type"), dcm("113691", "IEC Body Dosimetry Phantom")),
                number(dcm("113838", "DLP"), event.dlp_mgy_cm, "mGy.cm"),
            )
        )
    return container(dcm("113819", "CT Acquisition"), *children, template="10013")


def _ct_parameters(event: IrradiationEvent) -> Dataset:
    source = container(
        dcm("113831", "CT X-Ray Source Parameters"),
        text(dcm("113832", "Identification of the X-Ray Source"), "A"),
        number(dcm("113733", "KVP"), event.kvp, "kV"),
        number(dcm("113833", "Maximum X-Ray Tube Current"), event.ma * 1.6, "mA"),
        number(dcm("113734", "X-Ray Tube Current"), event.ma, "mA"),
        *([] if event.is_scout else [number(dcm("113834", "Exposure Time per Rotation"), event.seconds, "s")]),
    )
    return container(
        dcm("113822", "CT Acquisition Parameters"),
        number(dcm("113824", "Exposure Time"), round(event.length_mm / 40 * max(event.seconds, 0.1), 2), "s"),
        number(dcm("113825", "Scanning Length"), event.length_mm, "mm"),
        number(dcm("113826", "Nominal Single Collimation Width"), 0.6, "mm"),
        number(dcm("113827", "Nominal Total Collimation Width"), 38.4, "mm"),
        *([] if event.is_scout else [number(dcm("113828", "Pitch Factor"), 1.0, "{ratio}", "ratio")]),
        number(dcm("113823", "Number of X-Ray Sources"), 1, "{X-Ray sources}", "X-Ray sources"),
        source,
    )


def _projection_items(plan: StudyPlan, events: Sequence[IrradiationEvent], kind: str) -> list[Dataset]:
    plane = code(dcm("113764", "Acquisition Plane"), dcm("113622", "Single Plane"), MODIFIER)
    if kind == "mg":
        sides = sorted({event.side for event in events if event.side})
        accumulated = [plane, *(_gland_dose(events, side) for side in sides)]
        inner = container(dcm("113702", "Accumulated X-Ray Dose Data"), *accumulated, template="10002")
    else:
        inner = container(dcm("113702", "Accumulated X-Ray Dose Data"), plane, *_totals(events), template="10002")
    return [inner, *(_projection_event(plan, event, kind) for event in events)]


def _gland_dose(events: Sequence[IrradiationEvent], side: str) -> Dataset:
    total = round(sum(event.mgy for event in events if event.side == side), 3)
    dose = number(dcm("111637", "Accumulated Average Glandular Dose"), total, "mGy")
    laterality = code(sct("272741003", "Laterality"), sct(*_MG_PER_SIDE[side]), MODIFIER)
    dose.ContentSequence = [laterality]
    return dose


def _totals(events: Sequence[IrradiationEvent]) -> list[Dataset]:
    area = round(sum(event.dgycm2 for event in events) * 1e-5, 8)
    dose = round(sum(event.mgy for event in events) / 1000, 6)
    seconds = round(sum(event.seconds for event in events), 2)
    return [
        number(dcm("113722", "Dose Area Product Total"), area, "Gy.m2"),
        number(dcm("113725", "Dose (RP) Total"), dose, "Gy"),
        number(dcm("113726", "Fluoro Dose Area Product Total"), area / 2, "Gy.m2"),
        number(dcm("113728", "Fluoro Dose (RP) Total"), dose / 2, "Gy"),
        number(dcm("113730", "Total Fluoro Time"), seconds, "s"),
        number(dcm("113727", "Acquisition Dose Area Product Total"), area / 2, "Gy.m2"),
        number(dcm("113729", "Acquisition Dose (RP) Total"), dose / 2, "Gy"),
        number(dcm("113855", "Total Acquisition Time"), seconds, "s"),
        code(dcm("113780", "Reference Point Definition"), dcm("113861", "15cm before Isocenter")),
    ]


def _projection_event(plan: StudyPlan, event: IrradiationEvent, kind: str) -> Dataset:
    target = Code("76752008", "Breast", "SCT") if kind == "mg" else plan.anatomic_region
    return container(
        dcm("113706", "Irradiation Event X-Ray Data"),
        code(dcm("113764", "Acquisition Plane"), dcm("113622", "Single Plane"), MODIFIER),
        uid(dcm("113769", "Irradiation Event UID"), event.uid),
        moment(dcm("111526", "DateTime Started"), event.started_at),
        code(dcm("113721", "Irradiation Event Type"), dcm("113611", "Stationary Acquisition")),
        text(dcm("125203", "Acquisition Protocol"), event.name),
        code(dcm("123014", "Target Region"), target),
        number(dcm("113733", "KVP"), event.kvp, "kV"),
        number(dcm("113734", "X-Ray Tube Current"), event.ma, "mA"),
        number(dcm("113824", "Exposure Time"), event.seconds * 1000, "ms"),
        *(
            [number(dcm("111631", "Average Glandular Dose"), event.mgy, "mGy")]
            if kind == "mg"
            else [
                number(dcm("122130", "Dose Area Product"), round(event.dgycm2 * 1e-5, 8), "Gy.m2"),
                number(dcm("113738", "Dose (RP)"), round(event.mgy / 1000, 6), "Gy"),
            ]
        ),
        template="10003",
    )
