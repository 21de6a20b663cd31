"""What tests share: a real store on disk, a clock that is moved by hand, and the real programs."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.store.opening import Store, open_store
from dicomfabd.telemetry.journal import Journal

gc.set_threshold(50_000, 20, 50)  # looking for circles takes a third of the web's tests else


class Clock:
    """Unix seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class RecordingSink:
    """Keeps what the journal says."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, object]]] = []
        self.counts: dict[tuple[str, ...], float] = {}

    def log(self, level: str, event: str, fields: dict[str, object]) -> None:
        self.events.append((level, event, dict(fields)))

    def add(self, metric: str, amount: float, *labels: str) -> None:
        key = (metric, *labels)
        self.counts[key] = self.counts.get(key, 0) + amount

    def observe(self, metric: str, value: float, *labels: str) -> None:
        self.add(metric, 1, *labels)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def named(self, event: str) -> list[dict[str, object]]:
        return [fields for _, name, fields in self.events if name == event]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}", clock=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Bodies:
    """Bodies, built once for all processes that test."""
    own = tmp_path_factory.getbasetemp()
    return Bodies((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "anatomy")


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def journal(sink: RecordingSink) -> Journal:
    return Journal(sink)


JUDGES = ("dciodvfy", "dcentvfy", "validate_iods")


def program(name: str) -> str:
    """Give the path of a real program; a missing one fails the test and says how to get it.

    pynetdicom brings a `findscu` and a `storescp` of its own into the virtual environment; DCMTK's are meant.
    """
    ours = Path(sys.executable).parent
    if name in JUDGES:
        found = shutil.which(name, path=str(ours))
    else:
        others = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(part) != ours]
        found = shutil.which(name, path=os.pathsep.join([*others, "/usr/sbin"]))
    return found or pytest.fail(f"{name} is not installed; `make test` installs it, or see tests/install_parts.sh")
