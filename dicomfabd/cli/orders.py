"""orders: what became of them."""

from typing import Annotated

import typer

from dicomfabd.app.routing import fixed_destinations
from dicomfabd.cli.console import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    actor,
    existing_store,
    fail,
    print_json,
    say,
    say_pairs,
    say_table,
    say_wrapped,
    settings_or_fail,
)
from dicomfabd.cli.lists import Before, Limit, Since, Until, asked_well, found_whole
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.order import OrderState
from dicomfabd.store.interface import OrderQuery, StoredOrder
from dicomfabd.store.opening import Store
from dicomfabd.web.api.filters import OrderList
from dicomfabd.web.api.orders import detail, summary

orders_app = typer.Typer(help="Look at orders, with the daemon running or not.", no_args_is_help=True)


@orders_app.command("list")
def list_orders(
    state: Annotated[list[OrderState] | None, typer.Option(help="Only orders in this state; may be repeated.")] = None,
    accession: Annotated[str, typer.Option(help="Only this accession number.")] = "",
    text: Annotated[str, typer.Option(help="Only orders with these words in number, name, patient ID or exam.")] = "",
    modality: Annotated[str, typer.Option(help="Only orders of this modality.")] = "",
    sender: Annotated[str, typer.Option(help="Only orders of this MSH-3, or http.")] = "",
    patient_id: Annotated[str, typer.Option(help="Only orders of this patient ID.")] = "",
    study_uid: Annotated[str, typer.Option(help="Only this study instance UID.")] = "",
    since: Since = "",
    until: Until = "",
    scheduled_from: Annotated[str, typer.Option(metavar="DAY", help="Only what is scheduled then or later.")] = "",
    scheduled_to: Annotated[str, typer.Option(metavar="DAY", help="Only what is scheduled then or before.")] = "",
    before: Before = None,
    limit: Limit = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List orders, newest first."""
    with asked_well():
        wanted = OrderList.model_validate(
            {
                "state": state or (),
                "accession": accession,
                "text": text,
                "modality": modality,
                "sender": sender,
                "patient_id": patient_id,
                "study_uid": study_uid,
                "from": since,
                "to": until,
                "scheduled_from": scheduled_from,
                "scheduled_to": scheduled_to,
                "before": before,
                "limit": limit,
            }
        )
    with existing_store(settings_or_fail(config)) as store:
        page = found_whole(store.book.find, wanted.asked, store)
        found = [summary(stored) for stored in page]
    if as_json:
        print_json(found)
        return
    say_table(
        {
            "order": "whole",
            "accession": "whole",
            "state": "whole",
            "mod": "whole",
            "procedure": "wrapped",
            "scheduled": "whole",
        },
        (
            (
                order["order_id"],
                order["accession_number"],
                order["state"],
                order["modality"],
                order["procedure"],
                order["scheduled_at"][:16].replace("T", " "),
            )
            for order in found
        ),
    )


@orders_app.command("show")
def show_order(
    accession: Annotated[str, typer.Argument(help="Accession number.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show one order: what it says, where it went, what happened when."""
    with existing_store(settings_or_fail(config)) as store:
        found = _order_or_fail(store, accession)
        order = detail(found, store.book.jobs(found.order_id), store.book.timeline(found.order_id))
    if as_json:
        print_json(order)
        return
    lists = ("steps", "messages", "deliveries", "timeline")
    say_pairs((name, value) for name, value in order.items() if name not in lists)
    for message in order["messages"]:
        say(f"{'message':24} {message['message_id']}")
    for job in order["deliveries"]:
        counts = " ".join(f"{amount} {outcome}" for outcome, amount in job["instances"].items())
        say()
        say_wrapped(f"{job['destination']}: {job['state']} {counts} {job['reason']}".rstrip())
    say()
    for event in order["timeline"]:
        said = " ".join(f"{key}={value}" for key, value in event["detail"].items())
        say_wrapped(f"{event['at']} {event['event']} {said}")


@orders_app.command("send")
def send_order(
    accession: Annotated[str, typer.Argument(help="Accession number.")],
    to: Annotated[
        list[str] | None, typer.Option(help="A destination; may be given several times. All that wait by default.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Send an order's study at once: to where it waits for a person, or to any destination, also once more."""
    settings = settings_or_fail(config)
    with existing_store(settings) as store:
        order = _order_or_fail(store, accession)
        known = Destinations(fixed_destinations(settings, settings.archive.port), store.destinations)
        for name in to or ():
            if known.get(name) is None:
                names = ", ".join(destination.name for destination in known.all())
                fail(f"there is no destination named {name}. Use one of: {names}.", EXIT_USAGE)
        queued = store.book.request_send(order.order_id, to or ())
        if not queued:
            fail(f"nothing to send: no delivery of {accession} waits for a person, or it is cancelled or held")
        store.messages.audit(actor(), "order.send", f"order {order.order_id}", {"destinations": queued})
    say(f"{accession}: queued for {', '.join(queued)}")


@orders_app.command("retry")
def retry_order(
    accession: Annotated[str, typer.Argument(help="Accession number.")], config: ConfigOption = None
) -> None:
    """Try an order's failed and waiting deliveries again at once."""
    with existing_store(settings_or_fail(config)) as store:
        order = _order_or_fail(store, accession)
        if not store.book.request_retry(order.order_id):
            fail(f"nothing to retry: no delivery of {accession} failed or waits")
        store.messages.audit(actor(), "order.retry", f"order {order.order_id}", {})
    say(f"{accession}: queued")


def _order_or_fail(store: Store, accession: str) -> StoredOrder:
    found = store.book.find(OrderQuery(accession_number=accession, limit=1))
    if not found:
        fail(f"there is no order with accession number {accession}")
    return found[0]
