"""Every route of the application times every kind of person: what its `needs` says, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.routing import APIRoute
from starlette.routing import Mount

from dicomfabd.domain.access import Environment, Reach, Rights, Role, Scope
from dicomfabd.web.access import needs as access_needs
from dicomfabd.web.access.needs import GuardedRoute, GuardedRouter, Needs, needs_of
from dicomfabd.web.guards import Guards
from tests.web.access.conftest import GOVERNOR, PASSWORD
from tests.web.conftest import a_client

OPEN = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("POST", "/api/v1/session"),
    ("GET", "/sign-in"),
    ("GET", "/sign-in/oidc"),
    ("GET", "/sign-in/oidc/callback"),
}
"""All that may be used by everybody; besides the files under /static."""


@dataclass(frozen=True)
class Kind:
    """A kind of person, and what they may: roles, and whether they may read messages as they came."""

    rights: Rights
    scopes: tuple[Scope, ...] = ()
    test: Role = Role.NONE
    prod: Role = Role.NONE
    phi: bool = False

    def may(self, needed: Needs) -> bool:
        """Tell by a table of its own whether they may use a route."""
        role = {
            Environment.TEST: self.test,
            Environment.PROD: self.prod,
            Reach.EITHER: max(self.test, self.prod),
            Reach.BOTH: min(self.test, self.prod),
        }[needed.environment]
        return role >= needed.role and (self.phi or not needed.messages)


def person(test: Role, prod: Role, phi: bool = False) -> Kind:
    return Kind(Rights(test, prod, phi), (), test, prod, phi)


def token(test: Role, prod: Role, phi: bool, *scopes: Scope, of: Rights = GOVERNOR) -> Kind:
    return Kind(of, scopes, test, prod, phi)


KINDS = {
    "viewer": person(Role.VIEWER, Role.VIEWER),
    "operator": person(Role.OPERATOR, Role.OPERATOR),
    "admin": person(Role.ADMIN, Role.ADMIN),
    "admin with phi": person(Role.ADMIN, Role.ADMIN, True),
    "viewer with phi": person(Role.VIEWER, Role.NONE, True),
    "test viewer": person(Role.VIEWER, Role.NONE),
    "test operator": person(Role.OPERATOR, Role.NONE),
    "test admin": person(Role.ADMIN, Role.NONE),
    "prod viewer": person(Role.NONE, Role.VIEWER),
    "prod operator": person(Role.NONE, Role.OPERATOR),
    "prod admin": person(Role.NONE, Role.ADMIN),
    "test admin, prod operator": person(Role.ADMIN, Role.OPERATOR, True),
    "read token of an admin": token(Role.VIEWER, Role.VIEWER, False, Scope.READ),
    "operate token of an admin": token(Role.OPERATOR, Role.OPERATOR, False, Scope.OPERATE),
    "admin token without phi": token(Role.ADMIN, Role.ADMIN, False, Scope.ADMIN),
    "admin token with phi": token(Role.ADMIN, Role.ADMIN, True, Scope.ADMIN, Scope.PHI),
    "admin token of a test viewer": token(
        Role.VIEWER, Role.NONE, False, Scope.ADMIN, Scope.PHI, of=Rights(Role.VIEWER, Role.NONE)
    ),
}


def all_routes(app: FastAPI) -> list[object]:
    """Give every route, however deep it was included."""

    def inner(routes: list[object]) -> Iterator[object]:
        for route in routes:
            included = getattr(route, "original_router", None)
            if included is not None:
                yield from inner(included.routes)
            else:
                yield route

    return list(inner(app.routes))


def operations(app: FastAPI) -> list[tuple[str, str, Needs]]:
    return [
        (method, route.path, needs_of(route.endpoint))
        for route in all_routes(app)
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]


def address(path: str) -> str:
    """Give an address of a route."""
    return re.sub(r"\{[^}]*\}", "1", path)


def test_every_route_says_what_it_needs(web):
    """None came in by another door."""
    others = [route for route in all_routes(web) if not isinstance(route, GuardedRoute)]

    assert ["/static"] == [route.path for route in others if isinstance(route, Mount)]
    assert 1 == len(others)
    assert len(operations(web)) > 60


def test_what_is_open_to_everybody_is_on_the_list(web):
    """And only that."""
    assert OPEN == {(method, path) for method, path, needed in operations(web) if needed.role is Role.NONE}


def test_a_route_that_does_not_say_what_it_needs_cannot_be():
    """It stops the start."""
    routes = GuardedRouter()

    with pytest.raises(TypeError, match="does not say what it needs"):

        @routes.get("/forgotten")
        def forgotten() -> str:
            return ""


def test_nobody_in_particular_gets_nowhere(web, journal, ann):
    """401 for each route but the open ones, before anything of the request is looked at."""
    client = a_client(Guards(web, journal), "fab.example", follow_redirects=False)

    answers = {
        (method, path): client.request(method, address(path), content=b"{not json").status_code
        for method, path, needed in operations(web)
        if needed.role is not Role.NONE
    }

    assert {} == {route: status for route, status in answers.items() if status != 401}


@pytest.mark.parametrize("header", ["Bearer fab_wrong", "Basic YW5uOmFubg==", ""])
def test_a_wrong_key_gets_nowhere(web, journal, ann, header):
    """As nobody in particular."""
    client = a_client(Guards(web, journal), "fab.example", headers={"Authorization": header} if header else {})
    client.cookies.set("dicomfabd_session", "wrong")

    statuses = {
        client.request(method, address(path)).status_code
        for method, path, needed in operations(web)
        if needed.role is not Role.NONE
    }

    assert {401} == statuses


@pytest.fixture
def turned_back(monkeypatch):
    """Turn back with 418 whoever was let in, so that no route does anything."""
    admit = access_needs._admit

    async def let_in(request, needed):
        await admit(request, needed)
        raise HTTPException(418)

    monkeypatch.setattr(access_needs, "_admit", let_in)


@pytest.mark.parametrize("name", KINDS)
def test_everybody_may_what_the_route_needs_and_no_more(web, journal, ann, access, script, turned_back, name):
    """Who may gets past the door, whoever may not is told so."""
    kind = KINDS[name]
    user = access.accounts.add("kind", access.passwords.hash(PASSWORD), kind.rights)
    client = a_client(Guards(web, journal), "fab.example", follow_redirects=False)
    if kind.scopes:
        client.headers["Authorization"] = script(user, *kind.scopes).headers["Authorization"]
    else:
        answer = client.post("/api/v1/session", json={"name": "kind", "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    wrong = {
        (method, path): (status, needed)
        for method, path, needed in operations(web)
        if needed.role is not Role.NONE
        and (status := client.request(method, address(path), headers={"Accept": "text/html"}).status_code)
        != (418 if kind.may(needed) else 403)
    }

    assert {} == wrong


def test_a_session_alone_changes_nothing(web, journal, ann):
    """Without the token of a page, or from a page of another site, on every route that could change something."""
    client = a_client(Guards(web, journal), "fab.example", follow_redirects=False)
    token = client.post("/api/v1/session", json={"name": "ann", "password": PASSWORD}).json()["csrf_token"]
    foreign = {"X-CSRF-Token": token, "Origin": "http://evil.example"}
    beside = {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"}
    changing = [
        (method, address(path))
        for method, path, needed in operations(web)
        if method != "GET" and needed.role is not Role.NONE
    ]

    statuses = {
        (method, path, tuple(headers)): client.request(method, path, headers=headers, content=b"{}").status_code
        for method, path in changing
        for headers in ({}, {"X-CSRF-Token": "0" * 64}, foreign, beside)
    }

    assert len(changing) > 30
    assert {403} == set(statuses.values()), {route: status for route, status in statuses.items() if status != 403}
    assert 200 == client.get("/api/v1/session").status_code


def test_a_sign_in_from_another_sites_page_is_none(web, journal, ann):
    """Or somebody would work as somebody else without knowing."""
    client = a_client(Guards(web, journal), "fab.example")
    answer = client.post(
        "/api/v1/session", json={"name": "ann", "password": PASSWORD}, headers={"Origin": "http://evil.example"}
    )

    assert (403, False) == (answer.status_code, "set-cookie" in answer.headers)


@pytest.mark.parametrize("way", ["route", "router", "mount"])
def test_no_other_door_goes_unseen(web, way):
    """What is added beside the guarded routers is found by the test above."""
    plain = APIRouter()
    plain.get("/forgotten")(lambda: "")
    {
        "route": lambda: web.get("/forgotten")(lambda: ""),
        "router": lambda: web.include_router(plain),
        "mount": lambda: web.mount("/forgotten", FastAPI()),
    }[way]()

    with pytest.raises(AssertionError):
        test_every_route_says_what_it_needs(web)


def test_somebody_without_any_role_gets_nowhere(web, journal, ann, access, turned_back):
    """A token of theirs is none, and a session they had is over."""
    user = access.accounts.add("kind", access.passwords.hash(PASSWORD), Rights(Role.ADMIN, Role.ADMIN, True))
    client = a_client(Guards(web, journal), "fab.example", follow_redirects=False)
    client.post("/api/v1/session", json={"name": "kind", "password": PASSWORD})
    access.accounts.change(user.user_id, Rights(sees_messages=True))

    statuses = {
        client.get(address(path)).status_code
        for method, path, needed in operations(web)
        if method == "GET" and needed.role is not Role.NONE
    }

    assert {401} == statuses


def test_a_page_asked_by_a_browser_leads_to_the_sign_in(web, journal, ann):
    """Each page; the API never does."""
    client = a_client(Guards(web, journal), "fab.example", follow_redirects=False)
    pages = [
        route.path
        for route in all_routes(web)
        if isinstance(route, APIRoute) and not route.include_in_schema and needs_of(route.endpoint).role > Role.NONE
    ]
    leading = {
        path
        for path in {path for method, path, needed in operations(web) if needed.role > Role.NONE and method == "GET"}
        if client.get(address(path), headers={"Accept": "text/html"}).status_code == 303
    }

    assert {path for path in pages if not path.startswith("/api/")} == leading
    assert {"/users", "/tokens", "/audit", "/orders"} <= leading
