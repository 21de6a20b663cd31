"""What HL7, DICOM and people write is text on every page, whatever it is, and nothing else."""

import re
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest

from tests.web.hostile.payloads import IMAGE, MARK, PAYLOADS, PRODUCT, TAG, TEXT, TURNED, URL
from tests.web.walking import ENDLESS, addresses, pages, routes

ADDRESSES = frozenset({"href", "src", "action", "formaction", "data-action", "data-then", "data-tags", "data-report"})
SCHEMES = re.compile(r"[\s\x00-\x20]*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
QUERY_WORDS = ("next", "said")  # besides the fields of its forms, what a page might take from its address
VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "path", "circle", "rect", "use", "source", "col"})


class Judge(HTMLParser):
    """Reads a page and keeps what should not be in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.text = ""
        self.values = ""
        self.fields: set[str] = set()
        self._open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if MARK in tag:
            self.wrong.append(f"<{tag}>")
        said = dict(attrs)
        if tag == "script" and not (said.get("src") or "").startswith("/static/"):
            self.wrong.append("a script of its own")
        if tag in ("iframe", "object", "embed", "base"):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            self._judge(tag, name, value or "")
        if said.get("name") and tag in ("input", "select", "textarea"):
            self.fields.add(said["name"])
        if tag == "script" or tag == "style":
            self._open.append(tag)

    def _judge(self, tag, name, value):
        if MARK in name or name.startswith("on") or name in ("style", "srcdoc"):
            self.wrong.append(f"{tag} has {name}={value!r}")
        if name in ADDRESSES:
            if SCHEMES.match(value) and not value.startswith(("http://127.0.0.1", "https://ohif.example")):
                self.wrong.append(f"{tag} {name}={value!r}")
            if value.startswith(("//", "\\", "/\\")):
                self.wrong.append(f"{tag} leads elsewhere: {value!r}")
        self.values += f" {value}"

    def handle_endtag(self, tag):
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data):
        if self._open and data.strip():
            self.wrong.append(f"content of {self._open[-1]}: {data[:40]!r}")
        self.text += data


def judged(answer) -> Judge:
    judge = Judge()
    judge.feed(answer.text)
    judge.close()
    if PRODUCT in answer.text:
        judge.wrong.append("a template of the payload was evaluated")
    return judge


def html(client, path):
    return client.get(path, headers={"Accept": "text/html"})


def all_addresses(web, fed):
    return [address for route in pages(web) for address in addresses(route.path, fed.parts)]


def test_no_payload_becomes_markup_on_any_page(web, client, fed):
    """No element, attribute, handler, script or scheme of one; and each page is really there."""
    wrong, seen = {}, ""
    for path in all_addresses(web, fed):
        answer = html(client, path)
        judge = judged(answer)
        seen += judge.text + judge.values
        if judge.wrong or answer.status_code not in (200, 303, 404, 409):
            wrong[path] = (answer.status_code, judge.wrong)

    assert {} == wrong
    # The payloads came as far as the pages, so that this says something.
    assert [] == [payload for payload in (TAG, TEXT, IMAGE, URL, TURNED) if payload.partition("\u2028")[0] not in seen]


def _everywhere(path, payload):
    """Give an address of a route with a payload in each of its parts."""
    return quote(payload, safe="").join(re.split(r"\{[^}]*\}", path))


def test_no_payload_in_an_address_becomes_markup(web, client, fed):
    """In every field of every form a page has, one by one and all at once, and in the parts of its path."""
    wrong = {}
    for route in pages(web):
        first = next(iter(addresses(route.path, fed.parts)))
        fields = judged(html(client, first)).fields | set(QUERY_WORDS)
        asked = [f"{first}?{urlencode({name: payload})}" for name in sorted(fields) for payload in (TAG, TEXT, URL)]
        asked += [f"{first}?{urlencode(dict.fromkeys(fields, TAG))}"]
        if "{" in route.path:
            asked += [_everywhere(route.path, payload) for payload in PAYLOADS]
        for path in asked:
            answer = html(client, path)
            found = judged(answer).wrong if "html" in answer.headers["content-type"] else []
            if found or answer.status_code >= 500:
                wrong[path] = (answer.status_code, found)

    assert {} == wrong


def test_what_is_not_a_page_can_never_be_taken_for_one(web, client, fed):
    """Every other answer to a GET is of another type, and says that nobody should guess."""
    parts = fed.parts | {name: ["1"] for name in ("step_id", "move_id", "token_id", "frame", "frames")}
    parts |= {"study_uid": [fed.parts["study"][0]], "series": ["2.25.7701"], "place": ["00091001"]}
    parts |= {"sop_instance_uid": ["2.25.7799"]}
    html_paths = {route.path for route in pages(web)}
    wrong = {}
    for route in web_gets(web):
        if route.path in html_paths or route.path in ENDLESS:
            continue
        for path in addresses(route.path, parts):
            answer = client.get(path)
            kind = answer.headers.get("content-type", "")
            if (
                answer.status_code in (500, 501)
                or kind.startswith(("text/html", "image/svg", "application/xhtml", "text/xml", "application/xml"))
                or answer.headers["x-content-type-options"] != "nosniff"
            ):
                wrong[path] = (answer.status_code, kind)

    assert {} == wrong


def web_gets(web):
    return [route for route in routes(web) if "GET" in route.methods]


@pytest.mark.parametrize(
    "path", ["/no/such/page", "/messages/999999", "/orders?limit=x", f"/pacs/{quote(TEXT, safe='')}"]
)
def test_what_is_wrong_is_no_markup_either(client, path):
    """As a page for people, and as JSON for everybody else."""
    asked = f"{path}{'&' if '?' in path else '?'}text={quote(TEXT)}"
    page, document = html(client, asked), client.get(asked)

    assert [] == judged(page).wrong
    assert (True, "text/html") == (page.status_code >= 400, page.headers["content-type"].partition(";")[0])
    assert "application/problem+json" == document.headers["content-type"]
