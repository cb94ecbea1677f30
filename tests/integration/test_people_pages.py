"""The pages of contacts and accounts over the real application: who wrote what, and who waits."""

import gzip
import re
from dataclasses import replace
from email.message import EmailMessage
from urllib.parse import quote

import pytest
from support_gallery import Page
from support_inbox_pages import (
    HOSTILE,
    arrive,
    listed,
    posted,
    row_of,
    words_of,
)

from app.contexts import record_of
from app.storage.messages import By
from app.storage.people import PAGE

ADA, EXAMPLE = "/contacts/ada@example.com", "/accounts/example.com"
MAX_PAGE_BYTES = 60_000  # of a page with all that it loads, compressed
DAY_S = 86_400
SIGNED = "What is the price?\n\n-- \nAda Lovelace\nHead of Engines\nExample Ltd\n+44 20 7946 0000\n"


@pytest.fixture
def browser(pages):
    return pages.browser("agent")


def card_of(answer, id):
    """What a card of a page says, and where its links lead."""
    card = Page(answer.text.partition(f'id="{id}"')[2].partition("</section>")[0])
    return " ".join(" ".join(card.text).split()), [one["href"] for one in card.every("a")]


def mailed(pages, text=SIGNED):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada <ada@example.com>", "us@inlet.example", "Hi"
    mail.set_content(text)
    headers = {"Content-Type": "message/rfc822"}
    pages.api.client().post("/v1/inbound/email", content=mail.as_bytes(), headers=headers)
    pages.api.read_arrivals()


# who may look


@pytest.mark.parametrize("path", [ADA, EXAMPLE])
def test_nobody_looks_at_people_without_a_session(pages, path):
    arrive(pages)

    answer = pages.browser().get(path)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={quote(path, safe='')}"


@pytest.mark.parametrize("path", [ADA, EXAMPLE])
def test_a_viewer_sees_people_and_nothing_to_act_with(pages, path):
    arrive(pages)

    answer = pages.browser("viewer").get(path)

    actions = {form.get("action") for form in Page(answer.text).every("form")}
    assert answer.status_code == 200
    assert "What is the price?" in answer.text
    assert actions == {"/language", "/logout", None}


# what is shown


@pytest.mark.parametrize("path", [ADA, EXAMPLE])
def test_a_page_tells_score_number_and_since_when(pages, clock, path):
    arrive(pages)
    clock.advance(2 * DAY_S)
    arrive(pages, "A demo, please")
    clock.advance(3_600)

    said = words_of(pages.browser("viewer").get(path))

    by, name = (By.CONTACT, "ada@example.com") if path == ADA else (By.ACCOUNT, "example.com")
    with pages.api.database.read() as conn:
        score = record_of(conn, by, name, before=clock()).interest.score(clock())
    assert 50 < score < 100
    for part in (f"Score {score:.0f}", "Messages 2", "First wrote 2 d ago", "Last wrote 1 h ago"):
        assert part in said


def test_the_history_has_their_messages_alone_newest_first_with_links(pages, browser, clock):
    first = arrive(pages, "What is the price?")
    clock.advance(60)
    of_bo = arrive(pages, "Hello", sender={"email": "Bo@Mail.Example.com", "name": "Bo"})
    clock.advance(60)
    second = arrive(pages, "A demo, please", sender={"email": "ADA@example.com", "name": "Ada"})
    arrive(pages, "Hello", sender={"email": "ada@example.org"})

    contact, account = browser.get(ADA), browser.get(EXAMPLE)

    assert listed(contact) == [second, first]
    assert listed(account) == [second, of_bo, first]
    assert f'href="/messages/{first}"' in contact.text


def test_the_history_goes_on_over_pages_without_gaps(pages, browser, clock):
    ids = []
    for number in range(PAGE + 2):
        ids.append(arrive(pages, f"Number {number}"))
        clock.advance(number % 2)  # some at the same instant

    first = browser.get(ADA)
    older = re.search(r'href="([^"]+)" rel="next"', first.text)[1]
    second = browser.get(older)

    assert sorted(listed(first) + listed(second)) == sorted(ids)
    assert older.startswith(f"{ADA}?older=msg_")
    assert f'href="{ADA}" rel="first"' in second.text
    assert 'rel="next"' not in second.text


def test_a_page_that_begins_nowhere_is_not_there(pages, browser):
    arrive(pages)
    other = arrive(pages, "Hello", sender={"email": "eve@example.org"})

    answers = [browser.get(f"{ADA}?older={after}") for after in (other, "x", "msg_" + "0" * 26)]

    assert [answer.status_code for answer in answers] == [404] * 3


def test_intents_over_time_are_a_table_that_a_script_draws(pages, clock):
    arrive(pages, "What is the price of a demo?")
    clock.advance(2 * DAY_S)
    arrive(pages, "What is the price?")
    clock.advance(1)

    answer = pages.browser("viewer").get(ADA)

    said, _ = card_of(answer, "intents")
    scripts = [script["src"].split(".")[0] for script in Page(answer.text).every("script")]
    assert "The last 2 messages" in said
    assert "Day Pricing Demo request" in said
    for row in ("2026-11-25 1 1", "2026-11-26 0 0", "2026-11-27 1 0"):
        assert row in said
    assert {"/static/uplot", "/static/charts"} < set(scripts)


def test_where_nothing_counts_there_is_no_picture_to_load(pages, browser, clock):
    arrive(pages, "Hello")
    clock.advance(1)

    answer = browser.get(ADA)

    assert "Nothing they wrote asked for anything that counts." in answer.text
    assert "uplot" not in answer.text


def test_who_waits_for_a_reply_is_told_until_somebody_takes_it(pages, browser):
    message_id = arrive(pages, subject="A question")
    before = [card_of(browser.get(path), "promises") for path in (ADA, EXAMPLE)]
    owner = {"ana": "Ana Lima", "ben": "Ben <Costa>"}[row_of(pages, message_id).owner]
    posted(pages, browser, f"/messages/{message_id}/take")

    after = [card_of(browser.get(path), "promises")[0] for path in (ADA, EXAMPLE)]

    for said, links in before:
        assert links == [f"/messages/{message_id}"]
        for part in ("A question", "1 h left", owner):
            assert part in said
    assert ["Nobody waits for a reply." in said for said in after] == [True, True]


def test_who_they_are_is_what_the_newest_signature_tells(pages, browser, clock):
    arrive(pages, "Hello", sender={"email": "ada@example.com", "name": "A."})
    clock.advance(60)
    mailed(pages)

    said, links = card_of(browser.get(ADA), "who")

    for part in ("ada@example.com", "Head of Engines", "Example Ltd", "Country GB"):
        assert part in said
    assert links == [EXAMPLE]


def test_an_account_lists_its_people(pages, browser, clock):
    arrive(pages)
    clock.advance(60)
    arrive(pages, "Hello", sender={"email": "o/'neil@example.com"})
    clock.advance(60)
    arrive(pages, "Hello again")

    said, links = card_of(browser.get(EXAMPLE), "contacts")

    assert links == [ADA.replace("@", "%40"), "/contacts/o%2F%27neil%40example.com"]
    assert "2 messages" in said
    assert browser.get(links[1]).status_code == 200
    assert words_of(browser.get(links[1])).count("o/'neil@example.com") >= 2


def test_a_private_address_has_no_account(pages, browser):
    arrive(pages, sender={"email": "ada@gmail.com"})

    assert card_of(browser.get("/contacts/ada@gmail.com"), "who")[1] == []


def test_an_address_is_found_however_it_is_written(pages, browser):
    message_id = arrive(pages)

    assert listed(browser.get("/contacts/%20ADA@Example.com")) == [message_id]
    assert listed(browser.get("/accounts/EXAMPLE.com")) == [message_id]


# what is not shown


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/contacts/eve@example.org", "No message of this address is kept."),
        ("/accounts/example.org", "No message of this company is kept."),
    ],
)
def test_where_nothing_is_kept_the_page_says_so(pages, browser, path, said):
    arrive(pages)

    answer = browser.get(path)

    assert answer.status_code == 404
    assert said in answer.text
    assert "or it was deleted" in answer.text
    assert listed(answer) == []


@pytest.mark.parametrize("name", ["", "%00", "%20", "x" * 321, "a%0Ab", "%F0%9F", "%ED%A0%80"])
@pytest.mark.parametrize("group", ["contacts", "accounts"])
def test_what_can_be_nobodys_name_is_not_there(browser, group, name):
    assert browser.get(f"/{group}/{name}").status_code == 404


@pytest.mark.parametrize("path", [ADA, EXAMPLE])
def test_where_receivers_are_told_nothing_personal_the_page_says_so(pages, browser, path):
    arrive(pages)
    before = browser.get(path).text
    state = pages.api.app.state
    settings = state.services.settings.model_copy(update={"webhook_personal_data": False})
    state.services = replace(state.services, settings=settings)

    after = browser.get(path).text

    assert ["INLET_WEBHOOK_PERSONAL_DATA is off" in one for one in (before, after)] == [False, True]


def test_what_people_wrote_is_text_whatever_it_holds(pages, browser, clock):
    arrive(pages, f"{HOSTILE} price", subject=HOSTILE, sender={"email": "a@x.com", "name": HOSTILE})
    clock.advance(1)

    answers = [browser.get(path) for path in ("/contacts/a@x.com", "/accounts/x.com")]
    answers.append(browser.get(f"/contacts/{quote(HOSTILE, safe='')}"))

    for answer in answers:
        assert Page(answer.text).unclosed == []
        assert Page(answer.text).every("img") == []
        assert "<script>window" not in answer.text
        assert HOSTILE.lower() in " ".join(Page(answer.text).text).lower()


def test_an_owner_cannot_put_markup_into_a_page_either(pages, browser):
    arrive(pages)
    services = pages.api.app.state.services
    policy = services.intake.policy()
    owners = {id: replace(one, name=HOSTILE) for id, one in policy.owners.items()}
    intake = replace(services.intake, policy=lambda: replace(policy, owners=owners))
    pages.api.app.state.services = replace(services, intake=intake)

    answer = browser.get(ADA)

    assert Page(answer.text).every("img") == []
    assert HOSTILE in " ".join(Page(answer.text).text)


@pytest.mark.parametrize(("language", "said"), [("sv", "Öppna löften"), ("de", "Offene Zusagen")])
@pytest.mark.parametrize("path", [ADA, EXAMPLE])
def test_the_pages_speak_the_language_of_whoever_looks(pages, browser, path, language, said):
    arrive(pages)

    answer = browser.get(path, headers={"Accept-Language": language})

    assert Page(answer.text).every("html") == [{"lang": language}]
    assert said in answer.text


def test_a_page_with_all_that_it_loads_is_light(pages, clock):
    for number in range(PAGE):
        arrive(pages, f"Number {number}: what is the price of {number * 7919} seats?")
        clock.advance(DAY_S)
    browser = pages.browser("agent")

    page = browser.get(ADA)
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    sizes = [int(browser.get(path).headers["content-length"]) for path in loaded]

    assert "/static/uplot" in page.text
    assert len(gzip.compress(page.content)) + sum(sizes) < MAX_PAGE_BYTES


def test_a_message_leads_to_its_sender_and_their_company(pages, browser):
    message_id = arrive(pages)

    _, links = card_of(browser.get(f"/messages/{message_id}"), "from")

    assert [browser.get(link).status_code for link in links[:2]] == [200, 200]
    assert links[:2] == [ADA.replace("@", "%40"), EXAMPLE]
