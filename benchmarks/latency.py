"""From the order to the last instance at the PACS, on an idle daemon, beside what the PACS itself takes for them."""

import statistics
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.acks import our_daemon
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.kinds import SOP_CLASSES
from dicomfabd.fabricate.study import fabricate
from dicomfabd.intake.client import MllpClient
from dicomfabd.pacs.storage import StorageAssociation
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from dicomfabd.plan.protocol import Scale
from tests.builders import NOON, an_order, an_orm
from tests.daemons import a_destination
from tests.peers import FakePacs

ROUNDS: Final = 15
WARM_UP: Final = 4  # each worker has to open its bodies once
IMAGES: Final = 2
SCALES: Final[tuple[Scale, ...]] = ("tiny", "small", "full")
PAUSE_S: Final = 0.5  # the daemon is to be idle


class TimedPacs(FakePacs):
    """Notes when it had each instance."""

    def received_at(self, amount: int) -> float:
        """Wait for so many instances and give the time."""
        self.wait_for(lambda: len(self.received) >= amount)
        return time.perf_counter()


def main() -> None:
    """Print medians, for each size of study."""
    print(f"a {IMAGES}-image CR on an idle daemon: order sent to last instance stored, beside the PACS alone")
    for scale in SCALES:
        with tempfile.TemporaryDirectory() as name:
            whole, alone = _measure(Path(name), scale)
        ours, its_own = (statistics.median(values) * 1000 for values in (whole, alone))
        print(
            f"{scale:>6}: {ours:>4.0f} ms (worst {max(whole) * 1000:.0f}), the PACS alone {its_own:>4.0f} ms,"
            f" ours on top {ours - its_own:>4.0f} ms"
        )
    print()


def _measure(folder: Path, scale: Scale) -> tuple[list[float], list[float]]:
    pacs = TimedPacs()
    pacs.start()
    destination = a_destination("main", pacs.port) + f'scale = "{scale}"\n'
    with our_daemon(folder, 2, destination) as ours, MllpClient("127.0.0.1", ours.port) as client:
        whole = [_order(client, pacs, number) for number in range(ROUNDS + WARM_UP)][WARM_UP:]
    alone = [_alone(pacs, folder / "state" / "anatomy", scale, number) for number in range(ROUNDS)]
    pacs.stop()
    return whole, alone


def _order(client: MllpClient, pacs: TimedPacs, number: int) -> float:
    threading.Event().wait(PAUSE_S)
    before = len(pacs.received)
    started = time.perf_counter()
    client.send(an_orm(f"L{number}", f"L{number}", procedure="XRCH^XR CHEST 2 VIEWS^L", service="CR"))
    return pacs.received_at(before + IMAGES) - started


def _alone(pacs: TimedPacs, anatomy: Path, scale: Scale, number: int) -> float:
    """Send two ready instances as the daemon does."""
    order = an_order(
        f"P{number}", procedure=Code("", "XR CHEST 2 VIEWS"), steps=(StepDraft(modality="CR", scheduled_at=NOON),)
    )
    plan = Planner(Catalog.load(), Defaults(), Making(scale)).plan(order)
    ready = list(islice(fabricate(plan, Bodies(anatomy)), IMAGES))
    threading.Event().wait(PAUSE_S)
    before = len(pacs.received)
    started = time.perf_counter()
    with StorageAssociation(pacs.destination(), SOP_CLASSES) as association:
        list(association.send_all(ready))
        return pacs.received_at(before + IMAGES) - started
