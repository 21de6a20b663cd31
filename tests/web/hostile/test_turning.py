"""Names that are written from right to left, or pretend to be, leave the words around them where they are."""

from html.parser import HTMLParser

import pytest
from jinja2 import DictLoader, Environment

from dicomfabd.web.pages.isolation import Isolation, isolated, isolated_text
from tests.web.hostile.payloads import TURNED
from tests.web.hostile.test_markup import VOID, all_addresses, html

TURNING = "\u202e\u202d\u202a\u202b\u2066\u2067\u2068"
KEPT_BY_THEMSELVES = ("bdi", "option", "textarea", "title")


class Turning(HTMLParser):
    """Finds texts that turn and are not in an element of their own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.isolated = 0

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("title", "aria-label", "alt", "data-confirm") and set(value or "") & set(TURNING):
                self.wrong += [] if balanced(value) else [f"{tag} {name}={value!r}"]

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if set(data) & set(TURNING):
            here = self.open[-1] if self.open else ""
            self.isolated += here == "bdi"
            if here not in KEPT_BY_THEMSELVES or (here == "title" and not balanced(data)):
                self.wrong.append(f"in {here}: {data!r}")


def balanced(text: str) -> bool:
    """Tell whether everything that is opened is closed, and nothing else."""
    waiting = []
    for letter in text:
        if letter in "\u2066\u2067\u2068":
            waiting.append("\u2069")
        elif letter in "\u202a\u202b\u202d\u202e":
            waiting.append("\u202c")
        elif letter in "\u2069\u202c" and (not waiting or waiting.pop() != letter):
            return False
    return not waiting


def test_every_text_that_turns_is_in_an_element_of_its_own(web, client, fed):
    """On every page, wherever a template shows a value; tooltips and titles are closed by control characters."""
    wrong, seen = {}, 0
    for path in all_addresses(web, fed):
        reader = Turning()
        reader.feed(html(client, path).text)
        seen += reader.isolated
        if reader.wrong:
            wrong[path] = reader.wrong

    assert {} == wrong
    assert seen > 20


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<p>{{ x }} end</p>", "<p><bdi>{x}</bdi> end</p>"),
        ('<input value="{{ x }}">', '<input value="{x}">'),
        ('<p title="of {{ x }}!">{{ x }}</p>', '<p title="of {c}!"><bdi>{x}</bdi></p>'),
        ("<title>{{ x }} · us</title>", "<title>{c} · us</title>"),
        ("<textarea>{{ x }}</textarea>{{ x }}", "<textarea>{x}</textarea><bdi>{x}</bdi>"),
        ("<option>{{ x }}</option>", "<option>{x}</option>"),
        ('<a{% if x %} class="{{ x }}"{% endif %}>{{ x }}</a>', '<a class="{x}"><bdi>{x}</bdi></a>'),
        ("<p>{{ x if y else x }}, {{ 1 + 1 }}, {{ 'plain' }}</p>", "<p><bdi>{x}</bdi>, 2, plain</p>"),
        ("{% macro m(v) %}<b>{{ v }}</b>{% endmacro %}{{ m(x) }}", "<b><bdi>{x}</bdi></b>"),
    ],
)
def test_a_template_isolates_what_it_shows_and_nothing_else(template, expected):
    """Values of fields stay as they are: somebody saves them again."""
    environment = Environment(loader=DictLoader({"t": template}), autoescape=True, extensions=[Isolation])
    environment.filters |= {"isolated": isolated, "isolated_text": isolated_text}
    turned = "zq\u202eTXET"

    written = environment.get_template("t").render(x=turned, y=False)

    assert expected.replace("{x}", turned).replace("{c}", f"\u2068{turned}\u202c\u2069") == written


TURNING_TEXTS = [TURNED, "\u202e", "\u2067x\u2069\u2069\u202e", "\u05d0\u05d1 1", "x\u2069 y", "\u2066\u202a\u2067"]


@pytest.mark.parametrize("text", TURNING_TEXTS)
def test_a_title_ends_all_it_begins(text):
    """And begins all it ends."""
    written = isolated_text(text)

    assert written[0] + written[-1] == "\u2068\u2069"
    assert all(letter in written for letter in text if letter not in "\u2069")


@pytest.mark.parametrize("value", ["DOE^JANE", "Müller", "", 7, None, "山田^太郎", "<b>"])
def test_what_turns_nothing_stays_as_it_is(value):
    """Most of what there is."""
    assert (value, value) == (isolated(value), isolated_text(value))
