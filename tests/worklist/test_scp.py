"""The worklist over the network, asked by pynetdicom and by DCMTK's findscu."""

import contextlib
import subprocess

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE
from pynetdicom.sop_class import ModalityWorklistInformationFind, Verification

from dicomfabd.config import Worklist
from dicomfabd.domain.delivery import Delivery
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.patient import Patient
from dicomfabd.worklist.scp import WorklistServer
from tests.builders import NOON, a_cancel, a_message, a_new, an_order, take
from tests.conftest import program
from tests.listeners import running


@pytest.fixture
def serve(store, journal, clock):
    with contextlib.ExitStack() as started:

        def start(profiles=(), **settings):
            server = WorklistServer(Worklist(port=0, **settings), profiles, store.worklist, journal, clock=clock)
            started.enter_context(running(server))
            return server

        yield start


@pytest.fixture
def put(store):
    def accept(*changes):
        take(store.inbox, a_message(""), *changes)

    return accept


def keys(**step) -> Dataset:
    ds = Dataset()
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureID"):
        setattr(ds, keyword, "")
    item = Dataset()
    for keyword in ("Modality", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"):
        setattr(item, keyword, step.get(keyword, ""))
    item.ScheduledStationAETitle = step.get("ScheduledStationAETitle", "")
    item.ScheduledProcedureStepID = ""
    ds.ScheduledProcedureStepSequence = Sequence([item])
    return ds


def ask(server: WorklistServer, identifier: Dataset, called: str = "ANY") -> list[tuple[int, Dataset | None]]:
    entity = AE("CT01")
    entity.add_requested_context(ModalityWorklistInformationFind)
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", server.port, ae_title=called)
    assert association.is_established, "rejected"
    answers = [
        (status.Status, answer)
        for status, answer in association.send_c_find(identifier, ModalityWorklistInformationFind)
    ]
    association.release()
    return answers


def accessions(server: WorklistServer, identifier: Dataset) -> list[str]:
    return [answer.AccessionNumber for _, answer in ask(server, identifier) if answer]


def test_an_accepted_order_is_there_at_once(serve, put):
    """With the Study Instance UID its images will carry."""
    order = an_order()
    put(a_new(order))

    (status, item), final = ask(serve(), keys())

    assert (0xFF00, (0x0000, None)) == (status, final)
    assert (order.study_instance_uid, "DOE^JANE", "P1") == (
        item.StudyInstanceUID,
        str(item.PatientName),
        item.PatientID,
    )
    step = item.ScheduledProcedureStepSequence[0]
    assert ("CT", "20260302", "120000") == (
        step.Modality,
        step.ScheduledProcedureStepStartDate,
        step.ScheduledProcedureStepStartTime,
    )


def test_a_cancelled_order_is_gone_at_once(serve, put):
    """No modality examines a patient for nothing."""
    put(a_new(an_order("A1")), a_new(an_order("A2")), a_cancel(accession_number="A1"))

    assert ["A2"] == accessions(serve(), keys())


@pytest.mark.parametrize(("keep_done_s", "seen"), [(3600, ["A1"]), (5, []), (0, [])])
def test_a_finished_order_stays_for_a_while(serve, put, store, clock, keep_done_s, seen):
    """keep_done_s."""
    put(a_new(an_order(), "main"))
    store.queue.settle(store.queue.claim("w", 60, {"main": 9}), Delivery("main", 1, 0, 0, 1))
    clock.advance(10)

    assert seen == accessions(serve(keep_done_s=keep_done_s), keys())


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ({"Modality": "CT"}, ["A1"]),
        ({"Modality": "CT\\MR"}, ["A1", "A2"]),
        ({"ScheduledStationAETitle": "FABMR"}, ["A2"]),
        ({"ScheduledProcedureStepStartDate": "20260302"}, ["A1"]),
        ({"ScheduledProcedureStepStartDate": "20260301-20260303"}, ["A1", "A2"]),
        ({"ScheduledProcedureStepStartTime": "11-13"}, ["A1"]),
        # Both ranges are one period: from the 2nd, 13 h, to the 3rd, 13 h.
        (
            {
                "ScheduledProcedureStepStartDate": "20260302-20260303",
                "ScheduledProcedureStepStartTime": "1300-1300",
            },
            ["A2"],
        ),
    ],
)
def test_a_modality_finds_what_it_asks_for(serve, put, step, found):
    """Sorted by start."""
    later = NOON.replace(day=3, hour=8)
    put(
        a_new(an_order("A2", steps=(StepDraft(modality="MR", scheduled_at=later),))),
        a_new(an_order("A1")),
    )

    assert found == accessions(serve(), keys(**step))


def test_only_what_was_asked_is_given(serve, put):
    """K.4.1.1.3.2; what we do not know at all makes the status FF01."""
    put(a_new(an_order()))
    identifier = Dataset()
    identifier.AccessionNumber = "A1"
    identifier.MedicalAlerts = ""
    known = ask(serve(), identifier)[0]
    identifier.BarcodeValue = ""
    unknown = ask(serve(), identifier)[0]

    assert (0xFF00, ["AccessionNumber", "MedicalAlerts"]) == (known[0], [e.keyword for e in known[1]])
    assert (0xFF01, ["AccessionNumber", "MedicalAlerts"]) == (unknown[0], [e.keyword for e in unknown[1]])


def test_a_name_is_never_mangled(serve, put):
    """In the character set asked for if it holds every letter, else in UTF-8."""
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    put(a_new(an_order(patient=Patient("P1", name))))
    identifier = keys()
    identifier.SpecificCharacterSet = "ISO_IR 100"

    item = ask(serve(), identifier)[0][1]

    assert ("ISO_IR 192", name) == (item.SpecificCharacterSet, str(item.PatientName))


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")  # our own side warns of what the test is about
def test_a_malformed_key_fails_the_query(serve, put):
    """A900; the server lives on."""
    put(a_new(an_order()))
    server = serve()

    assert [(0xA900, None)] == ask(server, keys(ScheduledProcedureStepStartDate="2030/07/05"))
    assert ["A1"] == accessions(server, keys())


def test_answers_are_capped(serve, put):
    """max_answers."""
    put(*(a_new(an_order(f"A{n}")) for n in range(5)))

    assert 3 == len(accessions(serve(max_answers=3), keys()))


def test_only_listed_called_titles_are_answered_where_there_is_a_list(serve, put):
    """Any, where there is none."""
    put(a_new(an_order()))
    server = serve(called_ae_titles=["WORKLIST"])

    assert ask(server, keys(), called="WORKLIST")
    with pytest.raises(AssertionError, match="rejected"):
        ask(server, keys(), called="OTHER")


def test_the_log_tells_keys_never_values(serve, put, sink):
    """A query by name is a name."""
    put(a_new(an_order()))
    identifier = keys(Modality="CT")
    identifier.PatientName = "DOE*"

    ask(serve(), identifier)

    (said,) = sink.named("worklist.queried")
    assert ({"PatientName", "Modality"}, 1) == (set(said["keys"]), said["answers"])
    assert "DOE" not in str(said)


@pytest.mark.slow
def test_findscu_finds_an_item(serve, put):
    """DCMTK, as the tutorial kit uses it, under any called title."""
    put(a_new(an_order()))
    command = [program("findscu"), "-v", "-W", "-aec", "ORTHANC", "127.0.0.1", str(serve().port)]

    done = subprocess.run(
        [*command, "-k", "0008,0050=A1", "-k", "0010,0020=P1", "-k", "0020,000d"], capture_output=True, text=True
    )

    assert an_order().study_instance_uid in done.stdout + done.stderr
