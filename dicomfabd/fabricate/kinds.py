"""Which SOP class the instances of each kind of series belong to."""

from collections.abc import Mapping
from typing import Final

from pydicom import uid

from dicomfabd.domain.study import SeriesPlan

_CLASSES: Final[Mapping[str, str]] = {
    "ct": uid.CTImageStorage,
    "mr": uid.MRImageStorage,
    "mg": uid.DigitalMammographyXRayImageStorageForPresentation,
    "us": uid.UltrasoundImageStorage,
    "us-clip": uid.UltrasoundMultiFrameImageStorage,
    "xa": uid.XRayAngiographicImageStorage,
    "rf": uid.XRayRadiofluoroscopicImageStorage,
    "nm": uid.NuclearMedicineImageStorage,
    "nm-tomo": uid.NuclearMedicineImageStorage,
    "pt": uid.PositronEmissionTomographyImageStorage,
    "sc": uid.SecondaryCaptureImageStorage,
    "dose-page": uid.SecondaryCaptureImageStorage,
    "pdf": uid.EncapsulatedPDFStorage,
    "report": uid.BasicTextSRStorage,
    "dose": uid.XRayRadiationDoseSRStorage,
    "key-objects": uid.KeyObjectSelectionDocumentStorage,
    "presentation": uid.GrayscaleSoftcopyPresentationStateStorage,
}


SOP_CLASSES: Final = tuple(
    dict.fromkeys(
        str(name)
        for name in (
            *_CLASSES.values(),
            uid.ComputedRadiographyImageStorage,
            uid.DigitalXRayImageStorageForPresentation,
        )
    )
)
"""Every SOP class a study may have instances of."""


def sop_class_of(series: SeriesPlan) -> str:
    """Give the SOP Class UID of a series' instances."""
    if series.kind == "xray":
        is_computed = series.modality == "CR"
        return str(uid.ComputedRadiographyImageStorage if is_computed else uid.DigitalXRayImageStorageForPresentation)
    return str(_CLASSES[series.kind])
