"""Content items of structured reports (PS3.3 C.17.3), and what all structured reports of ours share."""

from datetime import datetime

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.domain.uids import derive_uid
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.kinds import sop_class_of

CONTAINS = "CONTAINS"
OBSERVER = "HAS OBS CONTEXT"
MODIFIER = "HAS CONCEPT MOD"
PROPERTY = "HAS PROPERTIES"


def dcm(value: str, meaning: str) -> Code:
    """Give a concept of the DICOM controlled terminology (PS3.16 Annex D)."""
    return Code(value, meaning, "DCM")


def sct(value: str, meaning: str) -> Code:
    """Give a concept of SNOMED CT."""
    return Code(value, meaning, "SCT")


def text(name: Code, value: str, relation: str = CONTAINS) -> Dataset:
    """Give an item that holds text."""
    return _item(relation, "TEXT", name, TextValue=value)


def code(name: Code, value: Code, relation: str = CONTAINS, *children: Dataset) -> Dataset:
    """Give an item that holds a concept, with items below it."""
    item = _item(relation, "CODE", name, ConceptCodeSequence=headers.items(headers.code_item(value)))
    if children:
        item.ContentSequence = headers.items(*children)
    return item


def number(name: Code, value: float, unit: str, unit_meaning: str = "") -> Dataset:
    """Give an item that holds a measurement; the unit is UCUM."""
    measured = headers.item(
        NumericValue=f"{value:g}",
        MeasurementUnitsCodeSequence=headers.items(headers.code_item(Code(unit, unit_meaning or unit, "UCUM"))),
    )
    return _item(CONTAINS, "NUM", name, MeasuredValueSequence=headers.items(measured))


def uid(name: Code, value: str, relation: str = CONTAINS) -> Dataset:
    """Give an item that holds a UID."""
    return _item(relation, "UIDREF", name, UID=value)


def moment(name: Code, value: datetime, relation: str = CONTAINS) -> Dataset:
    """Give an item that holds a date and time."""
    return _item(relation, "DATETIME", name, DateTime=f"{value:%Y%m%d%H%M%S}")


def image(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    """Give an item that points at an image."""
    reference = headers.item(ReferencedSOPClassUID=sop_class_uid, ReferencedSOPInstanceUID=sop_instance_uid)
    return headers.item(RelationshipType=CONTAINS, ValueType="IMAGE", ReferencedSOPSequence=headers.items(reference))


def container(name: Code, *children: Dataset, template: str = "", relation: str = CONTAINS) -> Dataset:
    """Give an item that holds others; `template` is its TID of PS3.16."""
    item = _item(relation, "CONTAINER", name, ContinuityOfContent="SEPARATE", ContentSequence=headers.items(*children))
    if template:
        mapping = headers.item(MappingResource="DCMR", TemplateIdentifier=template)
        item.ContentTemplateSequence = headers.items(mapping)
    return item


def device_observer() -> list[Dataset]:
    """Give the items that say that a device, and no person, observed (PS3.16 TID 1004)."""
    return [
        code(dcm("121005", "Observer Type"), dcm("121007", "Device"), OBSERVER),
        uid(dcm("121012", "Device Observer UID"), derive_uid("device", "fabricator"), OBSERVER),
        text(dcm("121013", "Device Observer Name"), "FABRICATOR", OBSERVER),
        text(dcm("121014", "Device Observer Manufacturer"), "dicomfabd", OBSERVER),
        text(dcm("121015", "Device Observer Model Name"), "FABRICATOR", OBSERVER),
        text(dcm("121016", "Device Observer Serial Number"), "0001", OBSERVER),
    ]


def document(plan: StudyPlan, series: SeriesPlan, root: Dataset) -> Dataset:
    """Give a structured report around its root container (PS3.3 C.17.2)."""
    ds = headers.common(plan, series)
    order = plan.order
    ds.ContentDate, ds.ContentTime = headers.da(series.started_at), headers.tm(series.started_at)
    ds.ReferencedPerformedProcedureStepSequence = headers.items(headers.performed_step(plan))
    ds.CompletionFlag = "COMPLETE"
    ds.VerificationFlag = "UNVERIFIED"
    ds.PerformedProcedureCodeSequence = headers.items()
    ds.ReferencedRequestSequence = headers.items(
        headers.item(
            StudyInstanceUID=order.study_instance_uid,
            ReferencedStudySequence=headers.items(),
            AccessionNumber=order.accession_number,
            PlacerOrderNumberImagingServiceRequest=order.placer_order_number,
            FillerOrderNumberImagingServiceRequest=order.filler_order_number,
            RequestedProcedureID=order.requested_procedure_id,
            RequestedProcedureDescription=order.procedure.meaning,
            RequestedProcedureCodeSequence=headers.items(),
        )
    )
    for element in root:
        if element.keyword != "RelationshipType":
            ds.add(element)
    return ds


def evidence(plan: StudyPlan, *images: tuple[SeriesPlan, int]) -> Dataset:
    """Give an item that lists the images a document speaks of, by study and series (PS3.3 Table C.17-3)."""
    by_series: dict[str, list[Dataset]] = {}
    for series, index in images:
        by_series.setdefault(series.series_instance_uid, []).append(
            headers.item(
                ReferencedSOPClassUID=sop_class_of(series), ReferencedSOPInstanceUID=series.sop_instance_uid(index)
            )
        )
    return headers.item(
        StudyInstanceUID=plan.order.study_instance_uid,
        ReferencedSeriesSequence=headers.items(
            *(
                headers.item(SeriesInstanceUID=series_uid, ReferencedSOPSequence=headers.items(*references))
                for series_uid, references in by_series.items()
            )
        ),
    )


def _item(relation: str, value_type: str, name: Code, **values: object) -> Dataset:
    item = headers.item(
        RelationshipType=relation, ValueType=value_type, ConceptNameCodeSequence=headers.items(headers.code_item(name))
    )
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
