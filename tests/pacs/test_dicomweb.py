"""HTTP towards a PACS: STOW-RS, probes, multipart, and servers that misbehave."""

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydicom.uid import CTImageStorage, EncapsulatedPDFStorage

from dicomfabd.domain.delivery import Destination, InstanceResult, Outcome
from dicomfabd.domain.errors import DestinationAway, Permanent, Retryable
from dicomfabd.pacs import dicomweb
from dicomfabd.pacs import http as http_of_ours
from dicomfabd.pacs.dicomweb import probe
from dicomfabd.pacs.http import WebConnection
from dicomfabd.pacs.multipart import MultipartError, boundary_of, parts
from dicomfabd.pacs.reachability import check
from dicomfabd.pacs.retrieve import Retrieval
from dicomfabd.pacs.selection import Selection
from dicomfabd.pacs.stow import StowAssociation
from tests.pacs.instances import STUDY, AnInstance, a_dataset, sendable
from tests.pacs.test_retrieve import Shelf
from tests.peers import free_port, orthanc

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
UID = "1.2.3.1.1"
Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]


@contextmanager
def web_server(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Destination]:
    """A server that answers as a test wants; `requests` of the destination's web_url are none of its business."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

        do_GET = do_POST = _serve  # noqa: N815 - the names http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    scheme = "https" if context else "http"
    try:
        url = f"{scheme}://127.0.0.1:{server.server_port}/base"
        yield Destination("web", "127.0.0.1", 104, "WEB", transport="stow", web_url=url, timeout_s=2)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def replying(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler, _body: bytes) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def a_store_response(**sequences: dict[str, int]) -> bytes:
    """Give a response of STOW-RS: tag of a sequence → SOP Instance UID → reason."""
    reasons = {"00081199": "00081196", "00081198": "00081197"}
    said = {}
    for tag, references in sequences.items():
        tag = tag.removeprefix("t")
        items = []
        for uid, reason in references.items():
            item: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [uid]}}
            if reason:
                item[reasons[tag]] = {"vr": "US", "Value": [reason]}
            items.append(item)
        said[tag] = {"vr": "SQ", "Value": items}
    return json.dumps(said).encode()


def send(destination: Destination) -> InstanceResult:
    with StowAssociation(destination, [CTImageStorage]) as association:
        (result,) = association.send_all([AnInstance(CTImageStorage, UID, [b"abc", memoryview(b"def")])])
    return result


@pytest.mark.slow
def test_orthanc_keeps_what_is_sent_and_says_so(tmp_path):
    """Instance by instance over one connection, with user and password; twice is once."""
    with orthanc(tmp_path / "a", user=("fab", "pass@word"), web=True) as it:
        url = it.web_url.replace("//", "//fab:pass%40word@")
        destination = it.destination("a", transport="stow", web_url=url)
        with StowAssociation(destination, [CTImageStorage]) as association:
            results = list(association.send_all(map(sendable, (a_dataset(1), a_dataset(2), a_dataset(2)))))
            with pytest.raises(Permanent, match="does not understand"):
                list(association.send_all([AnInstance(CTImageStorage, "1.2.3.1.9", [b"no data set"])]))
        stored = it.get("/instances?expand")
        wrong = replace(destination, web_url=it.web_url.replace("//", "//fab:wrong@"))
        with pytest.raises(Permanent, match="user and a password"):
            send(wrong)
        reachable, refused = probe(destination), probe(wrong)

    assert [Outcome.STORED] * 3 == [result.outcome for result in results]
    assert [0, 0, 0] == [result.status for result in results]
    assert {"1.2.3.1.1", "1.2.3.1.2"} == {one["MainDicomTags"]["SOPInstanceUID"] for one in stored}
    assert (True, False) == (reachable.ok, refused.ok)
    assert "pass" not in refused.reason.replace("a password", "")


def test_an_instance_travels_as_one_part_of_a_multipart_body():
    """A DICOM file with its header, its length said beforehand (PS3.18 §10.5.1)."""
    seen = {}

    def answer(request, body):
        seen.update(path=request.path, type=request.headers["Content-Type"], auth=request.headers["Authorization"])
        (seen["part"],) = parts([body], boundary_of(seen["type"]), 10_000)
        replying(200, a_store_response(t00081199={UID: 0}))(request, body)

    with web_server(answer) as destination:
        destination = replace(destination, web_url=destination.web_url.replace("//", "//u:p@"))
        assert Outcome.STORED == send(destination).outcome

    assert ("/base/studies", f"Basic {base64.b64encode(b'u:p').decode()}") == (seen["path"], seen["auth"])
    assert 'multipart/related; type="application/dicom"; boundary=' in seen["type"]
    assert "application/dicom" == seen["part"].headers["content-type"]
    assert (b"DICM", b"abcdef") == (seen["part"].body[128:132], seen["part"].body[-6:])


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, a_store_response(t00081199={UID: 0}), (0, Outcome.STORED)),
        (200, b"[" + a_store_response(t00081199={UID: 0}) + b"]", (0, Outcome.STORED)),
        (200, b"", (0, Outcome.STORED)),
        (202, a_store_response(t00081199={UID: 0xB000}), (0xB000, Outcome.WARNED)),
        (202, a_store_response(t00081199={"9": 0}, t00081198={UID: 0xA700}), (0xA700, Outcome.RETRYABLE)),
        (409, a_store_response(t00081198={UID: 0xA900}), (0xA900, Outcome.PERMANENT)),
        (409, a_store_response(t00081198={UID: 0x0122}), (0x0122, Outcome.PERMANENT)),
        (409, a_store_response(t00081198={UID: 0x0111}), (0x0111, Outcome.STORED)),
        (409, a_store_response(t00081198={UID: 0}), (0x0110, Outcome.RETRYABLE)),
    ],
    ids=["stored", "in a list", "without a word", "warned", "busy", "refused", "class", "there already", "no reason"],
)
def test_what_became_of_an_instance_is_read(status, body, expected):
    """Classified as the same status of a C-STORE is (PS3.18 Annex I)."""
    with web_server(replying(status, body)) as destination:
        result = send(destination)

    assert InstanceResult(UID, CTImageStorage, *expected) == result


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, Permanent, "write them in web_url"),
        (403, Permanent, "does not let us"),
        (404, Permanent, "check web_url"),
        (413, Permanent, "nothing so large"),
        (301, Permanent, "sends us elsewhere"),
        (202, Retryable, "not what became of the instance"),
        (409, Retryable, "not what became of the instance"),
        (429, Retryable, "HTTP 429"),
        (500, Retryable, "HTTP 500"),
        (503, DestinationAway, "away or busy"),
    ],
)
def test_what_http_says_is_raised_by_what_has_to_be_done(status, error, said):
    """A study is tried again, or a person is told what to mend."""
    answer = replying(status, Location="http://elsewhere.invalid/")
    with web_server(answer) as destination, pytest.raises(error, match=said) as caught:
        send(destination)

    assert error is type(caught.value)


def test_a_server_that_is_away_or_no_server_is_away():
    """As for a C-STORE."""
    away = Destination("web", "h", 104, "WEB", web_url=f"http://127.0.0.1:{free_port()}/x", timeout_s=2)

    with pytest.raises(DestinationAway, match="cannot be reached"):
        send(away)
    with pytest.raises(Permanent, match="has no web_url"):
        send(replace(away, web_url=""))


@pytest.mark.parametrize("words", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"])
def test_an_answer_that_is_none_is_tried_again(words):
    """It closed, spoke no HTTP, or broke off."""

    def answer(request, _body):
        request.wfile.write(words)
        request.close_connection = True

    with web_server(answer) as destination, pytest.raises(Retryable):
        send(destination)


def test_a_silent_server_costs_the_time_it_is_given():
    """And no more."""
    waits = threading.Event()

    def answer(_request, _body):
        waits.wait(30)

    with web_server(answer) as destination, pytest.raises(Retryable, match="timed out"):
        send(replace(destination, timeout_s=0.2))
    waits.set()


def test_a_connection_the_server_closed_meanwhile_is_opened_again():
    """Between two instances, once."""
    closed = []

    def answer(request, body):
        replying(200, a_store_response(t00081199={UID: 0}))(request, body)
        request.close_connection = True
        closed.append(request.client_address)

    with web_server(answer) as destination, StowAssociation(destination, []) as association:
        results = list(association.send_all([AnInstance(CTImageStorage, UID, [b"x"])] * 3))

    assert [Outcome.STORED] * 3 == [result.outcome for result in results]
    assert 3 == len(set(closed))


def test_answers_are_bounded():
    """In bytes, and in time where they trickle."""

    def read(answer: Answer, deadline_s: float) -> None:
        with web_server(answer) as destination, WebConnection(destination) as connection:
            connection.read(connection.ask("GET", "/", {}), 1000, deadline_s)

    with pytest.raises(Retryable, match="more than 1000 bytes"):
        read(replying(200, bytes(100_000)), 10)

    def trickle(request, _body):
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        for _ in range(1000):
            request.wfile.write(b"x")

    with pytest.raises(Retryable, match="was not done after 0 s"):
        read(trickle, 0)


@pytest.mark.parametrize(
    ("names", "wanted", "syntax"),
    [
        (CTImageStorage, ("jpeg-ls", "explicit"), "1.2.840.10008.1.2.4.80"),
        (CTImageStorage, ("implicit", "explicit"), EXPLICIT),
        (CTImageStorage, ("implicit",), EXPLICIT),
        (EncapsulatedPDFStorage, ("jpeg-ls", "explicit"), EXPLICIT),
    ],
)
def test_the_transfer_syntax_is_the_best_that_dicomweb_takes(names, wanted, syntax):
    """Never implicit VR (PS3.18 §8.7.3.1); documents have no pixels."""
    with web_server(replying(200)) as plain:
        destination = replace(plain, transfer_syntaxes=wanted)
        with StowAssociation(destination, [names]) as association:
            assert syntax == association.syntax_for(names)


@pytest.mark.parametrize(("host", "checks_name", "is_there"), [("127.0.0.1", True, True), ("other", True, False)])
def test_https_is_checked(certificates, host, checks_name, is_there):
    """With the destination's own CA."""
    files = certificates(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["certificate"], files["key"])
    with web_server(replying(200, b"[]"), context) as destination:
        result = probe(replace(destination, tls_ca=files["ca"], tls_check_name=checks_name))

    assert is_there == result.ok, result.reason


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'[{"00100010": 5}, null, 7]', b""])
def test_a_search_that_answers_oddly_does_no_harm(body):
    """Rows without values, or a reason."""
    with web_server(replying(200, body)) as destination:
        result = probe(destination)

    assert (body[:1] in (b"[", b"")) == result.ok


def test_reachability_names_every_service():
    """C-ECHO where studies go by it, DICOMweb where there is any."""
    with web_server(replying(204)) as destination:
        by_web = check(destination)
        both = check(replace(destination, transport="c-store", port=free_port()))

    assert [("DICOMweb", True)] == [(it.service, it.ok) for it in by_web]
    assert [("C-ECHO", False), ("DICOMweb", True)] == [(it.service, it.ok) for it in both]


def a_multipart(*bodies: bytes, ending: bytes = b"--") -> bytes:
    return (
        b"".join(b"\r\n--B\r\nContent-Type: application/dicom\r\n\r\n" + body for body in bodies) + b"\r\n--B" + ending
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_parts_are_found_however_the_body_is_cut(size):
    """Bodies that hold line breaks and half a boundary too."""
    bodies = [b"one\r\n", b"", b"\r\n--", b"two\r\n--A\r\n"]
    whole = b"preamble" + a_multipart(*bodies) + b"\r\nepilogue"
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]

    assert bodies == [part.body for part in parts(pieces, b"B", 100)]


def test_a_body_may_begin_with_its_boundary():
    """As most do."""
    assert [b"x"] == [part.body for part in parts([a_multipart(b"x")[2:]], b"B", 100)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary",
        a_multipart(b"x", ending=b""),
        a_multipart(b"x" * 101),
        b"\r\n--B\r\nX: " + b"y" * 20_000 + b"\r\n\r\nx\r\n--B--",
        b"z" * 20_000 + a_multipart(b"x"),
    ],
    ids=["empty", "none", "no end", "a large part", "a long header", "a long preamble"],
)
def test_a_multipart_body_is_bounded_and_has_an_end(body):
    """What breaks off is never taken for the whole."""
    with pytest.raises(MultipartError):
        list(parts([body], b"B", 100))


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', b"abc"),
        ('Multipart/Related; boundary="a b"; type=x', b"a b"),
    ],
)
def test_the_boundary_is_read(content_type, boundary):
    """Quoted or not."""
    assert boundary == boundary_of(content_type)


@pytest.mark.parametrize("content_type", ["application/dicom", "multipart/related", ""])
def test_what_is_not_multipart_is_refused(content_type):
    """A login page, for one."""
    with pytest.raises(MultipartError):
        boundary_of(content_type)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (a_multipart(bytes(128) + b"DICM" + b"x", b"<html>"), "multipart/related; boundary=B", "is no DICOM file"),
        (b"<html>", "text/html", "is not multipart"),
        (a_multipart(bytes(128) + b"DICM", ending=b""), "multipart/related; boundary=B", "ends before"),
    ],
)
def test_a_download_that_is_no_dicom_is_said(body, kind, said, monkeypatch):
    """With what came before it."""
    monkeypatch.setattr(Shelf, "take", lambda self, data: self.files.append(data))
    with web_server(replying(200, body, Content_Type=kind)) as destination:
        got = Retrieval(destination, Selection(STUDY)).run(Shelf())

    assert not got.is_whole
    assert said in got.reason


def test_an_instance_larger_than_we_take_ends_a_download(monkeypatch):
    """Before it is kept."""
    monkeypatch.setattr(dicomweb, "LARGEST_INSTANCE", 1000)
    body = a_multipart(bytes(128) + b"DICM" + bytes(5000))
    with web_server(replying(200, body, Content_Type="multipart/related; boundary=B")) as destination:
        got = Retrieval(destination, Selection(STUDY)).run(Shelf())

    assert (0, False) == (got.received, got.is_whole)
    assert "more than 1000 bytes" in got.reason


def test_a_password_is_in_no_sentence():
    """Nor the user."""
    url = "http://someone:hunter2@127.0.0.1:1/x"
    destination = Destination("web", "h", 104, "WEB", web_url=url, timeout_s=1)

    result = probe(destination)

    assert "someone" not in result.reason and "hunter2" not in result.reason
    assert http_of_ours._authorization("someone", "hunter2") == {"Authorization": "Basic c29tZW9uZTpodW50ZXIy"}
