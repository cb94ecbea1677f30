"""The pages behind links in a real browser: what a person's does, and what a scanner's does not."""

import pytest
from support_api import running_api
from support_browser import Browser, served
from support_replies import feedback_of, links, store, the_clock_of, with_people

from app.domain import ClockStatus
from app.storage.engine import open_database, sqlite_url

TITLE = "document.querySelector('h1').textContent"
RUNNING, ACKNOWLEDGED = ClockStatus.RUNNING, ClockStatus.ACKNOWLEDGED


@pytest.fixture
def database(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    yield database
    database.close()


@pytest.fixture
def url(database, clock, tmp_path):
    with (
        running_api(database, clock, data_dir=tmp_path) as api,
        served(with_people(api).app) as url,
    ):
        yield url


def test_a_persons_browser_takes_a_message_with_the_one_click_on_the_link(database, url, tmp_path):
    message_id = store(database)

    with Browser(tmp_path, as_a_person=True) as browser:
        browser.open(url + links(database, message_id)["mine"])
        browser.until(TITLE, "Yours now")

    assert the_clock_of(database, message_id).settled_by == "ana"
    assert browser.logged == []


def test_a_scanner_that_runs_scripts_does_nothing_and_a_click_on_its_page_does(
    database, url, tmp_path
):
    message_id = store(database)
    paths = links(database, message_id)

    with Browser(tmp_path) as browser:
        for action in ("mine", "not_a_lead", "wrong_label"):
            browser.open(url + paths[action])
        before = the_clock_of(database, message_id).status, feedback_of(database)
        browser.click("label:nth-of-type(1)")
        browser.click("button")
        browser.until(TITLE, "Noted, thank you")
        browser.open(url + paths["mine"])
        browser.click("button")
        browser.until(TITLE, "Yours now")

    assert before == (RUNNING, [])
    assert feedback_of(database) == [("wrong_label", ("demo_request",), "ana")]
    assert the_clock_of(database, message_id).status is ACKNOWLEDGED
    assert browser.logged == []
