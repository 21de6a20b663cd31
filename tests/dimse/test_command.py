"""Command sets, each fact by its bytes."""

import pytest

from dicomfabd.dimse.command import MESSAGE_ID, STATUS, Command, Operation, answer, encode, store_request
from dicomfabd.dimse.limits import Reason, Violation
from tests.dimse.raw import CT, a_command


def test_an_answer_repeats_what_was_asked():
    """Class, instance, message, and what kind of event or action it was (PS3.7 §10.1)."""
    asked = Command.decode(
        encode(
            {
                0x0003: b"1.2.3",
                0x0100: Operation.N_ACTION,
                0x0110: 7,
                0x0800: 0x0001,
                0x1001: b"1.2.3.45",
                0x1008: 1,
            }
        )
    )

    given = Command.decode(answer(asked, 0x0110, comment="x" * 100))

    assert (0x8130, 7, 0x0101, 0x0110, 1) == tuple(given.number(e) for e in (0x0100, 0x0120, 0x0800, STATUS, 0x1008))
    assert ("1.2.3", "1.2.3.45", "x" * 64) == tuple(given.text(e) for e in (0x0002, 0x1000, 0x0902))


def test_a_comment_is_ascii():
    """A command set knows no other letters."""
    asked = Command.decode(a_command(Operation.C_ECHO))

    assert "M?ller" == Command.decode(answer(asked, 0, comment="Müller")).text(0x0902)


def test_elements_are_in_order_and_even():
    """PS3.5 §7.1: ascending tags, even lengths, behind the group length."""
    assert (
        b"\0\0\0\0\4\0\0\0\x58\0\0\0"
        b"\0\0\2\0\x1a\0\0\x001.2.840.10008.5.1.4.1.1.2\0"
        b"\0\0\0\1\2\0\0\0\1\0"
        b"\0\0\x10\1\2\0\0\0\5\0"
        b"\0\0\0\7\2\0\0\0\0\0"
        b"\0\0\0\x08\2\0\0\0\1\0"
        b"\0\0\0\x10\6\0\0\x001.2.3\0"
    ) == store_request(5, CT, "1.2.3")


def test_what_is_sent_for_a_move_names_it():
    """PS3.7 Table 9.3-1: its AE title, padded with a blank as PS3.5 §6.2 says, and its message ID."""
    plain, moved = (store_request(5, CT, "1.2.3", origin) for origin in (None, ("ABC", 7)))

    assert b"\0\0\x30\x10\4\0\0\0ABC \0\0\x31\x10\2\0\0\0\7\0" == moved[len(plain) :]


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\0\0\0\1",
        b"\0\0\0\1\xff\xff\xff\xff\x30\0",
        b"\x10\0\x10\0\2\0\0\0AB",
        encode({0x0100: 0x0030, 0x0800: 0x0101}),
        encode({0x0110: 1, 0x0800: 0x0101}),
        encode({0x0100: 0x0030, 0x0110: 1}),
        encode({0x0100: b"\x30\0\0\0", 0x0110: 1, 0x0800: 0x0101}),
        encode({0x0100: 0x8030, 0x0110: 1, 0x0800: 0x0101}),
        encode({0x0100: 0x0FFF, 0x0110: 1, 0x0800: 0x0101}),
    ],
    ids=[
        "empty",
        "half an element",
        "a length beyond its end",
        "another group",
        "no message ID",
        "no command field",
        "no data set type",
        "a number too long",
        "a response to nothing",
        "a cancel of nothing",
    ],
)
def test_what_is_no_command_set_is_a_violation(encoded):
    """What every message needs is looked at at once."""
    with pytest.raises(Violation) as error:
        Command.decode(encoded)
    assert Reason.MESSAGE is error.value.reason


def test_text_has_no_padding():
    """Of UIDs and of AE titles."""
    command = Command.decode(a_command(Operation.C_MOVE, e0600=b" SINK  "))

    assert ("SINK", "", 1) == (command.text(0x0600), command.text(0x1000), command.number(MESSAGE_ID))
