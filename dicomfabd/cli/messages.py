"""send, explain: HL7 messages."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from dicomfabd.app.daemon import planner_of
from dicomfabd.cli.console import ConfigOption, JsonOption, address_of, err, fail, out, print_json, settings_or_fail
from dicomfabd.domain.errors import Fault
from dicomfabd.domain.order import OrderControl
from dicomfabd.intake.client import Answer, MllpClient
from dicomfabd.intake.mllp import Frame, Framer
from dicomfabd.intake.orders import OrderRequest
from dicomfabd.intake.reading import Reader, Reading
from dicomfabd.plan.planner import Planner

_LONGEST_FILE = 64 * 1024 * 1024


def send(
    source: Annotated[
        str, typer.Argument(metavar="FILE|DIR|-", help="A message, a folder of *.hl7, or standard input.")
    ],
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="Receiver; the local daemon by default.")] = "",
    rate: Annotated[float, typer.Option(help="Messages per second at most; 0 is as fast as it goes.")] = 0.0,
    config: ConfigOption = None,
) -> None:
    """Send messages over MLLP and show each answer; exit code 1 unless all are positive."""
    settings = settings_or_fail(config)
    host, port = _host_and_port(to or address_of(settings, "mllp", settings.intake.host, settings.intake.port))
    messages = list(_messages(source))
    if not messages:
        fail(f"{source}: no message in it")
    refused = 0
    try:
        with MllpClient(host, port) as client, Progress(console=err, transient=True) as progress:
            for name, message in progress.track(messages, description="sending"):
                started = time.monotonic()
                answer = client.send(message)
                refused += answer.code not in ("AA", "CA")
                _show_answer(name, answer)
                if rate:
                    time.sleep(max(0.0, 1 / rate - (time.monotonic() - started)))
    except OSError as error:
        fail(f"{host}:{port}: {error.strerror or error}")
    if refused:
        fail(f"{refused} of {len(messages)} refused")


def explain(
    file: Annotated[Path, typer.Argument(help="One message.")], as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show what is read from a message, how it would be answered, and why; sends nothing."""
    planner = planner_of(settings_or_fail(config))
    reading = Reader(planner.choose_modality).read(_read(file))
    if as_json:
        print_json({"ack": _ack(reading), "orders": [order_as_json(request) for request in reading.requests]})
        return
    out.print(f"answer  {reading.code or 'none: this is an acknowledgment'}", markup=False)
    for fault in reading.faults:
        out.print(f"  {_sentence(fault)}", markup=False, soft_wrap=True)
    for fault in reading.warnings:
        out.print(f"  note at {fault.location}: {fault.text}", markup=False, soft_wrap=True)
    for request in reading.requests:
        out.print("")
        for name, value in order_as_json(request).items():
            out.print(f"  {name:24} {value}", markup=False, soft_wrap=True)
        if request.order:
            for sentence in planner.plan(request.order).evidence:
                out.print(f"  {'':24} {sentence}", markup=False, soft_wrap=True)


def read_orders_or_fail(file: Path, planner: Planner) -> list[OrderRequest]:
    """Give what a message asks; a message that would be refused ends the command."""
    reading = Reader(planner.choose_modality).read(_read(file))
    if reading.code != "AA":
        fail("\n".join(map(_sentence, reading.faults)))
    return list(reading.requests)


def order_as_json(request: OrderRequest) -> dict[str, Any]:
    """Give an order as `explain --json` prints it."""
    order = request.order
    state = "cancelled" if request.control is OrderControl.CANCEL else "scheduled"
    if order is None:
        keys = request.keys
        return {
            "control": request.control.value,
            "state": state,
            "accession_number": keys.accession_number,
            "placer_order_number": keys.placer_order_number,
            "filler_order_number": keys.filler_order_number,
        }
    patient = order.patient
    return {
        "control": request.control.value,
        "state": state,
        "accession_number": order.accession_number,
        "patient_id": patient.patient_id,
        "issuer_of_patient_id": patient.issuer_of_patient_id,
        "patient_name": patient.patient_name,
        "patient_birth_date": patient.patient_birth_date,
        "patient_sex": patient.patient_sex,
        "modality": order.modality,
        "procedure": order.procedure.meaning,
        "procedure_code": order.procedure.value,
        "procedure_scheme": order.procedure.scheme,
        "study_instance_uid": order.study_instance_uid,
        "study_uid_origin": order.study_uid_origin,
        "scheduled_at": order.scheduled_at.isoformat(),
        "priority": order.priority,
        "placer_order_number": order.placer_order_number,
        "filler_order_number": order.filler_order_number,
        "requested_procedure_id": order.requested_procedure_id,
        "scheduled_procedure_step_ids": [step.scheduled_procedure_step_id for step in order.steps],
        "referring_physician": order.referring_physician,
        "requesting_physician": order.requesting_physician,
        "admission_id": order.visit.admission_id,
        "patient_class": order.visit.patient_class,
        "other_patient_ids": list(patient.other_patient_ids),
        "current_patient_location": order.visit.current_patient_location,
        "reason": order.reason,
        "sender": order.sender,
    }


def _ack(reading: Reading) -> dict[str, Any]:
    return {
        "code": reading.code,
        "text": reading.faults[0].text if reading.faults else "",
        "errors": [_as_dict(fault) for fault in reading.faults],
        "warnings": [_as_dict(fault) for fault in reading.warnings],
    }


def _sentence(fault: Fault) -> str:
    return f"{fault.code} at {fault.location}: {fault.text}. {fault.hint}"


def _as_dict(fault: Fault) -> dict[str, Any]:
    return {"code": fault.code, "location": fault.location, "text": fault.text, "hint": fault.hint}


def _show_answer(name: str, answer: Answer) -> None:
    colour = "green" if answer.code in ("AA", "CA") else "red"
    text = " ".join(part for part in (answer.code or "??", answer.control_id, answer.text) if part)
    out.print(f"{name}: {text}", style=colour if out.is_terminal else None, markup=False, soft_wrap=True)
    for error in answer.errors:
        out.print(f"  {error}", markup=False, soft_wrap=True)


def _messages(source: str) -> Iterator[tuple[str, bytes]]:
    if source == "-":
        yield from _split("-", sys.stdin.buffer.read(_LONGEST_FILE))
        return
    path = Path(source)
    files = sorted(path.glob("*.hl7")) if path.is_dir() else [path]
    for file in files:
        yield from _split(file.name, _read(file))


def _split(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the messages of a file: framed ones, or one or more that each begin with MSH."""
    if b"\x0b" in data:
        framed = [event.data for event in Framer(_LONGEST_FILE).feed(data) if isinstance(event, Frame)]
    else:
        lines = data.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
        framed = []
        for line in lines:
            if line.startswith(b"MSH") or not framed:
                framed.append(b"")
            framed[-1] += line + b"\r" if line else b""
        framed = [message for message in framed if message]
    for index, message in enumerate(framed, start=1):
        yield (name if len(framed) == 1 else f"{name}#{index}"), message


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}")


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        fail(f"--to {address}: not HOST:PORT", 2)
    return host.strip("[]"), int(port)
