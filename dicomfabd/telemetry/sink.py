"""Where the journal's sentences go: to this process's log and metrics, or through a pipe to the main process."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Final, NoReturn, Protocol

from dicomfabd.telemetry.logs import EventLog
from dicomfabd.telemetry.metrics import Metrics

LOST: Final = "dicomfabd_log_lines_lost_total"

Value = str | int | float | bool | None | list[str]


class Sink(Protocol):
    """Takes what the journal has to say."""

    def log(self, level: str, event: str, fields: Mapping[str, Value]) -> None:
        """Say one event."""

    def add(self, metric: str, amount: float, *labels: str) -> None:
        """Raise a counter, or move a gauge."""

    def observe(self, metric: str, value: float, *labels: str) -> None:
        """Put one value into a histogram."""

    def together(self) -> AbstractContextManager[None]:
        """Say what is said inside in one go, where that costs less."""


class LocalSink:
    """Writes the log and the metrics of this process."""

    def __init__(self, metrics: Metrics, log: EventLog) -> None:
        """Take the registry to count in, and the log."""
        self.add = metrics.add
        self.observe = metrics.observe
        log.on_lost = lambda lines: metrics.add(LOST, lines)
        self.log = log.log
        self.together = log.together


class RelaySink:
    """Sends everything down a pipe, one JSON line each, for `replay` on the other side.

    Thread-safe as far as one `write` of the stream is.
    """

    def __init__(self, stream: IO[bytes], on_broken: Callable[[], NoReturn]) -> None:
        """Take an unbuffered binary stream, and what ends this process once nobody reads the other end any more."""
        self._stream = stream
        self._on_broken = on_broken

    def log(self, level: str, event: str, fields: Mapping[str, Value]) -> None:
        """Say one event."""
        self._send(["log", level, event, fields])

    def add(self, metric: str, amount: float, *labels: str) -> None:
        """Raise a counter, or move a gauge."""
        self._send(["add", metric, amount, *labels])

    def observe(self, metric: str, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        self._send(["observe", metric, value, *labels])

    def together(self) -> AbstractContextManager[None]:
        """Each goes by itself."""
        return nullcontext()

    def _send(self, record: list[object]) -> None:
        try:
            self._stream.write(json.dumps(record).encode() + b"\n")
        except BrokenPipeError:
            self._on_broken()


class TallySink:
    """Writes the log of this process and adds up its metrics, to be sent in one piece now and then.

    For a process that says so much that a line for each metric would cost more than the work it counts.
    """

    def __init__(self, log: EventLog) -> None:
        """Take the log; nothing is counted yet."""
        log.on_lost = lambda lines: self.add(LOST, lines)
        self.log = log.log
        self.together = log.together
        self._counts: dict[tuple[str, ...], float] = {}
        self._values: dict[tuple[str, ...], list[float]] = {}

    def add(self, metric: str, amount: float, *labels: str) -> None:
        """Raise a counter, or move a gauge."""
        key = (metric, *labels)
        self._counts[key] = self._counts.get(key, 0) + amount

    def observe(self, metric: str, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        self._values.setdefault((metric, *labels), []).append(value)

    def take(self) -> bytes:
        """Give what was counted since the last time, as a line for `replay`; empty if nothing was."""
        if not self._counts and not self._values:
            return b""
        tally = ["tally", [*self._counts.items()], [*self._values.items()]]
        self._counts, self._values = {}, {}
        return json.dumps(tally).encode() + b"\n"


def replay(line: bytes, sink: Sink) -> None:
    """Say on this side what a `RelaySink` or a `TallySink` wrote on the other."""
    kind, *record = json.loads(line)
    if kind == "log":
        sink.log(*record)
    elif kind == "add":
        sink.add(*record)
    elif kind == "observe":
        sink.observe(*record)
    elif kind == "tally":
        counts, values = record
        for (metric, *labels), amount in counts:
            sink.add(metric, amount, *labels)
        for (metric, *labels), amounts in values:
            for amount in amounts:
                sink.observe(metric, amount, *labels)
