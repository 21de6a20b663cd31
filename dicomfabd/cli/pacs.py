"""pacs list, show, add, edit, remove, echo: the registry of destinations."""

import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Final, get_origin

import typer

from dicomfabd.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    err,
    fail,
    print_json,
    say,
    say_pairs,
    say_table,
    say_wrapped,
    settings_or_fail,
)
from dicomfabd.cli.pacs_import import import_file
from dicomfabd.cli.pacs_query import find
from dicomfabd.cli.pacs_transfer import get, move
from dicomfabd.cli.registry import editor_of, named, registry_of
from dicomfabd.config import DestinationSection
from dicomfabd.pacs.reachability import check
from dicomfabd.web.api.destinations import FIELDS, summary

pacs_app = typer.Typer(
    help="Manage, ask and use the PACS studies go to, with the daemon running or not.", no_args_is_help=True
)
PacsName = Annotated[str, typer.Argument(help="Name of the destination.")]

_MOST_AT_ONCE: Final = 16


def _option(name: str) -> inspect.Parameter:
    """Give the option of a field; its value is judged by `DestinationSection`, as in settings and API."""
    info = DestinationSection.model_fields[name]
    flag = f"--{name.replace('_', '-')}"
    kind = get_origin(info.annotation) or info.annotation
    text = info.description or ""
    if kind is bool:
        annotation: Any = Annotated[bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", help=text)]
    elif kind in (list, dict):
        shape = "NAME=AE" if kind is dict else "NAME"
        annotation = Annotated[list[str] | None, typer.Option(flag, metavar=shape, help=f"{text} May be repeated.")]
    else:
        annotation = Annotated[str | None, typer.Option(flag, help=text)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for every field of a destination in place of its `fields`."""
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "fields"]
    options = [_option(name) for name in FIELDS if name != "name"]
    command.__signature__ = signature.replace(  # type: ignore[attr-defined] # any function may have one
        parameters=[own[0], *(it.replace(kind=inspect.Parameter.KEYWORD_ONLY) for it in [*options, *own[1:]])]
    )
    return command


@pacs_app.command("list")
def list_pacs(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List all destinations, those of the settings first."""
    with registry_of(settings_or_fail(config)) as registry:
        found = [summary(destination, registry) for destination in registry.all()]
    if as_json:
        print_json(found)
        return
    say_table(
        {"name": "whole", "environment": "whole", "AE title": "whole", "where": "cut", "": "cut"},
        (
            (
                it["name"],
                it["environment"],
                it["ae_title"],
                f"{it['host']}:{it['port']}",
                ", ".join(_remarks(it)),
            )
            for it in found
        ),
    )


@pacs_app.command("show")
def show_pacs(name: PacsName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show all of a destination; user and password of web_url are never shown."""
    with registry_of(settings_or_fail(config)) as registry:
        shown = summary(named(registry, name), registry)
    _show(shown, as_json=as_json)


@pacs_app.command("add")
@_with_fields
def add_pacs(name: PacsName, as_json: JsonOption = False, config: ConfigOption = None, **fields: Any) -> None:
    """Add a destination; the daemon knows it at once."""
    with editor_of(settings_or_fail(config)) as (registry, editor):
        shown = summary(editor.add({"name": name, **_given(fields)}), registry)
    _show(shown, as_json=as_json)


@pacs_app.command("edit")
@_with_fields
def edit_pacs(name: PacsName, as_json: JsonOption = False, config: ConfigOption = None, **fields: Any) -> None:
    """Change fields of a destination; the others stay."""
    given = _given(fields)
    if not given:
        fail("nothing to change: give at least one option", EXIT_USAGE)
    with editor_of(settings_or_fail(config)) as (registry, editor):
        old = named(registry, name)
        kept = {field: getattr(old, field) for field in FIELDS}
        shown = summary(editor.replace(old, kept | given), registry)
    _show(shown, as_json=as_json)


@pacs_app.command("remove")
def remove_pacs(name: PacsName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Remove a destination; its open deliveries go to the dead letters."""
    with editor_of(settings_or_fail(config)) as (_, editor):
        removed = editor.remove(name)
    if removed is None:
        fail(f"there is no destination named {name}")
    if as_json:
        print_json(removed)
        return
    say(f"{name} removed; {removed['dead_letters']} open deliveries went to the dead letters")
    if removed["routes"]:
        say_wrapped(f"no AE title for it any more in: {', '.join(removed['routes'])}")


@pacs_app.command("echo")
def echo(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; all by default.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """See whether destinations are there: C-ECHO, and DICOMweb where they have it; exit code 1 unless all answer."""
    with registry_of(settings_or_fail(config)) as registry:
        found = [named(registry, name) for name in names] if names else [it for it in registry.all() if it.active]
    if not found:
        fail("there is no destination. Add one with `dicomfabd pacs add`.", EXIT_USAGE)
    with ThreadPoolExecutor(_MOST_AT_ONCE) as threads:
        results = list(zip(found, threads.map(check, found), strict=True))
    if as_json:
        print_json([{"name": it.name, "checks": [one.told() for one in checks]} for it, checks in results])
    else:
        for it, checks in results:
            for one in checks:
                where = f"{it.name}: {it.ae_title} at {it.host}:{it.port}"
                said = f"{where} answers {one.service} in {one.seconds * 1000:.0f} ms"
                say(said if one.ok else one.reason, "" if one.ok else "red")
    if not all(one.ok for _, checks in results for one in checks):
        raise typer.Exit(EXIT_FAILED)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that were typed; an empty entry empties a list."""
    given = {name: value for name, value in fields.items() if value is not None}
    if "move_ae_titles" in given:
        pairs = [pair.partition("=") for pair in given["move_ae_titles"] if pair]
        given["move_ae_titles"] = {name: ae_title for name, _, ae_title in pairs}
    return given


def _show(shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    lists = {
        "transfer_syntaxes": ", ".join(shown["transfer_syntaxes"]),
        "move_ae_titles": ", ".join(f"{name}={title}" for name, title in shown["move_ae_titles"].items()),
    }
    say_pairs((name, value) for name, value in (shown | lists).items() if name != "warnings")
    for warning in shown["warnings"]:
        err.print(f"warning: {warning}", soft_wrap=True)


def _remarks(shown: dict[str, Any]) -> list[str]:
    remarks = {
        "of the settings": not shown["managed"],
        "not active": not shown["active"],
        "gets no orders": not shown["receives_orders"],
        "TLS": shown["tls"],
        "DICOMweb": bool(shown["web_url"]),
    }
    return [remark for remark, is_so in remarks.items() if is_so]


pacs_app.command("import")(import_file)
pacs_app.command("find")(find)
pacs_app.command("move")(move)
pacs_app.command("get")(get)
