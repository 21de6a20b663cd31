import numpy as np
import pytest

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.tissues import Tissue
from tests.fabricate.anatomy.windows import labels

T = Tissue

BODY = BodyPlan("wholebody", "wholebody", (0.0, 0.0, 0.0), (624.0, 384.0, 1824.0), 8.0, "M", "average")
WOMB = BodyPlan("pregnancy", "pregnancy", (0.0, 0.0, 0.0), (260.0, 260.0, 240.0), 2.0, "F", "average")


def heights(*tissues):
    """Give the z of all layers that show some tissues."""
    shown = np.isin(labels(BODY), tissues).any((1, 2))
    return (np.flatnonzero(shown) - (shown.size - 1) / 2) * BODY.voxel_mm


def test_the_whole_body_has_the_head_above_and_the_feet_below():
    """From brain over lungs and liver to shins and soles."""
    brain, lung, liver, everything = (
        heights(*tissues) for tissues in ((T.GREY, T.WHITE), (T.LUNG,), (T.LIVER,), tuple(T)[1:])
    )

    assert 700 < brain.min() < brain.max() < 900
    assert lung.max() < brain.min()
    assert liver.min() < lung.min()
    assert everything.min() < -885 < 885 < everything.max()


def test_there_is_flesh_at_every_height():
    """No gap shows where the parts meet."""
    flesh = heights(*tuple(T)[1:])

    assert [BODY.voxel_mm] == np.unique(np.diff(flesh)).tolist()


def test_two_legs_stand_apart():
    """Below the trunk there are two shin bones, symmetric about the middle."""
    shins = np.isin(labels(BODY)[40], (T.CORTICAL, T.MARROW, T.SPONGY)).any(0)

    assert shins.any()
    assert shins.tolist() == shins[::-1].tolist()
    assert not shins[shins.size // 2]


@pytest.mark.parametrize("tissue", [T.UTERUS, T.PLACENTA, T.FLUID, T.FETUS, T.CORTICAL, T.LEFT_HEART, T.RIGHT_HEART])
def test_a_womb_holds_a_child(tissue):
    """What an obstetric scan looks for is there."""
    assert tissue in labels(WOMB)


def test_the_belly_is_before_the_womb():
    """A probe in front meets skin, fat and muscle, then the womb and its water."""
    line = labels(WOMB)[60, :, 60].tolist()
    order = [line.index(tissue) for tissue in (T.SKIN, T.FAT, T.MUSCLE, T.UTERUS, T.FLUID)]

    assert sorted(order) == order
