"""C-STORE of a 300-slice CT and of 2,000 small objects, beside dcmsend and the best-tuned pynetdicom.

Each into DCMTK's storescp and into Orthanc, with Nagle's algorithm switched off in the DCMTK programs and Orthanc
(TCP_NODELAY=1) and as they are shipped. All send over one association, in turn, in the same run; the time is that of
the whole job, with the start of dcmsend's process and our association.

`made` fabricates the slices while it sends them; `by two` does so in two processes with an association each, as a
daemon with two workers does, into a storescp that takes several.
"""

import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE, _config, evt
from pynetdicom.presentation import build_context

from benchmarks import peers
from benchmarks.fabrication import plan_of
from dicomfabd.dimse.datasets import encode
from dicomfabd.domain.delivery import Destination, Outcome
from dicomfabd.domain.uids import derive_uid
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import Instance, fabricate, write_file
from dicomfabd.pacs.storage import StorageAssociation

ROUNDS = 5
SLICES = 300
SMALL = 2000
_READY = ("wire", "dcmsend", "pynetdicom")
ONE_BY_ONE = 60
"""Into a peer as shipped others need 40 ms and more an object; so many are enough to see it."""

Send = Callable[[Destination, Path, Sequence[Instance]], float]


@dataclass(frozen=True, slots=True)
class Load:
    """Objects to send: as files, and as the same bytes in memory."""

    name: str
    folder: Path
    instances: list[Instance]

    def first(self, amount: int) -> "Load":
        """Give the first objects, in a folder of their own."""
        folder = self.folder.with_name(f"{self.folder.name}-{amount}")
        if not folder.exists():
            _write(folder, self.instances[:amount])
        return Load(self.name, folder, self.instances[:amount])


def ct_load(folder: Path, bodies: Bodies) -> Load:
    """Make a CT of 300 slices, 512x512x16."""
    made = [_kept(instance) for instance in islice(_slices(bodies), SLICES)]
    return Load("ct", _write(folder / "ct", made), made)


def small_load(folder: Path) -> Load:
    """Make 2,000 objects of 64x64x8."""
    made = [_small(number) for number in range(SMALL)]
    return Load("small", _write(folder / "small", made), made)


def _slices(bodies: Bodies, number: int = 0) -> Iterator[Instance]:
    """Give slices of CT studies, one order after another; a thin chest has fewer than wanted."""
    while True:
        plan = plan_of("CT CHEST WO", "CT", f"D{number}")
        lung = {plan.series_of("lung").sop_instance_uid(index) for index in range(plan.series_of("lung").images)}
        yield from fabricate(plan, bodies, wanted=lung.__contains__)
        number += 1


def _kept(instance: Instance) -> Instance:
    return Instance(
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
        tuple(bytes(part) for part in instance.parts),
    )


def _small(number: int) -> Instance:
    ds = Dataset()
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SOPInstanceUID = derive_uid("bench", "small", str(number))
    ds.StudyInstanceUID, ds.SeriesInstanceUID = derive_uid("bench", "study"), derive_uid("bench", "series")
    ds.PatientID, ds.PatientName, ds.Modality, ds.AccessionNumber = "BENCH", "BENCH^SMALL", "OT", "BENCH"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "", "", "", 1, number + 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", 64, 64
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = bytes(4096)
    data = encode(ds, str(ExplicitVRLittleEndian))
    return Instance(str(ds.SOPClassUID), str(ds.SOPInstanceUID), str(ExplicitVRLittleEndian), (data,))


def _write(folder: Path, instances: Iterable[Instance]) -> Path:
    folder.mkdir()
    for number, instance in enumerate(instances):
        write_file(instance, folder / f"{number:05d}.dcm")
    return folder


def by_wire(destination: Destination, load: Load) -> float:
    """Send ready bytes as the daemon does."""
    started = time.perf_counter()
    classes = list({instance.sop_class_uid for instance in load.instances})
    with StorageAssociation(destination, classes) as association:
        outcomes = {result.outcome for result in association.send_all(load.instances)}
    if outcomes != {Outcome.STORED}:
        raise AssertionError(f"{destination.name} answered {outcomes}")
    return time.perf_counter() - started


def by_making(bodies: Bodies, destination: Destination, load: Load) -> float:
    """Fabricate as many CT slices and send each as it is made."""
    started = time.perf_counter()
    with StorageAssociation(destination, [load.instances[0].sop_class_uid]) as association:
        slices = islice(_slices(bodies), len(load.instances))
        if {result.outcome for result in association.send_all(slices)} != {Outcome.STORED}:
            raise AssertionError(f"{destination.name} did not store")
    return time.perf_counter() - started


def by_dcmsend(no_delay: bool, destination: Destination, load: Load) -> float:
    """Send the files with dcmsend."""
    return peers.dcmsend(destination, load.folder, no_delay=no_delay)


def by_pynetdicom(destination: Destination, load: Load) -> float:
    """Send data sets read beforehand with pynetdicom, made as fast as it can be without changing it.

    No logs, no Nagle, quick acknowledgments, and its thread polls ten times as often as it would.
    """
    _config.LOG_HANDLER_LEVEL = "none"
    datasets = _datasets(load.folder)
    started = time.perf_counter()
    entity = AE("BENCH")
    entity.maximum_pdu_size = 0
    contexts = [build_context(name, ExplicitVRLittleEndian) for name in {one.sop_class_uid for one in load.instances}]
    association = entity.associate(
        destination.host,
        destination.port,
        contexts=contexts,
        ae_title=destination.ae_title,
        evt_handlers=[(evt.EVT_CONN_OPEN, _tune)],
    )
    for ds in datasets:
        # It misses a response now and then when it is this fast; then the association is gone.
        if association.send_c_store(ds).get("Status") != 0:
            raise AssertionError("pynetdicom missed a response")
    association.release()
    return time.perf_counter() - started


def _tune(event: Any) -> None:
    dul = event.assoc.dul
    dul._run_loop_delay = 0.0001
    connection = dul.socket.socket
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    dul.socket.socket = _QuickSocket(connection)


class _QuickSocket:
    """A socket that acknowledges at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return self._connection.recv(size)


@cache
def _datasets(folder: Path) -> list[Dataset]:
    return [dcmread(path) for path in sorted(folder.iterdir())]


def by_two(pool: ProcessPoolExecutor, anatomy: Path, destination: Destination, load: Load) -> float:
    """Fabricate and send in two processes, each half of the slices."""
    started = time.perf_counter()
    half = len(load.instances) // 2
    jobs = [pool.submit(_make_part, anatomy, destination, number * half, half) for number in range(2)]
    for job in jobs:
        job.result()
    return time.perf_counter() - started


def _make_part(anatomy: Path, destination: Destination, first: int, amount: int) -> None:
    with StorageAssociation(destination, [str(CTImageStorage)]) as association:
        slices = islice(_slices(_bodies(anatomy), first), amount)
        if {result.outcome for result in association.send_all(slices)} != {Outcome.STORED}:
            raise AssertionError(f"{destination.name} did not store")


@cache
def _bodies(anatomy: Path) -> Bodies:
    return Bodies(anatomy)


def _tried(send: Callable[[Destination, Load], float], destination: Destination, load: Load) -> float:
    """Give objects a second; not a number when the sender fails, which pynetdicom does now and then at this speed."""
    try:
        return len(load.instances) / send(destination, load)
    except AssertionError:
        return float("nan")


def compare(destination: Destination, load: Load, pool: ProcessPoolExecutor, anatomy: Path, *, no_delay: bool) -> None:
    """Print a line: medians of several rounds, all senders in turn."""
    few = load if no_delay else load.first(min(ONE_BY_ONE, len(load.instances)))
    senders: dict[str, tuple[Callable[[Destination, Load], float], Load]] = {
        "wire": (by_wire, load),
        "dcmsend": (partial(by_dcmsend, no_delay), few),
        "pynetdicom": (by_pynetdicom, few),
    }
    if load.name == "ct":
        senders["made"] = (partial(by_making, _bodies(anatomy)), load)
        senders["by two"] = (partial(by_two, pool, anatomy), load)
    rounds: dict[str, list[float]] = {name: [] for name in senders}
    for _ in range(ROUNDS):
        for name, (send, what) in senders.items():
            rounds[name].append(_tried(send, destination, what))
    rates = {name: statistics.median(value for value in values if value == value) for name, values in rounds.items()}
    made = "".join(
        f"{rates[name]:>8.0f} {rates[name] / rates['dcmsend']:>7.2f}x" for name in rates if name not in _READY
    )
    shown = f"{destination.name} {'nodelay' if no_delay else 'as shipped'}"
    print(
        f"{shown:>22} {load.name:>6} {rates['wire']:>8.0f} {rates['dcmsend']:>8.0f} {rates['pynetdicom']:>10.0f}"
        f" {rates['wire'] / rates['dcmsend']:>8.1f}x {rates['wire'] / rates['pynetdicom']:>10.1f}x {made}"
    )


def main() -> None:
    """Print a table."""
    print("objects a second over one association, and how many times dcmsend and the best-tuned pynetdicom that is;")
    print("`made`, `by two`: fabricated while they are sent, beside dcmsend with files that exist")
    print(
        f"{'into':>22} {'load':>6} {'wire':>8} {'dcmsend':>8} {'pynetdicom':>10} {'/dcmsend':>9} {'/pynetdicom':>11}"
        f" {'made':>8} {'/dcmsend':>8} {'by two':>7} {'/dcmsend':>8}"
    )
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(2, get_context("spawn")) as pool:
        folder = Path(name)
        anatomy = folder / "anatomy"
        loads = [ct_load(folder, _bodies(anatomy)), small_load(folder)]
        archives: list[Callable[..., AbstractContextManager[Destination]]] = [peers.storescp, peers.orthanc]
        for archive in archives:
            for no_delay in (True, False):
                for load in loads:
                    place = folder / f"{archive.__name__}-{no_delay}-{load.name}"
                    place.mkdir()
                    with archive(place, no_delay=no_delay) as destination:
                        compare(destination, load, pool, anatomy, no_delay=no_delay)
    print()
