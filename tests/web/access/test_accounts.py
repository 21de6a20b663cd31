"""Users and tokens over HTTP, and their pages."""

import re
from urllib.parse import quote

import pytest

from dicomfabd.domain.access import Rights, Role, Scope
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.web.access.keys import digest_of
from dicomfabd.web.pages.addresses import own_path
from tests.web.access.conftest import PASSWORD
from tests.web.conftest import a_client

USERS, TOKENS, AUDIT = "/api/v1/users", "/api/v1/tokens", "/api/v1/audit"
HTML = {"Accept": "text/html"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "../../etc/passwd",
    "..%2f..%2fetc",
    "{{7*7}}",
    "=cmd|' /C calc'!A1",
    "a\nSet-Cookie: x=y",
    "a\0b",
    "\u202eevil",
    "javascript:alert(1)",
]


def test_a_user_is_added_shown_changed_and_removed(ann, browser, stranger, actions):
    """Each change is in the audit trail; no password is in any answer."""
    client = browser(ann)

    added = client.post(USERS, json={"name": "bob", "password": PASSWORD, "test": "operator", "phi": True})
    shown = client.get(f"{USERS}/bob").json()
    changed = client.patch(f"{USERS}/bob", json={"prod": "viewer", "phi": False})
    removed = client.delete(f"{USERS}/bob")

    assert (201, f"{USERS}/bob") == (added.status_code, added.headers["location"])
    assert {
        "name": "bob",
        "test": "operator",
        "prod": "none",
        "phi": True,
        "active": True,
        "by": "password",
    }.items() <= (shown.items())
    assert ("operator", "viewer", False) == tuple(changed.json()[key] for key in ("test", "prod", "phi"))
    assert 200 == removed.status_code
    assert 404 == client.get(f"{USERS}/bob").status_code
    assert [("ann testclient", f"user.{verb}", "user bob") for verb in ("remove", "edit", "add")] == actions()[:3]
    assert "argon2" not in added.text + str(shown) + changed.text
    assert ["ann"] == [user["name"] for user in client.get(USERS).json()["users"]]


def test_the_first_user_of_the_page_is_an_admin(client, store):
    """And signs in next."""
    refused = client.post(USERS, json={"name": "ann", "password": PASSWORD, "test": "admin", "prod": "viewer"})
    taken = client.post(USERS, json={"name": "ann", "password": PASSWORD, "test": "admin", "prod": "admin"})

    assert (409, 201) == (refused.status_code, taken.status_code)
    assert "admin in both environments" in refused.json()["detail"]
    assert 401 == client.get(USERS).status_code
    assert "http testclient" == store.messages.audit_trail()[0].actor


def test_the_last_admin_stays(ann, browser):
    """Whoever asks, even themselves."""
    client = browser(ann)
    client.post(USERS, json={"name": "bob", "password": PASSWORD, "test": "admin"})

    answers = [
        client.delete(f"{USERS}/ann"),
        client.patch(f"{USERS}/ann", json={"prod": "operator"}),
        client.patch(f"{USERS}/ann", json={"active": False}),
    ]

    assert [409] * 3 == [answer.status_code for answer in answers]
    assert 200 == client.get(USERS).status_code


def test_a_new_password_of_an_admin_signs_the_user_out(ann, add, browser, stranger):
    """And the old one opens nothing."""
    client, bob = browser(ann), browser(add("bob", Rights(Role.VIEWER)))

    client.patch(f"{USERS}/bob", json={"password": "another long password"})

    assert 401 == bob.get("/api/v1/orders").status_code
    assert 401 == stranger.post("/api/v1/session", json={"name": "bob", "password": PASSWORD}).status_code


def test_who_signs_in_elsewhere_gets_no_password(ann, browser, access):
    """It would go past the provider."""
    access.accounts.enroll("https://idp kim", "kim", Rights(Role.VIEWER))

    answer = browser(ann).patch(f"{USERS}/kim", json={"password": PASSWORD})

    assert (409, "") == (answer.status_code, access.accounts.password_of("kim")[1])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Bob"}, "name"),
        ({"name": "-bob"}, "name"),
        ({"name": "http"}, "name"),
        ({"name": "local"}, "name"),
        ({"password": "eleven char"}, "password"),
        ({"password": "a" * 20}, "password"),
        ({"password": "x" * 300}, "password"),
        ({"password": None}, "password"),
        ({"test": "root"}, "test"),
        ({"test": 3}, "test"),
        ({"user_id": 1}, "user_id"),
        ({"subject": "x"}, "subject"),
    ],
)
def test_what_is_wrong_with_a_user_is_said_by_field(ann, browser, change, field):
    """Never with the password."""
    answer = browser(ann).post(USERS, json={"name": "bob", "password": PASSWORD} | change)

    assert 400 == answer.status_code
    assert [field] == [error["field"] for error in answer.json()["errors"]]
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_refused_and_never_markup(ann, browser, text):
    """Of users and tokens, in paths and in filters."""
    client = browser(ann)

    refused = [
        client.post(USERS, json={"name": text, "password": PASSWORD, "test": "viewer"}),
        client.post(TOKENS, json={"name": text[:32], "scopes": ["read"]}),
    ]
    absent = client.get(f"{USERS}/{quote(text, safe='')}")
    pages = [
        client.get("/audit", params={"actor": text, "action": text}, headers=HTML),
        client.get("/users", headers=HTML),
        client.get("/tokens", headers=HTML),
    ]

    assert [400, 400] == [answer.status_code for answer in refused]
    assert 404 == absent.status_code
    assert [200] * 3 == [page.status_code for page in pages]
    assert not any(text in page.text for page in pages if set(text) & set('<>"'))


def test_a_token_is_made_listed_and_revoked(ann, browser, app, actions, clock):
    """Its text is shown once; it opens the door until it is revoked."""
    client = browser(ann)

    made = client.post(TOKENS, json={"name": "nightly", "scopes": ["operate", "read"], "expires_in_days": 2}).json()
    text = made["token"]
    script = a_client(app, "fab.example", headers={"Authorization": f"Bearer {text}"})
    assert ("ann/nightly", "token") == tuple(script.get("/api/v1/session").json()[key] for key in ("name", "by"))
    listed = client.get(TOKENS)
    clock.advance(2 * 86_400 - 1)
    last = script.get("/api/v1/session").status_code

    assert re.fullmatch(r"fab_[\w-]{43}", text)
    assert text not in listed.text
    assert ["read", "operate"] == listed.json()["tokens"][0]["scopes"]
    assert "1970-01-12T13:46:40.000Z" == listed.json()["tokens"][0]["used_at"]
    assert 200 == last
    revoked = browser(ann).delete(f"{TOKENS}/{made['token_id']}")
    assert (200, 401) == (revoked.status_code, script.get("/api/v1/session").status_code)
    assert ("ann testclient", "token.add", "token ann/nightly") in actions()
    assert ("ann testclient", "token.revoke", "token ann/nightly") == actions()[0]


def test_a_token_makes_no_token_and_changes_no_password(ann, script, browser):
    """It could give itself more than it has, or outlive itself."""
    client = script(ann, Scope.ADMIN, Scope.PHI)

    assert 403 == client.post(TOKENS, json={"name": "more", "scopes": ["admin"]}).status_code
    change = {"old": PASSWORD, "new": "another long password"}
    assert 403 == client.put("/api/v1/session/password", json=change).status_code


def test_a_token_revokes_itself_only(ann, add, script, access):
    """An admin's with the scope may revoke any."""
    bob = add("bob", Rights(Role.VIEWER))
    reader, other = script(bob, Scope.READ), script(bob, Scope.READ, name="other")
    mine, others = (it.token_id for it in reversed(access.accounts.tokens(bob.user_id)))

    assert 403 == reader.delete(f"{TOKENS}/{others}").status_code
    assert 200 == reader.delete(f"{TOKENS}/{mine}").status_code
    assert 200 == script(ann, Scope.ADMIN).delete(f"{TOKENS}/{others}").status_code
    assert [401, 401] == [client.get("/api/v1/session").status_code for client in (reader, other)]


def test_others_tokens_are_an_admins_business(ann, add, browser, script):
    """Neither seen nor revoked by anybody else."""
    script(ann, Scope.READ)
    bob = browser(add("bob", Rights(Role.ADMIN, Role.OPERATOR)))
    token_id = browser(ann).get(TOKENS).json()["tokens"][0]["token_id"]

    assert (200, []) == (bob.get(TOKENS).status_code, bob.get(TOKENS).json()["tokens"])
    assert [403, 404] == [bob.get(f"{TOKENS}?all=true").status_code, bob.delete(f"{TOKENS}/{token_id}").status_code]
    assert "ann" not in bob.get("/tokens?of=all", headers=HTML).text
    assert ["ann"] == [it["owner"] for it in browser(ann).get(f"{TOKENS}?all=true").json()["tokens"]]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ci", "scopes": []},
        {"name": "ci", "scopes": ["phi"]},
        {"name": "ci", "scopes": ["root"]},
        {"name": "ci", "scopes": "read"},
        {"name": "", "scopes": ["read"]},
        {"name": "CI", "scopes": ["read"]},
        {"name": "ci", "scopes": ["read"], "expires_in_days": 0},
        {"name": "ci", "scopes": ["read"], "expires_in_days": 10**9},
        {"name": "ci", "scopes": ["read"], "owner": "bob"},
    ],
)
def test_what_is_wrong_with_a_token_is_said(ann, browser, body):
    """And nothing is kept."""
    client = browser(ann)

    answer = client.post(TOKENS, json=body)

    assert (400, []) == (answer.status_code, client.get(TOKENS).json()["tokens"])


def test_nobody_has_tokens_without_end(ann, access, browser):
    """Nor two of one name."""
    for number in range(100):
        access.accounts.add_token(ann.user_id, digest_of(str(number)), NewToken(f"t{number}", frozenset({Scope.READ})))
    client = browser(ann)

    full = client.post(TOKENS, json={"name": "one-more", "scopes": ["read"]})
    client.delete(f"{TOKENS}/{client.get(TOKENS).json()['tokens'][0]['token_id']}")
    twice = client.post(TOKENS, json={"name": "t0", "scopes": ["read"]})

    assert (409, 409) == (full.status_code, twice.status_code)
    assert 201 == client.post(TOKENS, json={"name": "one-more", "scopes": ["read"]}).status_code


def test_without_users_there_are_no_tokens(client):
    """They would be nobody's."""
    assert 409 == client.post(TOKENS, json={"name": "ci", "scopes": ["read"]}).status_code
    assert 409 == client.put("/api/v1/session/password", json={"old": "x", "new": PASSWORD}).status_code
    assert "there are none" in client.get("/tokens", headers=HTML).text


def test_the_audit_trail_is_paged_and_filtered(ann, browser, store):
    """By cursor; on the page by links."""
    client = browser(ann)
    for number in range(3):
        store.messages.audit("bob 10.0.0.9", "pacs.edit", f"pacs p{number}", {"fields": ["port"]})

    first = client.get(AUDIT, params={"actor": "BOB", "action": "pacs.", "limit": 2}).json()
    second = client.get(AUDIT, params={"actor": "bob", "limit": 2, "before": first["next"]}).json()

    assert [["pacs p2", "pacs p1"], ["pacs p0"]] == [
        [it["target"] for it in page["entries"]] for page in (first, second)
    ]
    assert second["next"] is None
    page = client.get("/audit?actor=bob", headers=HTML).text
    assert page.count("pacs.edit</a>") == 3
    assert "session.open" not in page


def test_the_audit_page_goes_on(ann, browser, store):
    """A hundred a page, the filter kept."""
    for _ in range(101):
        store.messages.audit("bob 10.0.0.9", "pacs.edit", "pacs x", {})

    client = browser(ann)
    (older,) = re.findall(r'rel="next" href="([^"]+)"', client.get("/audit?actor=bob", headers=HTML).text)

    assert 1 == client.get(older.replace("&amp;", "&"), headers=HTML).text.count("pacs.edit</a>")


def test_hostile_details_are_text_on_the_page(ann, browser, store):
    """Whatever somebody once called a file."""
    evil = "<script>alert(1)</script>"
    store.messages.audit(evil, evil, evil, {evil: evil, "list": [evil]})

    page = browser(ann).get("/audit", headers=HTML).text

    assert "<script>alert" not in page
    assert 6 == page.count("&lt;script&gt;alert")


def test_a_browser_is_led_to_the_sign_in_and_back(ann, stranger):
    """To the page it asked for; a script gets the problem."""
    led = stranger.get("/orders?state=failed&accession=a%26b", headers=HTML)
    first = stranger.get("/users", headers=HTML)

    assert (303, "/sign-in?next=%2Forders%3Fstate%3Dfailed%26accession%3Da%2526b") == (
        led.status_code,
        led.headers["location"],
    )
    assert 'data-then="/orders?state=failed&amp;accession=a%26b"' in stranger.get(led.headers["location"]).text
    assert "/sign-in?next=%2Fusers" == first.headers["location"]
    for path, headers in (("/orders", {}), ("/api/v1/orders", HTML), ("/dicom-web/studies", HTML)):
        answer = stranger.get(path, headers=headers)
        assert (401, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "/x\\@evil.example",
        "evil.example",
        "",
        "/sign-in",
        "/sign-in?next=/sign-in",
        "/" + "x" * 2000,
    ],
)
def test_the_sign_in_leads_nowhere_else(ann, browser, stranger, text):
    """No open redirect: the first page in place of whatever is not a path of ours."""
    client = browser(ann)
    client.follow_redirects = False

    assert "/" == own_path(text)
    page = stranger.get("/sign-in", params={"next": text})
    assert 'data-then="/"' in page.text or 400 == page.status_code
    led = client.get("/sign-in", params={"next": text})
    assert 400 == led.status_code or "/" == led.headers["location"]


@pytest.mark.parametrize("path", ["/", "/orders", "/orders?state=failed#x", "/audit?actor=\u00e9"])
def test_a_path_of_ours_is_kept(path):
    """With all that belongs to it."""
    assert path == own_path(path)


def test_the_sign_in_page_needs_nothing_from_elsewhere(ann, stranger):
    """No inline script or style, a label for each field, no word of what went wrong but ours."""
    page = stranger.get("/sign-in?failed=<script>alert(1)</script>").text

    assert "alert(1)" not in page
    assert not re.search(r"<script(?![^>]*src=)|style=|https?://", page)
    assert 2 == page.count("<label>")
    assert 'autocomplete="current-password"' in page


def test_who_is_signed_in_goes_on(ann, browser, client):
    """No second form."""
    signed_in = browser(ann)
    signed_in.follow_redirects = False

    assert (303, "/orders") == (
        signed_in.get("/sign-in?next=/orders").status_code,
        signed_in.get("/sign-in?next=/orders").headers["location"],
    )


def test_without_users_there_is_no_sign_in(client):
    """The page says that nobody has to."""
    client.follow_redirects = False

    assert (303, "/") == (client.get("/sign-in").status_code, client.get("/sign-in").headers["location"])
    assert "Nobody has to sign in" in client.get("/users", headers=HTML).text
    assert 'data-then="/sign-in?next=%2Fusers"' in client.get("/users", headers=HTML).text


def test_the_pages_show_what_there_is(ann, add, browser, access):
    """Users with their roles, tokens with their scopes, a form for each."""
    add("bob", Rights(Role.OPERATOR, Role.VIEWER))
    access.accounts.enroll("https://idp kim", "kim", Rights(Role.VIEWER))
    client = browser(ann)
    client.post(TOKENS, json={"name": "nightly", "scopes": ["read", "phi"]})

    users = client.get("/users", headers=HTML).text
    tokens = client.get("/tokens", headers=HTML).text

    assert ["ann", "bob", "kim"] == re.findall(r"<td><b>(\w+)</b>", users)
    assert 'data-action="/api/v1/users/bob" data-method="PATCH"' in users
    assert "Nobody has to sign in" not in users
    assert "read, phi" in tokens
    assert 'data-action="/api/v1/session/password"' in tokens
    assert "Only mine" in client.get("/tokens?of=all", headers=HTML).text


@pytest.mark.parametrize("password", ["short", "a" * 20])
def test_a_change_is_made_whole_or_not_at_all(ann, add, browser, store, password):
    """A password that is refused leaves the roles as they were."""
    add("bob", Rights(Role.VIEWER))

    answer = browser(ann).patch("/api/v1/users/bob", json={"test": "admin", "password": password})

    assert (400, "password") == (answer.status_code, answer.json()["errors"][0]["field"])
    assert Rights(Role.VIEWER) == store.accounts.user("bob").rights


def test_a_password_for_somebody_of_the_provider_changes_nothing_else(ann, browser, store):
    """They have none here."""
    store.accounts.enroll("https://idp kim", "kim", Rights(Role.VIEWER))

    answer = browser(ann).patch("/api/v1/users/kim", json={"test": "admin", "password": "another long password"})

    assert (409, Rights(Role.VIEWER)) == (answer.status_code, store.accounts.user("kim").rights)
