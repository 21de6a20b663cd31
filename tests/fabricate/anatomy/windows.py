"""Windows of an atlas for tests: their labels, and the places of their voxels."""

from functools import cache

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.bodies import build_body
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field, Labels


@cache
def labels(body: BodyPlan) -> Labels:
    return build_body(body)


def places(body: BodyPlan) -> tuple[Field, Field, Field]:
    """Give the voxels' x, y and z."""
    air = Canvas.of_air(body.centre, body.extent, body.voxel_mm)
    return air.x[0, 0], air.y[0, :, 0], air.z[:, 0, 0]
