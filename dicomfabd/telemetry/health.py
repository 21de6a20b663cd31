"""Named checks that together say whether the daemon is ready."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: its name, whether it passed and, if not, why."""

    name: str
    ok: bool
    reason: str = ""


class Health:
    """A list of checks; each gives an empty string when well, or one sentence on what is wrong."""

    def __init__(self) -> None:
        """Start without checks."""
        self._checks: dict[str, Callable[[], str]] = {}

    def register(self, name: str, check: Callable[[], str]) -> None:
        """Add a check; it must answer within milliseconds and never raise."""
        self._checks[name] = check

    def results(self) -> tuple[CheckResult, ...]:
        """Run all checks now."""
        reasons = {name: check() for name, check in self._checks.items()}
        return tuple(CheckResult(name, not reason, reason) for name, reason in reasons.items())
