"""Debian's Chromium on the pages of a real daemon; what a page says to the console, or asks elsewhere, is a fault."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright

from tests.daemons import SETTINGS, RunningDaemon

expect.set_options(timeout=15_000)
PICTURES = Path(__file__).parents[3] / "artifacts" / "pages"
"""Kept after the run, to be looked at; git ignores them."""


LOOKS = ((360, "light"), (768, "light"), (1280, "light"), (1600, "light"), (360, "dark"), (1280, "dark"))
JUDGED = ((360, "dark"), (1280, "light"))
"""Sizes at which every page is looked at, and those at which axe judges it."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Give Chromium; for these tests alone, because Playwright's event loop runs until it is closed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is not installed; `make test` installs it where it may"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def daemon(tmp_path_factory) -> Iterator[RunningDaemon]:
    """A daemon with the six samples made and delivered."""
    folder = tmp_path_factory.mktemp("browsed")
    config = folder / "dicomfabd.toml"
    config.write_text(SETTINGS.format(state=folder / "state", archive="true", workers=1, when="at_once"))
    running = RunningDaemon(config, "--samples")
    try:
        running.wait_for("study.delivered", 6, timeout_s=180)
        yield running
    finally:
        running.end()


class Visitor:
    """Opens pages of one site and remembers what they did that they should not."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.site = site
        self.wrong: list[str] = []
        self._browser = browser
        self._contexts = []

    def open(
        self, path: str, width: int = 1280, scheme: str = "light", height: int = 900, state: StorageState | None = None
    ) -> Page:
        """Open a page in a browser of its own, which holds the cookies of `state`."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, storage_state=state
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: self._heard(said.type, f"{said.text} {said.location['url']}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.set_default_timeout(15_000)
        page.goto(self.site + path)
        return page

    def forgive(self, *statuses: int) -> None:
        """Forget that Chromium told of answers that were to be expected; there has to be one of each."""
        told = [f"console: Failed to load resource: the server responded with a status of {it} " for it in statuses]
        assert [] == [it for it in told if not any(said.startswith(it) for said in self.wrong)]
        self.wrong = [said for said in self.wrong if not said.startswith(tuple(told))]

    def forget(self, address: str) -> None:
        """Forget what went wrong at an address that holds this, if anything did."""
        self.wrong = [said for said in self.wrong if address not in said]

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.wrong.append(f"console: {text}")

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob") and not url.startswith(self.site + "/"):
            self.wrong.append(f"asked {url}")


@pytest.fixture
def visitor(browser, daemon) -> Iterator[Visitor]:
    visiting = Visitor(browser, daemon.addresses["page"])
    yield visiting
    visiting.close()
    assert [] == visiting.wrong


def keep_picture(page: Page, name: str) -> None:
    """Keep what a page looks like, whole."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(
        path=PICTURES / f"{re.sub('[^a-z0-9-]+', '-', name.lower()).strip('-') or 'overview'}.png", full_page=True
    )


def beyond(page) -> int:
    """Give how far a page reaches beyond the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def violations(page) -> list[str]:
    """Give what axe finds that is serious."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{it['id']}: {it['help']} at {[node['target'] for node in it['nodes'][:3]]}"
        for it in violations
        if it["impact"] in ("serious", "critical")
    ]


def look_at(page: Page, name: str) -> list[str]:
    """Look at a page in every size, light and dark, and keep pictures; gives what is wrong with it."""
    found = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        found += [f"{width} {scheme}: reaches {beyond(page)} px beyond the window"] if beyond(page) > 0 else []
        if (width, scheme) in JUDGED:
            found += [f"{width} {scheme}: {said}" for said in violations(page)]
        if width in (360, 1280):
            keep_picture(page, f"{name}-{width}-{scheme}")
    return found
