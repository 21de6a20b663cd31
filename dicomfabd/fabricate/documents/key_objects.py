"""Key Object Selection Document (PS3.3 A.35.4, PS3.16 TID 2010): the images worth looking at first."""

from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.documents.content import container, dcm, document, evidence, image
from dicomfabd.fabricate.headers import items
from dicomfabd.fabricate.kinds import sop_class_of

_NOT_IN_KEY_OBJECTS = ("CompletionFlag", "VerificationFlag", "PerformedProcedureCodeSequence")


def key_objects(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Point at the middle image of each series that the protocol names."""
    chosen = [(about, about.images // 2) for about in map(plan.series_of, series.about)]
    root = container(
        dcm("113000", "Of Interest"),
        *(image(sop_class_of(about), about.sop_instance_uid(index)) for about, index in chosen),
        template="2010",
    )
    ds = document(plan, series, root)
    for keyword in _NOT_IN_KEY_OBJECTS:
        delattr(ds, keyword)
    ds.CurrentRequestedProcedureEvidenceSequence = items(evidence(plan, *chosen))
    return ds
