import pytest

from dicomfabd.app.makable import check_catalog
from dicomfabd.config import ConfigError
from dicomfabd.domain.order import Code
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults, recognise

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
{series}
"""


def write(folder, extra="", series="", name="x", more=""):
    text = SITE.format(id=name, extra=extra, series=series) + more
    (folder / "site.toml").write_text(
        text.replace('regions = ["chest"]\n', "") if extra.startswith("regions") else text
    )


def test_a_sites_protocol_replaces_ours_of_the_same_id(tmp_path):
    """protocols.d wins."""
    write(tmp_path, "version = 7", name="ct-chest")
    catalog = Catalog.load(tmp_path)

    found = catalog.get("ct-chest")

    assert (7, 1, True) == (found.version, len(found.series), catalog.source_of(found).is_site)


def test_a_sites_series_may_build_on_our_templates(tmp_path):
    """A line says only what differs; techniques are merged."""
    write(tmp_path, more='[[protocol]]\nid = "y"\nmodalities = ["CT"]\n'
          'series = [{ use = "ct-lung", description = "MINE", technique = { KVP = "80" } }]\n')  # fmt: skip

    (series,) = Catalog.load(tmp_path).get("y").series

    assert ("lung", "MINE", "sharp") == (series.key, series.description, series.kernel)
    assert ("80", "LUNG", "BODY") == tuple(series.technique[k] for k in ("KVP", "ConvolutionKernel", "FilterType"))


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"extra": "modality = 'CT'"}, "protocol[0] x.modality: unknown key. Use one of: body_parts,"),
        ({"extra": "version = 0"}, "protocol[0] x.version: "),
        ({"extra": "regions = ['tail']"}, "'tail' is no region. Use one of: abdomen,"),
        ({"extra": "body_parts = ['TAIL']"}, "'TAIL' is no body part"),
        ({"extra": "exams = ['party']"}, "'party' is no kind of exam"),
        ({"extra": "draws = 'tail'"}, "'tail' is no region"),
        ({"extra": "this is not toml"}, "is not TOML"),
        ({"series": "planes = 'axial'"}, "series[0].planes: unknown key. Use one of: about,"),
        ({"series": "step = -1"}, "series[0].step: "),
        ({"series": "window = [40, 0]"}, "a window is [centre, width], and its width is at least 1"),
        ({"series": "about = ['two']"}, "'two' is no series of the protocol"),
        ({"series": "use = 'nothing'"}, "'nothing' is no template. Use one of: ct-bone,"),
        ({"series": "kind = 'us'"}, "series one: a series of kind us needs shots"),
        ({"more": "[[procedure]]\ncode = 'A'\nprotocol = 'z'"}, "'z' is no protocol"),
        ({"more": "[[protocols]]\n"}, "protocols: unknown key. Use [[protocol]]"),
    ],
)
def test_a_mistake_names_file_key_and_fix(tmp_path, mistake, said):
    """So that it can be found and mended."""
    write(tmp_path, **mistake)

    with pytest.raises(ConfigError) as error:
        Catalog.load(tmp_path)

    assert said in str(error.value)
    assert "site.toml" in str(error.value)


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ("look = 'x-ray'", "series[0].look: 'x-ray' is no look. Use one of: adc,"),
        ("kind = 'pt'\nagent = 'H2O'", "series[0].agent: 'H2O' is no tracer. Use one of: DOTATATE,"),
        ("technique = { Kernel = 'A' }", "series[0].technique.Kernel: is no DICOM keyword."),
    ],
)
def test_what_cannot_be_drawn_is_found_before_it_is_drawn(tmp_path, series, said):
    """At start, not at the first order."""
    write(tmp_path, series=series)

    with pytest.raises(ConfigError) as error:
        check_catalog(Catalog.load(tmp_path))

    assert said in str(error.value)


def test_our_own_protocols_can_be_drawn():
    """And there are many."""
    catalog = Catalog.load()
    check_catalog(catalog)

    assert len(catalog.protocols) >= 60
    assert {"CT", "MR", "CR", "DX", "US", "MG", "XA", "RF", "NM", "PT", "OT"} == {
        modality for protocol in catalog.protocols for modality in protocol.modalities
    }


def test_a_missing_folder_is_empty(tmp_path):
    """Most sites have none."""
    assert Catalog.load(tmp_path / "none").protocols


def test_the_sites_map_knows_its_own_codes(tmp_path):
    """With the coding scheme first, then for any."""
    write(
        tmp_path,
        more="[[procedure]]\ncode = 'CTCHW'\nprotocol = 'ct-chest'\n"
        "[[procedure]]\ncode = 'CTCHW'\nscheme = 'L2'\nprotocol = 'ct-head'\n",
    )
    catalog = Catalog.load(tmp_path)

    assert "ct-head" == catalog.procedure(Code("ctchw", "", "L2")).protocol
    assert "ct-chest" == catalog.procedure(Code("CTCHW", "", "L")).protocol
    assert catalog.procedure(Code("OTHER")) is None


@pytest.mark.parametrize("modality", ["CT", "MR", "DX", "US", "MG", "XA", "RF", "NM", "PT"])
def test_every_modality_has_a_protocol_for_the_unknown(modality):
    """Nothing falls back to a page for want of a body part."""
    assert Catalog.load().match(modality, recognise("SOMETHING", "", Defaults()))
