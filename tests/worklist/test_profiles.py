"""What is done differently for one modality."""

import pytest

from dicomfabd.config import ConfigError, ProfileSection, Worklist
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import OrderControl
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Change
from dicomfabd.worklist.profiles import Profiles
from tests.builders import NOON, a_cancel, a_new, an_order
from tests.worklist.asking import find, identifier


def a_step(modality="CT", *stations, label=""):
    return StepDraft(modality=modality, scheduled_at=NOON, station_ae_titles=stations, worklist_label=label)


@pytest.fixture
def ask(serve, put):
    """Give a function that asks a worklist with a profile, and gives accession numbers or whole answers."""
    put(
        a_new(an_order("CT1", steps=(a_step("CT", "CT01"),), patient=Patient("P1", "Иванов^Пётр=伊万诺夫"))),
        a_new(an_order("CT2", steps=(a_step("CT", "ROOM7", label="HEART"),), patient=Patient("P2", "Doe^Jane"))),
        a_new(an_order("MR1", steps=(a_step("MR", "MR01"),), patient=Patient("P3", "Müller^Jörg=山田"))),
    )

    def asked(keys=None, calling="CT01", called="ANY", **profile):
        section = ProfileSection(name="it", **{"calling_ae_titles": ["CT*"]} | profile)
        return find(serve([section]).port, identifier(keys or {}), calling, called)

    return asked


@pytest.mark.parametrize(("calling", "found"), [("CT01", ["CT1", "CT2"]), ("MR01", ["CT1", "CT2", "MR1"])])
def test_a_profile_is_for_whom_it_names(ask, calling, found):
    """Everybody else is answered as the settings say."""
    assert found == ask(calling=calling, set_keys={"Modality": "CT"}).accessions


def test_worklists_are_parted_by_the_title_that_is_asked(ask):
    """By labels; one without a profile sees them all."""
    heart = {"called_ae_titles": ["MWL_HEART"], "labels": ["HEART"]}

    assert ["CT2"] == ask(called="MWL_HEART", **heart).accessions
    assert ["CT1", "CT2", "MR1"] == ask(called="MWL", **heart).accessions


@pytest.mark.parametrize(
    ("asked", "found"),
    [("CT01", ["CT1", "CT2"]), ("ROOM7", ["CT1", "CT2"]), ("MR01", ["MR1"]), ("", ["CT1", "CT2", "MR1"])],
)
def test_a_modality_is_known_by_its_aliases(ask, asked, found):
    """What is scheduled under another of its titles is found under the one it asks for, and shown there."""
    answers = ask({"ScheduledStationAETitle": asked}, aliases=["ROOM7"])
    shown = {answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle for _, answer in answers.answers}

    assert found == answers.accessions
    assert {asked} == shown or not asked


@pytest.mark.parametrize("asked", ["", "MR01"])
def test_a_modality_may_see_its_own_examinations_only(ask, asked):
    """Whatever station it asks for."""
    answers = ask({"ScheduledStationAETitle": asked}, calling_as_station=True, aliases=["ROOM7"])

    assert ["CT1", "CT2"] == answers.accessions
    assert ["CT01", "CT01"] == [
        answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle for _, answer in answers.answers
    ]


def test_a_key_may_be_ignored(ask):
    """It is still given."""
    answers = ask({"PatientName": "NOBODY*", "Modality": "MR"}, ignore_keys=["PatientName"])

    assert (["MR1"], "Müller^Jörg=山田") == (answers.accessions, str(answers.answers[0][1].PatientName))


def test_a_key_may_be_taken_to_ask_something_else(ask):
    """Also one that was not sent; it is not given for that."""
    answers = ask({"Modality": "OT"}, set_keys={"Modality": "CT", "PatientID": "P2", "AdmissionID": ""})

    assert (["CT2"], False) == (answers.accessions, "AdmissionID" in answers.answers[0][1])


@pytest.mark.parametrize(
    ("character_set", "names"),
    [
        ("ISO_IR 100", ["Ivanov^Petr", "Doe^Jane", "Müller^Jörg"]),
        ("ISO_IR 144", ["Иванов^Пётр", "Doe^Jane", "Muller^Jorg"]),
        ("ISO_IR 6", ["Ivanov^Petr", "Doe^Jane", "Muller^Jorg"]),
        ("ISO_IR 192", ["Иванов^Пётр=伊万诺夫", "Doe^Jane", "Müller^Jörg=山田"]),
        ("", ["Иванов^Пётр=伊万诺夫", "Doe^Jane", "Müller^Jörg=山田"]),
    ],
)
def test_a_modality_that_shows_one_character_set_gets_every_name_in_it(ask, sink, character_set, names):
    """Romanised where it must be, never with question marks, never empty; and the log says so."""
    answers = ask(character_set=character_set)

    assert names == [str(answer.PatientName) for _, answer in answers.answers]
    assert bool(character_set in ("ISO_IR 100", "ISO_IR 144", "ISO_IR 6")) is bool(
        sink.named("worklist.transliterated")
    )


def test_a_profile_says_which_states_are_shown(ask, put):
    """Cancelled ones are shown to nobody else."""
    put(a_cancel(accession_number="CT1"))
    order = an_order("CT2", patient=Patient("P2", "Doe^Jane"))
    put(Change(OrderControl.START, order.keys))

    assert ["CT1", "CT2"] == ask(statuses=["STARTED", "CANCELED"]).accessions
    assert ["CT2", "MR1"] == ask(calling="MR01").accessions


def test_a_profile_has_a_limit_of_its_own(ask):
    """max_answers."""
    assert ["CT1"] == ask(max_answers=1).accessions


def test_a_keyword_that_is_none_is_told_at_the_start():
    """With where it stands."""
    section = ProfileSection(name="it", ignore_keys=["PatientsName"])

    with pytest.raises(ConfigError, match=r"profiles\.it\.ignore_keys: PatientsName is no DICOM keyword"):
        Profiles(Worklist(), [section])
