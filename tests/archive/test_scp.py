"""The built-in archive over the network."""

import subprocess
from collections import Counter

import pytest
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRoot

from dicomfabd.archive.scp import ArchiveServer
from dicomfabd.dimse.datasets import encode, read_attributes
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.domain.delivery import Destination
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.kinds import SOP_CLASSES
from dicomfabd.fabricate.study import fabricate, write_file
from dicomfabd.pacs.storage import StorageAssociation
from tests.archive.conftest import EXPLICIT, keep
from tests.conftest import program
from tests.fabricate.studies import plan_of, read

PLAN = plan_of("CT HEAD", "CT")


def send(archive: ArchiveServer, bodies: Bodies, plan=PLAN) -> list[int]:
    destination = Destination("archive", "127.0.0.1", archive.port, "FABARCHIVE")
    with StorageAssociation(destination, SOP_CLASSES) as association:
        return [
            association.store(i.sop_class_uid, i.sop_instance_uid, i.parts)
            for i in fabricate(plan, bodies, association.syntax_for)
        ]


def find(archive: ArchiveServer, level: str, **values: str) -> list[tuple[int, Dataset | None]]:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(identifier, keyword, value)
    entity = AE("SCU")
    entity.add_requested_context(StudyRoot)
    association = entity.associate("127.0.0.1", archive.port)
    answers = [(status.Status, answer) for status, answer in association.send_c_find(identifier, StudyRoot)]
    association.release()
    return answers


def found(archive: ArchiveServer, level: str, **values: str) -> list[Dataset]:
    return [answer for _, answer in find(archive, level, **values) if answer]


def test_what_was_stored_is_found_at_every_level(archive, bodies):
    """Study, series, image."""
    assert {0} == set(send(archive, bodies))

    (study,) = found(archive, "STUDY", AccessionNumber="A1", StudyInstanceUID="", NumberOfStudyRelatedInstances="")
    series = found(archive, "SERIES", StudyInstanceUID=study.StudyInstanceUID, SeriesInstanceUID="", Modality="CT")
    images = found(
        archive,
        "IMAGE",
        StudyInstanceUID=study.StudyInstanceUID,
        SeriesInstanceUID=PLAN.series[1].series_instance_uid,
        SOPInstanceUID="",
    )

    assert (PLAN.order.study_instance_uid, PLAN.instances) == (
        study.StudyInstanceUID,
        int(study.NumberOfStudyRelatedInstances),
    )
    assert {s.series_instance_uid for s in PLAN.series if s.modality == "CT"} == {
        one.SeriesInstanceUID for one in series
    }
    assert PLAN.series[1].images == len(images)


@pytest.mark.parametrize(
    ("keys", "amount"),
    [
        ({"PatientName": "doe*"}, 1),
        ({"PatientID": "P?"}, 1),
        ({"StudyDate": "20260301-20260303"}, 1),
        ({"StudyDate": "20260303-"}, 0),
        ({"ModalitiesInStudy": "CT"}, 1),
        ({"ModalitiesInStudy": "MR"}, 0),
        ({"AccessionNumber": "NONE"}, 0),
    ],
)
def test_studies_are_found_by_their_attributes(archive, keys, amount, bodies):
    """PS3.4 C.6.1.1."""
    send(archive, bodies)

    assert amount == len(found(archive, "STUDY", **keys))


def test_an_instance_is_kept_once(archive, tmp_path, bodies):
    """A resend is a success and changes nothing."""
    send(archive, bodies)
    assert {0} == set(send(archive, bodies))

    assert PLAN.instances == len(list((tmp_path / "instances").rglob("*.dcm")))


def test_files_are_dicom_and_named_by_us(archive, tmp_path, bodies):
    """No received value is part of a path."""
    send(archive, bodies, plan_of("XR CHEST", "DX", accession_candidates=("../../evil",)))

    files = sorted((tmp_path / "instances").rglob("*.dcm"))

    assert ["1.dcm", "2.dcm"] == [file.name for file in files]
    assert Counter({"../../evil": 2}) == Counter(dcmread(file).AccessionNumber for file in files)


def test_a_query_without_a_level_is_refused(archive, bodies):
    """A900."""
    assert [(0xA900, None)] == find(archive, "WARD")


def test_an_instance_that_lies_about_its_uid_is_refused(archive, sink, bodies):
    """And nothing of it is kept."""
    destination = Destination("archive", "127.0.0.1", archive.port, "FABARCHIVE")
    with StorageAssociation(destination, SOP_CLASSES) as association:
        instance = next(iter(fabricate(PLAN, bodies, association.syntax_for)))
        lie = association.store(instance.sop_class_uid, "1.2.3", instance.parts)
        junk = association.store(instance.sop_class_uid, "1.2.3", [b"no data set at all, not even close"])

    assert (0xA900, True) == (lie, junk >= 0xA900)
    assert [] == found(archive, "STUDY", StudyInstanceUID="")
    assert 2 == len(sink.named("archive.instance_failed"))


@pytest.mark.slow
def test_dcmtk_stores_and_finds(archive, tmp_path, bodies):
    """storescu of a file we made, findscu -S."""
    write_file(next(iter(fabricate(PLAN, bodies))), tmp_path / "x.dcm")
    port = str(archive.port)
    subprocess.run([program("storescu"), "127.0.0.1", port, str(tmp_path / "x.dcm")], check=True, capture_output=True)

    done = subprocess.run(
        [
            program("findscu"),
            "-v",
            "-S",
            "-k",
            "0008,0052=STUDY",
            "-k",
            "0008,0050=A1",
            "-k",
            "0020,000d",
            "127.0.0.1",
            port,
        ],
        capture_output=True,
        text=True,
    )

    assert PLAN.order.study_instance_uid in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("SERIES", {"SeriesInstanceUID": ""}),
        ("SERIES", {"StudyInstanceUID": ["1.2", "1.3"]}),
        ("IMAGE", {"StudyInstanceUID": "1.2"}),
        ("PATIENT", {"PatientID": ""}),
        ("STUDY", {"StudyDate": "yesterday"}),
    ],
)
def test_an_identifier_that_is_none_of_the_model_is_refused(archive, bodies, level, keys):
    """A900: unique keys of the levels above with a single value (C.4.1.2.1), levels of the study root."""
    send(archive, bodies)

    assert [(0xA900, None)] == find(archive, level, **keys)


def test_what_others_wrote_wrong_is_given_back_or_left_out(archive, shelf, bodies):
    """And keeps nobody from finding anything: dates that are none, numbers of other representations."""
    (made, *_) = keep(shelf, PLAN, bodies)
    dataset = read(made)
    for keyword, vr, value in (
        ("StudyDate", "DA", "2026/03/02"),
        ("StudyTime", "TM", "noon"),
        ("Rows", "LO", "70000"),
        ("SeriesNumber", "LO", "9" * 60),
        ("PatientWeight", "LO", "heavy"),
        ("PatientName", "LO", "Doe\\Roe"),
    ):
        dataset.add(DataElement(keyword, vr, value, validation_mode=IGNORE))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "1.2.1", "1.2.2", "1.2.3"
    request = StoreRequest(made.sop_class_uid, "1.2.3", EXPLICIT, encode(dataset, EXPLICIT))
    shelf.keep(request, read_attributes(request))

    keys = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.2", "SOPInstanceUID": ""}
    (image,) = found(archive, "IMAGE", **keys, Rows=None, SeriesNumber=None, PatientWeight=None, StudyDate="")
    studies = found(archive, "STUDY", StudyDate="20260302", StudyTime="000000-235959", StudyInstanceUID="")

    assert (None, None, None, "2026/03/02") == (
        image.Rows,
        image.SeriesNumber,
        image.PatientWeight,
        image.StudyDate,
    )
    assert [PLAN.order.study_instance_uid] == [study.StudyInstanceUID for study in studies]


def test_letters_where_no_character_set_helps_cost_nobody_an_answer(archive, shelf, bodies):
    """A question mark stands for each; what a character set is for keeps its letters."""
    (made, *_) = keep(shelf, PLAN, bodies)
    dataset = read(made)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in (("StudyDate", "\uff1d1"), ("Modality", "\u4e2d"), ("StudyDescription", "\u4e2d\u6587")):
        dataset.add(DataElement(keyword, "LO", value, validation_mode=IGNORE))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "1.2.1", "1.2.2", "1.2.3"
    request = StoreRequest(made.sop_class_uid, "1.2.3", EXPLICIT, encode(dataset, EXPLICIT))
    shelf.keep(request, read_attributes(request))

    answers = find(archive, "STUDY", StudyInstanceUID="", StudyDate="", StudyDescription="", ModalitiesInStudy="")

    assert [0xFF00, 0xFF00, 0x0000] == [status for status, _ in answers]
    (strange,) = [answer for _, answer in answers if answer and answer.StudyInstanceUID == "1.2.1"]
    assert ("?1", "?", "\u4e2d\u6587") == (strange.StudyDate, strange.ModalitiesInStudy, strange.StudyDescription)
