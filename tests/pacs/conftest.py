"""PACS that hold something."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.pacs.instances import a_file
from tests.peers import Orthanc, orthanc


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[Orthanc]:
    """An Orthanc with four studies of four patients, whose names are of four scripts."""
    with orthanc(tmp_path_factory.mktemp("filled"), web=True, DefaultEncoding="Utf8") as it:
        for number in (1, 2, 3):
            it.post("/instances", a_file(number))
        it.post("/instances", a_file(1, series=2, SeriesDescription="SCOUT"))
        attributes = {"PatientID": "P2", "AccessionNumber": "A2", "Modality": "MR", "StudyDate": "20260201"}
        it.post(
            "/instances", a_file(1, "1.2.4", SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg", **attributes)
        )
        attributes = {"PatientID": "P3", "AccessionNumber": "A3", "PatientName": "Yamada^Tarou=山田^太郎"}
        it.post("/instances", a_file(1, "1.2.5", SpecificCharacterSet=["", "ISO 2022 IR 87"], **attributes))
        it.post("/instances", a_file(1, "1.2.6", PatientID="P4", AccessionNumber="A4", PatientName="Иванов^Иван"))
        yield it


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(ca, tmp_path) -> Callable[[str], dict[str, str]]:
    """Give a function that writes the files of a server of this name, and of the CA."""

    def write(host: str) -> dict[str, str]:
        issued = ca.issue_cert(host)
        paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "certificate", "key")}
        ca.cert_pem.write_to_path(paths["ca"])
        Path(paths["certificate"]).write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(paths["key"])
        return {name: str(path) for name, path in paths.items()}

    return write
