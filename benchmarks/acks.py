"""Durable acknowledgments a second and their p99, beside python-hl7's own server.

Ours is the whole daemon: it reads, stores and fsyncs each order. Theirs stores nothing. Senders work in lock step: each
waits for its answer before it sends the next message.
"""

import asyncio
import contextlib
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import hl7
import uvloop
from hl7.mllp import start_hl7_server

from dicomfabd.intake.mllp import wrap
from tests.daemons import SETTINGS
from tests.peers import free_port, wait_for_port

CONNECTIONS = (1, 8, 64)
SECONDS = 2.0
ROUNDS = 3

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


def load(port: int, connections: int, prefix: str, results: "multiprocessing.Queue[tuple[float, float]]") -> None:
    """Send for a while over so many connections; give (answers a second, p99 in ms)."""
    results.put(uvloop.run(_load(port, connections, prefix)))


async def _load(port: int, connections: int, prefix: str) -> tuple[float, float]:
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def sender(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        template = wrap(MESSAGE.replace("\n", "\r").encode())
        count = 0
        while time.perf_counter() < end:
            count += 1
            name = f"{prefix}{number:x}-{count:x}".encode()
            message = template.replace(b"@@CTRL@@", name).replace(b"@@ACC@@", name)
            started = time.perf_counter()
            writer.write(message)
            answer = await reader.readuntil(b"\x1c\r")
            times.append(time.perf_counter() - started)
            if b"|AA|" not in answer:
                raise AssertionError(answer.decode())
        writer.close()

    await asyncio.gather(*(sender(number) for number in range(connections)))
    return len(times) / SECONDS, statistics.quantiles(times, n=100)[98] * 1000


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


@contextlib.contextmanager
def peer() -> Iterator[int]:
    """Run python-hl7's server in a process of its own."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=python_hl7_server, args=(port,))
    process.start()
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.join(10)


@contextlib.contextmanager
def our_daemon(folder: Path) -> Iterator[int]:
    """Run the whole daemon, its log in a file, orders going nowhere: what is measured is taking them."""
    settings = SETTINGS.format(state=folder / "state", archive="false", workers=1, when="at_once")
    (folder / "dicomfabd.toml").write_text(settings)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dicomfabd", "run", "--config", str(folder / "dicomfabd.toml")],
            stdout=log,
            stderr=log,
        )
        try:
            addresses = folder / "state" / "addresses.json"
            while not addresses.exists():
                time.sleep(0.05)
            yield int(json.loads(addresses.read_text())["mllp"].rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(30)


def measure(port: int, connections: int, prefix: str) -> tuple[float, float]:
    """Run one load in a process of its own."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[tuple[float, float]] = context.Queue()
    process = context.Process(target=load, args=(port, connections, prefix, results))
    process.start()
    found = results.get(timeout=SECONDS * 20)
    process.join(10)
    return found


def main() -> None:
    """Print one line for each number of connections: medians of several rounds, the two servers in turn."""
    print("durable ACK of ORM^O01 (ours: parsed, stored, fsynced) beside python-hl7's server (stores nothing)")
    print(f"{'connections':>12} {'ours/s':>9} {'p99 ms':>8} {'hl7/s':>9} {'p99 ms':>8} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder, our_daemon(Path(folder)) as ours, peer() as theirs:
        for connections in CONNECTIONS:
            rounds = [
                (measure(ours, connections, f"{connections:x}{n}-"), measure(theirs, connections, f"{n}-"))
                for n in range(ROUNDS)
            ]
            rate, p99 = (statistics.median(mine[i] for mine, _ in rounds) for i in (0, 1))
            other_rate, other_p99 = (statistics.median(other[i] for _, other in rounds) for i in (0, 1))
            print(
                f"{connections:>12} {rate:>9.0f} {p99:>8.1f} {other_rate:>9.0f} {other_p99:>8.1f}"
                f" {rate / other_rate:>6.1f}x"
            )
    print()
