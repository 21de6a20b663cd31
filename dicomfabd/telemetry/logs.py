"""structlog for us and for the libraries below: one JSON object a line, or colours on a terminal."""

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

import structlog
from pydantic_core import to_json
from structlog.typing import Processor


def keep_values_out() -> None:
    """Silence pydicom's warnings, which quote values that may be a patient's; for every process we start."""
    warnings.filterwarnings("ignore", module="pydicom")


def _to_text(event: Mapping[str, Any], **_: Any) -> str:
    return to_json(event, fallback=str).decode()


class EventLog:
    """Writes our events to a stream, one line each.

    For a person they go through structlog; as JSON straight to the stream, because structlog's way costs as much as
    reading and storing a message. A stream that takes no more (its disk is full, its reader gone) stops nobody's work.
    Not thread-safe while `together`, else as far as one `write` is.

    Attributes:
        on_lost: Told how many lines could not be written.
    """

    def __init__(self, stream: IO[str], is_console: bool) -> None:
        """Take the stream."""
        self.on_lost: Callable[[int], None] = lambda _lines: None
        self._stream = stream
        self._console = structlog.get_logger() if is_console else None
        self._lines: list[bytes] | None = None
        self._stamp = ""

    def log(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        """Write one event."""
        if self._console is not None:
            try:
                getattr(self._console, level)(event, **fields)
            except OSError:
                self.on_lost(1)
            return
        line = to_json({**fields, "event": event, "level": level, "timestamp": self._stamp or _now()}, fallback=str)
        if self._lines is None:
            self._write([line + b"\n"])
        else:
            self._lines.append(line + b"\n")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what is said inside with one call, under one time stamp."""
        self._lines, self._stamp = [], _now()
        try:
            yield
        finally:
            lines, self._lines, self._stamp = self._lines, None, ""
            if lines:
                self._write(lines)

    def _write(self, lines: list[bytes]) -> None:
        try:
            self._stream.write(b"".join(lines).decode())
            self._stream.flush()
        except OSError:
            self.on_lost(len(lines))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def configure(log_format: str) -> EventLog:
    """Set up logging for the whole process; call once, first.

    Args:
        log_format: `json`, `console`, or `auto` (console when standard output is a terminal).

    Returns:
        Where our own events go; what libraries say comes out in the same form.
    """
    keep_values_out()
    is_console = log_format == "console" or (log_format == "auto" and sys.stdout.isatty())
    # A person at a terminal knows the day and has 80 columns; a file is read later and elsewhere.
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_console else "iso", utc=not is_console)
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(pad_event_to=16, pad_level=False, sort_keys=False)
        if is_console
        else structlog.processors.JSONRenderer(_to_text)
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    # What libraries say comes out in the same form.
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                stamp,
                structlog.processors.format_exc_info,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    return EventLog(sys.stdout, is_console)
