"""The worklist's life over the network: what shows when, and what is said of it."""

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import urllib.request

import pytest

from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import STATUS, Operation
from dicomfabd.dimse.services import PENDING, Peer
from dicomfabd.domain.delivery import Delivery
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.order import OrderControl
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Change, PatientChange, PatientKey, Submission
from dicomfabd.worklist.answers import Answer, Answers
from dicomfabd.worklist.asking import identifier_from
from dicomfabd.worklist.querylog import Asked, QueryLog
from tests.builders import NOON, a_cancel, a_message, a_new, an_order
from tests.conftest import program
from tests.dimse.raw import DATA, IMPLICIT, MWL, RawPeer, a_command, a_fragment
from tests.peers import orthanc
from tests.worklist.asking import find, identifier


def test_an_accepted_order_is_there_at_once(serve, put):
    """With the Study Instance UID its images will carry."""
    order = an_order()
    put(a_new(order))
    ((status, item),) = find(serve().port, identifier()).answers

    assert (PENDING, order.study_instance_uid, "DOE^JANE", "P1") == (
        status,
        item.StudyInstanceUID,
        str(item.PatientName),
        item.PatientID,
    )


def test_a_cancelled_order_is_gone_at_once(serve, put):
    """No modality examines a patient for nothing."""
    put(a_new(an_order("A1")), a_new(an_order("A2")))
    server = serve()
    before = find(server.port, identifier()).accessions
    put(a_cancel(accession_number="A1"))

    assert (["A1", "A2"], ["A2"]) == (before, find(server.port, identifier()).accessions)


def changed_name(order):
    return PatientChange(Patient("P1", "SMITH^ANN", "HOSP"))


def merged(order):
    return PatientChange(Patient("P9", "SMITH^ANN", "HOSP"), priors=(PatientKey("P1", "HOSP"),))


def changed_order(order):
    later = an_order(patient=Patient("P1", "SMITH^ANN", "HOSP"))
    return Change(OrderControl.CHANGE, later.keys, later)


@pytest.mark.parametrize("change", [changed_name, merged, changed_order])
def test_a_change_shows_at_once(serve, put, change):
    """Also in an answer that was given before."""
    order = an_order()
    put(a_new(order))
    server = serve()
    before = find(server.port, identifier()).answers[0][1]
    put(change(order))
    after = find(server.port, identifier()).answers[0][1]

    assert ("DOE^JANE", "SMITH^ANN") == (str(before.PatientName), str(after.PatientName))
    assert before.StudyInstanceUID == after.StudyInstanceUID


@pytest.mark.parametrize(("keep_done_s", "seen"), [(3600, ["A1"]), (5, []), (0, [])])
def test_a_finished_order_stays_for_a_while(serve, put, store, clock, keep_done_s, seen):
    """keep_done_s."""
    put(a_new(an_order(), "main"))
    store.queue.settle(store.queue.claim("w", 60, {"main": 9}), Delivery("main", 1, 0, 0, 1))
    clock.advance(10)

    assert seen == find(serve(keep_done_s=keep_done_s).port, identifier()).accessions


def test_what_is_over_leaves_the_index(serve, put, store, clock, sink):
    """A look-up costs what may be seen, not what ever was."""
    put(a_new(an_order()), a_cancel(accession_number="A1"))
    clock.advance(10)
    serve(keep_done_s=5)
    while store.worklist.by_accession("A1").steps[0].is_listed:
        pass


def test_answers_are_capped(serve, put):
    """max_answers."""
    put(*(a_new(an_order(f"A{n}")) for n in range(5)))

    assert 3 == len(find(serve(max_answers=3).port, identifier()).answers)


def test_an_item_no_modality_could_take_is_given_to_none(serve, put, store, tmp_path, sink):
    """One that an older version took; the others are, and the log says why it is not."""
    put(a_new(an_order("A1")), a_new(an_order("A2")))
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db, db:
        db.execute("UPDATE orders SET document = json_set(document, '$.steps[0].modality', 'c,t') WHERE id = 1")
    server = serve()
    found = [find(server.port, identifier()).accessions for _ in range(2)]
    (said,) = sink.named("worklist.item_withheld")

    assert ([["A2"], ["A2"]], "A1") == (found, said["accession"])
    assert "Modality is not a code" in said["reason"]


@pytest.mark.parametrize("keys", [{}, {"PatientName": "DOE*"}], ids=["by index", "by looking"])
def test_a_store_that_cannot_be_read_fails_the_query(serve, put, tmp_path, keys):
    """A700, so that the modality asks again; the association lives on."""
    put(a_new(an_order("A1")))
    server = serve()
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db, db:
        db.execute("ALTER TABLE steps RENAME TO gone")
    failed = find(server.port, identifier(keys))
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db, db:
        db.execute("ALTER TABLE gone RENAME TO steps")

    assert (0xA700, []) == (failed.status, failed.answers)
    assert ["A1"] == find(server.port, identifier(keys)).accessions


@pytest.fixture
def many(store):
    """More items than a page, a batch and the sockets hold."""
    orders = [an_order(f"A{n:05d}", steps=(StepDraft(modality="CT", scheduled_at=NOON),)) for n in range(700)]
    store.inbox.accept([Submission(a_message(f"M{n}"), [a_new(order)]) for n, order in enumerate(orders)])


@pytest.mark.parametrize("keys", [{}, {"PatientName": "DOE*"}], ids=["by index", "by looking"])
def test_many_items_come_page_by_page(serve, many, keys):
    """Each once, by start, however they are found."""
    found = find(serve(max_answers=1000).port, identifier(keys)).accessions

    assert [f"A{n:05d}" for n in range(700)] == found


def test_a_cancel_ends_a_query_soon(serve, many):
    """C-CANCEL; no more than a batch is sent after it was read."""
    with RawPeer(serve(max_answers=1000).port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        cancel = a_fragment(a_command(Operation.C_CANCEL))
        # In one piece: it is there before the first answer is.
        request = datasets.encode(identifier(), IMPLICIT)
        peer.send(a_fragment(a_command(Operation.C_FIND, DATA)) + a_fragment(request, 2) + cancel)
        count = 0
        while (status := peer.read_message()[0].number(STATUS)) == PENDING:
            count += 1

    assert (0xFE00, True) == (status, count <= 50)


def test_only_listed_called_titles_are_answered_where_there_is_a_list(serve, put):
    """Any, where there is none."""
    put(a_new(an_order()))
    server = serve(called_ae_titles=["WORKLIST"])

    assert find(server.port, identifier(), called="WORKLIST").answers
    with pytest.raises(AssertionError, match="rejected"):
        find(server.port, identifier(), called="OTHER")


def test_the_log_tells_keys_never_values(serve, put, sink):
    """A query by name is a name."""
    put(a_new(an_order()))
    find(serve().port, identifier({"Modality": "CT", "PatientName": "DOE*", "PatientBirthDate": "1980/01/01"}))
    find(serve().port, identifier({"Modality": "CT", "PatientName": "DOE*"}))
    (failed,), (said,) = sink.named("worklist.query_failed"), sink.named("worklist.queried")

    assert ({"PatientName", "Modality"}, 1, "0000") == (set(said["keys"]), said["answers"], said["status"])
    assert "PatientBirthDate" in failed["reason"]
    assert "DOE" not in str(sink.events) and "1980" not in str(sink.events)


def test_answers_are_kept_within_their_bytes():
    """What is kept is dropped when it is too much, and kept again."""
    answers = Answers(1000)
    for number in range(9):
        answers.keep(("way",), (number, 0), Answer(1, PENDING, bytes(100)))

    assert 1 <= len(answers.of(("way",))) <= 3
    assert (8, 0) in answers.of(("way",))


class FullDisk:
    """A store that takes queries only when told."""

    def __init__(self) -> None:
        self.is_full = True
        self.kept: list[int] = []

    def last_query_id(self) -> int:
        return 41

    def log(self, queries, keep) -> None:
        if self.is_full:
            raise StoreUnavailable("disk full")
        self.kept += [query.query_id for query in queries]


def test_queries_that_cannot_be_kept_are_said(journal):
    """And those after them are kept; of very many the newest."""
    said: list[str] = []

    async def story() -> list[int]:
        book = FullDisk()
        log = QueryLog(book, 10, said.append)
        await log.start()
        peer = Peer("CT01", "ANY", "127.0.0.1")

        def add() -> None:
            log.add(Asked(log.next_id(), 0, peer, identifier_from({"Modality": "CT"}), 0, 0, 0))

        add()
        await log.flush()
        book.is_full = False
        for _ in range(2500):
            add()
        await log.stop()
        return book.kept

    kept = asyncio.run(story())

    assert ["disk full"] == said
    assert (2000, 42 + 2500) == (len(kept), kept[-1])


@pytest.mark.slow
def test_findscu_finds_an_item(serve, put):
    """DCMTK, as the tutorial kit uses it, under any called title."""
    put(a_new(an_order()))
    command = [program("findscu"), "-v", "-W", "-aec", "ORTHANC", "127.0.0.1", str(serve().port)]

    done = subprocess.run(
        [*command, "-k", "0008,0050=A1", "-k", "0010,0020=P1", "-k", "0020,000d"], capture_output=True, text=True
    )

    assert an_order().study_instance_uid in done.stdout + done.stderr


@pytest.mark.slow
def test_orthanc_asks_the_worklist(serve, put, tmp_path):
    """As a client, in its own character set."""
    put(a_new(an_order("A1", patient=Patient("P1", "Müller^Jörg"))), a_new(an_order("A2")))
    port = serve().port
    with orthanc(tmp_path / "orthanc") as it:

        def post(path: str, body: dict[str, object], method: str = "POST") -> object:
            url = f"http://127.0.0.1:{it.http_port}{path}"
            request = urllib.request.Request(url, json.dumps(body).encode(), method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                return json.loads(answer.read() or b"null")

        post("/modalities/fab", {"AET": "FAB", "Host": "127.0.0.1", "Port": port}, "PUT")
        found = post("/modalities/fab/find-worklist", {"PatientName": "MULLER*", "AccessionNumber": ""})

    assert [("A1", "Müller^Jörg")] == [(item["AccessionNumber"], item["PatientName"]) for item in found]
