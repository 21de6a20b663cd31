"""The document about the page says what is there."""

import re
from pathlib import Path

import dicomfabd
from dicomfabd.web.application import build
from tests.web.walking import routes

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "page.md").read_text()


def test_every_page_is_in_it_and_no_other(desk):
    """By address."""
    pages = {
        re.sub(r":\w+}", "}", route.path)
        for route in routes(build(desk))
        if route.endpoint.__module__.startswith("dicomfabd.web.pages.")
    }

    assert pages == set(re.findall(r"^\| `(/[^`]*)` \|", DOCUMENT, re.MULTILINE))


def test_every_key_of_the_viewer_is_in_it_and_no_other():
    """Letters and signs; arrows and the rest have names of their own."""
    script = (Path(dicomfabd.__file__).parent / "web" / "static" / "viewer" / "main.js").read_text()
    tables = "".join(re.findall(r"const (?:KEYS|TOOLS) = \{(.*?)\};", script, re.DOTALL))
    names = re.findall(r'(?:^|[\s,{])(?:"(.)"|(\w))\s*:', tables)
    letters = {"".join(name).upper() for name in names} - {" ", "=", "-"}
    keys = " ".join(re.findall(r"^\| ([^|]*) \| [^|]*\|$", DOCUMENT.split("| key or mouse")[1], re.MULTILINE))

    assert letters - {"+"} == set(re.findall(r"(?<!\w)([A-Z?])(?!\w)", keys))
