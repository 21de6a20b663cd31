"""What all commands share: how they read settings, print and fail."""

import getpass
import json
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from dicomfabd.config import ConfigError, Settings, load
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.opening import Store, open_store

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="TOML file with settings.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
_WIDEST_LABEL: Final = 28

# What senders wrote is printed: none of it is markup, an emoji code or a colour.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Say what is wrong and end."""
    err.print(_visible(message), style="red" if err.is_terminal else None, soft_wrap=True)
    raise typer.Exit(code)


def say(text: str = "", style: str = "") -> None:
    """Print lines as they are, however long; colours only on a terminal."""
    out.print(_visible(text), style=style if style and out.is_terminal else None, soft_wrap=True)


def say_wrapped(text: str, indent: int = 0, hanging: int = 2) -> None:
    """Print a sentence within the width of the terminal (80 columns elsewhere)."""
    first = " " * indent
    # A UID or a path is never broken: it is there to be copied.
    lines = textwrap.wrap(
        shown(text),
        max(out.width, 40),
        initial_indent=first,
        subsequent_indent=first + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    say("\n".join(lines))


def say_pairs(pairs: Iterable[tuple[str, object]], indent: int = 0) -> None:
    """Print names and values below each other; empty values are left out."""
    kept = [(name, shown(value)) for name, value in pairs if value not in ("", None, [], ())]
    wide = min(max((len(name) for name, _ in kept), default=0), _WIDEST_LABEL) + 1
    for name, value in kept:
        if indent + wide + max(map(len, value.split()), default=0) > out.width:
            say(" " * indent + name)
            say_wrapped(value, indent + 2, 0)
        else:
            say_wrapped(f"{name:{wide}}{value}", indent, wide)


def say_table(columns: dict[str, str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table that fits the width.

    Args:
        columns: Heading → `whole` (never broken), `cut` (one line, its end left out) or `wrapped`.
        rows: A value for each column.
    """
    texts = [[shown(value) for value in row] for row in rows]
    table = Table(box=None, pad_edge=False)
    kinds = list(columns.values())
    for name, kind, width in zip(columns, kinds, _widths([list(columns), *texts], kinds), strict=True):
        table.add_column(
            name, no_wrap=kind != "wrapped", overflow="fold" if kind == "wrapped" else "ellipsis", width=width
        )
    for row in texts:
        table.add_row(*row)
    out.print(table)


def shown(value: object) -> str:
    """Give a value on one line; no control character of a sender moves a cursor or rings a bell."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def settings_or_fail(config: Path | None) -> Settings:
    """Read the settings; a wrong one ends the command with exit code 2."""
    try:
        return load(config)
    except ConfigError as error:
        fail(f"config: {error}", EXIT_USAGE)


def print_json(value: Any) -> None:
    """Print JSON as it is, for other programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def existing_store(settings: Settings) -> Iterator[Store]:
    """Open the store of a daemon, running or not; ends the command where there is none or nothing can be kept."""
    path = settings.store_url.removeprefix("sqlite:///")
    if not Path(path).exists():
        fail(f"there is no store at {path}: no daemon has run with these settings yet")
    with any_store(settings) as store:
        yield store


@contextmanager
def any_store(settings: Settings) -> Iterator[Store]:
    """Open the store, which is made where no daemon has run yet; ends the command where nothing can be kept."""
    path = settings.store_url.removeprefix("sqlite:///")
    try:
        store = open_store(settings.store_url)
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")
    try:
        yield store
    except StoreUnavailable as error:
        fail(f"{path}: {error}")
    finally:
        store.close()


def actor() -> str:
    """Give who uses the command, for the audit trail."""
    with suppress(OSError, KeyError):  # a container's user may have no name
        return f"cli {getpass.getuser()}"
    return f"cli {os.getuid()}"


def address_of(settings: Settings, door: str, host: str, port: int) -> str:
    """Give where a door of the running daemon is, also when its port was picked freely."""
    try:
        addresses: dict[str, str] = json.loads(settings.addresses_file.read_text())
    except (OSError, ValueError):
        return f"{host}:{port}"
    return addresses.get(door, f"{host}:{port}").removeprefix("http://")


def _widths(rows: list[list[str]], kinds: list[str]) -> list[int]:
    """Give the width of each column, the widest that may be cut or wrapped giving way first."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    gives_way = [index for index, kind in enumerate(kinds) if kind != "whole"]
    room = out.width - 2 * (len(widths) - 1)  # two blanks between columns
    while sum(widths) > room and gives_way:
        widest = max(gives_way, key=lambda index: widths[index])
        if widths[widest] <= len(rows[0][widest]):
            break
        widths[widest] -= 1
    return widths


def _visible(text: str) -> str:
    return "\n".join(map(shown, text.split("\n")))
