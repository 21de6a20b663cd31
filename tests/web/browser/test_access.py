"""Signing in, and what who is signed in may do, in Chromium on a daemon that has users."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, StorageState, expect

from dicomfabd.domain.access import Rights, Role
from dicomfabd.store.opening import open_store
from dicomfabd.web.access.passwords import Passwords
from tests.daemons import SETTINGS, RunningDaemon, daemons
from tests.web.browser.conftest import Visitor, keep_picture, look_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's
USERS = {
    "ann": Rights(Role.ADMIN, Role.ADMIN, sees_messages=True),
    "otto": Rights(Role.OPERATOR, Role.VIEWER),
    "paul": Rights(prod=Role.OPERATOR),
    "vera": Rights(Role.VIEWER),
}
LOOKING = {"Find"}
"""What buttons say that change nothing."""

PROD = """
[[destinations]]
name = "hospital"
host = "127.0.0.1"
port = 11199
ae_title = "HOSPITAL"
environment = "prod"
"""


@pytest.fixture(scope="package")
def guarded(tmp_path_factory) -> Iterator[RunningDaemon]:
    """A daemon with users, six orders that wait, and a PACS of each environment."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "state").mkdir()
    store = open_store(f"sqlite:///{folder / 'state' / 'dicomfabd.db'}")
    for name, rights in USERS.items():
        assert store.accounts.add(name, Passwords().hash(PASSWORD), rights)
    store.close()
    config = folder / "dicomfabd.toml"
    config.write_text(SETTINGS.format(state=folder / "state", archive="true", workers=1, when="by_hand") + PROD)
    running = RunningDaemon(config, "--samples")
    try:
        running.wait_for("order.updated", 6)
        yield running
    finally:
        running.end()


@pytest.fixture(scope="package")
def signed_in(browser, guarded) -> Callable[[str], StorageState]:
    """Give a function that gives the cookies of somebody who signed in, once each: who comes too often is kept out."""
    known: dict[str, StorageState] = {}

    def state(name: str) -> StorageState:
        if name not in known:
            context = browser.new_context()
            answer = context.request.post(
                f"{guarded.addresses['page']}/api/v1/session", data={"name": name, "password": PASSWORD}
            )
            assert answer.ok, answer.text()
            known[name] = context.storage_state()
            context.close()
        return known[name]

    return state


@pytest.fixture
def visitor(browser, guarded) -> Iterator[Visitor]:
    visiting = Visitor(browser, guarded.addresses["page"])
    yield visiting
    visiting.close()
    assert [] == visiting.wrong


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the form as a person does."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def place(page: Page) -> str:
    """Give where a browser is, without the host."""
    return page.evaluate("location.pathname + location.search")


def choose(page: Page, item: str) -> None:
    """Take something from the menu under one's name."""
    page.locator(".menu summary").click()
    page.locator(".menu").get_by_text(item, exact=True).click()


def asked(daemon: RunningDaemon, path: str, token: str) -> int:
    """Ask as a script does, and give the status."""
    request = urllib.request.Request(daemon.addresses["page"] + path, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own page
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own page
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_one_signs_in_and_lands_where_one_was_going(visitor):
    """A wrong password says so and changes nothing; who signs out is out, also by the way back."""
    page = visitor.open("/messages?code=AA")
    assert "/sign-in?next=%2Fmessages%3Fcode%3DAA" == place(page)
    expect(page.get_by_label("Name")).to_be_focused()

    sign_in(page, "vera", "wrong horse battery")
    expect(page.locator("output.said")).to_have_text("the name or the password is wrong, or the account is not active")
    keep_picture(page, "access-sign-in-wrong-1280-light")
    visitor.forgive(401)
    sign_in(page, "vera")
    page.wait_for_url("**/messages?code=AA")
    expect(page.get_by_role("heading", name="Messages")).to_be_visible()

    choose(page, "Sign out")
    page.wait_for_url("**/sign-in")
    page.go_back()
    page.wait_for_url("**/sign-in?**")


@pytest.mark.parametrize(
    "next_", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_elsewhere(visitor, signed_in, next_):
    """Whatever a link says about where to go next."""
    page = visitor.open(f"/sign-in?next={next_}", state=signed_in("vera"))

    assert "/" == place(page)


def test_a_viewer_is_offered_nothing_they_may_not_do(visitor, signed_in):
    """And who tries all the same is told plainly."""
    page = visitor.open("/", state=signed_in("vera"))
    page.locator(".menu summary").click()
    offered = page.locator("header.bar a, header.bar button").all_inner_texts()
    assert not {"New order", "Users", "Audit log"} & set(offered)
    assert {"Orders", "My tokens and password", "Sign out"} <= set(offered)
    offered = {}
    for path in ("/orders", "/orders/1", "/messages/1", "/worklist", "/studies", "/pacs", "/pacs/archive", "/patients"):
        page.goto(visitor.site + path)
        acting = page.locator("main :is(button, input[type=checkbox]):visible:enabled")
        offered[path] = sorted({it.inner_text() for it in acting.all()} - LOOKING)
    assert {} == {path: names for path, names in offered.items() if names}
    assert "phi scope" in visitor.open("/messages/1", state=signed_in("vera")).inner_text("main")

    page.goto(visitor.site + "/users")
    expect(page.locator("main")).to_contain_text("This needs the role admin in both environments")
    keep_picture(page, "access-forbidden-1280-light")
    page.goto(visitor.site + "/new")
    expect(page.locator("main")).to_contain_text("This needs the role operator in the test environment")
    page.goto(visitor.site + "/orders/1")
    said = page.evaluate(
        """async () => {
          const { send } = await import("/static/api.js");
          return send("POST", "/api/v1/orders/1/cancel").then(() => "", (error) => error.message);
        }"""
    )
    assert "this needs the role operator in the test environment" == said
    visitor.forgive(403)


def test_an_operator_of_test_is_offered_no_prod(visitor, signed_in):
    """Neither to send there, nor to echo; and adds no PACS."""
    page = visitor.open("/orders/1", state=signed_in("otto"))
    assert ["archive"] == page.locator("#to option").all_inner_texts()

    page.goto(visitor.site + "/pacs")
    assert ["archive"] == [it.get_attribute("data-name") for it in page.locator("output.echo").all()]
    assert ["archive", "hospital"] == page.locator("tbody tr td:first-child a").all_inner_texts()
    assert 0 == page.get_by_role("link", name="Add one").count()
    page.goto(visitor.site + "/pacs/hospital")
    assert 0 == page.locator("main button").count()


def test_who_has_a_role_in_prod_alone_begins_at_pacs(visitor, signed_in):
    """And is offered nothing of test."""
    page = visitor.open("/", state=signed_in("paul"))

    assert "/pacs" == place(page)
    assert ["PACS", "Query"] == page.locator("header nav a").all_inner_texts()
    assert ["hospital"] == page.locator("tbody tr td:first-child a").all_inner_texts()


def test_an_admin_manages_users_and_it_counts_at_once(visitor, signed_in):
    """Added, given a role, switched off, given another password, removed."""
    page = visitor.open("/users", state=signed_in("ann"))
    page.on("dialog", lambda dialog: dialog.accept())
    adding = page.locator("form.box")
    adding.get_by_label("Name").fill("bob")
    adding.get_by_label("Password").fill("short password")
    with page.expect_navigation():
        adding.get_by_role("button", name="Add").click()
    row = page.locator("table.users tr", has_text="bob")
    expect(row).to_contain_text("viewer")

    theirs = visitor.open("/orders")
    sign_in(theirs, "bob", "short password")
    theirs.wait_for_url("**/orders")
    assert 0 == theirs.get_by_role("link", name="New order").count()

    def change(act: Callable[[Page], None]) -> None:
        page.get_by_role("button", name="Change bob").click()
        act(page.locator("dialog[open]"))
        with page.expect_navigation():
            page.locator("dialog[open]").get_by_role("button", name="Save").click()

    change(lambda dialog: dialog.get_by_label("In test").select_option("operator"))
    expect(row).to_contain_text("operator")
    theirs.reload()
    assert 1 == theirs.get_by_role("link", name="New order").count()

    change(lambda dialog: dialog.get_by_label("active").uncheck())
    expect(row).to_contain_text("off")
    # As when somebody comes back to the window; by itself it looks every half a minute.
    theirs.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    theirs.wait_for_url("**/sign-in?next=%2Forders")
    sign_in(theirs, "bob", "short password")
    expect(theirs.locator("output.said")).to_contain_text("the account is not active")

    def let_in_again(dialog) -> None:
        dialog.get_by_label("active").check()
        dialog.get_by_label("New password").fill("another long password")

    change(let_in_again)
    sign_in(theirs, "bob", "another long password")
    theirs.wait_for_url("**/orders")
    visitor.forgive(401)

    page.get_by_role("button", name="Change bob").click()
    with page.expect_navigation():
        page.locator("dialog[open]").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    theirs.goto(visitor.site + "/orders")
    assert "/sign-in" in place(theirs)


def test_what_is_wrong_with_a_user_is_said_in_the_form(visitor, signed_in):
    """And the last admin stays one."""
    page = visitor.open("/users", state=signed_in("ann"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Change ann").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("In prod").select_option("viewer")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("form output.said")).to_contain_text("nobody would be left to manage users")
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("dialog[open]")).to_have_count(0)

    page.locator("form.box").get_by_label("Name").fill("vera")
    page.locator("form.box").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Add").click()
    expect(page.locator("form.box output.said")).to_contain_text("there is a user named vera")
    visitor.forgive(409)


def test_a_token_is_seen_once_and_works_until_it_is_revoked(visitor, signed_in, guarded):
    """As far as its scopes go."""
    page = visitor.open("/tokens", state=signed_in("ann"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Days it lasts").fill("30")
    page.get_by_role("button", name="Make").click()
    expect(page.locator("#secret")).to_be_visible()
    text = page.locator("#secret-text").inner_text()
    keep_picture(page, "access-tokens-made-1280-light")

    assert [200, 403, 403] == [
        asked(guarded, path, text) for path in ("/api/v1/orders", "/api/v1/messages/1/raw", "/api/v1/users")
    ]
    with page.expect_navigation():
        page.get_by_role("link", name="Done").click()
    row = page.locator("tbody tr", has_text="nightly")
    expect(row).to_contain_text("read")
    assert text not in page.content()

    row.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    assert 401 == asked(guarded, "/api/v1/orders", text)


def test_the_audit_log_tells_all_of_it(visitor, signed_in, browser):
    """By who and by what; the filters stand in the address."""
    context = browser.new_context(storage_state=signed_in("otto"))
    csrf = json.loads(context.request.get(f"{visitor.site}/api/v1/session").text())["csrf_token"]
    made = context.request.post(
        f"{visitor.site}/api/v1/tokens", data={"name": "once", "scopes": ["read"]}, headers={"X-CSRF-Token": csrf}
    )
    assert made.ok
    context.close()
    page = visitor.open("/audit", state=signed_in("ann"))

    page.get_by_label("Who").fill("OTTO")
    page.get_by_label("What").fill("token.")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**/audit?actor=OTTO&action=token.")
    assert ["otto 127.0.0.1"] == page.locator("tbody td:nth-child(2)").all_inner_texts()
    assert ["token.add"] == page.locator("tbody td:nth-child(3)").all_inner_texts()
    assert ["token otto/once", "scopes read · expires never"] == page.locator("td.wrap").all_inner_texts()

    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/audit")
    page.locator("tbody td:nth-child(3)").get_by_text("session.open").first.click()
    page.wait_for_url("**/audit?action=session.open")
    assert {"session.open"} == set(page.locator("tbody td:nth-child(3)").all_inner_texts())


def test_the_first_user_is_added_on_the_page(browser, tmp_path):
    """Before, it says that it is open to this machine; from then on everybody signs in."""
    with daemons(tmp_path) as start:
        visiting = Visitor(browser, start(workers=1).addresses["page"])
        page = visiting.open("/")
        expect(page.locator(".notice")).to_contain_text("the page serves this machine only")
        with page.expect_navigation():
            page.get_by_role("link", name="Add a user").click()
        keep_picture(page, "access-users-none-1280-light")
        form = page.locator("form.box")
        form.get_by_label("Name").fill("ann")
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_role("button", name="Add").click()
        page.wait_for_url("**/sign-in?next=%2Fusers")
        sign_in(page, "ann")
        page.wait_for_url("**/users")

        expect(page.locator("table.users")).to_contain_text("ann you")
        assert 0 == page.locator(".notice").count()
        assert "/sign-in" in place(visiting.open("/"))
        visiting.close()
        assert [] == visiting.wrong


@pytest.mark.parametrize("path", ["/sign-in", "/users", "/users#edit", "/tokens", "/tokens?of=all", "/audit"])
def test_a_page_of_access_is_sound_at_every_size_and_in_the_dark(visitor, signed_in, path):
    """As all the others are; one user is being changed."""
    state = None if path == "/sign-in" else signed_in("ann")
    page = visitor.open(path, state=state)
    page.locator("main h1").wait_for()
    if path.endswith("#edit"):
        page.get_by_role("button", name="Change vera").click()
        page.locator("dialog[open]").wait_for()
    found = look_at(page, f"access{path.replace('/', '-')}")

    assert [] == found
