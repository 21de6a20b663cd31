"""messages: what was sent to us, and what became of it."""

import sys
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from dicomfabd.cli.console import (
    ConfigOption,
    JsonOption,
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
from dicomfabd.store.interface import MessageQuery, StoredMessage
from dicomfabd.store.opening import Store
from dicomfabd.web.api.filters import MessageList
from dicomfabd.web.api.messages import MOST_REPLAYS, detail, summary, text_of
from dicomfabd.web.api.order_door import answer_to, is_json

messages_app = typer.Typer(
    help="Look at what was sent to us and take it again, with the daemon running or not.", no_args_is_help=True
)
MessageId = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Number of the message.")]

_COLUMNS: Final = {
    "id": "whole",
    "received (UTC)": "whole",
    "type": "cut",
    "control ID": "cut",
    "sender": "cut",
    "code": "whole",
    "did": "cut",
}


class Code(StrEnum):
    """How a message was answered."""

    AA = "AA"
    AE = "AE"
    AR = "AR"
    NONE = "none"


class Source(StrEnum):
    """How a message came."""

    MLLP = "mllp"
    HTTP = "http"
    CLI = "cli"
    REPLAY = "replay"


@messages_app.command("list")
def list_messages(
    code: Annotated[list[Code] | None, typer.Option(help="Only messages answered so; may be repeated.")] = None,
    quarantined: Annotated[
        bool | None,
        typer.Option("--quarantined/--readable", help="Only what could not be read or served, or the rest."),
    ] = None,
    type_: Annotated[str, typer.Option("--type", metavar="ORM^O01", help="Only messages of this type.")] = "",
    sender: Annotated[str, typer.Option(help="Only messages of this MSH-3.")] = "",
    source: Annotated[Source | None, typer.Option(help="Only messages that came so.")] = None,
    control_id: Annotated[str, typer.Option(help="Only messages with this MSH-10.")] = "",
    text: Annotated[str, typer.Option(help="Only messages whose MSH-10 begins so.")] = "",
    since: Since = "",
    until: Until = "",
    replay_of: Annotated[int | None, typer.Option(min=1, help="Only replays of this message.")] = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List messages, newest first."""
    with asked_well():
        wanted = MessageList.model_validate(
            {
                "code": [one.value for one in code or ()],
                "quarantined": quarantined,
                "type": type_,
                "sender": sender,
                "source": source.value if source else "",
                "control_id": control_id,
                "text": text,
                "from": since,
                "to": until,
                "replay_of": replay_of,
                "before": before,
                "limit": limit,
            }
        )
    with existing_store(settings_or_fail(config)) as store:
        found = [summary(message) for message in found_whole(store.messages.find, wanted.asked, store)]
    if as_json:
        print_json(found)
        return
    say_table(_COLUMNS, map(_row, found))


@messages_app.command("show")
def show_message(message_id: MessageId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show one message: what is wrong with it, what it did, its replays, and its text."""
    with existing_store(settings_or_fail(config)) as store:
        message = existing(store, message_id)
        replays = store.messages.find(MessageQuery(replay_of=message_id, limit=MOST_REPLAYS))
    told = detail(message, replays)
    if as_json:
        print_json(told)
        return
    lists = ("faults", "did", "replays", "raw", "answer")
    say_pairs((name, value) for name, value in told.items() if name not in lists)
    show_outcome(told)
    for replay in told["replays"]:
        say(f"replayed as message {replay['message_id']}: {replay['code'] or 'no answer'}")
    say()
    say(_readable(message.raw))


@messages_app.command("raw")
def raw_message(
    message_id: MessageId,
    answer: Annotated[bool, typer.Option("--answer", help="What it was answered, instead.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write a message's bytes as they came; on a terminal in a form that can be read."""
    with existing_store(settings_or_fail(config)) as store:
        message = existing(store, message_id)
        content = message.raw
        if answer:
            content = answer_to(message, store.book) if is_json(message) else message.answer
    if answer and not content:
        fail(f"message {message_id} got no answer")
    if sys.stdout.isatty():
        say(_readable(content))
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def existing(store: Store, message_id: int) -> StoredMessage:
    """Give a kept message; ends the command where there is none."""
    message = store.messages.get(message_id)
    if message is None:
        fail(f"there is no message {message_id}")
    return message


def show_outcome(told: dict[str, Any]) -> None:
    """Print what was wrong with a message, and what it did."""
    for fault in told["faults"]:
        place = fault["place"] or "message"
        say_wrapped(f"{fault['severity']}   {fault['code']} {fault['condition']} at {place}: {fault['text']}", 0, 8)
        if fault["fix"]:
            say_wrapped(f"Fix: {fault['fix']}", 8, 5)
    for done in told["did"]:
        which = f" (order {done['order_id']})" if done["order_id"] is not None else ""
        say_wrapped(f"did     {done['text']}{which}", 0, 8)


def _row(message: dict[str, Any]) -> tuple[object, ...]:
    return (
        message["message_id"],
        message["received_at"][:19].replace("T", " "),
        message["message_type"],
        message["control_id"],
        message["sending_application"],
        message["code"] or "-",
        _result(message),
    )


def _result(message: dict[str, Any]) -> str:
    """Say in a word what a message did, or why it did nothing."""
    if message["is_quarantined"]:
        return "quarantined"
    said = [f"{it['action']} {it['subject']} {it['order_id'] or ''}".rstrip() for it in message["did"]]
    return ", ".join(said) or (message["faults"][0] if message["faults"] else "nothing")


def _readable(content: bytes) -> str:
    return "\n".join(text_of(content).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n"))
