"""A real PACS holds what was made: every kind of series, each instance once."""

import pytest

from dicomfabd.domain.delivery import Destination, Outcome
from dicomfabd.fabricate.kinds import SOP_CLASSES
from dicomfabd.fabricate.study import fabricate
from dicomfabd.pacs.storage import StorageAssociation
from tests.fabricate.studies import plan_as
from tests.fabricate.test_study import EVERY_KIND
from tests.peers import orthanc


@pytest.mark.slow
def test_orthanc_counts_what_was_sent(bodies, tmp_path):
    """Studies, series and instances; with a clash of UIDs it would accept all and hold fewer."""
    plans = [plan_as(protocol, accession_candidates=(protocol[:16],)) for protocol in EVERY_KIND]
    with orthanc(tmp_path) as pacs:
        destination = Destination("orthanc", "127.0.0.1", pacs.dicom_port, "ORTHANC")
        for plan in plans:
            with StorageAssociation(destination, SOP_CLASSES) as association:
                results = association.send_all(fabricate(plan, bodies, association.syntax_for))
                assert {Outcome.STORED} == {result.outcome for result in results}
        counts = pacs.get("/statistics")

    expected = (len(plans), sum(len(plan.series) for plan in plans), sum(plan.instances for plan in plans))
    assert expected == (counts["CountStudies"], counts["CountSeries"], counts["CountInstances"])
