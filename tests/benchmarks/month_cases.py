"""The messages of the simulated month: when they come, when they are taken, what is due on them."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.benchmarks.month_policy import DAYS, LEVEL_ENDPOINT, OFFICES, PROMISES, RULE_ENDPOINT
from tests.benchmarks.timetable import MINUTE, Due, Timetable

_LATE_MIN = ((0, 1, 30, 600, 3_000), (70, 10, 10, 7, 3))  # until a message is stored; weights
_TAKEN_MIN = ((30, 180, 1_500, 6_000), (30, 30, 25, 15))  # mean until it is settled; weights
_HOW = (("taken", "closed", "never"), (87, 8, 5))
_ON_THE_DOT = 0.1  # of the messages are settled at the instant at which something is due

Told = tuple[str, str, int, str]  # message, event, level, endpoint


@dataclass(kw_only=True)
class Case:
    """One message: what happens to it, and what should."""

    number: int
    promise: str
    received_at: datetime
    stored_at: datetime
    how: str
    settled_at: datetime | None  # None: never
    timetable: tuple[Due, ...]  # what is due on it if nobody takes it
    message_id: str = ""
    noticed_at: datetime | None = None  # the last tick between its storing and its settling

    def due(self) -> list[Due]:
        """Give what had to happen: all that was due when somebody ticked the last time."""
        return [one for one in self.timetable if self.noticed_at and one.at <= self.noticed_at]

    def overtaken(self) -> int:
        """Count what was due before it was settled, and noticed by nobody until then."""
        if self.settled_at is None or not self.message_id:
            return 0
        before = [one for one in self.timetable if one.at < self.settled_at]
        return len(before) - len([one for one in self.due() if one.at < self.settled_at])

    def told(self) -> list[Told]:
        """Give the events that had to be enqueued."""
        return [
            (self.message_id, one.step, one.level, endpoint)
            for one in self.due()
            if one.step != "closed"
            for endpoint in (RULE_ENDPOINT, *self._beside(one.level))
        ]

    def _beside(self, level: int) -> tuple[str, ...]:
        """Give the endpoints that hear of a level beside the rule's: those of another pool's."""
        levels = PROMISES[self.promise].levels
        if not level or not levels:
            return ()
        return (LEVEL_ENDPOINT,) if levels[min(level, len(levels)) - 1][0] else ()


def draw_cases(count: int, first: datetime, chance: random.Random) -> list[Case]:
    """Draw messages of a month that begins at an instant."""
    timetable = Timetable(OFFICES, first, DAYS + 1)
    return [_draw(number, first, timetable, chance) for number in range(count)]


def _draw(number: int, first: datetime, timetable: Timetable, chance: random.Random) -> Case:
    promise = chance.choice(sorted(PROMISES))
    received = first + chance.randrange((DAYS - 3) * 24 * 60) * MINUTE
    stored = received + round(chance.uniform(0, _weighed(_LATE_MIN, chance))) * MINUTE
    due = tuple(timetable.of(PROMISES[promise], received, stored))
    how = _weighed(_HOW, chance)
    settled = stored + chance.expovariate(1 / _weighed(_TAKEN_MIN, chance)) * MINUTE
    if due and chance.random() < _ON_THE_DOT:
        settled = max(stored, chance.choice(due[:6]).at)
    if how == "never" or settled >= first + timedelta(days=DAYS):
        how, settled = "never", None
    return Case(
        number=number,
        promise=promise,
        received_at=received,
        stored_at=stored,
        how=how,
        settled_at=settled,
        timetable=due,
    )


def _weighed(choices, chance):
    values, weights = choices
    return chance.choices(values, weights)[0]
