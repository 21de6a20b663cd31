"""The worklist as people see it."""

import re

import pytest

from dicomfabd.web.pages import overview, worklist


def told(client, path: str = "/worklist") -> str:
    page = client.get(path).text
    return " ".join(re.sub(r"<[^>]*>", "", re.search(r'<p class="faint">(.*?)</p>', page, re.DOTALL)[1]).split())


def test_the_form_is_the_question(client, put):
    """By the keys of C-FIND; what was typed stays in it."""
    put("A1")
    put("A2")

    page = client.get("/worklist?accession=A1&modality=C*").text

    assert told(client, "/worklist?accession=A1").startswith("1 item, as a modality that asks")
    assert ["A1"] == re.findall(r'href="/orders\?accession=(\w+)"', page)
    assert 'name="modality" value="C*"' in page


@pytest.mark.parametrize(
    ("amount", "said", "card"), [(1, "1 item,", "1"), (2, "2 or more items,", "2+"), (3, "2 or more items,", "2+")]
)
def test_a_long_list_is_not_counted_to_its_end(client, put, monkeypatch, amount, said, card):
    """A page that is open all day would do it again and again."""
    for module in (overview, worklist):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    for number in range(amount):
        put(f"A{number}")

    assert told(client).startswith(said)
    assert f"<strong>{card}</strong><small>items a modality sees" in re.sub(r"</?bdi>", "", client.get("/").text)
    assert {"count": amount} == client.get("/api/v1/worklist/count").json()


def test_a_question_that_cannot_be_asked_is_said(client):
    """Beside the form, with what was typed still in it."""
    page = client.get("/worklist?date=yesterday").text
    alert = re.search(r'role="alert">(.*?)</p>', page, re.DOTALL)

    assert alert[1].startswith("ScheduledProcedureStepStartDate is no date")
    assert 'name="date" value="yesterday"' in page
