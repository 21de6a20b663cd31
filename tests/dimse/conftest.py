"""A listener with services of the test's own."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from dicomfabd.config import DicomPort
from dicomfabd.dimse.limits import Limits
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import Services
from tests.listeners import running

Listen = Callable[..., DicomListener]


@pytest.fixture
def listen(journal) -> Iterator[Listen]:
    """Give a function that starts listeners; options are their settings, or limits."""
    with contextlib.ExitStack() as started:

        def start(services: Services | None = None, **options) -> DicomListener:
            settings = {name: options.pop(name) for name in DicomPort.model_fields if name in options}
            port = DicomPort(**settings)
            listener = DicomListener("archive", port, services or Services(), journal, Limits(**options))
            started.enter_context(running(listener))
            return listener

        yield start


@pytest.fixture
def reasons(sink) -> Callable[[], list[str]]:
    """Give why associations ended, in order."""
    return lambda: [said["reason"] for said in sink.named("dicom.association_closed")]
