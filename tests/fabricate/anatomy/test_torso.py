from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.bodies import build_body
from dicomfabd.fabricate.anatomy.tissues import Tissue
from tests.fabricate.anatomy.windows import labels, places

T = Tissue

# Middles and voxel are chosen so that the voxels of the windows lie at the same places.
CHEST = BodyPlan("chest", "torso", (0.0, -16.0, -12.0), (432.0, 336.0, 344.0), 4.0, "M", "average")
ABDOMEN = BodyPlan("abdomen", "torso", (0.0, -8.0, -272.0), (440.0, 352.0, 440.0), 4.0, "M", "average")
HEART = BodyPlan("heart", "torso", (20.0, -16.0, -28.0), (232.0, 208.0, 192.0), 4.0, "M", "average")
PELVIS = BodyPlan("pelvis", "torso", (0.0, 0.0, -384.0), (440.0, 320.0, 288.0), 4.0, "M", "average")


def overlap(body, other):
    """Give what a window shows of the part that another one shows too.

    Without its rim: that of bone at the edge of a window is not told from its inside.
    """
    mine, theirs = places(body), places(other)
    shared = labels(body)[np.ix_(*(np.isin(a, b) for a, b in list(zip(mine, theirs, strict=True))[::-1]))]
    return shared[1:-1, 1:-1, 1:-1]


def share_right(body, *tissues):
    """Give the part of some tissues that lies in the right half of the body."""
    found = np.isin(labels(body), tissues)
    return found[:, :, places(body)[0] < 0].sum() / found.sum()


@pytest.mark.parametrize(("first", "second"), [(CHEST, ABDOMEN), (CHEST, HEART), (ABDOMEN, PELVIS)])
def test_two_windows_show_the_same_torso(first, second):
    """A study of the belly continues one of the chest."""
    assert np.array_equal(overlap(first, second), overlap(second, first))


def test_a_torso_is_the_same_every_time():
    """A study sent again shows the same person."""
    assert np.array_equal(labels(HEART), build_body(HEART))


@pytest.mark.parametrize(("sex", "habitus"), [*product("FM", ("slim", "average", "large"))])
def test_every_build_has_its_organs(sex, habitus):
    """Nothing is lost in a wider or a narrower trunk."""
    body = replace(ABDOMEN, sex=sex, habitus=habitus)

    organs = {T.LIVER, T.BILE, T.SPLEEN, T.PANCREAS, T.KIDNEY, T.URINE, T.GUT, T.STOOL, T.ARTERY, T.VEIN, T.SPONGY}

    assert organs == organs & set(np.unique(labels(body)).tolist())


def test_the_left_lung_is_the_smaller_one():
    """The heart takes its room."""
    assert 0.5 < share_right(CHEST, T.LUNG) < 0.6


@pytest.mark.parametrize(
    ("tissue", "on_the_right"),
    [(T.LIVER, True), (T.BILE, True), (T.RIGHT_HEART, True), (T.SPLEEN, False), (T.LEFT_HEART, False)],
)
def test_an_organ_lies_on_its_side(tissue, on_the_right):
    """Right is where x is negative."""
    assert on_the_right == bool(share_right(ABDOMEN if tissue in (T.LIVER, T.BILE, T.SPLEEN) else CHEST, tissue) > 0.5)


def test_only_women_have_a_womb_and_only_men_a_prostate():
    """An order knows the sex, the picture does too."""
    of_one_sex = {T.UTERUS, T.OVARY, T.PROSTATE}

    found = {sex: of_one_sex & set(np.unique(labels(replace(PELVIS, sex=sex))).tolist()) for sex in "FM"}

    assert {"F": {T.UTERUS, T.OVARY}, "M": {T.PROSTATE}} == found


def test_a_large_torso_is_wider_than_a_slim_one():
    """By its fat."""
    slim, large = (labels(replace(ABDOMEN, habitus=habitus)) for habitus in ("slim", "large"))

    assert (slim != T.AIR).sum() * 1.3 < (large != T.AIR).sum()


def test_no_organ_touches_the_air():
    """Skin closes the body; where it is thinner than a voxel, what lies under it does."""
    body = labels(CHEST)[:, 1:-1, 1:-1]
    beside = np.zeros(body.shape, bool)
    for axis, step in product((1, 2), (-1, 1)):
        beside |= np.roll(body == T.AIR, step, axis)

    assert {T.AIR, T.SKIN, T.FAT, T.MUSCLE} >= set(np.unique(body[beside]).tolist())
