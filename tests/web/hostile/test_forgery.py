"""Another site's page changes nothing, whoever looks at it, and by whatever name it reached us."""

import json

import pytest

from dicomfabd.web.application import build
from tests.web.access.conftest import GOVERNOR, PASSWORD
from tests.web.conftest import a_client
from tests.web.walking import changing, routes, with_ones

OPEN = ("POST", "/api/v1/session")
FOREIGN = (
    "https://evil.example",
    "http://127.0.0.1:9",
    "http://fab.example.evil.example",
    "null",
    "",
    "file://",
)
OURS = "https://fab.example"  # a proxy in front of us may speak https, so the name alone counts
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
TAKES_SIMPLE = frozenset(
    {
        ("POST", "/orders"),  # the tutorial kit's curl says no type
        ("POST", "/api/v1/messages"),  # HL7 is text
        ("POST", "/api/v1/messages/{message_id}/replay"),
        ("POST", "/api/v1/explain"),
    }
)
"""Routes whose body may be of a type that a form can have: the Origin alone keeps other sites from them."""


@pytest.fixture
def ann(access):
    return access.accounts.add("ann", access.passwords.hash(PASSWORD), GOVERNOR)


@pytest.fixture
def signed_in(ordinary, ann):
    """Give a browser in which ann is signed in, without the token that pages of ours send along."""
    browser = a_client(ordinary.app, "fab.example", follow_redirects=False)
    answer = browser.post("/api/v1/session", json={"name": "ann", "password": PASSWORD})
    browser.token = answer.json()["csrf_token"]
    return browser


@pytest.fixture
def trail(store):
    """Give a function that gives how much people changed, by the audit trail."""
    return lambda: len(store.messages.audit_trail(None, 1000))


def statuses(client, app, **options):
    return {
        (method, path): client.request(method, with_ones(path), json={}, **options).status_code
        for method, path in changing(app)
        if (method, path) != OPEN
    }


@pytest.fixture
def app(whole_desk):
    return build(whole_desk)


def test_there_is_something_to_walk(app):
    """So that what follows says something."""
    assert len(list(changing(app))) > 30


def test_a_session_alone_changes_nothing(signed_in, app, trail):
    """Every route that changes something wants the token of a page, too: 403 before anything is read."""
    before = trail()

    found = statuses(signed_in, app)

    assert {403} == set(found.values())
    assert before == trail()


@pytest.mark.parametrize("token", ["wrong", "", "x" * 5000, "é"])
def test_a_wrong_token_of_a_page_changes_nothing(signed_in, app, token):
    """However long."""
    found = statuses(signed_in, app, headers={"X-CSRF-Token": token.encode()})

    assert {403} == set(found.values())


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_changes_nothing_even_with_the_token(signed_in, app, trail, origin):
    """Also one of another scheme or port, and none at all (`null`)."""
    before = trail()

    found = statuses(signed_in, app, headers={"Origin": origin, "X-CSRF-Token": signed_in.token})

    assert {403} == set(found.values())
    assert before == trail()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_is_from_another_site_changes_nothing(signed_in, app, site):
    """Sec-Fetch-Site, without an Origin."""
    found = statuses(signed_in, app, headers={"Sec-Fetch-Site": site, "X-CSRF-Token": signed_in.token})

    assert {403} == set(found.values())


@pytest.mark.parametrize("origin", [*FOREIGN, OURS])
def test_nobody_is_signed_in_by_another_site(ordinary, ann, origin):
    """Signing in a victim as the attacker is an attack too."""
    browser = a_client(ordinary.app, "fab.example")

    answer = browser.post("/api/v1/session", json={"name": "ann", "password": PASSWORD}, headers={"Origin": origin})

    assert (200 if origin == OURS else 403) == answer.status_code


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("kind", SIMPLE)
def test_without_users_no_other_site_acts_on_this_machine(ordinary, app, trail, origin, kind):
    """A page of the internet in a browser on this machine may send forms to the loopback; they are refused."""
    before = trail()

    found = statuses(ordinary, app, headers={"Origin": origin, "Content-Type": kind})

    assert {403} == set(found.values())
    assert before == trail()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"])
def test_without_users_no_foreign_name_reaches_anything(ordinary, app, host):
    """A name server that says 127.0.0.1 for a name of its own (DNS rebinding) gets 421: reading, too."""
    rebound = a_client(ordinary.app, host, follow_redirects=False)
    is_open = {
        "/livez", "/readyz", "/healthz", "/metrics", "/sign-in", "/api/v1/session", "/sign-in/oidc",
        "/sign-in/oidc/callback",
    }  # fmt: skip
    wrong = {
        (method, route.path): status
        for route in routes(app)
        for method in route.methods
        if route.path not in is_open
        and (status := rebound.request(method, with_ones(route.path), headers={"Origin": f"http://{host}"}).status_code)
        != 421
    }

    assert {} == wrong


@pytest.mark.parametrize("kind", SIMPLE)
def test_a_body_of_json_is_taken_as_json_only(ordinary, app, kind):
    """What a form can send without asking first is no JSON to us, so no page acts by one that browsers let through."""
    description = ordinary.get("/api/v1/openapi.json").json()
    acted = {}
    for method, path in changing(app):
        body = description["paths"].get(path, {}).get(method.lower(), {}).get("requestBody")
        if body is None or not body.get("required") or (method, path) in TAKES_SIMPLE:
            continue
        example = next(iter(body["content"].values())).get("example", {})
        content = example if isinstance(example, str) else json.dumps(example)
        answer = ordinary.request(method, with_ones(path), content=content, headers={"Content-Type": kind})
        if answer.status_code < 400:
            acted[method, path] = answer.status_code

    assert {} == acted
