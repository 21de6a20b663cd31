"""The first page: what is wrong is on it, and everything on it leads to its list."""

import re

from dicomfabd.domain.delivery import Destination
from tests.builders import NOON


def card_of(page: str, address: str) -> str:
    """Give what stands on the card that leads to an address, without markup."""
    found = re.search(rf'<a class="card[^"]*" href="{re.escape(address)}">(.*?)</a>', page, re.DOTALL)
    assert found, address
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


def test_counts_lead_to_their_lists(client, put, take, clock, store):
    """Orders by state, what waits, what is dead, what nobody could read."""
    clock.now = NOON.timestamp()
    put("A1")
    put("A2")
    take(code="AR", quarantined=True)
    store.queue.fail(store.queue.claim("w", 60, {"main": 1}), "never")

    page = client.get("/").text

    assert "Orders 2 2 open" == card_of(page, "/orders")
    assert ["scheduled 1", "failed 1", "held 0"] == [
        re.search(rf">({state} )<b>(\d+)</b>", page).expand(r"\1\2") for state in ("scheduled", "failed", "held")
    ]
    assert "In quarantine 1 messages to look at" == card_of(page, "/messages?quarantined=true")
    assert "On the worklist 2 items a modality sees" == card_of(page, "/worklist")


def test_what_is_wrong_is_named(client, health):
    """With the reason, in the first card."""
    health.register("worklist", lambda: "port 10500 is taken")

    assert "Is it well? No worklist: port 10500 is taken" == card_of(client.get("/").text, "/healthz")


def test_a_destination_that_is_away_says_when_it_is_tried_again(client, fixed, put, clock, store):
    """Beside what waits for it."""
    clock.now = NOON.timestamp()
    fixed.append(Destination("main", "127.0.0.1", 11113, "MAIN"))
    put("A1")
    store.queue.pause(store.queue.claim("w", 60, {"main": 1}), 90, 90, 1, "nobody answers")

    page = client.get("/").text
    row = page[page.index('href="/pacs/main"') :].partition("</tr>")[0]

    assert ["is-away", "12:01:30"] == [re.search(r"is-away", row)[0], re.search(r"\d\d:\d\d:\d\d(?=<)", row)[0]]
    assert "is-away" not in page[page.index('href="/pacs/archive"') :].partition("</tr>")[0]


def test_a_sender_that_was_not_heard_for_an_hour_is_silent(client, take, clock):
    """And one that was is not."""
    clock.now = NOON.timestamp()
    take(sending_application="OLD")
    clock.advance(3601)
    take(sending_application="NEW", control_id="M2")

    page = client.get("/").text
    rows = {name: page[page.index(f'sender={name}"') :].partition("</tr>")[0] for name in ("OLD", "NEW")}

    assert {"OLD": True, "NEW": False} == {name: "silent" in row for name, row in rows.items()}
