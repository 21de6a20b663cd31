import pytest

from dicomfabd.app.makable import check_codecs
from dicomfabd.config import ConfigError, DestinationSection, Settings
from dicomfabd.fabricate.codecs import Codec


def settings(*syntaxes: str) -> Settings:
    section = DestinationSection(name="main", host="h", port=104, ae_title="A", transfer_syntaxes=list(syntaxes))
    return Settings(destinations=[section])


def test_a_codec_that_is_missing_is_said_at_start(monkeypatch):
    """With key and fix, not when the first study is sent."""
    monkeypatch.setattr(Codec, "is_installed", False)

    with pytest.raises(ConfigError) as error:
        check_codecs(settings("htj2k", "explicit"))

    assert "destinations[0].transfer_syntaxes: htj2k needs a package" in str(error.value)
    assert "pip install 'dicomfabd[htj2k]'" in str(error.value)


def test_what_needs_nothing_is_never_minded(monkeypatch):
    """The plain syntaxes are our own work."""
    monkeypatch.setattr(Codec, "is_installed", False)

    check_codecs(settings("explicit", "implicit"))
