"""Durable acknowledgments a second and their p99, beside the servers of python-hl7 and hl7apy.

Ours is the whole daemon: it reads, maps, stores and fsyncs each order. Theirs store nothing. Senders work in lock step.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from types import MappingProxyType

import hl7
from hl7.mllp import start_hl7_server
from hl7apy.core import Message as HL7Message
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

from benchmarks.load import Message, Result, run
from tests.daemons import SETTINGS
from tests.peers import free_port, wait_for_port

CONNECTIONS = (1, 8, 64)
SECONDS = 2.0
ROUNDS = 3
STEADY_RATE = 1000
STEADY_CONNECTIONS = 16

# An order as hospital systems send it: a kilobyte, most of it nothing a modality needs.
MESSAGE = """\
MSH|^~\\&|EPICRIS|GENERAL HOSPITAL|DICOMFABD|IMAGING|20260302120000.123+0100||ORM^O01^ORM_O01|@@CTRL@@|T|2.5.1|||AL|NE
PID|1||7104533^^^GENERAL^MR~850-12-3344^^^NATIONAL^SS||Whitfield^Margaret^Anne^^Mrs^^L||19610427|F|||14 ORCHARD ROW^APT 2\
^SPRINGFIELD^IL^62704^US^H||^PRN^PH^^1^217^5550143|^WPN^PH^^1^217^5550188|ENG|M|CHR|V1002239|||||||||||||N
PV1|1|O|RADCT^WAIT^01^GENERAL||||4471^Lindholm^Erik^J^^Dr^^^GENERAL|4471^Lindholm^Erik^J^^Dr^^^GENERAL|5520^Osei^Abena^^^Dr\
|RAD||||1|||4471^Lindholm^Erik^J^^Dr|OP|V1002239^^^GENERAL^VN|||||||||||||||||||||GENERAL||REG|||20260302113000+0100
AL1|1|DA|^PENICILLIN|MO|RASH
ORC|NW|@@ACC@@^EPIC|@@ACC@@^RIS||SC||^^^20260302130000+0100^^R||20260302120000+0100|7781^Bauer^Ines|\
|4471^Lindholm^Erik^J^^Dr^^^GENERAL|RADCT^^^GENERAL|^WPN^PH^^1^217^5550100||||GENERAL HOSPITAL
OBR|1|@@ACC@@^EPIC|@@ACC@@^RIS|71260^CT CHEST W CONTRAST^C4^IMG204^CT CHEST WITH IV CONTRAST^EAP|R|20260302120000+0100|||||\
||FOLLOW UP NODULE|||4471^Lindholm^Erik^J^^Dr^^^GENERAL|^WPN^PH|@@ACC@@|RP7781|SP7781||20260302120000+0100||CT|||\
^^^20260302130000+0100^^R||||R91.1^Solitary pulmonary nodule^I10
NTE|1||Patient has a pacemaker. Creatinine 0.9 on 2026-02-27.
DG1|1||R91.1^Solitary pulmonary nodule^I10
"""


def load(port: int, connections: int, prefix: str, rate: float, results: "multiprocessing.Queue[Result]") -> None:
    """Send for a while over so many connections."""
    results.put(run(port, connections, Message(MESSAGE, prefix), SECONDS, rate))


def python_hl7_server(port: int) -> None:
    """Answer each message as the library's documentation shows, on its own stream classes."""

    async def serve() -> None:
        async def answer(reader: hl7.mllp.HL7StreamReader, writer: hl7.mllp.HL7StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while not writer.is_closing():
                    message = await reader.readmessage()
                    writer.writemessage(message.create_ack())
                    await writer.drain()

        async with await start_hl7_server(answer, port=port, host="127.0.0.1", encoding="utf-8") as server:
            await server.serve_forever()

    asyncio.run(serve())


def hl7apy_server(port: int) -> None:
    """Answer each message with hl7apy's own server, which closes after each; the message is parsed, not validated."""

    class Handler(AbstractHandler):  # type: ignore[misc] # hl7apy ships no annotations
        def reply(self) -> str:
            message = parse_message(self.incoming_message, find_groups=False)
            answer = HL7Message("ACK", version="2.5")
            answer.msa.msa_1 = "AA"
            answer.msa.msa_2 = message.msh.msh_10.value
            return str(answer.to_mllp())

    class Server(MLLPServer):  # type: ignore[misc] # as above
        allow_reuse_address = True

    Server("127.0.0.1", port, {"ORM^O01^ORM_O01": (Handler,)}).serve_forever()


@contextlib.contextmanager
def peer(serve: Callable[[int], None]) -> Iterator[int]:
    """Run a library's server in a process of its own."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,))
    process.start()
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.join(10)


@dataclass(frozen=True, slots=True)
class OurDaemon:
    """A daemon under load: its HL7 port, its main process, its page and its worklist's port."""

    port: int
    pid: int
    page: str
    worklist_port: int


@contextlib.contextmanager
def our_daemon(
    folder: Path, workers: int = 1, more: str = "", environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[OurDaemon]:
    """Run the whole daemon, its log in a file; without `more` orders go nowhere: what is measured is taking them.

    What stands in the environment counts more than the settings written to its file.
    """
    settings = SETTINGS.format(state=folder / "state", archive="false", workers=workers, when="at_once")
    (folder / "dicomfabd.toml").write_text(settings + more)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dicomfabd", "run", "--config", str(folder / "dicomfabd.toml")],
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
        try:
            addresses = folder / "state" / "addresses.json"
            while not addresses.exists():
                time.sleep(0.05)
            doors = json.loads(addresses.read_text())
            mllp, worklist = (int(doors[door].rpartition(":")[2]) for door in ("mllp", "worklist"))
            yield OurDaemon(mllp, process.pid, doors["page"], worklist)
        finally:
            process.terminate()
            process.wait(30)


def measure(port: int, connections: int, prefix: str, rate: float = 0.0) -> Result:
    """Run one load in a process of its own."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[Result] = context.Queue()
    process = context.Process(target=load, args=(port, connections, prefix, rate, results))
    process.start()
    found = results.get(timeout=SECONDS * 20)
    process.join(10)
    return found


def reconnecting(port: int, seconds: float) -> float:
    """Give messages a second of one sender that has to connect again for each; hl7apy's server takes no other."""
    message = Message(MESSAGE, "r")
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(message.next())
            if b"AA" not in connection.recv(65536):
                raise AssertionError("hl7apy did not answer AA")
        count += 1
    return count / seconds


def main() -> None:
    """Print one line for each number of connections: medians of several rounds, the servers in turn."""
    print("durable ACK of ORM^O01 (ours: parsed, mapped, stored, fsynced) beside python-hl7's server (stores nothing)")
    with tempfile.TemporaryDirectory() as name, our_daemon(Path(name)) as ours, peer(python_hl7_server) as theirs:
        print(f"message: {len(MESSAGE)} bytes")
        print(f"{'connections':>12} {'ours/s':>9} {'p99 ms':>8} {'hl7/s':>9} {'p99 ms':>8} {'ratio':>7}")
        for connections in CONNECTIONS:
            rounds = [
                (measure(ours.port, connections, f"{connections:x}{n}-"), measure(theirs, connections, f"{n}-"))
                for n in range(ROUNDS)
            ]
            mine, other = (
                Result(*(statistics.median(values) for values in zip(*map(astuple, side), strict=True)))
                for side in zip(*rounds, strict=True)
            )
            print(
                f"{connections:>12} {mine.rate:>9.0f} {mine.p99_ms:>8.1f} {other.rate:>9.0f} {other.p99_ms:>8.1f}"
                f" {mine.rate / other.rate:>6.1f}x"
            )
        steady = [measure(ours.port, STEADY_CONNECTIONS, f"s{n}-", STEADY_RATE) for n in range(ROUNDS)]
        p99_ms = statistics.median(result.p99_ms for result in steady)
        print(f"at {STEADY_RATE} messages/s over {STEADY_CONNECTIONS} connections: ours p99 {p99_ms:.1f} ms")
    with peer(hl7apy_server) as port:
        print(
            f"hl7apy's server (parses, stores nothing, one message a connection): {reconnecting(port, SECONDS):.0f}/s"
        )
    print()
