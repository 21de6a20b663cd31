"""protocols: what studies can be made, how each is made up, and what they look like."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from dicomfabd.app.makable import check_catalog
from dicomfabd.app.planning import planner_setup
from dicomfabd.cli.console import (
    ConfigOption,
    JsonOption,
    fail,
    print_json,
    say,
    say_pairs,
    say_table,
    settings_or_fail,
)
from dicomfabd.config import ConfigError, Settings
from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order
from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.patient import Patient
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.sheet import write_sheet
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.layout import SIZES
from dicomfabd.plan.planner import Planner
from dicomfabd.plan.protocol import Protocol

protocols_app = typer.Typer(help="Look at the catalogue of studies.", no_args_is_help=True)

_SAMPLE_DAY: Final = datetime(2026, 1, 15, 10, 0)


@protocols_app.command("list")
def list_protocols(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List all protocols, the package's and the site's."""
    catalog = _catalog_or_fail(settings_or_fail(config))
    rows = [
        {
            "id": protocol.id,
            "modality": "/".join(protocol.modalities),
            "title": protocol.title,
            "series": len(protocol.series),
            "file": str(catalog.source_of(protocol)).partition(":")[0],
        }
        for protocol in catalog.protocols
    ]
    if as_json:
        print_json(rows)
        return
    columns = {"id": "PROTOCOL", "modality": "MODALITY", "series": "SERIES", "title": "TITLE"}
    say_table(dict.fromkeys(columns.values(), "text"), ([row[key] for key in columns] for row in rows))


@protocols_app.command("show")
def show_protocol(
    name: Annotated[str, typer.Argument(help="Its id; see `protocols list`.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show which orders a protocol serves and what it makes of them at the settings' scale."""
    settings = settings_or_fail(config)
    planner, protocol = _planner_and(name, settings)
    plan = planner.plan_as(_sample_order(protocol), protocol)
    serves = protocol.model_dump(exclude={"series", "id", "version", "title"}, exclude_defaults=True)
    series = [
        {
            "number": item.number,
            "description": item.description,
            "kind": item.kind,
            "images": item.images,
            "frames": item.frames,
            "size": f"{item.columns}x{item.rows}" if item.rows else "",
            "spacing_mm": item.pixel_spacing,
            "thickness_mm": item.slice_thickness,
        }
        for item in plan.series
    ]
    if as_json:
        print_json(
            {"id": protocol.id, "title": protocol.title, "version": protocol.version, **serves, "series": series}
        )
        return
    say_pairs([("protocol", protocol.id), ("title", protocol.title), ("version", protocol.version)])
    say_pairs((key, ", ".join(value) if isinstance(value, tuple) else value) for key, value in serves.items())
    say()
    keys = ("number", "description", "kind", "images", "frames", "size")
    say_table({key.upper(): "text" for key in keys}, ([item[key] for key in keys] for item in series))


@protocols_app.command("check")
def check_protocols(config: ConfigOption = None) -> None:
    """Check every protocol file; exit code 2 and one line for each fault if any is not as it should be."""
    settings = settings_or_fail(config)
    catalog = _catalog_or_fail(settings)
    own = sum(catalog.source_of(protocol).is_site for protocol in catalog.protocols)
    say(f"{len(catalog.protocols)} protocols, {own} of them from {settings.protocols_dir}: all as they should be.")


@protocols_app.command("sheet")
def sheet(
    file: Annotated[Path, typer.Option("--out", help="The PNG to write.")],
    scale: Annotated[str, typer.Option(help="full, small or tiny.")] = "full",
    config: ConfigOption = None,
) -> None:
    """Draw one picture of each protocol on one sheet; the first time bodies are built, which takes minutes."""
    settings = settings_or_fail(config)
    chosen = next((size for size in SIZES if size == scale), None)
    if chosen is None:
        fail(f"{scale} is no scale. Use full, small or tiny.", 2)
    catalog = _catalog_or_fail(settings)
    planner = planner_setup(settings).build()
    studies = [
        (protocol.id, planner.plan_as(_sample_order(protocol), protocol, chosen)) for protocol in catalog.protocols
    ]
    write_sheet(studies, Bodies(settings.anatomy_dir), file)
    say(f"{file}: {len(studies)} protocols")


def _catalog_or_fail(settings: Settings) -> Catalog:
    try:
        catalog = Catalog.load(settings.protocols_dir)
        check_catalog(catalog)
    except ConfigError as error:
        fail(f"protocols: {error}", 2)
    return catalog


def _planner_and(name: str, settings: Settings) -> tuple[Planner, Protocol]:
    protocol = _catalog_or_fail(settings).get(name)
    if protocol is None:
        fail(f"there is no protocol {name}; see `dicomfabd protocols list`")
    return planner_setup(settings).build(), protocol


def _sample_order(protocol: Protocol) -> Order:
    """Give an order of a patient who does not exist, for looking at a protocol."""
    draft = OrderDraft(
        patient=Patient("SAMPLE", "SAMPLE^PATIENT", patient_birth_date="19800101", patient_sex="F"),
        procedure=Code("", protocol.title or protocol.id),
        steps=(StepDraft(modality=protocol.modalities[-1], scheduled_at=_SAMPLE_DAY),),
        default_start=_SAMPLE_DAY,
        accession_candidates=("SAMPLE",),
    )
    return build_order(draft, Choices(lambda _procedure, _service: protocol.modalities[-1]))[0]
