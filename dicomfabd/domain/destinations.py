"""All destinations as one registry: those of the settings, which are fixed, and those people manage while we run."""

from collections.abc import Sequence
from typing import Final, Protocol

from dicomfabd.domain.delivery import Destination

ARCHIVE: Final = "archive"
"""Name of the built-in archive among the destinations."""


class ManagedDestinations(Protocol):
    """Keeps the destinations people manage; a role of the store. Thread-safe."""

    def revision(self) -> int:
        """Give a number that changes with every change, in whatever process."""

    def list(self) -> list[Destination]:
        """Give them by name."""

    def put(self, destination: Destination) -> None:
        """Add one, or replace the one of its name, durably."""

    def remove(self, name: str) -> bool:
        """Remove one; its open deliveries go to the dead letters. False if there is none of that name."""


class NoDestinations:
    """For where there is no store yet; see `ManagedDestinations`."""

    def revision(self) -> int:
        """See `ManagedDestinations.revision`."""
        return 0

    def list(self) -> list[Destination]:
        """See `ManagedDestinations.list`."""
        return []

    def put(self, destination: Destination) -> None:
        """Raise LookupError: nobody would keep it."""
        raise LookupError(f"there is no store that could keep {destination.name}")

    def remove(self, name: str) -> bool:
        """See `ManagedDestinations.remove`."""
        return False


class Destinations:
    """The registry, as one process sees it. Thread-safe; a change anywhere is seen at the next look."""

    def __init__(self, fixed: Sequence[Destination], managed: ManagedDestinations) -> None:
        """Take those of the settings and the keeper of the others; of two with one name the fixed one counts."""
        self._fixed = tuple(fixed)
        self._managed = managed
        self._known: tuple[int, dict[str, Destination]] = (-1, {})

    def all(self) -> list[Destination]:
        """Give every destination, fixed ones first, in their order."""
        return list(self._by_name().values())

    def get(self, name: str) -> Destination | None:
        """Give one, or None."""
        return self._by_name().get(name)

    def is_fixed(self, name: str) -> bool:
        """Tell whether a name belongs to the settings, where alone it can be changed."""
        return any(destination.name == name for destination in self._fixed)

    def put(self, destination: Destination) -> None:
        """Add or replace a managed destination; raises ValueError for a fixed one."""
        self._check_managed(destination.name)
        self._managed.put(destination)

    def remove(self, name: str) -> bool:
        """Remove a managed destination; False if there is none; raises ValueError for a fixed one."""
        self._check_managed(name)
        return self._managed.remove(name)

    def _check_managed(self, name: str) -> None:
        if self.is_fixed(name):
            raise ValueError(f"{name} is a destination of the settings. Change it there, and start again.")

    def _by_name(self) -> dict[str, Destination]:
        revision = self._managed.revision()
        known = self._known
        if known[0] != revision:
            managed = {destination.name: destination for destination in self._managed.list()}
            fixed = {destination.name: destination for destination in self._fixed}
            known = self._known = (revision, {**fixed, **{k: v for k, v in managed.items() if k not in fixed}})
        return known[1]
