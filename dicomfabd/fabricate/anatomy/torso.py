"""The torso: shoulders to thighs, origin in the middle of the chest."""

from dicomfabd.fabricate.anatomy.abdomen import paint_organs
from dicomfabd.fabricate.anatomy.bowel import paint_bowel
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.cage import paint_cage
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import figure_of
from dicomfabd.fabricate.anatomy.heart import paint_heart
from dicomfabd.fabricate.anatomy.kidneys import paint_kidneys
from dicomfabd.fabricate.anatomy.lungs import paint_lungs
from dicomfabd.fabricate.anatomy.mediastinum import paint_mediastinum
from dicomfabd.fabricate.anatomy.muscles import paint_hip_muscles, paint_loin
from dicomfabd.fabricate.anatomy.pelvic_organs import paint_pelvic_organs
from dicomfabd.fabricate.anatomy.pelvis import paint_pelvis_bones
from dicomfabd.fabricate.anatomy.spine import paint_spine
from dicomfabd.fabricate.anatomy.trunk import paint_trunk
from dicomfabd.fabricate.anatomy.vessels import (
    paint_lung_vessels,
    paint_mesentery,
    paint_portal_vessels,
    paint_trunk_vessels,
)


def paint_torso(c: Canvas, build: Build) -> None:
    """Paint what of the torso lies in a canvas: from the outside in, small things into large ones."""
    figure = figure_of(build)
    paint_trunk(c, figure)
    paint_hip_muscles(c, figure)
    paint_lungs(c, figure)
    paint_loin(c, figure)
    paint_mediastinum(c, figure)
    paint_heart(c, figure)
    paint_cage(c, figure)
    paint_spine(c, figure)
    paint_pelvis_bones(c, figure)
    paint_lung_vessels(c, figure)
    paint_organs(c, figure)
    paint_kidneys(c)
    paint_trunk_vessels(c, figure)
    paint_portal_vessels(c, figure)
    paint_bowel(c, figure)
    paint_pelvic_organs(c, figure)
    paint_mesentery(c, figure)
