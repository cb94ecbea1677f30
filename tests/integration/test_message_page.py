"""The page of a message over the real application: everything that is kept of it, as text."""

from dataclasses import replace

import pytest
from support import START, an_attempt
from support_gallery import Page
from support_inbox_pages import (
    HOSTILE,
    arrive,
    clock_of,
    hear,
    mailed,
    posted,
    words_of,
)

from app.domain import DeliveryStatus
from app.errors import Overloaded
from app.storage import outbox

FILE = '"><img src=x onerror=window.hit=1>.pdf'
TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"


@pytest.fixture
def browser(pages):
    return pages.browser("agent")


def deliver(pages, message_id, **answer):
    """Let the message's delivery be tried once."""
    with pages.api.database.write() as conn:
        delivery = outbox.of_message(conn, message_id)[0]
        attempt = an_attempt(1, delivery_id=delivery.id, **answer)
        outbox.record(conn, attempt, status=DeliveryStatus.DELIVERED)
    return delivery


@pytest.mark.parametrize("id", ["msg_" + "0" * 26, "msg_1", "x"])
def test_a_message_that_is_not_there_is_a_page_that_says_so(browser, id):
    answer = browser.get(f"/messages/{id}")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


@pytest.mark.parametrize("path", ["", "/evidence"])
def test_nobody_reads_a_message_without_a_session(pages, path):
    message_id = arrive(pages)

    answer = pages.browser().get(f"/messages/{message_id}{path}")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")


def test_a_viewer_reads_a_message_and_has_nothing_to_act_with(pages):
    message_id = arrive(pages)

    answer = pages.browser("viewer").get(f"/messages/{message_id}")

    actions = {form.get("action") for form in Page(answer.text).every("form")}
    assert answer.status_code == 200
    assert actions == {"/language", "/logout", None}


def test_the_page_tells_every_head_the_reasons_and_the_clock(pages, browser):
    message_id = arrive(pages, "What is the price? We need it today.", subject="Hello")

    said = words_of(browser.get(f"/messages/{message_id}"))

    for part in ("Pricing 93% counts", "Demo request 4%", "Support", "Churn risk", "Other"):
        assert part in said
    for part in ("Urgency High", "81%", "Sales", "Clock started", "Promised by", "by-word"):
        assert part in said
    assert "pricing 0.93" in said


def test_the_newest_text_stands_beside_what_it_quotes_and_the_signature(pages, browser):
    text = (
        "What is the price?\n\n-- \nAda Lovelace\nAnalyst\n\nOn Monday Bo wrote:\n> We have seats"
    )
    message_id = arrive(pages, text)

    page = browser.get(f"/messages/{message_id}").text

    parts = page.partition('id="message-text"')[2].partition("</section>")[0]
    newest, _, rest = parts.partition("Signature")
    assert "What is the price?" in newest
    assert "Analyst" not in newest
    assert "Analyst" in rest
    assert "We have seats" in rest


def test_a_mail_shows_its_parts_and_its_files(pages, browser):
    message_id = mailed(pages, file_name=FILE)

    answer = browser.get(f"/messages/{message_id}")

    said = words_of(answer)
    assert "Quoted before" in said
    assert FILE in said
    assert Page(answer.text).every("img") == []


def test_a_stored_sentence_is_marked_at_once(pages, browser):
    hear(pages)
    message_id = arrive(pages, "Hi! What is the price? Bye.")

    page = browser.get(f"/messages/{message_id}").text

    assert '<mark title="Evidence for Pricing">What is the price?</mark>' in page
    assert "hx-get" not in page


def test_a_sentence_that_was_not_kept_is_looked_for_beside_the_page(pages, browser):
    message_id = arrive(pages, "Hi! What is the price? Bye.")
    path = f"/messages/{message_id}"

    page, part = browser.get(path), browser.get(f"{path}/evidence")

    assert "<mark" not in page.text
    assert f'hx-get="{path}/evidence"' in page.text
    assert '<mark title="Evidence for Pricing">What is the price?</mark>' in part.text


def test_a_model_without_time_leaves_the_text_as_it_is(pages, browser):
    def explain(asked):
        raise Overloaded("no time")

    state = pages.api.app.state
    state.services = replace(state.services, explain=explain)
    message_id = arrive(pages)

    answer = browser.get(f"/messages/{message_id}/evidence")

    assert answer.status_code == 200
    assert "What is the price?" in answer.text
    assert "<mark" not in answer.text


def test_a_delivery_shows_what_was_sent_and_each_answer(pages, browser):
    hear(pages)
    message_id = arrive(pages)
    delivery = deliver(pages, message_id, status_code=503, body_excerpt=HOSTILE)

    answer = browser.get(f"/messages/{message_id}")

    said = words_of(answer)
    assert delivery.id in said
    assert "Attempt 1" in said
    assert "503" in said
    assert HOSTILE in " ".join(Page(answer.text).text)
    assert '"type":"lead.detected"' in said.replace(" ", "")
    assert Page(answer.text).every("img") == []


def test_the_links_of_an_alert_are_not_shown(pages, browser):
    hear(pages)
    message_id = arrive(pages, f"The price? See https://inlet.example/r/{TOKEN} please")

    page = browser.get(f"/messages/{message_id}").text
    bodies = page.partition('id="deliveries"')[2].partition("</section>")[0]

    assert "https://inlet.example/r/…" in bodies
    assert TOKEN not in bodies


def test_earlier_messages_of_the_contact_are_told_newest_first(pages, browser, clock):
    first = arrive(pages, "First price", subject="One")
    clock.advance(60)
    second = arrive(pages, "Second", subject="Two")
    clock.advance(60)
    arrive(pages, "Not theirs", sender={"email": "bo@example.org"})
    clock.advance(60)
    last = arrive(pages, "Third", subject="Three")

    page = browser.get(f"/messages/{last}").text

    card = page.partition('id="earlier"')[2].partition("</section>")[0]
    links = [link["href"] for link in Page(card).every("a")]
    assert links == [f"/messages/{second}", f"/messages/{first}"]


def test_whoever_wrote_without_an_address_has_no_earlier_messages(pages, browser):
    arrive(pages, "One", sender={})
    message_id = arrive(pages, "Two", sender={})

    said = words_of(browser.get(f"/messages/{message_id}"))

    assert "Message from Unknown sender" in said
    assert "This is the first one." in said


def test_what_was_done_is_told(pages, browser, clock):
    message_id = arrive(pages)
    path = f"/messages/{message_id}"
    posted(pages, browser, f"{path}/pass", owner="ben", back=path)
    clock.advance(120)
    taken = posted(pages, browser, f"{path}/take", back=path)
    posted(pages, browser, f"{path}/correct", label=["support", "pricing"], back=path)

    page = browser.get(taken.headers["location"])
    said = words_of(page)

    assert taken.headers["location"] == f"{path}?told=told.taken"
    for part in ("Yours now", "Ana Lima took it under a minute ago", "Reassigned · Ben <Costa>"):
        assert part in said
    assert "Ana Lima said: Wrong label" in said
    ticked = [one["value"] for one in Page(page.text).every("input") if "checked" in one]
    assert sorted(ticked) == ["pricing", "support"]
    assert clock_of(pages, message_id).owner == "ben"


def test_everything_that_a_sender_writes_is_text(pages, browser):
    sender = {"name": HOSTILE, "email": "ada@example.com"}
    given = {"subject": HOSTILE, "sender": sender, "thread_id": HOSTILE[:80]}
    arrive(pages, f"{HOSTILE} earlier", **given)
    message_id = arrive(pages, f"{HOSTILE} price", **given, channel="chat")

    answers = [browser.get(f"/messages/{message_id}{path}") for path in ("", "/evidence")]

    for answer in answers:
        assert answer.status_code == 200
        assert Page(answer.text).unclosed == []
        assert Page(answer.text).every("img") == []
        assert "<script>window" not in answer.text
        assert "49" not in Page(answer.text).text


def test_an_owner_cannot_put_markup_into_a_page_either(pages, browser):
    message_id = arrive(pages)
    browser = pages.browser("agent", name=HOSTILE)
    posted(pages, browser, f"/messages/{message_id}/take")
    posted(pages, browser, f"/messages/{message_id}/correct", kind="right_label")

    answer = browser.get(f"/messages/{message_id}")

    assert Page(answer.text).every("img") == []
    assert f"{HOSTILE} took it" in words_of(answer)


def test_a_message_whose_text_is_not_kept_says_so(pages, browser):
    message_id = mailed(pages, text="")

    assert "No text of this message is kept here." in browser.get(f"/messages/{message_id}").text


@pytest.mark.parametrize("language", ["sv", "de"])
def test_the_page_is_in_the_language_of_whoever_looks(pages, browser, language):
    message_id = arrive(pages)

    answer = browser.get(f"/messages/{message_id}", headers={"Accept-Language": language})

    assert Page(answer.text).every("html") == [{"lang": language}]


def test_times_are_told_with_their_zone(pages, browser):
    message_id = arrive(pages)

    page = browser.get(f"/messages/{message_id}").text

    assert START.strftime("%Y-%m-%d %H:%M UTC") in page
