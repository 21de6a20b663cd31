"""`dicomfabd`: one command, its verbs in the modules beside this one."""

from typing import Annotated

import typer

from dicomfabd import __version__
from dicomfabd.cli import (
    archive,
    daemon,
    explaining,
    messages,
    pacs,
    pacs_import,
    pacs_query,
    pacs_transfer,
    patients,
    protocols,
    replaying,
    routing,
    sending,
    studies,
    tokens,
    users,
    worklist,
)

app = typer.Typer(
    name="dicomfabd",
    help="HL7 orders in, a DICOM worklist and fabricated synthetic studies out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(daemon.run)
app.command()(daemon.check)
app.command()(sending.send)
app.command()(explaining.explain)
app.command()(studies.plan)
app.command()(routing.route)
app.command()(studies.fabricate)
app.add_typer(protocols.protocols_app, name="protocols")
app.add_typer(studies.orders_app, name="orders")
app.add_typer(messages.messages_app, name="messages")
app.command()(replaying.audit)
app.add_typer(users.users_app, name="users")
app.add_typer(tokens.tokens_app, name="tokens")
app.add_typer(worklist.worklist_app, name="worklist")
app.add_typer(archive.archive_app, name="archive")
app.add_typer(patients.patients_app, name="patients")
app.add_typer(pacs.pacs_app, name="pacs")
pacs.pacs_app.command("import")(pacs_import.import_file)
pacs.pacs_app.command("find")(pacs_query.find)
pacs.pacs_app.command("move")(pacs_transfer.move)
pacs.pacs_app.command("get")(pacs_transfer.get)
app.command()(daemon.health)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """HL7 orders in, a DICOM worklist and fabricated synthetic studies out."""


def main() -> None:
    """Entry point of the console script."""
    app()
