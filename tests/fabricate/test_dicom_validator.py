"""The second judge: dicom-validator, offline, for everything but structured reports.

Its tables flatten the "include if" macros of structured reports, so it finds faults in every one of them; dciodvfy
judges those.
"""

import pydicom
import pytest

from dicomfabd.fabricate.study import fabricate, write_file
from tests.fabricate.offline_standard import build, issues
from tests.fabricate.studies import CATALOG, plan_as

REPORTS = ("dose", "report", "key-objects")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_dicom_validator_finds_nothing_in_any_series(bodies, tmp_path):
    """The first instance of each series of each protocol."""
    build(tmp_path / "standard")
    files = []
    for protocol in CATALOG.protocols:
        plan = plan_as(protocol.id)
        firsts = {item.sop_instance_uid(0): item.key for item in plan.series if item.kind not in REPORTS}
        for instance in fabricate(plan, bodies, wanted=firsts.__contains__):
            files.append(tmp_path / f"{protocol.id}.{firsts[instance.sop_instance_uid]}.dcm")
            write_file(instance, files[-1])

    assert len(files) > 300
    assert [] == issues(tmp_path / "standard", files)

    spoilt = pydicom.dcmread(files[0])
    del spoilt.Modality
    spoilt.save_as(tmp_path / "spoilt.dcm")

    assert ["spoilt.dcm: Tag (0008,0060) (Modality) is missing"] == issues(
        tmp_path / "standard", [tmp_path / "spoilt.dcm"]
    )
