"""Orders queued behind a PACS that is away, drained when it returns: memory flat, nothing lost, nothing twice."""

import os
import re
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Final

from benchmarks.acks import MESSAGE, OurDaemon, our_daemon
from benchmarks.endurance import resident_mib
from benchmarks.load import Message, run
from tests.daemons import a_destination
from tests.odd_pacs import OddPacs

ORDERS: Final = int(os.environ.get("BENCH_ORDERS", 100_000))
CONNECTIONS: Final = 16
STEP_S: Final = 2.0
LOOK_EVERY_S: Final = 5.0
# No protocol serves it, so its study is one page: what is measured is the queue.
ORDER: Final = MESSAGE.replace("71260^CT CHEST W CONTRAST^C4^IMG204^CT CHEST WITH IV CONTRAST^EAP", "U^GASTROSCOPY^L")


def deliveries(daemon: OurDaemon, state: str) -> int:
    """Give how many deliveries are in a state."""
    with urllib.request.urlopen(f"{daemon.page}/metrics", timeout=60) as answer:  # noqa: S310 - our own page
        text = answer.read().decode()
    found = re.search(rf'^dicomfabd_jobs{{destination="main",state="{state}"}} (\S+)', text, re.MULTILINE)
    return round(float(found.group(1))) if found else 0


def memory(daemon: OurDaemon) -> str:
    """Give the resident memory of the daemon's processes, for people."""
    return "  ".join(f"{kind} {size:.0f}" for kind, size in sorted(resident_mib(daemon.pid).items()))


def main() -> None:
    """Print the queue and the memory as they grow and shrink."""
    print(f"{ORDERS:,} orders behind a PACS that is away (memory in MiB, by process)")
    pacs = OddPacs()
    pacs.close()
    destination = a_destination("main", pacs.port, "ODD")
    with tempfile.TemporaryDirectory() as name, our_daemon(Path(name), 2, destination) as ours:
        print(f"{0:>10,} queued                  {memory(ours)}")
        message, began = Message(ORDER.replace("||CT|||", "||ES|||"), "q"), time.monotonic()
        while (queued := deliveries(ours, "queued")) < ORDERS:
            run(ours.port, CONNECTIONS, message, STEP_S)
        print(f"{queued:>10,} queued after {time.monotonic() - began:>5.0f} s     {memory(ours)}", flush=True)
        back, began = OddPacs(port=pacs.port), time.monotonic()
        while (done := deliveries(ours, "done")) < queued:
            threading.Event().wait(LOOK_EVERY_S)
            print(f"{done:>10,} delivered after {time.monotonic() - began:>4.0f} s   {memory(ours)}", flush=True)
        took, there = time.monotonic() - began, len(set(back.stored))
        back.close()
        twice, failed = len(back.stored) - there, deliveries(ours, "failed")
        print(
            f"{queued:,} delivered in {took:.0f} s ({queued / took:.0f}/s):"
            f" {queued - there} lost, {twice} twice, {failed} failed"
        )
    print()
