"""No body is held that is longer than one may be, whatever its sender says of its length."""

import anyio
import pytest

from dicomfabd.web.guards import LARGEST_BODY
from tests.web.walking import changing, with_ones

PIECE = 65_536


class Endless:
    """Content that goes on as long as somebody takes it; counts how much was taken."""

    def __init__(self, most: int = 64 * LARGEST_BODY) -> None:
        self.taken = 0
        self._most = most

    def __iter__(self):
        while self.taken < self._most:
            self.taken += PIECE
            yield b"x" * PIECE


def asked_raw(app, method, path, headers, pieces):
    """Send a request piece by piece, past every client's own care; gives status and how many bytes were asked for."""
    found = {"status": 0, "taken": 0, "ended": False}
    waiting = iter(pieces)

    async def receive():
        piece = next(waiting, None)
        if piece is None and found["ended"]:
            await anyio.sleep_forever()  # whoever asks stays
        if piece is None:
            found["ended"] = True
            return {"type": "http.request", "body": b"", "more_body": False}
        found["taken"] += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message):
        if message["type"] == "http.response.start":
            found["status"] = message["status"]

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(),
        "query_string": b"", "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5), "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *headers],
    }  # fmt: skip
    anyio.run(lambda: app(scope, receive, send))
    return found


@pytest.fixture
def app(client):
    return client.app


def test_no_route_takes_more_of_a_body_than_it_may_have(web, app):
    """Chunked, without a length: a megabyte and a piece at most is taken, and 413 given where it is read at all."""
    wrong = {}
    for method, path in changing(web):
        headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
        found = asked_raw(app, method, with_ones(path), headers, Endless())
        if found["taken"] > LARGEST_BODY + 2 * PIECE or (found["taken"] > LARGEST_BODY and found["status"] != 413):
            wrong[method, path] = found

    assert {} == wrong


def test_a_length_that_is_too_large_is_refused_before_anything_is_read(web, app):
    """413, and not a byte asked for."""
    wrong = {}
    for method, path in changing(web):
        found = asked_raw(
            app, method, with_ones(path), [(b"content-length", str(LARGEST_BODY + 1).encode())], Endless()
        )
        if (413, 0) != (found["status"], found["taken"]):
            wrong[method, path] = found

    assert {} == wrong


@pytest.mark.parametrize(
    "length", [b"\xb2", b"-1", b"1e3", b"0x10", b"", b"1 ", b"9" * 400, b"9" * 5000, b"\xef\xbc\x91"]
)
def test_a_length_that_is_no_number_is_no_bug_of_ours(app, length):
    """Refused, not misread."""
    found = asked_raw(app, "POST", "/api/v1/orders", [(b"content-length", length)], [b"{}"])

    assert 400 <= found["status"] < 500


def test_the_route_that_makes_much_of_little_is_bounded(client):
    """Deep JSON, long lists, long numbers: refused, not followed."""
    bodies = [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 500_000,
        b'{"patient_ids": [' + b'"1",' * 200_000 + b'"1"]}',
        b"\xff\xfe",
        b"NaN",
        b"1e999999",
    ]
    wrong = {}
    for path in (
        "/api/v1/orders",
        "/api/v1/pacs",
        "/api/v1/worklist",
        "/api/v1/patients",
        "/api/v1/patients/bulk-delete",
        "/orders",
    ):
        for body in bodies:
            answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
            if not 400 <= answer.status_code < 500 or len(answer.content) > 100_000:
                wrong[path, body[:10]] = (answer.status_code, len(answer.content))

    assert {} == wrong
