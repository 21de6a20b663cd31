"""`python -m benchmarks [NAME ...]`: runs the named benchmarks, or all of them."""

import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import acks, delivery, endurance, fabrication, latency, lists, outage, worklist

BENCHMARKS = {
    "acks": acks.main,
    "endurance": endurance.main,
    "fabrication": fabrication.main,
    "delivery": delivery.main,
    "latency": latency.main,
    "lists": lists.main,
    "outage": outage.main,
    "worklist": worklist.main,
}


def fsync_ms(folder: Path, tries: int = 200) -> float:
    """Give the median time of an fsync of a small append: what durability costs on this machine at least."""
    times = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(tries):
            file.write(b"x" * 4096)
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def main() -> None:
    """Say what machine this is, then measure."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"no benchmark named {min(unknown)}; there are {', '.join(BENCHMARKS)}")
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"{os.cpu_count()} processors, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f},"
            f" fsync of 4 KiB {fsync_ms(Path(folder)):.2f} ms (median)\n"
        )
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
