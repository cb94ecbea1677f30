"""Clients of a service that breaks off: what was not answered is posted again as it was."""

import threading
import time
from collections import defaultdict

import httpx2

TEXTS = (
    "Could somebody show us the product, and what would it cost?",
    "We are cancelling and moving to a competitor.",
    "The login is broken, please help.",
    "Thanks for the newsletter.",
)
CLIENTS = 8
GIVE_UP_S = 300
PAUSE_S = 0.05  # before a client repeats


class Clients:
    """Post each message until it is acknowledged; what was not answered is repeated as it was."""

    def __init__(self, url: str, messages: int, *, every_s: float = 0.0) -> None:
        """Set what is posted.

        Args:
            url: Of the service.
            messages: How many.
            every_s: From one message to the next, of all clients together; 0: as fast as can be.
        """
        self._url = url
        self._pace_s = every_s * CLIENTS
        self._again_s = max(PAUSE_S, every_s * CLIENTS)
        self._numbers = iter(range(messages))
        self._changed = threading.Condition()
        self.answers: dict[int, set[str]] = defaultdict(set)
        self.acknowledged_s: list[float] = []  # when each answer came, monotonic
        self.unanswered = 0  # posts that broke off: whether they were stored, only a repeat tells
        self.failures: list[str] = []
        self._threads = [
            threading.Thread(target=self._post_all, daemon=True) for _ in range(CLIENTS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many messages are acknowledged."""
        with self._changed:
            enough = self._changed.wait_for(
                lambda: self.failures or len(self.answers) >= acknowledged, GIVE_UP_S
            )
        if self.failures or not enough:
            raise SystemExit(f"{len(self.answers)} acknowledged; {self.failures[:1]}")

    def _post_all(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=30, trust_env=False) as client:
            while (number := self._next()) is not None and not self.failures:
                began = time.monotonic()
                self._post(client, number)
                time.sleep(max(0.0, began + self._pace_s - time.monotonic()))

    def end(self) -> None:
        """Begin no other message, and wait until those that were begun are acknowledged."""
        with self._changed:
            self._numbers = iter(())
        for thread in self._threads:
            thread.join(GIVE_UP_S)

    def _next(self) -> int | None:
        with self._changed:
            return next(self._numbers, None)

    def _post(self, client: httpx2.Client, number: int) -> None:
        body, headers = message(number)
        give_up_at = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up_at:
            try:
                answer = client.post("/v1/messages", json=body, headers=headers)
            except httpx2.ConnectError:
                pass  # nobody listens just now
            except httpx2.TransportError:
                self._count_unanswered()
            else:
                if answer.status_code == 201:
                    return self._keep(number, answer.json()["id"])
                if answer.status_code != 503:
                    return self._fail(f"message {number} was answered {answer.status_code}")
            time.sleep(self._again_s)
        self._fail(f"message {number} was not answered")

    def _count_unanswered(self) -> None:
        with self._changed:
            self.unanswered += 1

    def _keep(self, number: int, message_id: str) -> None:
        with self._changed:
            self.answers[number].add(message_id)
            self.acknowledged_s.append(time.monotonic())
            self._changed.notify_all()

    def _fail(self, sentence: str) -> None:
        with self._changed:
            self.failures.append(sentence)
            self._changed.notify_all()


def message(number: int) -> tuple[dict[str, str], dict[str, str]]:
    """One message and its headers; each third is known again by its key, its id, or both."""
    body = {"text": f"{TEXTS[number % len(TEXTS)]} {number}"}
    if number % 3 != 0:
        body["message_id"] = f"kill9-{number}"
    headers = {"Idempotency-Key": f"kill9-{number}"} if number % 3 != 1 else {}
    return body, headers
