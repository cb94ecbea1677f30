"""The inbox over the real application: what it shows, to whom, and what may be done there."""

import gzip
import json
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from support_clocks import HOUR
from support_gallery import Page
from support_inbox_pages import (
    HOSTILE,
    arrive,
    clock_of,
    hear,
    listed,
    posted,
    row_of,
    standing,
    words_of,
)
from support_replies import feedback_of

from app.storage import account, inbox
from app.storage.inbox import LIMIT

DEEDS = ("take", "pass", "correct", "done", "reopen")
MAX_PAGE_BYTES = 60_000  # of a page with all that it loads, compressed


@pytest.fixture
def browser(pages):
    return pages.browser("agent")


def toast_of(answer):
    return json.loads(answer.headers["hx-trigger"])["toast"]


# who may look, and who may act


@pytest.mark.parametrize("path", ["/inbox", "/inbox?state=open&q=price"])
def test_whoever_is_not_signed_in_is_led_to_the_sign_in_and_back(pages, path):
    answer = pages.browser().get(path)

    back = "" if path == "/inbox" else f"?next={quote(path, safe='')}"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login{back}")


def test_a_stream_without_a_session_is_refused(pages):
    answer = pages.browser().get("/inbox/stream", headers={"Accept": "text/event-stream"})

    assert answer.status_code == 401


def test_a_viewer_sees_the_inbox_and_nothing_to_act_with(pages):
    arrive(pages)

    answer = pages.browser("viewer").get("/inbox")

    assert answer.status_code == 200
    assert "What is the price?" in answer.text
    actions = {form.get("action") for form in Page(answer.text).every("form")}
    assert actions == {"/language", "/logout", "/inbox", None}


def test_a_viewer_changes_nothing(pages):
    message_id, viewer = arrive(pages), pages.browser("viewer")
    before = row_of(pages, message_id)

    answers = [
        posted(pages, viewer, f"/messages/{message_id}/{deed}", owner="ben", label="support")
        for deed in DEEDS
    ]

    assert [answer.status_code for answer in answers] == [403] * len(DEEDS)
    assert (row_of(pages, message_id), feedback_of(pages.api.database)) == (before, [])


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({}, {}),
        ({"csrf": "x" * 22}, {}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Origin": "https://evil.example"}),
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(pages, browser, form, headers):
    message_id = arrive(pages)
    before = row_of(pages, message_id)
    form = {"csrf": pages.csrf_of(browser)} if form is None else form
    sent = {"owner": "ben", "label": "support", **form}

    answers = [
        browser.post(f"/messages/{message_id}/{deed}", data=sent, headers=headers) for deed in DEEDS
    ]

    assert [answer.status_code for answer in answers] == [403] * len(DEEDS)
    assert (row_of(pages, message_id), feedback_of(pages.api.database)) == (before, [])


@pytest.mark.parametrize("deed", DEEDS)
def test_a_message_that_is_not_there_cannot_be_acted_on(pages, browser, deed):
    form = {"owner": "ben", "label": "support"}

    answers = [
        posted(pages, browser, f"/messages/{id}/{deed}", **form)
        for id in ("msg_" + "0" * 26, "msg_1", "..%2f")
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


# what it shows


def test_a_row_tells_who_what_why_whose_and_by_when(pages, browser):
    hear(pages)
    message_id = arrive(pages, "Hi! What is the price? Tell me today.", subject="A question")

    answer = browser.get("/inbox")

    said = words_of(answer)
    assert listed(answer) == [message_id]
    for part in ("Ada", "A question", "Pricing", "93%", "High", "Waiting", "Sales", "1 h left"):
        assert part in said
    assert '<mark title="This sentence carries it">What is the price?</mark>' in answer.text
    assert row_of(pages, message_id).owner in ("ana", "ben")


def test_what_is_said_of_a_message_is_text_whatever_it_holds(pages, browser):
    sender = {"name": HOSTILE, "email": "ada@example.com"}
    arrive(pages, f"{HOSTILE} price {HOSTILE}", subject=HOSTILE, sender=sender)

    answer = browser.get("/inbox", params={"q": "price", "route": HOSTILE[:50]})
    plain = browser.get("/inbox")

    for one in (answer, plain):
        assert Page(one.text).unclosed == []
        assert Page(one.text).every("img") == []
        assert "<script>window" not in one.text
    assert HOSTILE in Page(plain.text).text


def test_nothing_has_come_and_nothing_fits_are_told_apart(pages, browser):
    empty = browser.get("/inbox")
    arrive(pages)
    none = browser.get("/inbox", params={"state": "done"})

    assert "Nothing has come in yet" in empty.text
    assert "Nothing fits these filters" in none.text


def test_filters_narrow_the_list_and_count_it_by_state(pages, browser):
    price = arrive(pages)
    chat = arrive(pages, "The demo is broken", channel="chat")
    other = arrive(pages, "Hello")
    posted(pages, browser, f"/messages/{price}/take")
    found = {
        query: listed(browser.get(f"/inbox?{query}"))
        for query in (
            "",
            "route=&intent=&channel=&owner=&state=",
            "intent=pricing",
            "intent=support",
            "intent=-",
            "channel=chat",
            "state=taken",
            "owner=nobody",
            "route=sales&state=open&channel=email",
        )
    }
    counts = re.findall(r'class="count">(\d+)', browser.get("/inbox").text)

    assert list(found.values()) == [
        [other, chat, price],
        [other, chat, price],
        [price],
        [chat],
        [other],
        [chat],
        [price],
        [],
        [other],
    ]
    assert counts == ["2", "0", "1", "0"]


@pytest.mark.parametrize(
    "query",
    [
        "state=gone",
        "channel=fax",
        "older=x",
        "older=99999999999999999~1",
        "older=1~1~1",
        "q=a&older=1~1",
        f"owner={'x' * 201}",
        "q=a%00b",
    ],
)
def test_a_filter_that_cannot_be_is_refused(browser, query):
    answer = browser.get(f"/inbox?{query}")

    assert answer.status_code == 422
    assert "Something does not fit" in answer.text


def test_the_list_goes_on_over_pages_without_gaps(pages, browser):
    ids = [arrive(pages, f"Number {n}") for n in range(LIMIT + 2)]

    first = browser.get("/inbox?channel=email")
    older = re.search(r'href="([^"]+)" rel="next"', first.text)[1].replace("&amp;", "&")
    second = browser.get(older)

    assert listed(first) + listed(second) == ids[::-1]
    assert 'rel="next"' not in second.text
    assert 'href="/inbox?channel=email" rel="first"' in second.text


def test_a_search_finds_words_and_goes_on_over_pages(pages, browser):
    ids = [arrive(pages, f"Invoice {n}") for n in range(LIMIT + 1)]
    arrive(pages, "Something else")

    first = browser.get("/inbox", params={"q": "invoice"})
    older = re.search(r'href="([^"]+)" rel="next"', first.text)[1].replace("&amp;", "&")

    assert listed(first) + listed(browser.get(older)) == ids[::-1]
    assert listed(browser.get("/inbox", params={"q": "nowhere"})) == []


def test_a_page_with_all_that_it_loads_is_light(pages, browser):
    for n in range(LIMIT):
        arrive(pages, f"Number {n}: what is the price of {n * 7919} seats? We need it {n} days on.")

    page = browser.get("/inbox")
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    sizes = [int(browser.get(path).headers["content-length"]) for path in loaded]

    assert len(gzip.compress(page.content)) + sum(sizes) < MAX_PAGE_BYTES


@pytest.mark.parametrize(("language", "said"), [("sv", "Väntar"), ("de", "Wartet")])
def test_the_inbox_speaks_the_language_of_whoever_looks(pages, browser, language, said):
    arrive(pages)

    answer = browser.get("/inbox", headers={"Accept-Language": language})

    assert answer.status_code == 200
    assert said in answer.text


# what may be done


def test_taking_a_message_stops_its_clock(pages, browser):
    message_id = arrive(pages)

    answer = posted(pages, browser, f"/messages/{message_id}/take", back="/inbox?state=waiting")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/inbox?state=waiting&told=told.taken"
    clock = clock_of(pages, message_id)
    assert (clock.status.value, clock.settled_by, clock.next_at) == ("acknowledged", "ana", None)


def test_htmx_gets_the_row_as_it_is_now(pages, browser):
    message_id = arrive(pages)

    answer = posted(pages, browser, f"/messages/{message_id}/take", htmx=True)

    assert (answer.status_code, listed(answer)) == (200, [message_id])
    assert toast_of(answer) == {"text": "Yours now", "kind": "good"}
    assert "Taken" in words_of(answer)
    assert "Take it" not in answer.text


def test_of_two_who_take_one_is_the_first_and_the_other_is_told(pages, browser):
    message_id = arrive(pages)
    posted(pages, browser, f"/messages/{message_id}/take")

    again = posted(pages, browser, f"/messages/{message_id}/take", htmx=True)
    late = posted(
        pages, pages.browser("agent", name="ben"), f"/messages/{message_id}/take", htmx=True
    )

    assert toast_of(again)["text"] == "Nothing to change"
    assert toast_of(late) == {"text": "Somebody was quicker: it is taken", "kind": "bad"}
    assert standing(pages, message_id)[2] == "ana"


@pytest.mark.parametrize(
    ("name", "owner"),
    [("Ana", "ana"), ("ANA LIMA", "ana"), ("ana@inlet.example", "ana"), ("Kim", "Kim")],
)
def test_whoever_signs_in_as_an_owner_of_the_policy_acts_as_that_owner(pages, name, owner):
    message_id = arrive(pages)

    posted(pages, pages.browser("agent", name=name), f"/messages/{message_id}/take")

    assert clock_of(pages, message_id).settled_by == owner


def test_a_message_without_a_promise_can_be_taken_finished_and_opened_again(pages, browser):
    message_id = arrive(pages, "Hello")
    seen = [standing(pages, message_id)]
    for deed in ("take", "done", "reopen"):
        posted(pages, browser, f"/messages/{message_id}/{deed}")
        seen.append(standing(pages, message_id))

    assert seen == [
        ("open", None, None),
        ("open", "ana", None),
        ("done", "ana", "ana"),
        ("open", "ana", None),
    ]


def test_being_done_with_a_message_that_waits_takes_it(pages, browser):
    message_id = arrive(pages)
    seen = []
    for deed in ("done", "reopen", "done"):
        posted(pages, browser, f"/messages/{message_id}/{deed}")
        seen.append((row_of(pages, message_id).state.value, clock_of(pages, message_id).status))

    assert seen == [(state, "acknowledged") for state in ("done", "taken", "done")]


def test_passing_a_message_on_keeps_the_promise_and_tells_the_receivers(pages, browser):
    hear(pages)
    message_id = arrive(pages)
    before = clock_of(pages, message_id)
    others = ["eve", "ben", "ana"]

    for owner in others:
        posted(pages, browser, f"/messages/{message_id}/pass", owner=owner)

    after = clock_of(pages, message_id)
    with pages.api.database.read() as conn:
        kept = account.read(conn)
    assert after.owner == "ana"
    assert (after.due_at, after.next_at, after.level) == (before.due_at, before.next_at, 0)
    assert (kept.accepted, kept.unaccounted) == (4, 0)


def test_the_clock_goes_on_after_a_message_was_passed_on(pages, browser, clock):
    message_id = arrive(pages)
    posted(pages, browser, f"/messages/{message_id}/pass", owner="eve")
    clock.advance(HOUR.total_seconds() + 1)

    answer = browser.get("/inbox")

    assert "over" in words_of(answer)
    assert standing(pages, message_id) == ("waiting", "eve", None)


def test_a_message_is_passed_on_to_owners_alone_and_while_nobody_took_it(pages, browser):
    message_id = arrive(pages)
    unknown = posted(pages, browser, f"/messages/{message_id}/pass", owner="mallory", htmx=True)
    posted(pages, browser, f"/messages/{message_id}/take")
    taken = posted(pages, browser, f"/messages/{message_id}/pass", owner="eve", htmx=True)

    assert (unknown.status_code, toast_of(unknown)["kind"]) == (422, "bad")
    assert toast_of(taken) == {"text": "Nothing to change", "kind": "bad"}


def test_one_click_corrects_a_label(pages, browser):
    message_id = arrive(pages)

    answer = posted(pages, browser, f"/messages/{message_id}/correct", label="support", htmx=True)

    assert toast_of(answer)["text"] == "Noted, thank you: the model learns from it"
    assert "A person: Support" in words_of(answer)
    assert feedback_of(pages.api.database) == [("wrong_label", ("support",), "ana")]


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({"label": "pricing"}, ("right_label", ("pricing",), "ana")),
        ({"kind": "right_label"}, ("right_label", ("pricing",), "ana")),
        ({"kind": "not_a_lead"}, ("not_a_lead", None, "ana")),
        ({"label": "-"}, ("wrong_label", ("other",), "ana")),
        ({"label": ["support", "pricing"]}, ("wrong_label", ("pricing", "support"), "ana")),
    ],
)
def test_a_correction_is_kept_as_it_was_meant(pages, browser, form, kept):
    message_id = arrive(pages)

    posted(pages, browser, f"/messages/{message_id}/correct", **form)

    assert feedback_of(pages.api.database) == [kept]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"label": HOSTILE},
        {"label": ["-", "pricing"]},
        {"label": ["other", "pricing"]},
        {"kind": "nonsense"},
    ],
)
def test_labels_that_cannot_hold_are_refused(pages, browser, form):
    message_id = arrive(pages)

    answer = posted(pages, browser, f"/messages/{message_id}/correct", **form)

    assert answer.status_code == 422
    assert "<img" not in answer.text
    assert feedback_of(pages.api.database) == []


def test_what_is_no_lead_calls_nobody_any_more(pages, browser):
    message_id = arrive(pages)

    posted(pages, browser, f"/messages/{message_id}/correct", kind="not_a_lead")

    assert standing(pages, message_id)[0] == "done"


def test_whoever_watches_is_told_of_a_correction(pages, browser):
    message_id = arrive(pages, "Hello")
    before = row_of(pages, message_id).revision

    posted(pages, browser, f"/messages/{message_id}/correct", label="support")

    assert row_of(pages, message_id).revision > before


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "/login", ""])
def test_a_form_leads_back_to_our_pages_alone(pages, browser, back):
    message_id = arrive(pages)

    answer = posted(pages, browser, f"/messages/{message_id}/take", back=back)

    assert answer.headers["location"] == "/inbox?told=told.taken"


def test_a_list_of_some_state_has_each_message_once(pages, browser):
    ids = [arrive(pages, text) for text in ("What is the price?", "Hello")]
    posted(pages, browser, f"/messages/{ids[0]}/done")
    with pages.api.database.read() as conn:
        every = inbox.page(conn, inbox.Filters())

    assert [row.message_id for row in every] == ids[::-1]
    assert listed(browser.get("/inbox?state=done&intent=pricing")) == ids[:1]
    assert every[1].due_at - every[1].received_at == timedelta(hours=1)
