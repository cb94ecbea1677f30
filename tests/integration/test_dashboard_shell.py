"""What every page has in common, over the real application."""

import gzip
import json
from dataclasses import replace

import pytest
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from support_gallery import HOSTILE, Page, environment_with
from support_pages import running_pages

from app.dashboard.failing import PageRoute
from app.dashboard.headers import HEADERS
from app.dashboard.rendering import done, fragment, page, toast
from app.dashboard.strings import COOKIE
from app.errors import NotFound, Overloaded, Refused, StorageDown
from app.storage.engine import open_database, sqlite_url

FULL = '{% extends "base.html" %}{% block main %}<h1>{{ word }}</h1>{% endblock %}'
TEMPLATES = {"full.html": FULL, "part.html": "<p>{{ word }} {{ t('nav.inbox') }}</p>"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
HTMX = {"HX-Request": "true"}
ERRORS = {
    "missing": NotFound("we have no such thing"),
    "busy": Overloaded("too much", retry_after_s=7),
    "down": StorageDown("the database is away"),
    "refused": Refused("tick something first", code="nothing_ticked"),
    "gone": HTTPException(303, headers={"Location": "/login"}),
    "teapot": HTTPException(418),
    "broken": ZeroDivisionError(HOSTILE),
}
router = APIRouter(route_class=PageRoute)


@router.get("/full")
async def full(request: Request, word: str = "hello"):
    return await page(request, "full.html", word=word)


@router.get("/part")
async def part(request: Request):
    return await fragment(request, "part.html", word="hello", headers=toast("gut — ja"))


@router.get("/number")
async def number(request: Request, n: int):
    return await fragment(request, "part.html", word=n)


@router.get("/fail/{how}")
async def fail(how: str):
    raise ERRORS[how]


@router.post("/saved")
async def saved(request: Request):
    return done(request, "/full?word=x", "told.saved")


@pytest.fixture
def app(sqlite_file, clock, tmp_path):
    database = open_database(sqlite_url(sqlite_file))
    with running_pages(database, clock, data_dir=tmp_path) as pages:
        app = pages.api.app
        app.include_router(router)
        shell = app.state.shell
        app.state.shell = replace(shell, environment=environment_with(shell, TEMPLATES))
        yield pages
    database.close()


@pytest.fixture
def browser(app):
    return app.browser()


def heading_of(answer):
    return answer.text.partition("<h1>")[2].partition("</h1>")[0]


def test_a_page_says_what_a_browser_may_load(browser):
    answer = browser.get("/full")

    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_a_caller_sends_is_shown_as_text(browser):
    answer = browser.get("/full", params={"word": HOSTILE})

    assert HOSTILE in Page(answer.text).text
    assert Page(answer.text).every("img") == []


@pytest.mark.parametrize(
    ("headers", "cookies", "language"),
    [
        ({}, {}, "en"),
        ({"Accept-Language": "de-CH,de;q=0.9"}, {}, "de"),
        ({"Accept-Language": "de"}, {COOKIE: "sv"}, "sv"),
    ],
)
def test_a_page_is_in_the_language_of_whoever_asks(browser, headers, cookies, language):
    browser.cookies.update(cookies)

    answer = browser.get("/full", headers=headers)

    assert Page(answer.text).every("html") == [{"lang": language}]


def test_a_chosen_language_is_kept_and_leads_back(browser):
    answer = browser.post("/language", data={"language": "sv", "back": "/numbers?days=7"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/numbers?days=7")
    assert answer.headers["set-cookie"] == (
        f"{COOKIE}=sv; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax"
    )


def test_whoever_comes_without_an_address_is_led_to_the_inbox(browser):
    answer = browser.get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_a_chosen_language_leads_nowhere_else(browser, back):
    answer = browser.post("/language", data={"language": "sv", "back": back})

    assert answer.headers["location"] == "/inbox"


def test_no_page_of_somebody_else_chooses_a_language(browser):
    sent = {"data": {"language": "sv"}, "headers": {"Sec-Fetch-Site": "cross-site"}}

    answer = browser.post("/language", **sent)

    assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)


def test_an_unknown_language_is_not_kept(browser):
    answer = browser.post("/language", data={"language": "xx", "back": "/inbox"})

    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


def test_a_page_is_compressed_with_a_length_that_varies(app, browser):
    raw = browser.get("/full", headers={"Accept-Encoding": "identity"})
    lengths = {browser.get("/full").headers["content-length"] for _ in range(20)}
    packed = browser.get("/full")

    assert "content-encoding" not in raw.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == raw.text
    assert len(lengths) > 5


def test_a_file_is_kept_by_browsers_for_good(app, browser):
    path = app.api.app.state.shell.statics.path("app.css")

    answer = browser.get(path)
    plain = browser.get(path, headers={"Accept-Encoding": "identity"})

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == plain.content
    assert gzip.compress(plain.content, 9) != plain.content


@pytest.mark.parametrize("path", ["/static/app.css", "/static/app.00000000.css", "/static/..%2fx"])
def test_a_file_that_is_not_there_is_no_page(browser, path):
    answer = browser.get(path, headers=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("how", "status", "said", "kept"),
    [
        ("missing", 404, "There is nothing here", {}),
        ("busy", 503, "Not just now", {"retry-after": "7"}),
        ("down", 503, "Not just now", {"retry-after": "1"}),
        ("refused", 422, "Something does not fit", {}),
        ("teapot", 418, "That did not work", {}),
        ("broken", 500, "Something went wrong on our side", {}),
    ],
)
def test_an_error_is_a_page_that_says_what_to_do(browser, how, status, said, kept):
    answer = browser.get(f"/fail/{how}", headers=BROWSER)

    assert (answer.status_code, heading_of(answer)) == (status, said)
    assert {name: answer.headers[name] for name in kept} == kept
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert answer.headers["x-request-id"] in answer.text


def test_an_error_that_can_be_mended_says_how(browser):
    assert "tick something first" in Page(browser.get("/fail/refused").text).text


def test_what_nobody_expected_tells_nothing_of_itself(browser):
    answer = browser.get("/fail/broken", headers=BROWSER)

    assert "ZeroDivision" not in answer.text
    assert "alert" not in answer.text


def test_a_parameter_that_does_not_fit_is_a_page_too(browser):
    answer = browser.get("/number", params={"n": HOSTILE}, headers=BROWSER)

    assert (answer.status_code, heading_of(answer)) == (422, "Something does not fit")
    assert Page(answer.text).every("img") == []


def test_a_page_leads_on_where_it_was_told_to(browser):
    answer = browser.get("/fail/gone")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_an_error_that_htmx_asked_for_is_told_in_a_moment_and_changes_no_page(browser):
    answer = browser.get("/fail/missing", headers=HTMX)

    assert (answer.status_code, answer.text) == (404, "")
    assert json.loads(answer.headers["hx-trigger"]) == {
        "toast": {"text": "There is nothing here", "kind": "bad"}
    }


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/nowhere", "text/html", "text/html; charset=utf-8"),
        ("/nowhere", "*/*", "application/problem+json"),
        ("/v1/nowhere", "text/html", "application/problem+json"),
    ],
)
def test_people_get_a_page_for_a_wrong_address_and_programs_a_problem(browser, path, accept, kind):
    answer = browser.get(path, headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (404, kind)


def test_a_fragment_is_a_part_and_may_tell_something(browser):
    answer = browser.get("/part", headers=HTMX | {"Accept-Language": "de"})

    assert answer.text == "<p>hello Eingang</p>"
    assert json.loads(answer.headers["hx-trigger"])["toast"]["text"] == "gut — ja"


def test_a_form_that_worked_leads_to_a_page_that_says_so_once(browser):
    sent = browser.post("/saved")
    shown = browser.get(sent.headers["location"])

    assert (sent.status_code, sent.headers["location"]) == (303, "/full?word=x&told=told.saved")
    assert '<p class="toast good">Saved</p>' in shown.text
    assert 'value="/full?word=x"' in shown.text  # the way back from choosing a language


def test_a_form_that_htmx_sent_stays_where_it_is_and_is_told_there(browser):
    answer = browser.post("/saved", headers=HTMX)

    assert (answer.status_code, answer.content) == (204, b"")
    assert json.loads(answer.headers["hx-trigger"])["toast"] == {"text": "Saved", "kind": "good"}


@pytest.mark.parametrize("told", [HOSTILE, "login.title", "told.no_such_text", "told."])
def test_a_page_says_nothing_that_a_link_makes_up(browser, told):
    answer = browser.get("/full", params={"told": told})

    assert answer.status_code == 200
    assert [p for p in Page(answer.text).every("p") if "toast" in p.get("class", "")] == []
