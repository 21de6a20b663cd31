"""The report of hl7apy, and that nothing defeats it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dicomfabd
from dicomfabd.intake.conformance import LONGEST_MESSAGE, MOST_FINDINGS, judge
from tests.builders import an_orm

ORM = an_orm()
WHOLE = (
    b"MSH|^~\\&|RIS|HOSP|FAB|LAB|20260302120000||ORM^O01^ORM_O01|M1|T|2.5.1\r"
    b"PID|1||P1^^^HOSP^MR||Doe^Jane\rPV1|1|O\r"
    b"ORC|NW|P1|F1\rOBR|1|P1|F1|XRCH^XR CHEST^L\r"
)


def found(raw: bytes) -> set[tuple[str, str]]:
    return {(finding.location, finding.text) for finding in judge(raw).findings}


def test_a_conformant_message_has_no_findings():
    """Nor is one member of a choice of segments taken for the lack of the others, as hl7apy does."""
    assert ("2.5.1", "ORM_O01", (), ()) == (
        (report := judge(WHOLE)).version,
        report.structure,
        report.findings,
        report.notes,
    )


@pytest.mark.parametrize(
    ("old", "new", "location", "text"),
    [
        (b"||Doe^Jane", b"", "PID^1^5", "PID-5 is missing, which PID requires"),
        (b"PV1|1|O", b"PV1|1|WARD", "PV1^1^2^1", "is not a value of table HL70004"),
        (b"^HOSP^MR", b"^HOSP^NONSENSE", "PID^1^3^1^5", "is not a value of table HL70203"),
        (b"ORC|NW", b"XYZ|1\rORC|NW", "XYZ^1", "has no place here"),
        (b"PV1|1|O\r", b"PV1|1|O\rPV1|2|O\r", "", "ORM_O01_PATIENT_VISIT stands here more often than ORM_O01 allows"),
        (b"ORC|NW|P1|F1\r", b"", "ORC", "ORC is missing, which ORM_O01 requires"),
        (
            b"|M1|",
            b"|M1^2|",
            "MSH^1^10^1",
            "has parts (components or subcomponents) the standard does not give it",
        ),
    ],
)
def test_what_is_not_as_the_standard_has_it_is_named(old, new, location, text):
    """By segment, field, repetition and component, without the value."""
    assert old in WHOLE
    assert (location, text) in found(WHOLE.replace(old, new, 1))


def test_segments_of_the_senders_own_are_left_alone():
    """Z segments; the standard says nothing of them."""
    assert set() == found(WHOLE + b"ZDS|1.2.3^A^Application^DICOM\rZXX|~^&\\\r")


@pytest.mark.parametrize(
    ("declared", "judged"),
    [("2.5.0", "2.5"), ("2.9.1", "2.8.2"), ("1.0", "2.1"), ("", "2.5.1"), ("latest", "2.5.1"), ("2.5.1^AUS", "2.5.1")],
)
def test_the_version_it_is_judged_by_is_said(declared, judged):
    """hl7apy knows an exact list; what is not in it is judged by the nearest before."""
    report = judge(WHOLE.replace(b"|2.5.1", f"|{declared}".encode()))

    assert judged == report.version
    assert declared.startswith(judged + "^") or f"judged by HL7 {judged}" in report.notes[0]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_line_ends_do_not_matter(end):
    """hl7apy by itself reads a message with LF as one segment."""
    assert set() == found(WHOLE.replace(b"\r", end))


def test_the_sender_may_use_other_delimiters():
    """Declared in MSH-1 and MSH-2; four different ones are asked for."""
    other = WHOLE.replace(b"MSH|^~\\&", b"MSH#*~\\&").replace(b"|", b"#").replace(b"^", b"*")

    assert set() == found(other)
    assert {"MSH^1^2"} == {location for location, _ in found(WHOLE.replace(b"^~\\&", b"^~\\"))}


def test_an_event_without_a_structure_of_its_own_is_judged_by_the_one_it_shares():
    """ADT^A08 has the structure of A01, although MSH-9 does not say so."""
    raw = b"MSH|^~\\&|A|B|C|D|20260302||ADT^A08|1|T|2.5.1\rEVN||20260302\rPID|1||1^^^A||D^J\rPV1|1|O\r"

    assert ("ADT_A01", ()) == (judge(raw).structure, judge(raw).findings)


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        (b"", "not judged: this is not an HL7 message"),
        (b"\xff\x00" * 100, "not judged: this is not an HL7 message"),
        (WHOLE + b"NTE|1||x\r" * 600, "not judged: more segments"),
        (WHOLE + b"NTE|1||" + b"~" * 5000, "not judged: more segments"),
        (WHOLE + b"x" * LONGEST_MESSAGE, "not judged: longer than"),
        (WHOLE.replace(b"ORM^O01^ORM_O01", b"ZZZ^Z99"), "the order of the segments was not judged"),
        (WHOLE.replace(b"ORM^O01^ORM_O01", b""), "the order of the segments was not judged"),
    ],
)
def test_what_is_not_judged_is_said(raw, note):
    """And why; never an error, whatever the bytes are."""
    assert note in " ".join(judge(raw).notes)


def test_findings_are_bounded():
    """A message of a thousand mistakes fills no screen."""
    report = judge(WHOLE + b"OBX|1|TX|a||b\r" * 400)

    assert MOST_FINDINGS == len(report.findings)
    assert any("only the first" in note for note in report.notes)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_input_makes_it_fail(data):
    """Bytes cut out, put in and exchanged, in a message that was whole."""
    raw = bytearray(data.draw(st.sampled_from([WHOLE, ORM])))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 12))
        new = data.draw(st.binary(max_size=6) | st.sampled_from([b"|", b"^", b"~", b"&", b"\\", b"\r", b"PID", b"ORC"]))
        raw[place : place + cut] = new

    report = judge(bytes(raw))

    assert MOST_FINDINGS >= len(report.findings)


def test_only_what_explains_loads_hl7apy():
    """It is slow to load and slower to work; no answer waits for it."""
    package = Path(dicomfabd.__file__).parent
    naming = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "hl7apy" in (getattr(node, "module", None) or "") + " ".join(name.name for name in node.names)
    }
    rooms = "dicomfabd.cli.explaining, dicomfabd.app.daemon, dicomfabd.intake.conformance, dicomfabd.intake.dissecting"
    script = f"import sys, {rooms}; sys.exit('hl7apy' in sys.modules)"

    assert {"intake/conformance.py", "intake/dissecting.py"} == naming
    assert 0 == subprocess.run([sys.executable, "-c", script], check=False).returncode
