"""What people do all day, done in Chromium on a daemon of its own with a second PACS beside it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.daemons import SETTINGS, RunningDaemon
from tests.web.browser.conftest import Visitor, keep_picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.xdist_group("flows")]

ORDER = (
    "MSH|^~\\&|MIRTH|HOSP|FAB|FAB|20260302120000||ORM^O01|{number}|P|2.5\r"
    "PID|1||{patient}^^^HOSP^MR||FLOW^{number}||19700101|F\rPV1|1|O\r"
    "ORC|NW|{number}\rOBR|1|{number}||XR1^XR KNEE 2 VIEWS^L|||||||||||||||||||||CR\r"
)


def order(number: str, patient: str = "F1") -> bytes:
    return ORDER.format(number=number, patient=patient).encode()


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Iterator[RunningDaemon]:
    """A second PACS: the archive of another daemon."""
    folder = tmp_path_factory.mktemp("other")
    config = folder / "dicomfabd.toml"
    settings = SETTINGS.format(state=folder / "state", archive="true", workers=1, when="at_once")
    config.write_text(settings.replace("[archive]\n", '[archive]\nae_title = "SECOND"\n'))
    running = RunningDaemon(config)
    yield running
    running.end()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, other) -> Iterator[RunningDaemon]:
    """A daemon whose studies go to its archive, which knows the other PACS and one nobody answers for."""
    folder = tmp_path_factory.mktemp("flows")
    config = folder / "dicomfabd.toml"
    settings = SETTINGS.format(state=folder / "state", archive="true", workers=1, when="at_once")
    config.write_text(
        f"{settings}\n"
        f'[[destinations]]\nname = "second"\nenvironment = "prod"\nhost = "127.0.0.1"\nport = {other.port("archive")}\n'
        f'ae_title = "SECOND"\n'
    )
    running = RunningDaemon(config)
    yield running
    running.end()


def opened(visitor: Visitor, path: str, **look) -> Page:
    """Open a page on which every question is answered with yes."""
    page = visitor.open(path, **look)
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("main h1").wait_for()
    return page


def placed(daemon: RunningDaemon, *numbers: str) -> None:
    """Place orders and wait until their studies are where they belong."""
    assert ["AA"] * len(numbers) == [answer.code for answer in daemon.send(*(order(it) for it in numbers))]
    for number in numbers:
        daemon.wait_for("study.delivered", accession=number, destination="archive")


def test_a_list_that_is_open_shows_what_happens(daemon, visitor):
    """The order that arrives, and then that it is done; nobody reloads anything, and nothing ticked is lost."""
    page = opened(visitor, "/orders")
    expect(page.locator("#live")).to_have_text("live")
    page.evaluate("window.untouched = true")

    placed(daemon, "LIVE1")
    row = page.locator("tr", has_text="LIVE1")
    row.locator("input[type=checkbox]").check()
    placed(daemon, "LIVE2")

    expect(page.locator("tr", has_text="LIVE2")).to_contain_text("completed")
    expect(row).to_contain_text("completed")
    assert (True, True) == (row.locator("input[type=checkbox]").is_checked(), page.evaluate("window.untouched"))


def test_a_tab_nobody_looks_at_holds_no_connection(daemon, visitor):
    """Six of them would leave a browser none for anything else; once it is looked at, it is up to date."""
    page = opened(visitor, "/orders?text=TAB")
    expect(page.locator("#live")).to_have_text("live")
    look = """(value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""

    page.evaluate(look, True)
    expect(page.locator("#live")).to_have_text("")
    placed(daemon, "TAB1")
    assert 0 == page.locator("tbody tr").count()
    page.evaluate(look, False)

    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_refused_message_is_understood_mended_and_taken(daemon, visitor):
    """From the list over the reason and its fix to an edited copy and its order."""
    broken = order("MEND1").replace(b"F1^^^HOSP^MR", b"")
    assert "AE" == daemon.send(broken)[0].code
    page = opened(visitor, "/messages?code=AE&sender=MIRTH")
    row = page.locator("tbody tr", has_text="MEND1")
    expect(row).to_contain_text("PID-3")
    row.locator("a").first.click()

    expect(page.locator(".faults")).to_contain_text("Fix:")
    keep_picture(page, "flow-refused-message")
    copy = page.locator("#text")
    copy.fill(copy.input_value().replace("PID|1||", "PID|1||F7^^^HOSP^MR"))
    page.get_by_role("button", name="Replay the copy").click()
    said = page.locator("#replay output")
    expect(said).to_contain_text("AA: message")
    said.locator("a").click()

    page.locator("main h1").wait_for()
    expect(page.get_by_role("link", name=re.compile(r"^Order \d+$"))).to_be_visible()
    expect(page.locator("main")).to_contain_text("Copy of")


def test_hl7_is_shown_as_it_will_be_read_while_it_is_pasted(daemon, visitor):
    """Lines ended by LF; every value named, the answer and what will be made; then it is sent."""
    page = opened(visitor, "/new")
    page.locator("#hl7-text").fill(order("PASTE1").decode().replace("\r", "\n"))
    preview = page.locator("#hl7-preview")

    expect(preview.locator("h3")).to_contain_text("AA ORM^O01")
    expect(preview).to_contain_text("xray-knee")
    assert ["F1"] == preview.locator('span[title^="PID-3.1"]').all_inner_texts()
    keep_picture(page, "flow-paste-hl7")
    page.locator("#hl7 button", has_text="Send").click()
    expect(page.locator("#hl7-said")).to_contain_text("AA: message")
    page.locator("#hl7-said a", has_text="order").click()
    expect(page.locator("h1")).to_contain_text("PASTE1")


def test_hl7_that_will_be_refused_says_so_before_it_is_sent(visitor):
    """With the fix."""
    page = opened(visitor, "/new")
    page.locator("#hl7-text").fill(order("PASTE2").decode().replace("PID|1||F1^^^HOSP^MR", "PID|1||"))

    expect(page.locator("#hl7-preview h3")).to_contain_text("AE ORM^O01")
    expect(page.locator("#hl7-preview")).to_contain_text("PID-3")


def test_many_orders_of_one_form(daemon, visitor):
    """Made-up patients, a preview, a bar, and afterwards so many orders."""
    page = opened(visitor, "/new")
    page.locator("[name=modality]").select_option("CR")
    page.locator("[name=study_desc]").fill("XR knee 2 views")
    expect(page.locator("#form-preview")).to_contain_text("xray-knee")
    page.locator("[name=accession]").fill("MANY{n}")
    page.locator("[name=amount]").fill("12")
    page.locator("#order button", has_text="Send").click()

    expect(page.locator("#form-said")).to_contain_text("12 of 12 sent.")
    assert ["12", "12"] == [page.locator("#progress").evaluate(f"bar => String(bar.{it})") for it in ("value", "max")]
    keep_picture(page, "flow-many-orders")
    listed = opened(visitor, "/orders?text=MANY")
    expect(listed.locator("tbody tr")).to_have_count(12)
    assert 12 == len({row.split("MANY")[1] for row in listed.locator("tbody tr").all_inner_texts()})


def test_a_template_is_saved_used_and_removed(daemon, visitor):
    """Its words come back as they were."""
    page = opened(visitor, "/new")
    page.locator("[name=study_desc]").fill("CT abdomen of a template")
    page.locator("[name=template_name]").fill("mine")
    with page.expect_navigation():
        page.locator("#save-form").click()
    page.locator("tr", has_text="mine").locator("button", has_text="Use").click()

    assert "CT abdomen of a template" == page.locator("[name=study_desc]").input_value()
    with page.expect_navigation():
        page.locator("tr", has_text="mine").locator("button", has_text="Remove").click()
    expect(page.locator("[data-template=mine]")).to_have_count(0)


def test_many_orders_at_once(daemon, visitor):
    """The ticked ones are sent elsewhere; who cannot be cancelled any more is named."""
    placed(daemon, "BULK1", "BULK2")
    page = opened(visitor, "/orders?text=BULK")
    page.locator("[data-all]").check()
    page.locator("[name=action]").select_option("send")
    page.locator("[name='destinations[]']").select_option("second")
    page.get_by_role("button", name="Do it").click()

    expect(page.locator("#bulk output")).to_contain_text("2 of 2 done.")
    for number in ("BULK1", "BULK2"):
        daemon.wait_for("study.delivered", accession=number, destination="second")
        expect(page.locator("tr", has_text=number)).to_contain_text("completed")
    page.locator("[name=action]").select_option("cancel")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#bulk output")).to_contain_text("0 of 2 done.")
    keep_picture(page, "flow-bulk")


def test_one_order_tells_its_whole_story(daemon, visitor):
    """The message with names, what was read from where, its answer, evidence, instances, and every event."""
    placed(daemon, "STORY1")
    (found,) = daemon.get("/api/v1/orders?accession=STORY1")["orders"]
    page = opened(visitor, f"/orders/{found['order_id']}")

    for told in ("What is made of it", "Deliveries", "Timeline", "The answer we sent", "What was read, and from where"):
        expect(page.locator("main")).to_contain_text(told)
    page.locator("#answers summary").click()
    assert {"0000"} == set(page.locator("#answers td.mono").all_inner_texts())
    page.locator("summary", has_text="What was read").click()
    expect(page.locator("details[open] tr", has_text="PID-3.1")).to_contain_text("F1")
    page.locator("summary", has_text="The answer").click()
    expect(page.locator("details[open] pre", has_text="MSA|AA|STORY1")).to_be_visible()
    keep_picture(page, "flow-one-order")
    page.get_by_role("button", name="Cancel order").click()
    expect(page.locator(".actions output")).to_contain_text("it came too late")


def test_a_query_drills_moves_and_exports(daemon, other, visitor):
    """Asked of both environments or one; each exchange is a DCMTK command; a study moves from the row's own PACS."""
    placed(daemon, "MOVE1")
    page = opened(visitor, "/query?pacs=archive")
    page.locator("#environment").select_option("test")
    expect(page.locator("[data-environment=prod]").first).to_be_hidden()
    page.locator("[name=accession]").fill("MOVE1")
    page.get_by_role("button", name="Ask").click()
    row = page.locator("#answers tbody tr")
    expect(row).to_have_count(1)
    command = page.locator("#log pre").first.inner_text()
    assert command.startswith("findscu ")
    assert "AccessionNumber=MOVE1" in command or "0008,0050=MOVE1" in command

    row.get_by_role("button", name="Series").click()
    expect(page.locator("#drill tbody tr").first).to_contain_text("KNEE AP")
    page.locator("#drill button", has_text="Close").click()
    with page.expect_download() as loaded:
        page.locator("#csv").click()
    with Path(loaded.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert ["MOVE1"] == [it["accession_number"] for it in csv.DictReader(file)]

    row.locator("select").select_option("second")
    expect(page.locator("#log")).to_contain_text(re.compile(r"done: [1-9]\d* moved, 0 failed"))
    expect(page.locator("#log pre", has_text="movescu")).to_have_count(1)
    assert 1 == len(other.get("/api/v1/archive/studies?accession=MOVE1")["studies"])
    keep_picture(page, "flow-query-and-move")


def test_a_pacs_is_added_asked_edited_and_removed(daemon, other, visitor):
    """What is wrong with a field is said beside the form, and nothing typed is lost."""
    page = opened(visitor, "/pacs/new")
    for name, value in {"name": "third", "host": "127.0.0.1", "port": "99999", "ae_title": "SECOND"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("#pacs-form button:not([type=button])").click()
    expect(page.locator("#pacs-form output")).to_contain_text("port")
    assert "third" == page.locator("[name=name]").input_value()
    visitor.forgive(400)
    page.locator("[name=port]").fill(str(other.port("archive")))
    with page.expect_navigation(url="**/pacs"):
        page.locator("#pacs-form button:not([type=button])").click()

    page.get_by_role("link", name="third").click()
    page.get_by_role("button", name="Is it there?").click()
    expect(page.locator("output.echo")).to_have_text(re.compile(r"^\d+(\.\d+)? ms$"))
    page.locator("[name=description]").fill("the third one")
    with page.expect_navigation():
        page.locator("#pacs-form button:not([type=button])").click()
    assert "the third one" == page.locator("[name=description]").input_value()
    with page.expect_navigation(url="**/pacs"):
        page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="third")).to_have_count(0)


def test_patients_are_made_imported_merged_and_removed(daemon, visitor):
    """A line of a table that cannot be read is named."""
    before = daemon.get("/api/v1/patients?limit=1000")["patients"]
    page = opened(visitor, "/patients")
    page.locator("#make summary").click()
    page.locator("#make input[name=amount]").fill("5")
    with page.expect_navigation():
        page.get_by_role("button", name="Make them up").click()
    expect(page.locator("tbody tr")).to_have_count(len(before) + 5)

    page.locator("#bring summary").click()
    page.locator("#csv-text").fill(
        "patient_id,patient_name,patient_sex\nI1,IMPORT^ONE,F\nI2,IMPORT^TWO,X\nI3,IMPORT^THREE,M\n"
    )
    page.get_by_role("button", name="Import").click()
    expect(page.locator("#import output")).to_contain_text("2 added, 0 changed, 1 left out.")
    expect(page.locator("#import output")).to_contain_text("Line 3")
    page.goto(f"{visitor.site}/patients?text=IMPORT")
    page.locator("[aria-label='Select I3']").check()
    page.locator("#survivor").fill("I1")
    with page.expect_navigation():
        page.locator("#merge").click()
    expect(page.locator("tr", has_text="IMPORT^THREE")).to_contain_text("is now I1")
    keep_picture(page, "flow-patients")
    page.locator("[aria-label='Select I1']").check()
    with page.expect_navigation():
        page.locator("#remove").click()
    expect(page.locator("[aria-label='Select I1']")).to_have_count(0)


def test_a_patient_is_added_and_changed(daemon, visitor):
    """And their orders are on their page."""
    placed(daemon, "WHO1")
    page = opened(visitor, "/patients/F1")
    expect(page.locator("#orders")).to_contain_text("WHO1")
    page.locator("[name=patient_name]").fill("CHANGED^NAME")
    with page.expect_navigation():
        page.locator("#edit button", has_text="Save").click()
    expect(page.locator("h1")).to_contain_text("CHANGED^NAME")


def test_the_worklist_is_asked_as_a_modality_asks(daemon, visitor):
    """Wildcards and all; and why an item is missing is one step away."""
    placed(daemon, "LIST1")
    page = opened(visitor, "/worklist")
    page.locator("[name=accession]").fill("LIST*")
    page.get_by_role("button", name="Find").click()
    page.locator("main h1").wait_for()

    assert "LIST*" == page.locator("[name=accession]").input_value()
    page.goto(f"{visitor.site}/worklist/why?accession=LIST1&as=Modality%3DMR")
    expect(page.locator("main")).to_contain_text("Modality")


def test_a_study_is_deleted(daemon, visitor):
    """After a question, and the list is shown without it."""
    placed(daemon, "GONE1")
    (found,) = daemon.get("/api/v1/archive/studies?accession=GONE1")["studies"]
    page = opened(visitor, f"/studies/{found['study_instance_uid']}")
    with page.expect_navigation(url="**/studies"):
        page.get_by_role("button", name="Delete study").click()
    # Its small pictures may still have been on their way.
    visitor.forget(found["study_instance_uid"])

    assert [] == daemon.get("/api/v1/archive/studies?accession=GONE1")["studies"]
