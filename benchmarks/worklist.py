"""Our worklist beside those of DCMTK (wlmscpfs) and Orthanc, which read a folder and have Nagle's algorithm off.

Two questions of 38 return keys: one match by accession number, another each time, and fifty by modality, station and
day. Ours answers from the whole daemon. BENCH_ITEMS names the sizes; beyond 10,000 items the peers, which need seconds
for an answer, are left out.
"""

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

from benchmarks import worklist_company
from benchmarks.acks import OurDaemon, our_daemon
from benchmarks.peers import orthanc_worklist, wlmscpfs
from benchmarks.worklist_clients import Modality, cancel, find_of, findscu, together
from benchmarks.worklist_items import CALLED, FIFTY, STATION, Hospital, accession_of, one_of
from dicomfabd.dimse.part10 import file_header
from tests.dimse.raw import IMPLICIT, MWL

SIZES: Final = tuple(int(size) for size in os.environ.get("BENCH_ITEMS", "100,10000,100000").split(","))
ROUNDS: Final = 3
QUERIES: Final = 200  # in a round, or as many as are answered in the time
SECONDS: Final = 2.0
LEAST_QUERIES: Final = 3
ASSOCIATIONS: Final = 8
MOST_OF_PEERS: Final = 10_000
STRIDE: Final = 7919  # a prime: every query is for another item, far from the one before
OURS: Final = "ours"
ENVIRONMENT: Final = {
    "DICOMFABD_WORKLIST__MAX_ANSWERS": "10000000",
    "DICOMFABD_WORKLIST__MAX_ASSOCIATIONS_PER_ADDRESS": "256",
}


COLUMNS: Final = ("one", "fifty", "findscu 1", "findscu 50", "one/s", "fifty/s")


class Question:
    """What is asked again and again, and how many answers are right."""

    def __init__(self, identifiers: list[bytes], expected: int, query: Path) -> None:
        """Prepare; the first identifier is written to `query` for findscu."""
        query.write_bytes(file_header(MWL, "1.2.3", IMPLICIT) + identifiers[0])
        self.requests = cycle([find_of(identifier) for identifier in identifiers])
        self.expected = expected
        self.query = query


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds from a question to its final response, and answers a second over eight associations."""

    one_ms: float
    fifty_ms: float
    findscu_one_ms: float
    findscu_fifty_ms: float
    one_rate: float
    fifty_rate: float


def ask(port: int, question: Question) -> float:
    """Give the median milliseconds of a question on one association."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    with Modality(port) as modality:
        while len(times) < LEAST_QUERIES or (len(times) < QUERIES and time.perf_counter() < end):
            times.append(modality.ask(next(question.requests), question.expected) * 1000)
    return statistics.median(times)


def measure(port: int, one: Question, fifty: Question) -> Figures:
    """Ask a server in every way."""
    return Figures(
        ask(port, one),
        ask(port, fifty),
        findscu(port, one.query) * 1000,
        findscu(port, fifty.query) * 1000,
        together(port, one.requests, one.expected, ASSOCIATIONS, SECONDS),
        together(port, fifty.requests, fifty.expected, ASSOCIATIONS, SECONDS),
    )


def check(port: int, hospital: Hospital) -> None:
    """Raise AssertionError unless a server answers both questions with the right items."""
    number = STRIDE % hospital.items
    with Modality(port) as modality:
        found = modality.read(find_of(one_of(hospital.one, number)))
        if [accession_of(number)] != [str(item.AccessionNumber) for item in found]:
            raise AssertionError(f"another item than {accession_of(number)} was given")
        steps = [item.ScheduledProcedureStepSequence[0] for item in modality.read(find_of(hospital.fifty))]
        if [(step.Modality, step.ScheduledStationAETitle) for step in steps] != [("CT", STATION)] * FIFTY:
            raise AssertionError("other items than those of the station were given")


@contextlib.contextmanager
def servers(folder: Path, hospital: Hospital) -> Iterator[tuple[OurDaemon, dict[str, int]]]:
    """Run ours and, unless there are too many items for them, the peers; gives their ports by name."""
    (folder / "state").mkdir(parents=True)
    hospital.fill_store(f"sqlite:///{folder / 'state' / 'dicomfabd.db'}")
    with contextlib.ExitStack() as running:
        ours = running.enter_context(our_daemon(folder, environment=ENVIRONMENT))
        ports = {OURS: ours.worklist_port}
        if hospital.items <= MOST_OF_PEERS:
            files = folder / "peers" / CALLED
            hospital.write_files(files)
            for serve in (wlmscpfs, orthanc_worklist):
                peer = running.enter_context(serve(folder / "peers", files))
                ports[peer.name] = peer.port
        yield ours, ports


def compare(hospital: Hospital, ports: Mapping[str, int], folder: Path) -> dict[str, Figures]:
    """Print a line for each server: medians of several rounds, the servers in turn."""
    numbers = [turn * STRIDE % hospital.items for turn in range(min(hospital.items, QUERIES))]
    one = Question([one_of(hospital.one, number) for number in numbers], 1, folder / "one.dcm")
    fifty = Question([hospital.fifty], FIFTY, folder / "fifty.dcm")
    rounds: dict[str, list[Figures]] = {name: [] for name in ports}
    for _ in range(ROUNDS):
        for name, port in ports.items():
            rounds[name].append(measure(port, one, fifty))
    found = {}
    for name, those in rounds.items():
        found[name] = Figures(*map(statistics.median, zip(*map(astuple, those), strict=True)))
        line = "".join(f"{value:>12,.2f}" for value in astuple(found[name]))
        print(f"{hospital.items:>9,} {name:>9}{line}", flush=True)
    return found


def print_ratios(found: Mapping[int, Mapping[str, Figures]]) -> None:
    """Print how many times the better of the peers ours is, and what a longer list costs."""
    print("times the better peer (bar: 5 at 100 items, 200 at 10,000; 10 for answers a second)")
    for size, figures in found.items():
        ours, peers = astuple(figures[OURS]), [astuple(those) for name, those in figures.items() if name != OURS]
        if peers:
            # Milliseconds first, of which fewer are better, then rates.
            times = [
                min(theirs) / mine for mine, theirs in zip(ours[:4], list(zip(*peers, strict=True))[:4], strict=True)
            ]
            times += [
                mine / max(theirs) for mine, theirs in zip(ours[4:], list(zip(*peers, strict=True))[4:], strict=True)
            ]
            print(f"{size:>9,} {'':>9}" + "".join(f"{value:>11,.1f}x" for value in times))
    least, most = found[min(found)][OURS], found[max(found)][OURS]
    print(
        f"from {min(found):,} to {max(found):,} items ours takes {most.one_ms / least.one_ms:.2f} times as long for one"
        f" match, {most.fifty_ms / least.fifty_ms:.2f} for fifty (bar: 1.5)"
    )


def print_cancels(hospital: Hospital, ports: Mapping[str, int]) -> None:
    """Print when the first answer of a universal query comes, and what comes after C-CANCEL."""
    print(f"all {hospital.items:,} items asked for, C-CANCEL after the first answer (bar: 10 ms, 50 more, FE00)")
    for name, port in ports.items():
        tries = [cancel(port, find_of(hospital.everything)) for _ in range(3 * ROUNDS)]
        first_ms = statistics.median(one.first_s for one in tries) * 1000
        statuses = ", ".join(sorted({f"{one.status:04X}" for one in tries}))
        print(f"{name:>9}: first after {first_ms:.1f} ms, at most {max(one.further for one in tries)} more, {statuses}")


def main() -> None:
    """Print tables, then what our worklist costs those beside it."""
    print(f"answers of 38 attributes in ms (one match, {FIFTY}; a held association, then findscu's whole process),")
    print(f"and answers a second over {ASSOCIATIONS} associations")
    print(f"{'items':>9} {'server':>9}" + "".join(f"{name:>12}" for name in COLUMNS))
    found = {}
    middle = max((size for size in SIZES if size <= MOST_OF_PEERS), default=SIZES[0])
    with tempfile.TemporaryDirectory() as name:
        for size in SIZES:
            hospital, folder = Hospital(size), Path(name) / str(size)
            with servers(folder, hospital) as (ours, ports):
                for port in ports.values():
                    check(port, hospital)
                found[size] = compare(hospital, ports, folder)
                if size == middle:
                    print_cancels(hospital, ports)
                    worklist_company.print_figures(ours, hospital)
    print_ratios(found)
    print()
