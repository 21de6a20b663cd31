"""What is received is never a place: no file outside is read, written or named, and no header is written by a name."""

import io
import re
import zipfile
from pathlib import Path
from urllib.parse import quote, unquote

import anyio
import pytest

from tests.web.access.conftest import GOVERNOR, PASSWORD
from tests.web.walking import ENDLESS, changing, parts_of, routes

CANARY = "a secret that lies beside the store"
LONG = "A" * 5000
CLIMBING = (
    "..", ".", "../canary", "../../../../../../../../etc/passwd", "..\\..\\canary", "/etc/passwd", "\\\\host\\share",
    "C:\\canary", "%2e%2e", "%2e%2e%2fcanary", "..%2f..%2fcanary", "..%5ccanary", "%252e%252e%252f", "....//canary",
    "canary\x00.dcm", "\x00", "..;/canary", "~root", "file:///etc/passwd", "con", "canary\r\nX-Evil: 1",
    "\r\n\r\n<script>", "\u2025/\u2024\u2024/", "\ufeff..", LONG, "\udcff",
)  # fmt: skip
FILES = ("style.css", "actions.js", "icon.svg")


@pytest.fixture
def canary(tmp_path) -> Path:
    """Put a file where somebody who climbs out of the archive's or the store's folder would find it."""
    for folder in (tmp_path, tmp_path / "archive", tmp_path.parent):
        folder.mkdir(exist_ok=True)
        (folder / "canary").write_text(CANARY)
    return tmp_path


def everything_below(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def filled(path: str, part: str, value: str) -> str:
    """Give an address with one part replaced, whole and encoded, and the others at one."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: _quoted(value) if found.group(1) == part else "1", path)


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def asked(app, method: str, raw_path: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Ask for a path exactly as it is written; clients tidy it up."""
    found: dict = {"status": 0, "body": b"", "headers": []}

    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if not waiting:
            await anyio.sleep_forever()  # whoever asks stays
        return waiting.pop()

    async def send(message):
        if message["type"] == "http.response.start":
            found["status"], found["headers"] = message["status"], message["headers"]
        found["body"] += message.get("body", b"")

    path, _, query = raw_path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(), "scheme": "http", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 5), "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    }  # fmt: skip

    async def run():
        await app(scope, receive, send)

    anyio.run(run)
    return found["status"], found["body"], found["headers"]


def test_no_part_of_a_path_leads_anywhere_else(web, client, fed, canary):
    """Every route that has parts, every part, every way to write a place: never a file of elsewhere, never a 500."""
    wrong = {}
    for route in routes(web):
        for part in parts_of(route.path):
            for value in CLIMBING:
                for method in sorted(route.methods & {"GET", "DELETE", "PUT", "PATCH", "POST"}):
                    status, body, _ = asked(client.app, method, filled(route.path, part, value))
                    if status >= 500 or status == 0 or CANARY.encode() in body or b"root:" in body:
                        wrong[method, route.path, part, value[:40]] = status

    assert {} == wrong
    assert CANARY == (canary / "canary").read_text()
    assert not [name for name in everything_below(canary) if "evil" in name.lower() or "etc" in name]


@pytest.mark.parametrize("prefix", ["/static/", "/static//", "/static/viewer/", "/static"])
def test_the_files_of_the_page_are_all_that_can_be_had_as_files(client, canary, prefix):
    """Not the templates, nor the code beside them."""
    targets = (
        "../templates/base.html", "../server.py", "..%2ftemplates%2fbase.html", "%2e%2e/server.py",
        "%2e%2e%2fserver.py", "..%5cserver.py", "viewer/../../server.py", "viewer/..%2f..%2fserver.py",
        "%00", "style.css%00.html", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "....//server.py",
        ".", "..", "", "viewer", "viewer/", _quoted(LONG), "%ff", "%252e%252e/server.py",
    )  # fmt: skip
    wrong = {}
    for target in targets:
        status, body, _ = asked(client.app, "GET", prefix + target)
        if status >= 500 or b"root:" in body or b"import" in body or b"extends" in body or status == 200:
            wrong[target] = status

    assert {} == wrong
    assert [200] * len(FILES) == [asked(client.app, "GET", f"/static/{name}")[0] for name in FILES]


def test_files_of_a_download_are_named_by_numbers(client, fed):
    """Whatever patient, study and series are called: nobody's unpacker writes outside its folder."""
    study = fed.parts["study"][0]
    answers = [
        client.get(f"/api/v1/archive/studies/{study}.zip"),
        client.get(f"/api/v1/archive/studies.zip?study={study}"),
        client.get(f"/api/v1/archive/studies/{study}/series/2.25.7701.zip"),
    ]
    names = [name for answer in answers for name in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()]

    assert 8 == len(names)
    assert [] == [name for name in names if not re.fullmatch(r"(study\d{3}/)?(series\d{3}/)?\d{5}\.dcm", name)]


def test_no_name_gets_into_a_header(web, client, fed):
    """Of what can be saved, the file is named by us; no header has a line of a sender's."""
    parts = {
        "series": "2.25.7701",
        "step_id": "1",
        "move_id": "1",
        "token_id": "1",
        "frame": "1",
        "frames": "1",
        "place": "00091001",
    }
    parts |= {name: values[0] for name, values in fed.parts.items()} | {
        "study_uid": "2.25.7700",
        "sop_instance_uid": "2.25.7799",
    }
    wrong, named = {}, set()
    for route in routes(web):
        if "GET" not in route.methods or route.path in ENDLESS:
            continue
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: _quoted(parts[found.group(1)]), route.path)
        for name, value in asked(client.app, "GET", path)[2]:
            if re.search(rb"[\r\n\x00]|zq7x", name + value):
                wrong[path] = (name, value)
            if name.lower() == b"content-disposition":
                named.add(value.decode())

    assert {} == wrong
    assert len(named) >= 6
    assert [] == [value for value in named if not re.fullmatch(r'attachment; filename="[a-z0-9.-]+"', value)]


INJECTED = "A1\r\nSet-Cookie: x=1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/pacs", {"name": INJECTED, "host": "127.0.0.1", "port": 1, "ae_title": "A"}),
        ("/api/v1/pacs", {"name": "../../x", "host": "127.0.0.1", "port": 1, "ae_title": "A"}),
        ("/api/v1/pacs", {"name": "x", "host": "127.0.0.1\r\nX: y", "port": 1, "ae_title": "A\r\nB"}),
        (
            "/api/v1/pacs",
            {"name": "x", "host": "127.0.0.1", "port": 1, "ae_title": "A", "tls": True, "tls_ca": "/etc/passwd"},
        ),
        (
            "/api/v1/users",
            {"name": f"ann{INJECTED}", "password": "correct horse battery", "test": "admin", "prod": "admin"},
        ),
    ],
)
def test_a_line_end_in_a_name_is_refused(client, path, body):
    """400 of the API, and no header of the sender's making."""
    answer = client.post(path, json=body, headers={"Idempotency-Key": "k"})

    assert 400 == answer.status_code
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/orders", "/orders"])
def test_a_line_end_in_an_accession_number_is_in_no_header(client, store, path):
    """It is mended before it is kept, and the address of the order has its own number in it."""
    answer = client.post(path, json={"patient_id": "P1", "patient_name": "DOE", "accession": INJECTED})

    assert "set-cookie" not in answer.headers
    assert "/api/v1/orders/1" == answer.headers["location"]
    assert store.book.get(1).order.accession_number.isprintable()


@pytest.mark.parametrize(
    "next_path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\r\nX: y",
        "\\\\evil",
        "data:text/html,x",
        "",
    ],
)
def test_signing_in_leads_to_a_page_of_ours(client, access, next_path):
    """Whatever the address says that comes next."""
    access.accounts.add("ann", access.passwords.hash(PASSWORD), GOVERNOR)
    page = client.get("/sign-in", params={"next": next_path}, headers={"Accept": "text/html"}, follow_redirects=False)

    assert ['data-then="/"'] == re.findall(r'data-then="[^"]*"', page.text)


def test_no_address_of_a_change_is_left_out(web):
    """Every part of every route that changes something is of a bounded form."""
    assert [] == [path for _, path in changing(web) if ":path}" in path and not path.endswith(":path}")]
