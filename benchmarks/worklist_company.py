"""What the worklist costs those beside it: idle associations the processor, endless queries the acknowledgments."""

import contextlib
import os
import statistics
import time
from pathlib import Path
from typing import Final

from benchmarks.acks import OurDaemon, measure
from benchmarks.worklist_clients import Modality, Streams, find_of
from benchmarks.worklist_items import FIFTY, Hospital

IDLE: Final = 200
IDLE_S: Final = 20.0
ROUNDS: Final = 7
STREAMS: Final = 4
RATE: Final = 500
CONNECTIONS: Final = 8
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def print_figures(ours: OurDaemon, hospital: Hospital) -> None:
    """Print both; the orders the second sends stay in the daemon."""
    print_idle(ours)
    print_acknowledgments(ours, hospital)


def print_idle(ours: OurDaemon) -> None:
    """Print what idle associations cost, beside none at all."""
    alone = _share(ours.pid)
    with contextlib.ExitStack() as idle:
        for _ in range(IDLE):
            idle.enter_context(Modality(ours.worklist_port))
        beside = _share(ours.pid)
    print(
        f"{IDLE} idle associations: {100 * beside:.1f} % of a processor, none {100 * alone:.1f} %,"
        f" {100 * (beside - alone):+.1f} (bar: 2)"
    )


def print_acknowledgments(ours: OurDaemon, hospital: Hospital) -> None:
    """Print how late acknowledgments are alone, and beside four associations that are answered without pause."""
    company = {
        "alone": [],
        "beside four streams of all items": [find_of(hospital.everything)] * STREAMS,
        f"beside four that ask for {FIFTY} again and again": [find_of(hospital.fifty)] * STREAMS,
    }
    p99_ms: dict[str, list[float]] = {name: [] for name in company}
    for turn in range(ROUNDS):
        for number, (name, requests) in enumerate(company.items()):
            with Streams(ours.worklist_port, requests) if requests else contextlib.nullcontext():
                p99_ms[name].append(measure(ours.port, CONNECTIONS, f"{number}-{turn}-", RATE).p99_ms)
    alone = statistics.median(p99_ms["alone"])
    print(f"ACKs at {RATE}/s over {CONNECTIONS} connections, 99th percentile (bar: 2 times that alone)")
    for name, times in p99_ms.items():
        print(f"  {statistics.median(times):>5.1f} ms {statistics.median(times) / alone:.1f} times, {name}")


def _share(pid: int) -> float:
    """Give what a process takes of a processor for a while."""
    before, started = _ticks(pid), time.perf_counter()
    time.sleep(IDLE_S)
    return (_ticks(pid) - before) / _TICKS / (time.perf_counter() - started)


def _ticks(pid: int) -> int:
    # Behind the command's name, which may hold anything, stand the state and ten numbers before utime and stime.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
