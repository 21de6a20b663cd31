import pytest

from dicomfabd.intake.charsets import decode


def message(charset: str) -> str:
    return f"MSH|^~\\&|RIS|HOSP|||20260302||ORM^O01|1|T|2.5|||||| {charset}".replace("| ", "|") + "\rPID|1||7||Müller\r"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("8859/1", "iso8859-1"),
        ("UNICODE UTF-8", "utf-8"),
        ("8859/15", "iso8859-15"),
        ("CP1252", "cp1252"),
        ("", "utf-8"),
    ],
)
def test_text_is_decoded_as_declared(declared, codec):
    """MSH-18, HL7 table 0211."""
    text, problem = decode(message(declared).encode(codec), declared)

    assert "Müller" in text
    assert "" == problem


def test_undeclared_latin_text_is_read_all_the_same():
    """Half of the senders with accents leave MSH-18 empty."""
    text, _ = decode(message("").encode("cp1252"), "")

    assert "Müller" in text


@pytest.mark.parametrize("declared", ["ISO IR 999", "ASCII", "UNICODE UTF-8"])
def test_a_wrong_declaration_is_a_warning_never_a_refusal(declared):
    """The bytes are worth more than what is said of them."""
    text, problem = decode(message(declared).encode("cp1252"), declared)

    assert "Müller" in text
    assert problem


def test_japanese_bytes_are_decoded_before_anything_splits_them():
    """JIS bytes contain the delimiters themselves."""
    raw = "MSH|^~\\&|RIS|HOSP|||20260302||ORM^O01|1|T|2.5||||||~ISO IR87\rPID|1||7||山田^太郎\r".encode("iso2022_jp")

    assert "山田^太郎" in decode(raw, "~ISO IR87")[0]
