"""Chromium on every page of an application that is full of attacks: nothing of them runs, and nothing is reordered."""

import pytest

from dicomfabd.config import Web
from dicomfabd.web.application import build
from dicomfabd.web.server import WebServer
from tests.listeners import running
from tests.web.browser.conftest import Visitor
from tests.web.hostile.feeding import feed
from tests.web.hostile.payloads import PRODUCT, STUDY
from tests.web.walking import addresses, pages

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MOST_OF_A_KIND = 4
"""Addresses of one route that are opened: all texts are on the first few."""


class Watcher(Visitor):
    """A visitor on whose pages no script of a payload has run, and no dialog has opened."""

    def look(self, page) -> None:
        if page.evaluate("typeof window.__x") != "undefined":
            self.wrong.append(f"a script of a payload ran on {page.url}")
        if page.locator("zq7x, img[src=zq7x], [zq7xa]").count():
            self.wrong.append(f"markup of a payload on {page.url}")
        if PRODUCT in page.content():
            self.wrong.append(f"a template of a payload was evaluated on {page.url}")

    def open(self, path, *arguments, **options):
        page = super().open(path, *arguments, **options)
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.wait_for_load_state("load")
        return page


@pytest.fixture
def fed(ordinary, whole_desk, store, shelf):
    return feed(ordinary, whole_desk, store, shelf)


@pytest.fixture
def watcher(browser, whole_desk, fed):
    server = WebServer(Web(port=0), whole_desk)
    with running(server):
        watching = Watcher(browser, f"http://127.0.0.1:{server.port}")
        yield watching
        watching.close()
    assert [] == watching.wrong


def test_nothing_of_an_attack_runs_on_any_page(watcher, whole_desk, fed):
    """Every page as it is opened, with all that its own scripts build of what they fetch."""
    # No users: the sign-in is not a page one gets to see.
    opened = 0
    for route in pages(build(whole_desk)):
        if route.path.startswith("/sign-in"):
            continue
        for path in [*addresses(route.path, fed.parts)][-MOST_OF_A_KIND:]:
            page = watcher.open(path)
            if page.locator("main").count():
                page.locator("main").first.wait_for()
            watcher.look(page)
            page.context.close()
            opened += 1

    assert opened > 25


def test_nothing_of_an_attack_runs_in_what_scripts_build(watcher):
    """Previews of templates, elements of an instance, answers of a PACS, the series of one."""
    page = watcher.open("/new")
    for button in page.locator("button[data-template]").all()[-5:]:
        button.click()
    page.locator("#hl7-preview *").first.wait_for()
    watcher.look(page)

    page = watcher.open("/query?pacs=archive")
    page.get_by_role("button", name="Ask").click()
    page.locator("#answers td").first.wait_for()
    watcher.look(page)

    page = watcher.open(f"/studies/{STUDY}/instances/2.25.7704")
    page.locator("#tags-list code").first.wait_for()
    page.locator("#report li").first.wait_for()
    page.locator("#tags-search").fill("script")
    watcher.look(page)

    page = watcher.open(f"/studies/{STUDY}/viewer")
    page.locator(".corner.top.left").first.wait_for()
    watcher.look(page)


def test_a_name_that_turns_leaves_what_follows_it_where_it_is(watcher):
    """The ID after a name with a right-to-left override is shown to the right of it."""
    page = watcher.open("/orders?accession=HX9")
    places = page.evaluate(
        """() => [...document.querySelectorAll("td")].filter((cell) => cell.querySelector("bdi + small"))
        .map((cell) => ["bdi", "small"].map((name) => cell.querySelector(name).getBoundingClientRect().left))"""
    )

    assert places
    assert [] == [place for place in places if place[0] >= place[1]]
