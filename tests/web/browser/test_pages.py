"""Every page: light and dark, narrow and wide, judged by axe, silent on the console."""

import pytest

from tests.web.browser.conftest import JUDGED, LOOKS, beyond, keep_picture, violations

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
    found = []
    name = path.replace("{study}", "one")
    if "{study}" in path:
        (study, *_) = daemon.get("/api/v1/archive/studies?accession=FAB1001")["studies"]
        path = path.format(study=study["study_instance_uid"])
    page = visitor.open(path)
    page.wait_for_load_state("load")
    page.locator("h1").wait_for(state="attached")
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        found += [f"{width} {scheme}: reaches {beyond(page)} px beyond the window"] if beyond(page) > 0 else []
        if (width, scheme) in JUDGED:
            found += [f"{width} {scheme}: {said}" for said in violations(page)]
        if width in (360, 1280):
            keep_picture(page, f"{name}-{width}-{scheme}")
    if path == "/nowhere":
        visitor.forgive(404)

    assert [] == found
