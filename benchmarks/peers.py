"""The archives and worklists we are measured beside, with their TCP_NODELAY=1 and as shipped."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dicomfabd.domain.delivery import Destination
from tests.conftest import program
from tests.peers import free_port, wait_for_port


@contextlib.contextmanager
def storescp(folder: Path, *, no_delay: bool) -> Iterator[Destination]:
    """DCMTK's storage SCP, which looks at what it gets and keeps nothing."""
    port = free_port()
    command = [program("storescp"), "--ignore", "--fork", "-aet", "SINK", str(port)]
    with running(command, folder, no_delay=no_delay):
        wait_for_port(port)
        yield Destination("storescp", "127.0.0.1", port, "SINK")


@contextlib.contextmanager
def orthanc(folder: Path, *, no_delay: bool, **more: Any) -> Iterator[Destination]:
    """Debian's Orthanc with its own disk and index; what comes again is stored again. `more` are its settings."""
    dicom, http = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "HttpPort": http,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": False,
        "OverwriteInstances": True,
        "Plugins": [],
        **more,
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with running([program("Orthanc"), str(folder / "orthanc.json")], folder, no_delay=no_delay):
        wait_for_port(http)
        wait_for_port(dicom)
        yield Destination("orthanc", "127.0.0.1", dicom, "ORTHANC")


@contextlib.contextmanager
def orthanc_worklist(folder: Path, items: Path) -> Iterator[Destination]:
    """Orthanc with its worklist plugin over a folder of items, without Nagle's algorithm."""
    plugin = "/usr/share/orthanc/plugins/libModalityWorklists.so"
    worklists = {"Enable": True, "Database": str(items)}
    more = {"Plugins": [plugin], "Worklists": worklists, "DicomAlwaysAllowFindWorklist": True}
    with orthanc(folder, no_delay=True, **more) as destination:
        yield destination


@contextlib.contextmanager
def wlmscpfs(folder: Path, items: Path) -> Iterator[Destination]:
    """DCMTK's worklist server over the same, whose name is the AE title; without Nagle's algorithm."""
    port = free_port()
    with running([program("wlmscpfs"), "-dfp", str(items.parent), str(port)], folder, no_delay=True):
        wait_for_port(port)
        yield Destination("wlmscpfs", "127.0.0.1", port, items.name)


@contextlib.contextmanager
def running(command: list[str], folder: Path, *, no_delay: bool) -> Iterator[None]:
    """Run a program of DCMTK's kin until the end of the block."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(no_delay=no_delay),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def dcmsend(destination: Destination, folder: Path, *, no_delay: bool) -> float:
    """Send every file of a folder with DCMTK's dcmsend and give the seconds the process took."""
    command = [
        program("dcmsend"),
        "-aec",
        destination.ae_title,
        "+sd",
        destination.host,
        str(destination.port),
        str(folder),
    ]
    started = time.perf_counter()
    subprocess.run(command, env=environment(no_delay=no_delay), check=True, capture_output=True)
    return time.perf_counter() - started


def environment(*, no_delay: bool) -> dict[str, str]:
    """Give the environment of a DCMTK program, which takes this setting from there."""
    kept = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    return kept | ({"TCP_NODELAY": "1"} if no_delay else {})
