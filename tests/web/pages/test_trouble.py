"""What people and scripts are shown when something cannot be shown."""

import pytest

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere", 404, "There is nothing at this address."),
        ("/orders/99", 404, "There is no order 99."),
        ("/orders?limit=x", 400, "The request does not have the form the API describes."),
    ],
)
def test_people_get_a_page_and_scripts_a_problem(client, path, status, said):
    """Which says the same, and leads back."""
    page = client.get(path, headers=BROWSER)

    assert (status, "text/html; charset=utf-8") == (page.status_code, page.headers["content-type"])
    assert said in page.text
    assert 'href="/"' in page.text
    problem = client.get(path.replace("/orders", "/api/v1/orders"))
    assert (status, said[1:-1]) == (problem.status_code, problem.json()["detail"][1:])
    assert "application/problem+json" == problem.headers["content-type"]


def test_what_we_did_not_foresee_is_our_fault_and_says_nothing_of_itself(client, store, monkeypatch):
    """The log says what it was."""
    monkeypatch.setattr(store.figures, "counts", lambda: 1 / 0)

    page = client.get("/", headers=BROWSER)
    problem = client.get("/api/v1/counts")

    assert (500, 500) == (page.status_code, problem.status_code)
    assert "We could not answer, and it is our fault; the log says more." in page.text
    assert "we could not answer, and it is our fault; the log says more" == problem.json()["detail"]
    assert "division" not in page.text + problem.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
