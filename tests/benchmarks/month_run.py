"""The simulated month, one moment after the other; no time passes."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.domain import Channel, Endpoint, Message, Sender, new_id
from app.replies.settling import acknowledge, close
from app.replies.starting import Owed, start
from app.replies.telling import Telling
from app.routing.context import Context, Known
from app.storage import endpoints, messages
from app.storage.engine import Database, open_database
from app.timekeeper import Timekeeper
from tests.benchmarks.month_cases import Case, draw_cases
from tests.benchmarks.month_policy import (
    DAYS,
    LEVEL_ENDPOINT,
    MONTHS,
    RULE_ENDPOINT,
    decision_of,
    policy_of,
)
from tests.benchmarks.timetable import MINUTE

AWAY_RATIO = 0.01  # of the gaps between ticks are of hours
KILL_RATIO = 0.03  # of a timekeeper's writing transactions
RESTART_RATIO = 0.02  # of the ticks: everything is closed and opened again
SAID: dict[str, Any] = {
    "model_version": "month",
    "intents": {"pricing": 0.9},
    "labels": ["pricing"],
    "primary": "pricing",
    "confidence": 0.9,
    "abstained": False,
    "signals": {},
    "language": "en",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is simulated."""

    database_url: str  # of an empty, migrated database
    clocks: int = 400
    seed: int = 1
    month: str = "march"
    gap_min: float = 12.0  # between ticks on average, apart from the hours when nobody ticks


class Killed(BaseException):
    """A process ends here."""


class Dying:
    """A database whose transactions may end before their commit, as those of a killed process."""

    def __init__(self, database: Database, dies: Callable[[], bool]) -> None:
        self.read = database.read
        self._write, self._dies = database.write, dies

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that is rolled back now and then."""
        with self._write() as conn:
            yield conn
            if self._dies():
                raise Killed


class Month:
    """A month of messages, people and timekeepers."""

    def __init__(self, plan: Plan) -> None:
        self._chance = random.Random(plan.seed)
        self._plan = plan
        self._policy = policy_of()
        self.now = self._first = MONTHS[plan.month]
        self.cases = draw_cases(plan.clocks, self._first, self._chance)
        self.ticks = self.late_ticks = self.kills = self.restarts = 0
        self._running: set[int] = set()  # cases that are stored and not settled
        self._database = open_database(plan.database_url)
        self._theirs = [open_database(plan.database_url) for _ in range(2)]  # the timekeepers'

    def run(self) -> None:
        """Let the month pass."""
        self._add_endpoints()
        ticked_at = self._first
        for at, _, happens, number in self._moments():
            self.now = at
            if happens == "tick":
                self.late_ticks += at - ticked_at >= 60 * MINUTE
                ticked_at = at
                self._tick()
            elif happens == "store":
                self._store(self.cases[number])
            else:
                self._settle(self.cases[number])

    def close(self) -> None:
        """Close every database."""
        for database in (self._database, *self._theirs):
            database.close()

    def _moments(self) -> list[tuple[datetime, float, str, int]]:
        """Give what happens, in order; at one instant tickers and people come in any order."""
        draw = self._chance.random
        moments = [(case.stored_at, 0.0, "store", case.number) for case in self.cases]
        moments += [
            (case.settled_at, 1.0 + draw(), "settle", case.number)
            for case in self.cases
            if case.settled_at is not None
        ]
        moments += [(at, 1.0 + draw(), "tick", -1) for at in self._ticks()]
        return sorted(moments)

    def _ticks(self) -> Iterator[datetime]:
        """Draw when timekeepers look; now and then to the instant at which something is due."""
        at, end = self._first, self._first + timedelta(days=DAYS)
        while True:
            away = self._chance.random() < AWAY_RATIO
            mean = self._plan.gap_min
            gap = self._chance.uniform(60, 900) if away else self._chance.expovariate(1 / mean)
            at += gap * MINUTE + timedelta(microseconds=1)
            if self._chance.random() < 0.3:
                at = at.replace(second=0, microsecond=0) + MINUTE
            if at >= end:
                return
            yield at

    def _add_endpoints(self) -> None:
        with self._database.write() as conn:
            for name in (RULE_ENDPOINT, LEVEL_ENDPOINT):
                endpoint = Endpoint(
                    id=f"ep_{name}",
                    name=name,
                    url="https://example.com/",
                    secrets=("whsec_bW9udGg=",),
                    enabled=True,
                    created_at=self._first,
                )
                endpoints.add(conn, endpoint)

    def _store(self, case: Case) -> None:
        """Take a message in as the intake does: with its owner and its clock."""
        case.message_id = new_id("msg", self.now)
        decision = decision_of(case.promise)
        sender = Sender(f"p{case.number % 40}@acme{case.number % 15}.example", None)
        message = Message(
            id=case.message_id,
            channel=Channel.EMAIL,
            subject="",
            text=f"message {case.number}",
            sender=sender,
            thread_id=None,
            source="api",
            external_id=None,
            received_at=case.received_at,
            created_at=self.now,
        )
        context = Context(channel="email", at=case.received_at, contact=Known(name=sender.email))
        owed = Owed(message_id=message.id, decision=decision, context=context, language="en")
        with self._database.write() as conn:
            messages.add(conn, message, prediction=SAID, decision=decision.as_dict())
            start(conn, self._policy, owed, now=self.now)
        self._running.add(case.number)

    def _settle(self, case: Case) -> None:
        settle = acknowledge if case.how == "taken" else close
        with self._database.write() as conn:
            settle(conn, case.message_id, by="ana", now=self.now)
        self._running.discard(case.number)

    def _tick(self) -> None:
        """Let two timekeepers look at the same instant; one that is killed starts, and looks."""
        self.ticks += 1
        if self._chance.random() < RESTART_RATIO:
            self._restart()
        chances = [random.Random(self._chance.random()) for _ in self._theirs]
        alive = [True, True]

        def keep_time(number: int) -> None:
            alive[number] = self._keep_time(number, chances[number])

        threads = [threading.Thread(target=keep_time, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(2):
            while not alive[number]:
                self.kills += 1
                self._theirs[number].close()
                self._theirs[number] = open_database(self._plan.database_url)
                keep_time(number)
        for number in self._running:
            self.cases[number].noticed_at = self.now

    def _keep_time(self, number: int, chance: random.Random) -> bool:
        """Be a process that keeps time; False where it is killed."""
        timekeeper = Timekeeper(
            Dying(self._theirs[number], lambda: chance.random() < KILL_RATIO),
            lambda: self._policy,
            now=lambda: self.now,
            telling=Telling(personal_data=False),
        )
        try:
            while timekeeper.run_once():
                pass
        except Killed:
            return False
        return True

    def _restart(self) -> None:
        self.restarts += 1
        self.close()
        self._database = open_database(self._plan.database_url)
        self._theirs = [open_database(self._plan.database_url) for _ in range(2)]
