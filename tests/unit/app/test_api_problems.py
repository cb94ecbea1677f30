import json
from http import HTTPStatus

import pytest

from app import errors
from app.api.problems import STATUS, STATUS_OF_CODE, InvalidInput, problem_of, status_of
from app.api.same_site import CrossSite


def tree(kind):
    return {kind}.union(*(tree(child) for child in kind.__subclasses__()))


def answer_to(error):
    response = problem_of(error, {"type": "http", "state": {"request_id": "r-1"}})
    return response, json.loads(bytes(response.body))


def test_every_error_has_a_status():
    of_the_page = {kind for kind in tree(errors.AppError) if kind.__module__ == "app.errors"}

    assert set(STATUS) == of_the_page


def test_every_status_is_one_of_http():
    for status in {*STATUS.values(), *STATUS_OF_CODE.values()}:
        assert 400 <= HTTPStatus(status) < 600


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Refused("no"), 422, "refused"),
        (errors.Refused("no", code="bad_json"), 400, "bad_json"),
        (errors.Refused("no", code="too_deep"), 422, "too_deep"),
        (InvalidInput("no", []), 422, "invalid"),
        (errors.MessageRejected("no", code="empty_text"), 422, "empty_text"),
        (errors.KeyReused("no"), 422, "idempotency_key_reused"),
        (errors.Unauthenticated("no"), 401, "unauthenticated"),
        (errors.Forbidden("no"), 403, "forbidden"),
        (CrossSite("no"), 403, "cross_site"),
        (errors.NotFound("no"), 404, "not_found"),
        (errors.Duplicate("no"), 409, "duplicate"),
        (errors.Overloaded("no"), 503, "overloaded"),
        (errors.PredictionLate("no"), 503, "prediction_late"),
        (errors.StorageDown("no"), 503, "storage_unavailable"),
    ],
)
def test_an_error_is_answered_as_a_problem(error, status, code):
    response, body = answer_to(error)

    assert status_of(error) == response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert body == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "no",
        "code": code,
        "request_id": "r-1",
        **({"errors": []} if isinstance(error, InvalidInput) else {}),
    }


def test_an_error_that_is_ours_says_nothing():
    for error in (errors.ConfigError("/etc/secret"), errors.AppError("secret")):
        response, body = answer_to(error)

        assert response.status_code == 500
        assert (body["code"], body["detail"]) == ("internal", "something went wrong on our side")


def test_who_is_refused_for_load_is_told_when_to_come_back():
    for kind in (errors.Overloaded, errors.PredictionLate, errors.StorageDown):
        response, _ = answer_to(kind("busy", retry_after_s=7))

        assert response.headers["retry-after"] == "7"


def test_who_has_no_key_is_told_how_to_show_one():
    response, _ = answer_to(errors.Unauthenticated("no"))

    assert response.headers["www-authenticate"] == 'Bearer realm="inlet"'
