"""Every page: light and dark, narrow and wide, judged by axe, silent on the console."""

import pytest

from tests.web.browser.conftest import look_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PAGES = (
    "/",
    "/orders",
    "/orders?state=failed",
    "/orders/1",
    "/messages",
    "/messages/1",
    "/worklist",
    "/worklist/queries",
    "/worklist/why?accession=FAB1001&as=Modality%3DMR",
    "/new",
    "/pacs",
    "/pacs/archive",
    "/pacs/new",
    "/query?pacs=archive&modality=CT",
    "/patients",
    "/patients/FAB0001",
    "/studies",
    "/studies/{study}",
    "/studies/{study}/viewer",
    "/users",
    "/audit",
    "/api",
    "/nowhere",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_at_every_size_and_in_the_dark(visitor, daemon, path):
    """Nothing reaches beyond the window, axe finds nothing serious, and pictures are kept to be looked at."""
    name = path.replace("{study}", "one")
    if "{study}" in path:
        (study, *_) = daemon.get("/api/v1/archive/studies?accession=FAB1001")["studies"]
        path = path.format(study=study["study_instance_uid"])
    page = visitor.open(path)
    page.wait_for_load_state("load")
    page.locator("h1").wait_for(state="attached")
    # Else a click may come before the script that answers it, and be lost.
    assert 0 == page.locator('script:not([blocking="render"])').count()
    found = look_at(page, name)
    if path == "/nowhere":
        visitor.forgive(404)

    assert [] == found
