"""A door for mails in a thread of the test, and clients that behave or do not."""

import asyncio
import smtplib
import socket
import threading
from contextlib import contextmanager
from functools import partial

from app.parts import utc_now
from app.smtp.server import serve
from app.smtp.terms import Terms
from app.storage import arrivals

FROM, TO = "ada@example.com", "hello@ours.example"
MAIL = b"Message-ID: <1@example.com>\r\nSubject: Prices\r\n\r\nWhat does it cost?\r\n"


@contextmanager
def running(keep, **changes):
    """A server in a thread; its port and, to end it before, its stop."""
    terms = Terms(keep=keep, now=utc_now, **{"max_bytes": 1_000_000, **changes})
    started = threading.Event()
    held = {}

    async def main():
        stop = asyncio.Event()
        held["stop"] = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        started.set()
        await serve(listener, terms, stop)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
        thread.start()
        assert started.wait(30)
        try:
            yield port, held["stop"], thread
        finally:
            if thread.is_alive():
                held["stop"]()
            thread.join(30)
            assert not thread.is_alive()


@contextmanager
def connected(port, *, lmtp=False):
    client = (smtplib.LMTP if lmtp else smtplib.SMTP)("127.0.0.1", port, timeout=30)
    try:
        yield client
    finally:
        client.close()


class Held:
    """Keeps nothing before it is let."""

    def __init__(self):
        self.let = threading.Event()
        self._begun = threading.Semaphore(0)

    def __call__(self, post):
        self._begun.release()
        assert self.let.wait(30)
        return "arr_1"

    def wait_for(self, mails):
        for _ in range(mails):
            assert self._begun.acquire(timeout=30)


class Raw:
    """A client that says what it likes, byte by byte."""

    def __init__(self, port, *, room_bytes=None):
        self.socket = socket.socket()
        self.socket.settimeout(30)
        if room_bytes is not None:  # for what it has not read yet
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room_bytes)
        self.socket.connect(("127.0.0.1", port))
        self.lines = self.socket.makefile("rb")
        self.greeting = self.hear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def say(self, *lines):
        self.socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def hear(self, replies=1):
        """So many replies, of each the last line; b"" where the server has hung up."""
        heard = []
        while len(heard) < replies:
            line = self.lines.readline()
            if line[3:4] != b"-":
                heard.append(line)
        return heard[0] if replies == 1 else heard

    def begin_mail(self, hello=b"EHLO client"):
        self.say(hello, b"MAIL FROM:<ada@example.com>", b"RCPT TO:<hello@ours.example>", b"DATA")
        assert self.hear(4)[3].startswith(b"354 ")

    def send_mail(self, mail):
        """A mail as it stands on the wire, without its end."""
        self.begin_mail()
        self.socket.sendall(mail + b".\r\n")
        return self.hear()


def kept(database):
    """What is kept, the oldest first."""
    with database.read() as conn:
        return sorted(
            arrivals.listed(conn, limit=10_000, with_bodies=True), key=lambda arrival: arrival.id
        )


def bodies(database):
    return [arrival.body for arrival in kept(database)]
