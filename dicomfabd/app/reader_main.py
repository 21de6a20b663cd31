"""One reading process: `python -m dicomfabd.app.reader_main CONTROL RELAY`, started by `readers.ReaderPool`.

Two inherited sockets join it to the main process. By CONTROL come packets: first a `ReaderSetup` as JSON, then
connections to serve (peer and host as JSON, with the socket attached) and the words `hold`, `go` and `stop`. By RELAY
go lines of JSON: `ready`, `work`, `ended`, `problem` and metrics. The end of CONTROL means that the main process died.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from dicomfabd.app.intake_desk import DeskSetup
from dicomfabd.app.loops import run_loop, settle_memory
from dicomfabd.app.planning import PlannerSetup
from dicomfabd.intake.reception import Reception
from dicomfabd.store.opening import open_store
from dicomfabd.telemetry import logs
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.sink import TallySink

LARGEST_PACKET: Final = 1 << 18
METRICS_EVERY_S: Final = 0.25
YOUNG_OBJECTS: Final = 50_000  # a message makes hundreds of objects, and none in circles


class ReaderSetup(BaseModel):
    """Everything a reading process needs to know."""

    model_config = ConfigDict(frozen=True)

    desk: DeskSetup
    planner: PlannerSetup
    store_url: str
    log_format: Literal["auto", "json", "console"]
    stop_s: float


def main() -> None:
    """Serve connections until told to stop."""
    # A Ctrl-C in the terminal reaches us too; the main process says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control, relay = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    setup = ReaderSetup.model_validate_json(control.recv(LARGEST_PACKET))
    run_loop(_serve(setup, control, relay, logs.configure(setup.log_format)))


async def _serve(setup: ReaderSetup, control: socket.socket, relay: socket.socket, log: logs.EventLog) -> None:
    sink = TallySink(log)
    journal = Journal(sink)
    store = open_store(setup.store_url, journal.store_committed)

    def say(*record: str) -> None:
        # Blocking on purpose, and gone when the main process is.
        with contextlib.suppress(OSError):
            relay.sendall(json.dumps(record).encode() + b"\n")

    reception = Reception(
        setup.desk.intake,
        setup.desk.build(store, setup.planner.build()),
        journal,
        on_work=lambda: say("work"),
        on_ended=lambda host: say("ended", host),
        on_problem=lambda problem: say("problem", problem),
    )
    settle_memory(YOUNG_OBJECTS)
    counting = asyncio.create_task(_tell_metrics(sink, relay))
    say("ready")
    await _obey(control, reception)
    await reception.stop(setup.stop_s)
    counting.cancel()
    with contextlib.suppress(OSError):
        relay.sendall(sink.take())
    store.close()


async def _obey(control: socket.socket, reception: Reception) -> None:
    """Do what the main process says until it says stop, or is gone."""
    loop = asyncio.get_running_loop()
    control.setblocking(False)
    asked_to_stop = loop.create_future()

    def receive() -> None:
        with contextlib.suppress(BlockingIOError):
            while not asked_to_stop.done():
                packet, descriptors, _, _ = socket.recv_fds(control, LARGEST_PACKET, 1)
                if not _follow(packet, descriptors, reception):
                    asked_to_stop.set_result(None)

    loop.add_reader(control.fileno(), receive)
    try:
        await asked_to_stop
    finally:
        loop.remove_reader(control.fileno())


def _follow(packet: bytes, descriptors: list[int], reception: Reception) -> bool:
    if packet in (b"", b"stop"):
        return False
    if packet in (b"hold", b"go"):
        reception.hold(packet == b"hold")
        return True
    peer, host = json.loads(packet)
    connection = socket.socket(fileno=descriptors[0])
    connection.setblocking(False)
    reception.take(connection, peer, host)
    return True


async def _tell_metrics(sink: TallySink, relay: socket.socket) -> None:
    while True:
        await asyncio.sleep(METRICS_EVERY_S)
        with contextlib.suppress(OSError):
            relay.sendall(sink.take())


if __name__ == "__main__":
    main()
