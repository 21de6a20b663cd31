"""What a key finds: probes of matching (PS3.4 C.2.2.2, K.2.2, Table K.6-1), asked over the network."""

from datetime import UTC, datetime

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code, OrderControl
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Change
from tests.builders import a_new, an_order
from tests.worklist.asking import find, identifier, keywords

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # our own side warns of malformed keys it sends

ALL = ["SMITH", "SMITHSON", "MULLER", "YAMADA", "ONEIL", "SMYTH"]

TYPE_1 = ("PatientName", "PatientID", "StudyInstanceUID", "RequestedProcedureID")
TYPE_2 = (
    *("AccessionNumber", "RequestingPhysician", "ReferringPhysicianName", "AdmissionID", "CurrentPatientLocation"),
    *("PatientBirthDate", "PatientSex", "PatientWeight", "ConfidentialityConstraintOnPatientDataDescription"),
    *("PatientState", "PregnancyStatus", "MedicalAlerts", "Allergies", "SpecialNeeds"),
    *("RequestedProcedurePriority", "PatientTransportArrangements", "RequestedProcedureDescription"),
)
SEQUENCES = ("ReferencedStudySequence", "ReferencedPatientSequence", "RequestedProcedureCodeSequence")
TYPE_1_OF_STEP = (
    *("ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality"),
    "ScheduledProcedureStepID",
)
TYPE_2_OF_STEP = (
    *("ScheduledPerformingPhysicianName", "ScheduledStationName", "ScheduledProcedureStepLocation"),
    *("ScheduledProcedureStepDescription", "PreMedication", "RequestedContrastAgent"),
)


def a_step(modality: str, stations: str, day: int, time: str, **more: object) -> StepDraft:
    start = datetime(2030, 7, day, int(time[:2]), int(time[2:4]), int(time[4:] or 0), tzinfo=UTC)
    return StepDraft(modality=modality, station_ae_titles=tuple(stations.split()), scheduled_at=start, **more)


ITEMS = [
    ("SMITH", "Smith^John", "P1", a_step("CT", "CT01", 5, "0800", performing_physician="House^Gregory")),
    ("SMITHSON", "SMITHSON^Al", "P2", a_step("CT", "CT02", 5, "1400", scheduled_procedure_step_id="STEP2")),
    ("MULLER", "Müller^Jörg^^Dr.", "P3", a_step("MR", "MR01", 6, "1200", description="MR [brain] 100%_a")),
    ("YAMADA", "Yamada^Tarou=山田^太郎=やまだ^たろう", "P4", a_step("DX", "DX01 DX02", 7, "1730")),
    ("ONEIL", "O'Neil^Ann", "P5", a_step("US", "US01", 7, "183015", protocol_code=Code("BR1", "Brain", "99X"))),
    ("SMYTH", "Smyth", "P6", a_step("CR", "CR01", 8, "0000")),
]


@pytest.fixture
def port(serve, put):
    put(*(a_new(an_order(name, patient=Patient(pid, pn), steps=(step,))) for name, pn, pid, step in ITEMS))
    return serve().port


def uid_of(name: str) -> str:
    return next(
        an_order(n, patient=Patient(pid, pn), steps=(step,)).study_instance_uid
        for n, pn, pid, step in ITEMS
        if n == name
    )


STATION, DATE, TIME = "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
DOCTOR, STATUS = "ScheduledPerformingPhysicianName", "ScheduledProcedureStepStatus"
TEXT = "ScheduledProcedureStepDescription"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # Universal (C.2.2.2.3).
        ({}, ALL),
        ({"PatientName": "*"}, ALL),
        ({"PatientName": "**"}, ALL),
        ({"Modality": "*", STATION: "*"}, ALL),
        # Single value, case and all (C.2.2.2.1).
        ({"AccessionNumber": "SMITH"}, ["SMITH"]),
        ({"AccessionNumber": "smith"}, []),
        ({"AccessionNumber": " SMITH "}, ["SMITH"]),
        ({"PatientID": "P3"}, ["MULLER"]),
        ({"PatientID": "p3"}, []),
        ({"PatientID": "P"}, []),
        ({"Modality": "CT"}, ["SMITH", "SMITHSON"]),
        ({"Modality": "XA"}, []),
        ({"ScheduledProcedureStepID": "STEP2"}, ["SMITHSON"]),
        ({"ScheduledProcedureStepID": "STEP2", "Modality": "MR"}, []),
        # Names, without case, accents and trailing carets; group by group (C.2.2.2.1.1).
        ({"PatientName": "SMITH^JOHN"}, ["SMITH"]),
        ({"PatientName": "smith*"}, ["SMITH", "SMITHSON"]),
        ({"PatientName": "SMITH^JOHN^^^"}, ["SMITH"]),
        ({"PatientName": "SMITH^JOHN=="}, ["SMITH"]),
        ({"PatientName": "SMITH"}, []),
        ({"PatientName": "Muller*"}, ["MULLER"]),
        ({"PatientName": "MÜLLER^jorg^^DR."}, ["MULLER"]),
        ({"PatientName": "*J?RG*"}, ["MULLER"]),
        ({"PatientName": "SM?TH*"}, ["SMITH", "SMITHSON", "SMYTH"]),
        ({"PatientName": "SM?TH"}, ["SMYTH"]),
        ({"PatientName": "*son*"}, ["SMITHSON"]),
        ({"PatientName": "O'N*"}, ["ONEIL"]),
        ({"PatientName": "Smyth^"}, ["SMYTH"]),
        ({"PatientName": "Yamada*"}, ["YAMADA"]),
        ({DOCTOR: "house*"}, ["SMITH"]),
        ({DOCTOR: "HOUSE^GREGORY"}, ["SMITH"]),
        ({DOCTOR: "Wilson*"}, []),
        # Wildcards on other texts, also where the table asks for a single value only (C.2.2.2.4).
        ({"PatientID": "P?"}, ALL),
        ({"PatientID": "?"}, []),
        ({STATION: "CT*"}, ["SMITH", "SMITHSON"]),
        ({STATION: "?T01"}, ["SMITH"]),
        ({"Modality": "?R"}, ["MULLER", "SMYTH"]),
        ({TEXT: "MR [brain]*"}, ["MULLER"]),
        ({TEXT: "*100%_a"}, ["MULLER"]),
        ({TEXT: "*100%?a"}, ["MULLER"]),
        ({TEXT: "MR _brain_*"}, []),
        ({"AccessionNumber": "SM*H*"}, ["SMITH", "SMITHSON", "SMYTH"]),
        # Several values of an attribute; several of a key.
        ({STATION: "DX02"}, ["YAMADA"]),
        ({STATION: "DX01"}, ["YAMADA"]),
        ({STATION: "DX03"}, []),
        ({STATION: "DX02\\CT01"}, ["SMITH", "YAMADA"]),
        ({"Modality": "CT\\MR"}, ["SMITH", "SMITHSON", "MULLER"]),
        ({"Modality": "CT\\"}, ["SMITH", "SMITHSON"]),
        ({"StudyInstanceUID": "SMITH ONEIL"}, ["SMITH", "ONEIL"]),
        ({"StudyInstanceUID": "SMYTH"}, ["SMYTH"]),
        # Dates, times by meaning, ranges, and both together as one period.
        ({DATE: "20300705"}, ["SMITH", "SMITHSON"]),
        ({DATE: "20300706-20300707"}, ["MULLER", "YAMADA", "ONEIL"]),
        ({DATE: "20300707-"}, ["YAMADA", "ONEIL", "SMYTH"]),
        ({DATE: "-20300705"}, ["SMITH", "SMITHSON"]),
        ({DATE: "20310101"}, []),
        ({TIME: "080000"}, ["SMITH"]),
        ({TIME: "0800"}, ["SMITH"]),
        ({TIME: "08"}, ["SMITH"]),
        ({TIME: "080000.000"}, ["SMITH"]),
        ({TIME: "080000.5"}, []),
        ({TIME: "18"}, ["ONEIL"]),
        ({TIME: "1700-18"}, ["YAMADA", "ONEIL"]),
        ({TIME: "1700-1800"}, ["YAMADA"]),
        ({TIME: "-0800"}, ["SMITH", "SMYTH"]),
        ({TIME: "1800-"}, ["ONEIL"]),
        ({DATE: "20300705-20300707", TIME: "1000-1800"}, ["SMITHSON", "MULLER", "YAMADA"]),
        ({DATE: "20300705-20300706", TIME: "1300-1200"}, ["SMITHSON", "MULLER"]),
        ({DATE: "20300705", TIME: "1300-1500"}, ["SMITHSON"]),
        ({DATE: "20300705", TIME: "0800"}, ["SMITH"]),
        ({DATE: "20300707", TIME: "1800-"}, ["ONEIL"]),
        ({DATE: "20300707-", TIME: "1800-"}, ["ONEIL", "SMYTH"]),
        ({DATE: "-20300705", TIME: "-1000"}, ["SMITH"]),
        ({DATE: "20300708", TIME: "000000"}, ["SMYTH"]),
        # Optional keys we know restrict; such as are empty on file match no value (K.2.2.1.1.1).
        ({STATUS: "SCHEDULED"}, ALL),
        ({STATUS: "STARTED"}, []),
        ({STATUS: "STARTED\\SCHEDULED"}, ALL),
        ({STATUS: "SCHED*"}, ALL),
        ({"RequestedProcedureID": "MULLER"}, ["MULLER"]),
        ({"RequestedProcedureDescription": "CT CHEST*"}, ALL),
        ({"PatientBirthDate": "19000101-20991231"}, []),
        ({"AdmissionID": "*"}, ALL),
        ({"AdmissionID": "V1"}, []),
        # Keys nobody here knows do not restrict (K.2.2.1.1.2).
        ({"BarcodeValue": "0815"}, ALL),
        ({"PatientAge": "030Y"}, ALL),
    ],
    ids=str,
)
def test_a_key_finds(port, keys, expected):
    """Sorted by start."""
    if "StudyInstanceUID" in keys:
        keys = {"StudyInstanceUID": [uid_of(name) for name in keys["StudyInstanceUID"].split()]}
    found = find(port, identifier(keys))

    assert (0x0000, expected) == (found.status, found.accessions)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("山田*", ["YAMADA"]),
        ("*太郎", ["YAMADA"]),
        ("=山田^太郎", ["YAMADA"]),
        ("やまだ*", ["YAMADA"]),
        ("Müller*", ["MULLER"]),
    ],
)
def test_a_name_is_found_by_any_of_its_groups(port, name, expected):
    """Asked for in UTF-8."""
    assert expected == find(port, identifier({"PatientName": name}, "ISO_IR 192")).accessions


@pytest.mark.parametrize(
    ("character_set", "name", "expected"),
    [
        ("ISO_IR 100", "MÜLLER*", ["MULLER"]),
        ("\\ISO 2022 IR 87", "=山田*", ["YAMADA"]),
        ("ISO_IR 144", "Мюллер*", []),
    ],
)
def test_a_key_is_read_in_the_character_set_of_its_query(port, character_set, name, expected):
    """K.4.1.1.3.2."""
    assert expected == find(port, identifier({"PatientName": name}, character_set)).accessions


def sequence_of(**values: str) -> Sequence:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return Sequence([item])


@pytest.mark.parametrize(
    ("values", "expected"),
    [({"CodeValue": "BR1"}, ["ONEIL"]), ({"CodeValue": "BR1", "CodeMeaning": "x"}, []), ({"CodeValue": ""}, ALL)],
)
def test_a_key_within_a_sequence_finds(port, values, expected):
    """An item matches if one of the sequence's items matches all of it (C.2.2.2.6)."""
    keys = identifier({"ScheduledProtocolCodeSequence": sequence_of(**values)})

    assert expected == find(port, keys).accessions


@pytest.mark.parametrize(
    ("keys", "tag"),
    [
        ({DATE: "2030/07/05"}, 0x00400002),
        ({DATE: "20301305"}, 0x00400002),
        ({DATE: "today"}, 0x00400002),
        ({DATE: "-"}, 0x00400002),
        ({TIME: "8h"}, 0x00400003),
        ({TIME: "2500"}, 0x00400003),
        ({"PatientBirthDate": "1980"}, 0x00100030),
    ],
    ids=str,
)
def test_a_malformed_key_fails_the_query(port, keys, tag):
    """A900, with the element at fault and a comment without its value; the next query is answered."""
    found = find(port, identifier(keys))
    comment = found.command.text(0x0902)

    assert (0xA900, []) == (found.status, found.answers)
    assert tag == int.from_bytes(found.command.elements[0x0901][:2], "little") << 16 | int.from_bytes(
        found.command.elements[0x0901][2:], "little"
    )
    assert comment and not any(value in comment for value in keys.values() if len(value) > 1)
    assert ALL == find(port, identifier()).accessions


def test_two_items_in_a_key_sequence_fail_the_query(port):
    """C.2.2.2.6: there is one."""
    keys = identifier()
    keys.ScheduledProcedureStepSequence.append(Dataset())

    assert 0xA900 == find(port, keys).status


@pytest.mark.parametrize("form", ["absent", "no item", "an empty item"])
def test_a_step_sequence_without_keys_asks_for_all(port, form):
    """Absent, it is not given; without keys, all of it is (K.2.2.1.2)."""
    keys = identifier()
    del keys.ScheduledProcedureStepSequence
    if form != "absent":
        keys.ScheduledProcedureStepSequence = Sequence([Dataset()] if form == "an empty item" else [])
    found = find(port, keys)
    steps = {len(answer.get("ScheduledProcedureStepSequence") or ()) for _, answer in found.answers}

    assert ALL == found.accessions
    assert {0 if form == "absent" else 1} == steps
    if form != "absent":
        assert "ScheduledProcedureStepLocation" in found.answers[0][1].ScheduledProcedureStepSequence[0]


def test_only_what_was_asked_is_given(port):
    """K.4.1.1.3.2; what is known and has no value comes with zero length."""
    keys = Dataset()
    keys.AccessionNumber, keys.AdmissionID, keys.MedicalAlerts = "SMITH", "", ""
    ((status, answer),) = find(port, keys).answers

    assert (0xFF00, ["AccessionNumber", "MedicalAlerts", "AdmissionID"]) == (status, keywords(answer))
    assert ("", "") == (answer.AdmissionID, answer.MedicalAlerts)


@pytest.mark.parametrize("keyword", ["BarcodeValue", "IssuerOfAccessionNumberSequence", "PatientAge"])
def test_what_is_not_known_is_left_out_and_said(port, keyword):
    """FF01 (K.4.1.1.4)."""
    keys = identifier({"AccessionNumber": "SMITH"})
    setattr(keys, keyword, Sequence() if keyword.endswith("Sequence") else "")
    ((status, answer),) = find(port, keys).answers

    assert (0xFF01, False) == (status, keyword in answer)


def test_private_keys_and_group_lengths_do_no_harm(port):
    """They restrict nothing; private ones are not known."""
    keys = identifier({"AccessionNumber": "SMITH"})
    keys.add_new(0x00090010, "LO", "ACME 1.0")
    keys.add_new(0x00091001, "LO", "x")
    keys.add_new(0x00100000, "UL", 4)
    ((status, answer),) = find(port, keys).answers

    assert (0xFF01, "SMITH") == (status, answer.AccessionNumber)


def test_what_is_said_of_the_identifier_itself_is_no_key(port):
    """Time zone and level restrict nothing."""
    keys = identifier({"AccessionNumber": "SMITH", "TimezoneOffsetFromUTC": "+0100", "QueryRetrieveLevel": "STUDY"})
    ((status, answer),) = find(port, keys).answers

    assert (0xFF00, False) == (status, "TimezoneOffsetFromUTC" in answer)


def test_all_values_of_an_attribute_are_given(port):
    """K.2.2.3."""
    ((_, answer),) = find(port, identifier({STATION: "DX02"})).answers

    assert ["DX01", "DX02"] == answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle


def test_every_step_of_an_order_is_an_answer(serve, put):
    """With one item in its sequence each, by start."""
    late, early = (a_step(modality, "", 1, time) for modality, time in (("CT", "1200"), ("MR", "1100")))
    put(a_new(an_order("A1", steps=(late, early))))
    found = find(serve().port, identifier())
    steps = [answer.ScheduledProcedureStepSequence for _, answer in found.answers]

    assert ([1, 1], ["MR", "CT"]) == ([len(step) for step in steps], [step[0].Modality for step in steps])
    assert 2 == len({step[0].ScheduledProcedureStepID for step in steps})


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"], ids=["implicit", "explicit"])
def test_an_item_says_the_same_in_either_transfer_syntax(port, syntax):
    """Every attribute of Table K.6-1 that is known."""
    keys = identifier({"AccessionNumber": "ONEIL"})
    keys.ScheduledProcedureStepSequence = Sequence()
    ((_, answer),) = find(port, keys, syntax=syntax).answers
    step = answer.ScheduledProcedureStepSequence[0]

    assert ("O'Neil^Ann", "20300707", "183015") == (
        answer.PatientName,
        step.ScheduledProcedureStepStartDate,
        step.ScheduledProcedureStepStartTime,
    )
    assert [("BR1", "99X", "Brain")] == [
        (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) for code in step.ScheduledProtocolCodeSequence
    ]


@pytest.mark.parametrize(
    ("name", "asked", "given"),
    [
        ("Doe^Jane", "", ""),
        ("Doe^Jane", "ISO_IR 192", ""),
        ("Müller^Jörg", "", "ISO_IR 100"),
        ("Müller^Jörg", "ISO_IR 6", "ISO_IR 100"),
        ("Müller^Jörg", "ISO_IR 192", "ISO_IR 192"),
        ("Müller^Jörg", "ISO_IR 101", "ISO_IR 101"),
        ("Müller^Jörg", "ISO_IR 144", "ISO_IR 100"),
        ("Иванов^Пётр", "ISO_IR 144", "ISO_IR 144"),
        ("Иванов^Пётр", "ISO_IR 100", "ISO_IR 192"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "\\ISO 2022 IR 87", "\\ISO 2022 IR 87"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", "ISO_IR 13\\ISO 2022 IR 87", "ISO_IR 13\\ISO 2022 IR 87"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "\\ISO 2022 IR 149", "\\ISO 2022 IR 149"),
        ("Zhang^XiaoDong=张^小东", "GB18030", "GB18030"),
        ("Yamada^Tarou=山田^太郎", "ISO_IR 100", "ISO_IR 192"),
        ("Buc^Jérôme", "NO SUCH SET", "ISO_IR 100"),
    ],
)
def test_a_name_is_never_mangled(serve, put, name, asked, given):
    """In the set that was asked for where it holds every letter, else Latin-1, else UTF-8; ASCII needs none."""
    put(a_new(an_order(patient=Patient("P1", name))))
    ((_, answer),) = find(serve().port, identifier(character_set=asked)).answers
    said = answer.get("SpecificCharacterSet", "")

    assert name == str(answer.PatientName)
    assert given == (said if isinstance(said, str) else "\\".join(said))


def test_a_worklist_shows_how_steps_stand(serve, put):
    """ScheduledProcedureStepStatus, by a query that asks for it."""
    order = an_order()
    put(a_new(order), Change(OrderControl.START, order.keys))
    ((_, answer),) = find(serve().port, identifier({STATUS: ""})).answers

    assert "STARTED" == answer.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus


def test_every_attribute_of_the_table_is_known(serve, put):
    """PS3.4 Table K.6-1: types 1 and 2, those of type 1 with a value."""
    put(a_new(an_order()))
    keys = identifier(dict.fromkeys((*TYPE_1, *TYPE_2, *TYPE_1_OF_STEP, *TYPE_2_OF_STEP), ""))
    for keyword in SEQUENCES:
        setattr(keys, keyword, Sequence())
    keys.PregnancyStatus = None
    ((status, answer),) = find(serve().port, keys).answers
    step = answer.ScheduledProcedureStepSequence[0]

    assert 0xFF00 == status
    assert [] == [keyword for keyword in TYPE_1 if not answer.get(keyword)]
    assert [] == [keyword for keyword in TYPE_1_OF_STEP if not step.get(keyword)]
    assert [] == [keyword for keyword in (*TYPE_2, *SEQUENCES) if keyword not in answer]
    assert [] == [keyword for keyword in TYPE_2_OF_STEP if keyword not in step]
    assert answer.RequestedProcedureDescription or answer.RequestedProcedureCodeSequence
    assert step.ScheduledProcedureStepDescription or step.ScheduledProtocolCodeSequence


def test_a_step_id_and_a_study_uid_are_the_same_each_time(port):
    """Whatever is asked for, and however often."""
    keys = [identifier(), identifier({"AccessionNumber": "SMITH", "MedicalAlerts": ""}), identifier()]
    answers = [find(port, one).answers[0][1] for one in keys]
    steps = {answer.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for answer in answers}

    assert (1, 1) == (len(steps), len({answer.StudyInstanceUID for answer in answers}))
