import pytest

from dicomfabd.plan.parser import Defaults, recognise


@pytest.mark.parametrize(
    ("text", "service", "modality", "body_part"),
    [
        ("CT CHEST W CONTRAST", "", "CT", "CHEST"),
        ("MRI BRAIN WO", "", "MR", "BRAIN"),
        ("XR CHEST 2 VIEWS", "", "DX", "CHEST"),
        ("XRCHEST2", "DX", "DX", ""),
        ("CHEST PA/LAT", "", "DX", "CHEST"),
        ("CHEST", "RAD", "DX", "CHEST"),
        ("CT HEAD", "RAD", "CT", "HEAD"),
        ("BRAIN", "NMR", "MR", "BRAIN"),
        ("US ABDOMEN COMPLETE", "RUS", "US", "ABDOMEN"),
        ("MAMMO SCREENING BILAT", "", "MG", "BREAST"),
        ("PET CT SKULL TO THIGH", "", "PT", "WHOLEBODY"),
        ("NM BONE SCAN", "", "NM", "WHOLEBODY"),
        ("CT ABDOMEN AND PELVIS W", "", "CT", "ABDOMENPELVIS"),
        ("MRI L SPINE WO", "", "MR", "LSPINE"),
        ("PROCEDURE NAME", "", "OT", ""),
    ],
)
def test_procedures_are_read_by_their_words(text, service, modality, body_part):
    """Names as departments write them."""
    found = recognise(text, service, Defaults())

    assert (modality, body_part) == (found.modality, found.body_part.term if found.body_part else "")


@pytest.mark.parametrize(
    "text",
    ["XR WRIST FRACTURE", "XR SINUSES", "XR HUMERUS", "XR CALCANEUS", "XR ELBOW OBLIQUE", "XR CHEST 2 VIEWS"],
)
def test_no_part_of_a_word_decides(text):
    """The ancestor found CT in "fracture", US in "sinuses" and "humerus", and MR in "chest2"."""
    assert "DX" == recognise(text, "", Defaults()).modality


@pytest.mark.parametrize(
    ("text", "contrast"),
    [
        ("CT CHEST W CONTRAST", True),
        ("CT CHEST WITH CONTRAST", True),
        ("CT CHEST +C", True),
        ("CT CHEST W/ CONTRAST", True),
        ("CT CHEST W/O CONTRAST", False),
        ("CT CHEST WO CONTRAST", False),
        ("CT CHEST WITHOUT CONTRAST", False),
        ("CT ABD W/WO", True),
        ("CT CHEST", None),
    ],
)
def test_contrast_is_read(text, contrast):
    """ "Without contrast" holds the word contrast."""
    assert contrast is recognise(text, "", Defaults()).contrast


@pytest.mark.parametrize(
    ("text", "side"),
    [("XR KNEE LEFT", "L"), ("XR KNEE RT", "R"), ("XR KNEES BILATERAL", "B"), ("MRI L SPINE", ""), ("XR KNEE", "")],
)
def test_laterality_is_read(text, side):
    """The L of a lumbar spine is no side."""
    assert side == recognise(text, "", Defaults()).laterality


@pytest.mark.parametrize(
    ("text", "views"),
    [("XR CHEST 2 VIEWS", 2), ("XR CHEST PA AND LAT", 2), ("XR CHEST AP PORTABLE", 1), ("XR CHEST", 0)],
)
def test_views_are_counted(text, views):
    """By number or by name."""
    assert views == recognise(text, "", Defaults()).views


def test_a_radiograph_follows_the_sites_setting():
    """Nothing in "XR" says CR or DX."""
    assert "CR" == recognise("XR CHEST", "", Defaults(xray="CR")).modality


def test_each_decision_says_its_evidence():
    """So that a wrong one can be mended."""
    assert (
        "modality CT: the procedure says CT",
        "body part KNEE: the procedure says KNEE",
        "laterality L: the procedure says LEFT",
        "contrast without: the procedure says WO",
    ) == recognise("CT KNEE LEFT WO", "", Defaults()).evidence
