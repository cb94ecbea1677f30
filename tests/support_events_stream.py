"""A browser's end of server-sent events, as far as our pages need it."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

READ_S = 20  # without a byte; machines of a test may have much to do


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    name: str
    id: str
    data: str


class Stream:
    """Reads a stream that is open."""

    def __init__(self, answer):
        self.status = answer.status_code
        self.headers = answer.headers
        self.lines = answer.iter_lines()

    def next(self):
        """The next event; None where the stream ended."""
        fields = {}
        for line in self.lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name:
                fields.setdefault(name, []).append(value)
            elif "data" in fields:
                data = "\n".join(fields["data"])
                return Event(fields.get("event", ["message"])[-1], fields["id"][-1], data)
            elif not line:
                fields = {}
        return None


@contextmanager
def opened(url, browser, *, last=None):
    """Open a stream as the browser that is signed in."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    cookies = {one.name: one.value for one in browser.cookies.jar}
    with (
        httpx2.Client(cookies=cookies, timeout=READ_S, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        yield Stream(answer)


def later(delay_s, act):
    """Do something in a moment, while the test waits for what comes of it."""
    timer = threading.Timer(delay_s, act)
    timer.daemon = True
    timer.start()
    return timer
