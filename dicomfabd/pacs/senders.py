"""Ways to the PACS: opened as each destination wants, kept while work goes on, looked after when one was away."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.delivery import Destination, Transport
from dicomfabd.pacs.echo import echo
from dicomfabd.pacs.library_storage import LibraryAssociation
from dicomfabd.pacs.storage import OpenSender, Sender, StorageAssociation

LONGEST_KEPT_S: Final = 5.0
"""A PACS that serves one association at a time has others waiting for their turn."""

TRANSPORTS: Final[Mapping[Transport, OpenSender]] = {
    "c-store": StorageAssociation,
    "pynetdicom": LibraryAssociation,
}


@dataclass(slots=True)
class _Kept:
    destination: Destination
    sender: Sender
    opened_at: float


class Senders:
    """The ways one worker has open. Not thread-safe."""

    def __init__(self, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with none.

        Args:
            workers: How many workers there are. A way is kept for the next study only where every one of them may
                have one, for the others would be over the destination's limit.
            clock: Monotonic seconds.
        """
        self._workers = workers
        self._clock = clock
        self._kept: _Kept | None = None

    @contextmanager
    def use(self, destination: Destination, sop_class_uids: Sequence[str]) -> Iterator[Sender]:
        """Give a way to a destination that offers these SOP classes; an error inside closes it in haste.

        Raises:
            DestinationAway: It cannot be reached; says why.
        """
        way = self._take(destination) or _Kept(
            destination, TRANSPORTS[destination.transport](destination, sop_class_uids), self._clock()
        )
        try:
            yield way.sender
        except BaseException as error:
            way.sender.__exit__(type(error), error, None)
            raise
        is_spare = destination.associations >= self._workers
        if is_spare and self._clock() - way.opened_at < LONGEST_KEPT_S:
            self._kept = way
        else:
            way.sender.__exit__(None, None, None)

    def close(self) -> None:
        """Close what is kept; for when there is nothing more to send just now."""
        if self._kept is not None:
            self._kept.sender.__exit__(None, None, None)
            self._kept = None

    def _take(self, destination: Destination) -> _Kept | None:
        """Give the way that was kept, if it leads there and is still good; another one is closed."""
        kept = self._kept
        if kept is not None and kept.destination == destination and kept.sender.is_idle():
            self._kept = None
            return kept
        self.close()
        return None


def probe(destination: Destination) -> str:
    """See whether a destination that was away is back; says why not, or nothing."""
    return echo(destination).reason
