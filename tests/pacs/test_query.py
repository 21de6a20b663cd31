"""C-FIND and QIDO-RS with PACS that answer, are away, refuse, fail and misbehave."""

import logging
import ssl
import threading
from dataclasses import replace
from datetime import date

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicomfabd.pacs import query as querying
from dicomfabd.pacs.query import PATIENT_ROOT, STUDY_ROOT, State, ask, ask_all
from dicomfabd.pacs.question import Level, Question, build_question
from tests.peers import fake_pacs, free_port, scripted_peer, serving, storescp

STUDIES = (STUDY_ROOT,)
BOTH = (STUDY_ROOT, PATIENT_ROOT)


def a_question(level: Level = Level.STUDY, most: int = 100, root: str = "study", **filters: str) -> Question:
    return build_question(level, filters, date(2026, 2, 2), most, root)


def found(answer: querying.Answer, column: str = "accession_number") -> list[str]:
    assert State.ANSWERED == answer.state, answer.reason
    return sorted(row[column] for row in answer.rows)


def answers(*items: Dataset, status: int = 0x0000):
    """Give a handler that answers these, whatever is asked, then a status."""

    def handler(_event):
        yield from ((0xFF00, item) for item in items)
        yield status, None

    return [(evt.EVT_C_FIND, handler)]


def an_item(**attributes: object) -> Dataset:
    item = Dataset()
    item.QueryRetrieveLevel = "STUDY"
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["A1", "A2", "A3", "A4"]),
        ({"accession": "A1"}, ["A1"]),
        ({"accession": "A"}, []),
        ({"accession": "A?"}, ["A1", "A2", "A3", "A4"]),
        ({"patient_name": "DOE"}, []),
        ({"patient_name": "DOE*"}, ["A1"]),
        ({"patient_id": "P2"}, ["A2"]),
        ({"study_uid": "1.2.5"}, ["A3"]),
        ({"study_description": "CT*"}, ["A1", "A2", "A3", "A4"]),
        ({"modality": "MR"}, ["A2"]),
        ({"date": "20260201"}, ["A2"]),
        ({"date": "-20260131"}, ["A1", "A3", "A4"]),
        ({"days": "1"}, ["A2"]),
        ({"days": "0"}, []),
    ],
    ids=str,
)
@pytest.mark.parametrize("over_web", [False, True], ids=["C-FIND", "QIDO-RS"])
def test_orthanc_gives_what_fits(filled, filters, expected, over_web):
    """Exact unless a wildcard is typed, both ways alike."""
    destination = filled.destination(web_url=filled.web_url)

    assert expected == found(ask(destination, a_question(**filters), over_web=over_web))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "filters", "rows"),
    [
        (Level.STUDY, {}, 4),
        (Level.SERIES, {"study_uid": "1.2.3"}, 2),
        (Level.IMAGE, {"study_uid": "1.2.3", "series_uid": "1.2.3.1"}, 3),
    ],
)
def test_every_level_is_the_same_over_dicom_and_over_the_web(filled, level, filters, rows):
    """Column by column, counts and modalities included; in both information models."""
    destination = filled.destination(web_url=filled.web_url)
    question = a_question(level, **filters)

    by_find, by_web = (ask(destination, question, over_web=over_web) for over_web in (False, True))
    in_patient_root = ask(destination, a_question(level, root="patient", **filters))

    def sorted_rows(answer):
        return sorted(tuple(row.items()) for row in answer.rows)

    assert (rows, "C-FIND", "QIDO-RS") == (len(by_find.rows), by_find.via, by_web.via)
    assert sorted_rows(by_find) == sorted_rows(by_web) == sorted_rows(in_patient_root)


@pytest.mark.slow
def test_a_study_says_what_is_in_it(filled):
    """Modalities, counts, birth date and sex: the ancestor gave none of them."""
    (row,) = ask(filled.destination(), a_question(accession="A1")).rows

    expected = {
        "patient_birth_date": "19800101",
        "patient_sex": "F",
        "modalities_in_study": "CT",
        "number_of_study_related_series": "2",
        "number_of_study_related_instances": "4",
    }
    assert expected == {name: row[name] for name in expected}


@pytest.mark.slow
def test_patients_are_asked_for(filled):
    """In the patient root, which DICOMweb has not."""
    question = a_question(Level.PATIENT, patient_name="*")

    assert ["P1", "P2", "P3", "P4"] == found(ask(filled.destination(), question), "patient_id")
    over_web = ask(filled.destination(web_url=filled.web_url), question, over_web=True)
    assert State.REFUSED == over_web.state


@pytest.mark.slow
def test_names_of_every_script_are_read(filled):
    """UTF-8, both groups of a Japanese name."""
    names = found(ask(filled.destination(), a_question()), "patient_name")

    assert ["DOE^JANE", "Müller^Jörg", "Yamada^Tarou=山田^太郎", "Иванов^Иван"] == [it.rstrip("=^") for it in names]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Müller*", "Иванов*"])
def test_names_of_every_script_are_asked_for(filled, name):
    """Encoded in a set that holds them."""
    assert 1 == len(ask(filled.destination(), a_question(patient_name=name)).rows)


@pytest.mark.slow
def test_more_than_was_wanted_is_said(filled):
    """And not where exactly so many are there."""
    some, all_ = (ask(filled.destination(), a_question(most=most)) for most in (3, 4))

    assert [(3, True), (4, False)] == [(len(it.rows), it.more) for it in (some, all_)]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 192", "Иванов^Иван"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
    ids=str,
)
def test_answers_are_read_in_the_character_set_they_are_in(charset, name):
    """ISO 2022 with its escapes too."""
    item = an_item(SpecificCharacterSet=charset, PatientName=name)
    with serving(answers(item), STUDIES) as destination:
        answer = ask(destination, a_question())

    assert [name] == found(answer, "patient_name")


def test_a_pacs_is_told_to_stop_after_the_wanted_rows():
    """C-CANCEL, then a release; it need not send all it has."""
    cancelled = threading.Event()

    def endless(event):
        for number in range(20):
            yield 0xFF00, an_item(AccessionNumber=f"A{number}")
        while event.assoc.is_established and not event.is_cancelled:
            cancelled.wait(0.01)
        cancelled.set()
        yield 0xFE00, None

    released = threading.Event()
    handlers = [(evt.EVT_C_FIND, endless), (evt.EVT_RELEASED, lambda _event: released.set())]
    with serving(handlers, STUDIES) as destination:
        answer = ask(destination, a_question(most=5))
        assert cancelled.wait(10)
        assert released.wait(10)

    assert (State.ANSWERED, 5, True) == (answer.state, len(answer.rows), answer.more)


def test_a_pacs_that_does_not_stop_is_left(monkeypatch):
    """A cancel it ignores costs a bounded time."""
    monkeypatch.setattr(querying, "_MOST_AFTER_CANCEL", 20)

    def deaf(_event):
        for number in range(100_000):
            yield 0xFF00, an_item(AccessionNumber=f"A{number}")

    with serving([(evt.EVT_C_FIND, deaf)], STUDIES) as destination:
        answer = ask(destination, a_question(most=5))

    assert (5, True) == (len(answer.rows), answer.more)


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC000, 0x0122, 0xB000])
def test_a_failure_is_said_beside_the_rows_that_came(status):
    """Never taken for the end."""
    with serving(answers(an_item(AccessionNumber="A1"), status=status), STUDIES) as destination:
        answer = ask(destination, a_question())

    assert (State.FAILED, ["A1"]) == (answer.state, [row["accession_number"] for row in answer.rows])
    assert f"0x{status:04X}" in answer.reason


def test_a_comment_of_the_pacs_is_passed_on():
    """On one line."""

    def with_comment(_event):
        status = Dataset()
        status.Status = 0xA900
        status.ErrorComment = "no such\x07 key"
        yield status, None

    with serving([(evt.EVT_C_FIND, with_comment)], STUDIES) as destination:
        assert "no such key" in ask(destination, a_question()).reason


def test_every_pacs_says_for_itself_how_it_fared():
    """Away is not the same as nothing found, and none hides another."""
    here = serving(answers(an_item(AccessionNumber="A1")), STUDIES)
    strict = serving(answers(), STUDIES, require_called_aet=True, require_calling_aet=["FRIEND"])
    with here as answering, strict as refusing, fake_pacs() as deaf, serving(answers(), STUDIES) as empty:
        asked = [
            replace(answering, name="here"),
            replace(answering, name="away", port=free_port()),
            replace(refusing, name="stranger"),
            replace(refusing, name="misnamed", ae_title="OTHER", find_ae_title="FRIEND"),
            replace(deaf.destination(), name="storage-only"),
            replace(empty, name="empty"),
            replace(answering, name="nowhere", host="no-such-host.invalid"),
        ]
        results = {answer.destination: answer for answer in ask_all(asked, a_question())}

    assert [it.name for it in asked] == list(results)
    assert {"here": 1, "empty": 0} == {n: len(it.rows) for n, it in results.items() if it.state is State.ANSWERED}
    assert ["away", "nowhere"] == [name for name, it in results.items() if it.state is State.AWAY]
    assert "refused" in results["away"].reason.lower()
    assert "register AE title DICOMFABD there" in results["stranger"].reason
    assert "it does not call itself OTHER" in results["misnamed"].reason
    assert "does not offer this service" in results["storage-only"].reason
    assert {State.REFUSED} == {results[name].state for name in ("stranger", "misnamed", "storage-only")}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("silence", "does not answer as a DICOM application"),
        ("close", "does not answer as a DICOM application"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer as a DICOM application"),
        (b"\x02\x00\xff\xff\xff\xff", "it sent a PDU longer than agreed"),
    ],
    ids=["silent", "closes", "speaks HTTP", "an endless PDU"],
)
def test_what_is_no_dicom_application_is_away(step, said):
    """In the time a destination gives it, and without the memory it claims to need."""
    with scripted_peer(step) as destination:
        answer = ask(destination, a_question())

    assert State.AWAY == answer.state
    assert said in answer.reason


def test_a_pacs_that_dies_in_the_middle_keeps_what_it_gave():
    """As failed, not as all there is."""

    def dying(event):
        yield 0xFF00, an_item(AccessionNumber="A1")
        event.assoc.abort()

    with serving([(evt.EVT_C_FIND, dying)], STUDIES) as destination:
        answer = ask(destination, a_question())

    assert (State.FAILED, 1) == (answer.state, len(answer.rows))


def test_values_that_are_malformed_are_shown_as_they_came():
    """A row is not lost for a date that is none."""
    item = an_item(AccessionNumber="A1")
    for keyword, value in {"StudyDate": "20269999", "StudyInstanceUID": "1.02.3", "PatientName": "A" * 70}.items():
        item.add(DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE))
    with serving(answers(item), STUDIES) as destination:
        (row,) = ask(destination, a_question()).rows

    assert ("20269999", "1.02.3", "A" * 70) == (row["study_date"], row["study_instance_uid"], row["patient_name"])


def test_only_the_information_model_a_pacs_has_is_used():
    """The patient root serves studies too."""
    with serving(answers(an_item(AccessionNumber="A1")), (PATIENT_ROOT,)) as destination:
        assert ["A1"] == found(ask(destination, a_question()))
    with serving(answers(), STUDIES) as destination:
        assert "ask for studies" in ask(destination, a_question(Level.PATIENT)).reason


def test_no_name_gets_into_the_log(caplog):
    """Neither what is asked nor what is answered."""
    caplog.set_level(logging.DEBUG)
    with serving(answers(an_item(PatientName="SECRET^NAME")), STUDIES) as destination:
        ask(destination, a_question(patient_name="SECRET^WISH"))

    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    ("host", "checks_name", "state"),
    [
        ("127.0.0.1", True, State.ANSWERED),
        ("other.example", True, State.AWAY),
        ("other.example", False, State.ANSWERED),
    ],
)
def test_tls_is_spoken_and_checked(certificates, host, checks_name, state):
    """The certificate has to be for the host, unless the destination says otherwise."""
    files = certificates(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["certificate"], files["key"])
    with serving(answers(an_item(AccessionNumber="A1")), STUDIES, context) as plain:
        destination = replace(plain, tls=True, tls_ca=files["ca"], tls_check_name=checks_name)
        answer = ask(destination, a_question())

    assert state == answer.state
    assert (state is State.AWAY) == ("doesn't match" in answer.reason or "not valid for" in answer.reason)


def test_a_tls_file_that_is_missing_is_named():
    """With the field it stands in."""
    with serving(answers(), STUDIES) as plain:
        answer = ask(replace(plain, tls=True, tls_ca="/no/such/ca.pem"), a_question())

    assert State.AWAY == answer.state
    assert "tls_ca = '/no/such/ca.pem': cannot be read" in answer.reason


@pytest.mark.slow
def test_dcmtk_is_asked_with_tls_and_a_certificate_of_ours(certificates, tmp_path):
    """Both sides show one; without ours nothing is said but TLS."""
    files = certificates("127.0.0.1")
    with storescp(tmp_path, "+tls", files["key"], files["certificate"], "+cf", files["ca"]) as plain:
        own = {"tls_certificate": files["certificate"], "tls_key": files["key"]}
        known, unknown = (ask(replace(plain, tls=True, tls_ca=files["ca"], **it), a_question()) for it in (own, {}))

    assert (State.REFUSED, True) == (known.state, "does not offer this service" in known.reason)
    assert State.AWAY == unknown.state


@pytest.mark.slow
def test_a_pacs_without_c_find_is_asked_over_the_web_and_that_is_said(filled):
    """Only where its DICOM port refuses; one that is away stays away."""
    with fake_pacs() as pacs:
        destination = replace(pacs.destination(), web_url=filled.web_url)
        answer = ask(destination, a_question())
    away = ask(destination, a_question())

    assert (4, "QIDO-RS") == (len(answer.rows), answer.via)
    assert answer.reason.startswith("asked over DICOMweb, because")
    assert (State.AWAY, "C-FIND") == (away.state, away.via)


@pytest.mark.slow
def test_a_destination_of_dicomweb_only_is_asked_over_the_web(filled):
    """Its DICOM port may be none."""
    destination = filled.destination(transport="stow", web_url=filled.web_url, port=free_port())

    answer = ask(destination, a_question())

    assert ("QIDO-RS", 4) == (answer.via, len(answer.rows))
