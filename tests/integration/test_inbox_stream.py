"""The live inbox over a real server: what comes, what changes, and when it ends."""

import threading
import time
from html.parser import HTMLParser

import pytest
from support_api import until
from support_events_stream import later, opened
from support_inbox_pages import HOSTILE, arrive, posted, row_of, running_inbox

from app.cli.server import bound, listen, server_of
from app.dashboard import inbox_stream
from app.runtime import Runtime
from app.storage import inbox

END_S = 3.0  # within which a stream must end: it is looked at twice a second


@pytest.fixture
def browser(pages):
    return pages.browser("agent")


@pytest.fixture
def watch(pages):
    return pages.api.app.state.inbox_watch


class Rows(HTMLParser):
    """The elements of an event's data."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.tags = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "li":
            self.ids.append(dict(attrs)["id"])


def told(event):
    """What an event does, and with which row."""
    return event.name, Rows(event.data).ids


def marks(pages):
    """How far a page that is loaded now would be."""
    with pages.api.database.read() as conn:
        return "{}-{}".format(*inbox.marks(conn))


def watching(watch, count=1):
    assert until(lambda: watch.watching == count)


def test_what_comes_in_is_told_within_a_second(pages, browser, url, watch):
    with opened(f"{url}/inbox/stream", browser) as stream:
        assert until(lambda: watch.watching == 1 and watch._ready.is_set())
        ids, events, took_s = [], [], []
        for _ in range(3):
            ids.append(arrive(pages))
            began = time.monotonic()
            events.append(stream.next())
            took_s.append(time.monotonic() - began)

    assert [told(event) for event in events] == [("row", [f"m-{one}"]) for one in ids]
    assert "What is the price?" in events[0].data
    assert min(took_s) < 1.0  # a machine of tests may be busy for seconds


def test_a_stream_says_what_it_is_and_is_kept_by_nobody(pages, browser, url):
    with opened(f"{url}/inbox/stream", browser) as stream:
        headers = stream.headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert "content-encoding" not in headers


def test_what_came_between_the_page_and_its_stream_is_told(pages, browser, url):
    old = arrive(pages, "Old")
    after = marks(pages)
    new = arrive(pages, "New")
    posted(pages, browser, f"/messages/{old}/take")

    with opened(f"{url}/inbox/stream?after={after}", browser) as stream:
        events = [stream.next(), stream.next()]

    assert [told(event) for event in events] == [("row", [f"m-{new}"]), ("part", [f"m-{old}"])]


def test_a_browser_that_comes_back_goes_on_where_it_was(pages, browser, url):
    with opened(f"{url}/inbox/stream?after={marks(pages)}", browser) as stream:
        arrive(pages, "One")
        last = stream.next().id
    missed = arrive(pages, "Two")

    with opened(f"{url}/inbox/stream?after=0-0", browser, last=last) as stream:
        event = stream.next()

    assert told(event) == ("row", [f"m-{missed}"])


def test_a_change_is_told_where_the_row_is_and_nowhere_else(pages, browser, url):
    message_id = arrive(pages)

    with opened(f"{url}/inbox/stream?after={marks(pages)}", browser) as stream:
        later(0.1, lambda: posted(pages, browser, f"/messages/{message_id}/take"))
        event = stream.next()

    assert told(event) == ("part", [f"m-{message_id}"])
    assert "Taken" in event.data


def test_a_filtered_list_hears_of_new_ones_that_it_has(pages, browser, url):
    path = f"{url}/inbox/stream?channel=chat&after={marks(pages)}"
    with opened(path, browser) as stream:
        mail, chat = arrive(pages, "Mail"), arrive(pages, "Chat", channel="chat")
        events = [stream.next(), stream.next()]

    assert [told(one) for one in events] == [("part", [f"m-{mail}"]), ("row", [f"m-{chat}"])]


def test_a_search_and_an_older_page_hear_of_no_new_ones(pages, browser, url):
    with opened(f"{url}/inbox/stream?still=1&after={marks(pages)}", browser) as stream:
        message_id = arrive(pages)
        event = stream.next()

    assert told(event) == ("part", [f"m-{message_id}"])


def test_another_replica_is_heard_too(pages, browser, url, clock, tmp_path):
    other = tmp_path / "other"
    with (
        running_inbox(pages.api.database, clock, other) as replica,
        opened(f"{url}/inbox/stream?after={marks(pages)}", browser) as stream,
    ):
        message_id = arrive(replica)
        event = stream.next()

    assert told(event) == ("row", [f"m-{message_id}"])


def test_a_viewer_gets_rows_without_anything_to_act_with(pages, browser, url):
    viewer, after = pages.browser("viewer"), marks(pages)
    arrive(pages)
    with (
        opened(f"{url}/inbox/stream?after={after}", viewer) as one,
        opened(f"{url}/inbox/stream?after={after}", browser) as other,
    ):
        seen = [Rows(stream.next().data).tags.count("form") for stream in (one, other)]

    assert seen == [0, 1]


def test_a_row_that_was_sent_to_many_holds_no_proof_of_anybody(pages, browser, url):
    after = marks(pages)
    arrive(pages)
    with opened(f"{url}/inbox/stream?after={after}", browser) as stream:
        data = stream.next().data

    assert 'name="csrf" value=""' in data
    assert pages.csrf_of(browser) not in data


def test_a_text_ends_no_event_and_begins_none(pages, browser, url):
    text = f"{HOSTILE}\r\revent: gone\rdata: x\r\n\nid: 0-0\n\x0b\u2028data: y"
    after = marks(pages)
    message_id = arrive(pages, text, subject=text[:90].replace("\n", " "))

    with opened(f"{url}/inbox/stream?after={after}", browser) as stream:
        event = stream.next()
        later(0.1, lambda: arrive(pages, "The next one"))
        following = stream.next()

    assert told(event) == ("row", [f"m-{message_id}"])
    assert "img" not in Rows(event.data).tags
    assert following.name == "row"
    assert "The next one" in following.data


@pytest.mark.parametrize("after", ["x", "1", "1-x", "-1-1", "1-1-1", "9" * 16 + "-1"])
def test_a_stream_that_begins_nowhere_is_refused(browser, after):
    headers = {"Accept": "text/event-stream"}

    answer = browser.get("/inbox/stream", params={"after": after}, headers=headers)

    assert answer.status_code == 400


def test_a_stream_ends_with_its_session(pages, browser, url, watch):
    with opened(f"{url}/inbox/stream", browser) as stream:
        watching(watch)
        pages.sessions.end(pages.sessions.viewer(browser.cookies["inlet_session"]))
        began = time.monotonic()
        event = stream.next()
        took_s = time.monotonic() - began

    assert event is None
    assert took_s < END_S
    watching(watch, 0)


def test_streams_end_with_the_process(pages, browser, url, watch):
    with (
        opened(f"{url}/inbox/stream", browser) as one,
        opened(f"{url}/inbox/stream", browser) as other,
    ):
        watching(watch, 2)
        pages.api.app.state.is_stopping = lambda: True
        began = time.monotonic()
        events = [one.next(), other.next()]
        took_s = time.monotonic() - began

    assert events == [None, None]
    assert took_s < END_S


def test_a_server_that_stops_waits_for_nobody_who_watches(pages, browser):
    app, api = pages.api.app, pages.api
    runtime = Runtime(database=api.database, batcher=api.batcher, loops=[])
    app.state.runtime, app.state.is_stopping = runtime, runtime.is_stopping
    with bound("127.0.0.1", 0) as listener:
        listen(listener)
        server = server_of(app)
        running = threading.Thread(target=server.run, args=([listener],), daemon=True)
        running.start()
        with opened(
            f"http://127.0.0.1:{listener.getsockname()[1]}/inbox/stream", browser
        ) as stream:
            watching(app.state.inbox_watch)
            server.should_exit = True
            began = time.monotonic()
            event = stream.next()
            running.join(END_S)
            took_s = time.monotonic() - began

    assert (event, running.is_alive()) == (None, False)
    assert took_s < END_S


def test_no_more_watch_than_may(pages, browser, url, watch):
    watch.most = 1
    with opened(f"{url}/inbox/stream", browser):
        watching(watch)
        with opened(f"{url}/inbox/stream", browser) as second:
            status, again = second.status, second.headers["retry-after"]

    assert (status, again) == (503, "5")
    watching(watch, 0)
    with opened(f"{url}/inbox/stream", browser) as third:
        assert third.status == 200


def test_a_stream_that_has_nothing_to_tell_says_that_it_is_there(
    pages, browser, url, watch, monkeypatch
):
    monkeypatch.setattr(inbox_stream, "HEARTBEAT_S", 0.05)
    with opened(f"{url}/inbox/stream", browser) as stream:
        lines = [next(stream.lines) for _ in range(6)]

    assert lines == ["retry: 2000", "", ":", "", ":", ""]


def test_while_nobody_watches_nobody_looks(pages, browser, url, watch):
    with opened(f"{url}/inbox/stream", browser):
        watching(watch)

    watching(watch, 0)
    assert until(lambda: watch._going is None)
    message_id = arrive(pages)
    with opened(f"{url}/inbox/stream", browser) as stream:
        assert until(lambda: watch._ready.is_set())
        later(0.1, lambda: posted(pages, browser, f"/messages/{message_id}/take"))
        event = stream.next()

    assert told(event)[1] == [f"m-{message_id}"]
    assert row_of(pages, message_id).state == "taken"
