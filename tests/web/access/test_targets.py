"""What acts on a destination needs the role in the environment of the destination."""

import pytest

from dicomfabd.domain.access import Rights, Role
from dicomfabd.domain.delivery import Destination, Leg, Routing
from dicomfabd.domain.order import OrderControl
from dicomfabd.store.interface import Change, ReceivedMessage, Submission
from tests.builders import an_order, keys_of
from tests.peers import free_port

V, OP, A, N = Role.VIEWER, Role.OPERATOR, Role.ADMIN, Role.NONE
NEW = {"host": "h.example", "port": 104, "ae_title": "NEW"}


@pytest.fixture
def fixed() -> list[Destination]:
    return []


@pytest.fixture(autouse=True)
def destinations(store, ann):
    """Have a destination of each environment, away."""
    for name in ("test", "prod"):
        store.destinations.put(Destination(name, "127.0.0.1", free_port(), name.upper(), environment=name, timeout_s=1))


@pytest.fixture
def someone(add, browser):
    """Give a function that gives the browser of somebody with these roles."""
    return lambda test, prod: browser(add(f"user{test}{prod}", Rights(test, prod)))


def place(store, *legs: Leg) -> None:
    """Place order 1 with these deliveries."""
    order = an_order("A1")
    change = Change(OrderControl.NEW, keys_of(order), order, Routing(legs))
    store.inbox.accept([Submission(ReceivedMessage(b"MSH|", b"", "mllp", "10.0.0.9:1", "ORM^O01"), [change])])


@pytest.mark.parametrize(
    ("roles", "wanted"),
    [((V, V), ["prod", "test"]), ((V, N), ["test"]), ((N, V), ["prod"]), ((A, N), ["test"])],
)
def test_the_list_holds_what_one_may_look_at(someone, roles, wanted):
    """On the page as in the API."""
    client = someone(*roles)

    assert wanted == [it["name"] for it in client.get("/api/v1/pacs").json()["pacs"]]
    page = client.get("/pacs", headers={"Accept": "text/html"}).text
    assert wanted == [name for name in ("prod", "test") if f'href="/pacs/{name}"' in page]


@pytest.mark.parametrize(
    ("roles", "in_test", "in_prod"),
    [((V, V), 200, 200), ((V, N), 200, 403), ((N, V), 403, 200), ((A, N), 200, 403), ((N, A), 403, 200)],
)
def test_one_is_shown_to_viewers_there(someone, roles, in_test, in_prod):
    """On the page as in the API."""
    client = someone(*roles)

    for path in ("/api/v1/pacs/{}", "/pacs/{}"):
        assert [in_test, in_prod] == [client.get(path.format(name)).status_code for name in ("test", "prod")]


@pytest.mark.parametrize(
    ("roles", "in_test", "in_prod"),
    [((V, V), 403, 403), ((OP, V), 200, 403), ((V, OP), 403, 200), ((OP, N), 200, 403), ((A, A), 200, 200)],
)
def test_an_echo_needs_an_operator_there(someone, roles, in_test, in_prod):
    """Away counts as answered: it was asked."""
    client = someone(*roles)

    assert [in_test, in_prod] == [client.post(f"/api/v1/pacs/{name}/echo").status_code for name in ("test", "prod")]


@pytest.mark.parametrize(("roles", "allowed"), [((A, A), {"test", "prod"}), ((A, OP), {"test"}), ((V, A), {"prod"})])
def test_a_change_needs_an_admin_there(someone, roles, allowed, store):
    """To add, to replace, to remove."""
    client = someone(*roles)

    for name in ("test", "prod"):
        is_allowed = name in allowed
        new = NEW | {"environment": name}
        added = client.post("/api/v1/pacs", json=new | {"name": f"new-{name}"})
        changed = client.put(f"/api/v1/pacs/{name}", json=new)
        removed = client.delete(f"/api/v1/pacs/{name}")
        assert ([201, 200, 200] if is_allowed else [403] * 3) == [it.status_code for it in (added, changed, removed)]
    assert {f"new-{name}" for name in allowed} | ({"test", "prod"} - allowed) == {
        it.name for it in store.destinations.list()
    }


@pytest.mark.parametrize(
    ("roles", "old", "new"), [((A, OP), "prod", "test"), ((A, OP), "test", "prod"), ((V, A), "test", "prod")]
)
def test_a_move_between_environments_needs_an_admin_in_both(someone, roles, old, new, store):
    """Nobody makes a prod PACS a test one to act on it."""
    client = someone(*roles)

    assert 403 == client.put(f"/api/v1/pacs/{old}", json=NEW | {"environment": new}).status_code
    assert {"test", "prod"} == {it.environment for it in store.destinations.list()}


@pytest.mark.parametrize("environment", [None, 7, ["prod"], {}, "PROD", "both"])
def test_what_is_no_environment_is_refused_as_before(someone, environment):
    """By whoever may."""
    client = someone(A, N)

    assert 400 == client.post("/api/v1/pacs", json=NEW | {"name": "n", "environment": environment}).status_code


@pytest.mark.parametrize(
    ("roles", "asked", "status", "answered"),
    [
        ((V, V), "", 200, ["prod", "test"]),
        ((V, N), "", 200, ["test"]),
        ((N, V), "", 200, ["prod"]),
        ((V, N), "?pacs=test", 200, ["test"]),
        ((V, N), "?pacs=prod", 403, None),
        ((V, N), "?pacs=test&pacs=prod", 403, None),
        ((N, A), "?pacs=test", 403, None),
    ],
)
@pytest.mark.parametrize("form", ["", ".csv"])
def test_a_query_asks_where_one_may_look(someone, roles, asked, status, answered, form):
    """All of those where nobody is named; who names another is refused."""
    answer = someone(*roles).get(f"/api/v1/pacs/query{form}{asked}")

    assert status == answer.status_code
    if answered and not form:
        assert answered == sorted(it["name"] for it in answer.json()["pacs"])
    if answered and form:
        assert answered == sorted({line.split(",")[0] for line in answer.text.splitlines()[1:]})


@pytest.mark.parametrize(
    ("roles", "source", "destination", "status"),
    [
        ((OP, V), "prod", "test", 202),
        ((OP, V), "test", "prod", 403),
        ((V, OP), "test", "prod", 202),
        ((V, OP), "prod", "test", 403),
        ((N, OP), "test", "prod", 403),
        ((OP, N), "prod", "test", 403),
        ((A, A), "test", "prod", 202),
        ((V, V), "test", "prod", 403),
    ],
)
def test_a_move_needs_a_viewer_there_and_an_operator_here(someone, roles, source, destination, status):
    """Reading is at the source, writing at the destination."""
    body = {"source": source, "destination": destination, "study_uid": "1.2.3"}

    assert status == someone(*roles).post("/api/v1/pacs/move", json=body).status_code


def test_a_move_is_seen_where_one_may_look_and_ended_where_one_may_act(someone):
    """Also when its destinations are gone, which then count as prod."""
    governor = someone(A, A)
    body = {"source": "prod", "destination": "test", "study_uid": "1.2.3"}
    move = governor.post("/api/v1/pacs/move", json=body).headers["location"]
    blind, seeing = someone(OP, N), someone(OP, V)

    assert [403, 200] == [client.get(move).status_code for client in (blind, seeing)]
    assert [[], [move]] == [
        [f"/api/v1/pacs/moves/{it['id']}" for it in client.get("/api/v1/pacs/moves").json()["moves"]]
        for client in (blind, seeing)
    ]
    assert [200, 403] == [client.delete(move).status_code for client in (seeing, someone(V, OP))]
    governor.delete("/api/v1/pacs/test")
    assert 403 == seeing.delete(move).status_code


@pytest.mark.parametrize(("roles", "status"), [((V, N), 403), ((N, V), 502), ((A, N), 403), ((N, A), 502)])
def test_a_download_needs_a_viewer_there(someone, roles, status):
    """502 is: it was asked, and is away."""
    assert status == someone(*roles).get("/api/v1/pacs/prod/studies/1.2.3").status_code


@pytest.mark.parametrize(
    ("roles", "names", "status"),
    [
        ((OP, V), ["test"], 200),
        ((OP, V), ["prod"], 403),
        ((OP, V), ["test", "prod"], 403),
        ((V, OP), ["prod"], 200),
        ((V, OP), ["test"], 403),
        ((OP, OP), ["test", "prod"], 200),
        ((N, OP), ["prod"], 403),
        ((V, V), ["test"], 403),
        ((OP, OP), ["nowhere"], 404),
    ],
)
def test_a_study_is_sent_where_one_is_operator(someone, put, store, roles, names, status):
    """And all of it or nothing."""
    put()

    answer = someone(*roles).post("/api/v1/orders/1/send", json={"destinations": names})

    assert status == answer.status_code, answer.text
    assert ({"main", *names} if status == 200 else {"main"}) == {job.destination for job in store.book.jobs(1)}


@pytest.mark.parametrize(("roles", "status"), [((OP, V), 403), ((V, OP), 403), ((OP, OP), 200)])
def test_what_waits_for_a_person_goes_where_they_are_operator(someone, store, roles, status):
    """Nobody is named, so all that waits counts; or the rest would go without them."""
    place(store, Leg("test", by_hand=True), Leg("prod", by_hand=True))

    assert status == someone(*roles).post("/api/v1/orders/1/send", json={}).status_code
    states = {job.destination: job.state for job in store.book.jobs(1)}
    assert dict.fromkeys(("test", "prod"), "queued" if status == 200 else "by_hand") == states


def test_where_nothing_waits_nothing_is_sent(someone, put):
    """409, and not to everybody."""
    put()

    assert 409 == someone(OP, OP).post("/api/v1/orders/1/send", json={}).status_code


@pytest.mark.parametrize(("roles", "status"), [((OP, V), 403), ((V, OP), 403), ((OP, OP), 200), ((V, V), 403)])
def test_a_retry_needs_an_operator_wherever_it_goes(someone, store, roles, status):
    """A failed delivery to prod is as much of prod as a new one."""
    place(store, Leg("test"), Leg("prod"))

    assert status == someone(*roles).post("/api/v1/orders/1/retry").status_code


def test_a_retry_in_test_needs_nobody_in_prod(someone, store):
    """And the other way round."""
    place(store, Leg("test"))

    people = (someone(V, OP), someone(OP, N))
    assert [403, 200] == [client.post("/api/v1/orders/1/retry").status_code for client in people]


@pytest.mark.parametrize("named", [[], ["test"], ["prod"]])
def test_a_retry_of_many_goes_to_no_prod_by_who_is_no_operator_there(someone, store, named):
    """Whatever is named beside it: a retry goes wherever something failed or waits."""
    place(store, Leg("test"), Leg("prod"))
    body = {"action": "retry", "order_ids": [1], "destinations": named}

    answer = someone(OP, V).post("/api/v1/orders/bulk", json=body)

    assert (
        (403, None) == (answer.status_code, None)
        if named == ["prod"]
        else (200, 0)
        == (
            answer.status_code,
            answer.json()["done"],
        )
    )
    assert "order.retry" not in [event.event for event in store.book.timeline(1)]


@pytest.mark.parametrize(
    ("roles", "wanted"),
    [((OP, OP), ["prod", "test"]), ((OP, V), ["test"]), ((OP, N), ["test"]), ((V, V), []), ((A, OP), ["prod", "test"])],
)
def test_pages_offer_what_one_may(someone, put, roles, wanted):
    """Where to send, whom to echo; and no button that would only be refused."""
    put()
    client = someone(*roles)

    def page(path):
        return client.get(path, headers={"Accept": "text/html"}).text

    for path in ("/orders", "/orders/1"):
        assert wanted == [name for name in ("prod", "test") if f"<option>{name}</option>" in page(path)]
    listed = page("/pacs")
    assert wanted == [name for name in ("prod", "test") if f'class="echo" data-name="{name}"' in listed]
    assert (bool(wanted), A in roles) == ("echo-all" in listed, "/pacs/new" in listed)
    assert wanted == [name for name in ("prod", "test") if f'data-echo="{name}"' in page(f"/pacs/{name}")]


@pytest.mark.parametrize(("roles", "path"), [((N, V), "/pacs"), ((V, N), "/"), ((V, V), "/")])
def test_everybody_has_a_first_page(someone, roles, path):
    """Who may look at PACS of prod alone would else be refused at once."""
    answer = someone(*roles).get("/", headers={"Accept": "text/html"})

    assert (200, path) == (answer.status_code, answer.url.path)
