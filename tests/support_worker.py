"""What tests of the worker share: scripted answers, a loop that runs, and a look at the outbox."""

import threading
import time

from support import DECISION, PREDICTION, a_delivery, a_message, an_endpoint

from app.domain import Answer
from app.storage import endpoints, messages, outbox
from app.webhook.formats.steps import Reply
from app.worker import Hooks, Worker

OK = Answer(status_code=200, error_code=None)
FAILED = Answer(status_code=500, error_code=None)
LATE = Answer(status_code=None, error_code="timeout")
GONE = Answer(status_code=410, error_code=None)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TIMEOUT_S = 15.0
SOON_S = 10.0  # an upper bound; tests wait for events, not for this long


class Posts:
    """Stands in for Sender.begin: answers by script, the last one for ever, and remembers."""

    def __init__(self, *answers):
        self._answers = list(answers) or [OK]
        self._lock = threading.Lock()
        self.calls = []

    def __call__(self):
        return lambda request: Reply(
            answer=self._answer(request.url, request.headers, request.body)
        )

    def _answer(self, url, headers, body):
        with self._lock:
            self.calls.append((url, headers, body))
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if callable(answer):
            answer = answer(headers["webhook-id"])
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def ids(self):
        return [headers["webhook-id"] for _, headers, _ in self.calls]


def worker(database, post, clock, *, limits=None, hooks=None):
    hooks = hooks or Hooks(spread=lambda: 0.0)
    return Worker(database, post, now=clock, timeout_s=TIMEOUT_S, limits=limits, hooks=hooks)


def fill(database, deliveries=1, *, url="https://hooks.example/inlet"):
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(url=url, secrets=(SECRET,)))
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
        for number in range(1, deliveries + 1):
            outbox.enqueue(conn, a_delivery(id=f"dlv_{number:03}"))


def states(database):
    """What stands in the outbox: id -> status and attempts."""
    with database.read() as conn:
        return {d.id: (d.status.value, d.attempts) for d in outbox.listed(conn)}


def attempts(database, delivery_id="dlv_001"):
    with database.read() as conn:
        made = outbox.attempts_of(conn, delivery_id)
    return [(a.number, a.answer.status_code, a.answer.error_code) for a in made]


class Running:
    """A worker in its loop, from `with` to the end of it."""

    def __init__(self, running):
        self.worker = running
        self._stop = threading.Event()
        self._thread = threading.Thread(target=running.run, args=(self._stop,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stop it, and say how long that took."""
        began = time.monotonic()
        self._stop.set()
        self.worker.wake()
        self._thread.join(SOON_S)
        assert not self._thread.is_alive()
        return time.monotonic() - began


def eventually(holds):
    give_up_at = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come about"
        time.sleep(0.005)
