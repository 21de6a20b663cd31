"""Nuclear Medicine Image Storage (PS3.3 A.5): scans with two heads from front and back, and reconstructed SPECT."""

from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomfabd.domain.study import BodyPlan, SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.anatomy.canvas import Labels
from dicomfabd.fabricate.anatomy.tissues import table
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.projections import Shadow, blurred, resized
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import Sections, soften
from dicomfabd.fabricate.modalities.tracers import TRACERS, injected, lying
from dicomfabd.fabricate.noise import crop

_HIGHEST: Final = 65535
_BRIGHTEST: Final = 400  # counts of the hottest hundredth
_SCAN_MS: Final = 900_000
_UPTAKE: Final = timedelta(hours=3)
_VIEWS: Final = (("255549009", "anterior"), ("255551008", "posterior"))
_HALF_DEPTH_MM: Final = 60
"""Half of the rays from this deep are lost on the way to the camera."""


class _Camera:
    """What both kinds of acquisition share."""

    bits: ClassVar[int] = 16

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the marks."""
        self._plan = plan
        self._series = series
        self._bodies = bodies
        self._marks = Marks(plan, series)

    def _common(self) -> Dataset:
        series = self._series
        ds = headers.image(self._plan, series)
        headers.grey_pixels(ds, series, self.bits)
        ds.PixelSpacing = [headers.ds_text(series.pixel_spacing)] * 2
        tracer = TRACERS[series.agent]
        ds.RadiopharmaceuticalInformationSequence = headers.items(injected(tracer, series.started_at - _UPTAKE))
        low, high = tracer.window_kev
        energies = headers.item(EnergyWindowLowerLimit=str(low), EnergyWindowUpperLimit=str(high))
        window = headers.item(EnergyWindowRangeSequence=headers.items(energies), EnergyWindowName="PEAK")
        ds.EnergyWindowInformationSequence = headers.items(window)
        ds.NumberOfEnergyWindows = 1
        ds.PatientOrientationCodeSequence, ds.PatientGantryRelationshipCodeSequence = lying()
        ds.NumberOfFrames = series.frames
        ds.AcquisitionTerminationCondition = "TIME"
        ds.CountsAccumulated = "1500000"
        return ds

    def _detector(self, angle: int, **more: Any) -> Dataset:
        return headers.item(
            CollimatorGridName="LEHR",
            CollimatorType="PARA",
            FieldOfViewShape="RECTANGLE",
            StartAngle=str(angle),
            RadialPosition="200",
            FocalDistance="0",
            **more,
        )

    def _finished(self, counts: npt.NDArray[np.int32], index: int) -> npt.NDArray[np.uint16]:
        """Add the noise of counting, and the marks."""
        series = self._series
        grain = crop(64, "sharp", series.rows, series.columns, series.seed + index)
        # The spread of a count is its square root.
        spread = np.sqrt(counts.astype(np.float64)).astype(np.int32)
        noisy = np.clip(counts + ((spread * grain) >> 6), 0, _HIGHEST).astype(np.uint16)
        centre, width = series.window
        self._marks.lay_over(noisy, 0, int(centre + width / 2))
        return noisy


class NmRecipe(_Camera):
    """Draws a scan from front and back, of the whole body or of a part; see `Recipe`."""

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        ds = self._common()
        series, size = self._series, self._plan.body.size
        is_whole = "WHOLE BODY" in series.image_type
        corner = [headers.ds_text(value) for value in (-size[0] / 2, -size[1] / 2, size[2] / 2)]
        ds.DetectorInformationSequence = headers.items(
            *(
                self._detector(
                    angle,
                    ViewCodeSequence=headers.items(self._view(*view)),
                    ImageOrientationPatient=["1", "0", "0", "0", "0", "-1"],
                    ImagePositionPatient=corner,
                )
                for angle, view in zip((0, 180), _VIEWS, strict=True)
            )
        )
        ds.NumberOfDetectors = 2
        ds.DetectorVector = [1, 2]
        ds.EnergyWindowVector = [1, 1]
        ds.ActualFrameDuration = str(_SCAN_MS)
        ds.FrameIncrementPointer = [0x00540010, 0x00540020]
        if is_whole:
            ds.WholeBodyTechnique = "1PS"
            ds.ScanVelocity = "2"
            ds.ScanLength = f"{round(size[2])}"
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw both views: uint16, shape (2, rows, columns), counts."""
        return np.stack([self._finished(self._counts(is_back=back), index * 2 + back) for back in (False, True)])

    def _counts(self, *, is_back: bool) -> npt.NDArray[np.int32]:
        series, body = self._series, self._plan.body_of(self._series)
        side = "back" if is_back else "front"
        rays = self._bodies.derived(
            body, f"gamma-{side}-{series.look}", lambda labels: _rays(labels, body, series.look, is_back=is_back)
        )
        return np.ascontiguousarray(resized(_scaled(rays), series.rows, series.columns))

    def _view(self, code: str, meaning: str) -> Dataset:
        view = headers.sct(code, meaning)
        view.ViewModifierCodeSequence = headers.items()
        return view


class TomoRecipe(_Camera):
    """Draws reconstructed SPECT, all slices in one instance; see `Recipe`."""

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the sections and the marks."""
        super().__init__(plan, series, bodies)
        self._sections = Sections(plan, series, bodies)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        ds = self._common()
        series = self._series
        headers.frame_of_reference(ds, self._plan)
        grid = series.stacks[0].grid
        ds.DetectorInformationSequence = headers.items(
            self._detector(
                0,
                ImageOrientationPatient=headers.orientation_text(grid).split("\\"),
                ImagePositionPatient=headers.position_text(series, 0).split("\\"),
            )
        )
        ds.NumberOfDetectors = 1
        ds.NumberOfRotations = 1
        ds.RotationInformationSequence = headers.items(
            headers.item(
                StartAngle="0",
                AngularStep="3",
                RotationDirection="CW",
                ScanArc="360",
                ActualFrameDuration=str(_SCAN_MS // 120),
                RadialPosition="200",
                NumberOfFramesInRotation=120,
                TableTraverse="0",
                TableHeight="150",
            )
        )
        ds.NumberOfSlices = series.frames
        ds.SliceVector = list(range(1, series.frames + 1))
        ds.FrameIncrementPointer = 0x00540080
        ds.SliceThickness = headers.ds_text(series.slice_thickness)
        ds.SpacingBetweenSlices = headers.ds_text(abs(sum(grid.step)))
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw all slices: uint16, shape (slices, rows, columns), counts."""
        return np.stack([self._slice(number) for number in range(self._series.frames)])

    def _slice(self, number: int) -> npt.NDArray[np.uint16]:
        image = self._sections.draw(number)
        for _ in range(3):
            image = soften(image)
        return self._finished(np.clip(image, 0, None).astype(np.int32), number)


def _rays(labels: Labels, body: BodyPlan, look: str, *, is_back: bool) -> Shadow:
    """Add what reaches the camera from each layer; deep ones lose on the way. Rows run from the head down."""
    values = table(look)
    depth = labels.shape[1]
    total = np.zeros((labels.shape[0], labels.shape[2]), np.int32)
    for layer in range(depth):
        away = depth - 1 - layer if is_back else layer
        weight = 256 * _HALF_DEPTH_MM // (_HALF_DEPTH_MM + round(away * body.voxel_mm))
        total += np.take(values, labels[:, layer]).astype(np.int32) * weight >> 4
    image = total[::-1, ::-1] if is_back else total[::-1]
    return np.ascontiguousarray(blurred(image, max(2, round(24 / body.voxel_mm))))


def _scaled(rays: Shadow) -> Shadow:
    """Give counts: the hottest hundredth of the body is as bright as the camera's time allows."""
    inside = np.sort(rays[rays > 0])
    hottest = int(inside[-(inside.size // 100 + 1)]) if inside.size else 1
    return (rays.astype(np.int64) * _BRIGHTEST // max(1, hottest)).astype(np.int32)
