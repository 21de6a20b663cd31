"""All destinations as one registry: those of the settings, which are fixed, and those people manage while we run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from dicomfabd.domain.delivery import Destination

ARCHIVE: Final = "archive"
"""Name of the built-in archive among the destinations."""

RESERVED_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ARCHIVE: "is the built-in archive's name",
        **dict.fromkeys(("query", "move", "moves"), "is a word of the API"),
        "new": "is a word of the page",
    }
)
"""Names no other destination may have, and why."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What went with a destination.

    Attributes:
        dead_letters: How many open deliveries went to the dead letters.
        routes: Managed destinations that had an AE title for it to move studies to, and have none now.
    """

    dead_letters: int
    routes: tuple[str, ...]


class ManagedDestinations(Protocol):
    """Keeps the destinations people manage; a role of the store. Thread-safe."""

    def revision(self) -> int:
        """Give a number that changes with every change, in whatever process."""

    def list(self) -> list[Destination]:
        """Give them by name."""

    def put(self, *destinations: Destination) -> None:
        """Add each, or replace the one of its name; durably, and all or nothing."""

    def add(self, destination: Destination) -> bool:
        """Add one, durably; False if there is one of that name, which stays as it is."""

    def remove(self, name: str) -> Removed | None:
        """Remove one with its open deliveries and the others' `move_ae_titles` for it; None if there is none."""


class NoDestinations:
    """For where there is no store yet; see `ManagedDestinations`."""

    def revision(self) -> int:
        """See `ManagedDestinations.revision`."""
        return 0

    def list(self) -> list[Destination]:
        """See `ManagedDestinations.list`."""
        return []

    def put(self, *destinations: Destination) -> None:
        """Raise LookupError: nobody would keep them."""
        raise LookupError("there is no store that could keep a destination")

    def add(self, destination: Destination) -> bool:
        """Raise LookupError, as `put` does."""
        raise LookupError("there is no store that could keep a destination")

    def remove(self, name: str) -> Removed | None:
        """See `ManagedDestinations.remove`."""
        return None


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

    def put(self, *destinations: Destination) -> None:
        """Add or replace managed destinations, all or nothing; raises ValueError for a fixed one."""
        for destination in destinations:
            self._check_managed(destination.name)
        self._managed.put(*destinations)

    def add(self, destination: Destination) -> bool:
        """Add a managed destination; False if the name is taken; raises ValueError for a fixed one."""
        self._check_managed(destination.name)
        return self._managed.add(destination)

    def remove(self, name: str) -> Removed | None:
        """Remove a managed destination; None if there is none; raises ValueError for a fixed one."""
        self._check_managed(name)
        return self._managed.remove(name)

    def _check_managed(self, name: str) -> None:
        if name == ARCHIVE or self.is_fixed(name):
            raise ValueError(f"{name} is a destination of the settings. Change it there, and start again.")

    def _by_name(self) -> dict[str, Destination]:
        revision = self._managed.revision()
        known = self._known
        if known[0] != revision:
            managed = {destination.name: destination for destination in self._managed.list()}
            fixed = {destination.name: destination for destination in self._fixed}
            known = self._known = (revision, {**fixed, **{k: v for k, v in managed.items() if k not in fixed}})
        return known[1]
