"""send: HL7 messages to a receiver, this daemon or any other."""

import ssl
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.progress import Progress

from dicomfabd.cli.console import EXIT_USAGE, ConfigOption, address_of, err, fail, say, settings_or_fail
from dicomfabd.cli.files import messages_in
from dicomfabd.config import ConfigError
from dicomfabd.intake.client import Answer, MllpClient
from dicomfabd.tls.door import client_context

_POSITIVE = ("AA", "CA")


def send(
    source: Annotated[
        str, typer.Argument(metavar="FILE|DIR|-", help="A message, a folder of *.hl7, or standard input.")
    ],
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="Receiver; the local daemon by default.")] = "",
    rate: Annotated[float, typer.Option(min=0, help="Messages per second at most; 0 is as fast as it goes.")] = 0.0,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="Expect none (MSH-15 and MSH-16 NE).")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 30.0,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS, and check whom it is spoken with.")] = False,
    ca: Annotated[str, typer.Option(metavar="FILE", help="PEM: who vouches for the receiver.")] = "",
    cert: Annotated[
        str, typer.Option("--cert", "--certificate", metavar="FILE", help="PEM: our own certificate.")
    ] = "",
    key: Annotated[str, typer.Option(metavar="FILE", help="PEM: its key, if in a file of its own.")] = "",
    config: ConfigOption = None,
) -> None:
    """Send messages over MLLP and show each answer; exit code 1 unless all are positive."""
    settings = settings_or_fail(config)
    host, port = _host_and_port(to or address_of(settings, "mllp", settings.intake.host, settings.intake.port))
    context = _context(ca, cert, key) if tls or ca or cert or key else None
    messages = list(messages_in(source))
    if not messages:
        fail(f"{source}: no message in it")
    try:
        with MllpClient(host, port, timeout, context) as line:
            refused = _send_all(line, messages, rate, waits=not no_answer)
    except ssl.SSLError as error:
        fail(f"{host}:{port}: TLS: {getattr(error, 'verify_message', '') or error.reason or error}")
    except OSError as error:
        fail(f"{host}:{port}: {error.strerror or error}")
    if refused:
        fail(f"{refused} of {len(messages)} refused")


def _send_all(line: MllpClient, messages: Sequence[tuple[str, bytes]], rate: float, *, waits: bool) -> int:
    refused = 0
    with Progress(console=err, transient=True) as progress:
        for name, message in progress.track(messages, description="sending"):
            started = time.monotonic()
            if waits:
                answers = line.ask(message)
                refused += any(answer.code not in _POSITIVE for answer in answers)
                for number, answer in enumerate(answers, start=1):
                    _show(name if number == 1 else f"{name} ({number})", answer)
            else:
                line.tell(message)
                say(f"{name}: sent")
            if rate:
                time.sleep(max(0.0, 1 / rate - (time.monotonic() - started)))
    if not waits:
        for answer in line.last_words():
            _show("unexpected", answer)
    return refused


def _show(name: str, answer: Answer) -> None:
    text = " ".join(part for part in (answer.code or "??", answer.control_id, answer.text) if part)
    say(f"{name}: {text}", "green" if answer.code in _POSITIVE else "red")
    for error in answer.errors:
        say(f"  {error}")


def _context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    if key and not certificate:
        fail("--key is the key of a certificate. Give --cert too.", EXIT_USAGE)
    try:
        return client_context(ca, certificate, key)
    except ConfigError as error:
        fail(f"--{error}", EXIT_USAGE)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        fail(f"--to {address}: not HOST:PORT", EXIT_USAGE)
    return host.strip("[]"), int(port)
