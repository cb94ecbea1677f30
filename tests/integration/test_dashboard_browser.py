"""The shell of the pages in a real browser: what its scripts add, and that its policy lets them."""

import asyncio
import json
from dataclasses import replace

import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse
from support_browser import Browser, served
from support_gallery import GALLERY, HOSTILE, LATE, NOW, SOON, a_viewer, environment_with
from support_pages import running_pages

from app.dashboard.failing import PageRoute
from app.dashboard.forms import fields
from app.dashboard.rendering import done, page
from app.storage.engine import open_database, sqlite_url

router = APIRouter(route_class=PageRoute)
NEW = (
    '<li class="row" id="row-new" data-row data-say="Bo"><a href="/gallery" data-main>Bo</a>'
    '<time class="ago" data-time="ago" datetime="2026-11-26T07:00:00Z">?</time></li>'
)
AGAIN = '<li class="row" id="row-1" data-row><a href="/gallery" data-main>Changed</a></li>'
FOCUS = "document.activeElement.closest('[data-row]')?.id"
ROWS = "[...document.querySelectorAll('.rows > li')].map(row => row.id).join()"
sent = []


@router.get("/gallery")
async def gallery(request: Request):
    request.state.viewer, request.state.csrf = a_viewer(), "the-token"
    return await page(request, "gallery.html", bad=HOSTILE, now=NOW, due=SOON, late=LATE)


@router.get("/rows")
async def rows(request: Request):
    async def events():
        yield f"id: 7\nevent: row\ndata: {NEW}\n\nid: 8\nevent: row\ndata: {AGAIN}\n\n"
        yield "event: gone\ndata: row-2\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


@router.post("/gallery/take")
async def take(request: Request):
    form = await fields(request)
    sent.append((form["csrf"], request.headers.get("x-csrf-token")))
    return done(request, "/gallery", "told.taken")


@router.post("/settings")
async def settings(request: Request):
    return await take(request)


@pytest.fixture
def url(sqlite_file, clock, tmp_path):
    database = open_database(sqlite_url(sqlite_file))
    with running_pages(database, clock, data_dir=tmp_path) as pages:
        app = pages.api.app
        app.include_router(router)
        shell = app.state.shell
        environment = environment_with(shell, {"gallery.html": GALLERY})
        app.state.shell = replace(shell, environment=environment)
        sent.clear()
        with served(app) as url:
            yield url
    database.close()


@pytest.fixture
def browser(url, tmp_path):
    with Browser(tmp_path) as browser:
        browser.live_in("America/New_York")
        browser.open(f"{url}/gallery")
        browser.until("document.documentElement.className", "js")
        yield browser


def text_of(selector):
    return f"document.querySelector({json.dumps(selector)})?.textContent.trim()"


def test_a_live_list_takes_what_comes_and_what_goes_without_a_reload(browser):
    browser.until(ROWS, "row-new,row-0,row-1")

    assert browser.value_of(text_of("#row-1")) == "Changed"
    assert browser.value_of(text_of("#row-new time")) == "1\u00a0h ago"
    assert browser.value_of(text_of("#live")) == "New: Bo"
    assert browser.value_of(text_of("[data-live-state]")) == "Live"
    assert browser.value_of(text_of("[data-empty]")) is None


def test_times_are_in_the_viewers_zone(browser):
    shown = browser.value_of(text_of("time[data-time=moment]"))

    assert shown.replace("\u202f", " ") == "Nov 26, 2026, 3:00 AM"


def test_a_clock_that_runs_out_soon_stands_out(browser):
    classes = "document.querySelector('#row-0 .left').className"

    assert browser.value_of(classes) == "left soon"
    assert browser.value_of("document.querySelector('.card .left').className") == "left over"


def test_keys_go_from_row_to_row_and_press_what_a_row_offers(browser):
    browser.until(ROWS, "row-new,row-0,row-1")

    seen = []
    for key in "jjk":
        browser.press(key)
        seen.append(browser.value_of(FOCUS))
    browser.press("j")
    browser.press("m")
    browser.until(text_of(".toasts .toast"), "Yours now")

    assert seen == ["row-new", "row-0", "row-new"]
    assert sent == [("the-token", None)]
    assert browser.value_of("location.search") == ""


def test_keys_can_be_turned_off_and_do_nothing_where_somebody_writes(browser):
    browser.value_of("document.querySelector('#search').focus()")
    browser.press("j")
    writing = browser.value_of("document.activeElement.id")
    browser.value_of("document.activeElement.blur()")
    browser.press("?")
    opened = browser.value_of("document.querySelector('#keys').open")
    browser.click("#keys [data-keys]")
    browser.click("#keys button")
    browser.press("j")

    assert (writing, opened) == ("search", True)
    assert browser.value_of(FOCUS) is None


def test_htmx_proves_whose_page_it_serves_and_tells_what_was_done(browser):
    browser.value_of("document.querySelector('form[action=\"/settings\"]').noValidate = true")
    browser.value_of("document.querySelector('form[action=\"/settings\"]').requestSubmit()")
    browser.until(text_of("#toasts .toast:last-child"), "Yours now")

    assert sent == [("the-token", "the-token")]
    assert browser.value_of("location.pathname") == "/gallery"


def test_charts_are_drawn_over_their_tables(browser):
    browser.until("document.querySelectorAll('.plot canvas').length", 2)

    assert browser.value_of("document.querySelectorAll('figure details[open]').length") == 0


def test_the_policy_of_the_pages_stops_nothing_that_they_do(browser):
    browser.until("document.querySelectorAll('.plot canvas').length", 2)
    browser.press("?")

    assert browser.logged == []
    assert browser.value_of("document.querySelectorAll('img, style').length") == 0


def test_no_page_is_wider_than_a_phone(browser, url):
    browser.be_a_phone()
    browser.open(f"{url}/gallery")

    browser.until("document.documentElement.scrollWidth", 360)
