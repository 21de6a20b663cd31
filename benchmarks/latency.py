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
from tests.builders import NOON, an_order, an_orm
from tests.daemons import a_destination
from tests.peers import FakePacs

ROUNDS: Final = 15
IMAGES: Final = 2
PAUSE_S: Final = 0.5  # the daemon is to be idle


class TimedPacs(FakePacs):
    """Notes when it had each instance."""

    def received_at(self, amount: int) -> float:
        """Wait for so many instances and give the time."""
        self.wait_for(lambda: len(self.received) >= amount)
        return time.perf_counter()


def main() -> None:
    """Print medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pacs = TimedPacs()
        pacs.start()
        with (
            our_daemon(folder, 2, a_destination("main", pacs.port)) as ours,
            MllpClient("127.0.0.1", ours.port) as client,
        ):
            times = [_order(client, pacs, number) for number in range(ROUNDS + 1)][1:]
        alone = [_alone(pacs, folder / "state" / "anatomy", number) for number in range(ROUNDS + 1)][1:]
        pacs.stop()
    whole, its_own = (statistics.median(values) * 1000 for values in (times, alone))
    print(f"a 2-image CR, order sent to last instance stored: {whole:.0f} ms (worst {max(times) * 1000:.0f})")
    print(f"the PACS alone, association and two instances: {its_own:.0f} ms; ours on top: {whole - its_own:.0f} ms")
    print()


def _order(client: MllpClient, pacs: TimedPacs, number: int) -> float:
    threading.Event().wait(PAUSE_S)
    before = len(pacs.received)
    started = time.perf_counter()
    client.send(an_orm(f"L{number}", f"L{number}", procedure="XRCH^XR CHEST 2 VIEWS^L", service="CR"))
    return pacs.received_at(before + IMAGES) - started


def _alone(pacs: TimedPacs, anatomy: Path, number: int) -> float:
    """Send two ready instances as the daemon does."""
    order = an_order(
        f"P{number}", procedure=Code("", "XR CHEST 2 VIEWS"), steps=(StepDraft(modality="CR", scheduled_at=NOON),)
    )
    plan = Planner(Catalog.load(), Defaults(), Making("tiny")).plan(order)
    ready = list(islice(fabricate(plan, Bodies(anatomy)), IMAGES))
    threading.Event().wait(PAUSE_S)
    before = len(pacs.received)
    started = time.perf_counter()
    with StorageAssociation(pacs.destination(), SOP_CLASSES) as association:
        list(association.send_all(ready))
        return pacs.received_at(before + IMAGES) - started
