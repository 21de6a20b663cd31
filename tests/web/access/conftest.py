"""People of every kind, and browsers and scripts that are theirs."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dicomfabd.config import Web
from dicomfabd.domain.access import Rights, Role, Scope, User
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.web.access.keys import digest_of, new_token
from dicomfabd.web.guards import Guards
from dicomfabd.web.server import build
from tests.web.conftest import a_client

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's
OIDC = {"issuer": "https://idp.example", "client_id": "fab", "test": {"viewers": ["all"]}}
GOVERNOR = Rights(Role.ADMIN, Role.ADMIN, sees_messages=True)


@pytest.fixture
def app(desk, journal) -> Guards:
    return Guards(build(desk), journal)


@pytest.fixture
def web(desk) -> FastAPI:
    """Give the application as it is with every feature on."""
    return build(replace(desk, access=replace(desk.access, settings=Web(oidc=OIDC))))


@pytest.fixture
def add(access) -> Callable[..., User]:
    """Give a function that adds a user with PASSWORD."""

    def user(name: str = "ann", rights: Rights = GOVERNOR) -> User:
        added = access.accounts.add(name, access.passwords.hash(PASSWORD), rights)
        assert added is not None
        return added

    return user


@pytest.fixture
def ann(add) -> User:
    """Have a first user, who manages the others."""
    return add()


@pytest.fixture
def browser(app) -> Callable[..., TestClient]:
    """Give a function that gives a browser in which somebody is signed in, with a page of ours open."""

    def signed_in(user: User | str, host: str = "fab.example") -> TestClient:
        name = user if isinstance(user, str) else user.name
        client = a_client(app, host)
        answer = client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert 200 == answer.status_code, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return client

    return signed_in


@pytest.fixture
def stranger(app) -> TestClient:
    """Give a browser nobody knows, elsewhere."""
    return a_client(app, "fab.example", follow_redirects=False)


@pytest.fixture
def script(app, access) -> Callable[..., TestClient]:
    """Give a function that gives a script with a token of a user."""

    def with_token(user: User, *scopes: Scope, expires_at: float | None = None, name: str = "ci") -> TestClient:
        text = new_token()
        assert access.accounts.add_token(user.user_id, digest_of(text), NewToken(name, frozenset(scopes), expires_at))
        return a_client(app, "fab.example", headers={"Authorization": f"Bearer {text}"}, follow_redirects=False)

    return with_token


@pytest.fixture
def actions(store) -> Callable[[], list[tuple[str, str, str]]]:
    """Give a function that gives the audit trail, newest first."""
    return lambda: [(entry.actor, entry.action, entry.target) for entry in store.messages.audit_trail()]
