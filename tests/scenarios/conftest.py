from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Start, daemons


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with daemons(tmp_path) as it:
        yield it
