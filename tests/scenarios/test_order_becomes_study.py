"""The main job, as a newcomer sees it."""

import json
import re
import signal
import subprocess
import urllib.request

import pytest

from dicomfabd.store.archive_interface import ArchiveQuery, Level
from dicomfabd.store.opening import open_archive_index
from tests.builders import an_orm
from tests.conftest import program
from tests.daemons import a_destination
from tests.peers import orthanc

pytestmark = pytest.mark.slow

SAMPLES = 6


def ask(*arguments: str) -> str:
    done = subprocess.run([program("findscu"), "-v", *arguments], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_sample_orders_are_on_the_worklist_and_become_studies(start):
    """`make run`, findscu -W, findscu -S: one Study Instance UID."""
    daemon = start("--samples")
    daemon.wait_for("study.delivered", SAMPLES)

    worklist = ask(
        "-W", "-aec", "ORTHANC", "127.0.0.1", str(daemon.port("worklist")), "-k", "0008,0050=FAB1001", "-k", "0020,000d"
    )
    archive = ask(
        "-S",
        "127.0.0.1",
        str(daemon.port("archive")),
        "-k",
        "0008,0052=STUDY",
        "-k",
        "0008,0050=FAB1001",
        "-k",
        "0020,000d",
    )

    (on_worklist,), (in_archive,) = (
        set(re.findall(r"\(0020,000d\) UI \[([\d.]+)", text)) for text in (worklist, archive)
    )
    assert on_worklist == in_archive
    assert {"completed"} == set(daemon.states().values())


def test_a_second_start_continues_where_the_first_stopped(start):
    """Samples are sent once, orders stay."""
    first = start("--samples")
    first.wait_for("study.delivered", SAMPLES)
    assert 0 == first.stop()

    second = start("--samples")

    assert SAMPLES == len(second.states())
    assert 0 == second.stop()
    assert not [e for e in second.events if e["event"] == "order.updated"]


def test_ctrl_c_drains_and_exits_0(start):
    """As in a terminal."""
    daemon = start()
    daemon.send(an_orm())

    assert 0 == daemon.stop(signal.SIGINT)
    assert "daemon.stopped" == daemon.events[-1]["event"]


def test_a_real_orthanc_holds_what_the_archive_holds(start, tmp_path):
    """The second destination: counts equal, nothing rejected."""
    with orthanc(tmp_path) as peer:
        daemon = start("--samples", more=a_destination("orthanc", peer.dicom_port, "ORTHANC"))
        daemon.wait_for("study.delivered", SAMPLES, destination="orthanc")
        daemon.wait_for("study.delivered", SAMPLES, destination="archive")
        assert 0 == daemon.stop()

        there = peer.get("/statistics")
        modalities = {peer.get(f"/series/{one}")["MainDicomTags"]["Modality"] for one in peer.get("/series")}

    opened = open_archive_index(tmp_path / "state" / "archive" / "index.db")
    here = len(list(opened.index.find(ArchiveQuery(Level.IMAGE))))
    studies = len(list(opened.index.find(ArchiveQuery(Level.STUDY))))
    opened.close()
    assert (studies, here) == (there["CountStudies"], there["CountInstances"])
    assert {"CT", "MR", "DX", "CR", "US", "SR", "KO", "PR"} == modalities


def test_one_order_id_tells_a_whole_life_and_no_name_is_in_the_log(start):
    """grep order_id."""
    daemon = start("--samples")
    daemon.wait_for("study.delivered", SAMPLES)
    daemon.stop()

    life = [event["event"] for event in daemon.events if event.get("order_id") == 1]
    text = "\n".join(daemon.lines)

    assert ["order.updated", "study.begun", "study.delivered"] == life
    assert not re.search("carter|yamada|rossi|dubois|nguyen|helen|1958", text, re.IGNORECASE)


def test_metrics_count_what_the_workers_do(start):
    """One /metrics for all processes, in a form promtool accepts."""
    daemon = start("--samples")
    daemon.wait_for("study.delivered", SAMPLES)
    text = daemon.until("/metrics", lambda text: 'dicomfabd_orders{state="completed"} 6.0' in text)

    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True)

    assert "" == checked.stdout + checked.stderr
    assert 'dicomfabd_deliver_studies_total{destination="archive",outcome="delivered"} 6.0' in text
    assert 'dicomfabd_fabricate_studies_total{modality="US"} 1.0' in text
    assert "dicomfabd_workers 2.0" in text


def test_an_order_in_json_becomes_a_study(start):
    """The tutorial kit's five keys."""
    daemon = start()
    body = {"patient_id": "P123", "patient_name": "DOE^JANE", "accession": "ACC-1001", "study_desc": "XR CHEST"}
    command = [
        "curl",
        "-s",
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps(body),
        daemon.addresses["page"] + "/orders",
    ]

    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert ("ok", "ACC-1001") == (answer["status"], answer["accession"])
    assert 2 == daemon.wait_for("study.delivered", accession="ACC-1001")["instances"]


def test_an_order_waits_for_its_time_where_that_is_asked(start):
    """when = "scheduled": on the worklist at once, no study before its time."""
    daemon = start(when="scheduled")
    far, near = an_orm("M1", "FAR").replace(b"2026", b"2999"), an_orm("M2", "NEAR")
    daemon.send(far, near)
    daemon.wait_for("study.delivered", accession="NEAR")

    found = ask("-W", "127.0.0.1", str(daemon.port("worklist")), "-k", "0008,0050=FAR", "-k", "0010,0020")

    assert {"FAR": "scheduled", "NEAR": "completed"} == daemon.states()
    assert "[P1" in found


def test_a_rule_for_stations_counts_at_every_door(start):
    """Orders by HL7 are read in processes of their own, orders in JSON in the main one."""
    daemon = start(more='[[stations]]\nname = "xr"\nmodality = ["CR", "DX"]\nae_titles = ["XR1", "XR2"]\n')
    body = {"patient_id": "P123", "patient_name": "DOE^JANE", "accession": "A2", "modality": "CR"}
    daemon.send(an_orm("M1", "A1"))
    url, headers = daemon.addresses["page"] + "/orders", {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=10).close()  # noqa: S310 - our own page

    orders = [daemon.get(f"/api/v1/orders/{order['order_id']}") for order in daemon.get("/api/v1/orders")["orders"]]

    assert [["XR1", "XR2"]] * 2 == [step["station_ae_titles"] for order in orders for step in order["steps"]]
