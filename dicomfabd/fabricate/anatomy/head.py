"""Head and neck, origin in the middle of the skull."""

from dicomfabd.fabricate.anatomy.brain import COMMISSURE, paint_brain
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.cavities import paint_base, paint_nose, paint_throat
from dicomfabd.fabricate.anatomy.cervical import paint_spine
from dicomfabd.fabricate.anatomy.deep import paint_deep
from dicomfabd.fabricate.anatomy.face import paint_face
from dicomfabd.fabricate.anatomy.headvessels import paint_head_vessels, paint_neck_vessels
from dicomfabd.fabricate.anatomy.hindbrain import paint_hindbrain
from dicomfabd.fabricate.anatomy.neck import paint_chest_inlet, paint_throat_organs
from dicomfabd.fabricate.anatomy.neckmuscles import paint_neck_muscles
from dicomfabd.fabricate.anatomy.skull import Shape, paint_outline

_FEMALE_SCALE = 0.962
_SCALED_ABOUT = (0.0, 0.0, -100.0)


def paint_head(c: Canvas, build: Build) -> None:
    """Paint what of head and neck lies in a canvas."""
    if not c.labels.size:
        return
    person = _scaled(c, _FEMALE_SCALE) if build.is_female else c
    shape = Shape.around(person, build)
    paint_outline(person, shape)
    paint_brain(person, shape)
    paint_hindbrain(person, shape)
    paint_deep(person.moved(COMMISSURE), build.random.uniform(0.85, 1.2))
    paint_neck_muscles(person, shape, 3.5 * build.girth)
    paint_face(person)
    paint_throat(person)
    paint_throat_organs(person)
    paint_chest_inlet(person)
    paint_base(person)
    paint_nose(person, build.random)
    paint_spine(person)
    paint_head_vessels(person, build.random)
    paint_neck_vessels(person, build.random)


def _scaled(c: Canvas, factor: float) -> Canvas:
    """Give the same voxels in coordinates in which a smaller head is as large as all others."""
    axes = [
        (axis.ravel() - middle) / factor + middle for axis, middle in zip((c.x, c.y, c.z), _SCALED_ABOUT, strict=True)
    ]
    return Canvas(c.labels, (axes[0], axes[1], axes[2]), c.voxel_mm / factor)
