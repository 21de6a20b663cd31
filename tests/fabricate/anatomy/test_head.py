from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.bodies import build_body
from dicomfabd.fabricate.anatomy.tissues import Tissue
from tests.fabricate.anatomy.windows import labels, places

T = Tissue

# Middles and voxel are chosen so that the voxels of both windows lie at the same places.
HEAD = BodyPlan("head", "head", (0.0, 0.0, -6.0), (208.0, 248.0, 240.0), 4.0, "M", "average")
NECK = BodyPlan("neck", "head", (0.0, 8.0, -158.0), (256.0, 240.0, 240.0), 4.0, "M", "average")
BRAIN = (T.GREY, T.WHITE, T.DEEP_GREY, T.CSF)


def both(body, other):
    """Give the indices of the voxels that two windows share, in each."""
    return (
        np.ix_(*(np.isin(mine, theirs) for mine, theirs in list(zip(places(first), places(second), strict=True))[::-1]))
        for first, second in ((body, other), (other, body))
    )


def share(body, *tissues):
    """Give which voxels are of some tissues."""
    return np.isin(labels(body), tissues)


def test_two_windows_show_the_same_head():
    """A study of the neck continues one of the head."""
    in_head, in_neck = both(HEAD, NECK)
    # The rim of bone at the edge of a window is not told from its inside.
    inner = (slice(1, -1),) * 3
    in_the_one, in_the_other = labels(HEAD)[in_head][inner], labels(NECK)[in_neck][inner]

    assert in_the_one.size > 10_000
    assert in_the_one.tobytes() == in_the_other.tobytes()


def test_the_same_person_is_built_twice():
    """Nothing depends on what was built before."""
    assert labels(HEAD).tobytes() == build_body(HEAD).tobytes()


@pytest.mark.parametrize(("sex", "habitus"), list(product("FM", ("slim", "average", "large"))))
def test_every_build_has_a_brain_and_a_spine(sex, habitus):
    """The tissues a radiologist looks for are there in all of them."""
    found = set(np.unique(labels(replace(HEAD, sex=sex, habitus=habitus))))

    assert set() == {*BRAIN, T.EYE, T.TOOTH, T.GAS, T.CORD, T.ARTERY, T.VEIN, T.GLAND} - found


def test_the_brain_lies_inside_the_skull():
    """From every voxel of the cerebrum, going up meets bone before air."""
    body = replace(HEAD, voxel_mm=2.0)
    head = labels(body)
    upper = head[places(body)[2] > 20]
    bone_above = np.isin(upper, (T.CORTICAL, T.SPONGY))[::-1].cumsum(0)[::-1] > 0

    assert 0 == (np.isin(upper, BRAIN) & ~bone_above).sum()


def test_the_ventricles_are_about_as_large_on_both_sides():
    """Fluid deep in the brain, right and left of the middle."""
    body = replace(HEAD, voxel_mm=2.0)
    x, y, z = places(body)
    deep = (np.abs(y) < 30)[None, :, None] & ((z > 20) & (z < 40))[:, None, None] & (np.abs(x) < 25)
    fluid = share(body, T.CSF) & deep
    right, left = fluid[:, :, x < 0].sum(), fluid[:, :, x > 0].sum()

    assert right > 300
    assert abs(right - left) < 0.25 * right


def test_white_and_grey_matter_are_in_proportion():
    """A little more grey than white, as in a cerebrum."""
    body = replace(HEAD, voxel_mm=2.0)

    assert 0.7 < share(body, T.GREY).sum() / share(body, T.WHITE).sum() < 1.6


def test_the_neck_has_an_open_airway_before_its_cord():
    """In every layer from larynx to inlet."""
    y, z = places(NECK)[1:]
    for layer in np.flatnonzero((z > -230) & (z < -100)):
        airway, cord = (share(NECK, tissue)[layer].any(1) for tissue in (T.GAS, T.CORD))
        assert y[airway].mean() < y[cord].mean()
