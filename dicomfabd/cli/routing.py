"""route: where the orders of a message would go, when, and why."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dicomfabd.app.planning import planner_of
from dicomfabd.app.routing import router_setup
from dicomfabd.cli.console import ConfigOption, JsonOption, fail, print_json, say, say_wrapped, settings_or_fail
from dicomfabd.cli.explaining import read_orders_or_fail
from dicomfabd.config import Settings
from dicomfabd.domain.delivery import Leg
from dicomfabd.domain.destinations import ManagedDestinations, NoDestinations
from dicomfabd.domain.order import Order
from dicomfabd.domain.routing import Explanation
from dicomfabd.store.opening import open_store


def route(
    file: Annotated[Path, typer.Argument(help="A message with orders.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show where the orders of a message would go, when, and why; sends and keeps nothing."""
    settings = settings_or_fail(config)
    orders = [request.order for request in read_orders_or_fail(file, settings, planner_of(settings)) if request.order]
    if not orders:
        fail(f"{file}: asks for no study")
    now = time.time()
    with _managed(settings) as managed:
        router = router_setup(settings).build(managed)
        told = [(order, router.explain(order, now)) for order in orders]
    if as_json:
        print_json([_as_json(order, explanation) for order, explanation in told])
        return
    for number, (order, explanation) in enumerate(told):
        if number:
            say()
        _show(order, explanation, now)


@contextmanager
def _managed(settings: Settings) -> Iterator[ManagedDestinations]:
    """Give the destinations people manage; none where no daemon has run yet."""
    if not Path(settings.store_url.removeprefix("sqlite:///")).exists():
        yield NoDestinations()
        return
    store = open_store(settings.store_url)
    try:
        yield store.destinations
    finally:
        store.close()


def _show(order: Order, explanation: Explanation, now: float) -> None:
    say(f"{order.accession_number} {order.modality} {order.procedure.meaning}")
    for leg in explanation.routing.legs:
        say_wrapped(f"{leg.destination}  {_when(leg, now)}", 2, 4)
    if not explanation.routing.legs:
        say_wrapped("nowhere: it stays on the worklist, and no study is made", 2, 4)
    for reason in explanation.reasons:
        say_wrapped(f"because {reason}", 4, 4)


def _when(leg: Leg, now: float) -> str:
    if leg.by_hand:
        return "when a person sends it (dicomfabd orders send)"
    if leg.not_before <= now:
        return "at once"
    return f"at {datetime.fromtimestamp(leg.not_before).astimezone():%Y-%m-%d %H:%M:%S}"


def _as_json(order: Order, explanation: Explanation) -> dict[str, Any]:
    return {
        "accession_number": order.accession_number,
        "deliveries": [
            {
                "destination": leg.destination,
                "by_hand": leg.by_hand,
                "not_before": datetime.fromtimestamp(leg.not_before, UTC).isoformat() if leg.not_before else None,
            }
            for leg in explanation.routing.legs
        ],
        "reasons": list(explanation.reasons),
    }
