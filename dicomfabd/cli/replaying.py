"""messages replay, audit: taking a message once more, and who did what."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from dicomfabd.app.intake_desk import desk_of
from dicomfabd.app.planning import choices_of, planner_of
from dicomfabd.app.routing import router_setup
from dicomfabd.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    actor,
    existing_store,
    fail,
    print_json,
    say,
    say_table,
    settings_or_fail,
)
from dicomfabd.cli.files import frames_in, read_source
from dicomfabd.cli.lists import Before, Limit
from dicomfabd.cli.messages import MessageId, existing, messages_app, show_outcome
from dicomfabd.config import Settings
from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake import batches
from dicomfabd.intake.replaying import Replayer
from dicomfabd.store.interface import Replayed, StoredMessage
from dicomfabd.store.opening import Store
from dicomfabd.web.api.messages import audited, replayed
from dicomfabd.web.api.order_door import OrderDoor, is_json


@messages_app.command("replay")
def replay_message(
    message_id: MessageId,
    edit: Annotated[str, typer.Option(metavar="FILE|-", help="An edited copy to take in its place.")] = "",
    editor: Annotated[bool, typer.Option("--editor", help="Edit a copy first, with $VISUAL or $EDITOR.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take a message once more, as it is or edited; exit code 1 unless the answer is positive. It is audited."""
    if edit and editor:
        fail("--edit and --editor: choose one", EXIT_USAGE)
    settings = settings_or_fail(config)
    edited = _one_message(edit) if edit else None
    with existing_store(settings) as store:
        message = existing(store, message_id)
        if editor:
            edited = _edited(message)
        outcome = _replay(settings, store, message, edited)
    told = replayed(message_id, outcome)
    if as_json:
        print_json(told)
    else:
        say(f"answer  {outcome.code or 'none'}, kept as message {outcome.message_id}")
        show_outcome(told)
    if outcome.code not in ("AA", "CA", ""):
        raise typer.Exit(EXIT_FAILED)


def audit(
    actor: Annotated[str, typer.Option(help="Only of those in whose name this stands.")] = "",
    action: Annotated[str, typer.Option(help="Only this; with a dot at the end, all of the kind (user.).")] = "",
    before: Before = None,
    limit: Limit = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List what people did, newest first."""
    with existing_store(settings_or_fail(config)) as store:
        found = [audited(entry) for entry in store.messages.audit_trail(before, limit, actor, action)]
    if as_json:
        print_json(found)
        return
    say_table(
        {"id": "whole", "at (UTC)": "whole", "who": "cut", "did": "whole", "to": "whole", "detail": "wrapped"},
        (
            (
                entry["entry_id"],
                entry["at"][:19].replace("T", " "),
                entry["actor"],
                entry["action"],
                entry["target"],
                " ".join(f"{name}={value}" for name, value in entry["detail"].items()),
            )
            for entry in found
        ),
    )


def _replay(settings: Settings, store: Store, message: StoredMessage, edited: bytes | None) -> Replayed:
    person = actor()
    planner = planner_of(settings)
    if is_json(message):
        choices = choices_of(planner, settings.stations)
        door = OrderDoor(
            store.inbox, store.book, store.messages, choices, router_setup(settings).route(store.destinations)
        )
        return door.replay(message, edited, person)
    try:
        return Replayer(desk_of(settings, store, planner), store.messages).replay(message.message_id, edited, person)
    except (ValueError, OrderRejected) as error:
        fail(str(error))


def _one_message(source: str) -> bytes:
    frames = frames_in(read_source(source))
    count = len(batches.split(frames[0])) if len(frames) == 1 and batches.is_batch(frames[0]) else len(frames)
    if count != 1:
        fail(f"{source}: holds {count} messages. Give one.")
    return frames[0]


def _edited(message: StoredMessage) -> bytes:
    """Let a person change a copy; its lines end as the person's editor likes, and the copy is gone afterwards."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    ending = "json" if is_json(message) else "hl7"
    before = message.raw if is_json(message) else _with_ends(message.raw, b"\n")
    with tempfile.TemporaryDirectory(prefix="dicomfabd-") as folder:
        path = Path(folder) / f"message-{message.message_id}.{ending}"
        path.write_bytes(before)
        try:
            done = subprocess.run([*command, str(path)], check=False)  # noqa: S603 - the person's own choice
        except OSError as error:
            fail(f"{command[0]}: {error.strerror}. Set EDITOR to a program that is there.")
        after = path.read_bytes() if done.returncode == 0 else before
    if after == before:
        fail("nothing was changed, so nothing was taken")
    return after if is_json(message) else _with_ends(after, b"\r")


def _with_ends(content: bytes, end: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", end)
