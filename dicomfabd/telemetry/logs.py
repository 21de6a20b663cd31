"""structlog for us and for the libraries below: one JSON object a line, or colours on a terminal."""

import logging
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic_core import to_json
from structlog.typing import Processor


def keep_values_out() -> None:
    """Silence pydicom's warnings, which quote values that may be a patient's; for every process we start."""
    warnings.filterwarnings("ignore", module="pydicom")


def _to_text(event: Mapping[str, Any], **_: Any) -> str:
    return to_json(event, fallback=str).decode()


def configure(log_format: str) -> None:
    """Set up logging for the whole process; call once, first.

    Args:
        log_format: `json`, `console`, or `auto` (console when standard output is a terminal).
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
    # Our own events go straight to the stream: through the standard library each would cost five times as much.
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
