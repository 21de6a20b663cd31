"""What a store promises about all of it at once: a search that keeps up, figures, and what happens as it happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dicomfabd.domain.order import OrderState


@dataclass(frozen=True, slots=True)
class Followed:
    """How far the search has come.

    Attributes:
        taken: Changes taken over just now.
        behind: Changes that are left.
    """

    taken: int
    behind: int


class Search(Protocol):
    """Keeps what lists are searched by up to date, beside the store and never in its way. Thread-safe."""

    def follow(self, most: int) -> Followed:
        """Take over at most so many changes of orders, and as many messages; blocks for milliseconds.

        Raises:
            StoreUnavailable: Nothing could be read or kept now.
        """


@dataclass(frozen=True, slots=True)
class Sender:
    """A sending application (MSH-3).

    Attributes:
        last_at: Unix seconds of its last message.
        last_day: How many messages it sent in the last 24 hours, counted by whole hours.
    """

    application: str
    last_at: float
    last_day: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of what.

    Attributes:
        at: Unix seconds when it was counted.
        orders: By state.
        jobs: Deliveries by (destination, state).
        oldest: Destination → Unix seconds when the order was placed that waits longest of those that are due.
        away: Destination → Unix seconds when it is tried again.
        messages: All that were kept.
        quarantined: Messages that people should look at.
        senders: Who was heard last comes first.
        behind: Changes that are not counted yet.
    """

    at: float
    orders: Mapping[OrderState, int]
    jobs: Mapping[tuple[str, str], int]
    oldest: Mapping[str, float]
    away: Mapping[str, float]
    messages: int
    quarantined: int
    senders: tuple[Sender, ...]
    behind: int

    @property
    def dead_letters(self) -> int:
        """Deliveries that wait for a person to mend what is wrong."""
        return sum(amount for (_, state), amount in self.jobs.items() if state == "failed")

    @property
    def queued(self) -> int:
        """Deliveries that wait for their turn."""
        return sum(amount for (_, state), amount in self.jobs.items() if state == "queued")


class Figures(Protocol):
    """Counts for pages, metrics and watches. Thread-safe."""

    def counts(self, max_age_s: float = 2.0) -> Counts:
        """Give the counts, or those somebody else was given that long ago at most."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that happened to an order, in the order in which it was kept; `at` is Unix seconds."""

    event_id: int
    order_id: int
    at: float
    event: str
    detail: Mapping[str, object]


class Feed(Protocol):
    """Everything that happens to orders, as it happens. Thread-safe."""

    def last_event_id(self) -> int:
        """Give the number of the newest event, or 0."""

    def after(self, event_id: int, limit: int, order_id: int | None = None) -> list[FeedEvent]:
        """Give what happened after an event, oldest first; to one order, if one is named."""

    def revisions(self) -> Mapping[str, int]:
        """Give a number for each of `orders`, `messages`, `worklist` and `pacs`; another one after every change."""
