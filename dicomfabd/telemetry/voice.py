"""What every part of the journal speaks with."""

from dicomfabd.telemetry.sink import Sink, Value


class Voice:
    """Says events to a sink, and counts."""

    def __init__(self, sink: Sink) -> None:
        """Take the place everything is said to."""
        self._sink = sink
        self.together = sink.together

    def _say(self, level: str, event: str, **fields: Value) -> None:
        self._sink.log(level, event, fields)


def ms(seconds: float) -> float:
    """Give seconds as milliseconds, as they stand in the log."""
    return round(seconds * 1000, 2)
