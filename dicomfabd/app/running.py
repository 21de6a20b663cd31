"""Runs the daemon as a process: event loop, signals, exit code."""

import asyncio
import signal
from collections.abc import Callable
from datetime import datetime

from dicomfabd.app.daemon import Daemon
from dicomfabd.app.loops import run_loop, settle_memory
from dicomfabd.app.priorities import let_readers_first
from dicomfabd.app.samples import send_samples
from dicomfabd.config import Settings
from dicomfabd.telemetry import logs


def run(settings: Settings, sends_samples: bool, on_ready: Callable[[dict[str, str]], None]) -> None:
    """Run until SIGTERM or SIGINT, then drain and return.

    Args:
        settings: The settings.
        sends_samples: Send the sample orders if no message was ever received.
        on_ready: Told the addresses once every door is open.
    """
    run_loop(_main(settings, logs.configure(settings.log_format), sends_samples, on_ready))


async def _main(
    settings: Settings, log: logs.EventLog, sends_samples: bool, on_ready: Callable[[dict[str, str]], None]
) -> None:
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)
    async with Daemon(settings, log) as daemon:
        settle_memory()
        let_readers_first()
        on_ready(daemon.addresses)
        if sends_samples and not daemon.store.messages.has_messages():
            host, _, port = daemon.addresses["mllp"].rpartition(":")
            await asyncio.to_thread(send_samples, host, int(port), datetime.now().astimezone())
        await asked_to_stop.wait()
