import re
from pathlib import Path

import pytest

from dicomfabd.config import Intake, SenderSection
from dicomfabd.intake.senders import DEFAULT, PRESETS, REMEMBERED, FieldPath, Senders, default_sender


def a_section(name: str = "ris", **keys: object) -> SenderSection:
    return SenderSection.model_validate({"name": name, **keys})


def match(*sections: SenderSection, application: str = "RIS", facility: str = "HOSP", host: str = "10.1.2.3") -> str:
    """Give the name of the sender found."""
    return Senders(sections).match(application, facility, host).name


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "ris"),
        ({"sending_application": "RIS"}, "ris"),
        ({"sending_application": "ris"}, "default"),
        ({"sending_application": "RIS", "sending_facility": "HOSP"}, "ris"),
        ({"sending_application": "RIS", "sending_facility": "LAB"}, "default"),
        ({"sending_facility": "HOSP", "addresses": ["10.1.0.0/16"]}, "ris"),
        ({"sending_facility": "HOSP", "addresses": ["10.2.0.0/16", "10.1.2.3"]}, "ris"),
        ({"sending_facility": "HOSP", "addresses": ["10.2.0.0/16"]}, "default"),
    ],
)
def test_a_sender_is_known_by_all_that_its_section_names(keys, expected):
    """Exactly, but for what it leaves open."""
    assert expected == match(a_section(**keys))


def test_the_first_that_matches_counts():
    """Narrow ones go first."""
    sections = a_section("lab", sending_facility="LAB"), a_section("ris", sending_application="RIS"), a_section("rest")

    assert ("lab", "ris", "rest") == (
        match(*sections, facility="LAB"),
        match(*sections),
        match(*sections, application="HIS"),
    )


def test_who_matches_none_is_not_known():
    """And is treated as everybody."""
    assert DEFAULT is Senders([a_section(sending_application="HIS")]).match("RIS", "HOSP", "10.1.2.3")
    assert (False, True) == (DEFAULT.is_known, Senders([a_section()]).match("", "", "").is_known)


def test_an_empty_name_in_the_message_matches_no_named_sender():
    """Empty in a section is any; empty in a message is empty."""
    assert "default" == match(a_section(sending_application="RIS"), application="")


def test_the_answer_is_remembered():
    """It is asked for each message."""
    senders = Senders([a_section(sending_application="RIS", addresses=["10.0.0.0/8"])])
    first = senders.match("RIS", "HOSP", "10.1.2.3")

    assert first is senders.match("RIS", "HOSP", "10.1.2.3")
    assert 1 == senders._remembered.cache_info().hits


def test_what_strangers_write_is_not_remembered():
    """A sender's name may be as long as a message, and each message may name another."""
    senders = Senders([a_section(sending_application="RIS")])
    for number in range(100):
        senders.match(f"STRANGER {number}", f"{number}", f"10.1.2.{number}")

    assert 1 == senders._remembered.cache_info().currsize


def test_only_so_many_addresses_are_remembered():
    """They are a closed set only where the network is."""
    senders = Senders([a_section(addresses=["10.0.0.0/8"])])
    for number in range(REMEMBERED + 100):
        senders.match("RIS", "HOSP", f"10.1.{number // 256}.{number % 256}")

    assert REMEMBERED == senders._remembered.cache_info().currsize


def test_what_the_section_says_beats_the_preset_and_the_preset_the_settings():
    """And the settings the defaults."""
    default = default_sender(Intake(ack_deadline_s=6, idle_timeout_s=60))
    senders = Senders(
        [
            a_section("plain", sending_application="A"),
            a_section("mirth", sending_application="B", preset="mirth"),
            a_section("own", preset="mirth", ack_deadline_s=2, on_transient="reject"),
        ],
        default,
    )

    found = [senders.match(name, "", "") for name in "ABC"]

    assert [6, 4, 2] == [sender.ack_deadline_s for sender in found]
    assert [60, 0, 0] == [sender.idle_timeout_s for sender in found]
    assert ["close", "close", "reject"] == [sender.on_transient for sender in found]


def test_everything_a_section_says_is_in_the_profile():
    """Read and ready: no text is taken apart while a message waits."""
    section = a_section(
        ack_mode="enhanced",
        application_ack=True,
        charset="cp1250",
        strict=True,
        processing_ids=["T", "D"],
        versions=["2.5.1"],
        ignore=["ORU", "MDM^T02"],
        scheduling=True,
        visits_are_orders=True,
        batch="one",
        patient_authority="HOSP",
        fields={"accession": ["OBR-46.1", "ZAC-2"]},
        order_control={"CD:2539": "NW"},
        modalities={"SALA 1": "CT"},
    )

    sender = Senders([section]).match("", "", "")

    assert ("ris", True, "enhanced", True, "cp1250", True) == (
        sender.name,
        sender.is_known,
        sender.ack_mode,
        sender.application_ack,
        sender.charset,
        sender.strict,
    )
    assert (True, True, "one", "HOSP") == (
        sender.scheduling,
        sender.visits_are_orders,
        sender.batch,
        sender.patient_authority,
    )
    assert {"accession": (FieldPath("OBR", 46, 1), FieldPath("ZAC", 2))} == sender.fields
    assert ({"CD:2539": "NW"}, {"SALA 1": "CT"}) == (sender.order_control, sender.modalities)


def test_a_profile_cannot_be_changed():
    """It is shared by every message of the sender."""
    sender = Senders([a_section(modalities={"SALA 1": "CT"})]).match("", "", "")

    with pytest.raises(TypeError):
        sender.modalities["SALA 2"] = "MR"
    with pytest.raises(AttributeError):
        sender.strict = True


def test_types_are_ignored_whole_or_by_event():
    """For feeds that cannot leave out what concerns nobody here."""
    sender = Senders([a_section(ignore=["ORU", "MDM^T02"])]).match("", "", "")

    assert [True, True, False, False] == [
        sender.ignores("ORU", "R01"),
        sender.ignores("MDM", "T02"),
        sender.ignores("MDM", "T01"),
        sender.ignores("ORM", "O01"),
    ]
    assert not DEFAULT.ignores("ORU", "R01")


def test_processing_ids_and_versions_are_anything_unless_listed():
    """A fabricator may be told to refuse production."""
    sender = Senders([a_section(processing_ids=["T"], versions=["2.5.1"])]).match("", "", "")

    assert [True, False] == [sender.allows_processing_id("T"), sender.allows_processing_id("P")]
    assert [True, False] == [sender.allows_version("2.5.1"), sender.allows_version("")]
    assert DEFAULT.allows_processing_id("P")
    assert DEFAULT.allows_version("1.0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OBR-18.1", FieldPath("OBR", 18, 1)),
        ("OBR-34.1.2", FieldPath("OBR", 34, 1, 2)),
        ("ZDS-1.12", FieldPath("ZDS", 1, 12)),
        ("IN1-2.1", FieldPath("IN1", 2, 1)),
    ],
)
def test_a_place_is_read_and_written_alike(text, expected):
    """What a person writes is what a log shows."""
    assert (expected, text) == (FieldPath.parse(text), str(expected))


def test_a_field_alone_is_its_first_component():
    """Where identifiers and codes stand; `A1^HOSP` names the order A1."""
    assert FieldPath("OBR", 18, 1, 0) == FieldPath.parse("OBR-18")


@pytest.mark.parametrize(
    "text", ["", "OBR", "OBR-", "OBR-0", "OBR-18.0", "OBR-18.", "obr-18", "OBR.18", "OBR-18^1", "1BR-2", "OBR-1.2.3.4"]
)
def test_a_place_that_is_none_is_refused(text):
    """Fields, components and sub-components are counted from 1."""
    with pytest.raises(ValueError, match="is not a place in a message"):
        FieldPath.parse(text)


@pytest.mark.parametrize("name", [name for name in PRESETS if name])
def test_a_preset_keeps_the_connection(name):
    """Each of these engines holds one for good, and loses a message when it finds it closed."""
    sender = Senders([a_section(preset=name)]).match("", "", "")

    assert ("original", 0) == (sender.ack_mode, sender.idle_timeout_s)


def test_mirth_is_answered_before_it_gives_up():
    """After 5 s it sends again."""
    assert Senders([a_section(preset="mirth")]).match("", "", "").ack_deadline_s < 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mirth", "close"), ("rhapsody", "close"), ("cloverleaf", "close"), ("intersystems", "reject"), ("epic", "close")],
)
def test_a_preset_makes_the_engine_send_again(name, expected):
    """Of all of them only InterSystems takes AR for that."""
    assert expected == PRESETS[name].on_transient


def test_every_preset_of_the_settings_is_one():
    """And no other."""
    allowed = SenderSection.model_json_schema()["properties"]["preset"]["enum"]

    assert set(allowed) == set(PRESETS)


def test_the_page_on_senders_tells_every_preset():
    """And what its reader needs to know of it."""
    text = (Path(__file__).parents[2] / "docs" / "senders.md").read_text().split("## Presets")[1]
    told = dict(re.findall(r"^\| `([a-z]+)`[^|]*\| (close|AR 207)", text, re.MULTILINE))

    assert {name: {"close": "close", "reject": "AR 207"}[p.on_transient] for name, p in PRESETS.items() if name} == told
