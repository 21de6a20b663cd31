"""Positron Emission Tomography Image Storage (PS3.3 A.21), in Bq/ml, so that SUV can be computed."""

from datetime import timedelta
from typing import ClassVar, Final

import numpy as np
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import Sections, soften
from dicomfabd.fabricate.modalities.tracers import TRACERS, injected, lying
from dicomfabd.fabricate.noise import crop

_HIGHEST: Final = 32767
_UPTAKE: Final = timedelta(minutes=60)
_PER_SUV: Final = 100  # stored values, before the slope
_DEFAULT_WEIGHT_KG: Final = 70.0


class PtRecipe:
    """Draws a PET series; see `Recipe`. Stored values are hundredths of an SUV by body weight."""

    bits: ClassVar[int] = 16

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the sections and the marks."""
        self._plan = plan
        self._series = series
        self._sections = Sections(plan, series, bodies)
        self._marks = Marks(plan, series)
        self._is_corrected = "NAC" not in series.key.upper()

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series, plan = self._series, self._plan
        ds = headers.image(plan, series)
        headers.frame_of_reference(ds, plan)
        headers.image_plane(ds, series)
        headers.grey_pixels(ds, series, self.bits, is_signed=True)
        ds.SeriesType = ["WHOLE BODY" if plan.body.region == "wholebody" else "STATIC", "IMAGE"]
        ds.Units = "BQML"
        ds.CountsSource = "EMISSION"
        ds.NumberOfSlices = series.images
        corrections = ["NORM", "DTIM", "DECY", "RAN"]
        if self._is_corrected:
            corrections += ["ATTN", "SCAT"]
            ds.AttenuationCorrectionMethod = "measured,CT"
            ds.ScatterCorrectionMethod = "Model based"
            ds.ScatterFractionFactor = "0.3"
        ds.CorrectedImage = corrections
        ds.DecayCorrection = "START"
        ds.RandomsCorrectionMethod = "DLYD"
        ds.CollimatorType = "NONE"
        ds.ReconstructionMethod = "OSEM 3i21s"
        ds.FieldOfViewShape = "CYLINDRICAL RING"
        ds.AcquisitionTerminationCondition = "TIME"
        ds.FrameReferenceTime = "0"
        ds.ActualFrameDuration = "120000"
        ds.ImageIndex = 1
        ds.DecayFactor = "1"
        ds.DoseCalibrationFactor = "1"
        ds.DeadTimeFactor = "1.05"
        ds.RescaleIntercept = "0"
        slope = self._becquerel_per_ml() / _PER_SUV
        ds.RescaleSlope = f"{slope:.6f}"
        centre, width = (value * slope for value in series.window)
        ds.WindowCenter, ds.WindowWidth = f"{centre:.1f}", f"{width:.1f}"
        tracer = TRACERS[series.agent]
        ds.RadiopharmaceuticalInformationSequence = headers.items(injected(tracer, series.started_at - _UPTAKE))
        ds.PatientOrientationCodeSequence, ds.PatientGantryRelationshipCodeSequence = lying()
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: int16, shape (rows, columns)."""
        series = self._series
        image = soften(soften(self._sections.draw(index)))
        image += crop(series.noise, series.kernel, series.rows, series.columns, series.seed + index)
        np.clip(image, 0, _HIGHEST, out=image)
        centre, width = series.window
        self._marks.lay_over(image, index, int(centre + width / 2))
        return image

    def _becquerel_per_ml(self) -> float:
        """Give the concentration that is an SUV of 1: what is left of the dose when the series begins, over weight."""
        tracer = TRACERS[self._series.agent]
        weight_g = (self._plan.order.patient.patient_weight or _DEFAULT_WEIGHT_KG) * 1000
        left: float = 0.5 ** (_UPTAKE.total_seconds() / tracer.half_life_s)
        return tracer.dose_bq * left / weight_g
