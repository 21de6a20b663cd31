"""`dicomfabd`: one command, its verbs in the modules beside this one."""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Annotated, Final

import typer

from dicomfabd import __version__

VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("daemon", "run"),
    "check": ("checking", "check"),
    "send": ("sending", "send"),
    "explain": ("explaining", "explain"),
    "plan": ("studies", "plan"),
    "route": ("routing", "route"),
    "fabricate": ("studies", "fabricate"),
    "protocols": ("protocols", "protocols_app"),
    "orders": ("orders", "orders_app"),
    "messages": ("replaying", "messages_app"),  # which adds its own verb to those of the module beside it
    "audit": ("replaying", "audit"),
    "users": ("users", "users_app"),
    "tokens": ("tokens", "tokens_app"),
    "worklist": ("worklist", "worklist_app"),
    "archive": ("archive", "archive_app"),
    "patients": ("patients", "patients_app"),
    "pacs": ("pacs", "pacs_app"),
    "health": ("health", "health"),
}
"""Each verb: the module beside this one that holds it, and its name there."""


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """HL7 orders in, a DICOM worklist and fabricated synthetic studies out."""


def build(verbs: Iterable[str]) -> typer.Typer:
    """Give the command with some of its verbs."""
    app = typer.Typer(name="dicomfabd", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_root)
    for verb in verbs:
        module, name = VERBS[verb]
        found = getattr(import_module(f"dicomfabd.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=verb)
        else:
            app.command(verb)(found)
    return app


def main() -> None:
    """Entry point of the console script."""
    # All verbs are all rooms, which take two seconds to read; most verbs need a few.
    wanted = sys.argv[1:2]
    build(wanted if wanted and wanted[0] in VERBS else VERBS)()
