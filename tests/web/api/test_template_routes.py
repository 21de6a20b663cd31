"""Templates over HTTP."""

import pytest


def test_the_samples_are_templates(client):
    """With a place for the time."""
    found = client.get("/api/v1/templates").json()["templates"]

    assert ("ct chest", "hl7", False) == (found[0]["name"], found[0]["kind"], found[0]["saved"])
    assert "{now}" in found[0]["content"]


def test_a_template_is_saved_replaced_and_removed(client, store):
    """Whatever its name is; audited."""
    for content in ("MSH|1", "MSH|2"):
        assert 200 == client.put("/api/v1/templates/My%20chest", json={"content": content}).status_code
    saved = [it for it in client.get("/api/v1/templates").json()["templates"] if it["saved"]]

    assert [("My chest", "MSH|2")] == [(it["name"], it["content"]) for it in saved]
    assert [200, 404] == [client.delete("/api/v1/templates/My%20chest").status_code for _ in range(2)]
    assert ["template.remove", "template.save", "template.save"] == [it.action for it in store.messages.audit_trail()]


def test_a_template_has_bounds(client):
    """Of length, name and kind."""
    wrong = [("x" * 65, {"content": "a"}), ("a", {"content": "x" * 65_537}), ("a", {"content": "a", "kind": "xml"})]

    assert [400, 400, 400] == [client.put(f"/api/v1/templates/{name}", json=body).status_code for name, body in wrong]


@pytest.mark.parametrize("content", ["no json", "[1]", "1", "{'a': 1}"])
def test_a_form_is_a_json_object(client, content):
    """What the page could not fill in is refused."""
    answer = client.put("/api/v1/templates/x", json={"kind": "form", "content": content})

    assert 400 == answer.status_code
