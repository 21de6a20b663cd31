"""The event stream: nothing lost, nothing twice, and nobody waits for the slow."""

import asyncio
import json
import re

import pytest

from dicomfabd.config import Web
from dicomfabd.store.search_interface import FeedEvent
from dicomfabd.web import event_stream
from dicomfabd.web.event_stream import EventHub, EventStream
from dicomfabd.web.server import WebServer


class FakeFeed:
    """A timeline in memory that counts how often it is read."""

    def __init__(self):
        self.events: list[FeedEvent] = []
        self.topics = {"orders": 0, "pacs": 0}
        self.reads = 0

    def happen(self, order_id=1, event="order.created", **detail):
        self.events.append(FeedEvent(len(self.events) + 1, order_id, 1_000_000.0, event, detail))
        self.topics["orders"] += 1

    def last_event_id(self):
        return len(self.events)

    def after(self, event_id, limit, order_id=None):
        self.reads += 1
        found = [it for it in self.events if it.event_id > event_id and order_id in (None, it.order_id)]
        return found[:limit]

    def revisions(self):
        return dict(self.topics)


class Client:
    """Listens as a browser does; it may stop reading, and hang up."""

    def __init__(self, hub, order_id=None, after=None, may_listen=lambda: True):
        self.text = b""
        self.status = 0
        self.headers = {}
        self.reads = asyncio.Event()
        self.reads.set()
        self._gone = asyncio.Event()
        self._news = asyncio.Condition()

        async def is_admitted():
            return may_listen()

        self._stream = EventStream(hub, order_id, after, is_admitted)
        self.task = asyncio.create_task(self._stream({"type": "http"}, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.reads.wait()
        async with self._news:
            if message["type"] == "http.response.start":
                self.status, self.headers = message["status"], dict(message["headers"])
            else:
                self.text += message["body"]
            self._news.notify_all()

    async def hears(self, *wanted):
        """Wait until all of these were told."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: all(it.encode() in self.text for it in wanted))

    @property
    def ids(self):
        return [int(it) for it in re.findall(rb"^id: (\d+)$", self.text, re.MULTILINE)]

    @property
    def topics(self):
        return [
            json.loads(it)["topics"] for it in re.findall(rb"^event: changed\ndata: (.*)$", self.text, re.MULTILINE)
        ]

    async def hang_up(self):
        self._gone.set()
        await asyncio.wait_for(self.task, 10)


@pytest.fixture
def feed():
    return FakeFeed()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(event_stream, "POLL_S", 0.001)


def run(story):
    """Run a story on an event loop of its own."""
    asyncio.run(asyncio.wait_for(story(), 60))


def test_what_happens_is_told_with_number_name_and_details(feed):
    """In the form of server-sent events, one line of JSON each."""

    async def story():
        client = Client(EventHub(feed, feed.revisions))
        await client.hears("retry: ")
        feed.happen(7, "study.failed", reason="line\r\nend: x\u2028")
        await client.hears("study.failed", "changed")
        await client.hang_up()
        (block,) = re.findall(rb"id: 1\n.*?\n\n", client.text, re.DOTALL)
        lines = block.decode().rstrip("\n").split("\n")

        assert [b"text/event-stream; charset=utf-8", b"no"] == [
            client.headers[b"content-type"],
            client.headers[b"x-accel-buffering"],
        ]
        assert b"content-length" not in client.headers
        assert ["id: 1", "event: study.failed"] == lines[:2]
        assert {
            "order_id": 7,
            "at": "1970-01-12T13:46:40.000Z",
            "event": "study.failed",
            "detail": {"reason": "line\r\nend: x\u2028"},
        } == json.loads(lines[2].removeprefix("data: "))
        assert [["orders"]] == client.topics

    run(story)


def test_what_changes_without_an_event_is_a_topic_without_a_number(feed):
    """A browser keeps the number it had."""

    async def story():
        client = Client(EventHub(feed, feed.revisions))
        await client.hears("retry: ")
        feed.topics["pacs"] += 1
        await client.hears("pacs")
        await client.hang_up()

        assert ([["pacs"]], []) == (client.topics, client.ids)

    run(story)


def test_who_comes_back_has_missed_nothing_and_hears_nothing_twice(feed):
    """However often it is cut off, and whatever happens meanwhile."""

    async def story():
        hub = EventHub(feed, feed.revisions)
        heard, last = [], 0
        for round_ in range(12):
            client = Client(hub, after=last)
            for _ in range(7):
                feed.happen(round_)
            await client.hears(f"id: {len(feed.events)}\n")
            await client.hang_up()
            heard += client.ids
            last = client.ids[-1]
            feed.happen(99)

        assert list(range(1, len(feed.events))) == heard

    run(story)


def test_a_long_absence_is_told_in_pages(feed, monkeypatch):
    """And goes over into what happens now without a seam."""
    monkeypatch.setattr(event_stream, "_PAGE", 10)

    async def story():
        for _ in range(95):
            feed.happen()
        client = Client(EventHub(feed, feed.revisions), after=3)
        for _ in range(40):
            feed.happen()
            await asyncio.sleep(0)
        await client.hears("id: 135\n")
        await client.hang_up()

        assert list(range(4, 136)) == client.ids

    run(story)


def test_one_order_is_told_alone(feed):
    """From the past as from now on."""

    async def story():
        for number in range(6):
            feed.happen(number % 2)
        client = Client(EventHub(feed, feed.revisions), order_id=1, after=0)
        await client.hears("id: 6\n")
        feed.happen(0)
        feed.happen(1)
        await client.hears("id: 8\n")
        await client.hang_up()

        assert [2, 4, 6, 8] == client.ids

    run(story)


def test_a_number_of_another_store_is_no_number(feed):
    """It would keep silent until the new store has as many."""

    async def story():
        feed.happen()
        client = Client(EventHub(feed, feed.revisions), after=10_000)
        await client.hears("retry: ")
        feed.happen()
        await client.hears("id: 2\n")
        await client.hang_up()

        assert [2] == client.ids

    run(story)


def test_who_does_not_read_is_let_go_and_the_others_hear_on(feed):
    """It comes back with the last number it has, and has missed nothing."""

    async def story():
        hub = EventHub(feed, feed.revisions)
        slow, other = Client(hub), Client(hub)
        await slow.hears("retry: ")
        await other.hears("retry: ")
        slow.reads.clear()
        for number in range(1, 31):
            feed.happen()
            await other.hears(f"id: {number}\n")
        assert 1 == hub.listeners
        slow.reads.set()
        await asyncio.wait_for(slow.task, 10)
        again = Client(hub, after=slow.ids[-1] if slow.ids else 0)
        await again.hears("id: 30\n")
        await again.hang_up()
        await other.hang_up()

        assert list(range(1, 31)) == other.ids
        assert list(range(1, 31)) == slow.ids + again.ids

    run(story)


def test_who_never_reads_again_is_not_waited_for(feed, monkeypatch):
    """Its connection is closed with what it has not read."""
    monkeypatch.setattr(event_stream, "_LAST_WORD_S", 0.01)

    async def story():
        hub = EventHub(feed, feed.revisions)
        client = Client(hub)
        await client.hears("retry: ")
        client.reads.clear()
        hub.close()
        await asyncio.wait_for(client.task, 10)

        assert 0 == hub.listeners

    run(story)


def test_one_reader_serves_all_and_nobody_reads_while_nobody_listens(feed, monkeypatch):
    """Sixty-four pages cost what one costs."""
    monkeypatch.setattr(event_stream, "POLL_S", 0.02)

    async def story():
        hub = EventHub(feed, feed.revisions)
        clients = [Client(hub) for _ in range(20)]
        for client in clients:
            await client.hears("retry: ")
        feed.reads = 0
        feed.happen()
        for client in clients:
            await client.hears("id: 1\n")
        assert feed.reads <= 3
        for client in clients:
            await client.hang_up()
        await asyncio.wait_for(asyncio.wait({hub._poller}), 10)
        feed.reads = 0
        assert hub._poller.done()
        again = Client(hub)
        await again.hears("retry: ")
        feed.happen()
        await again.hears("id: 2\n")
        await again.hang_up()

        assert [2] == again.ids

    run(story)


def test_too_many_are_told_when_to_come_back(feed, monkeypatch):
    """503 with Retry-After; whoever hangs up makes room."""
    monkeypatch.setattr(event_stream, "MOST_LISTENERS", 2)

    async def story():
        hub = EventHub(feed, feed.revisions)
        clients = [Client(hub), Client(hub)]
        for client in clients:
            await client.hears("retry: ")
        third = Client(hub)
        await asyncio.wait_for(third.task, 10)
        assert (503, b"10", b"application/problem+json") == (
            third.status,
            third.headers[b"retry-after"],
            third.headers[b"content-type"],
        )
        await clients[0].hang_up()
        fourth = Client(hub)
        await fourth.hears("retry: ")
        await fourth.hang_up()
        await clients[1].hang_up()

    run(story)


def test_who_is_signed_out_hears_no_more(feed, monkeypatch):
    """Also one who is told nothing meanwhile, and so writes nothing."""
    monkeypatch.setattr(event_stream, "ASKED_EVERY_S", 0.01)
    monkeypatch.setattr(event_stream, "LIFE_S", 3600)

    async def story():
        hub = EventHub(feed, feed.revisions)
        answers = [False, True, True]
        client = Client(hub, may_listen=answers.pop)
        await asyncio.wait_for(client.task, 10)

        assert (200, 0, []) == (client.status, hub.listeners, answers)

    run(story)


def test_a_stream_ends_by_itself(feed, monkeypatch):
    """The browser comes back, and is asked who it is."""
    monkeypatch.setattr(event_stream, "LIFE_S", 0.05)

    async def story():
        hub = EventHub(feed, feed.revisions)
        client = Client(hub)
        await asyncio.wait_for(client.task, 10)

        assert (200, 0) == (client.status, hub.listeners)

    run(story)


def test_silence_is_broken_by_a_comment(feed, monkeypatch):
    """So that proxies and clients know that the line is up."""
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.01)

    async def story():
        client = Client(EventHub(feed, feed.revisions))
        await client.hears(": still here\n\n: still here\n\n")
        await client.hang_up()

        assert [] == client.ids

    run(story)


def test_a_store_that_cannot_be_read_for_a_while_costs_nothing(feed):
    """What happened meanwhile is told afterwards."""

    async def story():
        client = Client(EventHub(feed, feed.revisions))
        await client.hears("retry: ")
        good, feed.after = feed.after, None
        feed.happen()
        await asyncio.sleep(0.01)
        feed.after = good
        await client.hears("id: 1\n")
        await client.hang_up()

        assert [1] == client.ids

    run(story)


def test_a_stop_waits_for_no_listener(desk, put):
    """Over real sockets: the page that is open all day does not keep the daemon from stopping."""

    async def story():
        server = WebServer(Web(port=0), desk)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /api/v1/events?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"retry: ")
        await asyncio.to_thread(put, "A1")
        heard = await reader.readuntil(b"order.created")
        async with asyncio.timeout(2):  # uvicorn itself would give it three seconds
            await server.stop()
        rest = await reader.read()
        writer.close()

        assert b"id: 1\n" in heard
        assert rest.endswith(b"0\r\n\r\n")

    run(story)


def test_the_header_a_browser_sends_counts_more_than_the_address(client, desk, put, monkeypatch):
    """It knows better what it has heard."""
    monkeypatch.setattr(event_stream, "LIFE_S", 0.2)
    for number in range(3):
        put(f"A{number}")

    both = client.get("/api/v1/events?after=0", headers={"Last-Event-ID": "2"})
    neither = client.get("/api/v1/events", headers={"Last-Event-ID": "no number"})
    address = client.get("/api/v1/events?after=1&order_id=3")

    assert [["3"], [], ["3"]] == [re.findall(r"^id: (\d+)$", it.text, re.MULTILINE) for it in (both, neither, address)]
    assert "no-store" == both.headers["cache-control"]
    assert 400 == client.get("/api/v1/events?after=-1").status_code
