"""The application, real, over a store and an archive full of attacks."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dicomfabd.web.application import build
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.guards import Guards
from tests.web.conftest import a_client
from tests.web.hostile.feeding import Fed, feed


@pytest.fixture
def desk(desk, replayer) -> WebDesk:
    """Give the desk with the intake's own replayer."""
    return replace(desk, replay=replayer.replay)


@pytest.fixture
def web(desk) -> FastAPI:
    return build(desk)


@pytest.fixture
def client(web, journal) -> TestClient:
    with a_client(Guards(web, journal)) as it:
        yield it


@pytest.fixture
def fed(client, desk, store, shelf) -> Fed:
    return feed(client, desk, store, shelf)
