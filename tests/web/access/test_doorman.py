"""The open door, names of hosts, and whom tokens make one."""

from dataclasses import replace

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from dicomfabd.config import Web
from dicomfabd.domain.access import Rights, Role, Scope
from dicomfabd.web import event_stream
from dicomfabd.web.access.needs import GuardedRouter, is_still_admitted, needs
from dicomfabd.web.guards import Guards
from dicomfabd.web.server import build
from tests.web.access.conftest import PASSWORD
from tests.web.conftest import KIT, a_client

ORDERS = "/api/v1/orders"


@pytest.fixture
def with_settings(desk, journal):
    """Give a function that gives a client of a daemon with other settings."""

    def client(**settings):
        access = replace(desk.access, settings=Web(**settings))
        return a_client(Guards(build(replace(desk, access=access)), journal), follow_redirects=False)

    return client


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:80", "[::1]:8080", "127.1.2.3"]
)
def test_without_users_this_machine_may_everything(with_settings, host):
    """By each name it has for itself."""
    assert 200 == with_settings().get("/api/v1/users", headers={"Host": host}).status_code


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "",
    ],
)
def test_without_users_no_other_name_leads_here(with_settings, host, store):
    """A page of another site may have its name lead to 127.0.0.1 (DNS rebinding)."""
    client = with_settings()
    headers = {"Host": host, "Origin": f"http://{host}"}

    answers = [
        client.get("/api/v1/orders", headers=headers),
        client.post("/api/v1/users", headers=headers, json={"name": "eve", "password": PASSWORD, "test": "admin"}),
        client.get("/sign-in", headers=headers),
    ]

    assert [421] * 3 == [answer.status_code for answer in answers]
    assert {"application/problem+json"} == {answer.headers["content-type"] for answer in answers}
    assert not store.accounts.has_users()
    assert 200 == client.get("/livez", headers=headers).status_code


@pytest.mark.parametrize("host", ["[::1", "127.0.0.1@evil.example", "127.0.0.1/x", "a b", "\u00e9".encode()])
def test_what_names_no_host_is_a_bad_request(with_settings, host):
    """And no failure of ours, whatever looks at it later."""
    client = with_settings()

    assert 400 == client.get("/", headers={"Host": host}).status_code
    assert 403 == client.delete("/api/v1/orders/1", headers={"Origin": "http://[::1"}).status_code


def test_without_users_nobody_elsewhere_may_anything(with_settings):
    """Should the page listen to others all the same."""
    answer = with_settings(host="0.0.0.0").get(ORDERS)  # noqa: S104 - only compared

    assert 403 == answer.status_code
    assert "dicomfabd users add NAME --admin" in answer.json()["detail"]


def test_with_a_provider_somebody_has_to_sign_in(with_settings):
    """Also while there is no user yet."""
    oidc = {"issuer": "https://idp.example", "client_id": "fab"}

    assert 401 == with_settings(oidc=oidc).get(ORDERS).status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("fab.example", 401),
        ("FAB.example:8080", 401),
        ("10.1.2.3", 401),
        ("public.example", 401),
        ("localhost", 401),
        ("evil.example", 421),
        ("", 421),
    ],
)
def test_with_users_names_of_the_settings_count(with_settings, ann, host, status):
    """Those, the public one, and this machine's own."""
    client = with_settings(allowed_hosts=["Fab.example", "10.1.2.3"], public_url="https://public.example")

    assert status == client.get(ORDERS, headers={"Host": host}).status_code
    answer = client.post("/api/v1/session", headers={"Host": host}, json={"name": "ann", "password": PASSWORD})
    assert {401: 200, 421: 421}[status] == answer.status_code


def test_two_names_are_none(with_settings, ann):
    """Whichever of them a proxy looked at."""
    client = with_settings(allowed_hosts=["fab.example"])

    answer = client.get(ORDERS, headers=[("Host", "fab.example"), ("Host", "evil.example")])

    assert 421 == answer.status_code


def test_any_name_will_do_where_the_settings_have_none(with_settings, ann):
    """Once somebody has to sign in."""
    assert 401 == with_settings().get(ORDERS, headers={"Host": "whatever.example"}).status_code


def test_a_script_needs_no_token_of_a_page(ann, script, store):
    """Nobody's browser sends its key by itself."""
    client = script(ann, Scope.ADMIN)

    answer = client.post("/api/v1/pacs", json={"name": "w", "host": "h", "port": 104, "ae_title": "W"})

    assert 201 == answer.status_code
    assert "ann/ci testclient" == store.messages.audit_trail()[0].actor


@pytest.mark.parametrize(
    "header",
    [
        "Bearer fab_wrong",
        "Bearer ",
        "Bearer",
        "bearer  x",
        "Basic YW5uOng=",
        "fab_wrong",
        "Bearer \u00e9".encode(),
        "x" * 5000,
    ],
)
def test_a_key_that_fits_nothing_opens_nothing(ann, browser, header):
    """Not even beside a session that would."""
    client = browser(ann)

    answer = client.get(ORDERS, headers={"Authorization": header})

    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])


def test_an_expired_token_opens_nothing(ann, script, clock):
    """From that second on."""
    client = script(ann, Scope.READ, expires_at=clock.now + 60)
    assert 200 == client.get(ORDERS).status_code

    clock.advance(60)

    assert 401 == client.get(ORDERS).status_code


@pytest.mark.parametrize(
    ("scopes", "rights", "test", "prod", "phi"),
    [
        ([Scope.READ], Rights(Role.ADMIN, Role.ADMIN, True), "viewer", "viewer", False),
        ([Scope.OPERATE], Rights(Role.ADMIN, Role.VIEWER, True), "operator", "viewer", False),
        ([Scope.READ, Scope.ADMIN, Scope.PHI], Rights(Role.ADMIN, Role.ADMIN, True), "admin", "admin", True),
        ([Scope.READ, Scope.PHI], Rights(Role.VIEWER, Role.NONE, False), "viewer", "none", False),
        ([Scope.ADMIN], Rights(Role.NONE, Role.OPERATOR, True), "none", "operator", False),
    ],
)
def test_a_token_may_what_its_owner_may_as_far_as_its_scopes_go(ann, add, script, scopes, rights, test, prod, phi):
    """Never more than either."""
    told = script(add("bob", rights), *scopes).get("/api/v1/session").json()

    assert ("bob/ci", "token", test, prod, phi) == tuple(told[key] for key in ("name", "by", "test", "prod", "phi"))


def test_the_loss_of_a_role_counts_at_once(ann, add, script, browser, access):
    """For sessions and tokens alike, whoever took it."""
    bob = add("bob", Rights(Role.OPERATOR))
    clients = [browser(bob), script(bob, Scope.OPERATE)]
    for client in clients:
        assert 404 == client.post("/api/v1/orders/1/cancel").status_code

    access.accounts.change(bob.user_id, Rights(Role.VIEWER))
    assert [403, 403] == [client.post("/api/v1/orders/1/cancel").status_code for client in clients]

    access.accounts.remove(bob.user_id)
    assert [401, 401] == [client.get(ORDERS).status_code for client in clients]


def test_who_does_what_is_in_the_audit_trail(ann, browser, put, store):
    """Name and address."""
    put()

    browser(ann).post("/api/v1/orders/1/cancel")

    assert "ann testclient" == store.messages.audit_trail()[0].actor


def test_reading_a_message_as_it_came_is_in_the_audit_trail(ann, add, browser, take, store):
    """Also on a page, where ten minutes of looking are one reading; and never for who may not."""
    take(raw=b"MSH|^~\\&|RIS|HOSP\rPID|||P1\r")
    bob = add("bob", Rights(Role.VIEWER))
    client = browser(ann)

    def readings():
        return [
            it.actor for it in store.messages.audit_trail() if (it.action, it.target) == ("message.read", "message 1")
        ]

    assert 403 == browser(bob).get("/api/v1/messages/1/raw").status_code
    assert 200 == browser(bob).get("/messages/1", headers={"Accept": "text/html"}).status_code
    assert [] == readings()
    for _ in range(3):
        assert 200 == client.get("/messages/1", headers={"Accept": "text/html"}).status_code
    assert ["ann testclient"] == readings()
    client.get("/api/v1/messages/1/raw")
    client.get("/api/v1/messages/1/raw")
    assert ["ann testclient"] * 3 == readings()


def test_an_order_page_that_shows_messages_is_a_reading(ann, browser, put, store):
    """Of each message it shows."""
    put()

    browser(ann).get("/orders/1", headers={"Accept": "text/html"})

    assert ("message.read", "message 1") == (
        store.messages.audit_trail()[0].action,
        store.messages.audit_trail()[0].target,
    )


def test_an_answer_that_goes_on_ends_with_the_right_to_it(ann, add, desk, journal, access, clock):
    """And looking whether it may go on keeps nobody signed in."""
    bob = add("bob", Rights(Role.VIEWER))
    routes = GuardedRouter()
    steps = []

    @routes.get("/goes-on")
    @needs(Role.VIEWER)
    async def goes_on(request: Request) -> list[bool]:
        return [step() or await is_still_admitted(request) for step in steps]

    app = build(desk)
    app.include_router(routes)

    def asked(*then):
        steps[:] = then
        client = a_client(Guards(app, journal))
        client.post("/api/v1/session", json={"name": "bob", "password": PASSWORD})
        return client.get("/goes-on").json()

    assert [True, True, False] == asked(lambda: None, lambda: clock.advance(1799), lambda: clock.advance(1))
    taken = access.accounts.change
    assert [True, False] == asked(lambda: None, lambda: taken(bob.user_id, Rights(prod=Role.ADMIN)) and None)


@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"]
)
def test_without_users_nobody_comes_through_a_proxy(with_settings, ann, access, header):
    """A proxy on this machine asks by a name of its own, on behalf of the world."""
    access.accounts._file.writer.run(lambda db: db.execute("DELETE FROM users"))
    client = with_settings()

    answers = [client.get(path, headers={header: "203.0.113.9"}) for path in (ORDERS, "/", "/sign-in")]

    assert [403] * 3 == [answer.status_code for answer in answers]
    assert "Add a user first" in answers[0].json()["detail"]
    assert 200 == client.get(ORDERS).status_code


def test_with_users_a_proxy_is_welcome(with_settings, ann):
    """Everybody signs in then."""
    assert 401 == with_settings().get(ORDERS, headers={"X-Forwarded-For": "203.0.113.9"}).status_code


@pytest.mark.parametrize("address", ["<script>", "a b", "x" * 65, "203.0.113.9\u00e9"])
def test_what_a_proxy_calls_an_address_is_one_or_is_not_written_down(desk, journal, ann, store, address):
    """A header may say anything."""
    client = TestClient(Guards(build(desk), journal), "http://fab.example", client=(address, 1))

    client.post("/api/v1/session", json={"name": "ann", "password": "wrong horse battery"})

    assert "http ?" == store.messages.audit_trail()[0].actor


def test_the_answer_to_a_message_is_hl7_too(ann, add, browser, take):
    """It repeats what the sender wrote; and no list or detail holds either text."""
    take(raw=b"MSH|^~\\&|RIS|HOSP\rPID|||P1||UNTOLD^NAME\r")
    client = browser(add("bob", Rights(Role.ADMIN, Role.ADMIN)))

    statuses = [client.get(f"/api/v1/messages/1/{part}").status_code for part in ("raw", "answer")]
    seen = "".join(
        client.get(path, headers={"Accept": accept}).text
        for path, accept in (
            ("/api/v1/messages", "*/*"),
            ("/api/v1/messages/1", "*/*"),
            ("/messages", "text/html"),
            ("/messages/1", "text/html"),
            ("/api/v1/audit", "*/*"),
        )
    )

    assert [403, 403] == statuses
    assert "message 1" in seen.lower()
    assert "UNTOLD" not in seen
    assert "MSA|" not in seen


def test_a_page_that_listens_keeps_nobody_signed_in(ann, browser, clock, monkeypatch):
    """A browser listens again every ten minutes, by itself."""
    monkeypatch.setattr(event_stream, "LIFE_S", 0.01)
    client = browser(ann)
    for _ in range(2):
        clock.advance(899)
        assert 200 == client.get("/api/v1/events").status_code

    clock.advance(3)

    assert 401 == client.get("/api/v1/session").status_code


@pytest.mark.parametrize("path", [ORDERS, "/orders"])
def test_who_places_an_order_is_in_the_audit_trail(ann, script, store, path):
    """A refused one is none, and one that comes again is placed once; on this machine without users nobody is noted."""
    client = script(ann, Scope.OPERATE)

    statuses = [client.post(path, json=order, headers={"Idempotency-Key": "k"}).status_code for order in (KIT, KIT)]
    statuses.append(client.post(path, json=KIT | {"patient_id": ""}).status_code)

    assert [statuses[0], 400] == statuses[1:]
    assert [("ann/ci testclient", "order.place", "order 1")] == [
        (entry.actor, entry.action, entry.target) for entry in store.messages.audit_trail()
    ]
    assert {"action": "created", "message": 1} == store.messages.audit_trail()[0].detail


def test_without_users_an_order_costs_one_commit(with_settings, store):
    """Its message says from where it came."""
    answer = with_settings().post(ORDERS, json=KIT)

    assert (201, []) == (answer.status_code, store.messages.audit_trail())
