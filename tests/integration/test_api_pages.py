import re
from datetime import timedelta
from html import escape
from html.parser import HTMLParser

import pytest
from sqlalchemy import select
from support import START, race
from support_api import running_api
from support_clocks import HOUR
from support_replies import feedback_of, links, minutes, store, the_clock_of, with_people

from app.api.page_html import HEADERS
from app.domain import ClockStatus, new_id
from app.errors import StorageDown
from app.replies.links import LIFE
from app.storage import tables
from app.storage.clocks import LAPSED

RUNNING, ACKNOWLEDGED, CLOSED = ClockStatus.RUNNING, ClockStatus.ACKNOWLEDGED, ClockStatus.CLOSED
TABLES = (tables.messages, tables.reply_clocks, tables.clock_events, tables.feedback)
HOSTILE = '<script>alert("1")</script>\'"><img src=x onerror=alert(1)>&amp;'
ACTIONS = ("mine", "wrong_label", "not_a_lead")


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield with_people(api)


@pytest.fixture
def client(api):
    return api.client()


@pytest.fixture
def message_id(database):
    return store(database)


@pytest.fixture
def paths(database, message_id):
    return links(database, message_id)


class Page(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.text = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def all_of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def title_of(answer):
    return re.search("<h1>(.*?)</h1>", answer.text)[1]


def sentence_of(answer):
    return re.search('<p role="status">(.*?)</p>', answer.text)[1]


def facts_of(answer):
    return re.findall("<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", answer.text)


def rows_of(database):
    with database.read() as conn:
        return [conn.execute(select(table)).all() for table in TABLES]


def settled(database, message_id):
    clock = the_clock_of(database, message_id)
    return clock.status, clock.settled_by


def tick(client, path, *labels):
    return client.post(path, data={"label": list(labels)})


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_a_link_changes_nothing(database, client, paths, action, method):
    before = rows_of(database)

    answers = [client.request(method, paths[action]) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert rows_of(database) == before


def test_one_click_takes_a_message(database, client, paths, message_id):
    answer = client.post(paths["mine"])

    assert (answer.status_code, title_of(answer)) == (200, "Yours now")
    assert sentence_of(answer) == "Ana Lima took it less than a minute ago."
    assert settled(database, message_id) == (ACKNOWLEDGED, "ana")


def test_a_second_click_says_the_same(database, client, clock, paths, message_id):
    client.post(paths["mine"])
    before = rows_of(database)
    clock.advance(125)

    again = client.post(paths["mine"])

    assert (title_of(again), sentence_of(again)) == ("Yours now", "Ana Lima took it 2 minutes ago.")
    assert rows_of(database) == before


def test_who_comes_second_reads_who_has_it(database, client, clock, message_id, paths):
    client.post(links(database, message_id, owner="ben")["mine"])
    clock.advance(12 * 60)

    looked, clicked = client.get(paths["mine"]), client.post(paths["mine"])

    for answer in (looked, clicked):
        assert title_of(answer) == "Somebody has it already"
        assert sentence_of(answer) == "Ben &lt;Costa&gt; took it 12 minutes ago."
        assert "<form" not in answer.text
    assert settled(database, message_id) == (ACKNOWLEDGED, "ben")


def test_a_link_for_nobody_in_particular_works_too(database, client, message_id):
    answer = client.post(links(database, message_id, owner=None)["mine"])

    assert (title_of(answer), settled(database, message_id)) == ("Taken", (ACKNOWLEDGED, "link"))
    assert sentence_of(answer) == "Somebody took it less than a minute ago."


def test_of_sixteen_clicks_at_once_one_is_first(database, api, message_id):
    paths = [links(database, message_id, owner=f"owner {n}")["mine"] for n in range(16)]
    with api.client() as client:
        titles = [title_of(one) for one in race(16, lambda n: client.post(paths[n]))]

    assert sorted(titles) == ["Somebody has it already"] * 15 + ["Yours now"]


def test_a_link_does_its_own_action_on_its_own_message_alone(database, client, paths, message_id):
    other = store(database)

    client.post(paths["wrong_label"], data={"label": "pricing", "action": "mine"})
    client.post(paths["not_a_lead"] + "?action=mine", data={"message_id": other})

    assert settled(database, message_id) == (CLOSED, "ana")
    assert settled(database, other) == (RUNNING, None)


def test_a_wrong_label_is_asked_for_the_right_ones(client, paths):
    page = Page(client.get(paths["wrong_label"]).text)

    boxes = page.all_of("input")
    assert [box["value"] for box in boxes] == [
        "demo_request",
        "pricing",
        "support",
        "churn_risk",
        "none",
    ]
    assert {(box["type"], box["name"]) for box in boxes} == {("checkbox", "label")}
    assert len(page.all_of("label")) == 5
    assert "None of these" in page.text
    assert "data-at-once" not in page.all_of("form")[0]


@pytest.mark.parametrize(
    ("ticked", "labels", "status"),
    [
        (["support"], ("support",), CLOSED),
        (["support", "demo_request", "support"], ("demo_request", "support"), RUNNING),
        (["none"], ("other",), CLOSED),
    ],
)
def test_right_labels_are_noted_once(database, client, message_id, paths, ticked, labels, status):
    answers = [tick(client, paths["wrong_label"], *ticked) for _ in range(2)]

    assert {title_of(answer) for answer in answers} == {"Noted, thank you"}
    assert feedback_of(database) == [("wrong_label", labels, "ana")]
    assert the_clock_of(database, message_id).status is status


def test_what_was_ticked_is_ticked_when_one_comes_back(client, paths):
    tick(client, paths["wrong_label"], "support", "pricing")

    boxes = Page(client.get(paths["wrong_label"]).text).all_of("input")

    assert [box["value"] for box in boxes if "checked" in box] == ["pricing", "support"]


def test_none_of_these_is_ticked_when_one_comes_back(client, paths):
    tick(client, paths["wrong_label"], "none")

    boxes = Page(client.get(paths["wrong_label"]).text).all_of("input")

    assert [box["value"] for box in boxes if "checked" in box] == ["none"]


@pytest.mark.parametrize(
    "ticked", [[], ["none", "pricing"], ["weather"], ["other", "pricing"]], ids=str
)
def test_boxes_that_cannot_be_are_asked_for_again(database, client, paths, ticked):
    before = rows_of(database)

    answer = tick(client, paths["wrong_label"], *ticked)

    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    assert "weather" not in answer.text
    assert rows_of(database) == before


def test_what_is_no_lead_is_closed_and_noted_once(database, client, message_id, paths):
    answers = [client.post(paths["not_a_lead"]) for _ in range(2)]

    assert {title_of(answer) for answer in answers} == {"Noted, thank you"}
    assert settled(database, message_id) == (CLOSED, "ana")
    assert feedback_of(database) == [("not_a_lead", None, "ana")]
    assert "<form" not in client.get(paths["not_a_lead"]).text


def test_what_is_closed_cannot_be_taken_any_more(database, client, clock, message_id, paths):
    client.post(paths["not_a_lead"])
    clock.advance(2 * 3_600)

    answer = client.post(paths["mine"])

    assert (title_of(answer), sentence_of(answer)) == (
        "Nothing to take",
        "Ana Lima closed it 2 hours ago.",
    )


def test_what_nobody_took_in_time_says_so(database, client):
    over = {"status": CLOSED, "next_at": None, "settled_at": START, "settled_by": LAPSED}
    paths = links(database, store(database, clock=over))

    assert title_of(client.get(paths["mine"])) == "Nobody took it in time"


def test_a_message_without_a_clock_has_nothing_to_take(database, client):
    paths = links(database, store(database, clock=False))

    answers = [client.get(paths["mine"]), client.post(paths["mine"])]
    said = client.post(paths["not_a_lead"])

    assert [title_of(answer) for answer in answers] == ["Nothing to take"] * 2
    assert sentence_of(said) == "The model learns from what you say."


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (START, "1 hour left"),
        (START + minutes(1), "59 minutes left"),
        (START + HOUR - timedelta(seconds=30), "less than a minute left"),
        (START + HOUR + minutes(3), "3 minutes over"),
        (START + timedelta(days=3), "2 days over"),
    ],
)
def test_a_page_says_what_the_message_is_and_how_long_is_left(client, clock, paths, now, left):
    clock.now = now

    answer = client.get(paths["mine"])

    assert facts_of(answer)[:4] == [
        ("Route", "sales"),
        ("Wants", "pricing (93%)"),
        ("Turn", "Ana Lima"),
        ("Time", left),
    ]


def test_what_the_sender_wrote_is_shown_where_that_is_switched_on(client, paths):
    shown = client.get(paths["mine"]).text

    for part in ("Ada Lovelace · ada@example.com", "Angebot für 20 Plätze", "Was kostet das? 🙂"):
        assert part in shown


def test_nothing_of_the_sender_is_shown_where_it_is_switched_off(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path, webhook_personal_data=False) as api:
        client = with_people(api).client()
        paths = links(database, store(database))
        answers = [client.get(paths[action]).text for action in ACTIONS]
        answers += [
            client.post(paths[action], data={"label": "support"}).text for action in ACTIONS
        ]

    for part in ("Ada", "ada@", "Angebot", "kostet"):
        assert not [text for text in answers if part in text]


def test_whatever_anybody_wrote_is_escaped(database, client):
    hostile = {"subject": HOSTILE, "text": HOSTILE}
    message_id = store(database, message=hostile, clock={"owner": HOSTILE})
    paths = links(database, message_id, owner=HOSTILE)

    answers = [client.get(paths[action]) for action in ACTIONS]
    answers += [client.post(paths[action], data={"label": HOSTILE}) for action in ACTIONS]

    for answer in answers:
        page = Page(answer.text)
        assert escape(HOSTILE) in answer.text
        assert len(page.all_of("script")) == 1
        assert page.all_of("img") == []
        assert {name for _, attrs in page.tags for name in attrs if name.startswith("on")} == set()


def test_a_page_loads_nothing_and_tells_nobody_where_it_was(client, paths):
    for answer in (client.get(paths["mine"]), client.post(paths["mine"]), client.get("/r/x")):
        told = {name: answer.headers[name] for name in HEADERS}
        page = Page(answer.text)
        assert told == dict(HEADERS)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert [attrs["href"] for attrs in page.all_of("link")] == ["data:,"]
        assert "http" not in answer.text
        assert page.all_of("html") == [{"lang": "en"}]
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_bad_token_gets_the_same_page(database, client, paths, method):
    token = paths["mine"].removeprefix("/r/")
    gone = links(database, new_id("msg", START))["mine"].removeprefix("/r/")
    bad = ["x", "AAAA", token[:-1], token[:-1] + "!", token + "=", token.swapcase(), "%00", gone]
    bad += ["A" * 2_000, "%F0%9F%99%82"]

    answers = [client.request(method, f"/r/{one}") for one in bad]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert title_of(answers[0]) == "This link opens nothing"


def test_before_any_link_was_written_none_opens_and_no_key_is_made(database, client):
    assert client.get("/r/AAAA").status_code == 404
    with database.read() as conn:
        assert conn.execute(select(tables.server_keys)).all() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_runs_out(database, client, clock, paths, message_id, method):
    clock.now = START + LIFE

    answer = client.request(method, paths["mine"])

    assert (answer.status_code, title_of(answer)) == (410, "This link has run out")
    assert "Angebot" not in answer.text
    assert settled(database, message_id) == (RUNNING, None)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_somebody_else_cannot_click(database, client, paths, message_id, site):
    answer = client.post(paths["mine"], headers={"Sec-Fetch-Site": site})

    assert (answer.status_code, title_of(answer)) == (403, "Take this message?")
    assert settled(database, message_id) == (RUNNING, None)


def test_a_link_needs_no_key_and_a_wrong_one_does_no_harm(api, database, paths, message_id):
    api.add_key("admin")

    answers = [
        api.client(client_host="203.0.113.9").get(paths["mine"]),
        api.client(client_host="203.0.113.9", key="inlet_wrong").post(paths["mine"]),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert settled(database, message_id) == (ACKNOWLEDGED, "ana")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"x" * 4_097, 413), (b"label=\xff", 400), (b"label=a&" * 100, 400), (b"=&&=;%zz", 422)],
)
def test_a_form_is_read_within_limits(database, client, paths, body, status):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = client.post(paths["wrong_label"], content=body, headers=headers)

    assert answer.status_code == status
    assert feedback_of(database) == []


def test_while_the_database_is_away_a_person_is_asked_to_come_back(client, database, paths):
    def gone():
        raise StorageDown("gone")

    database.read = gone

    answers = [client.get(paths["mine"]), client.post(paths["mine"])]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {title_of(answer) for answer in answers} == {"Not just now"}
    assert answers[0].headers["retry-after"] == "1"


def test_a_link_is_not_logged(client, paths, capsys):
    client.get(paths["mine"])
    client.post(paths["mine"])

    said = capsys.readouterr()
    token = paths["mine"].removeprefix("/r/")
    assert "/r/{token}" in said.out
    assert token not in said.out + said.err
