"""The attribute modules every object shares (PS3.3 C.7 and C.12), written from a study plan."""

from datetime import date, datetime
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd import __version__
from dicomfabd.domain.order import Code, Order, Step
from dicomfabd.domain.performed import MODALITY_PERFORMED_PROCEDURE_STEP
from dicomfabd.domain.study import Grid, SeriesPlan, StudyPlan
from dicomfabd.domain.uids import derive_number
from dicomfabd.fabricate.kinds import sop_class_of
from dicomfabd.fabricate.marks import STAMP

# Schemes a reader of our images can look up (PS3.16 Table 8-1). A hospital's own codes mean nothing outside it,
# validators warn of them, and the study's description says the same in words; the worklist gives them to the
# modality all the same.
_PUBLIC_SCHEMES: Final = frozenset({"LN", "SCT", "DCM", "RADLEX", "C4", "I10"})


def common(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Give a data set with what every composite object has: patient, study, series, equipment, SOP common."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class_of(series)
    ds.SOPInstanceUID = series.sop_instance_uid(0)
    ds.SyntheticData = "YES"
    _patient(ds, plan.order, plan.started_at)
    _study(ds, plan)
    _series(ds, plan, series)
    _equipment(ds, plan, series)
    ds.InstanceNumber = 1
    return ds


def performed_step(plan: StudyPlan) -> Dataset:
    """Give the item that names the performed step (MPPS) an instance came out of."""
    return item(
        ReferencedSOPClassUID=MODALITY_PERFORMED_PROCEDURE_STEP, ReferencedSOPInstanceUID=plan.performed_step_uid
    )


def image(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Give what every image has besides: its place in the procedure, its type and its times."""
    ds = common(plan, series)
    performed(ds, plan)
    if plan.order.steps[0].performing_physician:
        ds.PerformingPhysicianName = pn(plan.order.steps[0].performing_physician)
    ds.BodyPartExamined = "" if plan.is_messy else plan.body_part
    if series.side and not (series.kind == "mg" or series.modality == "DX"):
        # Type 2C for one of a pair; mammograms and DX say it by ImageLaterality.
        ds.Laterality = series.side
    ds.ImageType = list(series.image_type)
    ds.BurnedInAnnotation = "NO" if plan.burn_in == "none" else "YES"
    ds.LossyImageCompression = "00"
    set_time(ds, series.acquired_at(0))
    return ds


def set_time(ds: Dataset, moment: datetime) -> None:
    """Set acquisition and content date and time."""
    ds.AcquisitionDate = ds.ContentDate = da(moment)
    ds.AcquisitionTime = ds.ContentTime = tm(moment)


def frame_of_reference(ds: Dataset, plan: StudyPlan) -> None:
    """Add the Frame of Reference Module (PS3.3 C.7.4.1)."""
    ds.FrameOfReferenceUID = plan.frame_of_reference_uid
    ds.PositionReferenceIndicator = ""


def image_plane(ds: Dataset, series: SeriesPlan) -> None:
    """Add the Image Plane Module (PS3.3 C.7.6.2) for image 0."""
    ds.ImageOrientationPatient = orientation_text(series.stacks[0].grid).split("\\")
    ds.ImagePositionPatient = position_text(series, 0).split("\\")
    ds.SliceLocation = location_text(series, 0)
    ds.SliceThickness = ds_text(series.slice_thickness)
    ds.PixelSpacing = [ds_text(series.pixel_spacing)] * 2


def grey_pixels(ds: Dataset, series: SeriesPlan, bits: int, *, is_signed: bool = False) -> None:
    """Add the Image Pixel Module (PS3.3 C.7.6.3) for grey values, without the pixels; 8 bits or less take one byte."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows = series.rows
    ds.Columns = series.columns
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(is_signed)
    ds.WindowCenter, ds.WindowWidth = (f"{value:g}" for value in series.window)


def colour_pixels(ds: Dataset, series: SeriesPlan) -> None:
    """Add the Image Pixel Module for 8 bit RGB, colour by pixel."""
    ds.SamplesPerPixel = 3
    ds.PhotometricInterpretation = "RGB"
    ds.PlanarConfiguration = 0
    ds.Rows = series.rows
    ds.Columns = series.columns
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.PixelRepresentation = 0


def cine(ds: Dataset, frames: int, per_second: int) -> None:
    """Add the Cine and Multi-frame Modules (PS3.3 C.7.6.5, C.7.6.6)."""
    ds.NumberOfFrames = frames
    ds.FrameTime = ds_text(1000 / per_second)
    ds.FrameIncrementPointer = 0x00181063
    ds.CineRate = ds.RecommendedDisplayFrameRate = per_second


def technique(ds: Dataset, series: SeriesPlan) -> None:
    """Add what the protocol says, keyword by keyword."""
    for keyword, value in series.technique.items():
        setattr(ds, keyword, value)


def orientation_text(grid: Grid) -> str:
    """Give ImageOrientationPatient, encoded."""
    return "\\".join(f"{value:g}" for value in (*grid.row_direction, *grid.column_direction))


def position_text(series: SeriesPlan, index: int) -> str:
    """Give ImagePositionPatient of an image, encoded."""
    stack, number = series.place(index)
    return "\\".join(ds_text(value) for value in stack.grid.position(number))


def location_text(series: SeriesPlan, index: int) -> str:
    """Give SliceLocation: the place of an image along the normal of its stack, in millimetres, encoded."""
    stack, number = series.place(index)
    x, y, z = stack.grid.position(number)
    sx, sy, sz = stack.grid.step
    length: float = (sx * sx + sy * sy + sz * sz) ** 0.5
    return ds_text((x * sx + y * sy + z * sz) / length)


def items(*datasets: Dataset) -> Sequence:
    """Give a sequence of some items."""
    return Sequence(datasets)


def item(**values: Any) -> Dataset:
    """Give an item with some attributes, by keyword."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def sct(value: str, meaning: str) -> Dataset:
    """Give an item that names a concept of SNOMED CT."""
    return code_item(Code(value, meaning, "SCT"))


def code_item(code: Code) -> Dataset:
    """Give an item of a code sequence (PS3.3 §8.8)."""
    return item(CodeValue=code.value, CodingSchemeDesignator=code.scheme, CodeMeaning=code.meaning)


def da(moment: datetime | date) -> str:
    """Give a DICOM date."""
    return moment.strftime("%Y%m%d")


def tm(moment: datetime) -> str:
    """Give a DICOM time with milliseconds."""
    return moment.strftime("%H%M%S.") + f"{moment.microsecond // 1000:03d}"


def public_codes(code: Code) -> list[Dataset]:
    """Give what goes into a code sequence of an instance: the code, if readers elsewhere can look it up."""
    return [code_item(code)] if code.is_complete and code.scheme in _PUBLIC_SCHEMES else []


def pn(name: str) -> str:
    """Give a name that says it has components: one without a caret is the retired form of ACR-NEMA (PS3.5 §6.2.1)."""
    first, equals, rest = name.partition("=")
    return f"{first}^{equals}{rest}" if 0 < len(first) < 64 and "^" not in first else name


def ds_text(value: float) -> str:
    """Give a decimal string: at most four places, no exponent, never negative zero."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _patient(ds: Dataset, order: Order, at: datetime) -> None:
    patient = order.patient
    ds.PatientName = pn(patient.patient_name)
    ds.PatientID = patient.patient_id
    if patient.issuer_of_patient_id:
        ds.IssuerOfPatientID = patient.issuer_of_patient_id
    ds.PatientBirthDate = patient.patient_birth_date
    ds.PatientSex = patient.patient_sex
    if age := _age(patient.patient_birth_date, at.date()):
        ds.PatientAge = age
    if patient.patient_size is not None:
        ds.PatientSize = ds_text(patient.patient_size)
    if patient.patient_weight is not None:
        ds.PatientWeight = ds_text(patient.patient_weight)
    if patient.ethnic_group:
        ds.EthnicGroup = patient.ethnic_group
    ds.PatientComments = STAMP


def _study(ds: Dataset, plan: StudyPlan) -> None:
    order = plan.order
    ds.StudyInstanceUID = order.study_instance_uid
    ds.StudyID = plan.study_id
    ds.StudyDate = da(plan.started_at)
    ds.StudyTime = tm(plan.started_at)
    ds.AccessionNumber = order.accession_number
    ds.ReferringPhysicianName = pn(order.referring_physician)
    ds.StudyDescription = order.procedure.meaning
    if codes := public_codes(order.procedure):
        ds.ProcedureCodeSequence = items(*codes)
    if order.visit.admission_id:
        ds.AdmissionID = order.visit.admission_id[:64]


def _series(ds: Dataset, plan: StudyPlan, series: SeriesPlan) -> None:
    ds.Modality = series.modality
    ds.SeriesInstanceUID = series.series_instance_uid
    ds.SeriesNumber = series.number
    description = messy_description(plan, series) if plan.is_messy else series.description
    if description:
        ds.SeriesDescription = description
    ds.SeriesDate = da(series.started_at)
    ds.SeriesTime = tm(series.started_at)


def messy_description(plan: StudyPlan, series: SeriesPlan) -> str:
    """Give a series the kind of name it has in real archives: none, a scanner's jargon, or somebody's shorthand."""
    choice = derive_number("mess", series.series_instance_uid) % 5
    return (
        "",
        f"{plan.body_part.title()}^{series.number:02d}_{series.key}",
        series.key,
        f"{series.description}  ",
        series.description.lower().replace(" ", "_"),
    )[choice].strip()


def performed(ds: Dataset, plan: StudyPlan) -> None:
    """Add what ties an instance to the order: the request, and the step that was performed (PS3.3 10.16, 10.6)."""
    order = plan.order
    ds.ReferencedPerformedProcedureStepSequence = items(performed_step(plan))
    ds.PerformedProcedureStepID = plan.performed_step_id
    ds.PerformedProcedureStepStartDate = da(plan.started_at)
    ds.PerformedProcedureStepStartTime = tm(plan.started_at)
    ds.PerformedProcedureStepDescription = order.procedure.meaning
    if codes := [code for step in order.steps for code in public_codes(step.protocol_code)]:
        ds.PerformedProtocolCodeSequence = items(*codes)
    if not plan.is_messy:
        ds.RequestAttributesSequence = items(*(_request(order, step) for step in order.steps))


def _request(order: Order, step: Step) -> Dataset:
    request = item(
        AccessionNumber=order.accession_number,
        StudyInstanceUID=order.study_instance_uid,
        RequestedProcedureID=order.requested_procedure_id,
        RequestedProcedureDescription=order.procedure.meaning,
        ScheduledProcedureStepID=step.scheduled_procedure_step_id,
        ScheduledProcedureStepDescription=step.description,
    )
    if codes := public_codes(order.procedure):
        request.RequestedProcedureCodeSequence = items(*codes)
    if codes := public_codes(step.protocol_code):
        request.ScheduledProtocolCodeSequence = items(*codes)
    return request


def _equipment(ds: Dataset, plan: StudyPlan, series: SeriesPlan) -> None:
    ds.Manufacturer = "dicomfabd"
    ds.ManufacturerModelName = "FABRICATOR"
    ds.DeviceSerialNumber = "0001"
    ds.SoftwareVersions = __version__
    ds.InstitutionName = plan.order.institution_name or "SYNTHETIC HOSPITAL"
    ds.StationName = f"FAB{series.modality}"


def _age(birth_date: str, at: date) -> str:
    """Give PatientAge (AS: three digits and D, M or Y), or an empty string when it cannot be told."""
    if not birth_date:
        return ""
    born = datetime.strptime(birth_date, "%Y%m%d").date()
    if born > at:
        return ""
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    if months >= 24:
        return f"{min(months // 12, 999):03d}Y"
    return f"{months:03d}M" if months else f"{(at - born).days:03d}D"
