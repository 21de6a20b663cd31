"""What the bytes of a message are."""

import pytest

from dicomfabd.web.api.messages import charset_of, text_of


def message(charset: str, text: str, codec: str) -> bytes:
    return f"MSH|^~\\&|RIS|HOSP|FAB|LAB|20260302||ORM^O01|M1|P|2.5||||||{charset}\rPID|{text}\r".encode(codec)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (message("", "Doe", "ascii"), "us-ascii"),
        (message("8859/1", "Doe", "ascii"), "us-ascii"),
        (message("8859/1", "Müller", "iso8859-1"), "iso-8859-1"),
        (message("8859/15", "Müller", "iso8859-15"), "iso-8859-15"),
        (message("UNICODE UTF-8", "Müller", "utf-8"), "utf-8"),
        (message("", "Müller", "utf-8"), "utf-8"),
        (message("", "Müller", "iso8859-1"), ""),
        (message("ISO IR 999", "Müller", "iso8859-1"), ""),
        (message("ASCII", "Müller", "utf-8"), "utf-8"),
        (message("~ISO IR87", "山田", "iso2022_jp"), "iso-2022-jp"),
        (message("ISO IR6~ISO IR87~ISO IR159", "山田", "iso2022_jp"), "iso-2022-jp-2"),
        (message("GB 18030-2000", "王", "gb18030"), "gb18030"),
        (message("CP1250", "Łódź", "cp1250"), "windows-1250"),
        (message("", "Doe", "utf-16"), "utf-16"),
        (b"", "us-ascii"),
        (b"MSH", "us-ascii"),
        (b"\xff\x00", ""),
        (b"MSH|^~\\&\xff", ""),
    ],
)
def test_a_charset_is_named_only_where_it_fits(raw, expected):
    """The declared one, or what the bytes show; nothing where nobody can know."""
    assert expected == charset_of(raw)


def test_any_bytes_can_be_shown():
    """What cannot be read shows as a replacement, never as an error."""
    assert "a\ufffd" == text_of(b"a\xff")
    assert "Müller" in text_of(message("8859/1", "Müller", "iso8859-1"))
