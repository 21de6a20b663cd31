"""One HTTP connection to the DICOMweb services of a destination (PS3.18), with everything it may answer bounded."""

import base64
import http.client
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway, Permanent, Retryable
from dicomfabd.pacs.connecting import tls_context

Buffer = bytes | memoryview

_PIECE: Final = 1 << 16
_ADVICE: Final = {
    400: "it does not understand the request",
    401: "it wants a user and a password; write them in web_url",
    403: "it does not let us; check the user in web_url",
    404: "there is no such service or study; check web_url",
    405: "it does not offer this service",
    406: "it does not give what we can read",
    409: "it kept nothing",
    413: "it takes nothing so large",
    415: "it does not take DICOM; check web_url",
}
_GATEWAY: Final = frozenset({502, 503, 504})
# A kept connection the server closed while nothing was said on it.
_WENT_IDLE: Final = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class WebConnection:
    """A connection that is kept between requests; use as a context manager. Not thread-safe."""

    def __init__(self, destination: Destination) -> None:
        """Connect; raises DestinationAway, or Permanent where there is no `web_url`."""
        if not destination.web_url:
            raise Permanent(f"{destination.name} has no web_url; set it to the base of its DICOMweb services")
        parts = urlsplit(destination.web_url)
        self.name = f"{destination.name} (DICOMweb at {parts.hostname}:{parts.port or parts.scheme})"
        self._base = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
        self._headers = _authorization(parts.username, parts.password)
        host = parts.hostname or ""
        self._connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                host, parts.port, timeout=destination.timeout_s, context=tls_context(destination)
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=destination.timeout_s)
        )
        self._is_fresh = True
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: Sequence[Buffer] = ()
    ) -> http.client.HTTPResponse:
        """Send a request and give its answer, whose body has to be read whole before the next one.

        Args:
            method: Of HTTP.
            path: Below `web_url`, quoted.
            headers: Beside those of the connection.
            body: Its pieces, in order.

        Raises:
            DestinationAway: It cannot be reached again.
            Retryable: It broke off, fell silent, or does not speak HTTP.
        """
        try:
            return self._send(method, path, headers, body)
        except _WENT_IDLE as error:
            if self._is_fresh:
                raise Retryable(f"{self.name} broke off: {_reason(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(f"{self.name} broke off: {_reason(error)}") from error
        self._connection.close()
        self._connect()
        try:
            return self._send(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(f"{self.name} broke off: {_reason(error)}") from error

    def read(self, response: http.client.HTTPResponse, most: int, deadline_s: float) -> bytes:
        """Give a whole body; raises Retryable for one that is longer than `most` bytes or comes too slowly."""
        body = bytearray()
        for piece in self.pieces(response, deadline_s):
            body += piece
            if len(body) > most:
                raise Retryable(f"{self.name} answered more than {most} bytes")
        return bytes(body)

    def pieces(self, response: http.client.HTTPResponse, deadline_s: float) -> Iterator[bytes]:
        """Give a body piece by piece; raises Retryable where it breaks off or is not done in time."""
        ends_at = time.monotonic() + deadline_s
        try:
            while piece := response.read1(_PIECE):
                yield piece
                if time.monotonic() > ends_at:
                    raise Retryable(f"{self.name} was not done after {deadline_s:.0f} s")
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(f"{self.name} broke off: {_reason(error)}") from error
        if response.length:
            raise Retryable(f"{self.name} broke off: {response.length} bytes are missing")
        # Only then may the connection be used again; `read1` does not say so itself.
        response.close()

    def refuse(self, status: int) -> Permanent | Retryable:
        """Give the error an HTTP status stands for; `raise` it."""
        said = f"{self.name} answered HTTP {status}"
        if status in _GATEWAY:
            return DestinationAway(f"{said}: what stands behind it is away or busy")
        if 300 <= status < 400:
            return Permanent(f"{said}: it sends us elsewhere; set web_url to where its services are")
        if status in _ADVICE:
            return Permanent(f"{said}: {_ADVICE[status]}")
        return Retryable(said)

    def _connect(self) -> None:
        self._is_fresh = True
        try:
            self._connection.connect()
        except OSError as error:
            raise DestinationAway(f"{self.name} cannot be reached: {_reason(error)}") from error

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Sequence[Buffer]
    ) -> http.client.HTTPResponse:
        length = {"Content-Length": str(sum(memoryview(piece).nbytes for piece in body))} if body else {}
        self._connection.request(
            method, self._base + path, iter(body) if body else None, {**self._headers, **headers, **length}
        )
        response = self._connection.getresponse()
        self._is_fresh = False
        return response


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _reason(error: OSError | http.client.HTTPException) -> str:
    said = getattr(error, "verify_message", "") or getattr(error, "strerror", None) or str(error)
    return said or type(error).__name__
