"""explain: what is read from a message, how it would be answered, and why."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from dicomfabd.app.daemon import planner_of
from dicomfabd.app.planning import choices_of
from dicomfabd.app.reader_main import reader_of
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
from dicomfabd.domain.order import OrderControl
from dicomfabd.intake.conformance import Conformance, judge
from dicomfabd.intake.orders import OrderRequest
from dicomfabd.intake.reading import Reading
from dicomfabd.plan.planner import Planner
from dicomfabd.store.interface import PatientChange
from dicomfabd.web.api.orders import content
from dicomfabd.web.api.words import fault_in_words

_ASKS: Final = {
    OrderControl.NEW: ("a new order", "scheduled"),
    OrderControl.CHANGE: ("a change of an order; a new one if it is unknown", "scheduled"),
    OrderControl.CANCEL: ("the end of an order: cancel", "cancelled"),
    OrderControl.DISCONTINUE: ("the end of an order: discontinue", "discontinued"),
    OrderControl.HOLD: ("to put an order on hold", "held"),
    OrderControl.RELEASE: ("to release an order from hold", "scheduled"),
    OrderControl.START: ("to note that an order has begun", "in_progress"),
    OrderControl.COMPLETE: ("to note that an order is completed", "completed"),
    OrderControl.ATTACH: ("to attach numbers to an order", "scheduled"),
}
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
    reader = reader_of(settings.intake, settings.senders, choices_of(planner, settings.stations))
    readings = [reading for frame in frames_in(read_source(file)) for reading in reader.read(frame, host)]
    if not readings:
        fail(f"{file}: no message in it")
    if as_json:
        told = [_as_json(reading, strict) for reading in readings]
        print_json(told[0] if len(told) == 1 else {"messages": told})
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
    reader = reader_of(settings.intake, settings.senders, choices_of(planner, settings.stations))
    readings = [reading for frame in frames_in(read_source(str(file))) for reading in reader.read(frame)]
    refused = [fault for reading in readings for fault in reading.faults]
    if refused:
        fail("\n".join(f"{fault.code} at {fault.location}: {fault.text}. {fault.hint}".rstrip() for fault in refused))
    return [request for reading in readings for request in reading.requests if isinstance(request, OrderRequest)]


def _as_json(reading: Reading, strict: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "message_type": reading.header.message_type,
        "control_id": reading.header.control_id,
        "sender": reading.sender.name,
        "ack": {
            "code": reading.code,
            "text": reading.faults[0].text if reading.faults else "",
            "errors": [_fault_as_json(fault) for fault in reading.faults],
            "warnings": [_fault_as_json(fault) for fault in reading.warnings],
        },
        "note": reading.note,
        "orders": [_order_as_json(request) for request in reading.requests if isinstance(request, OrderRequest)],
        "patients": [_patient_as_json(request) for request in reading.requests if isinstance(request, PatientChange)],
    }
    if strict:
        told["conformance"] = asdict(judge(reading.raw, reading.sender.charset))
    return told


def _fault_as_json(fault: Fault) -> dict[str, Any]:
    return fault_in_words(fault) | {"hint": fault.hint}


def _order_as_json(request: OrderRequest) -> dict[str, Any]:
    asks, state = _ASKS[request.control]
    said: dict[str, Any] = {"control": request.control.value, "asks": asks, "state": state, **asdict(request.keys)}
    if request.order is not None:
        said |= content(request.order)
        said["scheduled_procedure_step_ids"] = [step.scheduled_procedure_step_id for step in request.order.steps]
    return said


def _patient_as_json(change: PatientChange) -> dict[str, Any]:
    asks = "to merge patients, or to change an ID" if change.priors else "to bring a patient up to date"
    return {
        "asks": asks,
        **asdict(change.patient),
        "cleared": sorted(change.cleared),
        "priors": [asdict(prior) for prior in change.priors],
    }


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
        told = _order_as_json(request)
        say_wrapped(f"asks    {told.pop('asks')}", 0, 8)
        _show_values(told)
        if request.order is not None:
            for sentence in planner.plan(request.order).evidence:
                say_wrapped(f"because {sentence}", 2, 8)


def _show_patient(change: PatientChange) -> None:
    told = _patient_as_json(change)
    say_wrapped(f"asks    {told.pop('asks')}", 0, 8)
    told["priors"] = [f"{prior.patient_id} {prior.issuer_of_patient_id}".strip() for prior in change.priors]
    _show_values(told)


def _show_values(told: dict[str, Any]) -> None:
    steps = told.pop("steps", [])
    say_pairs(((name, _plain(value)) for name, value in told.items()), 2)
    for number, step in enumerate(steps, start=1):
        say(f"  step {number}")
        code = step.pop("protocol_code")
        say_pairs([*step.items(), ("protocol_code", " ".join(filter(None, code.values())))], 4)


def _show_fault(fault: Fault) -> None:
    told = fault_in_words(fault)
    place = told["place"] or "the message"
    if told["place"] != told["location"]:
        place += f", {told['location']}"
    is_error = told["severity"] == "error"
    head = f"{fault.code} {told['condition']} at {place}" if is_error else f"note at {place}"
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
