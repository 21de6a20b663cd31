"""The archive's index: what it finds, counts, forgets, and how it grows out of an older one."""

import json
import sqlite3
from dataclasses import replace

import pytest
from sqlite_utils import Migrations

from dicomfabd.domain.commitment import CommitmentRequest, Reference
from dicomfabd.store.archive_interface import SORTED, ArchivedInstance, ArchiveQuery, Condition, Level, StoredInstance
from dicomfabd.store.migrations import m0001_archive, migrate
from dicomfabd.store.opening import open_archive_index

PATIENT = {"PatientID": "P1", "IssuerOfPatientID": "", "PatientName": "Doe^Jane"}


@pytest.fixture
def index(tmp_path, clock):
    opened = open_archive_index(tmp_path / "index.db", clock)
    yield opened.index
    opened.close()


def entry(number: int, study: str = "1.1", series: str = "1.1.1", **changes: str) -> ArchivedInstance:
    """Give an instance of a CT study; `changes` are attributes of any level, `size` among them."""
    image = {"SOPInstanceUID": f"{series}.{number}", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}
    return ArchivedInstance(
        number,
        patient={name: changes.get(name, value) for name, value in PATIENT.items()},
        study={
            "StudyInstanceUID": study,
            "AccessionNumber": changes.get("AccessionNumber", "A1"),
            "StudyDate": changes.get("StudyDate", "20260302"),
        },
        series={"SeriesInstanceUID": series, "Modality": changes.get("Modality", "CT")},
        image={name: changes.get(name, value) for name, value in image.items()},
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        size=int(changes.get("size", "100")),
    )


def uids(index, level: Level = Level.STUDY, **conditions: Condition) -> list[str]:
    keyword = {Level.PATIENT: "PatientID", Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID"}[level]
    return [row[keyword] for row in index.find(ArchiveQuery(level, conditions))]


@pytest.fixture
def two_studies(index):
    """Give an index of a CT with two series, and an older MR of another patient."""
    index.add(
        [entry(1), entry(2), entry(3, series="1.1.2", Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")]
    )
    other = {"PatientID": "P2", "PatientName": "Müller^Ute=ミュラー", "Modality": "MR", "AccessionNumber": "A2"}
    index.add([entry(4, "1.2", "1.2.1", StudyDate="20250101", **other)])
    return index


def test_what_is_below_a_row_is_counted(two_studies):
    """Series, instances, modalities, classes, bytes; of the patient too."""
    computed = frozenset(
        {
            "NumberOfPatientRelatedStudies",
            "NumberOfPatientRelatedSeries",
            "NumberOfPatientRelatedInstances",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
            "ModalitiesInStudy",
            "SOPClassesInStudy",
            "StudySize",
        }
    )
    (row,) = two_studies.find(replace(ArchiveQuery.of(Level.STUDY, "1.1"), computed=computed))

    expected = {
        "NumberOfPatientRelatedStudies": "1",
        "NumberOfPatientRelatedSeries": "2",
        "NumberOfPatientRelatedInstances": "3",
        "NumberOfStudyRelatedSeries": "2",
        "NumberOfStudyRelatedInstances": "3",
        "ModalitiesInStudy": "CT\\SR",
        "SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.5.1.4.1.1.88.11",
        "StudySize": "300",
    }
    assert expected == {name: row[name] for name in computed}


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"PatientID": Condition(values=("P1",))}, ["1.1"]),
        ({"PatientID": Condition(patterns=("P?",))}, ["1.1", "1.2"]),
        ({"PatientID": Condition(patterns=("[P]1",))}, []),
        ({"PatientName": Condition(patterns=("doe^*",))}, ["1.1"]),
        ({"PatientName": Condition(patterns=("muller^ute=*",))}, ["1.2"]),
        ({"AccessionNumber": Condition(values=("A1", "A2"))}, ["1.1", "1.2"]),
        ({"StudyDate": Condition(between=("20260101", "20261231"))}, ["1.1"]),
        ({"ModalitiesInStudy": Condition(values=("SR",))}, ["1.1"]),
        ({"StudyInstanceUID": Condition(values=("1.2", "9.9"))}, ["1.2"]),
    ],
)
def test_rows_are_found_by_what_has_a_column(two_studies, conditions, found):
    """Values, patterns and ranges; a bracket is a bracket."""
    assert found == uids(two_studies, **conditions)


def test_a_study_date_that_is_none_matches_no_range(index):
    """And is given back as it came."""
    index.add([entry(1, StudyDate="2026/03/02")])

    assert [] == uids(index, StudyDate=Condition(between=("00000000", "99999999")))
    assert ["2026/03/02"] == [row["StudyDate"] for row in index.find(ArchiveQuery(Level.STUDY))]


def test_rows_come_in_pages(index):
    """In the order they came or the newest first, many more than are fetched at once."""
    index.add([entry(number, f"1.{number}", f"1.{number}.1") for number in range(1, 1203)])

    everything = uids(index)
    page = [row["StudyInstanceUID"] for row in index.find(ArchiveQuery(Level.STUDY, limit=700, offset=600))]
    newest = next(index.find(ArchiveQuery(Level.STUDY, is_newest_first=True)))["StudyInstanceUID"]

    assert [f"1.{number}" for number in range(1, 1203)] == everything
    assert everything[600:] == page
    assert "1.1202" == newest


@pytest.mark.parametrize("is_backwards", [False, True])
@pytest.mark.parametrize("order", ["", *sorted(SORTED)])
def test_pages_of_every_order_add_up(index, order, is_backwards):
    """Rows that are alike in what they are sorted by are neither lost nor given twice; the row before may be gone."""
    patients = ("A", "", "A", "B~1", "A", "~")
    studies = [
        entry(number, f"1.{number}", f"1.{number}.1", PatientID=text, PatientName=text, AccessionNumber=text)
        for number, text in enumerate(patients, start=1)
    ]
    index.add(studies)
    query = ArchiveQuery(Level.STUDY, {}, frozenset({"StudyPlace"}), order=order, is_newest_first=is_backwards)
    everything = [row["StudyInstanceUID"] for row in index.find(query)]
    found: list[str] = []
    place = ""
    while rows := list(index.find(replace(query, limit=2, after=place))):
        found += [row["StudyInstanceUID"] for row in rows]
        place = rows[-1]["StudyPlace"]
        index.remove(ArchiveQuery.of(Level.STUDY, found[-1]))

    assert sorted(f"1.{number}" for number in range(1, 7)) == sorted(everything)
    assert everything == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("doe", ["1.1"]), ("JANE a1", ["1.1"]), ("muller", ["1.2"]), ("ミュラー", ["1.2"]), ("%", []), ("doe a2", [])],
)
def test_studies_are_found_by_words(two_studies, text, found):
    """Wherever they stand, without case and accents; no sign is a wildcard."""
    assert found == [row["StudyInstanceUID"] for row in two_studies.find(ArchiveQuery(Level.STUDY, text=text))]


def test_an_instance_is_entered_once(index):
    """Also twice in one commit."""
    assert [True, False] == index.add([entry(1), entry(2, SOPInstanceUID="1.1.1.1")])
    assert [False] == index.add([entry(3, SOPInstanceUID="1.1.1.1")])


def test_instances_are_named_by_what_they_belong_to(two_studies):
    """With class, syntax and size; also by a patient's ID."""
    of_patient = ArchiveQuery(Level.PATIENT, {"PatientID": Condition(values=("P2",))})

    expected = StoredInstance(4, "1.2", "1.2.1", "1.2.1.4", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", 100)
    assert [expected] == list(two_studies.instances(of_patient))
    assert [1, 2] == [one.instance_id for one in two_studies.instances(ArchiveQuery.of(Level.SERIES, "1.1.1"))]


def test_what_is_left_empty_goes_with_the_last_instance(two_studies):
    """Image, series, study, patient; nothing else."""
    assert [1, 2] == two_studies.remove(ArchiveQuery.of(Level.SERIES, "1.1.1"))
    assert (["1.1", "1.2"], ["P1", "P2"]) == (uids(two_studies), uids(two_studies, Level.PATIENT))

    assert [3] == two_studies.remove(ArchiveQuery.of(Level.STUDY, "1.1"))

    assert (["1.2"], ["P2"]) == (uids(two_studies), uids(two_studies, Level.PATIENT))
    assert ["1.2.1"] == uids(two_studies, Level.SERIES)


def test_the_study_nothing_came_for_goes_first(index, clock):
    """The newest of its instances counts; a study something came for meanwhile stays."""
    index.add([entry(1, "1.1", "1.1.1"), entry(2, "1.2", "1.2.1")])
    clock.advance(10)
    index.add([entry(3, "1.1", "1.1.1")])

    assert "1.2" == index.oldest_study(clock() + 1)
    assert None is index.oldest_study(clock() - 10)
    assert [] == index.remove(ArchiveQuery.of(Level.STUDY, "1.1"), received_before=clock())


def test_a_patient_is_described_by_the_newest_study(index):
    """Each study goes on saying what its own images say."""
    index.add([entry(1, "1.1", "1.1.1"), entry(2, "1.2", "1.2.1", PatientName="Roe^Jane")])

    assert ["Roe^Jane"] == [row["PatientName"] for row in index.find(ArchiveQuery(Level.PATIENT))]
    assert ["Doe^Jane", "Roe^Jane"] == [row["PatientName"] for row in index.find(ArchiveQuery(Level.STUDY))]


def test_a_commitment_request_waits_until_it_is_settled(index, clock):
    """Kept once for an AE title, due when it is due, with the number of its tries."""
    request = CommitmentRequest("1.9", (Reference("1.2", "3.4"),))
    index.ask(request, "SCU", clock() + 5)
    index.ask(request, "SCU", clock())
    assert (None, clock() + 5) == (index.due(clock()), index.next_due())
    clock.advance(5)

    pending = index.due(clock())
    assert (request, "SCU", clock() - 5, 0) == (
        pending.request,
        pending.ae_title,
        pending.asked_at,
        pending.attempt,
    )
    index.postpone(pending, clock())
    assert 1 == index.due(clock()).attempt
    index.settle(pending)
    assert (None, None) == (index.due(clock()), index.next_due())


def test_an_older_index_is_brought_up_to_date(tmp_path):
    """Rows of the first schema are found by patient, name, date and class; their syntax is in the files."""
    first = Migrations("dicomfabd-archive")
    first()(m0001_archive)
    (tmp_path / "index.db").touch()
    db = sqlite3.connect(tmp_path / "index.db")
    migrate(db, first)
    old = {"StudyDate": "20260302", "PatientName": "Doe^Jané", "PatientID": "P1"}
    for number, more in ((1, {}), (2, {"IssuerOfPatientID": "H"}), (3, {"StudyDate": "?"})):
        uid = f"1.{number}"
        attributes = json.dumps({"StudyInstanceUID": uid} | old | more)
        db.execute("INSERT INTO studies VALUES (?, ?, 'P1', 'A1', ?)", (number, uid, attributes))
        db.execute("INSERT INTO series VALUES (?, ?, ?, ?)", (number, number, f"{uid}.1", '{"Modality": "CT"}'))
        image = json.dumps({"SOPInstanceUID": f"{uid}.1.1", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"})
        db.execute("INSERT INTO images VALUES (?, ?, ?, 10, 5.0, ?)", (number, number, f"{uid}.1.1", image))
    db.commit()
    db.close()

    opened = open_archive_index(tmp_path / "index.db")
    named = ArchiveQuery(Level.STUDY, {"PatientName": Condition(patterns=("doe^jane",))})
    dated = ArchiveQuery(Level.STUDY, {"StudyDate": Condition(between=("20260302", "20260302"))})
    patients = ArchiveQuery(Level.PATIENT, computed=frozenset({"NumberOfPatientRelatedStudies"}))

    assert 3 == len(list(opened.index.find(named)))
    assert 3 == len(list(opened.index.find(ArchiveQuery(Level.STUDY, text="jane p1"))))
    assert ["1.1", "1.2"] == [row["StudyInstanceUID"] for row in opened.index.find(dated)]
    assert {("", "2"), ("H", "1")} == {
        (row["IssuerOfPatientID"], row["NumberOfPatientRelatedStudies"]) for row in opened.index.find(patients)
    }
    expected = StoredInstance(1, "1.1", "1.1.1", "1.1.1.1", "1.2.840.10008.5.1.4.1.1.2", "", 10)
    assert expected == next(opened.index.instances(ArchiveQuery.of(Level.STUDY, "1.1")))
    assert "1.1" == opened.index.oldest_study(6.0)
    opened.close()
