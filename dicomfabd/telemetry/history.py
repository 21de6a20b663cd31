"""How much happened when: the last hour by minutes, the last day by quarters of an hour, out of the metrics."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from dicomfabd.telemetry.metrics import Metrics

Labels = Mapping[str, frozenset[str]]
_ANY: Final[Labels] = MappingProxyType({})

SERIES: Final[Mapping[str, tuple[str, Labels]]] = MappingProxyType(
    {
        "messages": ("dicomfabd_intake_messages_total", _ANY),
        "refused": ("dicomfabd_intake_messages_total", {"code": frozenset({"AE", "AR"})}),
        "orders": ("dicomfabd_order_changes_total", {"action": frozenset({"created"})}),
        "instances": ("dicomfabd_deliver_instances_total", {"outcome": frozenset({"stored", "warned"})}),
        "failed": ("dicomfabd_deliver_studies_total", {"outcome": frozenset({"failed"})}),
        "queries": ("dicomfabd_worklist_queries_total", _ANY),
    }
)
"""Name of a series → the counter it is read from, and the label values that count."""


class Span(StrEnum):
    """How far back."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Steps:
    """How a span is divided."""

    step_s: int
    amount: int


STEPS: Final[Mapping[Span, Steps]] = MappingProxyType({Span.HOUR: Steps(60, 60), Span.DAY: Steps(900, 96)})


@dataclass(frozen=True, slots=True)
class Past:
    """A span of time; `series` has one number for each step from `since` (Unix seconds) on."""

    step_s: int
    since: float
    series: Mapping[str, list[float]]


class History:
    """Keeps the past in memory, and in a small file for the next start. Thread-safe."""

    def __init__(self, metrics: Metrics, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Take the counters, the file, and what gives Unix seconds; a file that is none of ours is passed over."""
        self._metrics = metrics
        self._path = path
        self._clock = clock
        self._turn = threading.Lock()
        self._before = self._totals()
        self._before_at = clock()
        self._steps = _read(path)

    def sample(self) -> None:
        """Note what was counted since the last time; cheap, and to be called several times a minute."""
        with self._turn:
            self._sample()

    def save(self) -> None:
        """Write the file; raises OSError. It is replaced in one go, and not flushed: it is not worth a disk's time."""
        with self._turn:
            self._sample()
            text = json.dumps({span.value: steps for span, steps in self._steps.items()})
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(text)
        os.replace(new, self._path)  # noqa: PTH105 - as the standard says it: atomically

    def of(self, span: Span) -> Past:
        """Give a span of time up to now."""
        with self._turn:
            self._sample()
            steps, noted = STEPS[span], self._steps[span]
            last = int(self._clock() // steps.step_s)
            numbers = range(last - steps.amount + 1, last + 1)
            series = {name: [noted.get(number, {}).get(name, 0) for number in numbers] for name in SERIES}
            return Past(steps.step_s, float(numbers[0] * steps.step_s), series)

    def _sample(self) -> None:
        now, totals = self._clock(), self._totals()
        # It happened between two looks; a counter that fell began anew.
        middle = (self._before_at + now) / 2
        happened = {name: max(0, totals[name] - self._before[name]) for name in SERIES}
        self._before, self._before_at = totals, now
        for span, steps in STEPS.items():
            noted = self._steps[span]
            step = noted.setdefault(int(middle // steps.step_s), {})
            for name, amount in happened.items():
                if amount:
                    step[name] = step.get(name, 0) + amount
            last = int(now // steps.step_s)
            for number in [number for number in noted if not last - steps.amount < number <= last]:
                del noted[number]

    def _totals(self) -> dict[str, float]:
        return {name: self._metrics.total(metric, labels) for name, (metric, labels) in SERIES.items()}


def _read(path: Path) -> dict[Span, dict[int, dict[str, float]]]:
    kept: Any = None
    with suppress(OSError, ValueError):
        kept = json.loads(path.read_text())
    found: dict[Span, dict[int, dict[str, float]]] = {span: {} for span in Span}
    for span in Span:
        with suppress(AttributeError, TypeError, ValueError, KeyError):
            found[span] = {
                int(number): {name: float(step[name]) for name in SERIES if name in step}
                for number, step in kept[span.value].items()
            }
    return found
