"""Whole daemons as processes of their own, on free ports, with their log read as it is written."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dicomfabd.intake.client import Answer, MllpClient

SETTINGS = """
state_dir = "{state}"
log_format = "json"
[intake]
port = 0
[worklist]
port = 0
[archive]
port = 0
receives_orders = {archive}
[web]
port = 0
[workers]
count = {workers}
retry_first_s = 0.1
retry_max_s = 0.5
[fabricate]
scale = "tiny"
[routing]
when = "{when}"
"""


class RunningDaemon:
    """A daemon process; its log events arrive on a thread and can be waited for."""

    def __init__(self, config: Path, *options: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DICOMFABD_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dicomfabd", "run", "--config", str(config), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        self.lines: list[str] = []
        self.events: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.addresses = self.wait_for("daemon.started")
        except AssertionError:
            self.end()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for(self, event: str, amount: int = 1, timeout_s: float = 60, **fields: Any) -> dict[str, Any]:
        """Wait until an event was logged so many times, with these fields, and give the last one."""

        def found() -> list[dict[str, Any]]:
            return [e for e in self.events if e["event"] == event and fields.items() <= e.items()]

        with self._arrived:
            if not self._arrived.wait_for(lambda: len(found()) >= amount or self._ended(), timeout_s):
                raise AssertionError(f"{event} {fields}: {len(found())} of {amount}; the log ends {self.lines[-5:]}")
            assert len(found()) >= amount, "\n".join(self.lines[-30:])
            return found()[-1]

    def port(self, door: str) -> int:
        return int(self.addresses[door].rpartition(":")[2])

    def client(self) -> MllpClient:
        return MllpClient("127.0.0.1", self.port("mllp"))

    def send(self, *messages: bytes) -> list[Answer]:
        with self.client() as client:
            return [client.send(message) for message in messages]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.addresses["page"] + path, timeout=10) as answer:  # noqa: S310 - our own page
            body = answer.read().decode()
        return json.loads(body) if answer.headers["content-type"].startswith("application/") else body

    def until(self, path: str, is_so: Callable[[Any], bool], timeout_s: float = 20) -> Any:
        """Ask for what is counted anew only every two seconds, until it is so, and give it."""
        end = time.monotonic() + timeout_s
        while not is_so(found := self.get(path)):
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found

    def states(self) -> dict[str, str]:
        return {o["accession_number"]: o["state"] for o in self.get("/api/v1/orders?limit=1000")["orders"]}

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 30) -> int:
        """Send a signal and give the exit code."""
        self._process.send_signal(number)
        code = self._process.wait(timeout_s)
        self._reader.join(10)
        return code

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def end(self) -> None:
        if self._process.poll() is None:
            self.kill()
        self._reader.join(10)
        self._process.stdout.close()

    def _ended(self) -> bool:
        return not self._reader.is_alive() or self._process.poll() is not None

    def _read(self) -> None:
        for line in self._process.stdout:
            with self._arrived:
                self.lines.append(line.decode().rstrip())
                with contextlib.suppress(ValueError):
                    self.events.append(json.loads(line))
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()


Start = Callable[..., RunningDaemon]


@contextlib.contextmanager
def daemons(folder: Path) -> Iterator[Start]:
    """Give a function that starts daemons over one state directory, one after the other."""
    started: list[RunningDaemon] = []

    def start(
        *options: str,
        archive: bool = True,
        workers: int = 2,
        when: str = "at_once",
        more: str = "",
        host: str = "127.0.0.1",
    ) -> RunningDaemon:
        config = folder / "dicomfabd.toml"
        text = SETTINGS.format(state=folder / "state", archive=str(archive).lower(), workers=workers, when=when)
        config.write_text(text.replace("[web]", f'[web]\nhost = "{host}"') + more)
        started.append(RunningDaemon(config, *options))
        return started[-1]

    try:
        yield start
    finally:
        for daemon in started:
            daemon.end()


def a_destination(name: str, port: int, ae_title: str = "FAKEPACS") -> str:
    """Give a destination's lines for the settings."""
    return (
        f'[[destinations]]\nname = "{name}"\nhost = "127.0.0.1"\nport = {port}\n'
        f'ae_title = "{ae_title}"\ntimeout_s = 10\n'
    )
