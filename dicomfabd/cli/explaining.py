"""explain: what is read from a message, how it would be answered, and why."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from dicomfabd.app.explaining import Explainer, order_told, patient_told, told
from dicomfabd.app.planning import planner_of
from dicomfabd.cli.console import (
    ConfigOption,
    JsonOption,
    fail,
    print_json,
    say,
    say_pairs,
    say_wrapped,
    settings_or_fail,
)
from dicomfabd.cli.files import frames_in, read_source
from dicomfabd.config import Settings
from dicomfabd.domain.errors import Fault
from dicomfabd.intake.conformance import Conformance, judge
from dicomfabd.intake.orders import OrderRequest
from dicomfabd.intake.reading import Reading
from dicomfabd.plan.planner import Planner
from dicomfabd.store.interface import PatientChange
from dicomfabd.web.api.words import fault_in_words

_NOT_ANSWERED: Final = "none: this is an acknowledgment itself"


def explain(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A message, a batch, or frames of MLLP.")],
    strict: Annotated[bool, typer.Option("--strict", help="Add how far it is from the standard (hl7apy).")] = False,
    host: Annotated[str, typer.Option(help="Address it would come from, for [[senders]] with addresses.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what is read from a message, how it would be answered, and why; sends and keeps nothing."""
    settings = settings_or_fail(config)
    planner = planner_of(settings)
    reader = Explainer(settings, planner).reader()
    readings = [reading for frame in frames_in(read_source(file)) for reading in reader.read(frame, host)]
    if not readings:
        fail(f"{file}: no message in it")
    if as_json:
        shown = [_as_json(reading, strict) for reading in readings]
        print_json(shown[0] if len(shown) == 1 else {"messages": shown})
        return
    for number, reading in enumerate(readings, start=1):
        if len(readings) > 1:
            say(f"message {number} of {len(readings)}")
        _show(reading, planner)
        if strict:
            _show_conformance(judge(reading.raw, reading.sender.charset))
        if number < len(readings):
            say()


def read_orders_or_fail(file: Path, settings: Settings, planner: Planner) -> list[OrderRequest]:
    """Give what the messages of a file ask of orders; one that would be refused ends the command."""
    reader = Explainer(settings, planner).reader()
    readings = [reading for frame in frames_in(read_source(str(file))) for reading in reader.read(frame)]
    refused = [fault for reading in readings for fault in reading.faults]
    if refused:
        fail("\n".join(f"{fault.code} at {fault.location}: {fault.text}. {fault.hint}".rstrip() for fault in refused))
    return [request for reading in readings for request in reading.requests if isinstance(request, OrderRequest)]


def _as_json(reading: Reading, strict: bool) -> dict[str, Any]:
    if not strict:
        return told(reading)
    return told(reading) | {"conformance": asdict(judge(reading.raw, reading.sender.charset))}


def _show(reading: Reading, planner: Planner) -> None:
    say(f"answer  {reading.code or _NOT_ANSWERED}", "green" if reading.code in ("AA", "") else "red")
    if reading.sender.is_known:
        say_wrapped(f"sender  {reading.sender.name}: answered in {reading.sender.ack_mode} mode", 0, 8)
    for fault in reading.faults:
        _show_fault(fault)
    for fault in reading.warnings:
        _show_fault(fault)
    if reading.note:
        say_wrapped(f"does    nothing: {reading.note}", 0, 8)
    for request in reading.requests:
        say()
        if isinstance(request, PatientChange):
            _show_patient(request)
            continue
        said = order_told(request)
        say_wrapped(f"asks    {said.pop('asks')}", 0, 8)
        _show_values(said)
        if request.order is not None:
            for sentence in planner.plan(request.order).evidence:
                say_wrapped(f"because {sentence}", 2, 8)


def _show_patient(change: PatientChange) -> None:
    said = patient_told(change)
    say_wrapped(f"asks    {said.pop('asks')}", 0, 8)
    said["priors"] = [f"{prior.patient_id} {prior.issuer_of_patient_id}".strip() for prior in change.priors]
    _show_values(said)


def _show_values(said: dict[str, Any]) -> None:
    steps = said.pop("steps", [])
    say_pairs(((name, _plain(value)) for name, value in said.items()), 2)
    for number, step in enumerate(steps, start=1):
        say(f"  step {number}")
        code = step.pop("protocol_code")
        say_pairs([*step.items(), ("protocol_code", " ".join(filter(None, code.values())))], 4)


def _show_fault(fault: Fault) -> None:
    said = fault_in_words(fault)
    place = said["place"] or "the message"
    if said["place"] != said["location"]:
        place += f", {said['location']}"
    is_error = said["severity"] == "error"
    head = f"{fault.code} {said['condition']} at {place}" if is_error else f"note at {place}"
    say_wrapped(head, 2, 4)
    say_wrapped(f"{fault.text.rstrip('.')}.", 4, 0)
    if fault.hint:
        say_wrapped(f"Fix: {fault.hint}", 4, 5)


def _show_conformance(report: Conformance) -> None:
    by = f"{report.structure} of HL7 {report.version}" if report.structure else f"HL7 {report.version or '?'}"
    errors = sum(finding.severity == "error" for finding in report.findings)
    say()
    say_wrapped(f"strict  {errors} errors, {len(report.findings) - errors} warnings by {by} (hl7apy)", 0, 8)
    for note in report.notes:
        say_wrapped(note, 2)
    for finding in report.findings:
        place = fault_in_words(Fault(0, finding.location, ""))["place"] or "message"
        say_wrapped(f"{finding.severity:7} {place}: {finding.text}", 2, 8)


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else value
