"""Bodies are built once, kept in files, and shared."""

from dataclasses import replace

import numpy as np
import pytest

from dicomfabd.domain.study import BodyPlan, Finding
from dicomfabd.fabricate.anatomy import bodies as module
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.anatomy.tissues import Tissue

KNEE = BodyPlan("knee", "knee", (0, 0, 0), (160, 170, 240), 5.0, "F", "average", "R")
EFFUSION = Finding("effusion", "FLUID", (-30, -30, 60), (12, 12, 12), ("FAT", "MUSCLE"))


@pytest.fixture
def counted(monkeypatch):
    built = []
    build = module.build_body
    monkeypatch.setattr(module, "build_body", lambda body: built.append(body) or build(body))
    return built


def test_a_body_is_built_once_for_everybody_who_shares_a_folder(tmp_path, counted):
    """The second maps the file of the first."""
    first, second = (Bodies(tmp_path).labels(KNEE) for _ in range(2))

    assert 1 == len(counted)
    assert np.array_equal(first, second)
    assert not first.flags.writeable


def test_a_spoilt_file_is_built_again(tmp_path, counted):
    """A full disk must not stop the line for ever."""
    expected = Bodies(tmp_path).labels(KNEE)
    (file,) = tmp_path.glob("*.npy")
    file.unlink()  # somebody has it mapped
    file.write_bytes(b"spoilt")

    assert np.array_equal(expected, Bodies(tmp_path).labels(KNEE))
    assert 2 == len(counted)


def test_another_version_of_the_anatomy_replaces_the_files(tmp_path, monkeypatch):
    """Nobody has to clean up after an upgrade; what is derived from a body stays."""
    Bodies(tmp_path).derived(KNEE, "size", lambda labels: np.array(labels.shape))
    monkeypatch.setattr(module, "_fingerprint", lambda: "0123456789")
    Bodies(tmp_path).labels(KNEE)

    names = sorted(file.name for file in tmp_path.glob("knee-R-F-average-500-??????????.npy"))

    assert ["knee-R-F-average-500-0123456789.npy"] == names
    assert 1 == len(list(tmp_path.glob("*-size-*.npy")))


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    """For tools and tests."""
    monkeypatch.chdir(tmp_path)
    Bodies().labels(KNEE)

    assert [] == list(tmp_path.iterdir())


def test_a_finding_lies_on_the_side_that_is_shown():
    """The left knee is the mirror of the right one, effusion and all."""
    ill = replace(KNEE, findings=(EFFUSION,))
    right, left = Bodies().labels(ill), Bodies().labels(replace(ill, side="L"))

    assert (right == Tissue.FLUID).sum() > (Bodies().labels(KNEE) == Tissue.FLUID).sum()
    assert np.array_equal(right, left[:, :, ::-1])
