"""Memory of the whole daemon over a million messages: what is kept must be on disk and nowhere else."""

import os
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.acks import MESSAGE, our_daemon
from benchmarks.load import Message, run

MESSAGES: Final = int(os.environ.get("BENCH_MESSAGES", 1_000_000))
CONNECTIONS: Final = 64
STEP_S: Final = 20.0
BETWEEN_STEPS_S: Final = 1.0


def resident_mib(pid: int) -> dict[str, float]:
    """Give the resident memory of a process and its children, by what they are."""
    found: dict[str, float] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue  # it ended while we looked
        number = int(lines["Pid"])
        if pid not in (number, int(lines["PPid"])) or "VmRSS" not in lines:
            continue
        name = next((name for name in ("reader", "worker") if f"{name}_main" in command), "main")
        found[name] = found.get(name, 0.0) + int(lines["VmRSS"].split()[0]) / 1024
    return found


def main() -> None:
    """Print the memory as messages come in."""
    print(f"memory of the daemon over {MESSAGES:,} messages at {CONNECTIONS} connections (MiB, by process)")
    with tempfile.TemporaryDirectory() as name, our_daemon(Path(name)) as ours:
        message, sent, started = Message(MESSAGE, "e"), 0, time.monotonic()
        while sent < MESSAGES:
            result = run(ours.port, CONNECTIONS, message, STEP_S)
            sent += round(result.rate * STEP_S)
            sizes = resident_mib(ours.pid)
            told = "  ".join(f"{kind} {size:.0f}" for kind, size in sorted(sizes.items()))
            # Connections that end and as many that begin at once are more than one address may have.
            time.sleep(BETWEEN_STEPS_S)
            print(f"{sent:>10,}  {result.rate:>6.0f}/s  p99 {result.p99_ms:>5.1f} ms  {told}", flush=True)
        print(f"{sent:,} messages in {time.monotonic() - started:.0f} s")
    print()
