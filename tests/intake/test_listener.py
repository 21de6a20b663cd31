"""The MLLP door with a real store behind it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import pytest

from dicomfabd.config import Intake, SenderSection
from dicomfabd.domain.delivery import Leg, Routing
from dicomfabd.domain.draft import Choices
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.intake import reception
from dicomfabd.intake.desk import Desk
from dicomfabd.intake.listener import MllpListener
from dicomfabd.intake.mllp import Frame, Framer, wrap
from dicomfabd.intake.reading import Reader
from dicomfabd.intake.reception import Reception
from dicomfabd.intake.senders import Senders, default_sender
from dicomfabd.store.interface import OrderQuery
from tests.builders import an_orm


@pytest.fixture
def talk(store, journal):
    """Give a function that lets a conversation run against a listener."""

    def run(conversation: Callable, inbox=None, senders=None, **settings):
        async def main():
            chosen = Intake(port=0, **settings)
            reader = Reader(Choices(lambda _procedure, service: service or "OT"), chosen, senders)
            desk = Desk(reader, inbox or store.inbox, lambda _order: Routing((Leg("main"),)))
            listener = MllpListener(chosen, journal)
            await listener.start(Reception(chosen, desk, journal, lambda: None, listener.ended))
            try:
                async with asyncio.timeout(20):
                    return await conversation(listener)
            finally:
                await listener.stop(5)

        return asyncio.run(main())

    return run


class Sender:
    """The other end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._framer = Framer(1 << 20)
        self._answers: list[str] = []

    async def answer(self) -> str | None:
        """Give MSA of the next answer, or None when the listener closes."""
        while not self._answers:
            data = await self.reader.read(65536)
            if not data:
                return None
            self._answers += [e.data.decode() for e in self._framer.feed(data) if isinstance(e, Frame)]
        return self._answers.pop(0).split("\r")[1]


@contextlib.asynccontextmanager
async def connected(listener: MllpListener):
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield Sender(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def exchange(*chunks: bytes, answers: int):
    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as sender:
            for chunk in chunks:
                sender.writer.write(chunk)
            return [await sender.answer() for _ in range(answers)]

    return conversation


def test_an_order_is_on_disk_when_it_is_answered(talk, store):
    """AA after the commit."""
    assert ["MSA|AA|M1"] == talk(exchange(wrap(an_orm()), answers=1))
    assert 1 == len(store.book.find(OrderQuery(accession_number="A1")))


def test_messages_of_one_segment_are_answered_each_and_in_order(talk):
    """F7: also where some are refused without a commit."""
    messages = [an_orm(f"M{n}", f"A{n}", control="QQ" if n % 3 == 0 else "NW") for n in range(30)]

    answers = talk(exchange(b"".join(map(wrap, messages)), answers=30))

    assert [f"M{n}" for n in range(30)] == [answer.split("|")[2] for answer in answers]
    assert ["AE" if n % 3 == 0 else "AA" for n in range(30)] == [answer.split("|")[1] for answer in answers]


def test_the_connection_outlives_bad_messages(talk):
    """Garbage, no PID, an unknown type, undecodable bytes: an answer each, and the next order is taken."""
    bad = [
        b"hello",
        an_orm("M2").replace(b"PID|", b"XID|"),
        an_orm("M3").replace(b"ORM^O01", b"ZZZ^Z01"),
        an_orm("M4", "A4").replace(b"Jane", b"J\xffane"),
    ]
    answers = talk(exchange(*map(wrap, [*bad, an_orm("M5", "A5")]), answers=5))

    assert ["AR", "AE", "AR", "AA", "AA"] == [answer.split("|")[1] for answer in answers]
    assert "M5" == answers[4].split("|")[2]


def test_a_resend_is_answered_alike_and_does_nothing(talk, store, sink):
    """A lost answer must not make a second study."""
    talk(exchange(wrap(an_orm()), wrap(an_orm()), answers=2))

    assert 1 == len(store.book.find(OrderQuery()))
    assert 1 == len(sink.named("message.repeated"))


def test_an_order_of_another_patient_is_refused_by_the_store(talk, sink):
    """M16: 205, after the look at what we have."""
    answers = talk(exchange(wrap(an_orm()), wrap(an_orm("M2", patient_id="P2")), answers=2))

    assert answers[1].startswith("MSA|AE|M2|")
    assert "205 PID^1^3" in sink.named("message.refused")[0]["reasons"][0]


def test_an_oversized_message_is_refused_and_ends_the_connection(talk, sink):
    """F10: AR 207; the listener lives on."""

    async def conversation(listener: MllpListener):
        async with connected(listener) as sender:
            sender.writer.write(wrap(an_orm("BIG") + b"x" * 5000))
            first = [await sender.answer(), await sender.answer()]
        async with connected(listener) as sender:
            sender.writer.write(wrap(an_orm("M2")))
            return [*first, await sender.answer()]

    big, end, small = talk(conversation, max_frame_bytes=2000)

    assert big.startswith("MSA|AR|BIG|")
    assert (None, "MSA|AA|M2") == (end, small)


def test_http_is_shown_the_door(talk, sink):
    """A browser on the MLLP port."""
    assert [None] == talk(exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", answers=1))
    assert "http" == sink.named("intake.connection_closed")[0]["reason"]


def test_a_message_without_its_last_cr_is_answered_after_a_silence(talk):
    """F5."""
    assert ["MSA|AA|M1"] == talk(exchange(wrap(an_orm())[:-1], answers=1))


def test_a_sender_that_says_no_more_gets_its_answers_and_the_end(talk):
    """Half-closed, as `nc` does it."""

    async def conversation(listener: MllpListener):
        async with connected(listener) as sender:
            sender.writer.write(wrap(an_orm("M1", "A1")) + wrap(an_orm("M2", "A2")))
            sender.writer.write_eof()
            return [await sender.answer() for _ in range(3)]

    assert ["MSA|AA|M1", "MSA|AA|M2", None] == talk(conversation)


def test_half_a_message_is_dropped_without_an_answer(talk, store, sink):
    """F9."""

    async def conversation(listener: MllpListener):
        async with connected(listener) as sender:
            sender.writer.write(b"\x0b" + an_orm())
            sender.writer.write_eof()
            return await sender.answer()

    assert talk(conversation) is None
    assert [] == store.book.find(OrderQuery())
    assert "truncated" == sink.named("intake.frame_discarded")[0]["reason"]


def test_one_connection_too_many_is_closed_at_once(talk, sink):
    """F14: leaving it to wait would hang the sender."""

    async def conversation(listener: MllpListener):
        async with connected(listener) as first:
            first.writer.write(wrap(an_orm()))
            await first.answer()
            async with connected(listener) as second:
                return await second.answer()

    assert talk(conversation, max_connections=1) is None
    assert "limit" == sink.named("intake.connection_closed")[0]["reason"]


def test_a_silent_connection_is_closed(talk, sink):
    """idle_timeout_s."""
    assert [None] == talk(exchange(answers=1), idle_timeout_s=0.05)
    assert "idle" == sink.named("intake.connection_closed")[0]["reason"]


class BrokenInbox:
    """A store that cannot keep anything."""

    def __init__(self) -> None:
        self.asked = 0

    def accept(self, _submissions):
        self.asked += 1
        raise StoreUnavailable("disk full")


@pytest.fixture
def impatient(monkeypatch):
    """A store that is down is given up at the second try."""
    monkeypatch.setattr(reception, "GIVE_UP_S", 0.001)
    monkeypatch.setattr(reception, "RETRY_S", 0.002)


def test_when_nothing_can_be_kept_nothing_is_answered(talk, sink, impatient):
    """M22: closing is the one reaction after which every engine sends again; the store gets a second chance first."""
    inbox = BrokenInbox()

    assert [None] == talk(exchange(wrap(an_orm()), answers=1), inbox=inbox)
    assert 2 == inbox.asked
    assert "disk full" == sink.named("message.unanswered")[0]["reason"]


def test_a_sender_that_wants_it_is_rejected_when_nothing_can_be_kept(talk, impatient):
    """M22: InterSystems tries AR again, and the reason is in its log."""
    section = SenderSection(name="iris", preset="intersystems")
    senders = Senders([section], default_sender(Intake()))

    (answer,) = talk(exchange(wrap(an_orm()), answers=1), inbox=BrokenInbox(), senders=senders)

    assert answer.startswith("MSA|AR|M1|")


def test_a_store_that_comes_back_is_asked_again(talk, store):
    """A moment of trouble costs no sender its connection."""

    class Hiccup(BrokenInbox):
        def accept(self, submissions):
            return super().accept(submissions) if self.asked == 0 else store.inbox.accept(submissions)

    assert ["MSA|AA|M1"] == talk(exchange(wrap(an_orm()), answers=1), inbox=Hiccup())


def test_an_answer_that_would_be_late_is_not_given(talk, sink):
    """The sender would take it for that of its next message; after a deadline of nothing every answer is late."""
    assert [None] == talk(exchange(wrap(an_orm()), answers=1), ack_deadline_s=0)
    assert sink.named("message.unanswered")[0]["reason"].startswith("ready after")


def test_stopping_answers_what_was_read_and_reads_no_more(talk, store):
    """Every frame read is answered after its commit, or not at all."""

    async def conversation(listener: MllpListener):
        async with connected(listener) as sender:
            sender.writer.write(b"".join(wrap(an_orm(f"M{n}", f"A{n}")) for n in range(50)))
            first = await sender.answer()
            await listener.stop(10)
            answers = [first]
            while (answer := await sender.answer()) is not None:
                answers.append(answer)
            return answers

    answers = talk(conversation)

    assert len(answers) == len(store.book.find(OrderQuery(limit=1000)))
    assert all("|AA|" in answer for answer in answers)


def test_a_stopped_listener_takes_no_connection(talk):
    """The port is free for the next daemon."""

    async def conversation(listener: MllpListener):
        port = listener.port
        await listener.stop(1)
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), 1)

    talk(conversation)
