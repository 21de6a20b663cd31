"""C-FIND, C-MOVE, C-GET and storage commitment over the network, asked by DCMTK and pynetdicom."""

import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicomfabd.domain.commitment import CommitmentReport, Reference
from tests.archive.conftest import keep, nobody_there, values_of
from tests.conftest import program
from tests.fabricate.studies import plan_of, read
from tests.peers import storescp

pytestmark = pytest.mark.slow

PLAN = plan_of("CT HEAD", "CT")
STUDY = PLAN.order.study_instance_uid


@pytest.fixture
def made(archive, bodies):
    """Give the instances of a study the archive holds."""
    return keep(archive.shelf, PLAN, bodies)


def dcmtk(name: str, archive, *options: str, **keys: str) -> str:
    """Run a client of DCMTK against the archive and give what it said."""
    told = [argument for keyword, value in keys.items() for argument in ("-k", f"{keyword}={value}")]
    command = [program(name), "-v", *options, "-aec", "FABARCHIVE", *told, "127.0.0.1", str(archive.port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def arrived(folder: Path) -> dict[str, Dataset]:
    return {dataset.SOPInstanceUID: dataset for dataset in map(dcmread, folder.iterdir())}


def is_all_of_it(made, files: dict[str, Dataset]) -> bool:
    return {one.sop_instance_uid: values_of(read(one)) for one in made} == {
        uid: values_of(dataset) for uid, dataset in files.items()
    }


@pytest.mark.parametrize(
    ("option", "keys", "amount"),
    [
        ("-P", {"QueryRetrieveLevel": "PATIENT", "PatientID": "P1", "NumberOfPatientRelatedStudies": ""}, 1),
        ("-P", {"QueryRetrieveLevel": "STUDY", "PatientID": "P1", "StudyInstanceUID": ""}, 1),
        ("-P", {"QueryRetrieveLevel": "SERIES", "PatientID": "P1", "StudyInstanceUID": STUDY}, len(PLAN.series)),
        ("-S", {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": STUDY, "Modality": "SR"}, 1),
        (
            "-S",
            {
                "QueryRetrieveLevel": "IMAGE",
                "StudyInstanceUID": STUDY,
                "SeriesInstanceUID": PLAN.series[1].series_instance_uid,
            },
            PLAN.series[1].images,
        ),
    ],
)
def test_findscu_asks_at_every_level(archive, made, option, keys, amount):
    """Patient and study root."""
    said = dcmtk("findscu", archive, option, **keys)

    assert amount == said.count("(Pending)")


def test_movescu_sends_a_study_to_storescp(archive, made, neighbours, tmp_path):
    """Every value of every instance arrives."""
    (tmp_path / "out").mkdir()
    with storescp(tmp_path / "out") as destination:
        neighbours.add(destination)
        said = dcmtk("movescu", archive, "-S", "-aem", "SINK", QueryRetrieveLevel="STUDY", StudyInstanceUID=STUDY)

    assert "0x0000: Success" in said or "(Success)" in said
    assert is_all_of_it(made, arrived(tmp_path / "out"))


def test_movescu_is_told_to_add_the_destination(archive, made):
    """A801 with what to do."""
    command = [program("movescu"), "-d", "-S", "-aem", "NOBODY", "-aec", "FABARCHIVE"]
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}"]
    done = subprocess.run(
        [*command, *keys, "127.0.0.1", str(archive.port)], capture_output=True, text=True, check=False
    )

    assert "MoveDestinationUnknown" in done.stdout + done.stderr
    assert "add NOBODY as a destination" in done.stdout + done.stderr


@pytest.mark.parametrize(("level", "amount"), [("STUDY", PLAN.instances), ("SERIES", PLAN.series[1].images)])
@pytest.mark.parametrize("option", ["+xe", "+xi"])
def test_getscu_gets_what_it_asks_for(archive, made, tmp_path, level, amount, option):
    """Over the association itself, in explicit or implicit VR."""
    (tmp_path / "out").mkdir()
    series = {"SeriesInstanceUID": PLAN.series[1].series_instance_uid} if level == "SERIES" else {}
    dcmtk(
        "getscu",
        archive,
        "-S",
        option,
        "-od",
        str(tmp_path / "out"),
        QueryRetrieveLevel=level,
        StudyInstanceUID=STUDY,
        **series,
    )

    files = arrived(tmp_path / "out")
    assert amount == len(files)
    assert is_all_of_it([one for one in made if one.sop_instance_uid in files], files)


def test_commitment_is_reported(archive, made, neighbours):
    """Asked by N-ACTION; what is not here is named."""
    neighbours.add(nobody_there("SCU"))
    request = Dataset()
    request.TransactionUID = "1.2.3"
    request.ReferencedSOPSequence = Sequence([])
    for sop_class, uid in ((made[0].sop_class_uid, made[0].sop_instance_uid), ("1.2.840.10008.5.1.4.1.1.2", "9.9")):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        request.ReferencedSOPSequence.append(item)
    entity = AE("SCU")
    entity.add_requested_context(StorageCommitmentPushModel)
    association = entity.associate("127.0.0.1", archive.port, ae_title="FABARCHIVE")
    status, _ = association.send_n_action(request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    association.release()

    assert 0x0000 == status.Status
    assert neighbours.wait_for_report()
    kept = Reference(made[0].sop_class_uid, made[0].sop_instance_uid)
    lost = Reference("1.2.840.10008.5.1.4.1.1.2", "9.9")
    assert [("SCU", CommitmentReport("1.2.3", (kept,), ((lost, 0x0112),)))] == neighbours.reports
