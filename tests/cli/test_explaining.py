"""What `explain` says."""

import json

import pytest

from tests.builders import an_orm

ADT = (
    b"MSH|^~\\&|ADT|HOSP|FAB|LAB|20260302||ADT^A40^ADT_A39|M9|T|2.5.1\rEVN|A40\r"
    b"PID|1||P1^^^HOSP||Doe^Jane\rMRG|P2^^^HOSP\r"
)
ACK = b"MSH|^~\\&|FAB|LAB|RIS|HOSP|20260302||ACK^O01^ACK|M1|T|2.5.1\rMSA|AA|M1\r"


@pytest.fixture
def explain(cli, tmp_path):
    """Give a function that explains some bytes."""

    def command(raw: bytes, *options: str) -> str:
        (tmp_path / "message.hl7").write_bytes(raw)
        result = cli("explain", *options, "message.hl7")
        assert 0 == result.exit_code, result.output
        assert "--json" in options or all(len(line) <= 80 for line in result.stdout.splitlines())
        return result.stdout

    return command


def test_a_fault_is_told_whole(explain):
    """Segment, field and its name, code of table 0357 and its text, a sentence, the fix."""
    text = explain(an_orm(patient_id=""))

    assert "answer  AE" in text
    assert "101 Required field missing at PID-3 (Patient Identifier List), PID^1^3" in text
    assert "    the patient has no identifier." in text
    assert "    Fix: Fill PID-3." in text


def test_a_warning_is_told_as_a_note(explain):
    """It names its place too, and the answer stays AA."""
    text = explain(an_orm().replace(b"^^^20260302130000", b"^^^soon"))

    assert "answer  AA" in text
    assert "note at ORC-7 (Quantity/Timing), component 4" in text


def test_each_message_of_a_batch_is_told(explain):
    """An order, a merge, a status that is a no-op, an acknowledgment, a bad one."""
    messages = [an_orm("M1"), ADT, an_orm("M2", control="OK"), ACK, an_orm("M3", patient_id="")]
    raw = b"BHS|^~\\&\r" + b"".join(messages) + b"BTS|5\r"

    text, told = explain(raw), json.loads(explain(raw, "--json"))

    for said in (
        "message 5 of 5",
        "asks    a new order",
        "asks    to merge patients, or to change an ID",
        "does    nothing: ORC-1 OK asks for nothing a worklist could do",
        "answer  none: this is an acknowledgment itself",
        "101 Required field missing",
    ):
        assert said in text
    assert ["AA", "AA", "AA", "", "AE"] == [message["ack"]["code"] for message in told["messages"]]
    assert [{"patient_id": "P2", "issuer_of_patient_id": "HOSP"}] == told["messages"][1]["patients"][0]["priors"]
    assert [1, 0, 0, 0, 0] == [len(message["orders"]) for message in told["messages"]]


def test_frames_are_read_as_messages(explain):
    """A capture of the wire, with its framing bytes."""
    raw = b"".join(b"\x0b" + an_orm(f"M{number}") + b"\x1c\r" for number in range(2))

    assert ["M0", "M1"] == [message["control_id"] for message in json.loads(explain(raw, "--json"))["messages"]]


@pytest.mark.parametrize("control", ["CA", "DC", "HD", "RL", "XO", "NA", "SC"])
def test_every_control_has_words(explain, control):
    """What is asked of the order."""
    assert "asks    " in explain(an_orm(control=control))


def test_a_senders_own_settings_count(cli, tmp_path):
    """As the daemon would read it: here ORC-1 by the sender's own table, at its own address."""
    (tmp_path / "order.hl7").write_bytes(an_orm(control="QQ"))
    (tmp_path / "my.toml").write_text(
        '[[senders]]\nname = "odd"\naddresses = ["10.1.0.0/16"]\norder_control = {QQ = "NW"}\nack_mode = "enhanced"\n'
    )

    here = cli("explain", "--config", "my.toml", "order.hl7")
    there = cli("explain", "--config", "my.toml", "--host", "10.1.2.3", "order.hl7")

    assert "answer  AE" in here.stdout
    assert "answer  AA\nsender  odd: answered in enhanced mode" in there.stdout


def test_strict_adds_the_report_of_hl7apy(explain):
    """Which version it was judged by, and what is not as the standard has it."""
    raw = an_orm(version="2.5.0").replace(b"|F\r", b"|Q\r")

    text, told = explain(raw, "--strict"), json.loads(explain(raw, "--strict", "--json"))

    assert "the version in MSH-12 is not one hl7apy knows; judged by HL7 2.5" in text
    assert "2.5" == told["conformance"]["version"]
    assert any("PID^1^8" in finding["location"] for finding in told["conformance"]["findings"])


@pytest.mark.parametrize(
    "raw", [b"\x00\xff", b"MSH", b"MSH|", b"GET / HTTP/1.0\r\n", b"MSH|^~\\&|[bold]|\x1b[2J\rPID|:smile:[/]\r"]
)
def test_no_input_makes_a_traceback_or_moves_the_cursor(explain, raw):
    """Not even `--strict`; control characters, markup and emoji codes are text."""
    for text in (explain(raw), explain(raw, "--strict")):
        assert "answer  A" in text
        assert "\x1b" not in text


def test_what_senders_write_is_never_markup(explain):
    """`[/]` would be an error of the library that prints, `:x:` another character."""
    text = explain(an_orm(procedure="X^[/]CHEST[red] :x: AP^L"))

    assert "[/]CHEST[red] :x: AP" in text


def test_what_cannot_be_read_is_said(cli):
    """A file that is not there, one that is empty."""
    assert "No such file" in cli("explain", "nothing.hl7").stderr
    assert "answer  AR" in cli("explain", "-", stdin=b"").stdout


def test_the_rule_that_chose_a_station_is_told(cli, tmp_path):
    """Beside the titles it gave; of another step that they are from its modality."""
    (tmp_path / "order.hl7").write_bytes(an_orm())
    (tmp_path / "my.toml").write_text('[[stations]]\nname = "xr"\nmodality = ["DX"]\nae_titles = ["XR1"]\n')

    ruled = json.loads(cli("explain", "--config", "my.toml", "--json", "order.hl7").stdout)["orders"][0]["steps"]
    unruled = json.loads(cli("explain", "--json", "order.hl7").stdout)["orders"][0]["steps"]

    assert [(["XR1"], "rule xr"), (["FABDX"], "modality")] == [
        (step["station_ae_titles"], step["station_origin"]) for step in ruled + unruled
    ]
