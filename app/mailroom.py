"""What providers send: proved, kept, answered at once; then read into messages, each once."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app.domain import Arrival, ArrivalStatus, new_id
from app.errors import Duplicate, FetchFailed, NotFound, Overloaded, Refused, StorageDown
from app.inbound.values import (
    Ignored,
    Item,
    Keys,
    NotAuthentic,
    Post,
    Received,
    Reply,
    Source,
    Unreadable,
)
from app.incoming import told
from app.storage import arrivals
from app.storage.engine import Database
from app.storing import Receipt

MAX_ATTEMPTS = 10  # to read an arrival
LEASE_S = 300.0  # longer than fetching, parsing and judging one may take
BATCH = 1  # arrivals taken at a time: a lease covers one, and so does a crash
IDLE_WAIT_S = 1.0
STALE_S = LEASE_S  # a loop that was not seen for so long hangs
_PAUSES_S = (1.0, 5.0, 30.0, 120.0, 600.0)  # before an arrival is read again; the last one repeats
_KEPT = ("content-type", "x-envelope-from", "x-envelope-to")  # headers of a request
_BUSY_S = 5.0  # before an arrival is read for which there was no capacity
_BACKOFF_S = 2.0  # while the database is down

log = structlog.get_logger(__name__)

EMAIL, CHAT = "email", "chat"  # the sources that take an API key instead of a signature
Fetch = Callable[[str, str], bytes]  # an address and an Authorization; raises Overloaded
TakeIn = Callable[[Received, str, datetime], Receipt]  # the source's name, when it arrived


@dataclass(frozen=True, slots=True)
class Desk:
    """A source that is switched on, with what its requests are proved by."""

    source: Source
    keys: Keys


class Mailroom:
    """Takes requests in, and reads them in a thread of its own."""

    def __init__(
        self,
        database: Database,
        desks: Mapping[str, Desk],
        take_in: TakeIn,
        *,
        answer_in: TakeIn | None = None,
        now: Callable[[], datetime],
        fetch: Fetch,
    ) -> None:
        self._database = database
        self._desks = desks
        self._take_in = take_in  # with time for long mails
        self._answer_in = answer_in or take_in  # while a platform waits
        self._now = now
        self._fetch = fetch
        self._woken = threading.Event()
        self._running = False
        self._beat_s = 0.0  # time.monotonic() of the loop's last round

    def desk(self, name: str) -> Desk:
        """Give a source that is switched on.

        Raises:
            NotFound: There is none of this name, or its keys are not set.
        """
        desk = self._desks.get(name)
        if desk is None:
            raise NotFound("no such source is switched on here; see `inlet send-test --list`")
        return desk

    def take(self, desk: Desk, post: Post) -> Reply:
        """Prove a request, keep it, and give what its provider is answered.

        Raises:
            NotAuthentic: Nothing proves that the provider sent it.
            StorageDown: It could not be kept; the provider must send it again.
        """
        source = desk.source
        source.verify(post, desk.keys)
        reply = source.handshake(post, desk.keys)
        if reply is not None:
            if reply.fetch is not None:
                self._fetch(reply.fetch, "")
            return reply
        self.keep(source.name, post, once=source.once(post))
        return source.taken

    def answer(self, desk: Desk, post: Post) -> Reply:
        """Prove a request, judge it at once, and give what the platform waits to hear.

        Raises:
            NotAuthentic: Nothing proves that the platform sent it.
            Unreadable: It has no shape that we know.
            Overloaded: The model or the database has too much to do; nothing is stored.
        """
        desk.source.verify(post, desk.keys)
        return desk.source.handshake(post, desk.keys) or self.judge(desk, post)

    def judge(self, desk: Desk, post: Post) -> Reply:
        """Judge a request whose sender has proved who it is, and give the answer; as `answer`."""
        source = desk.source
        found = [item for item in source.read(post) if isinstance(item, Received)]
        receipts = [self._answer_in(item, source.name, post.received_at) for item in found]
        answered = receipts and source.answer
        return answered(told(receipts[-1])) if answered else source.taken

    def keep(self, source: str, post: Post, *, once: str | None = None) -> str:
        """Keep a request to be read soon, and give the id under which it is kept.

        Raises:
            NotAuthentic: What may stand in one request alone came before, with another body.
        """
        arrival = Arrival(
            id=new_id("arr", self._now()),
            source=source,
            sha256=hashlib.sha256(post.body).digest(),
            url=post.url.partition("?")[0],  # a query may hold a secret
            headers={name: post.headers[name] for name in _KEPT if name in post.headers},
            body=post.body,
            received_at=post.received_at,
            status=ArrivalStatus.WAITING,
            attempts=0,
            next_attempt_at=post.received_at,
            once=once,
        )
        try:
            with self._database.write() as conn:
                arrivals.add(conn, arrival)
        except Duplicate:
            return self._same(arrival)
        self.wake()
        return arrival.id

    def wake(self) -> None:
        """Let the reader look for arrivals now."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Read arrivals until told to stop (and woken, to stop at once)."""
        self._running = True
        try:
            self._go_round(stop)
        finally:
            self._running = False

    @property
    def alive(self) -> bool:
        """Whether arrivals are being read: the loop runs, and was seen lately."""
        return self._running and time.monotonic() - self._beat_s < STALE_S

    def _go_round(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._beat_s = time.monotonic()
            try:
                if not self.read_due():
                    self._woken.wait(IDLE_WAIT_S)
                    self._woken.clear()
            except StorageDown as error:
                log.warning("arrivals_unavailable", error_code=error.code)
                stop.wait(_BACKOFF_S)
            except Exception:  # the loop's outermost frame: reading must go on
                log.exception("mailroom_step_failed")
                stop.wait(_BACKOFF_S)

    def read_due(self) -> int:
        """Read what waits, a batch at most, and say how many there were."""
        with self._database.write() as conn:
            claimed = arrivals.claim_due(
                conn, now=self._now(), lease_s=LEASE_S, limit=BATCH, max_attempts=MAX_ATTEMPTS
            )
        for arrival in claimed:
            self._read(arrival)
        return len(claimed)

    def _read(self, arrival: Arrival) -> None:
        started_s = time.perf_counter()
        try:
            status, ids = self._stored(arrival)
        except (Unreadable, Refused) as error:
            self._settle(arrival, ArrivalStatus.FAILED, started_s, error_code=error.code)
        except (FetchFailed, NotFound) as error:  # another replica may have its keys
            self._postpone(arrival, error.code, counts=True)
        except Overloaded as error:
            self._postpone(arrival, error.code, counts=False)
        except Exception:  # an arrival that we cannot read must not stop the others
            log.exception("reading_failed", arrival_id=arrival.id, source=arrival.source)
            self._postpone(arrival, "internal_error", counts=True)
        else:
            self._settle(arrival, status, started_s, message_ids=ids)

    def _stored(self, arrival: Arrival) -> tuple[ArrivalStatus, list[str]]:
        """Store every message of an arrival; those of an earlier attempt are known."""
        desk, ids = self.desk(arrival.source), list[str]()
        for number, item in enumerate(self._items(desk, _post_of(arrival))):
            if isinstance(item, Ignored):
                log.info("inbound_ignored", arrival_id=arrival.id, reason=item.reason)
            else:
                named = replace(item, fallback_id=item.fallback_id or f"{arrival.id}/{number}")
                receipt = self._take_in(named, arrival.source, arrival.received_at)
                ids.append(receipt.stored.message.id)
        return (ArrivalStatus.READ if ids else ArrivalStatus.IGNORED), ids

    def _items(self, desk: Desk, post: Post) -> Sequence[Item]:
        """Read a request, and what it only points to."""
        fetching = desk.source.fetching
        url = fetching.url(post) if fetching is not None else ""
        if fetching is None or not url:
            return desk.source.read(post)
        return fetching.read(post, self._fetch(url, fetching.authorization(desk.keys)))

    def _settle(
        self,
        arrival: Arrival,
        status: ArrivalStatus,
        started_s: float,
        *,
        error_code: str | None = None,
        message_ids: Sequence[str] = (),
    ) -> None:
        with self._database.write() as conn:
            arrivals.settle(conn, arrival, status, error_code=error_code, message_ids=message_ids)
        log.info(
            "arrival_read",
            arrival_id=arrival.id,
            source=arrival.source,
            status=status.value,
            error_code=error_code,
            duration_ms=round((time.perf_counter() - started_s) * 1_000, 1),
        )

    def _postpone(self, arrival: Arrival, error_code: str, *, counts: bool) -> None:
        pause_s = _PAUSES_S[min(arrival.attempts, len(_PAUSES_S)) - 1] if counts else _BUSY_S
        with self._database.write() as conn:
            until = self._now() + timedelta(seconds=pause_s)
            arrivals.postpone(conn, arrival, until, error_code=error_code, counts=counts)

    def _same(self, arrival: Arrival) -> str:
        with self._database.read() as conn:
            first = arrivals.find_same(conn, arrival.source, arrival.sha256)
        if first is None:
            raise NotAuthentic("its token was used before")
        return first.id


def _post_of(arrival: Arrival) -> Post:
    """Give the request back as it came, as far as reading needs it."""
    if arrival.body is None:
        raise Unreadable("what was sent is no longer kept")
    return Post(
        url=arrival.url,
        query={},
        headers=arrival.headers,
        body=arrival.body,
        received_at=arrival.received_at,
    )
