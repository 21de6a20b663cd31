"""The commands as people type them, in processes of their own."""

import json

import pydicom
import pytest

from tests.builders import an_orm
from tests.daemons import daemons

pytestmark = pytest.mark.slow


@pytest.fixture
def message(tmp_path):
    (tmp_path / "order.hl7").write_bytes(an_orm())
    return tmp_path / "order.hl7"


def test_explain_says_what_is_read(run, message):
    """Which ACK, and the order as it would be kept."""
    told = json.loads(run("explain", "--json", message).stdout)

    assert ("AA", []) == (told["ack"]["code"], told["ack"]["errors"])
    (order,) = told["orders"]
    expected = {
        "accession_number": "A1",
        "patient_id": "P1",
        "patient_name": "Doe^Jane^Q^Dr^III",
        "patient_birth_date": "19800101",
        "patient_sex": "F",
        "modality": "DX",
        "state": "scheduled",
        "referring_physician": "Referrer^Anna^^Dr",
        "procedure": "XR CHEST 2 VIEWS",
    }
    assert expected == {key: order[key] for key in expected}
    assert order["scheduled_at"].startswith("2026-03-02T13:00:00")
    assert order["study_instance_uid"].startswith("2.25.")


def test_explain_says_what_is_wrong(run, tmp_path):
    """Code, place, sentence, and what to do."""
    (tmp_path / "bad.hl7").write_bytes(an_orm(patient_id=""))

    told = json.loads(run("explain", "--json", "bad.hl7").stdout)

    assert ("AE", [], 101, "PID^1^3") == (
        told["ack"]["code"],
        told["orders"],
        told["ack"]["errors"][0]["code"],
        told["ack"]["errors"][0]["location"],
    )
    assert "Fill PID-3." in run("explain", "bad.hl7").stdout.decode()


def test_plan_reads_a_procedure(run):
    """As JSON for scripts."""
    told = json.loads(run("plan", "--json", "MRI KNEE LEFT WO CONTRAST", "NMR").stdout)

    assert ("MR", "KNEE", "L", False, "mr-joint") == tuple(
        told[key] for key in ("modality", "body_part", "laterality", "contrast", "protocol")
    )
    assert told["evidence"]


def test_fabricate_makes_files_without_a_daemon(run, message, tmp_path):
    """The same Study Instance UID as `explain` says."""
    done = run("fabricate", message, "--out", "made")
    uid = json.loads(run("explain", "--json", message).stdout)["orders"][0]["study_instance_uid"]

    files = sorted((tmp_path / "made").rglob("*.dcm"))
    assert (0, 2) == (done.returncode, len(files))
    assert {uid} == {pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID for file in files}


def test_fabricate_refuses_what_the_daemon_would_refuse(run, tmp_path):
    """With the reasons, and nothing written."""
    (tmp_path / "bad.hl7").write_bytes(an_orm(patient_id=""))

    done = run("fabricate", "bad.hl7", "--out", "made")

    assert 1 == done.returncode
    assert b"101 at PID^1^3" in done.stderr
    assert not (tmp_path / "made").exists()


def test_check_prints_the_settings(run):
    """As TOML."""
    done = run("check")

    assert 0 == done.returncode
    assert b"[intake]" in done.stdout


@pytest.mark.parametrize("name", ["intake", "worklist", "archive"])
def test_check_reads_the_files_of_every_port(run, tmp_path, name):
    """A certificate that is none is found before a start."""
    (tmp_path / "junk.pem").write_text("junk")
    (tmp_path / "a.toml").write_text(f'[{name}.tls]\ncertificate = "junk.pem"\nkey = "junk.pem"\n')

    done = run("check", "--config", "a.toml")

    assert 2 == done.returncode
    assert f"{name}.tls.certificate".encode() in done.stderr


def test_commands_that_need_a_daemon_say_so(run):
    """What is missing, in one sentence."""
    assert b"no daemon answers" in run("health").stderr
    assert b"no daemon has run" in run("orders", "list").stderr
    assert 1 == run("pacs", "echo").returncode


def test_orders_are_sent_listed_and_shown(run, tmp_path):
    """send, orders list, orders show, pacs echo, health; each answer shown, exit code 1 for a refusal."""
    with daemons(tmp_path) as start:
        daemon = start()
        for number in range(3):
            (tmp_path / f"{number}.hl7").write_bytes(an_orm(f"M{number}", f"A{number}").replace(b"\r", b"\n"))
        config = ("--config", tmp_path / "dicomfabd.toml")
        sent = run("send", ".", *config)
        piped = run("send", "-", "--to", daemon.addresses["mllp"], stdin=an_orm("M9", "A9"))
        refused = run("send", "-", *config, stdin=an_orm("M10", control="QQ"))
        daemon.wait_for("study.delivered", 4)
        listed = run("orders", "list", *config)
        shown = run("orders", "show", "A1", *config)
        as_json = json.loads(run("orders", "show", "A1", "--json", *config).stdout)
        echoed, health = run("pacs", "echo", *config), run("health", *config)

    assert [0, 0, 1] == [sent.returncode, piped.returncode, refused.returncode]
    assert ["0.hl7: AA M0", "1.hl7: AA M1", "2.hl7: AA M2"] == sent.stdout.decode().splitlines()
    assert b"AE M10" in refused.stdout
    assert all(f"A{n}".encode() in listed.stdout for n in (0, 1, 2, 9))
    assert all(len(line) <= 80 for line in listed.stdout.decode().splitlines())
    assert b"study.delivered" in shown.stdout
    assert "completed" == as_json["state"]
    assert (0, 0, b"ready\n") == (echoed.returncode, health.returncode, health.stdout)


def test_a_refused_message_is_mended_and_replayed_beside_the_daemon(run, tmp_path):
    """messages list, raw, replay and audit on the store of a daemon that runs; it makes the study."""
    with daemons(tmp_path) as start:
        daemon = start()
        config = ("--config", tmp_path / "dicomfabd.toml")
        run("send", "-", *config, stdin=an_orm("M1", "A1", patient_id=""))
        (refused,) = json.loads(run("messages", "list", "--code", "AE", "--json", *config).stdout)
        number = str(refused["message_id"])
        raw = run("messages", "raw", number, *config).stdout
        (tmp_path / "mended.hl7").write_bytes(raw.replace(b"PID|1||^^^", b"PID|1||P1^^^"))
        replayed = run("messages", "replay", number, "--edit", "mended.hl7", *config)
        daemon.wait_for("study.delivered")
        over_http = daemon.get(f"/api/v1/messages/{number}")
        audited = json.loads(run("audit", "--json", *config).stdout)

    assert (0, b"answer  AA") == (replayed.returncode, replayed.stdout[:10]), replayed.stderr
    assert [refused["message_id"] + 1] == [replay["message_id"] for replay in over_http["replays"]]
    assert ["message.replay"] == [entry["action"] for entry in audited]
