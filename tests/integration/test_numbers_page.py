"""The numbers over the real application: what is counted, over which time, and who may look."""

import gzip
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import text
from support import START, a_message
from support_clocks import HOUR, RUNNING, a_clock, taken
from support_gallery import Page
from support_inbox_pages import HOSTILE, arrive, posted

from app.dashboard.quality import Judged, Share, judged
from app.domain import ClockStep
from app.storage import clocks, messages, numbers
from app.storage.review import Told

DAY = timedelta(days=1)
MAX_PAGE_BYTES = 60_000  # of a page with all that it loads, compressed
SAID = {"model_version": "test-1", "intents": {"pricing": 0.93, "support": 0.1}, "labels": []}
DECIDED = {"route": "sales", "rule": "pricing", "reasons": []}


@pytest.fixture
def browser(pages):
    return pages.browser("viewer")


def data_of(browser, query=""):
    answer = browser.get(f"/numbers/data.json{query}")
    assert answer.status_code == 200
    return answer.json()


def chart_of(browser, id, query=""):
    found = next(one for one in data_of(browser, query)["charts"] if one["id"] == id)
    return [tuple(row) for row in found["rows"]]


def known(rows):
    """Rows of a chart that count something."""
    return [row for row in rows if row[1]]


def keep_clocks(pages, *some):
    """Store reply clocks, each with a message of its own."""
    with pages.api.database.write() as conn:
        for one in some:
            message = a_message(id=one.message_id, external_id=one.message_id)
            messages.add(conn, message, prediction=SAID, decision=DECIDED)
            clocks.add(conn, one)


# who may look, and at which time


@pytest.mark.parametrize("path", ["/numbers", "/numbers/data.json"])
def test_whoever_is_not_signed_in_sees_no_number(pages, path):
    answer = pages.browser().get(path)

    assert (answer.status_code, answer.text) == (303, "")
    assert answer.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("role", ["viewer", "agent", "admin"])
def test_everybody_who_is_signed_in_may_look(pages, role):
    browser = pages.browser(role)

    assert [browser.get(path).status_code for path in ("/numbers", "/numbers/data.json")] == [
        200
    ] * 2


@pytest.mark.parametrize("days", ["8", "-7", "7.0", "all", "０7"])
def test_only_the_periods_that_are_offered_are_counted(browser, days):
    answers = [
        browser.get(path, params={"days": days}) for path in ("/numbers", "/numbers/data.json")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


def test_the_period_that_is_shown_is_marked(pages, browser):
    arrive(pages)

    marked = {
        query: [
            a["href"]
            for a in Page(browser.get(f"/numbers{query}").text).every("a")
            if a.get("aria-current") == "true"
        ]
        for query in ("", "?days=7", "?days=30", "?days=90")
    }

    assert marked == {
        "": ["/numbers"],
        "?days=7": ["/numbers?days=7"],
        "?days=30": ["/numbers"],
        "?days=90": ["/numbers?days=90"],
    }


def test_messages_count_from_the_first_day_of_the_period_on(pages, browser, clock):
    old, new = START - 8 * DAY, START - 6 * DAY
    arrive(pages, received_at=old.isoformat())
    arrive(pages, received_at=new.isoformat())

    found = {days: data_of(browser, f"?days={days}") for days in (7, 30)}

    assert [found[days]["figures"]["messages"] for days in (7, 30)] == [1, 2]
    assert found[7]["since"] == "2026-11-19T00:00:00+00:00"
    assert len(chart_of(browser, "by-day", "?days=7")) == 7
    assert known(chart_of(browser, "by-day", "?days=7")) == [("2026-11-19", 1)]


# what came in


def test_messages_are_counted_by_day_intent_channel_and_hour(pages, browser):
    arrive(pages)
    arrive(pages, "The price, and a demo?", channel="chat")
    arrive(pages, "Hello", received_at=(START - 3 * HOUR).isoformat())

    assert known(chart_of(browser, "by-day")) == [("2026-11-25", 3)]
    assert dict(chart_of(browser, "by-intent")) == {
        "Pricing": 2,
        "Demo request": 1,
        "Left to a person": 1,
    }
    assert chart_of(browser, "by-channel") == [("E-mail", 2), ("Chat", 1)]
    assert known(chart_of(browser, "by-hour")) == [("09", 1), ("12", 2)]
    assert known(chart_of(browser, "unsure")) == [("2026-11-25", 33.3)]


def test_the_page_shows_the_same_figures_in_tables(pages, browser):
    arrive(pages)

    found = Page(browser.get("/numbers").text)
    figures = {one["aria-labelledby"]: one for one in found.every("figure")}

    assert found.unclosed == []
    assert {one["data-source"] for one in figures.values()} == {"/numbers/data.json?days=30"}
    assert set(figures) <= {one["id"] for one in data_of(browser)["charts"]}
    assert len(found.every("table")) >= len(figures) >= 5
    assert len([cell for cell in found.every("td") if cell.get("data-value") == "1"]) >= 4


def test_nothing_has_come_in(browser):
    answer = browser.get("/numbers")

    assert "No numbers yet" in answer.text
    assert Page(answer.text).every("figure") == []


def test_what_others_named_is_text(pages, browser):
    keep_clocks(pages, a_clock(1, owner=HOSTILE), taken(2, HOUR / 2, owner="ben"))

    answer = browser.get("/numbers")
    page = Page(answer.text)

    assert page.unclosed == []
    assert page.every("img") == []
    assert "<script>window" not in answer.text
    assert HOSTILE in page.text
    assert "Ben <Costa>" in page.text


# how fast people were


def test_the_time_to_take_and_the_promises_are_those_of_inlet_sla(pages, browser):
    keep_clocks(
        pages,
        taken(1, HOUR / 4),
        taken(2, HOUR / 2),
        taken(3, 2 * HOUR),
        a_clock(4, owner="ben", started_at=START - 3 * HOUR, promised_at=START - 2 * HOUR),
        a_clock(5, owner="ben", status=RUNNING),
    )

    found = data_of(browser)["figures"]

    replies = found["replies"]
    assert (replies["promises"], replies["inside"], replies["open"]) == (5, 2, 2)
    assert (replies["inside_ratio"], replies["median_s"], replies["p90_s"]) == (0.5, 1800.0, 7200.0)
    assert found["broken"] == 2
    assert chart_of(browser, "time-to-take") == [("2026-W48", 0.5, 2.0)]
    assert chart_of(browser, "promises-kept") == [("2026-W48", 50.0)]


def test_alerts_are_what_the_clock_told_each_owner_in_a_week(pages, browser):
    keep_clocks(pages, a_clock(1), a_clock(2), a_clock(3, owner="ben"))
    with pages.api.database.write() as conn:
        clocks.write_handing(conn, a_clock(1, owner="ben"), at=START + HOUR, promised=0)
        clocks.settle(conn, "msg_2", status=clocks.ClockStatus.ACKNOWLEDGED, by="ana", at=START)

    assert chart_of(browser, "alerts") == [("Ana Lima", 2.0), ("Ben <Costa>", 2.0)]


def test_a_step_of_which_nobody_is_told_is_no_alert():
    assert set(ClockStep) - set(numbers.ALERTS) == {ClockStep.ACKNOWLEDGED, ClockStep.CLOSED}


# how right the model was


def test_corrections_tell_precision_and_coverage(pages, browser):
    agent = pages.browser("agent")
    for _ in range(4):
        posted(pages, agent, f"/messages/{arrive(pages)}/correct", kind="right_label")
    posted(pages, agent, f"/messages/{arrive(pages)}/correct", label="support")
    posted(pages, agent, f"/messages/{arrive(pages)}/correct", kind="not_a_lead")

    found = data_of(browser)

    assert found["figures"]["looked_at"] == 5
    assert chart_of(browser, "quality") == [("Pricing", 80.0, None), ("Support", None, None)]
    said = " ".join(" ".join(Page(browser.get("/numbers").text).text).split())
    assert "80% 95%: 38% to 96% · 4/5" in said
    assert "too few to tell (4)" in said


def told(said, *labels):
    return Told("msg_1", {"labels": list(said), "intents": {}}, labels)


def test_each_label_is_judged_by_itself():
    words = [told(["a", "b"], "a"), told(["a"], "a", "b"), told([], "b"), told(["c"])]

    assert judged(words) == (
        Judged("a", Share(2, 2), Share(2, 2)),
        Judged("b", Share(0, 1), Share(0, 2)),
        Judged("c", Share(0, 1), Share(0, 0)),
    )


@pytest.mark.parametrize(
    ("share", "interval"),
    [
        (Share(0, 0), (0.0, 1.0)),
        (Share(0, 10), (0.0, 0.2775)),
        (Share(10, 10), (0.7225, 1.0)),
        (Share(81, 263), (0.2553, 0.3662)),
    ],
)
def test_the_interval_of_a_share_is_that_of_wilson(share, interval):
    """The last case is the example of Newcombe 1998, table I, method 3."""
    assert tuple(round(end, 4) for end in share.interval) == interval


# how it is counted


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the other goes by size
@pytest.mark.parametrize("count", [numbers.by_hour, numbers.by_intent])
def test_an_index_holds_all_that_is_counted(pages, count):
    arrive(pages)
    asked = []
    with pages.api.database.read() as conn:
        raw = conn.connection.dbapi_connection
        raw.set_trace_callback(asked.append)
        count(conn, START - DAY)
        raw.set_trace_callback(None)
        plan = conn.execute(text("EXPLAIN QUERY PLAN " + asked[-1].replace(":", "\\:"))).all()

    searched = [row[3] for row in plan if row[3].startswith(("SEARCH", "SCAN"))]
    assert len(searched) == 1
    assert re.match(r"SEARCH \w+ USING COVERING INDEX \w+ \(.*received_at>\?\)", searched[0])


def test_what_the_script_gets_is_never_kept_by_a_browser(browser):
    answer = browser.get("/numbers/data.json")

    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.text)["days"] == 30


def test_the_longest_page_with_all_that_it_loads_is_light(pages, browser):
    arrive(pages)

    page = browser.get("/numbers?days=90")
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    sizes = [int(browser.get(path).headers["content-length"]) for path in loaded]

    assert len(gzip.compress(page.content)) + sum(sizes) < MAX_PAGE_BYTES


@pytest.mark.parametrize(("language", "said"), [("sv", "Meddelanden"), ("de", "Nachrichten")])
def test_the_numbers_are_told_in_the_language_of_whoever_looks(pages, browser, language, said):
    arrive(pages)
    headers = {"Accept-Language": language}

    page = browser.get("/numbers", headers=headers)
    data = browser.get("/numbers/data.json", headers=headers)

    assert said in page.text
    assert any(said in chart["caption"] for chart in data.json()["charts"])
