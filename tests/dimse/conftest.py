"""A listener with services of the test's own."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from dicomfabd.config import Tls
from dicomfabd.dimse.limits import Limits
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import Services
from tests.listeners import running

Listen = Callable[..., DicomListener]


@pytest.fixture
def listen(journal) -> Iterator[Listen]:
    """Give a function that starts listeners; options are limits, or `called`, or `tls`."""
    with contextlib.ExitStack() as started:

        def start(services: Services | None = None, called=(), tls: Tls | None = None, **limits) -> DicomListener:
            listener = DicomListener(
                "archive",
                "127.0.0.1",
                0,
                services or Services(),
                journal,
                called,
                tls or Tls(),
                replace(Limits(), **limits),
            )
            started.enter_context(running(listener))
            return listener

        yield start
