"""TLS of one connection as bytes in and bytes out; who owns the socket is none of its business.

The event loops' own TLS closes a failed handshake without the alert that tells the sender why, and theirs begins before
anybody has looked at where the connection comes from.
"""

import contextlib
import itertools
import ssl
from collections.abc import Callable
from typing import Any, Final

_RECORD_BYTES: Final = 16384  # RFC 8446 §5.1: no record holds more

_DISTRUST: Final = "it does not trust our certificate, see {section}.certificate"
_REASONS: Final = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not one {section}.client_ca vouches for",
    "HTTP_REQUEST": "it speaks HTTP without TLS",
    "NO_SHARED_CIPHER": "it knows no cipher suite with forward secrecy and authenticated encryption",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate, and {section}.client_ca asks for one",
    "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
    "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
    "UNSUPPORTED_PROTOCOL": "it knows only versions of TLS older than {section}.minimum_version",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
}


class TlsRefused(Exception):  # noqa: N818 - an answer, not a bug
    """The connection cannot go on; says why. What `outgoing` gives then, if anything, tells the peer."""


class TlsSession:
    """The server's side of one connection. Not thread-safe.

    Attributes:
        is_established: The handshake is done and the peer may go on.
        is_ended: The peer has said that it sends nothing more (close_notify).
        names: CN and DNS names of the peer's certificate, once established; empty if it was not asked for one.
    """

    def __init__(
        self, context: ssl.SSLContext, section: str, judge: Callable[[tuple[str, ...]], str] = lambda _names: ""
    ) -> None:
        """Begin; the peer speaks first.

        Args:
            context: Of a server.
            section: Where its settings stand, for what is said of them.
            judge: Says why a peer with these names may not go on; empty if it may.
        """
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._section = section
        self._judge = judge
        self.is_established = False
        self.is_ended = False
        self.names: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """What is spoken, such as `TLSv1.3`; empty before the handshake is done."""
        return self._tls.version() or ""

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the peer and give the text they complete; write what `outgoing` gives afterwards.

        Raises:
            TlsRefused: The handshake failed, the peer may not go on, or what came is not TLS; write, then close.
        """
        self._incoming.write(data)
        try:
            if not self.is_established:
                self._shake_hands()
            return self._read()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise TlsRefused(_sentence(error).replace("{section}", self._section)) from error

    def send(self, text: bytes) -> bytes:
        """Give the bytes to write for a text; only once established."""
        rest = memoryview(text)
        while rest:
            rest = rest[self._tls.write(rest) :]
        return self.outgoing()

    def outgoing(self) -> bytes:
        """Give what has to be written to the peer now; often nothing."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """Give the bytes to write before closing, so that the peer knows the end for an end (RFC 8446 §6.1)."""
        # It would wait for the peer's own farewell, and before the handshake there is nothing to end.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        return self.outgoing()

    def _shake_hands(self) -> None:
        self._tls.do_handshake()
        self.names = _names(self._tls)
        problem = self._judge(self.names)
        if problem:
            raise TlsRefused(problem)
        self.is_established = True

    def _read(self) -> bytes:
        pieces = []
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self._tls.read(_RECORD_BYTES):
                pieces.append(piece)
            self.is_ended = True
        return b"".join(pieces)


def _names(tls: ssl.SSLObject) -> tuple[str, ...]:
    shown: dict[str, Any] = dict(tls.getpeercert() or {})
    # A subject holds groups of pairs, the alternative names are pairs.
    pairs = [*itertools.chain.from_iterable(shown.get("subject", ())), *shown.get("subjectAltName", ())]
    return tuple(dict.fromkeys(value for kind, value in pairs if kind in ("commonName", "DNS")))


def _sentence(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{_REASONS['CERTIFICATE_VERIFY_FAILED']}: {error.verify_message}"
    reason = error.reason or str(error)
    return _REASONS.get(reason, reason.lower().replace("_", " "))
