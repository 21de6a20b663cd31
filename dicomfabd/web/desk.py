"""What the web room works with, given by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.order import Order, Recognise
from dicomfabd.store.interface import Inbox, OrderBook
from dicomfabd.telemetry.health import Health
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class WebDesk:
    """Roles and functions behind the HTTP door.

    Attributes:
        recognise: Chooses a modality from a procedure's words.
        route: Says where an order's study goes.
        on_work: Told when there is new work.
        addresses: Gives where the other doors are, for the page.
    """

    inbox: Inbox
    book: OrderBook
    recognise: Recognise
    route: Callable[[Order], Routing]
    on_work: Callable[[], None]
    addresses: Callable[[], dict[str, str]]
    metrics: Metrics
    health: Health
    journal: Journal
