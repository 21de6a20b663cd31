"""plan, fabricate: what study an order asks for, and its files."""

from pathlib import Path
from typing import Annotated

import typer

from dicomfabd.app.planning import planner_of
from dicomfabd.cli.console import (
    ConfigOption,
    JsonOption,
    fail,
    out,
    print_json,
    settings_or_fail,
)
from dicomfabd.cli.explaining import read_orders_or_fail
from dicomfabd.domain.order import Code
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import fabricate as make
from dicomfabd.fabricate.study import write_file


def plan(
    text: Annotated[str, typer.Argument(help="A procedure, as OBR-4 names it.")],
    obr24: Annotated[str, typer.Argument(help="Diagnostic service section (OBR-24).")] = "",
    code: Annotated[str, typer.Option(help="Its code (OBR-4.1).")] = "",
    scheme: Annotated[str, typer.Option(help="The code's system (OBR-4.3).")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what is read from a procedure's name and which protocol serves it."""
    found, protocol = planner_of(settings_or_fail(config)).recognise(Code(code, text, scheme), obr24)
    result = {
        "modality": found.modality,
        "body_part": found.body_part.term if found.body_part else "",
        "laterality": found.laterality,
        "contrast": "both" if found.both_phases else found.contrast,
        "exams": ", ".join(sorted(found.exams)),
        "protocol": protocol.id if protocol else "fallback",
        "evidence": list(found.evidence),
    }
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        shown = "; ".join(found.evidence) if name == "evidence" else value
        out.print(f"{name:12} {shown}", soft_wrap=True)


def fabricate(
    file: Annotated[Path, typer.Argument(help="One HL7 order message.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the DICOM files.")],
    config: ConfigOption = None,
) -> None:
    """Make the studies of a message, straight to disk, without a daemon."""
    settings = settings_or_fail(config)
    planner = planner_of(settings)
    requests = [request for request in read_orders_or_fail(file, settings, planner) if request.order]
    if not requests:
        fail(f"{file}: asks for no study")
    bodies = Bodies(settings.anatomy_dir)
    for number, request in enumerate(requests, start=1):
        assert request.order is not None  # noqa: S101 - filtered above
        study = planner.plan(request.order)
        # Numbers, because nothing a sender wrote may become a path.
        target = folder / f"study{number:03d}"
        target.mkdir(parents=True, exist_ok=True)
        for index, instance in enumerate(make(study, bodies), start=1):
            write_file(instance, target / f"{index:05d}.dcm")
        out.print(f"{target}: {study.instances} instances, protocol {study.protocol}", soft_wrap=True)
