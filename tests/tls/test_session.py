"""TLS without sockets: the other end is in memory."""

import contextlib
import ssl

import pytest
import trustme

from dicomfabd.tls.session import TlsRefused, TlsSession

HOST = "fab.example"
LONG = bytes(range(256)) * 400  # seven records


class Peer:
    """A sender in memory."""

    def __init__(self, ca: trustme.CA) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ca.configure_trust(context)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=HOST)

    def step(self, data: bytes) -> bytes:
        """Take bytes of the server and give those that answer them."""
        self.incoming.write(data)
        with contextlib.suppress(ssl.SSLError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def says(self, text: bytes) -> bytes:
        self.tls.write(text)
        return self.outgoing.read()

    def hears(self, data: bytes) -> bytes:
        self.incoming.write(data)
        heard = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.tls.read(1 << 20):
                heard += piece
        return heard


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def session(ca) -> TlsSession:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(HOST).configure_cert(context)
    return TlsSession(context, "intake.tls")


@pytest.fixture
def peer(ca) -> Peer:
    return Peer(ca)


def shake_hands(session: TlsSession, peer: Peer) -> None:
    data = b""
    while not session.is_established:
        session.feed(peer.step(data))
        data = session.outgoing()
    peer.step(data)


def test_nothing_is_said_before_the_peer_speaks(session):
    """The handshake is the client's to begin."""
    assert (b"", "", False) == (session.outgoing(), session.version, session.is_established)


def test_texts_go_both_ways_once_hands_are_shaken(session, peer):
    """However long: a record holds 16 KiB."""
    shake_hands(session, peer)

    assert LONG == session.feed(peer.says(LONG))
    assert LONG == peer.hears(session.send(LONG))


def test_bytes_may_come_one_by_one(session, peer):
    """Handshake and data; TCP keeps no boundaries."""
    data = b""
    while not session.is_established:
        for byte in peer.step(data):
            assert b"" == session.feed(bytes([byte]))
        data = session.outgoing()
    peer.step(data)

    assert b"MSH|" == b"".join(session.feed(bytes([byte])) for byte in peer.says(b"MSH|"))


def test_data_may_come_with_the_end_of_the_handshake(session, peer):
    """A sender does not wait once it has said its last word of the handshake."""
    session.feed(peer.step(b""))
    last_word = peer.step(session.outgoing())

    assert b"MSH|" == session.feed(last_word + peer.says(b"MSH|"))


def test_the_end_of_the_peer_is_noticed_after_what_it_said(session, peer):
    """close_notify is to TLS what a half-closed connection is to TCP."""
    shake_hands(session, peer)
    said = peer.says(b"MSH|")
    with contextlib.suppress(ssl.SSLWantReadError):
        peer.tls.unwrap()

    assert (b"MSH|", True) == (session.feed(said + peer.outgoing.read()), session.is_ended)


def test_the_peer_is_told_of_our_end(session, peer):
    """So that it can tell a close from a cut."""
    shake_hands(session, peer)
    told = session.end()

    assert b"" == peer.hears(told)
    assert b"" == peer.tls.read(1)


def test_an_end_before_the_handshake_says_nothing(session):
    """There is nothing to end."""
    assert b"" == session.end()


def test_junk_is_refused(session):
    """Without a word to somebody who would not understand it."""
    with pytest.raises(TlsRefused, match="it does not speak TLS"):
        session.feed(b"\x0bMSH|^~\\&|RIS|\r")

    assert b"" == session.outgoing()


def test_a_refusal_leaves_an_alert_to_write(session):
    """Content type 21 (RFC 8446 §6), here because nothing is left in common."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers("AES128-SHA")
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        old.wrap_bio(ssl.MemoryBIO(), hello, server_hostname=HOST).do_handshake()

    with pytest.raises(TlsRefused, match="it knows no cipher suite"):
        session.feed(hello.read())

    assert 21 == session.outgoing()[0]


def test_junk_after_the_handshake_is_refused_too(session, peer):
    """A bit that fell over, or somebody in between."""
    shake_hands(session, peer)
    record = bytearray(peer.says(b"MSH|"))
    record[-1] ^= 1

    with pytest.raises(TlsRefused, match="decryption failed or bad record mac"):
        session.feed(bytes(record))


def test_a_peer_that_does_not_trust_us_is_heard(session):
    """It is our certificate that has to be mended then."""
    stranger = Peer(trustme.CA())
    session.feed(stranger.step(b""))

    with pytest.raises(TlsRefused, match="it does not trust our certificate"):
        session.feed(stranger.step(session.outgoing()))


def test_who_may_not_go_on_is_not_established(ca, peer):
    """The judge has the last word, and what the peer sent is not given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(HOST).configure_cert(context)
    session = TlsSession(context, "intake.tls", lambda names: f"it is {names or 'nobody'}")
    session.feed(peer.step(b""))

    with pytest.raises(TlsRefused, match="it is nobody"):
        session.feed(peer.step(session.outgoing()) + peer.says(b"MSH|"))

    assert not session.is_established
