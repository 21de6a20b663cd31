"""What the store is asked for, against the checks themselves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicomfabd.config import Worklist
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import StepStatus
from dicomfabd.domain.patient import Patient
from dicomfabd.store.worklist_interface import ItemQuery
from dicomfabd.worklist.asking import identifier_from
from dicomfabd.worklist.items import to_item
from dicomfabd.worklist.profiles import Profiles
from dicomfabd.worklist.question import Question
from tests.builders import a_message, a_new, an_order, take

NAMES = ["Smith^John", "SMITHSON^Al", "Müller^Jörg", "Yamada^Tarou=山田^太郎", "Smith", "ß^Ann", "İstanbul^Ali"]
PATTERNS = [
    "*",
    "?",
    "SMITH*",
    "smith^john",
    "*son*",
    "M?LLER*",
    "山田*",
    "*^*",
    "SS^ANN",
    "i*",
    "S*H",
    "=山*",
    "x=山田^太郎",
]
START = datetime(2030, 7, 5, tzinfo=UTC)
PROFILE = Profiles(Worklist(), ()).everybody


@pytest.fixture
def items(store):
    """Forty items of few values each, so that keys of few values find some."""
    orders = [
        an_order(
            f"A{n}",
            patient=Patient(f"P{n % 5}", NAMES[n % len(NAMES)]),
            steps=(
                StepDraft(
                    modality=("CT", "MR", "US")[n % 3],
                    station_ae_titles=(("A", "B"), ("B",), ("C",), ("A",))[n % 4],
                    scheduled_at=START + timedelta(hours=7 * n, seconds=n % 2),
                    scheduled_procedure_step_id=f"S{n}",
                ),
            ),
        )
        for n in range(40)
    ]
    take(store.inbox, a_message(), *(a_new(order) for order in orders))
    return orders


def choose(*values):
    return st.one_of(st.just(""), st.sampled_from(values))


KEYS = st.fixed_dictionaries(
    {
        "PatientName": choose(*NAMES, *PATTERNS),
        "PatientID": choose("P1", "P2\\P3", "P*", "?1"),
        "AccessionNumber": choose("A1", "A7\\A9", "A1*", "A?"),
        "Modality": choose("CT", "CT\\US", "*T", "XX"),
        "ScheduledStationAETitle": choose("A", "B", "A\\C", "?", "D"),
        "ScheduledProcedureStepID": choose("S1", "S4\\S5", "S3*"),
        "ScheduledProcedureStepStatus": choose("SCHEDULED", "STARTED", "S*"),
        "ScheduledProcedureStepStartDate": choose("20300705", "20300706-20300709", "-20300707", "20300708-"),
        "ScheduledProcedureStepStartTime": choose("07", "0700-1400", "-12", "2000-", "070001", "140000.0", "000000.5-"),
    }
)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(keys=KEYS)
def test_the_store_and_the_rest_of_the_checks_find_what_the_checks_find(store, items, keys):
    """However a query is divided between the two."""
    question = Question(identifier_from({name: value for name, value in keys.items() if value}), PROFILE)
    narrowed = question.narrow(0)
    by_all = [
        order.accession_number for order in items if question.fits(to_item(order, order.steps[0], StepStatus.SCHEDULED))
    ]
    listed = store.worklist.find(narrowed.query, 100)
    orders = store.worklist.load([item.order_id for item in listed])
    by_both = [
        order.accession_number
        for item in listed
        for order in [orders[item.order_id].order]
        if all(check.fits(to_item(order, order.steps[0], StepStatus.SCHEDULED)) for check in narrowed.checks)
    ]

    assert by_all == by_both


@pytest.mark.parametrize(
    ("keys", "is_quick"),
    [
        ({}, True),
        ({"AccessionNumber": "A1"}, True),
        ({"StudyInstanceUID": "1.2\\1.3", "Modality": "CT"}, True),
        ({"ScheduledStationAETitle": "CT01"}, True),
        ({"ScheduledStationAETitle": "CT01", "Modality": "CT", "ScheduledProcedureStepStartDate": "20300705"}, True),
        ({"ScheduledProcedureStepStartDate": "20300705"}, True),
        ({"ScheduledStationAETitle": "CT01", "Modality": "CT"}, False),
        ({"Modality": "CT"}, False),
        ({"PatientName": "SMITH*"}, False),
        ({"ScheduledProcedureStepStartTime": "08"}, False),
        ({"AccessionNumber": "A*"}, False),
        ({"AdmissionID": "V1"}, False),
    ],
    ids=str,
)
def test_only_what_an_index_finds_is_looked_up_on_the_event_loop(keys, is_quick):
    """Everything else has a thread."""
    assert is_quick is Question(identifier_from(keys), PROFILE).narrow(0).is_quick


def test_a_universal_query_asks_for_what_may_be_seen(items):
    """In the states of the settings."""
    query = Question(identifier_from({}), PROFILE).narrow(5).query

    assert ItemQuery(frozenset({StepStatus.SCHEDULED, StepStatus.STARTED, StepStatus.COMPLETED}), 5) == query
