"""Where the journal's sentences go: to this process's log and metrics, or through a pipe to the main process."""

import json
from collections.abc import Mapping
from typing import IO, Protocol

import structlog

from dicomfabd.telemetry.metrics import Metrics

Value = str | int | float | bool | None | list[str]


class Sink(Protocol):
    """Takes what the journal has to say."""

    def log(self, level: str, event: str, fields: Mapping[str, Value]) -> None:
        """Say one event."""

    def add(self, metric: str, amount: float, *labels: str) -> None:
        """Raise a counter, or move a gauge."""

    def observe(self, metric: str, value: float, *labels: str) -> None:
        """Put one value into a histogram."""


class LocalSink:
    """Writes the log and the metrics of this process."""

    def __init__(self, metrics: Metrics) -> None:
        """Take the registry to count in."""
        self._metrics = metrics
        self._log = structlog.get_logger()
        self.add = metrics.add
        self.observe = metrics.observe

    def log(self, level: str, event: str, fields: Mapping[str, Value]) -> None:
        """Say one event."""
        getattr(self._log, level)(event, **fields)


class RelaySink:
    """Sends everything down a pipe, one JSON line each, for `replay` on the other side.

    Thread-safe as far as one `write` of the stream is.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """Take an unbuffered binary stream."""
        self._stream = stream

    def log(self, level: str, event: str, fields: Mapping[str, Value]) -> None:
        """Say one event."""
        self._send(["log", level, event, fields])

    def add(self, metric: str, amount: float, *labels: str) -> None:
        """Raise a counter, or move a gauge."""
        self._send(["add", metric, amount, *labels])

    def observe(self, metric: str, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        self._send(["observe", metric, value, *labels])

    def _send(self, record: list[object]) -> None:
        self._stream.write(json.dumps(record).encode() + b"\n")


def replay(line: bytes, sink: Sink) -> None:
    """Say on this side what a `RelaySink` wrote on the other."""
    kind, *record = json.loads(line)
    if kind == "log":
        sink.log(*record)
    elif kind == "add":
        sink.add(*record)
    elif kind == "observe":
        sink.observe(*record)
