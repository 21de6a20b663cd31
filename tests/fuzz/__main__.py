"""`python -m tests.fuzz`: two million inputs and more for all that reads what peers send, and the slowest shapes.

Guided by coverage where atheris is installed, otherwise plain mutations of tests/messages. Each target is a process of
its own, so that its memory can be told; a crash, an input that takes more than a second, or growth ends with an error.
"""

# ruff: noqa: T201 - it prints its figures

import argparse
import atexit
import contextlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

INPUTS: Final = {
    "framing": 400_000,
    "parsing": 400_000,
    "text": 300_000,
    "association": 600_000,
    "identifier": 400_000,
}
SHAPES: Final = "shapes"
SHAPE_BYTES: Final = 16 * 1024 * 1024  # the longest message that is taken
SHAPE_SIZES: Final = (180_000, 550_000, SHAPE_BYTES)  # the short ones stay within what a message may hold
SLOWEST_S: Final = 1.0
SLOWEST_SHAPE_S: Final = 2.0
MOST_GROWTH_MIB: Final = 100
MOST_SHAPE_MIB: Final = 600  # at the peak, for a message as long as it may be
PIECE_BYTES: Final = 1460  # as the network cuts a stream
SLOWEST_STREAM_S: Final = 16.0  # a second for each MiB of the worst that can come
WARM: Final = 20_000  # inputs after which whatever is remembered is remembered
LONGEST: Final = {"framing": 200, "parsing": 2048, "text": 2048, "association": 4096, "identifier": 1024}
"""Bytes of an input."""

Check = Callable[[bytes], None]


class Tally:
    """Counts and times inputs of one target."""

    def __init__(self, target: str, guided: bool) -> None:
        self.target, self.guided = target, guided
        self.inputs = 0
        self.slowest_s, self.slowest = 0.0, ""
        self._started = time.monotonic()
        self._start_mib = self._warm_mib = memory_mib()

    def run(self, check: Check, data: bytes) -> None:
        """Check one input; seconds are the processor's, so that a busy machine makes nothing slow."""
        started = time.process_time()
        try:
            check(data)
        except BaseException:
            sys.stderr.write(f"the input was {data!r}\n")
            raise
        seconds = time.process_time() - started
        self.inputs += 1
        if self.inputs == WARM:
            self._warm_mib = memory_mib()
        if seconds > self.slowest_s:
            self.slowest_s, self.slowest = seconds, repr(data[:60])
        if seconds > SLOWEST_S:
            raise AssertionError(f"{seconds:.1f} s for {len(data)} bytes")

    def print(self) -> None:
        """Say on one line what is judged."""
        figures = {
            "target": self.target,
            "by": "atheris" if self.guided else "mutation",
            "inputs": self.inputs,
            "seconds": round(time.monotonic() - self._started, 1),
            "start_mib": self._start_mib,
            "end_mib": memory_mib(),
            "growth_mib": memory_mib() - self._warm_mib,
            "slowest_ms": round(1000 * self.slowest_s, 1),
            "slowest": self.slowest,
        }
        print(json.dumps(figures), flush=True)


def memory_mib() -> int:
    """Give this process's resident memory; its peak where the system does not tell the present one."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20
    return peak_mib()


def peak_mib() -> int:
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte // 2**20


def check_of(target: str) -> Check:
    """Give what takes any bytes and raises when a property does not hold; the first bytes choose the circumstances."""
    from tests.fuzz import properties

    if target == "framing":
        return lambda data: properties.check_framing(data[3:], [length % 40 for length in data[:2]], 8 + sum(data[2:3]))
    if target == "parsing":
        return properties.check_reading
    if target == "association":
        return check_conversation
    if target == "identifier":
        return check_identifier
    sets = ["", "ASCII", "8859/7", "UNICODE UTF-8", "UNICODE", "~ISO IR87~ISO IR159", "ISO IR14", "BIG-5", "KS X 1001"]

    def text(data: bytes) -> None:
        properties.check_text(data[1:], sets[sum(data[:1]) % len(sets)], "cp1250" if sum(data[:1]) & 1 else "")
        properties.check_unescape(data.decode("iso8859-1"))

    return text


def check_conversation(data: bytes) -> None:
    """Put a stream to the acceptor, cut as its first bytes say; and what follows them to the reader of commands."""
    from tests.fuzz import dicom

    dicom.check_conversation(data[2:], [length + 1 for length in data[:2]])
    dicom.check_command(data[2:])


def check_identifier(data: bytes) -> None:
    from tests.dimse.raw import EXPLICIT, IMPLICIT
    from tests.fuzz import dicom

    dicom.check_identifier(data[1:], EXPLICIT if sum(data[:1]) & 1 else IMPLICIT)


def seeds_of(target: str) -> list[bytes]:
    from tests.fuzz.properties import corpus

    if target == "association":
        from tests.fuzz.dicom import conversations

        return [b"\x40\xff" + said for said in conversations()]
    if target == "identifier":
        from tests.fuzz.dicom import identifiers

        return [bytes([number]) + encoded for number, encoded in enumerate(identifiers())]
    if target == "framing":
        return [b"\x07\x05\xff\x0b" + message[: LONGEST[target] - 6] + b"\x1c\r" for message in corpus()]
    return [message for message in corpus() if len(message) < LONGEST[target]]


def fuzz_guided(target: str, inputs: int) -> None:
    """Let atheris choose the inputs; never returns."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["dicomfabd.intake", "dicomfabd.domain", "dicomfabd.dimse"]):
        check = check_of(target)
    tally = Tally(target, guided=True)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, seed in enumerate(seeds_of(target)):
        (folder / f"seed{number}").write_bytes(seed)
    atexit.register(tally.print)  # after a crash

    def run(data: bytes) -> None:
        tally.run(check, data)
        if tally.inputs == inputs:
            tally.print()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(0)  # libFuzzer itself would count otherwise and end without a word

    options = [f"-max_len={LONGEST[target]}", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=0"]
    atheris.Setup(["fuzz", *options, f"-artifact_prefix={folder}/", str(folder)], run)
    atheris.Fuzz()


def fuzz_plainly(target: str, inputs: int) -> None:
    """Choose the inputs by spoiling seeds at random, the same each time."""
    check, seeds = check_of(target), seeds_of(target)
    chance = random.Random(target)
    tally = Tally(target, guided=False)
    for _ in range(inputs):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            start = chance.randrange(len(data) + 1)
            length = chance.choice([0, 1, 2, 8, 40])
            piece = chance.choice([chance.randbytes(chance.randint(0, 6)), data[start : start + length] * 2])
            data[start : start + length] = piece
        tally.run(check, bytes(data[: LONGEST[target]]))
    tally.print()


def time_shape(name: str, sender: Connection) -> None:
    """Tell how long a shape takes at its longest, and what it needs at the peak; in a process of its own."""
    from tests.fuzz import hostile, properties

    longest_s, most_mib = 0.0, 0
    for size in SHAPE_SIZES:
        data = (hostile.PARSED | hostile.STREAMS)[name](size)
        before, started = peak_mib(), time.process_time()
        if name in hostile.STREAMS:
            properties.count_events(data, PIECE_BYTES, SHAPE_BYTES + 1024)
        else:
            properties.read(data)
        longest_s = max(longest_s, time.process_time() - started)
        most_mib = max(most_mib, peak_mib() - before)
    sender.send((longest_s, most_mib))


def run_shapes() -> list[str]:
    """Send each shape made to be slow as long as it may be; give what is wrong."""
    from tests.fuzz import hostile, properties

    properties.read(b"MSH|^~\\&|")  # what is read once and kept is not the shapes' to answer for
    context = multiprocessing.get_context("fork")
    wrong = []
    for name in hostile.PARSED | hostile.STREAMS:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=time_shape, args=(name, sender))
        process.start()
        sender.close()
        limit_s = SLOWEST_STREAM_S if name in hostile.STREAMS else SLOWEST_SHAPE_S
        try:
            seconds, mib = receiver.recv() if receiver.poll(20 * limit_s) else (float("inf"), 0)
        except EOFError:
            seconds, mib = float("nan"), 0
        process.kill()
        process.join()
        print(f"  {name:34} {seconds:7.2f} s {mib:6} MiB", flush=True)
        if not seconds <= limit_s:
            wrong.append(f"{name}: {seconds:.1f} s for {SHAPE_BYTES >> 20} MiB")
        if mib > MOST_SHAPE_MIB:
            wrong.append(f"{name}: {mib} MiB for {SHAPE_BYTES >> 20} MiB")
    return wrong


def run_target(target: str, inputs: int) -> list[str]:
    """Run one target in a process of its own and print its figures; give what is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--only", target, "--inputs", str(inputs)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    try:
        figures = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return [f"{target}: ended with {done.returncode} and no figures"]
    print(
        "  {target:11} {inputs:9,} inputs by {by} in {seconds:.0f} s, {start_mib} to {end_mib} MiB,".format(**figures)
    )
    print("  {0:11} slowest {slowest_ms:.0f} ms: {slowest}".format("", **figures), flush=True)
    wrong = [f"{target}: ended with {done.returncode}"] if done.returncode else []
    if figures["inputs"] < inputs:
        wrong.append(f"{target}: {figures['inputs']} of {inputs} inputs")
    if figures["growth_mib"] > MOST_GROWTH_MIB:
        wrong.append(f"{target}: grew by {figures['growth_mib']} MiB")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", choices=[*INPUTS, SHAPES], help="one target, in this process")
    parser.add_argument("--inputs", type=int, default=0, help="inputs per target; the usual number by default")
    parser.add_argument("--plain", action="store_true", help="mutations, also where atheris is installed")
    options = parser.parse_args()
    guided = find_spec("atheris") is not None and not options.plain
    if options.only in INPUTS:
        (fuzz_guided if guided else fuzz_plainly)(options.only, options.inputs or INPUTS[options.only])
        return 0
    wrong: list[str] = []
    if not options.only:
        print("guided by coverage" if guided else "atheris is not installed: plain mutations, not guided by coverage")
        for target, inputs in INPUTS.items():
            wrong += run_target(target, options.inputs or inputs)
        print(f"  {sum(options.inputs or inputs for inputs in INPUTS.values()):,} inputs altogether")
    print(f"shapes made to be slow, {SHAPE_BYTES >> 20} MiB each")
    wrong += run_shapes()
    print("\n".join(wrong) or "nothing is wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
