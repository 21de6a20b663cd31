"""What the worklist costs those beside it: idle associations the processor, endless queries the acknowledgments."""

import contextlib
import os
import statistics
import time
from pathlib import Path
from typing import Final

from benchmarks.acks import OurDaemon, measure
from benchmarks.worklist_clients import Modality, Streams, find_of
from benchmarks.worklist_items import Hospital

IDLE: Final = 200
IDLE_S: Final = 20.0
ROUNDS: Final = 5
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
    """Print how late acknowledgments are alone and beside four associations that ask without pause."""
    requests = [find_of(hospital.everything), find_of(hospital.fifty)] * 2
    alone, beside = [], []
    for turn in range(ROUNDS):
        alone.append(measure(ours.port, CONNECTIONS, f"a{turn}-", RATE).p99_ms)
        with Streams(ours.worklist_port, requests):
            beside.append(measure(ours.port, CONNECTIONS, f"b{turn}-", RATE).p99_ms)
    one, other = statistics.median(alone), statistics.median(beside)
    print(
        f"ACKs at {RATE}/s over {CONNECTIONS} connections: p99 {one:.1f} ms alone,"
        f" {other:.1f} ms beside {len(requests)} endless queries, {other / one:.1f} times (bar: 2)"
    )


def _share(pid: int) -> float:
    """Give what a process takes of a processor for a while."""
    before, started = _ticks(pid), time.perf_counter()
    time.sleep(IDLE_S)
    return (_ticks(pid) - before) / _TICKS / (time.perf_counter() - started)


def _ticks(pid: int) -> int:
    # Behind the command's name, which may hold anything, stand the state and ten numbers before utime and stime.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
