"""What all commands share: how they read settings, print and fail."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from dicomfabd.app.daemon import ADDRESSES_FILE
from dicomfabd.config import ConfigError, Settings, load
from dicomfabd.store.opening import Store, open_store

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="TOML file with settings.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

EXIT_FAILED = 1
EXIT_USAGE = 2

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Say what is wrong and end."""
    err.print(message, style="red" if err.is_terminal else None, markup=False, soft_wrap=True)
    raise typer.Exit(code)


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
    """Open the store of a daemon, running or not; ends the command where there is none."""
    path = settings.store_url.removeprefix("sqlite:///")
    if not Path(path).exists():
        fail(f"there is no store at {path}: no daemon has run with these settings yet")
    store = open_store(settings.store_url)
    try:
        yield store
    finally:
        store.close()


def address_of(settings: Settings, door: str, host: str, port: int) -> str:
    """Give where a door of the running daemon is, also when its port was picked freely."""
    try:
        addresses: dict[str, str] = json.loads((settings.state_dir / ADDRESSES_FILE).read_text())
    except (OSError, ValueError):
        return f"{host}:{port}"
    return addresses.get(door, f"{host}:{port}").removeprefix("http://")
