"""Who may come through the HL7 door, how long they may take, and TLS on it; real connections to a real store."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from dicomfabd.config import Intake, SenderSection
from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.draft import Choices
from dicomfabd.intake import reading
from dicomfabd.intake.desk import Desk
from dicomfabd.intake.listener import MllpListener
from dicomfabd.intake.mllp import wrap
from dicomfabd.intake.reading import Reader
from dicomfabd.intake.reception import Reception
from dicomfabd.intake.senders import Senders, default_sender
from dicomfabd.store.interface import MessageQuery, OrderQuery
from dicomfabd.tls.door import client_context
from tests.builders import an_orm


@dataclass
class Door:
    """An open door and who serves behind it."""

    listener: MllpListener
    reception: Reception

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listener.port


@pytest.fixture
def with_door(store, journal) -> Callable[..., Any]:
    """Give a function that runs a conversation with a listener of these settings."""

    def run(conversation: Callable[[Door], Any], sender: dict[str, Any] | None = None, **settings: Any) -> Any:
        async def main() -> Any:
            chosen = Intake.model_validate({"port": 0, **settings})
            sections = [SenderSection.model_validate({"name": "one", **sender})] if sender else []
            reader = Reader(
                Choices(lambda _procedure, _service: "OT"), chosen, Senders(sections, default_sender(chosen))
            )
            desk = Desk(reader, store.inbox, lambda _order: Routing())
            listener = MllpListener(chosen, journal)
            reception = Reception(chosen, desk, journal, lambda: None, listener.ended)
            await listener.start(reception)
            try:
                async with asyncio.timeout(20):
                    return await conversation(Door(listener, reception))
            finally:
                await listener.stop(5)

        return asyncio.run(main())

    return run


@contextlib.asynccontextmanager
async def connected(
    door: Door, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    name = "fab.example" if context else None
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, ssl=context, server_hostname=name)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def asked(door: Door, message: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """Send one message and give all that comes back until its end, or until the door closes."""
    async with connected(door, context) as (reader, writer):
        writer.write(wrap(message))
        return await _answer(reader)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        return await reader.readuntil(b"\x1c\r")
    return b""


def test_an_address_that_is_not_allowed_is_closed_before_it_can_say_a_word(with_door, store, sink):
    """Nothing it sends is read."""
    answer = with_door(lambda door: asked(door, an_orm()), allowed_addresses=["10.0.0.0/8"])

    assert b"" == answer
    assert [] == store.book.find(OrderQuery())
    assert "address" == sink.named("intake.connection_closed")[0]["reason"]


def test_an_allowed_address_is_served(with_door):
    """A network that holds it is enough."""
    assert b"MSA|AA" in with_door(lambda door: asked(door, an_orm()), allowed_addresses=["127.0.0.0/8"])


def test_one_address_cannot_take_all_connections(with_door, sink):
    """It is told by a close, which makes it try again later."""

    async def conversation(door: Door) -> tuple[bytes, bytes]:
        async with connected(door) as (reader, writer):
            writer.write(wrap(an_orm("M1")))
            first = await _answer(reader)
            second = await asked(door, an_orm("M2"))
        return first, second

    first, second = with_door(conversation, max_connections_per_address=1)

    assert b"MSA|AA|M1" in first
    assert (b"", "limit") == (second, sink.named("intake.connection_closed")[0]["reason"])


def test_a_place_that_becomes_free_is_given_again(with_door):
    """The count follows the connections."""

    async def conversation(door: Door) -> list[bytes]:
        return [await asked(door, an_orm(f"M{n}")) for n in range(5)]

    # A close reaches the listener a turn of the loop after it reached us: one place more than is used.
    assert all(with_door(conversation, max_connections_per_address=2))


def test_a_message_that_does_not_end_is_cut(with_door, sink, store):
    """A slow sender holds a connection and a buffer only for so long; what it sent is kept for people to see."""

    async def conversation(door: Door) -> bytes:
        async with connected(door) as (reader, writer):
            writer.write(b"\x0b" + an_orm())
            return await reader.read()

    assert b"" == with_door(conversation, frame_timeout_s=0.05)
    assert "frame" == sink.named("intake.connection_closed")[0]["reason"]
    (kept,) = store.messages.find(MessageQuery(is_quarantined=True))
    assert an_orm() == store.messages.get(kept.message_id).raw


def test_a_silent_connection_is_closed(with_door, sink):
    """After the time of the settings."""

    async def conversation(door: Door) -> bytes:
        async with connected(door) as (reader, _):
            return await reader.read()

    assert b"" == with_door(conversation, idle_timeout_s=0.05)
    assert "idle" == sink.named("intake.connection_closed")[0]["reason"]


def test_senders_wait_while_the_door_is_held(with_door, store):
    """M24: what they send stays in TCP, and is answered when the door opens again."""

    async def conversation(door: Door) -> tuple[int, bytes]:
        async with connected(door) as (reader, writer):
            writer.write(wrap(an_orm("M1", "A1")))
            await _answer(reader)
            door.reception.hold(True)
            writer.write(wrap(an_orm("M2", "A2")))
            await writer.drain()
            # A connection made now is not read from either; when it is up, ours would have been.
            async with connected(door):
                pass
            kept = len(store.book.find(OrderQuery()))
            door.reception.hold(False)
            return kept, await _answer(reader)

    kept, answer = with_door(conversation)

    assert 1 == kept
    assert b"MSA|AA|M2" in answer


def test_a_sender_that_is_nobody_is_refused_where_only_known_ones_may_send(with_door):
    """M7."""
    answer = with_door(lambda door: asked(door, an_orm()), only_known_senders=True)

    assert b"MSA|AE|M1" in answer
    assert b"MSH^1^3|103" in answer


def test_a_bug_of_ours_is_answered_and_keeps_the_message(with_door, store, sink, monkeypatch):
    """M23: without an answer its sender would send it for ever, and without the message nobody could mend the bug."""

    def broken(*_):
        raise ZeroDivisionError("Doe^Jane")

    monkeypatch.setattr(reading, "read_orders", broken)

    answer = with_door(lambda door: asked(door, an_orm()))

    (kept,) = store.messages.find(MessageQuery(is_quarantined=True))
    assert b"MSA|AR|M1" in answer
    assert (207, "AR") == (kept.faults[0].code, kept.code)
    assert "ZeroDivisionError" in sink.named("message.failed")[0]["bug"]
    assert "Doe" not in str(sink.events)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(ca, tmp_path) -> Iterator[dict[str, str]]:
    """Settings of a door with TLS, and the CA's certificate beside them."""
    paths = {name: tmp_path / name for name in ("server.pem", "server.key", "ca.pem")}
    write_certificate(ca, tmp_path)
    ca.cert_pem.write_to_path(paths["ca.pem"])
    yield {"certificate": str(paths["server.pem"]), "key": str(paths["server.key"])}


def write_certificate(ca: trustme.CA, folder: Path) -> None:
    issued = ca.issue_cert("fab.example")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(folder / "server.key")


def test_an_order_over_tls_is_answered(with_door, tls, tmp_path):
    """The newest version both sides know."""

    async def conversation(door: Door) -> tuple[bytes, str]:
        async with connected(door, client_context(str(tmp_path / "ca.pem"))) as (reader, writer):
            writer.write(wrap(an_orm()))
            return await _answer(reader), writer.get_extra_info("ssl_object").version()

    answer, version = with_door(conversation, tls=tls)

    assert b"MSA|AA|M1" in answer
    assert "TLSv1.3" == version


def test_plain_text_at_a_tls_door_is_closed(with_door, tls, sink):
    """Without an answer: it would go out in the clear."""
    assert b"MSA" not in with_door(lambda door: asked(door, an_orm()), tls=tls)
    assert "tls" == sink.named("intake.connection_closed")[0]["reason"]


def test_a_sender_without_a_certificate_is_refused_where_one_is_asked_for(with_door, tls, tmp_path, sink):
    """Mutual TLS."""
    context = client_context(str(tmp_path / "ca.pem"))

    async def conversation(door: Door) -> bytes:
        with contextlib.suppress(ssl.SSLError):
            return await asked(door, an_orm(), context)
        return b""

    assert b"" == with_door(conversation, tls=tls | {"client_ca": str(tmp_path / "ca.pem")})
    assert "tls" == sink.named("intake.connection_closed")[0]["reason"]


def test_a_handshake_that_is_not_done_in_time_is_given_up(with_door, tls, sink):
    """A peer that connects and says nothing costs a connection for a moment only."""

    async def conversation(door: Door) -> bytes:
        async with connected(door) as (reader, _):
            return await reader.read()

    assert b"" == with_door(conversation, tls=tls | {"handshake_timeout_s": 0.05})
    assert "handshake" == sink.named("intake.connection_closed")[0]["reason"]


def test_a_new_certificate_is_used_without_a_new_start(with_door, ca, tls, tmp_path, sink):
    """Certificate clients replace files; nobody restarts a receiver at night."""
    context = client_context(str(tmp_path / "ca.pem"))

    async def serial(door: Door) -> str:
        async with connected(door, context) as (_, writer):
            return str(writer.get_extra_info("peercert")["serialNumber"])

    async def conversation(door: Door) -> tuple[str, str]:
        before = await serial(door)
        write_certificate(ca, tmp_path)
        return before, await serial(door)

    before, after = with_door(conversation, tls=tls)

    assert before != after
    assert "" == sink.named("intake.certificate_reloaded")[-1]["problem"]


@pytest.mark.parametrize(
    ("accept", "application", "codes"),
    [("AL", "NE", [b"CA"]), ("AL", "AL", [b"CA", b"AA"]), ("ER", "SU", [b"AA"]), ("", "", [b"AA"])],
)
def test_enhanced_mode_answers_what_is_asked_for(with_door, accept, application, codes):
    """MSH-15 is answered at once, MSH-16 after it (HL7 v2.5.1 §2.9.3); what asks for neither is answered as ever."""
    message = an_orm().replace(b"|T|2.5.1", f"|T|2.5.1|||{accept}|{application}".encode())
    sender = {"ack_mode": "enhanced", "application_ack": True}

    async def conversation(door: Door) -> list[bytes]:
        async with connected(door) as (reader, writer):
            writer.write(wrap(message))
            return [(await _answer(reader)).partition(b"MSA|")[2][:2] for _ in codes]

    assert codes == with_door(conversation, sender=sender)
