"""The deliveries over the real application: what is shown, to whom, and what may be done."""

import json
import re
from datetime import timedelta

import pytest
from support import START, a_delivery, an_attempt, an_endpoint
from support_gallery import Page
from support_inbox_pages import HOSTILE, arrive, posted, running_inbox, words_of
from support_outbox import DEAD, DELIVERED, PENDING, SUPPRESSED
from support_receiver import Receiver, status

from app.dashboard.deliveries import LIMIT
from app.domain import Health, new_id
from app.storage import endpoints, health, outbox

SALES, CRM = "ep_01KB0000000000000000000001", "ep_01KB0000000000000000000002"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOBODY, NOTHING = "ep_" + "0" * 26, "dlv_" + "0" * 26
REPLAYS = ("/deliveries/{dead}/replay", f"/deliveries/endpoints/{SALES}/replay")
OF_ADMINS = tuple(f"/deliveries/endpoints/{SALES}/{deed}" for deed in ("pause", "resume", "test"))
DEEDS = (*REPLAYS, *OF_ADMINS)
FORBIDDEN = [("viewer", deed) for deed in DEEDS] + [("agent", deed) for deed in OF_ADMINS]


@pytest.fixture
def pages(database, clock, tmp_path):
    with running_inbox(database, clock, tmp_path) as pages:
        with database.write() as conn:
            endpoints.add(conn, an_endpoint(id=SALES, name="leads", secrets=(SECRET,)))
            endpoints.add(conn, an_endpoint(id=CRM, name="crm", url="https://crm.example/x"))
        yield pages


@pytest.fixture
def browser(pages):
    return pages.browser("agent")


@pytest.fixture
def admin(pages):
    return pages.browser("admin")


def put(pages, *, status=DEAD, to=SALES, seconds=0, message_id=None, **changes):
    """Store a delivery of a message; gives its id."""
    at = START + timedelta(seconds=seconds)
    id, message_id = new_id("dlv", at), message_id or arrive(pages, "Hello")
    given = {"id": id, "message_id": message_id, "endpoint_id": to, "status": status, **changes}
    with pages.api.database.write() as conn:
        outbox.enqueue(conn, a_delivery(created_at=at, next_attempt_at=at, **given))
    return id


def answered(pages, delivery_id, number=1, **answer):
    """Keep an attempt; it changes nothing more of what is settled."""
    with pages.api.database.write() as conn:
        outbox.record(conn, an_attempt(number, delivery_id=delivery_id, **answer), status=DEAD)


def listed(answer):
    return re.findall(r'<li class="row delivery-row" id="d-(dlv_\w+)"', answer.text)


def standing(pages, delivery_id):
    with pages.api.database.read() as conn:
        found = outbox.find(conn, delivery_id)
    return found.status, found.attempts


def is_paused(pages, name="leads"):
    with pages.api.database.read() as conn:
        return endpoints.find(conn, name).paused


def actions_of(answer):
    return {form.get("action") for form in Page(answer.text).every("form")}


# who may look, and who may act


@pytest.mark.parametrize(
    "path", ["/deliveries", "/deliveries?status=dead", f"/deliveries/{NOTHING}"]
)
def test_whoever_is_not_signed_in_is_led_to_the_sign_in(pages, path):
    answer = pages.browser().get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2Fdeliveries")


def test_a_viewer_sees_deliveries_and_nothing_to_act_with(pages):
    dead, viewer = put(pages), pages.browser("viewer")

    answers = [viewer.get("/deliveries"), viewer.get(f"/deliveries/{dead}")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert actions_of(answers[0]) == {"/language", "/logout", "/deliveries", None}
    assert actions_of(answers[1]) == {"/language", "/logout", None}


def test_an_agent_may_send_again_and_an_admin_may_pause_and_try(pages, browser, admin):
    dead = put(pages)

    of_agent, of_admin = (
        actions_of(browser.get("/deliveries")),
        actions_of(admin.get("/deliveries")),
    )

    again = {f"/deliveries/{dead}/replay", f"/deliveries/endpoints/{SALES}/replay"}
    assert of_agent - {"/language", "/logout", "/deliveries", None} == again
    assert of_admin - of_agent == {
        f"/deliveries/endpoints/{id}/{deed}" for id in (SALES, CRM) for deed in ("pause", "test")
    }


@pytest.mark.parametrize(("role", "deed"), FORBIDDEN)
def test_nobody_does_what_their_role_does_not_allow(pages, role, deed):
    dead, someone = put(pages), pages.browser(role)

    answer = posted(pages, someone, deed.format(dead=dead))

    assert answer.status_code == 403
    assert (standing(pages, dead), is_paused(pages)) == ((DEAD, 0), False)


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({}, {}),
        ({"csrf": "x" * 22}, {}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Origin": "https://evil.example"}),
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(pages, admin, form, headers):
    dead = put(pages)
    form = {"csrf": pages.csrf_of(admin)} if form is None else form

    answers = [admin.post(deed.format(dead=dead), data=form, headers=headers) for deed in DEEDS]

    assert [answer.status_code for answer in answers] == [403] * len(DEEDS)
    assert (standing(pages, dead), is_paused(pages)) == ((DEAD, 0), False)


@pytest.mark.parametrize("deed", ["replay", "pause", "resume", "test"])
def test_an_endpoint_that_is_not_there_cannot_be_acted_on(pages, admin, deed):
    answers = [
        posted(pages, admin, f"/deliveries/endpoints/{id}/{deed}") for id in (NOBODY, "ep_1", "x")
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize("id", [NOTHING, "dlv_1", "x"])
def test_a_delivery_that_is_not_there_is_a_page_that_says_so(pages, browser, id):
    answers = [
        browser.get(f"/deliveries/{id}"),
        posted(pages, browser, f"/deliveries/{id}/replay"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "There is nothing here" in answers[0].text


# what the list shows


def test_a_line_tells_where_it_goes_what_it_tells_of_and_how_it_stands(pages, browser):
    message_id = arrive(pages, "Hello", subject="A question")
    dead = put(pages, message_id=message_id, attempts=10)
    answered(pages, dead, 9, status_code=None, error_code="timeout")
    answered(pages, dead, 10, status_code=503)

    answer = browser.get("/deliveries")

    said = words_of(answer)
    assert listed(answer) == [dead]
    for part in (
        "leads",
        "Lead detected",
        "Ada : A question",
        "Dead letter",
        "Attempts: 10",
        "503",
    ):
        assert part in said
    assert "timeout" not in said
    assert f'href="/messages/{message_id}"' in answer.text


def test_filters_narrow_the_list_and_count_it_by_state(pages, browser):
    message_id = arrive(pages, "Hello")
    dead, sent, waits, other = (
        put(pages, status=status, to=to, seconds=second, message_id=message_id)
        for second, (status, to) in enumerate(
            ((DEAD, SALES), (DELIVERED, SALES), (PENDING, CRM), (DEAD, CRM))
        )
    )

    found = {
        query: listed(browser.get(f"/deliveries?{query}"))
        for query in (
            "",
            "status=&endpoint=&before=",
            "status=dead",
            f"endpoint={SALES}",
            f"status=dead&endpoint={CRM}",
            f"status=delivered&endpoint={SALES}",
            f"status=suppressed&endpoint={NOBODY}",
            f"before={waits}",
        )
    }
    counts = {
        query: re.findall(r'class="count">(\d+)', browser.get(f"/deliveries?{query}").text)
        for query in ("", f"endpoint={SALES}")
    }

    assert list(found.values()) == [
        [other, waits, sent, dead],
        [other, waits, sent, dead],
        [other, dead],
        [sent, dead],
        [other],
        [sent],
        [],
        [sent, dead],
    ]
    assert counts == {"": ["1", "1", "2", "0"], f"endpoint={SALES}": ["0", "1", "1", "0"]}


@pytest.mark.parametrize(
    "query", ["status=lost", "endpoint=sales", "before=x", "before=ep_" + "0" * 26, "endpoint=%00"]
)
def test_a_filter_that_cannot_be_is_refused(browser, query):
    answer = browser.get(f"/deliveries?{query}")

    assert answer.status_code == 422
    assert "Something does not fit" in answer.text


def test_the_list_goes_on_over_pages_without_gaps(pages, browser):
    message_id = arrive(pages, "Hello")
    ids = [put(pages, seconds=second, message_id=message_id) for second in range(LIMIT + 2)]

    first = browser.get(f"/deliveries?status=dead&endpoint={SALES}")
    older = re.search(r'href="([^"]+)" rel="next"', first.text)[1].replace("&amp;", "&")
    second = browser.get(older)

    assert listed(first) + listed(second) == ids[::-1]
    assert 'rel="next"' not in second.text
    assert f'href="/deliveries?status=dead&amp;endpoint={SALES}" rel="first"' in second.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Nothing was delivered yet"),
        ("?status=dead", "No dead letters."),
        ("?status=pending", "Nothing fits these filters"),
    ],
)
def test_where_nothing_is_the_page_says_what(browser, query, said):
    assert said in browser.get(f"/deliveries{query}").text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, "Enabled"),
        (
            {"failures": 2, "failing_since": START},
            "failing since 2026-11-25 12:00 UTC , 2 failures in a row",
        ),
        (
            {"failures": 7, "failing_since": START, "open_until": START + timedelta(minutes=5)},
            "nothing is tried before 2026-11-25 12:05 UTC",
        ),
        (
            {"failures": 7, "failing_since": START, "open_until": START - timedelta(minutes=5)},
            "Tried with one",
        ),
    ],
)
def test_an_endpoint_shows_how_its_circuit_stands(pages, browser, state, said):
    with pages.api.database.write() as conn:
        health.keep(conn, SALES, Health(**state))

    assert said in words_of(browser.get("/deliveries"))


def test_an_endpoint_shows_where_it_is_and_never_its_address_or_secret(pages, admin):
    answer = admin.get("/deliveries")

    assert "hooks.example.com" in answer.text
    assert '/inlet"' not in answer.text.partition('id="endpoints"')[2].partition("</section>")[0]
    assert SECRET not in answer.text


# one delivery


def test_a_delivery_shows_its_request_and_each_attempt_with_its_answer(pages, browser):
    body = json.dumps({"text": "https://inlet.example/r/" + "A" * 36}).encode()
    dead = put(pages, body=body, attempts=2)
    answered(pages, dead, 1, status_code=None, error_code="connection_refused")
    answered(pages, dead, 2, status_code=500, body_excerpt="It broke")

    said = words_of(browser.get(f"/deliveries/{dead}"))

    for part in ("Delivery to leads", "Attempt 1", "connection_refused", "Attempt 2", "500"):
        assert part in said
    assert '{"text": "https://inlet.example/r/…"}' in said
    assert "It broke" in said


@pytest.mark.parametrize("path", ["/r/", r"\/r\/", "%2Fr%2F"])
def test_a_link_that_a_receiver_repeats_in_its_answer_is_not_shown_either(pages, browser, path):
    token = "A" * 36
    dead = put(pages, attempts=1)
    answered(pages, dead, 1, status_code=500, body_excerpt=f"received inlet.example{path}{token}")

    page = browser.get(f"/deliveries/{dead}")

    assert token not in page.text
    assert f"received inlet.example{path}…" in words_of(page)


def test_a_delivery_that_was_never_tried_says_so(pages, browser):
    waits = put(pages, status=PENDING)

    assert "Not tried yet." in browser.get(f"/deliveries/{waits}").text


@pytest.mark.parametrize("language", ["sv", "de"])
def test_the_pages_speak_the_language_of_whoever_looks(pages, browser, language):
    dead = put(pages)

    answers = [
        browser.get(path, headers={"Accept-Language": language})
        for path in ("/deliveries", f"/deliveries/{dead}")
    ]

    assert [Page(one.text).every("html") for one in answers] == [[{"lang": language}]] * 2


def test_what_others_wrote_is_text_whatever_it_holds(pages, admin):
    sender = {"name": HOSTILE, "email": "ada@example.com"}
    message_id = arrive(pages, "Hello", subject=HOSTILE, sender=sender)
    hostile = "ep_01KB0000000000000000000003"
    with pages.api.database.write() as conn:
        endpoints.add(conn, an_endpoint(id=hostile, name=HOSTILE, url="https://x.example"))
    dead = put(pages, to=hostile, message_id=message_id, body=HOSTILE.encode(), attempts=1)
    answered(pages, dead, status_code=500, body_excerpt=HOSTILE)

    answers = [admin.get(path) for path in ("/deliveries", f"/deliveries/{dead}")]

    for answer in answers:
        assert answer.status_code == 200
        assert Page(answer.text).unclosed == []
        assert Page(answer.text).every("img") == []
        assert "<script>window" not in answer.text
        assert HOSTILE in " ".join(Page(answer.text).text)


# sending again


def test_a_dead_letter_is_sent_again_under_its_id(pages, browser):
    dead = put(pages, attempts=10)

    answer = posted(pages, browser, f"/deliveries/{dead}/replay", back="/deliveries?status=dead")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/deliveries?status=dead&told=told.replayed"
    assert standing(pages, dead) == (PENDING, 0)
    assert pages.api.enqueued == 1


def test_htmx_gets_the_row_as_it_is_now(pages, browser):
    dead = put(pages)

    answer = posted(pages, browser, f"/deliveries/{dead}/replay", htmx=True)

    assert (answer.status_code, listed(answer)) == (200, [dead])
    assert json.loads(answer.headers["hx-trigger"])["toast"]["text"] == "It will be sent again now"
    assert "Pending" in words_of(answer)
    assert "Send again" not in answer.text


def test_what_is_on_its_way_is_not_sent_twice(pages, browser):
    dead = put(pages)
    posted(pages, browser, f"/deliveries/{dead}/replay")

    answer = posted(pages, browser, f"/deliveries/{dead}/replay")

    assert answer.status_code == 409
    assert "on its way already" in answer.text
    assert pages.api.enqueued == 1


def test_all_dead_letters_of_an_endpoint_are_sent_again_and_no_others(pages, browser):
    dead = [put(pages, seconds=second) for second in range(3)]
    others = [put(pages, to=CRM), put(pages, status=SUPPRESSED), put(pages, status=DELIVERED)]
    path = f"/deliveries/endpoints/{SALES}/replay"

    first, second = posted(pages, browser, path), posted(pages, browser, path)

    assert [answer.headers["location"].partition("told=")[2] for answer in (first, second)] == [
        "told.replayed_all",
        "told.nothing_changed",
    ]
    assert {standing(pages, id)[0] for id in dead} == {PENDING}
    assert [standing(pages, id)[0] for id in others] == [DEAD, SUPPRESSED, DELIVERED]
    assert pages.api.enqueued == 1


def test_where_there_are_too_many_the_rest_is_told_of(pages, browser, monkeypatch):
    monkeypatch.setattr("app.dashboard.sending.MOST", 1)
    for second in range(2):
        put(pages, seconds=second)

    answer = posted(pages, browser, f"/deliveries/endpoints/{SALES}/replay", back="/deliveries")

    assert answer.headers["location"] == "/deliveries?told=told.replayed_some"


def test_nothing_is_sent_again_to_an_endpoint_that_is_disabled(pages, browser):
    dead = put(pages)
    with pages.api.database.write() as conn:
        endpoints.set_enabled(conn, SALES, False)

    answers = [
        posted(pages, browser, path)
        for path in (f"/deliveries/{dead}/replay", f"/deliveries/endpoints/{SALES}/replay")
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "inlet endpoints enable" in answers[0].text
    assert standing(pages, dead) == (DEAD, 0)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", ""])
def test_a_form_leads_back_to_our_pages_alone(pages, browser, back):
    answer = posted(pages, browser, f"/deliveries/{put(pages)}/replay", back=back)

    start = "/inbox" if back else "/deliveries"
    assert answer.headers["location"] == f"{start}?told=told.replayed"


# pausing and trying


def test_an_endpoint_is_paused_and_goes_on(pages, admin):
    path, seen = f"/deliveries/endpoints/{SALES}", []
    for deed in ("pause", "pause", "resume", "resume"):
        answer = posted(pages, admin, f"{path}/{deed}")
        seen.append((answer.headers["location"].partition("told=")[2], is_paused(pages)))

    assert seen == [
        ("told.paused", True),
        ("told.nothing_changed", True),
        ("told.resumed", False),
        ("told.nothing_changed", False),
    ]
    assert pages.api.enqueued == 1  # what waited is looked for at once


def test_a_paused_endpoint_offers_to_go_on(pages, admin):
    posted(pages, admin, f"/deliveries/endpoints/{SALES}/pause")

    answer = admin.get("/deliveries")

    assert "Paused" in words_of(answer)
    assert f"/deliveries/endpoints/{SALES}/resume" in actions_of(answer)
    assert f"/deliveries/endpoints/{SALES}/pause" not in actions_of(answer)


def test_a_test_shows_the_signed_request_and_the_answer_and_stores_nothing(pages, admin):
    with Receiver(status(200, b"taken <b>")) as receiver:
        to = "ep_01KB0000000000000000000004"
        pages.api.add_endpoint(id=to, name="here", url=receiver.url, secrets=(SECRET,))
        answer = posted(pages, admin, f"/deliveries/endpoints/{to}/test", back="/deliveries")

    said = words_of(answer)
    assert answer.status_code == 200
    assert [request.method for request in receiver.requests] == ["POST"]
    for part in ("The endpoint took it.", "webhook-signature: v1,", "endpoint.test", "taken <b>"):
        assert part in said
    assert SECRET not in answer.text
    assert pages.api.stored()["deliveries"] == 0


def test_a_test_that_fails_says_so(pages, admin):
    to = "ep_01KB0000000000000000000004"
    pages.api.add_endpoint(id=to, name="here", url="https://10.0.0.1/x", secrets=(SECRET,))

    said = words_of(posted(pages, admin, f"/deliveries/endpoints/{to}/test"))

    assert "The endpoint did not take it." in said
    assert "blocked_address" in said
