"""The corpus in tests/messages: what every sender's shape is answered, and what it leaves in the store."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from dicomfabd.app.planning import planner_of
from dicomfabd.config import Intake, SenderSection, Settings
from dicomfabd.domain.delivery import Routing
from dicomfabd.intake.desk import Desk
from dicomfabd.intake.listener import MllpListener
from dicomfabd.intake.mllp import Frame, Framer, wrap
from dicomfabd.intake.reading import Reader
from dicomfabd.intake.reception import Reception
from dicomfabd.intake.senders import Senders
from dicomfabd.store.interface import OrderQuery, StoredOrder
from dicomfabd.store.opening import Store
from dicomfabd.store.patients_interface import PatientQuery, StoredPatient
from dicomfabd.telemetry.journal import Journal

CORPUS = Path(__file__).parents[1] / "messages"
FOLDERS = sorted(path.parent for path in CORPUS.glob("*/expected.json"))
PROBE = "MSH|^~\\&|PROBE|PROBE|||20260302||ZZZ^Z99|{}|T|2.5.1\r"
POSITIVE = ("AA", "CA")

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One acknowledgment, cut by hand so that the code under test does not judge itself."""

    header: str
    type: str
    code: str
    control_id: str
    errors: list[tuple[int, str]]


@dataclass(frozen=True)
class Received:
    """What a folder of messages led to: answers by file, and orders and patients in the order of their creation."""

    answers: dict[str, list[Answer]]
    orders: list[StoredOrder]
    patients: list[StoredPatient]


Receive = Callable[[Mapping[str, bytes], Json], Received]


@pytest.fixture
def receive(store: Store, journal: Journal) -> Receive:
    """Give a function that lets one sender send messages, one after the other, over one connection to one store."""

    def run(messages: Mapping[str, bytes], sender: Json) -> Received:
        answers = asyncio.run(_converse(store, journal, messages, sender))
        orders = store.book.find(OrderQuery(limit=1000))
        return Received(
            answers,
            sorted(orders, key=lambda order: order.order_id),
            sorted(store.patients.find(PatientQuery(limit=1000)), key=lambda stored: stored.patient.patient_id),
        )

    return run


@contextlib.asynccontextmanager
async def open_door(store: Store, journal: Journal, sender: Json, **settings: Any) -> AsyncIterator[MllpListener]:
    """Give a listener on a free port before a real store; an empty sender is nobody in particular."""
    intake = Intake.model_validate({"port": 0, **settings})
    senders = Senders([SenderSection.model_validate({"name": "corpus", **sender})] if sender else [])
    reader = Reader(planner_of(Settings()).choices, intake, senders)
    desk = Desk(reader, store.inbox, lambda _order: Routing())
    listener = MllpListener(intake, journal)
    await listener.start(Reception(intake, desk, journal, lambda: None, listener.ended))
    try:
        yield listener
    finally:
        await listener.stop(5)


async def _converse(
    store: Store, journal: Journal, messages: Mapping[str, bytes], sender: Json
) -> dict[str, list[Answer]]:
    async with asyncio.timeout(30), open_door(store, journal, sender) as listener:
        return await _send(listener.port, messages)


async def _send(port: int, messages: Mapping[str, bytes]) -> dict[str, list[Answer]]:
    """Give the answers to each message: those that come before the answer to a question nobody can take."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    framer = Framer(1 << 20)
    received: dict[str, list[Answer]] = {}
    for name, message in messages.items():
        writer.write(wrap(message) + wrap(PROBE.format(name).encode()))
        answers: list[Answer] = []
        while not (answers and answers[-1].control_id == name):
            data = await reader.read(65536)
            assert data, f"{name}: the connection was closed after {answers}"
            answers += [a for event in framer.feed(data) if isinstance(event, Frame) for a in read_answers(event.data)]
        received[name] = answers[:-1]
    writer.close()
    await writer.wait_closed()
    return received


def read_answers(frame: bytes) -> Iterator[Answer]:
    """Cut a frame into acknowledgments; a batch holds several."""
    # UTF-16 of what is ASCII has a NUL beside each character.
    text = frame.decode("utf-8", "replace").replace("\0", "").lstrip("\ufeff\ufffd")
    assert text.endswith("\r"), f"no CR behind the last segment: {text!r}"
    for message in re.split(r"(?m)^(?=MSH)", text.replace("\r", "\n"))[1:]:
        separator, component = message[3], message[4]
        header, *rest = [segment.split(separator) for segment in message.split("\n")]
        (status,) = [[*segment, ""] for segment in rest if segment[0] == "MSA"]
        errors = [error for segment in rest if segment[0] == "ERR" for error in _errors(segment, component)]
        yield Answer(separator.join(header[:2]), header[8], status[1], status[2], errors)


def _errors(segment: list[str], component: str) -> Iterator[tuple[int, str]]:
    """Give (condition, location), from ERR-3 and ERR-2 or, before version 2.5, from ERR-1."""
    if len(segment) > 3:
        yield int(segment[3].split(component)[0]), segment[2].replace(component, "^")
        return
    for repetition in segment[1].split("~"):
        *location, condition = repetition.split(component)[:4]
        yield int(condition.partition("&")[0]), "^".join(part for part in location if part)


def _seen_in_answer(answer: Answer | None, wanted: Json | None) -> Any:
    """Give of an answer what is wanted of it, in the same words where it fits."""
    if answer is None or wanted is None:
        return answer
    seen = {key: getattr(answer, key) for key in wanted}
    if "errors" in wanted:
        seen["errors"] = _seen_errors(list(answer.errors), wanted["errors"])
    return seen


def _seen_errors(errors: list[tuple[int, str]], wanted: list[Any]) -> list[Any]:
    """Give the errors, whatever their order; one that begins as one of the wanted locations is that one."""
    seen = []
    for code, *locations in wanted:
        fits = (e for e in errors if e[0] == code and (not locations or e[1].startswith(tuple(locations))))
        if (found := next(fits, None)) is not None:
            errors.remove(found)
            seen.append([code, *locations])
    return seen + [list(error) for error in errors]


def _attributes(stored: StoredOrder | StoredPatient) -> Json:
    """Give everything the corpus may ask for, by name."""
    if isinstance(stored, StoredPatient):
        return _flat(stored.patient) | {"merged_into": stored.merged_into}
    order = stored.order
    return (
        _flat(order.patient)
        | _flat(order.visit)
        | _flat(order)
        | {
            "state": stored.state.value,
            "scheduled_at": order.scheduled_at,
            "procedure": order.procedure.meaning,
            "procedure_code": order.procedure.value,
            "procedure_scheme": order.procedure.scheme,
            "steps": len(order.steps),
            "step_ids": [step.scheduled_procedure_step_id for step in order.steps],
            "stations": [title for step in order.steps for title in step.station_ae_titles],
            "station_names": [step.station_name for step in order.steps],
            "locations": [step.location for step in order.steps],
            "modalities": [step.modality for step in order.steps],
        }
    )


def _flat(record: Any) -> Json:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _seen_in_store(stored: StoredOrder | StoredPatient | None, wanted: Json | None) -> Any:
    """Give of an order or a patient what is wanted of it, in the same words where it fits."""
    if stored is None or wanted is None:
        return stored
    attributes = _attributes(stored)
    return {key: _seen(attributes.get(key, "no such attribute"), value) for key, value in wanted.items()}


def _seen(value: Any, wanted: Any) -> Any:
    if isinstance(value, datetime):
        return _seen_moment(value, str(wanted))
    if isinstance(value, tuple):
        return list(value)
    return wanted if isinstance(wanted, str) and fnmatchcase(str(value), wanted) else value


def _seen_moment(value: datetime, wanted: str) -> str:
    """Give a time as it was sent: absolute where it had an offset, by the clock on the wall where it had none."""
    if datetime.fromisoformat(wanted).tzinfo is None:
        return value.astimezone().replace(tzinfo=None).isoformat()
    return wanted if value == datetime.fromisoformat(wanted) else value.isoformat()


def _load(folder: Path) -> tuple[Json, dict[str, bytes]]:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return expected, {path.name: path.read_bytes() for path in sorted(folder.glob("*.hl7"))}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_senders_messages_are_answered_and_kept_as_expected(folder: Path, receive: Receive) -> None:
    """Each folder of tests/messages says in `expected.json` why."""
    expected, messages = _load(folder)

    received = receive(messages, expected.get("sender", {}))

    assert expected["answers"] == {
        name: [
            _seen_in_answer(answer, wanted)
            for answer, wanted in zip_longest(received.answers[name], expected["answers"][name])
        ]
        for name in messages
    }
    if "orders" in expected:
        assert expected["orders"] == [
            _seen_in_store(order, wanted) for order, wanted in zip_longest(received.orders, expected["orders"])
        ]
    for wanted in expected.get("patients", []):
        found = next((p for p in received.patients if p.patient.patient_id == wanted["patient_id"]), None)
        assert wanted == _seen_in_store(found, wanted)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_message_of_the_corpus_has_its_answers_written_down(folder: Path) -> None:
    """And every answer written down has its message."""
    expected, messages = _load(folder)

    assert list(expected["answers"]) == list(messages)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_folder_of_the_corpus_says_why_it_is_there(folder: Path) -> None:
    """In one sentence."""
    why = _load(folder)[0]["why"]

    assert (True, True, True) == (why[0].isupper(), why.endswith("."), len(why.split()) > 4), why


def test_a_positive_answer_of_the_corpus_never_names_an_error() -> None:
    """What is expected must itself be consistent."""
    answers = [answer for folder in FOLDERS for answers in _load(folder)[0]["answers"].values() for answer in answers]

    assert [] == [answer for answer in answers if answer["code"] in POSITIVE and answer.get("errors")]
