"""Lists, searches and counts with a million orders stored, and how fast the search file is built.

Asked over HTTP on loopback, of the whole daemon. The store is made by our own inbox, a thousand messages in a commit;
states, answers and days are then put in place by SQL, as months would.
"""

import json
import os
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.acks import our_daemon
from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import ReceivedMessage, Submission
from dicomfabd.store.opening import Store, open_store
from tests.builders import a_new, an_order

ORDERS: Final = int(os.environ.get("LISTS_ORDERS", "1000000"))
PATIENTS: Final = 100_000
ROUNDS: Final = 40
BAR_MS: Final = 100
_AT_ONCE: Final = 1000
_DAYS: Final = 400
_MODALITIES: Final = ("CT", "MR", "DX", "US", "CR", "MG", "XA", "NM", "PT", "RF")
_SENDERS: Final = ("EPICRIS|GENERAL", "CENTRICITY|GENERAL", "RIS|NORTH", "RIS|SOUTH", "http")
_FAMILIES: Final = ("Whitfield", "Müller", "Okafor", "Sánchez", "Ivanova", "Lindström", "Haddad", "Nguyen", "Doe", "Li")
_GIVEN: Final = ("Anne", "Erik", "Ines", "Abena", "Jonas", "Mei", "Omar", "Sofia", "Piotr", "Yuki", "Carla", "Tom")
_PARTS: Final = (
    "CHEST",
    "HEAD",
    "ABDOMEN",
    "KNEE LEFT",
    "KNEE RIGHT",
    "SPINE LUMBAR",
    "PELVIS",
    "HAND",
    "NECK",
    "FOOT",
)
_RAW: Final = b"MSH|^~\\&|EPICRIS|GENERAL|DICOMFABD|IMAGING|20260302||ORM^O01|1|T|2.5.1\r" + b"PID|1||" + b"x" * 900


def main() -> None:
    """Print one line for each list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("LISTS_FOLDER", name))
        path = folder / "state" / "dicomfabd.db"
        if not path.exists():
            _fill(path)
        with closing(open_store(f"sqlite:///{path}")) as store:
            _build(store, path)
        with our_daemon(folder) as daemon:
            _measure(daemon.page)


def _fill(path: Path) -> None:
    started = time.perf_counter()
    clock = _Clock()
    with closing(open_store(f"sqlite:///{path}", clock=clock)) as store:
        for first in range(0, ORDERS, _AT_ONCE):
            clock.now += _DAYS * 86_400 * _AT_ONCE / ORDERS
            store.inbox.accept([_submission(number) for number in range(first, min(first + _AT_ONCE, ORDERS))])
            store.checkpoint()
        for first in range(0, PATIENTS, _AT_ONCE):
            store.patients.bring([_patient(number) for number in range(first, first + _AT_ONCE)])
    with closing(sqlite3.connect(path)) as db:
        # Of a thousand old orders one was cancelled, and of twenty thousand one failed; the newest wait.
        old = ORDERS - 2000
        db.execute("UPDATE orders SET state = 'completed', finished_at = created_at WHERE id < ?", (old,))
        db.execute("UPDATE jobs SET state = 'done' WHERE order_id < ?", (old,))
        for state, every in (("cancelled", 1000), ("failed", 20_000)):
            db.execute("UPDATE orders SET state = ? WHERE id < ? AND id % ? = 7", (state, old, every))
            db.execute("UPDATE jobs SET state = ? WHERE order_id < ? AND order_id % ? = 7", (state, old, every))
        # What is over is on no worklist any more.
        db.execute("UPDATE steps SET status = 'COMPLETED', done_at = 0, is_listed = 0 WHERE order_id < ?", (old,))
        db.execute("DELETE FROM stations WHERE order_id < ?", (old,))
        db.execute("UPDATE messages SET ack_code = 'AE' WHERE id % 500 = 3")
        db.execute("UPDATE messages SET is_quarantined = 1 WHERE id % 2500 = 3")
        db.execute("UPDATE messages SET message_type = 'ADT^A08' WHERE id % 5 = 0")
        db.commit()
    took, size = time.perf_counter() - started, path.stat().st_size
    print(f"{ORDERS:,} orders and messages stored in {took:.0f} s, {size / 1e6:,.0f} MB", flush=True)


class _Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp() - _DAYS * 86_400

    def __call__(self) -> float:
        return self.now


_TEMPLATE: Final = an_order()


def _patient(number: int) -> Patient:
    name = f"{_FAMILIES[number % 89 % len(_FAMILIES)]}^{_GIVEN[number % 53 % len(_GIVEN)]}"
    return Patient(f"P{number:07d}", name, "GENERAL")


def _order(number: int) -> Order:
    modality = _MODALITIES[number * 7 % 97 % len(_MODALITIES)]
    part = _PARTS[number // 3 % len(_PARTS)]
    start = datetime.now(UTC) - timedelta(days=_DAYS * (ORDERS - number) / ORDERS - number % 14)
    return replace(
        _TEMPLATE,
        accession_number="UNIQUE-4711" if number == ORDERS // 3 else f"A{number:08d}",
        placer_order_number=f"{number * 3:09d}",
        filler_order_number=f"F{number:08d}",
        study_instance_uid=f"2.25.{number + 10**30}",
        modality=modality,
        procedure=Code(f"{modality}{number % 40:03d}", f"{modality} {part} WITH CONTRAST", "L"),
        patient=Patient("RARE1", "Rarename^Zoltan", "GENERAL") if number == 5000 else _patient(number // 3),
        sender="LEGACY|ATTIC" if number % 50_000 == 11 else _SENDERS[number % 31 % len(_SENDERS)],
        steps=(
            replace(
                _TEMPLATE.steps[0], modality=modality, scheduled_at=start, scheduled_procedure_step_id=f"S{number:08d}"
            ),
        ),
    )


def _submission(number: int) -> Submission:
    order = _order(number)
    application, _, facility = order.sender.partition("|")
    message = ReceivedMessage(
        _RAW, number.to_bytes(32, "big"), "http" if application == "http" else "mllp", "10.0.0.1:1", "ORM^O01",
        f"{number:012d}", application, facility,
    )  # fmt: skip
    return Submission(message, [a_new(order, "archive")], b"MSH|AA")


def _build(store: Store, path: Path) -> None:
    started = time.perf_counter()
    total, longest = 0, 0.0
    while True:
        begun = time.perf_counter()
        followed = store.search.follow(200)
        longest = max(longest, time.perf_counter() - begun)
        total += followed.taken
        if not followed.behind:
            break
    took = time.perf_counter() - started
    size = sum(path.stat().st_size for path in path.parent.glob("dicomfabd-search.db*"))
    if total:
        print(
            f"search file: {size / 1e6:,.0f} MB, built in {took:.0f} s: {total / 2 / took:,.0f} orders/s with their"
            f" messages; longest batch of 200: {longest * 1000:.0f} ms",
            flush=True,
        )


def _measure(page: str) -> None:
    day = (datetime.now(UTC) - timedelta(days=200)).date()
    orders, messages = "/api/v1/orders?", "/api/v1/messages?"
    asked = {
        "orders, newest": orders,
        "orders, newest 1000": f"{orders}limit=1000",
        "deep cursor": f"{orders}before={ORDERS // 2}",
        "state, common": f"{orders}state=completed",
        "state, rare": f"{orders}state=failed",
        "modality": f"{orders}modality=CT",
        "modality, deep": f"{orders}modality=CT&before={ORDERS // 5}",
        "modality, none": f"{orders}modality=ZZ",
        "sender, common": f"{orders}sender=EPICRIS",
        "sender, rare": f"{orders}sender=LEGACY",
        "created on a day": f"{orders}from={day}&to={day}",
        "scheduled on a day": f"{orders}scheduled_from={day}&scheduled_to={day}",
        "scheduled in a month": f"{orders}scheduled_from={day - timedelta(days=30)}&scheduled_to={day}",
        "scheduled long ago": f"{orders}scheduled_to={day - timedelta(days=100)}",
        "patient": f"{orders}patient_id=P0100000",
        "text, one accession": f"{orders}text=UNIQUE-4711",
        "text, accession": f"{orders}text=A00345678",
        "text, part of a number": f"{orders}text=345678",
        "text, common": f"{orders}text=contrast",
        "text, name": f"{orders}text=sanchez",
        "text, name and exam": f"{orders}text=okafor+chest",
        "text, rare name": f"{orders}text=rarename",
        "text, two letters": f"{orders}text=li",
        "text, one letter": f"{orders}text=s",
        "text, nothing": f"{orders}text=qqqqq",
        "text, digits, nothing": f"{orders}text=998877665544",
        "text, words never together": f"{orders}text=rarename+nguyen",
        "state, rare + modality": f"{orders}state=failed&modality=CT",
        "state, common + sender, rare": f"{orders}state=completed&sender=LEGACY",
        "modality + sender": f"{orders}modality=MR&sender=RIS",
        "state, common + day": f"{orders}state=completed&scheduled_from={day}&scheduled_to={day}",
        "state, rare + month": f"{orders}state=failed&scheduled_from={day - timedelta(days=30)}&scheduled_to={day}",
        "modality + created": f"{orders}modality=PT&from={day}&to={day}",
        "state, rare + text": f"{orders}state=failed&text=chest",
        "state, cancelled + text": f"{orders}state=cancelled&text=sanchez",
        "modality + text": f"{orders}modality=NM&text=sanchez",
        "sender, rare + text": f"{orders}sender=LEGACY&text=okafor",
        "messages, newest": messages,
        "messages, type": f"{messages}type=ADT^A08",
        "messages, sender, rare": f"{messages}sender=LEGACY",
        "messages, code": f"{messages}code=AE",
        "messages, quarantined": f"{messages}quarantined=true",
        "messages, code + sender, rare": f"{messages}code=AE&sender=LEGACY",
        "messages, source + type": f"{messages}source=http&type=ADT^A08",
        "messages, control ID begins": f"{messages}text=0000345",
        "messages, control ID begins, all": f"{messages}text=0",
        "messages, control ID": f"{messages}control_id=000000345678",
        "messages, received on a day": f"{messages}from={day}&to={day}",
        "messages, readable + code": f"{messages}quarantined=false&code=AE",
        "page: overview": "/",
        "page: orders": "/orders",
        "page: orders, state and words": "/orders?state=completed&text=okafor+chest",
        "page: messages": "/messages",
        "page: messages, refused": "/messages?code=AE",
        "page: worklist": "/worklist",
        "page: patients": "/patients",
        "page: patients, by name": "/patients?text=okafor",
        "page: one order": f"/orders/{ORDERS // 2}",
        "page: one patient": "/patients/P0050000",
        "page: studies": "/studies",
        "patients": "/api/v1/patients?text=sanchez",
        "worklist": "/api/v1/worklist?Modality=CT",
        "counts": "/api/v1/counts",
        "metrics": "/metrics",
    }
    print(f"{'list':>34} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8} {'rows':>6}")
    slow = []
    with closing(HTTPConnection(urlsplit(page).netloc)) as connection:

        def get(path: str) -> int:
            connection.request("GET", path, headers={} if path.startswith("/api/") else {"Accept": "text/html"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise AssertionError(f"{path}: {answer.status} {body[:500]!r}")
            if "json" not in answer.headers["content-type"]:
                return body.count(b"<tr>")
            told = json.loads(body)
            rows = told if isinstance(told, list) else next((it for it in told.values() if isinstance(it, list)), [])
            return len(rows)

        for what, path in asked.items():
            get(path)
            times = []
            rows = 0
            for _ in range(ROUNDS):
                if what in ("counts", "metrics", "page: overview"):
                    time.sleep(0.05)
                started = time.perf_counter()
                rows = get(path)
                times.append((time.perf_counter() - started) * 1000)
            middle, p95 = statistics.median(times), statistics.quantiles(times, n=20, method="inclusive")[18]
            print(f"{what:>34} {middle:>8.1f} {p95:>8.1f} {max(times):>8.1f} {rows:>6}", flush=True)
            slow += [what] if p95 > BAR_MS else []
    print(f"p95 over {BAR_MS} ms: {', '.join(slow) or 'none'}\n")
