import pytest

from dicomfabd.config import ConfigError
from dicomfabd.plan.catalog import Catalog

SITE = """
[[protocol]]
id = "{id}"
modalities = ["CT"]
regions = ["chest"]
{extra}
[[protocol.series]]
key = "one"
description = "ONE"
plane = "axial"
"""


def test_a_sites_protocol_replaces_ours_of_the_same_id(tmp_path):
    """protocols.d wins."""
    (tmp_path / "a.toml").write_text(SITE.format(id="ct-chest", extra="version = 7"))

    found = next(p for p in Catalog.load(tmp_path).protocols if p.id == "ct-chest")

    assert (7, 1) == (found.version, len(found.series))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("modality = 'CT'", "modality"),
        ("version = 0", "version"),
        ("regions = ['tail']", "'tail' is no region"),
        ("this is not toml", "is not TOML"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path, extra, said):
    """So that it can be found."""
    text = SITE.format(id="x", extra=extra)
    (tmp_path / "site.toml").write_text(text.replace('regions = ["chest"]\n', "") if "regions" in extra else text)

    with pytest.raises(ConfigError, match=said) as error:
        Catalog.load(tmp_path)
    assert "site.toml" in str(error.value) or "protocol x" in str(error.value)


def test_a_missing_folder_is_empty(tmp_path):
    """Most sites have none."""
    assert Catalog.load(tmp_path / "none").protocols
