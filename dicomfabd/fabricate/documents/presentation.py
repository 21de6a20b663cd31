"""Grayscale Softcopy Presentation State (PS3.3 A.33.1): a window for some images, with a word of warning on them."""

from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.kinds import sop_class_of
from dicomfabd.fabricate.marks import STAMP


def presentation_state(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Show the middle images of the series that the protocol names, in the window of this series."""
    ds = headers.common(plan, series)
    headers.performed(ds, plan)
    about = [plan.series_of(key) for key in series.about]
    first = about[0]
    references = [
        (
            shown,
            headers.item(
                ReferencedSOPClassUID=sop_class_of(shown),
                ReferencedSOPInstanceUID=shown.sop_instance_uid(shown.images // 2),
            ),
        )
        for shown in about
    ]
    ds.BodyPartExamined = plan.body_part
    if series.side:
        ds.Laterality = series.side
    ds.ContentLabel = "WINDOW"
    ds.ContentDescription = STAMP
    ds.PresentationCreationDate = headers.da(series.started_at)
    ds.PresentationCreationTime = headers.tm(series.started_at)
    ds.ContentCreatorName = ""
    ds.ReferencedSeriesSequence = headers.items(
        *(
            headers.item(SeriesInstanceUID=shown.series_instance_uid, ReferencedImageSequence=headers.items(reference))
            for shown, reference in references
        )
    )
    ds.DisplayedAreaSelectionSequence = headers.items(
        headers.item(
            DisplayedAreaTopLeftHandCorner=[1, 1],
            DisplayedAreaBottomRightHandCorner=[first.columns, first.rows],
            PresentationSizeMode="SCALE TO FIT",
            PresentationPixelAspectRatio=[1, 1],
        )
    )
    centre, width = series.window
    ds.SoftcopyVOILUTSequence = headers.items(headers.item(WindowCenter=f"{centre:g}", WindowWidth=f"{width:g}"))
    if first.kind == "ct":
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    ds.PresentationLUTShape = "IDENTITY"
    return ds
