"""What senders put on the wire, over real connections: framing cases F1 to F15 and what undid other receivers.

Each case is odd bytes, the answers they get, and then an ordinary order over the same connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from dicomfabd.intake.listener import MllpListener
from dicomfabd.intake.mllp import Frame, Framer, wrap
from dicomfabd.store.interface import MessageQuery, OrderQuery
from dicomfabd.store.opening import Store
from dicomfabd.telemetry.journal import Journal
from tests.builders import an_orm
from tests.conftest import RecordingSink
from tests.intake.test_messages import open_door, read_answers

LOOP_TURNS = 3  # in which the listener sees what was written before more is
VT, FS, END = b"\x0b", b"\x1c", b"\x1c\r"
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(0x20, 0x60))
TLS_HELLO_WITH_A_START = TLS_HELLO[:30] + VT + TLS_HELLO[31:]


class Wire:
    """The sender's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._framer = Framer(1 << 20)
        self._answers: list[str] = []

    async def send(self, *chunks: bytes) -> None:
        """Write each chunk and let the listener, which lives on the same loop, read it before the next."""
        for chunk in chunks:
            self.writer.write(chunk)
            with contextlib.suppress(ConnectionError):
                await self.writer.drain()
            for _ in range(LOOP_TURNS):
                await asyncio.sleep(0)

    async def answer(self) -> str | None:
        """Give code and control ID of the next answer, or None when the listener closes."""
        while not self._answers:
            try:
                data = await self._reader.read(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            for event in self._framer.feed(data):
                assert isinstance(event, Frame), event
                self._answers += [f"{answer.code} {answer.control_id}" for answer in read_answers(event.data)]
        return self._answers.pop(0)

    async def answers(self, amount: int) -> list[str | None]:
        """Give so many answers."""
        return [await self.answer() for _ in range(amount)]


@contextlib.asynccontextmanager
async def connected(listener: MllpListener) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


Conversation = Callable[[MllpListener], Awaitable[Any]]
Talk = Callable[..., Any]


@pytest.fixture
def talk(store: Store, journal: Journal) -> Talk:
    """Give a function that runs a conversation against a listener before a real store."""

    def run(conversation: Conversation, **settings: Any) -> Any:
        async def main() -> Any:
            async with asyncio.timeout(20), open_door(store, journal, {}, **settings) as listener:
                return await conversation(listener)

        return asyncio.run(main())

    return run


def order(name: str) -> bytes:
    """Give an order whose control ID and accession number are both the name."""
    return an_orm(name, name)


def framed(name: str) -> bytes:
    return wrap(order(name))


def bytewise(data: bytes) -> tuple[bytes, ...]:
    return tuple(bytes([byte]) for byte in data)


def batch(*messages: bytes) -> bytes:
    header = b"FHS|^~\\&|RIS|HOSP\rBHS|^~\\&|RIS|HOSP\r"
    return wrap(header + b"".join(messages) + f"BTS|{len(messages)}\rFTS|1\r".encode())


def without(name: str, part: bytes, other: bytes = b"") -> bytes:
    return wrap(order(name).replace(part, other))


CASES: dict[str, tuple[tuple[bytes, ...], list[str]]] = {
    # Framing, by the handbook's numbers.
    "F1 NUL between": ((framed("F1A") + b"\0" + framed("F1B"),), ["AA F1A", "AA F1B"]),
    "F1 line feed between": ((framed("F1C") + b"\n" + framed("F1D"),), ["AA F1C", "AA F1D"]),
    "F1 blanks and returns between": ((framed("F1E") + b" \r\r\n\t\0\0 " + framed("F1F"),), ["AA F1E", "AA F1F"]),
    "F1 filler in pieces of its own": (
        (b"\0", b"\r", b"\n", framed("F1G"), b"\0", framed("F1H")),
        ["AA F1G", "AA F1H"],
    ),
    "F2 log prefix": ((b"2026-03-02 08:15 INFO out: " + framed("F2A"),), ["AA F2A"]),
    "F2 log prefix in a piece of its own": ((b"INFO sending\r\n", framed("F2B")), ["AA F2B"]),
    "F2 garbage between": ((framed("F2C") + b"garbage" + framed("F2D"),), ["AA F2C", "AA F2D"]),
    "F2 high bytes between": ((framed("F2E") + bytes(range(0x80, 0x100)) + framed("F2F"),), ["AA F2E", "AA F2F"]),
    "F4 start inside a message": ((VT + order("F4A") + framed("F4B"),), ["AA F4B"]),
    "F4 start again and again": ((VT + b"MSH|" + VT + VT + order("F4C")[:50] + framed("F4D"),), ["AA F4D"]),
    "F4 start in a piece of its own": ((VT + order("F4E"), VT, order("F4F"), END), ["AA F4F"]),
    "F5 no return before the next": ((VT + order("F5A") + FS + framed("F5B"),), ["AA F5A", "AA F5B"]),
    "F5 no return, the next in another piece": ((VT + order("F5C") + FS, framed("F5D")), ["AA F5C", "AA F5D"]),
    "F5 line feed for a return": ((VT + order("F5E") + FS + b"\n" + framed("F5F"),), ["AA F5E", "AA F5F"]),
    "F6 line feed behind the return": ((framed("F6A") + b"\n" + framed("F6B") + b"\n",), ["AA F6A", "AA F6B"]),
    "F7 five in one piece": ((b"".join(framed(f"F7{n}") for n in "ABCDE"),), [f"AA F7{n}" for n in "ABCDE"]),
    "F8 byte by byte": (bytewise(framed("F8A")), ["AA F8A"]),
    "F8 end cut in two": ((VT + order("F8B") + FS, b"\r" + VT, order("F8C") + END), ["AA F8B", "AA F8C"]),
    "F11 empty": ((VT + END,), []),
    "F11 several empty ones": ((VT + END + VT + END + VT + FS + VT + END,), []),
    "F11 nothing but blanks": ((wrap(b" \r\n \0\t"),), []),
    "F12 end byte inside the data": ((without("F12A", b"Jane", b"Ja\x1cne"),), ["AA F12A"]),
    "F12 end byte at the beginning of a piece": ((VT + order("F12B")[:80], FS + order("F12B")[80:], END), ["AA F12B"]),
    "F13 no start": ((order("F13A") + END,), ["AA F13A"]),
    "F13 no start, twice": ((order("F13B") + END + order("F13C") + END,), ["AA F13B", "AA F13C"]),
    "F13 no start, in pieces": ((order("F13D")[:9], order("F13D")[9:], END), ["AA F13D"]),
    "F13 no start behind a framed one": ((framed("F13E") + order("F13F") + END,), ["AA F13E", "AA F13F"]),
    "F15 batch": (
        (batch(order("F15A"), an_orm("F15B", control="QQ"), order("F15C")),),
        ["AA F15A", "AE F15B", "AA F15C"],
    ),
    "F15 batch of one": ((batch(order("F15D")),), ["AA F15D"]),
    # What closed, hung or misled other receivers and is not among the above.
    "good": ((framed("G1"),), ["AA G1"]),
    "cut in the middle": ((framed("G2")[:100], framed("G2")[100:]), ["AA G2"]),
    "Latin 1": ((without("G3", b"Jane", b"J\xe9anne"),), ["AA G3"]),
    "byte order mark": ((wrap(b"\xef\xbb\xbf" + order("G4")),), ["AA G4"]),
    "longer than 64 KiB": ((wrap(order("G5") + b"NTE|1||" + b"long " * 20_000 + b"\r"),), ["AA G5"]),
    "not HL7": ((wrap(b"hello world"),), ["AR "]),
    "no type": ((without("G6", b"ORM^O01"),), ["AE G6"]),
    "unknown type": ((without("G7", b"ORM^O01", b"ZZZ^Z01"),), ["AR G7"]),
    "line feeds between segments": ((without("G8", b"\r", b"\n"),), ["AA G8"]),
    "CR LF between segments": ((without("G9", b"\r", b"\r\n"),), ["AA G9"]),
    "line feeds and no start": ((order("G10").replace(b"\r", b"\n") + END,), ["AA G10"]),
    "an acknowledgment": ((wrap(b"MSH|^~\\&|RIS|HOSP|||||ACK^O01|G11|T|2.5\rMSA|AA|1\r"),), []),
    "a second message for a second time": ((framed("G12"), framed("G12")), ["AA G12", "AA G12"]),
}


@pytest.mark.parametrize("case", CASES)
def test_odd_bytes_are_answered_as_listed_and_the_next_order_is_taken(case: str, talk: Talk) -> None:
    """Over the same connection; where no answer is listed the next one is that to the next order."""
    chunks, expected = CASES[case]

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(*chunks, framed("LAST"))
            return await wire.answers(len(expected) + 1)

    assert [*expected, "AA LAST"] == talk(conversation)


def test_all_of_it_may_come_over_one_connection(talk: Talk) -> None:
    """One case after the other, none of them spoiling the next."""

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            received: list[str | None] = []
            for chunks, expected in CASES.values():
                await wire.send(*chunks)
                received += await wire.answers(len(expected))
            return received

    assert [answer for _, expected in CASES.values() for answer in expected] == talk(conversation)


def test_an_order_of_a_joined_pair_is_never_lost(talk: Talk, store: Store) -> None:
    """F5: one answer for two messages would hide the second one for ever."""

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(VT + order("P1") + FS + framed("P2"))
            return await wire.answers(2)

    talk(conversation)

    assert ["P1", "P2"] == sorted(found.order.accession_number for found in store.book.find(OrderQuery()))


def test_a_message_cut_short_by_the_next_start_is_not_acted_on(talk: Talk, store: Store) -> None:
    """F4: its sender has had no answer and sends it again."""

    async def conversation(listener: MllpListener) -> str | None:
        async with connected(listener) as wire:
            await wire.send(VT + order("CUT") + framed("WHOLE"))
            return await wire.answer()

    talk(conversation)

    assert ["WHOLE"] == [found.order.accession_number for found in store.book.find(OrderQuery())]


def test_a_visit_without_a_word_is_nothing_to_speak_of(talk: Talk, sink: RecordingSink) -> None:
    """F3: load balancers look in every few seconds."""

    async def conversation(listener: MllpListener) -> None:
        async with connected(listener) as wire:
            wire.writer.write_eof()
            await wire.answer()

    talk(conversation)

    assert [] == [event for level, event, _ in sink.events if level != "debug"]


@pytest.mark.parametrize("case", ["end byte", "nothing"])
def test_the_end_of_a_connection_ends_a_message_that_lacks_only_its_return(case: str, talk: Talk) -> None:
    """F5: complete with its end byte, and without it half a message."""
    sent = VT + order("EOF") + (FS if case == "end byte" else b"")

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(sent)
            wire.writer.write_eof()
            return await wire.answers(2)

    assert (["AA EOF", None] if case == "end byte" else [None, None]) == talk(conversation)


def test_half_a_message_is_kept_for_people_to_look_at(talk: Talk, store: Store) -> None:
    """F9: in quarantine, whole, although nobody got an answer."""
    half = order("HALF")[:120]

    async def conversation(listener: MllpListener) -> str | None:
        async with connected(listener) as wire:
            await wire.send(VT + half)
            wire.writer.write_eof()
            return await wire.answer()

    assert talk(conversation) is None
    (kept,) = store.messages.find(MessageQuery(is_quarantined=True))
    whole = store.messages.get(kept.message_id)
    assert whole is not None
    assert half == whole.raw


def test_what_is_no_hl7_is_kept_for_people_to_look_at(talk: Talk, store: Store) -> None:
    """M1: rejected, and in quarantine."""

    async def conversation(listener: MllpListener) -> str | None:
        async with connected(listener) as wire:
            await wire.send(wrap(b"hello world"))
            return await wire.answer()

    assert "AR " == talk(conversation)
    assert ["AR"] == [kept.code for kept in store.messages.find(MessageQuery(is_quarantined=True))]


FOREIGN = {
    "TLS": TLS_HELLO,
    "TLS, with a start byte in it as every other hello has": TLS_HELLO_WITH_A_START,
    "HTTP with a start byte in it": b"GET /?\x0b HTTP/1.1\r\nHost: nowhere\r\n\r\n",
    "HTTP POST": b"POST /orders HTTP/1.1\r\nHost: nowhere\r\n\r\n{}",
    "HTTP HEAD": b"HEAD / HTTP/1.0\r\n\r\n",
    "junk without an end": b"x" * 70_000,
}


@pytest.mark.parametrize("protocol", FOREIGN)
def test_another_protocol_is_closed_without_an_answer_and_others_are_served(protocol: str, talk: Talk) -> None:
    """F2: an answer in HL7 would help nobody there."""

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(FOREIGN[protocol])
            closed = await wire.answer()
        async with connected(listener) as other:
            await other.send(framed("OTHER"))
            return [closed, await other.answer()]

    assert [None, "AA OTHER"] == talk(conversation)


def test_what_came_before_a_message_that_is_too_long_is_answered_first(talk: Talk) -> None:
    """F10: then the refusal, which names the message, and the end."""
    long = order("LONG") + b"NTE|1||" + b"x" * 4000 + b"\r"

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(framed("BEFORE") + wrap(long) + framed("AFTER"))
            return await wire.answers(3)

    assert ["AA BEFORE", "AR LONG", None] == talk(conversation, max_frame_bytes=2000)


def test_a_message_far_too_long_is_refused_in_words(talk: Talk) -> None:
    """F10: to its end it is read and thrown away, for a sender that is cut off while it writes never reads why."""
    endless = order("ENDLESS") + b"NTE|1||" + b"x" * 8_000_000 + b"\r"

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(wrap(endless))
            return await wire.answers(2)

    assert ["AR ENDLESS", None] == talk(conversation, max_frame_bytes=2000)


@pytest.mark.parametrize("cut_at", [0, -1], ids=["in one piece", "its last return in another piece"])
def test_a_message_of_the_greatest_length_is_taken(cut_at: int, talk: Talk) -> None:
    """F10: one byte more is too long."""
    exact = order("EXACT") + b"NTE|1||"
    exact += b"x" * (2000 - len(exact))

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(framed("FIRST"))
            first = await wire.answer()
            await wire.send(wrap(exact)[:cut_at], wrap(exact)[cut_at:], wrap(exact + b"x"))
            return [first, *await wire.answers(3)]

    assert ["AA FIRST", "AA EXACT", "AR EXACT", None] == talk(conversation, max_frame_bytes=2000)


def test_the_place_of_one_that_left_is_free_again(talk: Talk) -> None:
    """F14: the limit counts those who are here."""

    async def conversation(listener: MllpListener) -> list[str | None]:
        received = []
        for name in ("ONE", "TWO", "THREE"):
            async with connected(listener) as wire:
                await wire.send(framed(name))
                received.append(await wire.answer())
                wire.writer.write_eof()
                received.append(await wire.answer())
        return received

    assert ["AA ONE", None, "AA TWO", None, "AA THREE", None] == talk(conversation, max_connections=1)


def test_every_message_of_a_batch_is_on_disk_when_it_is_answered(talk: Talk, store: Store) -> None:
    """F15: and the one that is refused is not."""

    async def conversation(listener: MllpListener) -> list[str | None]:
        async with connected(listener) as wire:
            await wire.send(batch(order("B1"), an_orm("B2", "B2", "QQ"), order("B3")))
            return await wire.answers(3)

    assert ["AA B1", "AE B2", "AA B3"] == talk(conversation)
    assert ["B1", "B3"] == sorted(found.order.accession_number for found in store.book.find(OrderQuery()))
