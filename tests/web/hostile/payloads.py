"""What an attacker would write where a name is expected, and everything that carries names filled with it."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from dicomfabd.dimse.datasets import encode, read_attributes
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.domain.order import Code, Order
from tests.builders import an_order

MARK: Final = "zq7x"
"""Stands in every payload; where it is the name of an element or an attribute, one got through."""

TAG: Final = f'"><{MARK} a=1>'
TEXT: Final = f"'\"><script>window.__x=1</script><{MARK} {MARK}a=1>{{{{7777*7777}}}}"
IMAGE: Final = f"<img src={MARK} onerror=window.__x=1>"
URL: Final = f"javascript:window.__x=1//{MARK}"
TEMPLATE: Final = f"{MARK}{{{{7777*7777}}}}{{% raw %}}${{7777*7777}}"
PRODUCT: Final = str(7777 * 7777)
TURNED: Final = f"{MARK}\u202eTXET\u2066\u200f\u2028\ufeff"
NOTHING: Final = f"{MARK}\x00null undefined NaN"
PAYLOADS: Final = (TAG, TEXT, IMAGE, URL, TEMPLATE, TURNED, NOTHING)

_ESCAPED: Final = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})
EXPLICIT: Final = "1.2.840.10008.1.2.1"
STUDY, SERIES = "2.25.7700", "2.25.7701"
CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
REPORT: Final = "1.2.840.10008.5.1.4.1.1.88.11"
IMAGES: Final = ("2.25.7702", "2.25.7703")


def rotating(start: int = 0) -> Iterator[str]:
    """Give the payloads one after the other, again and again."""
    while True:
        for number in range(len(PAYLOADS)):
            yield PAYLOADS[(start + number) % len(PAYLOADS)]


def hl7(text: str) -> str:
    """Give a text as it stands in a field."""
    return text.translate(_ESCAPED).replace("\x00", "")


def filled(name: str, known: dict[int, str], amount: int, payloads: Iterator[str]) -> str:
    """Give a segment all of whose fields carry a payload, but for those that are known."""
    values = [known.get(number, hl7(next(payloads))) for number in range(1, amount + 1)]
    return "|".join([name, *values])


def order_message(accession: str, start: int = 0, **head: str) -> bytes:
    """Give an ORM^O01 with a payload in every field that need not have a form of its own."""
    payloads = rotating(start)
    who = {"application": hl7(TEXT), "facility": hl7(IMAGE), "control_id": TAG} | head
    msh = (
        f"MSH|^~\\&|{who['application']}|{who['facility']}|{hl7(IMAGE)}|{hl7(TEXT)}|20260302120000|{TEMPLATE}|"
        f"ORM^O01|{who['control_id']}|T|2.5.1|{hl7(URL)}|{TAG}|||{TAG}|UNICODE UTF-8"
    )
    name = "^".join((hl7(IMAGE), hl7(TURNED)))
    identifier = f"{hl7(TAG)}{accession}^^^{TAG}"
    procedure = "^".join((hl7(TAG), hl7(TEXT), TAG))
    physician = "^".join((hl7(TAG), hl7(IMAGE)))
    segments = [
        msh,
        filled("PID", {1: "1", 2: "", 3: identifier, 5: name, 7: "19800101", 8: "F"}, 30, payloads),
        filled("NTE", {1: "1"}, 3, payloads),
        filled("PV1", {1: "1", 2: "O", 8: physician}, 52, payloads),
        filled("AL1", {1: "1"}, 6, payloads),
        filled("ORC", {1: "NW", 2: f"PL{TAG}", 3: f"FL{TAG}", 5: "SC", 7: "^^^20260302130000^^S"}, 25, payloads),
        filled(
            "OBR",
            {1: "1", 2: f"PL{TAG}", 3: f"FL{TAG}", 4: procedure, 7: "20260302", 18: accession, 24: "CT", 27: "", 36: "",
             44: procedure},
            47,
            payloads,
        ),
    ]  # fmt: skip
    return ("\r".join(segments) + "\r").encode()


def patient_message(control_id: str) -> bytes:
    """Give an ADT^A08 with a payload in every field of the patient."""
    payloads = rotating(2)
    pid = {1: "1", 2: "", 3: f"{hl7(IMAGE)}^^^{TAG}", 5: f"{hl7(IMAGE)}^{hl7(TURNED)}", 7: "19800101", 8: "F"}
    segments = [
        f"MSH|^~\\&|{hl7(TEXT)}|{hl7(URL)}|||20260302120000||ADT^A08|{control_id}|T|2.5.1||||||UNICODE UTF-8",
        filled("PID", pid, 30, payloads),
        filled("PV1", {1: "1", 2: "O"}, 52, payloads),
    ]
    return ("\r".join(segments) + "\r").encode()


def refused_messages() -> list[bytes]:
    """Give messages nobody can do anything with, each hostile where it says what it is."""
    good = order_message("X1").decode()
    return [
        good.replace("|ORM^O01|", f"|{hl7(TEXT)}^{TAG}|").encode(),
        good.replace("|T|2.5.1|", f"|{TAG}|{TAG}|").encode(),
        good.replace("\rORC|NW|", f"\rORC|{hl7(TEXT)}|").encode(),
        good.replace("\rPID|", f"\r{TAG}|").encode(),
        f"{TEXT}\r{IMAGE}".encode(),
        good.encode().replace(b"UNICODE UTF-8", TAG.encode()),
    ]


def hostile_order(accession: str) -> Order:
    """Give an order all of whose texts are hostile, as no intake would let it be."""
    order = an_order(accession, procedure=Code(TAG, TEXT, TAG), referring_physician=f"{IMAGE}^{TURNED}")
    patient = replace(
        order.patient,
        **{
            field.name: payload
            for field, payload in zip(fields(order.patient), rotating(), strict=False)
            if isinstance(getattr(order.patient, field.name), str)
            and field.name not in ("patient_birth_date", "patient_sex")
        },
    )
    texts = {
        field.name: payload
        for field, payload in zip(fields(order), rotating(1), strict=False)
        if isinstance(getattr(order, field.name), str)
        and field.name not in ("accession_number", "study_instance_uid", "priority")
        and type(getattr(order, field.name)) is str
    }
    return replace(order, patient=patient, **texts)


def instance(sop_class: str, uid: str, number: int) -> Dataset:
    """Give an instance every text of which is a payload, private elements, sequences and UIDs too."""
    payloads = rotating(number)
    dataset = Dataset()
    for keyword in (
        "ImageType", "StudyDate", "StudyTime", "AccessionNumber", "Modality", "Manufacturer", "InstitutionName",
        "InstitutionAddress", "ReferringPhysicianName", "StationName", "StudyDescription", "SeriesDescription",
        "OperatorsName", "ManufacturerModelName", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate",
        "PatientSex", "PatientAge", "PatientAddress", "PatientComments", "BodyPartExamined", "ProtocolName", "StudyID",
        "SeriesNumber", "Laterality", "ImageLaterality", "ViewPosition", "ImageComments", "DerivationDescription",
        "PerformedStationName", "RequestedProcedureDescription", "RequestAttributesSequence",
        "SOPClassUID", "WindowCenterWidthExplanation", "DocumentTitle", "ContentLabel", "RescaleType", "Units",
    ):  # fmt: skip
        if keyword == "RequestAttributesSequence":
            item = Dataset()
            item.add_new("ScheduledProcedureStepDescription", "LO", next(payloads))
            dataset.RequestAttributesSequence = DicomSequence([item])
        else:
            # As LO or PN, whatever it should be: pydicom would not write a wrong DA.
            dataset.add_new(keyword, "PN" if keyword.endswith("Name") else "LO", next(payloads).replace("\\", ""))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.add_new(0x00091001, "LO", TEXT)
    dataset.add_new(0x00090010, "LO", IMAGE)
    dataset.add_new(0x00091002, "UN", IMAGE.encode())
    dataset.add_new(0x00091003, "UI", TAG)
    dataset.add_new("FrameOfReferenceUID", "UI", URL)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY, SERIES if sop_class == CAPTURE else f"{SERIES}.1"
    dataset.SOPInstanceUID = uid
    del dataset.SOPClassUID
    dataset.SOPClassUID = sop_class
    if sop_class == CAPTURE:
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.Rows = dataset.Columns = 8
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
        dataset.PixelData = bytes(range(64))
    else:
        dataset.ValueType, dataset.ContentSequence = (
            "CONTAINER",
            DicomSequence([_said(payload) for payload in PAYLOADS]),
        )
        dataset.ConceptNameCodeSequence = DicomSequence([_code()])
    return dataset


def stored(dataset: Dataset) -> tuple[StoreRequest, Dataset]:
    """Give what a sender of an instance sends, and what is read of it."""
    body = encode(dataset, EXPLICIT)
    request = StoreRequest(str(dataset.SOPClassUID), str(dataset.SOPInstanceUID), EXPLICIT, body)
    return request, read_attributes(request)


def _said(payload: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", "TEXT", DicomSequence([_code()])
    item.add_new("TextValue", "UT", payload)
    return item


def _code() -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99ZZ", IMAGE
    return code
