"""What differs from one instance of a series to the next: names of attributes, and their values."""

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.marks import is_named
from dicomfabd.fabricate.modalities.angio import angles

_LONGEST_COMMENT = 64


def varying_in(plan: StudyPlan, series: SeriesPlan) -> list[str]:
    """Give the keywords whose values differ within a series."""
    keywords = ["SOPInstanceUID", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime", "InstanceNumber"]
    if plan.burn_in == "first":
        keywords.append("BurnedInAnnotation")
    if series.kind in ("ct", "mr", "pt"):
        keywords += ["ImagePositionPatient", "SliceLocation"]
        if len({stack.grid.row_direction + stack.grid.column_direction for stack in series.stacks}) > 1:
            keywords.append("ImageOrientationPatient")
        if len(series.stacks) > 1:
            keywords += series.stacks[0].varying
    if series.shots:
        keywords.append("ImageComments")
    if series.kind == "xa":
        keywords += ["PositionerPrimaryAngle", "PositionerSecondaryAngle"]
    return keywords


def values_of(plan: StudyPlan, series: SeriesPlan, index: int, sop_instance_uid: str) -> dict[str, str]:
    """Give the values of those attributes, and perhaps of others, for one instance; encoded as text."""
    moment = series.acquired_at(index)
    date, time = headers.da(moment), headers.tm(moment)
    values = {
        "SOPInstanceUID": sop_instance_uid,
        "AcquisitionDate": date,
        "AcquisitionTime": time,
        "ContentDate": date,
        "ContentTime": time,
        "InstanceNumber": str(index + 1),
        "BurnedInAnnotation": "YES" if is_named(plan.burn_in, index) else "NO",
    }
    if series.kind in ("ct", "mr", "pt"):
        stack, _ = series.place(index)
        values["ImagePositionPatient"] = headers.position_text(series, index)
        if len(series.stacks) > 1:
            values["ImageOrientationPatient"] = headers.orientation_text(stack.grid)
        values["SliceLocation"] = headers.location_text(series, index)
        values |= stack.varying
    if series.shots:
        shot = series.shots[index]
        values["ImageComments"] = shot.name[:_LONGEST_COMMENT]
        values["PositionerPrimaryAngle"], values["PositionerSecondaryAngle"] = angles(shot)
    return values
