"""The listener, asked by DCMTK's programs and by Orthanc, in the clear and by TLS."""

import json
import subprocess
import threading
import urllib.request
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from dicomfabd.config import Tls
from dicomfabd.dimse.services import PENDING, Outgoing, Retrieval, Services, StoreRequest, SubOperations
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import fabricate, write_file
from tests.conftest import program
from tests.dimse.raw import MWL
from tests.fabricate.studies import plan_of
from tests.peers import orthanc

pytestmark = pytest.mark.slow

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"{STUDY_ROOT}{n}" for n in (1, 2, 3))


def run(name: str, *arguments: str | Path) -> str:
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert 0 == done.returncode, said
    return said


def read_dataset_of(request: StoreRequest) -> Dataset:
    return read_dataset(BytesIO(request.dataset), False, True)


def by_uid(datasets: Iterable[Dataset]) -> dict[str, Dataset]:
    return {str(ds.SOPInstanceUID): Dataset(ds) for ds in datasets}


class Archive:
    """Keeps what it is sent, and gives it back."""

    def __init__(self) -> None:
        self.kept: dict[str, StoreRequest] = {}
        self.moves: list[tuple[str, str]] = []
        self.arrived = threading.Condition()

    @property
    def services(self) -> Services:
        return Services(
            find={MWL: self.find, STUDY_FIND: self.find},
            store=self.store,
            move={STUDY_MOVE: self.move},
            get={STUDY_GET: self.get},
        )

    def store(self, request: StoreRequest, peer: object) -> None:
        with self.arrived:
            self.kept[request.sop_instance_uid] = request
            self.arrived.notify_all()

    def find(self, identifier: Dataset, peer: object) -> Any:
        for number in range(3):
            answer = Dataset()
            answer.PatientID = f"P{number}"
            yield PENDING, answer

    def move(self, identifier: Dataset, peer: object, destination: str, message_id: int) -> Any:
        self.moves.append((destination, identifier.StudyInstanceUID))
        for done in range(3):
            yield SubOperations(2 - done, done, 0, 0)

    def get(self, identifier: Dataset, peer: object) -> Retrieval:
        requests = list(self.kept.values())
        outgoing = (Outgoing(r.sop_class_uid, r.sop_instance_uid, r.transfer_syntax_uid, r.dataset) for r in requests)
        return Retrieval(len(requests), outgoing)


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    """Give some instances as files."""
    folder = tmp_path_factory.mktemp("instances")
    paths = []
    for number, instance in enumerate(fabricate(plan_of("CT HEAD", "CT"), Bodies())):
        paths.append(folder / f"{number}.dcm")
        write_file(instance, paths[-1])
    return paths


@pytest.mark.parametrize(
    ("name", "options"),
    [("findscu -W", ["-W"]), ("findscu -S", ["-S", "-k", "0008,0052=STUDY"]), ("small PDUs", ["-W", "-pdu", "4096"])],
)
def test_findscu_finds(listen, archive, name, options):
    """On the worklist and at study root, also with the smallest PDUs it knows."""
    port = listen(archive.services).port

    said = run("findscu", "-v", *options, "-k", "0010,0020", "127.0.0.1", str(port))

    assert [f"P{n}" for n in range(3)] == [line.split("[")[1][:2] for line in said.splitlines() if "LO [P" in line]


def test_findscu_cancels(listen):
    """After the first answer; the rest is spared."""

    def find(identifier, peer):
        while True:
            answer = Dataset()
            answer.PatientID = "P"
            yield PENDING, answer

    port = listen(Services(find={MWL: find})).port

    said = run("findscu", "-v", "-W", "--cancel", "1", "-k", "0010,0020", "127.0.0.1", str(port))

    assert "Cancel" in said


def test_echoscu_is_answered_and_its_abort_taken(listen, sink):
    """And said."""
    port = listen().port

    run("echoscu", "127.0.0.1", str(port))
    run("echoscu", "--abort", "-aet", "RUDE", "127.0.0.1", str(port))
    run("echoscu", "127.0.0.1", str(port))

    assert [("aborted", "RUDE")] == [(e["reason"], e["calling"]) for e in sink.named("dicom.association_closed")]


@pytest.mark.parametrize("sender", ["storescu", "dcmsend"])
def test_what_dcmtk_sends_arrives_whole(listen, archive, files, sender):
    """Every value of every instance; lengths of sequences are DCMTK's to choose."""
    port = listen(archive.services).port

    run(sender, "127.0.0.1", str(port), *files)

    assert by_uid(map(dcmread, files)) == by_uid(map(read_dataset_of, archive.kept.values()))


def test_movescu_has_a_study_moved(listen, archive):
    """And is told how it went."""
    port = listen(archive.services).port

    said = run(
        "movescu", "-v", "-S", "-aem", "SINK", "-k", "0008,0052=STUDY", "-k", "0020,000d=1.2.3", "127.0.0.1", str(port)
    )

    assert [("SINK", "1.2.3")] == archive.moves
    assert "Received Final Move Response (Success)" in said


def test_getscu_gets_what_was_stored(listen, archive, files, tmp_path):
    """On the association it opened, in the role of an SCP."""
    port = listen(archive.services).port
    run("dcmsend", "127.0.0.1", str(port), *files)

    run("getscu", "-S", "-od", tmp_path, "-k", "0008,0052=STUDY", "-k", "0020,000d=1.2.3", "127.0.0.1", str(port))

    assert by_uid(map(dcmread, files)) == by_uid(map(dcmread, tmp_path.iterdir()))


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Give PEM files: a CA, our certificate, a client's, and a stranger's."""
    folder = tmp_path_factory.mktemp("keys")
    ca, other = trustme.CA(), trustme.CA()
    issued = {"server": ca.issue_cert("localhost", "127.0.0.1"), "client": ca.issue_cert("ct.example")}
    issued["stranger"] = other.issue_cert("ct.example")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    for name, certificate in issued.items():
        certificate.private_key_pem.write_to_path(folder / f"{name}.key")
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(folder / f"{name}.pem", append=True)
    return {path.name: path for path in folder.iterdir()}


def tls_of(keys: dict[str, Path], **more: Any) -> Tls:
    return Tls(certificate=str(keys["server.pem"]), key=str(keys["server.key"]), **more)


def test_dcmtk_speaks_tls_with_us(listen, archive, keys, files):
    """Anonymously, and what it sends arrives."""
    port = str(listen(archive.services, tls=tls_of(keys)).port)
    secure = ["+tla", "+cf", keys["ca.pem"]]

    run("echoscu", *secure, "127.0.0.1", port)
    said = run("findscu", "-v", *secure, "-W", "-k", "0010,0020", "127.0.0.1", port)
    run("storescu", *secure, "127.0.0.1", port, *files)

    assert said.count("LO [P") == 3
    assert len(files) == len(archive.kept)


def test_mutual_tls_lets_in_whom_our_ca_vouches_for(listen, keys, sink):
    """And says why it lets nobody else in."""
    port = str(listen(tls=tls_of(keys, client_ca=str(keys["ca.pem"]))).port)

    def echo(client: str) -> int:
        own = ["+tls", keys[f"{client}.key"], keys[f"{client}.pem"], "+cf", keys["ca.pem"]]
        command = [program("echoscu"), *map(str, own), "127.0.0.1", port]
        return subprocess.run(command, capture_output=True, timeout=60).returncode

    assert 0 == echo("client")
    assert 0 != echo("stranger")
    ((said,)) = sink.named("dicom.association_closed")
    assert "tls" == said["reason"]
    assert "archive.tls.client_ca" in said["detail"]


def test_a_certificate_that_changes_on_disk_is_used_from_then_on(listen, keys, tmp_path, sink):
    """Without a new start; one that cannot be read changes nothing."""
    own = {"certificate": tmp_path / "own.pem", "key": tmp_path / "own.key"}
    own["certificate"].write_bytes(keys["stranger.pem"].read_bytes())
    own["key"].write_bytes(keys["stranger.key"].read_bytes())
    port = str(listen(tls=Tls(**{name: str(path) for name, path in own.items()})).port)
    command = [program("echoscu"), "+tla", "+cf", str(keys["ca.pem"]), "127.0.0.1", port]
    before = subprocess.run(command, capture_output=True, timeout=60).returncode

    own["key"].write_bytes(keys["server.key"].read_bytes())
    own["certificate"].write_bytes(keys["server.pem"].read_bytes())
    after = subprocess.run(command, capture_output=True, timeout=60).returncode
    own["certificate"].write_text("junk")
    still = subprocess.run(command, capture_output=True, timeout=60).returncode

    assert (True, 0, 0) == (before != 0, after, still)
    first, second = sink.named("dicom.certificate_reloaded")
    assert ("archive", "") == (first["listener"], first["problem"])
    assert "archive.tls.certificate" in second["problem"]


def test_orthanc_echoes_and_stores(listen, archive, files, tmp_path):
    """As a client."""
    port = listen(archive.services).port
    with orthanc(tmp_path) as it:

        def post(path: str, body: bytes, method: str = "POST") -> Any:
            request = urllib.request.Request(f"http://127.0.0.1:{it.http_port}{path}", body, method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                return json.loads(answer.read() or b"{}")

        post("/modalities/fab", json.dumps({"AET": "FAB", "Host": "127.0.0.1", "Port": port}).encode(), "PUT")
        ids = [post("/instances", file.read_bytes())["ID"] for file in files]
        post("/modalities/fab/echo", b"{}")
        stored = post("/modalities/fab/store", json.dumps(ids).encode())

    assert len(files) == stored["InstancesCount"] - stored["FailedInstancesCount"]
    assert {str(dcmread(file).SOPInstanceUID) for file in files} == archive.kept.keys()
