"""pacs import: the PACS of a dicom-fabricator that was used before."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dicomfabd.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    fail,
    print_json,
    say,
    say_wrapped,
    settings_or_fail,
)
from dicomfabd.cli.registry import editor_of, registry_of
from dicomfabd.config import ConfigError
from dicomfabd.config.pacs_json import LARGEST_FILE, Entry, read_pacs_json
from dicomfabd.domain.destinations import RESERVED_NAMES, Destinations
from dicomfabd.web.api.destinations import warnings


def import_file(
    file: Annotated[Path, typer.Argument(help="The pacs_config.json; it is only read.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take destinations over from a dicom-fabricator, all or nothing; exit code 1 if an entry is refused."""
    settings = settings_or_fail(config)
    entries = _read(file)
    with registry_of(settings) as registry:
        told = [_told(entry, registry, {it.name for it in entries if it.section}) for entry in entries]
    wanted = {it["name"] for it in told if it["result"] in ("added", "replaced")}
    if wanted and not dry_run:
        with editor_of(settings) as (_, editor):
            chosen = [it.section.destination() for it in entries if it.section and it.name in wanted]
            editor.bring(chosen, file.name)
    if as_json:
        print_json({"dry_run": dry_run, "entries": told})
    else:
        for it in told:
            _say(it)
        said = ", ".join(f"{sum(it['result'] == name for it in told)} {name}" for name in _RESULTS)
        say(f"{said}{'; nothing was done (--dry-run)' if dry_run else ''}")
    if any(it["result"] == "refused" for it in told):
        raise typer.Exit(EXIT_FAILED)


_RESULTS = ("added", "replaced", "unchanged", "refused")


def _read(file: Path) -> list[Entry]:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
        return read_pacs_json(data, frozenset(RESERVED_NAMES))
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}. Name a pacs_config.json.", EXIT_USAGE)
    except ConfigError as error:
        fail(f"{file}: {error}", EXIT_USAGE)


def _told(entry: Entry, registry: Destinations, beside: set[str]) -> dict[str, Any]:
    """Say what becomes of an entry; `beside` are the names that come with it."""
    notes = list(entry.notes)
    reasons = [f"{it.field}: {it.text}. {it.hint}".strip(": ").rstrip() for it in entry.faults]
    result = "refused"
    if entry.section is not None:
        destination = entry.section.destination()
        known = registry.get(entry.name)
        notes += warnings(destination, {it.name for it in registry.all()} | beside)
        if registry.is_fixed(entry.name):
            reasons.append(f"{entry.name} is a destination of the settings. Rename one of the two.")
        elif known is None:
            result = "added"
        else:
            result = "unchanged" if known == destination else "replaced"
    return {"entry": entry.original, "name": entry.name, "result": result, "reasons": reasons, "notes": notes}


def _say(told: dict[str, Any]) -> None:
    say_wrapped(
        f"{told['entry']}: {told['result']} as {told['name']}"
        if told["result"] != "refused"
        else f"{told['entry']}: refused"
    )
    for line in (*told["reasons"], *told["notes"]):
        say_wrapped(line, 2)
