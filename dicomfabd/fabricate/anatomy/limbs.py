"""The atlases of the limbs: windows on one arm and one leg, the right ones, each with an origin of its own."""

from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.arm import paint_arm_bones, paint_arm_flesh
from dicomfabd.fabricate.anatomy.armstrands import paint_arm_tendons, paint_arm_vessels
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.foot import (
    ANKLE,
    paint_foot_bones,
    paint_foot_flesh,
    paint_foot_vessels,
    paint_toes,
)
from dicomfabd.fabricate.anatomy.hand import (
    WRIST,
    paint_fingers,
    paint_hand_bones,
    paint_hand_vessels,
    paint_palm,
)
from dicomfabd.fabricate.anatomy.knee import paint_knee_inside, paint_knee_ligaments, paint_kneecap
from dicomfabd.fabricate.anatomy.leg import paint_leg_bones, paint_leg_flesh
from dicomfabd.fabricate.anatomy.legstrands import paint_leg_tendons, paint_leg_vessels
from dicomfabd.fabricate.anatomy.shoulder import (
    paint_chest_wall,
    paint_girdle,
    paint_joint,
    paint_shoulder_vessels,
)

_FEMALE_SCALE: Final = 0.92

SHOULDER: Final[Vector] = (34, 4, 297)
"""The shoulder joint, from the elbow."""


def paint_whole_leg(c: Canvas, build: Build) -> None:
    """Paint what of a lower limb lies in a canvas; origin in the knee."""
    foot = c.moved(ANKLE)
    paint_leg_flesh(c, build)
    paint_toes(foot)
    paint_foot_flesh(foot)
    paint_leg_tendons(c)
    paint_leg_vessels(c)
    paint_foot_vessels(foot)
    paint_knee_inside(c)
    paint_leg_bones(c)
    paint_kneecap(c)
    paint_knee_ligaments(c)
    paint_foot_bones(foot)


def paint_whole_arm(c: Canvas, build: Build) -> None:
    """Paint what of a hanging upper limb lies in a canvas; origin in the elbow."""
    hand = c.moved(WRIST)
    paint_arm_flesh(c, build)
    paint_fingers(hand)
    paint_palm(hand)
    paint_arm_tendons(c)
    paint_arm_vessels(c)
    paint_hand_vessels(hand)
    paint_arm_bones(c)
    paint_hand_bones(hand)


def paint_shoulder(c: Canvas, build: Build) -> None:
    """Paint a shoulder; origin in its joint."""
    person = _sized(c, build)
    arm = person.moved((-SHOULDER[0], -SHOULDER[1], -SHOULDER[2]))
    paint_chest_wall(person, build)
    paint_joint(person)
    paint_arm_tendons(arm)
    paint_arm_vessels(arm)
    paint_shoulder_vessels(person)
    paint_arm_bones(arm)
    paint_girdle(person)


def paint_arm(c: Canvas, build: Build) -> None:
    """Paint an upper arm; origin in the middle of its bone."""
    paint_whole_arm(_sized(c, build).moved((0, 0, -155)), build)


def paint_elbow(c: Canvas, build: Build) -> None:
    """Paint an elbow; origin in its joint."""
    paint_whole_arm(_sized(c, build), build)


def paint_forearm(c: Canvas, build: Build) -> None:
    """Paint a forearm; origin in its middle."""
    paint_whole_arm(_sized(c, build).moved((12, 0, 122)), build)


def paint_hand(c: Canvas, build: Build) -> None:
    """Paint a hand held up, its back to the front; origin between the metacarpals."""
    middle = (WRIST[0] - 4, WRIST[1], WRIST[2] - 82)
    turned = _sized(c, build).head_over()
    paint_whole_arm(turned.moved((-middle[0], -middle[1], -middle[2])), build)


def paint_thigh(c: Canvas, build: Build) -> None:
    """Paint a thigh; origin in the middle of its bone."""
    paint_whole_leg(_sized(c, build).moved((20, 0, -205)), build)


def paint_knee(c: Canvas, build: Build) -> None:
    """Paint a knee; origin in its joint."""
    paint_whole_leg(_sized(c, build), build)


def paint_leg(c: Canvas, build: Build) -> None:
    """Paint a lower leg; origin in its middle."""
    paint_whole_leg(_sized(c, build).moved((2, -6, 190)), build)


def paint_foot(c: Canvas, build: Build) -> None:
    """Paint a foot with its ankle; origin in its middle."""
    paint_whole_leg(_sized(c, build).moved((2, 66, 400)), build)


def _sized(c: Canvas, build: Build) -> Canvas:
    """Give the same voxels in coordinates in which all limbs are as large as a middling man's."""
    factor = 1 / ((_FEMALE_SCALE if build.is_female else 1.0) * build.random.uniform(0.98, 1.02))
    return c.stretched((factor, factor, factor))
