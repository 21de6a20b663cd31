"""The application with a real store behind it, and a replayer that understands one word."""

import hashlib
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from dicomfabd import __version__
from dicomfabd.app.archive_desk import archive_desk_of
from dicomfabd.app.explaining import Explainer
from dicomfabd.app.intake_desk import desk_of
from dicomfabd.app.people import people_maker
from dicomfabd.app.planning import planner_of
from dicomfabd.app.samples import sample_templates
from dicomfabd.app.worklist_desk import worklist_desk_of
from dicomfabd.archive.scp import ArchiveServer, Others
from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive, Settings, Web, Worklist
from dicomfabd.domain.delivery import Destination, Leg, Routing
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.draft import Choices
from dicomfabd.domain.errors import Fault
from dicomfabd.domain.order import OrderControl
from dicomfabd.intake.replaying import Replayer
from dicomfabd.store.interface import Change, ReceivedMessage, Replayed, Submission
from dicomfabd.store.opening import open_archive_index
from dicomfabd.telemetry.health import Health
from dicomfabd.telemetry.history import History
from dicomfabd.telemetry.metrics import Metrics
from dicomfabd.web.access.desk import AccessDesk
from dicomfabd.web.access.passwords import Passwords
from dicomfabd.web.application import build
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.guards import Guards
from dicomfabd.worklist import desk as worklist_room
from tests.builders import an_order, keys_of
from tests.conftest import Clock
from tests.listeners import running
from tests.web.ordinary import fill

KIT = {"patient_id": "P123", "patient_name": "DOE^JANE", "accession": "ACC-1001"}
REFUSED = Fault(101, "PID^1^3", "the patient has no identifier", "Fill PID-3.")


def a_client(app, host: str = "127.0.0.1", **options) -> TestClient:
    """Give a client that asks for this machine, as one has to while there are no users."""
    return TestClient(app, f"http://{host}", raise_server_exceptions=False, **options)


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(__version__)


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
def take(store):
    """Give a function that keeps a message as intake does; `AA` places the orders it is given."""

    def accept(*accessions, raw=b"MSH|^~\\&|RIS|HOSP\r", code="AA", faults=(), quarantined=False, **message):
        changes = [
            Change(OrderControl.NEW, keys_of(order), order, Routing((Leg("main"),)))
            for order in (an_order(accession) for accession in accessions)
        ]
        received = ReceivedMessage(
            raw, hashlib.sha256(raw).digest(), "mllp", "10.0.0.9:1", "ORM^O01", "M1", "RIS", "HOSP"
        )
        answer = f"MSH|^~\\&|FAB\rMSA|{code}|M1\r".encode() if code else b""
        submission = Submission(replace(received, **message), changes, answer, code, faults, quarantined)
        (accepted,) = store.inbox.accept([submission])
        return accepted

    return accept


@pytest.fixture
def put(store):
    """Give a function that places one order."""

    def accept(accession="A1", **changes):
        order = an_order(accession, **changes)
        change = Change(OrderControl.NEW, keys_of(order), order, Routing((Leg("main"),)))
        store.inbox.accept([Submission(ReceivedMessage(b"MSH|", b"", "mllp", "10.0.0.9:1", "ORM^O01"), [change])])

    return accept


@pytest.fixture
def fixed() -> list[Destination]:
    """Give the destinations of the settings."""
    return [Destination("archive", "127.0.0.1", 11112, "FABARCHIVE")]


@pytest.fixture
def index(tmp_path):
    opened = open_archive_index(tmp_path / "archive" / "index.db")
    yield opened.index
    opened.close()


@pytest.fixture
def shelf(tmp_path, index) -> Shelf:
    return Shelf(tmp_path / "archive" / "instances", index)


@pytest.fixture
def archive(index, shelf) -> ArchiveDesk:
    return archive_desk_of(index, shelf, Archive())


@pytest.fixture
def ticks() -> Clock:
    """Give the clock that only goes forward, for sign-in limits."""
    return Clock()


@pytest.fixture
def access(store, clock, ticks) -> AccessDesk:
    """Give the desk of the access room, with hashes that cost little."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return AccessDesk(store.accounts, Web(), passwords, clock, ticks)


@pytest.fixture(scope="session")
def explainer(tmp_path_factory) -> Explainer:
    """Give what explains by the settings as they come; it keeps nothing, and takes long to make."""
    settings = Settings(state_dir=tmp_path_factory.mktemp("explainer"))
    return Explainer(settings, planner_of(settings))


@pytest.fixture
def desk(tmp_path, store, journal, health, woken, take, fixed, archive, access, metrics, explainer, replayer):
    def replay(message_id, edited, actor):
        """Place an order for a message that says `order`, refuse any other."""
        message = store.messages.get(message_id)
        if message is None:
            raise LookupError(message_id)
        raw = message.raw if edited is None else edited
        is_good = b"order" in raw
        kept = take(
            *(("R1",) if is_good else ()),
            raw=raw,
            code="AA" if is_good else "AE",
            faults=() if is_good else (REFUSED,),
            source="replay",
            peer=actor,
            replay_of=message_id,
        )
        faults = () if is_good else (REFUSED,)
        return Replayed(kept.message_id, "AA" if is_good else "AE", kept.answer, faults, kept.applied)

    settings = Settings(state_dir=tmp_path)
    return WebDesk(
        inbox=store.inbox,
        book=store.book,
        messages=store.messages,
        destinations=lambda: Destinations(fixed, store.destinations),
        choices=Choices(lambda _procedure, service: service or "OT"),
        route=lambda _order: Routing((Leg("main"),)),
        replay=replay,
        receive=replayer.receive,
        procedures=explainer.procedures,
        samples=sample_templates,
        templates=store.templates,
        patients=store.patients,
        make_up=people_maker(settings.patients, store.patients),
        explain=explainer.explain,
        plan=explainer.plan,
        on_work=lambda: woken.append(True),
        addresses=lambda: {"mllp": "127.0.0.1:2575"},
        state_dir=tmp_path,
        access=access,
        archive=archive,
        worklist=worklist_desk_of(worklist_room.WorklistDesk(Worklist(), (), store.worklist, store.queries)),
        performed=store.performed,
        figures=store.figures,
        feed=store.feed,
        history=History(metrics, tmp_path / "history.json"),
        metrics=metrics,
        health=health,
        journal=journal,
    )


@pytest.fixture
def client(desk, journal):
    with a_client(Guards(build(desk), journal)) as it:
        yield it


@pytest.fixture
def archive_server(tmp_path, index, journal, shelf):
    """Give the archive as other application entities reach it, over the shelf the pages show."""
    nobody = Others(lambda _title: False, lambda _title, _contexts: None, lambda _title, _report: None)
    server = ArchiveServer(Archive(port=0), tmp_path / "archive" / "instances", index, journal, nobody)
    with running(server):
        yield server


@pytest.fixture
def replayer(tmp_path, store, explainer) -> Replayer:
    """Give the intake's own replayer."""
    return Replayer(desk_of(Settings(state_dir=tmp_path), store, explainer.planner), store.messages)


@pytest.fixture
def whole_desk(desk, replayer) -> WebDesk:
    """Give the desk with the intake's own replayer in place of the one that understands one word."""
    return replace(desk, replay=replayer.replay)


@pytest.fixture
def ordinary(whole_desk, journal, store, shelf, fixed, archive_server):
    """Give a client of an application with a little of everything in it, and an archive that answers."""
    fixed[:] = [Destination("archive", "127.0.0.1", archive_server.port, "FABARCHIVE", timeout_s=5)]
    fill(whole_desk, store, shelf)
    with a_client(Guards(build(whole_desk), journal)) as it:
        yield it
