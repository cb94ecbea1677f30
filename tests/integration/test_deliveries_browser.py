"""Deliveries and people in a real browser: a dead letter is replayed, and a picture is drawn."""

import pytest
from support import START, a_delivery, an_attempt, an_endpoint
from support_browser import Browser
from support_inbox_pages import HOSTILE, arrive
from support_outbox import DEAD, PENDING

from app.domain import new_id
from app.storage import endpoints, outbox

SALES = "ep_01KB0000000000000000000001"
TOAST = "document.querySelector('#toasts .toast:last-child')?.textContent"
NO_HARM = "[window.hit, document.querySelectorAll('img').length].join()"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def dead(pages):
    """A dead letter of a hostile message, to an endpoint that answered with hostile words."""
    id = new_id("dlv", START)
    message_id = arrive(pages, "Hello", subject=HOSTILE)
    with pages.api.database.write() as conn:
        endpoints.add(conn, an_endpoint(id=SALES, name="leads"))
        given = {"id": id, "message_id": message_id, "endpoint_id": SALES, "attempts": 10}
        outbox.enqueue(conn, a_delivery(**given, status=DEAD))
        answer = {"status_code": 500, "body_excerpt": HOSTILE}
        outbox.record(conn, an_attempt(10, delivery_id=id, **answer), status=DEAD)
    return id


def signed_in(browser, pages, url, path, **who):
    """Sign in by a link, as people do, and go to a page."""
    browser.open(f"{url}/login?link={pages.link(**who)}")
    browser.click("form[action='/login'] button")
    browser.until("location.pathname", "/inbox")
    browser.open(f"{url}{path}")
    browser.until("document.documentElement.className", "js")


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path) as browser:
        yield browser


def test_a_dead_letter_is_replayed_by_one_click_without_a_reload(pages, browser, url, dead):
    signed_in(browser, pages, url, "/deliveries?status=dead")
    browser.value_of("window.loaded = 'once'")

    browser.click(f"#d-{dead} form.act button")
    browser.until(TOAST, "It will be sent again now")

    browser.until(f"document.querySelector('#d-{dead} .badge').textContent", "Pending")
    with pages.api.database.read() as conn:
        found = outbox.find(conn, dead)
    assert (found.status, found.attempts) == (PENDING, 0)
    assert browser.value_of("window.loaded") == "once"
    assert browser.value_of(f"document.querySelector('#d-{dead} form.act')") is None
    assert (browser.value_of(NO_HARM), browser.logged) == (",0", [])


def test_a_viewer_finds_nothing_to_press_and_no_harm(pages, browser, url, dead):
    signed_in(browser, pages, url, f"/deliveries/{dead}", role="viewer")

    assert browser.value_of("document.querySelectorAll('main form').length") == 0
    assert browser.value_of("document.body.textContent.includes('onerror=window.hit=1')") is True
    assert (browser.value_of(NO_HARM), browser.logged) == (",0", [])


def test_an_admin_pauses_an_endpoint_and_is_told(pages, browser, url, dead):
    signed_in(browser, pages, url, "/deliveries", role="admin")

    browser.click("form[action$='/pause'] button")
    browser.until(TOAST, "Paused: what is for it waits")

    with pages.api.database.read() as conn:
        assert endpoints.find(conn, "leads").paused is True


def test_intents_over_time_are_drawn_over_their_table(pages, browser, url, clock):
    arrive(pages)
    clock.advance(86_400)
    arrive(pages, "A demo, please")
    clock.advance(1)
    signed_in(browser, pages, url, "/contacts/ada@example.com")

    browser.until("document.querySelectorAll('.plot canvas').length", 1)
    assert browser.value_of("document.querySelectorAll('figure details[open]').length") == 0
    assert browser.logged == []


@pytest.mark.parametrize(
    "path", ["/deliveries", "/contacts/ada@example.com", "/accounts/example.com"]
)
def test_no_page_is_wider_than_a_phone(pages, browser, url, dead, path):
    browser.be_a_phone()
    signed_in(browser, pages, url, path, role="admin")

    browser.until("document.documentElement.scrollWidth", 360)
