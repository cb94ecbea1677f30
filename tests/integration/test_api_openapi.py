import re

import pytest
from support_api import running_api

from app.api.application import create_api
from app.api.openapi import Problem
from app.api.problems import STATUS_OF_CODE
from app.api.schemas import CLASSIFY_EXAMPLES, MESSAGE_EXAMPLES
from app.storage.engine import open_database, sqlite_url

OPERATIONS = {
    ("/v1/classify", "post"): "200",
    ("/v1/messages", "post"): "201",
    ("/v1/messages/{id}", "get"): "200",
    ("/v1/messages/{id}/acknowledge", "post"): "200",
    ("/v1/messages/{id}/feedback", "post"): "200",
    ("/v1/messages/{id}/feedback", "get"): "200",
    ("/v1/feedback", "get"): "200",
    ("/v1/review", "get"): "200",
    ("/v1/sla", "get"): "200",
    ("/v1/reply-clocks", "get"): "200",
    ("/v1/deliveries", "get"): "200",
    ("/v1/deliveries/replay", "post"): "202",
    ("/v1/deliveries/{id}/replay", "post"): "202",
    ("/v1/inbound/email", "post"): "202",
    ("/v1/inbound/chat", "post"): "200",
    ("/v1/inbound/{source}", "post"): "200",
    ("/v1/arrivals", "get"): "200",
    ("/v1/arrivals/{id}", "get"): "200",
    ("/v1/arrivals/{id}/read", "post"): "202",
    ("/model/parse", "post"): "200",
    ("/livez", "get"): "200",
    ("/readyz", "get"): "200",
    ("/metrics", "get"): "200",
}


@pytest.fixture
def api(sqlite_file, clock, tmp_path):
    database = open_database(sqlite_url(sqlite_file))
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api
    database.close()


@pytest.fixture
def described(api):
    return api.client().get("/openapi.json").json()


def test_every_operation_is_described_with_its_answer(described):
    paths = described["paths"]

    assert {(path, method) for path in paths for method in paths[path]} == set(OPERATIONS)
    for (path, method), status in OPERATIONS.items():
        assert status in paths[path][method]["responses"]


def test_every_reference_leads_somewhere(described):
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", repr(described)))

    assert references <= set(described["components"]["schemas"])
    assert {"TextRequest", "BatchRequest", "MessageRequest", "Problem"} <= references


def test_refusals_are_described_as_problems_alone(described):
    for (path, method), _ in OPERATIONS.items():
        for status, response in described["paths"][path][method]["responses"].items():
            if int(status) >= 400 and path != "/readyz":
                assert list(response["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in described["components"]["schemas"]


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/messages"])
def test_every_status_of_a_refused_body_is_described(described, path):
    head_alone = {414, 431, 409}  # refused before any route, or about deliveries

    statuses = {int(status) for status in described["paths"][path]["post"]["responses"]}

    assert set(STATUS_OF_CODE.values()) - head_alone <= statuses


def test_the_examples_that_are_shown_work(api):
    client = api.client()

    for example in CLASSIFY_EXAMPLES.values():
        assert client.post("/v1/classify", json=example["value"]).status_code == 200
    for example in MESSAGE_EXAMPLES.values():
        assert client.post("/v1/messages", json=example["value"]).status_code == 201


def test_the_examples_are_in_the_description(described):
    def examples(path):
        body = described["paths"][path]["post"]["requestBody"]
        return body["content"]["application/json"]["examples"]

    assert examples("/v1/classify") == CLASSIFY_EXAMPLES
    assert examples("/v1/messages") == MESSAGE_EXAMPLES


def test_only_the_probes_and_providers_with_their_own_proof_need_no_key(described):
    open_paths = ("/livez", "/readyz", "/v1/inbound/{source}")
    assert described["security"] == [{"bearer": []}, {"header": []}]
    for path, method in OPERATIONS:
        security = described["paths"][path][method].get("security")
        assert security == ([] if path in open_paths else None)


@pytest.mark.parametrize("query", ["/nope", "/v1/deliveries?limit=0", "/v1/messages"])
def test_a_problem_has_the_form_that_is_described(api, query):
    Problem.model_validate(api.client().get(query).json(), strict=True, extra="forbid")


def test_each_application_is_described_for_itself(api):
    first, second = (create_api(api.app.state.services, version=version) for version in "12")

    assert first.openapi()["info"]["version"] == "1"
    assert second.openapi()["info"]["version"] == "2"
    assert first.openapi() is first.openapi()
