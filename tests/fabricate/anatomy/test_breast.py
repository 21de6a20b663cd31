from dataclasses import replace

import numpy as np
import pytest

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.bodies import build_body
from dicomfabd.fabricate.anatomy.tissues import Tissue
from tests.fabricate.anatomy.windows import labels

T = Tissue

BREAST = BodyPlan("breast", "breast", (0.0, 0.0, 0.0), (184.0, 136.0, 224.0), 2.0, "F", "average")


def of(tissue, body=BREAST):
    return labels(body) == tissue


def test_the_same_breast_is_built_twice():
    """Nothing depends on what was built before."""
    assert labels(BREAST).tobytes() == build_body(BREAST).tobytes()


def test_a_smaller_window_shows_the_same_breast():
    """A magnified view is a part of the whole one."""
    part = replace(BREAST, extent=(84.0, 56.0, 104.0))
    middle = tuple(
        slice((whole - half) // 2, (whole + half) // 2)
        for whole, half in zip(labels(BREAST).shape, labels(part).shape, strict=True)
    )

    assert labels(part).tobytes() == labels(BREAST)[middle].tobytes()


@pytest.mark.parametrize("habitus", ["slim", "average", "large"])
def test_gland_lies_before_muscle(habitus):
    """The nipple is in front, the chest wall behind."""
    body = replace(BREAST, habitus=habitus)
    gland, muscle = (np.flatnonzero(of(tissue, body).any((0, 2))).mean() for tissue in (T.BREAST, T.MUSCLE))

    assert gland < muscle


def test_slim_breasts_are_denser():
    """More of what is not skin or muscle is gland."""
    slim, large = (
        of(T.BREAST, body).sum() / of(T.FAT, body).sum()
        for body in (replace(BREAST, habitus="slim"), replace(BREAST, habitus="large"))
    )

    assert slim > 1.5 * large


def test_the_pectoral_muscle_is_in_the_upper_corner_of_the_oblique_view():
    """It becomes thinner towards the feet."""
    by_height = of(T.MUSCLE).any(2).sum(1)

    assert by_height[-5] > by_height[-40] > by_height[20]
