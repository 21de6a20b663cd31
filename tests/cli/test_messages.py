"""Kept messages on the command line, without a daemon."""

import hashlib
import json
import sys

import pytest

from dicomfabd.domain.errors import Fault
from dicomfabd.store.interface import OrderQuery, ReceivedMessage, Submission
from tests.builders import an_orm

BAD = an_orm("M1", patient_id="")
FAULT = Fault(101, "PID^1^3", "the patient has no identifier", "Fill PID-3.")
KIT = b'{"patient_id": "", "patient_name": "DOE^JANE", "accession": "ACC-1"}'


@pytest.fixture
def keep(state):
    """Give a function that keeps a message as intake does."""

    def accept(raw=BAD, code="AE", faults=(FAULT,), quarantined=False, **message):
        received = {"message_type": "ORM^O01", "control_id": "M1", "sending_application": "RIS"} | message
        received = ReceivedMessage(raw, hashlib.sha256(raw).digest(), "mllp", "10.0.0.9:1", **received)
        answer = b"MSH|^~\\&|FAB\rMSA|" + code.encode() + b"|M1\r" if code else b""
        state.inbox.accept([Submission(received, (), answer, code, faults, quarantined)])

    return accept


def test_messages_are_listed(cli, keep):
    """Newest first, 80 columns, a reason for what was not taken; filtered like the API."""
    keep()
    keep(b"\xff", "AR", (Fault(100, "MSH^1", "this is not HL7"),), True, message_type="", control_id="")
    keep(
        b"MSH|",
        "AA",
        (),
        control_id="A-VERY-LONG-CONTROL-ID-OF-AN-ENGINE",
        sending_application="[red]\x1b[2J" + "X" * 200,
        message_type="ADT^A08",
    )

    listed = cli("messages", "list")

    lines = listed.stdout.splitlines()
    assert ["3", "2", "1"] == [line.split()[0] for line in lines[1:]]
    assert "AE" in lines[3] and "PID-3" in lines[3]
    assert "quarantined" in lines[2]
    assert all(len(line) <= 80 for line in lines)
    assert "\x1b" not in listed.stdout

    def found(*options: object) -> list[int]:
        return [it["message_id"] for it in json.loads(cli("messages", "list", "--json", *options).stdout)]

    assert [2, 1] == found("--code", "AE", "--code", "AR")
    assert [2] == found("--quarantined")
    assert [3, 1] == found("--readable")
    assert [3] == found("--type", "ADT^A08")
    assert [2, 1] == found("--sender", "RIS")
    assert [1] == found("--control-id", "M1")
    assert [1] == found("--before", 2)
    assert [3] == found("--limit", 1)


def test_one_message_is_shown(cli, keep):
    """What is wrong, what to do, and its text with a line for each segment."""
    keep()

    shown = cli("messages", "show", 1)

    assert "101 Required field missing at PID-3" in shown.stdout
    assert "Fix: Fill PID-3." in shown.stdout
    assert "\nPID|1||^^^HOSP^MR||Doe^Jane^Q^III^Dr||19800101|F\n" in shown.stdout
    assert "PID^1^3" == json.loads(cli("messages", "show", 1, "--json").stdout)["faults"][0]["location"]
    assert "there is no message 9" in cli("messages", "show", 9).stderr


def test_the_bytes_of_a_message_come_out_as_they_came(cli, keep):
    """And those of its answer."""
    keep(b"MSH|\xe4\x00\r")
    keep(code="")

    assert b"MSH|\xe4\x00\r" == cli("messages", "raw", 1).stdout_bytes
    assert b"MSH|^~\\&|FAB\rMSA|AE|M1\r" == cli("messages", "raw", "--answer", 1).stdout_bytes
    assert "got no answer" in cli("messages", "raw", "--answer", 2).stderr


def test_a_message_is_replayed_as_it_is(cli, keep, state):
    """Exit code 1, for it is refused as before; the copy is kept and linked."""
    keep()

    done = cli("messages", "replay", 1)

    assert (1, 1) == (done.exit_code, state.messages.get(2).replay_of)
    assert "answer  AE, kept as message 2" in done.stdout
    assert "replayed as message 2: AE" in cli("messages", "show", 1).stdout


def test_an_edited_copy_is_replayed(cli, keep, state, tmp_path):
    """From a file or standard input; the original stays as it came."""
    keep()
    (tmp_path / "good.hl7").write_bytes(an_orm("M1", "A1"))

    filed = cli("messages", "replay", 1, "--edit", "good.hl7")
    piped = cli("messages", "replay", 1, "--edit", "-", "--json", stdin=an_orm("M1", "A2").replace(b"\r", b"\n"))

    assert (0, 0) == (filed.exit_code, piped.exit_code), filed.output + piped.output
    assert "did     a new order was placed (order 1)" in filed.stdout
    assert ("AA", ["A2"]) == (
        json.loads(piped.stdout)["code"],
        [done["accession_number"] for done in json.loads(piped.stdout)["did"]],
    )
    assert BAD == state.messages.get(1).raw


def test_a_copy_is_edited_in_an_editor(cli, keep, state, tmp_path, monkeypatch):
    """Lines end as editors like; the copy is gone afterwards, and the message has CR again."""
    keep()
    script = tmp_path / "editor.py"
    script.write_text(
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(str(path))\n"
        "assert 'ORC|NW' in path.read_text().splitlines()[3]\n"
        "path.write_text(path.read_text().replace('PID|1||^^^', 'PID|1||P7^^^'))\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")

    done = cli("messages", "replay", "--editor", 1)

    assert 0 == done.exit_code, done.output
    assert BAD.replace(b"PID|1||^^^", b"PID|1||P7^^^") == state.messages.get(2).raw
    assert not (tmp_path / (tmp_path / "seen").read_text()).exists()


@pytest.mark.parametrize(
    ("editor", "said"),
    [("true", "nothing was changed"), ("false", "nothing was changed"), ("/no/such/editor", "Set EDITOR")],
)
def test_an_editor_that_changes_nothing_replays_nothing(cli, keep, state, monkeypatch, editor, said):
    """Nor one that fails or is not there."""
    keep()
    monkeypatch.setenv("VISUAL", editor)

    done = cli("messages", "replay", "--editor", 1)

    assert (1, None) == (done.exit_code, state.messages.get(2))
    assert said in done.stderr


def test_a_copy_is_one_message(cli, keep, state, tmp_path):
    """The rest would be lost without a word."""
    keep()
    (tmp_path / "two.hl7").write_bytes(an_orm("M1") + an_orm("M2"))

    done = cli("messages", "replay", 1, "--edit", "two.hl7")

    assert (1, None) == (done.exit_code, state.messages.get(2))
    assert "holds 2 messages" in done.stderr


def test_a_json_order_is_replayed_as_one(cli, keep, state):
    """Through the checks of the JSON door."""
    keep(KIT, message_type="JSON", sending_application="http", sending_facility="/orders")

    refused = cli("messages", "replay", 1)
    taken = cli("messages", "replay", 1, "--edit", "-", stdin=KIT.replace(b'""', b'"P1"'))

    assert (1, 0) == (refused.exit_code, taken.exit_code)
    assert "patient_id: is empty" in refused.stdout
    assert ["ACC-1"] == [stored.order.accession_number for stored in state.book.find(OrderQuery())]


def test_what_cannot_be_replayed_is_said(cli, keep):
    """A message that is not there; an acknowledgment."""
    keep(b"MSH|^~\\&|A|B|C|D|2026||ACK|M1|T|2.5\rMSA|AA|M1\r", code="", message_type="ACK")

    assert "there is no message 9" in cli("messages", "replay", 9).stderr
    assert "acknowledgment" in cli("messages", "replay", 1).stderr


def test_replays_are_audited(cli, keep, monkeypatch):
    """Who, what, and the copy."""
    keep()
    monkeypatch.setenv("LOGNAME", "jane")
    cli("messages", "replay", 1)

    (entry,) = json.loads(cli("audit", "--json").stdout)
    shown = cli("audit").stdout

    assert ("cli jane", "message.replay", "message 1", 2) == (
        entry["actor"],
        entry["action"],
        entry["target"],
        entry["detail"]["copy"],
    )
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "message.replay" in shown and "cli jane" in shown


def test_without_a_store_it_says_so(cli):
    """In one sentence."""
    for command in (["messages", "list"], ["messages", "show", 1], ["messages", "replay", 1], ["audit"]):
        assert "no daemon has run" in cli(*command).stderr
