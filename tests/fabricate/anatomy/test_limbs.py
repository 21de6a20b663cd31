from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.bodies import build_body
from dicomfabd.fabricate.anatomy.tissues import Tissue
from tests.fabricate.anatomy.windows import labels

T = Tissue

EXTENTS = {
    "shoulder": (240.0, 200.0, 240.0),
    "arm": (160.0, 160.0, 340.0),
    "elbow": (152.0, 152.0, 220.0),
    "forearm": (140.0, 140.0, 300.0),
    "hand": (180.0, 100.0, 288.0),
    "thigh": (220.0, 220.0, 440.0),
    "knee": (160.0, 172.0, 240.0),
    "leg": (160.0, 172.0, 448.0),
    "foot": (128.0, 288.0, 160.0),
}
PERSONS = tuple(product("FM", ("slim", "average", "large")))


def limb(name, sex="M", habitus="average", voxel_mm=4.0):
    return BodyPlan(name, name, (0.0, 0.0, 0.0), EXTENTS[name], voxel_mm, sex, habitus)


def bone(body):
    return np.isin(labels(body), (T.CORTICAL, T.SPONGY, T.MARROW))


def places(body, axis, where):
    """Give the millimetres along x, y or z at which something is."""
    count = where.shape[2 - axis]
    found = where.any(tuple(other for other in range(3) if other != 2 - axis))
    return (np.flatnonzero(found) - (count - 1) / 2) * body.voxel_mm


def outline(body):
    """Give the share of the window that is body."""
    return (labels(body) != T.AIR).mean()


@pytest.mark.parametrize(("sex", "habitus"), PERSONS)
@pytest.mark.parametrize("name", EXTENTS)
def test_every_limb_of_every_person_has_bone_muscle_and_arteries(name, sex, habitus):
    """CT, MR and angiography all have something to show."""
    shown = set(np.unique(labels(limb(name, sex, habitus))).tolist())

    assert set() == {T.SKIN, T.FAT, T.MUSCLE, T.TENDON, T.CORTICAL, T.SPONGY, T.MARROW, T.ARTERY, T.VEIN} - shown


@pytest.mark.parametrize("name", EXTENTS)
def test_the_same_limb_is_built_twice(name):
    """Nothing depends on what was built before."""
    assert labels(limb(name)).tobytes() == build_body(limb(name)).tobytes()


@pytest.mark.parametrize("name", ["shoulder", "hand", "knee", "foot"])
def test_the_left_limb_is_the_mirror_of_the_right(name):
    """One painter serves both sides."""
    left = build_body(replace(limb(name), side="L"))

    assert labels(limb(name))[:, :, ::-1].tobytes() == left.tobytes()


@pytest.mark.parametrize("name", ["shoulder", "elbow", "hand", "knee", "foot"])
def test_a_smaller_window_shows_the_same_limb(name):
    """A magnified view is a part of the whole one."""
    whole = limb(name)
    part = replace(whole, extent=tuple(length - 40.0 for length in whole.extent))

    assert labels(part).tobytes() == labels(whole)[5:-5, 5:-5, 5:-5].tobytes()


@pytest.mark.parametrize("name", EXTENTS)
def test_a_large_person_has_thicker_limbs(name):
    """There is more fat around the same bones."""
    assert outline(limb(name, habitus="slim")) < outline(limb(name, habitus="large"))


def test_the_calf_bone_is_outside_the_shin_bone():
    """In the middle of the right leg, patient's right is outside."""
    shaft = bone(limb("leg", voxel_mm=2.0))[100:120].any(0).any(0)
    columns = np.flatnonzero(shaft)
    thin, thick = np.split(columns, [np.flatnonzero(np.diff(columns) > 1)[0] + 1])

    assert thin.size < thick.size


def test_the_kneecap_is_in_front():
    """Some bone of the knee lies well before the thigh bone."""
    knee = limb("knee")

    assert places(knee, 1, bone(knee)).min() < -44


def test_a_hand_is_held_up_with_five_fingers():
    """Across the first phalanges of the fingers there are four bones; the thumb ends below."""
    row = bone(limb("hand", voxel_mm=1.0))[205].any(0)

    assert 4 == np.count_nonzero(np.diff(row.astype(int)) == 1)


def test_a_foot_stands_on_its_sole_and_points_forward():
    """Toes reach far before the leg, and the leg leaves the window at the top."""
    foot = limb("foot")
    reach = places(foot, 1, bone(foot))

    assert reach.min() < -110 < 90 < reach.max()
    assert labels(foot)[-1].any()
    assert not labels(foot)[0].any()
