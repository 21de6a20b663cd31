"""Every answer tells browsers to be careful: pages, JSON, files, pictures, and whatever went wrong."""

import pytest

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.application import build
from dicomfabd.web.guards import LARGEST_BODY, Guards
from tests.web.access.conftest import GOVERNOR, PASSWORD
from tests.web.conftest import a_client
from tests.web.walking import ENDLESS, addresses, routes, with_ones

CAREFUL = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
POLICY = {
    "default-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}


def careless(answer) -> dict[str, object]:
    """Give what an answer lacks."""
    said = dict(
        part.strip().split(" ", 1)
        for part in answer.headers.get("content-security-policy", "").split(";")
        if part.strip()
    )
    lacking = {name: said.get(name) for name, value in POLICY.items() if said.get(name) != value}
    lacking |= {name: value for name, value in said.items() if "unsafe" in value or "*" in value or "http" in value}
    return lacking | {
        name: answer.headers.get(name) for name, value in CAREFUL.items() if answer.headers.get(name) != value
    }


def test_every_answer_is_careful(web, client, fed):
    """All routes that can be asked, with something there and with nothing there."""
    parts = {name: ["2.25.7700"] for name in ("study", "series", "instance", "study_uid", "sop_instance_uid")}
    parts |= {name: fed.parts[name][:1] for name in ("order_id", "message_id", "patient_id", "name")}
    parts |= {name: ["1"] for name in ("step_id", "move_id", "token_id", "frame", "frames", "place")}
    wrong = {}
    for route in routes(web):
        if "GET" not in route.methods or route.path in ENDLESS:
            continue
        for path in {*addresses(route.path, parts), with_ones(route.path), f"{with_ones(route.path)}?limit=x"}:
            answer = client.get(path)
            if found := careless(answer):
                wrong[path] = (answer.status_code, found)

    assert {} == wrong


@pytest.mark.parametrize(
    ("status", "method", "path", "options"),
    [
        (200, "GET", "/static/style.css", {}),
        (200, "GET", "/static/actions.js", {}),
        (404, "GET", "/static/no-such-file", {}),
        (404, "GET", "/no/such/page", {}),
        (405, "POST", "/healthz", {}),
        (405, "TRACE", "/orders/1", {}),
        (400, "GET", "/api/v1/orders?limit=0", {}),
        (400, "GET", "/orders", {"headers": {"Host": "a b"}}),
        (403, "POST", "/api/v1/orders", {"headers": {"Origin": "https://evil.example"}}),
        (413, "POST", "/api/v1/orders", {"headers": {"Content-Length": str(LARGEST_BODY + 1)}}),
        (413, "POST", "/api/v1/orders", {"content": (b"x" * 65536 for _ in range(32))}),
        (421, "GET", "/orders", {"headers": {"Host": "evil.example"}}),
    ],
)
def test_what_went_wrong_is_answered_as_carefully(client, status, method, path, options):
    """By whomever it is answered: the guards, the router, the files or a route."""
    answer = client.request(method, path, **options)

    assert (status, {}) == (answer.status_code, careless(answer))
    assert status < 400 or "application/problem+json" == answer.headers["content-type"]


def test_somebody_unknown_is_told_so_as_carefully(web, journal, access):
    """401 of the API, and the way to the sign-in."""
    access.accounts.add("ann", access.passwords.hash(PASSWORD), GOVERNOR)
    stranger = a_client(Guards(web, journal), "fab.example", follow_redirects=False)

    refused = stranger.get("/api/v1/orders")
    sent = stranger.get("/orders", headers={"Accept": "text/html"})

    assert (401, {}) == (refused.status_code, careless(refused))
    assert (303, {}) == (sent.status_code, careless(sent))


def test_a_bug_of_ours_says_nothing_of_itself(desk, journal):
    """500 as a problem document, as carefully, without a word of what was wrong inside."""
    app = build(desk)
    broken = GuardedRouter()

    @broken.get("/broken")
    @needs(Role.VIEWER)
    def fail() -> str:
        raise RuntimeError("SELECT secret FROM patients")

    app.include_router(broken)
    answer = a_client(Guards(app, journal)).get("/broken")

    assert (500, {}) == (answer.status_code, careless(answer))
    assert "application/problem+json" == answer.headers["content-type"]
    assert "secret" not in answer.text
