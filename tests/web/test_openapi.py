"""The description of the API says everything, and what it says is true."""

import copy
import re
from collections import Counter

import jsonschema_rs
import pytest

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import needs_of
from dicomfabd.web.application import build
from tests.web.ordinary import calls
from tests.web.walking import routes

JSON_TYPE = re.compile(r"application/([\w.-]+\+)?json")
METHODS = ("get", "post", "put", "patch", "delete")
PLAIN_NAMES = frozenset({"limit", "before", "after", "offset", "text", "sort", "bom", "max", "all", "web"})
"""Parameters that need no example: numbers, switches and any words."""


@pytest.fixture
def description(client):
    return client.get("/api/v1/openapi.json").json()


def operations(description):
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def valid_against(description, schema, value):
    """Give what is wrong with a value, or an empty string."""
    whole = copy.deepcopy(schema) | {"components": description["components"]}
    found = jsonschema_rs.Draft202012Validator(whole).iter_errors(value)
    return "; ".join(f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in found)


def examples_of(content):
    if "example" in content:
        return [content["example"]]
    if "examples" in content:
        return [example["value"] for example in content["examples"].values()]
    return content.get("schema", {}).get("examples", [])


def test_it_is_openapi_3_1(description):
    """And says so."""
    assert "3.1" == description["openapi"][:3]


def test_it_describes_every_route_of_the_api(desk, description):
    """A new route is there by itself; pages and the description are not part of it."""
    ours = {
        (method, route.path_format)
        for route in routes(build(desk))
        for method in route.methods
        if route.path.startswith(("/api/v1/", "/dicom-web/")) and route.path != "/api/v1/openapi.json"
    }
    described = {(name.split()[0], name.split()[1]) for name, _ in operations(description)}

    assert set() == ours - described


def test_every_operation_has_a_name_of_its_own_that_can_be_read(description):
    """Clients make functions of them."""
    names = Counter(operation["operationId"] for _, operation in operations(description))

    assert [] == [name for name, amount in names.items() if amount > 1 or not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)]


def test_every_operation_belongs_to_a_group_that_is_explained(description):
    """The groups of the reference."""
    tags = {tag["name"]: tag["description"] for tag in description["tags"]}

    assert {} == {
        name: operation.get("tags")
        for name, operation in operations(description)
        if len(operation.get("tags", [])) != 1 or not tags.get(operation["tags"][0])
    }


def test_every_operation_says_what_it_does_and_who_may(desk, description):
    """By the role and scope of its route; the scheme of the session and of the token are declared."""
    needed = {
        f"{method} {route.path_format}": needs_of(route.endpoint)
        for route in routes(build(desk))
        for method in route.methods
    }
    wrong = {}
    for name, operation in operations(description):
        needs, text = needed[name], operation["description"]
        said = (
            "Open to everybody" in text if needs.role is Role.NONE else f"the role {needs.role.name.lower()} in" in text
        )
        if not said or (needs.messages and "`phi`" not in text) or not operation["summary"]:
            wrong[name] = text
        if [] == operation["security"] and needs.role is not Role.NONE:
            wrong[name] = "no security"

    assert {} == wrong
    assert {"session", "csrf", "token"} == set(description["components"]["securitySchemes"])


def test_every_body_has_an_example_that_is_valid(description):
    """In each of its types."""
    wrong = {}
    for name, operation in operations(description):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            examples = examples_of(content)
            found = [valid_against(description, content["schema"], example) for example in examples]
            if not examples or any(found):
                wrong[f"{name} {kind}"] = found

    assert {} == wrong


def test_every_answer_of_json_has_an_example_that_is_valid(description):
    """Each success; and a schema that says more than that it is an object."""
    wrong = {}
    for name, operation in operations(description):
        good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        if not good:
            wrong[name] = "no success"
        for status, answer in good.items():
            if not answer.get("content"):
                wrong[f"{name} {status}"] = "no content"
            for kind, content in answer.get("content", {}).items():
                if not JSON_TYPE.fullmatch(kind):
                    continue
                examples, schema = examples_of(content), content.get("schema", {})
                found = [valid_against(description, schema, example) for example in examples]
                is_vague = schema.get("type") == "object" and not {"properties", "additionalProperties"} & set(schema)
                if not examples or any(found) or not schema or is_vague:
                    wrong[f"{name} {status} {kind}"] = found

    assert {} == wrong


def test_every_parameter_that_has_a_form_has_an_example_of_it(description):
    """Valid as a value of its schema."""
    wrong = {}
    for name, operation in operations(description):
        for parameter in operation.get("parameters", []):
            examples = [parameter["example"]] if "example" in parameter else parameter["schema"].get("examples", [])
            if not examples and parameter["name"] not in PLAIN_NAMES and _has_form(parameter):
                wrong[f"{name} {parameter['name']}"] = "no example"
            for example in examples:
                if found := valid_against(description, parameter["schema"], example):
                    wrong[f"{name} {parameter['name']}"] = found

    assert {} == wrong


def _has_form(parameter):
    text = str(parameter["schema"])
    return parameter["in"] == "path" or "'pattern'" in text or "'format'" in text or "'array'" in text


def test_every_error_is_a_problem_document(description):
    """Documented as one; a probe that says no, says it in its own form."""
    wrong = {
        f"{name} {status}": list(answer.get("content", {}))
        for name, operation in operations(description)
        for status, answer in operation["responses"].items()
        if status[0] in "45"
        and list(answer.get("content", {})) != ["application/problem+json"]
        and "probes" not in operation["tags"]
    }

    assert {} == wrong
    problem = description["components"]["schemas"]["Problem"]
    assert "" == valid_against(description, problem, problem["example"])


def test_what_is_answered_is_what_is_described(ordinary):
    """One good request to each operation, over a real store, archive and PACS: status, type and schema."""
    description = ordinary.get("/api/v1/openapi.json").json()
    by_name = {operation["operationId"]: operation for _, operation in operations(description)}
    wrong, asked, move = {}, set(), ""
    for call in calls(ordinary):
        answer = ordinary.request(call.method, call.path.replace("{move_id}", move), **call.options)
        asked.add(call.operation)
        if call.operation == "start_move":
            move = answer.json()["id"]
        if call.operation == "open_session":
            ordinary.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        kind = answer.headers["content-type"].partition(";")[0]
        content = by_name[call.operation]["responses"].get(str(answer.status_code), {}).get("content", {}).get(kind)
        if content is None:
            wrong[f"{call.operation} {call.path}"] = f"{answer.status_code} {kind} {answer.text[:200]}"
        elif JSON_TYPE.fullmatch(kind) and (found := valid_against(description, content["schema"], answer.json())):
            wrong[f"{call.operation} {call.path}"] = found
        elif answer.status_code >= 300:
            wrong[f"{call.operation} {call.path}"] = f"{answer.status_code} {answer.text[:200]}"

    assert {} == wrong
    # What goes on until the client leaves is asked elsewhere.
    assert {"listen_to_events"} == set(by_name) - asked
