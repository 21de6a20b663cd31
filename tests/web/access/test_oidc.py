"""Sign-in at an identity provider, over real HTTP with real keys."""

import base64
import hmac
import http.client
import json
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from dicomfabd.config import Oidc, Web
from dicomfabd.domain.access import Rights, Role
from dicomfabd.web.access.journeys import Journeys
from dicomfabd.web.access.oidc import rights_of
from dicomfabd.web.guards import Guards
from dicomfabd.web.server import build
from tests.web.access.provider import CLIENT_ID, SECRET, a_provider
from tests.web.conftest import a_client

CALLBACK = "/sign-in/oidc/callback"
ROLES = {
    "messages": ["fab-phi"],
    "test": {"viewers": ["fab-viewers"], "operators": ["fab-operators"], "admins": ["fab-admins"]},
    "prod": {"viewers": ["fab-operators"], "admins": ["fab-admins"]},
}


@pytest.fixture
def provider():
    with a_provider() as it:
        yield it


@pytest.fixture
def page(desk, journal, provider):
    """Give a function that gives a browser on a page with that provider."""

    def client(secret=SECRET, public_url="http://fab.example:8080", **oidc):
        settings = Oidc(**{"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": secret} | ROLES | oidc)
        access = replace(desk.access, settings=Web(oidc=settings, public_url=public_url), clock=time.time)
        app = Guards(build(replace(desk, access=access)), journal)
        return a_client(app, "fab.example:8080", follow_redirects=False)

    return client


def at_the_provider(address: str) -> str:
    """Go where a browser is sent, and give where it is sent back to."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse().getheader("Location")
    connection.close()
    return back


def there_and_back(client, path="/sign-in/oidc"):
    left = client.get(path)
    assert 303 == left.status_code, left.text
    return client.get(at_the_provider(left.headers["location"]).removeprefix("http://fab.example:8080"))


def failure(answer) -> str:
    """Give why somebody came back without being let in."""
    assert 303 == answer.status_code, answer.text
    assert "dicomfabd_session" not in answer.headers["set-cookie"]
    return parse_qs(urlsplit(answer.headers["location"]).query)["failed"][0]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_somebody_of_a_group_is_let_in(page, provider, store, algorithm):
    """And is a user from then on, with the roles of the group."""
    provider.algorithm = algorithm
    client = page()

    answer = there_and_back(client, "/sign-in/oidc?next=/orders?state=failed")

    assert 200 == answer.status_code
    assert '<meta http-equiv="refresh" content="0; url=/orders?state=failed">' in answer.text
    assert ("kim", "session", "viewer", "none", False) == tuple(
        client.get("/api/v1/session").json()[key] for key in ("name", "by", "test", "prod", "phi")
    )
    (user,) = store.accounts.users()
    assert (f"{provider.issuer} sub-1", False) == (user.subject, user.has_password)
    assert ["session.open", "user.add"] == [entry.action for entry in store.messages.audit_trail()]
    assert "dicomfabd_oidc" not in client.cookies


def test_the_session_is_for_us_alone_and_the_journey_comes_back(page):
    """SameSite strict and lax; the address of return is the public one."""
    client = page(public_url="https://fab.example")
    left = client.get("/sign-in/oidc")
    sent = parse_qs(urlsplit(left.headers["location"]).query)

    assert ["https://fab.example/sign-in/oidc/callback"] == sent["redirect_uri"]
    assert ["1"] == sent["tenant"]
    cookie = left.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("samesite=lax", "httponly", "secure", "path=/sign-in/oidc"))


def test_the_page_offers_the_provider(page):
    """Under its name; name and password only where somebody has one."""
    text = page(label="Sign in with <Acme>").get("/sign-in?next=/orders").text

    assert "Sign in with &lt;Acme&gt;" in text
    assert 'href="/sign-in/oidc?next=/orders"' in text
    assert 'name="password"' not in text


@pytest.mark.parametrize("way", ["post", "public"])
def test_each_way_to_be_known_to_the_provider_works(page, provider, way):
    """Basic is in every other test here; with a secret in the form, and with none at all."""
    provider.methods = ["client_secret_post"]
    provider.is_public = way == "public"

    assert 200 == there_and_back(page(secret="" if way == "public" else SECRET)).status_code


def test_groups_count_at_each_sign_in(page, provider, store):
    """Who leaves one loses its roles, also the last admin: the provider has the last word."""
    provider.claims["groups"] = ["fab-admins", "fab-phi"]
    there_and_back(page())
    assert Rights(Role.ADMIN, Role.ADMIN, True) == store.accounts.user("kim").rights
    provider.claims["groups"] = ["fab-operators"]

    there_and_back(page())

    assert Rights(Role.OPERATOR, Role.VIEWER) == store.accounts.user("kim").rights
    assert 1 == len(store.accounts.users())


def test_who_is_in_no_group_of_ours_is_not_let_in(page, provider, store):
    """And is nobody here; who was loses all."""
    provider.claims["groups"] = ["others"]
    assert "roles" == failure(there_and_back(page()))
    assert [] == store.accounts.users()
    provider.claims["groups"] = ["fab-admins"]
    client = page()
    there_and_back(client)
    provider.claims["groups"] = []

    assert "roles" == failure(there_and_back(page()))

    assert 401 == client.get("/api/v1/orders").status_code
    assert {"by": "oidc", "reason": "roles"} == store.messages.audit_trail(action="session.refused")[0].detail


def test_who_is_switched_off_here_stays_so(page, store):
    """Whatever the provider says."""
    there_and_back(page())
    user = store.accounts.user("kim")
    store.accounts.change(user.user_id, replace(user.rights, is_active=False))

    assert "inactive" == failure(there_and_back(page()))


def test_nobody_takes_the_name_of_another(page, provider, store):
    """Neither a user's with a password, nor another subject's."""
    store.accounts.add("kim", "hash", Rights(Role.ADMIN, Role.ADMIN))
    assert "name" == failure(there_and_back(page()))
    provider.claims |= {"preferred_username": "lou"}
    there_and_back(page())
    provider.claims |= {"sub": "sub-2"}

    assert "name" == failure(there_and_back(page()))

    assert "hash" == store.accounts.password_of("kim")[1]


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "Kim.Doe@Example.org"}, "kim.doe@example.org"),
        ({"preferred_username": "Kim Doe", "email": "kim@example.org"}, "kim@example.org"),
        ({"preferred_username": "<script>", "email": ["x"]}, "oidc-0a80627d4936"),
        ({"preferred_username": "local", "email": None}, "oidc-0a80627d4936"),
        ({"preferred_username": "../../x", "email": "cli"}, "oidc-0a80627d4936"),
    ],
)
def test_a_name_is_taken_over_if_it_is_one(page, provider, store, claims, name):
    """In small letters; else one is made of the subject."""
    provider.claims |= claims

    there_and_back(page())

    assert [name] == [user.name for user in store.accounts.users()]


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["fab-viewers", 7]}}),
        ("https://fab.example/groups", {"https://fab.example/groups": ["fab-viewers"]}),
        ("group", {"group": "fab-viewers"}),
    ],
)
def test_groups_stand_where_the_settings_say(page, provider, claim, claims):
    """As each provider has it."""
    provider.claims = provider.claims | {"groups": None} | claims

    assert 200 == there_and_back(page(groups_claim=claim)).status_code


def test_groups_may_stand_in_the_user_info(page, provider):
    """If that is about the same person."""
    provider.claims["groups"] = None
    provider.user_info = {"sub": "sub-1", "groups": ["fab-viewers"]}
    assert 200 == there_and_back(page()).status_code

    provider.user_info["sub"] = "sub-2"

    assert "provider" == failure(there_and_back(page()))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 9_999_999_999},
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"sub": None},
        {"sub": "x" * 300},
        {"sub": 7},
    ],
)
def test_an_id_token_that_is_not_for_us_opens_nothing(page, provider, store, sink, claims):
    """Each of its claims is looked at."""
    provider.claims |= claims

    assert "provider" == failure(there_and_back(page()))
    assert [] == store.accounts.users()
    assert 1 == len(sink.named("web.provider_failed"))


def test_an_id_token_for_several_is_taken_if_it_was_made_for_us(page, provider):
    """The authorized party says for whom."""
    provider.claims |= {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}

    assert 200 == there_and_back(page()).status_code


def part(said: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def rightful(provider) -> dict:
    """Give what would be taken, were the nonce of this attempt known and the key the right one."""
    now = int(time.time())
    return provider.claims | {"iss": provider.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": "n"}


def unsigned(provider):
    provider.id_token = f"{part({'alg': 'none'})}.{part(rightful(provider))}."


def by_a_shared_secret(provider):
    # What is public of the provider's key, taken for a secret that both know.
    public = provider.keys["RS256"].as_pem(private=False)
    content = f"{part({'alg': 'HS256', 'kid': 'r1'})}.{part(rightful(provider))}"
    seal = base64.urlsafe_b64encode(hmac.digest(public, content.encode(), "sha256")).rstrip(b"=").decode()
    provider.id_token = f"{content}.{seal}"


def by_another_key(provider):
    provider.signed_by = RSAKey.generate_key(2048, {"kid": "r1"})


def by_a_key_that_is_not_published(provider):
    provider.signed_by = RSAKey.generate_key(2048, {"kid": "r2"})


def by_a_key_of_another_kind(provider):
    provider.algorithm, provider.signed_by = "ES256", ECKey.generate_key("P-256", {"kid": "r1"})


def without_any_key(provider):
    provider.published = [ECKey.generate_key("P-256", {"kid": "e9", "use": "enc"})]


def no_token_at_all(provider):
    provider.id_token = "not.a.token"  # noqa: S105 - nor is it one


@pytest.mark.parametrize(
    "mistake",
    [
        unsigned,
        by_a_shared_secret,
        by_another_key,
        by_a_key_that_is_not_published,
        by_a_key_of_another_kind,
        without_any_key,
        no_token_at_all,
    ],
)
def test_an_id_token_of_somebody_else_opens_nothing(page, provider, store, monkeypatch, mistake):
    """Only what the provider's own keys signed counts."""
    # Whatever the nonce is, so that nothing but the signature is wrong.
    monkeypatch.setattr(JWTClaimsRegistry, "validate_nonce", lambda *_: None, raising=False)
    mistake(provider)

    assert "provider" == failure(there_and_back(page()))
    assert [] == store.accounts.users()


def test_a_new_key_of_the_provider_counts_at_once(page, provider):
    """Nobody has to restart anything."""
    client = page()
    there_and_back(client)
    provider.keys["RS256"] = RSAKey.generate_key(2048, {"kid": "r2", "use": "sig"})

    assert 200 == there_and_back(client).status_code


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, None),
        (302, None),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"issuer": "https://other.example"}'),
        (200, b"[" * 100_000),
        (200, b'{"x": "' + b"x" * (1 << 20) + b'"}'),
    ],
)
def test_a_provider_that_answers_nonsense_is_said_to(page, provider, sink, status, answer):
    """On the page without details, in the log with them; a redirect is not followed."""
    provider.status, provider.answer = status, answer

    left = page().get("/sign-in/oidc")

    assert "/sign-in?failed=provider" == left.headers["location"]
    assert 1 == len(sink.named("web.provider_failed"))
    assert ["/.well-known/openid-configuration"] == provider.asked


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("address", ["http://idp.example/x", "file:///etc/passwd", "//x", "", None, 7])
def test_an_address_of_the_provider_is_https(page, provider, name, address):
    """Or on this machine, as here."""
    provider.discovery = {name: address}

    assert "/sign-in?failed=provider" == page().get("/sign-in/oidc").headers["location"]


def test_a_provider_that_is_away_is_said_to_be(page, provider):
    """And the daemon goes on."""
    client = page(issuer="http://127.0.0.1:9")

    assert "/sign-in?failed=provider" == client.get("/sign-in/oidc").headers["location"]
    assert "does not answer" in client.get("/sign-in?failed=provider").text


def test_only_the_browser_that_left_comes_back(page, provider, store):
    """Else somebody could be signed in as somebody else (login CSRF)."""
    client, other = page(), page()
    back = at_the_provider(client.get("/sign-in/oidc").headers["location"]).removeprefix("http://fab.example:8080")
    other.get("/sign-in/oidc")

    assert "journey" == failure(other.get(back))
    assert "journey" == failure(page().get(back))
    assert [] == store.accounts.users()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "journey"),
        ("?state=wrong&code=x", "journey"),
        ("?state={state}", "denied"),
        ("?state={state}&error=access_denied&code=x", "denied"),
        ("?state={state}&code=wrong", "provider"),
        ("?state={state}&code=x&iss=https://other.example", "journey"),
    ],
)
def test_what_comes_back_is_what_left(page, query, why):
    """State, code and issuer."""
    client = page()
    state = parse_qs(urlsplit(client.get("/sign-in/oidc").headers["location"]).query)["state"][0]

    assert why == failure(client.get(CALLBACK + query.format(state=state)))


def test_a_way_back_is_gone_once(page):
    """The provider's code is used up, and so is the journey."""
    client = page()
    back = at_the_provider(client.get("/sign-in/oidc").headers["location"]).removeprefix("http://fab.example:8080")
    assert 200 == client.get(back).status_code

    assert "journey" == failure(client.get(back))


def test_without_a_provider_there_is_no_way_to_one(client):
    """404."""
    assert [404, 404] == [client.get(path).status_code for path in ("/sign-in/oidc", CALLBACK)]


def test_a_journey_is_sealed(clock):
    """Neither changed, nor another start's, nor too long."""
    journeys = Journeys(clock)
    journey = journeys.begin("/orders")
    sealed, state = journeys.sealed(journey), journey.attempt.state
    assert journey == journeys.opened(sealed, state)

    assert journeys.opened(sealed, "wrong") is None
    assert journeys.opened(f"X{sealed[1:]}", state) is None
    assert journeys.opened(sealed.partition(".")[0] + ".", state) is None
    assert journeys.opened("é.é", state) is None
    assert Journeys(clock).opened(sealed, state) is None
    clock.advance(600)
    assert journeys.opened(sealed, state) is None


def test_the_highest_role_of_the_groups_counts():
    """For each environment by itself: more in one takes nothing away in the other."""
    settings = Oidc(**ROLES)

    assert Rights(Role.OPERATOR, Role.VIEWER) == rights_of(frozenset({"fab-viewers", "fab-operators"}), settings)
    assert Rights(Role.ADMIN, Role.ADMIN) == rights_of(frozenset({"fab-admins", "fab-operators"}), settings)
    assert Rights(sees_messages=True) == rights_of(frozenset({"fab-phi"}), settings)
    assert Rights() == rights_of(frozenset({"admins", "fab-admin"}), settings)


def test_a_way_back_cannot_be_taken_again_and_again(page, provider):
    """Each asks the provider something, and has a thread of ours wait for it."""
    client = page()
    left = client.get("/sign-in/oidc")
    back = at_the_provider(left.headers["location"]).removeprefix("http://fab.example:8080").replace("code=", "code=x")
    cookie = {"Cookie": f"dicomfabd_oidc={client.cookies['dicomfabd_oidc']}"}

    statuses = [client.get(back, headers=cookie).status_code for _ in range(31)]

    assert [303] * 30 + [429] == statuses
