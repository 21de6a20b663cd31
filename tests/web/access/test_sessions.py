"""Signing in with name and password, and what a session is worth."""

import re
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from dicomfabd.config import Web
from dicomfabd.domain.access import Rights, Role
from dicomfabd.web.access.passwords import Passwords
from dicomfabd.web.guards import Guards
from dicomfabd.web.server import build
from tests.web.access.conftest import GOVERNOR, PASSWORD
from tests.web.conftest import a_client

SESSION = "/api/v1/session"


def sign_in(client, name="ann", password=PASSWORD, **options):
    return client.post(SESSION, json={"name": name, "password": password}, **options)


def test_who_signs_in_is_known(ann, browser):
    """By the cookie alone; the answer says what they may."""
    client = browser(ann)

    answer = client.get(SESSION)

    assert 200 == answer.status_code
    assert {
        "name": "ann",
        "by": "session",
        "test": "admin",
        "prod": "admin",
        "phi": True,
        "csrf_token": client.headers["X-CSRF-Token"],
    } == answer.json()
    assert 200 == client.get("/api/v1/users").status_code


def test_from_the_first_user_on_everybody_signs_in(client, store, access):
    """At once, also this machine."""
    assert 200 == client.get("/api/v1/orders").status_code
    access.accounts.add("ann", "hash", GOVERNOR)

    assert 401 == client.get("/api/v1/orders").status_code
    assert [200] * 4 == [client.get(path).status_code for path in ("/livez", "/readyz", "/healthz", "/metrics")]


@pytest.mark.parametrize(
    ("url", "public_url", "secure"),
    [("http://fab.example", "", False), ("https://fab.example", "", True), ("http://fab", "https://fab.example", True)],
)
def test_the_cookie_is_for_us_alone(desk, journal, ann, url, public_url, secure):
    """No script, no other site, no other host reads it; no plain HTTP where people come by https."""
    access = replace(desk.access, settings=Web(public_url=public_url))
    client = a_client(Guards(build(replace(desk, access=access)), journal))

    cookie = sign_in(client, headers={"Host": "fab.example"}).headers["set-cookie"]
    cookie = client.post(f"{url}{SESSION}", json={"name": "ann", "password": PASSWORD}).headers["set-cookie"]

    wanted = ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=strict"] + ["Secure"] * secure
    value, *attributes = cookie.split("; ")
    assert wanted == sorted(attributes)
    assert re.fullmatch(r"dicomfabd_session=[\w-]{43}", value)


def test_a_session_ends_when_nothing_is_done(ann, browser, clock):
    """After half an hour; a page that only refreshes itself is nobody at the keyboard."""
    busy, left = browser(ann), browser(ann)
    for _ in range(4):
        clock.advance(600)
        assert 200 == busy.get(SESSION).status_code
        last = left.get(SESSION, headers={"X-Background": "1"}).status_code

    assert 401 == last
    assert 200 == busy.get(SESSION).status_code


def test_signing_out_ends_the_session(ann, browser, actions, app):
    """Also for a copy of the cookie."""
    client = browser(ann)
    copy = a_client(app, "fab.example", cookies=dict(client.cookies))
    assert 200 == copy.get(SESSION).status_code

    answer = client.delete(SESSION)

    assert (200, 'dicomfabd_session=""') == (answer.status_code, answer.headers["set-cookie"].split(";")[0])
    assert (401, 401) == (client.get(SESSION).status_code, copy.get(SESSION).status_code)
    assert ("ann testclient", "session.close", "session") == actions()[0]


def test_signing_in_again_ends_the_session_before(ann, browser, app):
    """Nobody can have prepared it."""
    client = browser(ann)
    before = a_client(app, "fab.example", cookies=dict(client.cookies))

    assert 200 == sign_in(client).status_code

    assert (401, 200) == (before.get(SESSION).status_code, client.get(SESSION).status_code)


def test_who_it_is_not_hears_nothing(ann, add, stranger, access, actions):
    """Unknown, wrong, switched off: the same answer, and the same work."""
    bob = add("bob", Rights(Role.VIEWER))
    access.accounts.change(bob.user_id, Rights(Role.VIEWER, is_active=False))
    access.accounts.enroll("https://idp kim", "kim", Rights(Role.VIEWER))

    answers = [
        sign_in(stranger, name, password)
        for name, password in [
            ("ann", "wrong horse battery"),
            ("nobody", PASSWORD),
            ("bob", PASSWORD),
            ("kim", ""),
            ("kim", PASSWORD),
            ("../etc/passwd", PASSWORD),
            ("ann", PASSWORD + "x" * 200),
        ]
    ]

    assert [401] * 7 == [answer.status_code for answer in answers]
    assert 1 == len({answer.text for answer in answers})
    assert not any("set-cookie" in answer.headers for answer in answers)
    # What is no user's name may be a password.
    assert ["user ann", "user ?", "user kim", "user kim", "user bob", "user ?", "user ann"] == [
        target for _, action, target in actions() if action == "session.refused"
    ]


def test_an_unknown_user_costs_a_hash_too(ann, desk, journal):
    """Or the time would tell who there is."""
    checked = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):  # noqa: A002 - as the library calls it
            checked.append(hash)
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    client = a_client(Guards(build(replace(desk, access=replace(desk.access, passwords=passwords))), journal))

    for name in ("ann", "nobody"):
        assert 401 == sign_in(client, name, "wrong horse battery").status_code

    assert ["$argon2id$v=19$m=8,t=1,p=1$"] * 2 == [known[:27] for known in checked]


def test_a_password_is_what_it_is_on_every_keyboard(access, add, stranger):
    """One letter as one character or as two."""
    add()
    access.accounts.set_password(1, access.passwords.hash("Br\u00fccke \u00fcber den Fluss"))

    assert 200 == sign_in(stranger, "ann", "Bru\u0308cke u\u0308ber den Fluss").status_code


def test_names_are_taken_as_people_type_them(ann, stranger):
    """Capitals and blanks around do not matter."""
    assert 200 == sign_in(stranger, " Ann ").status_code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"name=ann",
        b'{"name": "ann"}',
        b'{"name": "", "password": "x"}',
        b'{"name": "ann", "password": ["x"]}',
        b'{"name": {"$ne": ""}, "password": "x"}',
        b'{"name": "ann", "password": "x", "admin": true}',
        b'{"name": "\\ud800", "password": "\\ud800"}',
        b'{"name": "' + b"a" * 65 + b'", "password": "x"}',
        b'{"name": "ann", "password": "' + b"x" * 300 + b'"}',
    ],
)
def test_what_is_no_sign_in_is_refused(ann, stranger, body):
    """Never with what was sent in the answer, and never as a failure of ours."""
    answer = stranger.post(SESSION, content=body, headers={"Content-Type": "application/json"})

    assert 400 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert "xxxx" not in answer.text


def test_a_nul_in_a_name_is_no_user(ann, stranger):
    """However the database reads it."""
    assert 401 == sign_in(stranger, "ann\0").status_code


def test_too_many_attempts_have_to_wait(ann, add, stranger, ticks, browser, sink):
    """Five a minute on an account from an address, right or wrong."""
    add("bob", Rights(Role.VIEWER))
    for _ in range(5):
        assert 401 == sign_in(stranger, "ann", "wrong horse battery").status_code
        ticks.advance(2)

    limited = sign_in(stranger)

    assert (429, "50") == (limited.status_code, limited.headers["retry-after"])
    assert 429 == sign_in(stranger, " ANN").status_code
    assert 200 == sign_in(stranger, "bob").status_code
    ticks.advance(50)
    assert 200 == sign_in(stranger).status_code
    assert 2 == sink.counts[("dicomfabd_web_sign_ins_total", "limited")]
    assert 5 == sink.counts[("dicomfabd_web_sign_ins_total", "password")]


def test_who_gets_in_may_come_again(ann, stranger):
    """Ten times a minute, if they like."""
    assert {200} == {sign_in(stranger).status_code for _ in range(10)}


def test_where_there_are_no_users_nobody_signs_in(client):
    """The page is open to this machine."""
    assert (409, "local") == (sign_in(client).status_code, client.get(SESSION).json()["by"])


def test_every_sign_in_is_in_the_audit_trail(ann, browser, stranger, actions, sink):
    """And in the log, without what was typed."""
    sign_in(stranger, "my secret password", "x")
    browser(ann)

    assert [
        ("ann testclient", "session.open", "user ann"),
        ("http testclient", "session.refused", "user ?"),
    ] == actions()
    assert {"user": "ann", "by": "password", "address": "testclient"} == sink.named("web.signed_in")[0]
    assert [{"outcome": "password", "address": "testclient"}] == sink.named("web.sign_in_refused")
    assert "my secret" not in str(sink.events)


def test_a_page_of_another_site_does_nothing(ann, browser, stranger):
    """Without the token only a page of ours can know, a session changes nothing."""
    client = browser(ann)
    token = client.headers.pop("X-CSRF-Token")
    body = {"name": "nightly", "scopes": ["read"]}

    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": token[:-1]}, {"X-CSRF-Token": "\u00e9".encode()}):
        answer = client.post("/api/v1/tokens", json=body, headers=headers)
        assert (403, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert 403 == client.delete(SESSION).status_code
    assert [] == client.get("/api/v1/tokens").json()["tokens"]

    assert 201 == client.post("/api/v1/tokens", json=body, headers={"X-CSRF-Token": token}).status_code


def test_the_token_of_another_session_does_nothing(ann, browser):
    """Each page has its own."""
    mine, other = browser(ann), browser(ann)

    answer = mine.delete(SESSION, headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})

    assert 403 == answer.status_code


def test_a_page_gives_its_scripts_the_token(ann, browser):
    """As a meta element; the session itself is in no page."""
    client = browser(ann)

    page = client.get("/tokens", headers={"Accept": "text/html"})

    assert f'<meta name="csrf-token" content="{client.headers["X-CSRF-Token"]}">' in page.text
    assert client.cookies["dicomfabd_session"] not in page.text


def test_ones_password_is_changed_with_the_old_one(ann, browser, stranger, actions):
    """Whoever else is signed in as this user is signed out."""
    here, there = browser(ann), browser(ann)
    new = "another long password"

    assert 403 == here.put(f"{SESSION}/password", json={"old": "wrong", "new": new}).status_code
    assert 400 == here.put(f"{SESSION}/password", json={"old": PASSWORD, "new": "short"}).status_code
    assert 200 == here.put(f"{SESSION}/password", json={"old": PASSWORD, "new": new}).status_code

    assert (200, 401) == (here.get(SESSION).status_code, there.get(SESSION).status_code)
    assert (401, 200) == (sign_in(stranger).status_code, sign_in(stranger, password=new).status_code)
    assert ("ann testclient", "user.password", "user ann") in actions()


def test_an_old_password_cannot_be_guessed(ann, browser):
    """Who found a browser open has five tries a minute, too."""
    client = browser(ann)

    codes = [client.put(f"{SESSION}/password", json={"old": "x", "new": "y" * 12}).status_code for _ in range(6)]

    assert [403] * 5 + [429] == codes
