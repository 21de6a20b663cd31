"""Why an item does not show."""

import pytest

from dicomfabd.config import ProfileSection, Worklist
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import OrderControl
from dicomfabd.store.interface import Change
from dicomfabd.worklist.asking import NotKeys, from_file, in_words, read_keys
from dicomfabd.worklist.desk import WorklistDesk
from dicomfabd.worklist.querylog import keys_on_file
from tests.builders import NOON, a_cancel, a_new, an_order
from tests.worklist.asking import find, identifier


@pytest.fixture
def desk(store, clock):
    return lambda *profiles, **settings: WorklistDesk(
        Worklist(**settings), profiles, store.worklist, store.queries, clock
    )


@pytest.fixture(autouse=True)
def order(put):
    order = an_order("A1", steps=(StepDraft(modality="CT", scheduled_at=NOON, station_ae_titles=("CT01",)),))
    put(a_new(order))
    return order


def only_step(explanation):
    (step,) = explanation.steps
    return step


def test_the_key_that_keeps_an_item_out_is_named(desk):
    """With what was asked and what is there; the others fit."""
    step = only_step(desk().why("A1", "Modality=CT, 0040,0001=CT02, PatientName=DOE*"))

    assert not step.is_found
    assert [
        ("Modality", "CT", "CT", True),
        ("PatientName", "DOE*", "DOE^JANE", True),
        ("ScheduledStationAETitle", "CT02", "CT01", False),
    ] == sorted((verdict.key, verdict.asked, verdict.found, verdict.fits) for verdict in step.verdicts)


def test_start_date_and_time_are_explained_together(desk):
    """Because they are one period."""
    step = only_step(
        desk().why("A1", "ScheduledProcedureStepStartDate=20260302-20260303;ScheduledProcedureStepStartTime=1300-1400")
    )
    (verdict,) = step.verdicts

    assert ("20260302-20260303 1300-1400", "20260302 120000", False) == (verdict.asked, verdict.found, verdict.fits)


def test_what_is_found_is_said_to_be(desk):
    """Of nothing asked, everything."""
    assert only_step(desk().why("A1", "")).is_found


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (OrderControl.HOLD, "it is HELD; profile default shows COMPLETED, SCHEDULED, STARTED"),
        (OrderControl.COMPLETE, "it was over at 1970-01-12T13:46:40Z, and is shown for 60 s after that (keep_done_s)"),
    ],
)
def test_what_else_keeps_an_item_out_is_said(desk, put, clock, order, control, reason):
    """How it stands, and since when."""
    put(Change(control, order.keys))
    clock.advance(61)
    step = only_step(desk(keep_done_s=60).why("A1", ""))

    assert (False, (reason,)) == (step.is_found, step.reasons)


def test_a_profile_is_explained(desk):
    """Its label, and what it makes of the keys."""
    profile = ProfileSection(
        name="heart", called_ae_titles=["MWL"], labels=["HEART"], set_keys={"Modality": "MR"}, ignore_keys=["PatientID"]
    )
    explanation = desk(profile).why("A1", "PatientID=X", called="MWL")
    step = only_step(explanation)

    assert ("heart", ("its label is empty; profile heart shows HEART",)) == (explanation.profile, step.reasons)
    assert [("Modality", "MR", False)] == [(it.key, it.asked, it.fits) for it in step.verdicts]
    assert ("profile heart takes Modality to be MR", "profile heart ignores PatientID") == explanation.remarks


def test_a_query_that_was_asked_is_explained_by_its_number(serve, desk, sink, put, clock):
    """As its modality asked it, by its profile; also one that came before the order."""
    server = serve()
    find(server.port, identifier({"Modality": "MR"}), calling="MR01")
    clock.advance(5)
    put(a_new(an_order("A2")))
    find(server.port, identifier({"ScheduledProcedureStepStartDate": "2026/03/02"}))
    first, second = sink.named("worklist.queried"), sink.named("worklist.query_failed")
    numbers = [str(said["query"]) for said in (*first, *second)]
    worklist = desk()
    while len(worklist.queries(9, None)) < 2:  # they are kept once a second
        pass

    explanation = worklist.why("A2", numbers[0])
    assert [("Modality", False)] == [(it.key, it.fits) for it in only_step(explanation).verdicts]
    assert ("the order came at 1970-01-12T13:46:45Z, after the query of 1970-01-12T13:46:40Z",) == explanation.remarks
    failed, asked = worklist.queries(9, None)
    assert ("MR01", 0, 0, "Modality=MR") == (
        asked.calling_ae_title,
        asked.answers,
        asked.status,
        in_words(from_file(asked.keys).keys),
    )
    assert (0xA900, True) == (failed.status, "ScheduledProcedureStepStartDate" in failed.comment)


def test_what_is_not_there_is_said(desk):
    """Which of the two."""
    with pytest.raises(LookupError, match="accession number A9"):
        desk().why("A9", "")
    with pytest.raises(LookupError, match="no query 77"):
        desk().why("A1", "77")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Modality=CT", "Modality=CT"),
        (" Modality = CT ,\nPatientID=P1", "PatientID=P1, Modality=CT"),
        ("0008,0060=CT,(0010,0010)=DOE^JANE", "PatientName=DOE^JANE, Modality=CT"),
        (
            "(0040,0100)[0].Modality=CT; ScheduledProcedureStepSequence[0].0040,0001=CT01",
            "Modality=CT, ScheduledStationAETitle=CT01",
        ),
        ("PatientName=Doe, Jane, PatientID=1", "PatientName=Doe, Jane, PatientID=1"),
        ("0009,1001=x", "0009,1001=x"),
        ("", ""),
    ],
)
def test_keys_are_read_as_people_write_them(text, words):
    """By keyword or tag, also as findscu has them; and told the same way."""
    asked = read_keys(text)

    assert words == in_words(asked.keys)
    assert asked == from_file(keys_on_file(asked.keys))


@pytest.mark.parametrize("text", ["CT", "NoSuchKeyword=1", "blah, Modality=CT"])
def test_what_is_no_key_is_refused(text):
    """With how to write one."""
    with pytest.raises(NotKeys, match="write"):
        read_keys(text)


def test_every_reason_is_given(desk, put, clock):
    """It is cancelled, and that is long ago."""
    put(a_cancel(accession_number="A1"))
    clock.advance(61)

    assert 2 == len(only_step(desk(keep_done_s=60).why("A1", "")).reasons)


def test_a_cancelled_order_is_explained_though_it_is_listed_no_more(desk, put, store, clock):
    """It left the index."""
    put(a_cancel(accession_number="A1"))
    clock.advance(10)
    store.worklist.retire(clock.now)

    assert not only_step(desk().why("A1", "")).is_found
