import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts

from dicomfabd.plan.lexicon import load_lexicon
from dicomfabd.plan.parser import Defaults, recognise
from dicomfabd.plan.words import MAX_CHARACTERS

REGIONS = {
    "head", "neck", "cspine", "chest", "heart", "tspine", "abdomen", "pelvis", "lspine", "hip", "shoulder", "arm",
    "elbow", "forearm", "hand", "thigh", "knee", "leg", "foot", "breast", "wholebody",
}  # fmt: skip


def read(text, service="", defaults=None):
    return recognise(text, service, defaults or Defaults())


@pytest.mark.parametrize(
    ("text", "service", "modality", "body_part"),
    [
        ("CT CHEST W CONTRAST", "", "CT", "CHEST"),
        ("MRI BRAIN WO", "", "MR", "BRAIN"),
        ("XR CHEST 2 VIEWS", "", "DX", "CHEST"),
        ("CHEST PA/LAT", "", "DX", "CHEST"),
        ("CHEST", "RAD", "DX", "CHEST"),
        ("CT HEAD", "RAD", "CT", "HEAD"),
        ("BRAIN", "NMR", "MR", "BRAIN"),
        ("MAMMO SCREENING BILAT", "", "MG", "BREAST"),
        ("PET CT SKULL TO THIGH", "", "PT", "WHOLEBODY"),
        ("NM BONE SCAN", "", "NM", "WHOLEBODY"),
        ("PROCEDURE NAME", "", "OT", ""),
    ],
)
def test_procedures_are_read_by_their_words(text, service, modality, body_part):
    """Names as departments write them; `procedures` holds many more."""
    found = read(text, service)

    assert (modality, body_part) == (found.modality, found.body_part.term if found.body_part else "")


@pytest.mark.parametrize(
    "text",
    ["XR WRIST FRACTURE", "XR SINUSES", "XR HUMERUS", "XR CALCANEUS", "XR ELBOW OBLIQUE", "XRCHEST2", "XR ABDUCTION"],
)
def test_no_part_of_a_word_decides(text):
    """The ancestor found CT in "fracture", US in "sinuses" and "humerus", and MR in "chest2"."""
    assert "DX" == read(text).modality


@pytest.mark.parametrize(
    ("text", "modality", "body_part"),
    [
        ("CTHEADWO", "CT", "HEAD"),
        ("XRCHEST2", "DX", "CHEST"),
        ("MRBRAINWO", "MR", "BRAIN"),
        ("XRKNEELT", "DX", "KNEE"),
        ("Nierenszintigraphie", "NM", "KIDNEY"),
    ],
)
def test_a_joined_token_is_taken_apart_when_all_of_it_is_known(text, modality, body_part):
    """Codes are often the name without its blanks."""
    found = read(text)

    assert (modality, body_part) == (found.modality, found.body_part.term)


@pytest.mark.parametrize("text", ["CTHEADX", "USUAL", "MRSMITH", "HIPPA", "CTX"])
def test_a_token_that_is_known_in_part_stays_whole(text):
    """Otherwise every patient called Smith had an MRI."""
    assert ("OT", None) == (read(text).modality, read(text).body_part)


def test_evidence_says_that_a_token_was_taken_apart():
    """And which."""
    assert (
        "modality CT: the procedure says CT (in CTHEADWO)",
        "body part HEAD: the procedure says HEAD (in CTHEADWO)",
        "contrast without: the procedure says WO (in CTHEADWO)",
    ) == read("CTHEADWO").evidence


@pytest.mark.parametrize("service", ["LAB", "PHY", "PAT", "OTH", "RT", "PT", "OT", "RAD", ""])
def test_a_service_that_names_no_imaging_leaves_it_to_the_words(service):
    """HL7 table 0074 has PT for physical therapy."""
    assert "CT" == read("CT CHEST", service).modality


def test_a_service_that_names_the_modality_comes_before_words():
    """OBR-24 is the department's own statement."""
    assert "US" == read("CT CHEST", "RUS").modality


@pytest.mark.parametrize(("service", "modality", "part"), [("CTH", "XA", "HEART"), ("CUS", "US", "HEART")])
def test_a_cardiac_service_says_what_it_examines(service, modality, part):
    """CTH is cardiac catheterization, no CT."""
    found = read("COMPLETE STUDY", service)

    assert (modality, part) == (found.modality, found.body_part.term)


@pytest.mark.parametrize("text", ["XR BARIUM SWALLOW", "XR VCUG", "XR ARTHROGRAM SHOULDER RT"])
def test_fluoroscopy_listed_under_radiography_is_fluoroscopy(text):
    """Departments list both under XR."""
    assert "RF" == read(text).modality


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("CT CHEST ABDOMEN PELVIS", "CHESTABDPELVIS"),
        ("CTA HEAD AND NECK", "HEADNECK"),
        ("XR RIBS UNILATERAL W PA CHEST", "RIB"),
        ("XR HIP W PELVIS LEFT", "HIP"),
        ("MRI BRAIN W PITUITARY", "SELLA"),
        ("US ABDOMEN LIMITED LIVER", "LIVER"),
        ("CT ABDOMEN PELVIS PANCREAS PROTOCOL", "ABDOMENPELVIS"),
        ("MRI CERVICAL THORACIC LUMBAR SPINE", "SPINE"),
        ("XR TIBIA AND FIBULA", "TIBIAFIBULA"),
    ],
)
def test_several_parts_give_the_one_a_radiographer_would_choose(text, term):
    """Together when they have one term, else the one that is meant."""
    assert term == read(text).body_part.term


@pytest.mark.parametrize(
    ("text", "contrast", "both_phases"),
    [
        ("CT CHEST W CONTRAST", True, False),
        ("CT CHEST WITH CONTRAST", True, False),
        ("CT CHEST +C", True, False),
        ("CT CHEST W/ CONTRAST", True, False),
        ("CT CHEST W/O CONTRAST", False, False),
        ("CT CHEST WO CONTRAST", False, False),
        ("CT CHEST -C", False, False),
        ("NCCT HEAD", False, False),
        ("CT ABD W/WO", True, True),
        ("CT ABD W/O & W/DYE", True, True),
        ("CT ABD W ORAL CONTRAST WO IV CONTRAST", False, False),
        ("MRT Kopf mit und ohne KM", True, True),
        ("CTA CHEST", True, False),
        ("MRI C-SPINE", None, False),
        ("XR HIP W PELVIS", None, False),
        ("CT CHEST", None, False),
    ],
)
def test_contrast_is_read(text, contrast, both_phases):
    """ "Without contrast" holds the word contrast, and "with" is not always about it."""
    assert (contrast, both_phases) == (read(text).contrast, read(text).both_phases)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("XR KNEE LEFT", "L"),
        ("XR KNEE RT", "R"),
        ("XR KNEES BILATERAL", "B"),
        ("XR KNEE B/L", "B"),
        ("XR KNEE L AND R", "B"),
        ("US VENOUS LLE", "L"),
        ("RODILLA IZQUIERDA RX", "L"),
        ("MRI L SPINE", ""),
        ("CT HEAD R/O BLEED", ""),
        ("XR CHEST LEFT LATERAL DECUBITUS", ""),
        ("XR KNEE", ""),
    ],
)
def test_laterality_is_read(text, side):
    """The L of a lumbar spine is no side, nor is the R of "rule out"."""
    assert side == read(text).laterality


@pytest.mark.parametrize(
    ("text", "views"),
    [
        ("XR CHEST 2 VIEWS", 2),
        ("XR CHEST 2VW", 2),
        ("XR CHEST TWO VIEWS", 2),
        ("XR KNEE 4 OR MORE VIEWS", 4),
        ("XR CHEST PA AND LAT", 2),
        ("XR CHEST AP PORTABLE", 1),
        ("XR CHEST PORTABLE", 1),
        ("XR ABDOMEN SUPINE AND UPRIGHT", 2),
        ("XR CHEST", 0),
        ("XR CHEST 900 VIEWS", 0),
    ],
)
def test_views_are_counted(text, views):
    """By number or by name."""
    assert views == read(text).views


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("XR CHEST PA AND LATERAL", ("PA", "LAT")),
        ("XR CHEST PA UPRIGHT", ("PA",)),
        ("XR HAND PA LAT OBL LEFT", ("PA", "LAT", "OBL")),
        ("MAMMO LEFT CC MLO", ("CC", "MLO")),
        ("XR HIP FROG LATERAL", ("FROG",)),
        ("XR KNEE AP LAT SUNRISE", ("AP", "LAT", "SUNRISE")),
        ("CT HEAD AXIAL", ()),
    ],
)
def test_views_are_named_in_order(text, named):
    """Only projections have any."""
    assert named == read(text).procedure_views


@pytest.mark.parametrize(
    ("text", "exams"),
    [
        ("CTA CHEST PE PROTOCOL", {"angiography", "pulmonary-embolism"}),
        ("MAMMO SCREENING BILAT W TOMO", {"screening", "tomosynthesis"}),
        ("CT LIVER 3 PHASE", {"multiphase"}),
        ("NM BONE SCAN 3 PHASE", {"bone-scan", "multiphase"}),
        ("US PELVIS NON-OB", {"gynecologic"}),
        ("MRCP", {"cholangiopancreatography"}),
        ("XR KNEE STANDING", {"weight-bearing"}),
        ("CT CHEST", set()),
    ],
)
def test_kinds_of_examination_are_read(text, exams):
    """A procedure may be of several."""
    assert exams == read(text).exams


def test_a_radiograph_follows_the_sites_setting():
    """Nothing in "XR" says CR or DX."""
    assert "CR" == read("XR CHEST", defaults=Defaults(xray="CR")).modality


def test_each_decision_says_its_evidence():
    """So that a wrong one can be mended."""
    assert (
        "modality CT: the procedure says CT",
        "body part KNEE: the procedure says KNEE",
        "laterality L: the procedure says LEFT",
        "contrast without: the procedure says WO",
    ) == read("CT KNEE LEFT WO").evidence


def test_accents_are_folded():
    """Senders are everywhere."""
    assert "CHEST" == read("Radiografía de tórax").body_part.term


@given(text=st.text(max_size=300), service=st.text(max_size=10))
def test_any_text_is_read(text, service):
    """Whatever a sender types, there is a modality, and each decision has its evidence."""
    found = read(text, service)

    assert found.modality
    assert all(sentence.partition(": ")[2] for sentence in found.evidence)


@pytest.mark.parametrize("text", ["CT " * 22_000, "W/O " * 16_000, "A" * 65_536, "'" * 65_536, "CTHEADWO " * 7_000])
def test_a_hostile_text_is_read_quickly(text):
    """Only its beginning is looked at; reading is on the way to the acknowledgment."""
    read("CT CHEST")
    began = time.perf_counter()

    read(text)

    assert time.perf_counter() - began < 0.1


def test_words_after_the_beginning_say_nothing():
    """Nor does the word at which it ends."""
    assert "OT" == read("X" * (MAX_CHARACTERS - 2) + " CTRL").modality


def test_parts_lie_in_regions_that_can_be_drawn():
    """All of them."""
    assert set() == {part.region for part in load_lexicon().parts.by_name.values()} - REGIONS


def test_parts_have_codes_that_the_standard_prints():
    """PS3.16; SNOMED International lets DICOM implementations use these and no others."""
    printed = {value for values in concepts["SCT"].values() for value in values}

    assert set() == {part.code.value for part in load_lexicon().parts.by_name.values()} - printed


def test_there_are_parts_for_most_of_what_is_examined():
    """By their defined terms."""
    assert 70 <= len({part.term for part in load_lexicon().parts.by_name.values()})


def test_relations_between_parts_name_parts():
    """A misspelt one would be silent."""
    parts = load_lexicon().parts
    named = set().union(*parts.within.values(), *(names | {name} for names, name in parts.combinations))

    assert set() == named - set(parts.by_name)
