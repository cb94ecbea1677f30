"""Which messages a person should look at first, so that a minute of theirs teaches the most.

Three things bring a message forward: an intent near its threshold, that the model abstained, and
that people found its kind wrong lately.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice

from app.domain import Decision
from app.errors import Refused
from app.routing.aside import ASIDE
from app.storage import review
from app.storage.engine import Connection
from app.storage.review import Place, Told, Waiting
from models.prediction import Prediction

ABSTAINED = "abstained"  # the kind of a message that was given no label
LOOKED_AT = 500  # words of people, the newest: what was wrong long ago another model said
_ABSTAINED_WEIGHT = 0.1  # as of a kind that is wrong nine times in ten: nothing was answered
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"(\d{1,16})~(\d(?:\.\d{1,20})?(?:e-\d{1,3})?)~(\w{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """How often people found the labels of a kind of messages wrong, of late."""

    kind: str
    told: int  # messages of whose labels somebody said which hold
    wrong: int  # … and they were others than the model's

    @property
    def wrong_ratio(self) -> float:
        """The share to expect of the next one, from one half where nobody said anything.

        Source:
            Laplace's rule of succession.
        """
        return (self.wrong + 1) / (self.told + 2)

    @property
    def weight(self) -> float:
        """By what a margin is multiplied: the more doubt, the earlier the message comes."""
        return _ABSTAINED_WEIGHT if self.kind == ABSTAINED else 1 - self.wrong_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page ended, and up to when words of people counted: later pages count the same."""

    until: datetime
    place: Place

    def __str__(self) -> str:
        return (
            f"{(self.until - _EPOCH) // _MICROSECOND}~{self.place.rank!r}~{self.place.message_id}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the queue."""

    waiting: tuple[Waiting, ...]
    doubts: tuple[Doubt, ...]  # of each kind that waits
    after: Cursor | None  # where the next page begins, if there may be one


def enter(conn: Connection, message_id: str, prediction: Prediction, decision: Decision) -> None:
    """Let a message wait for review, in the transaction that stores it.

    What a machine wrote or nobody could read does not wait, nor what no thresholds were applied to.
    """
    if prediction.margin is None or decision.rule == ASIDE:
        return
    kind = kind_of(prediction.intents, prediction.labels)
    review.add(conn, message_id, kind=kind, margin=prediction.margin)


def page(
    conn: Connection,
    *,
    now: datetime,
    after: Cursor | None = None,
    kind: str | None = None,
    limit: int,
) -> Page:
    """Give a page of the messages that wait, the least sure first.

    Args:
        conn: A transaction; every page may have its own.
        now: The present.
        after: Where the page before ended.
        kind: Only those of this kind.
        limit: Messages, at most.
    """
    until = now if after is None else after.until
    kinds = [one for one in review.kinds(conn) if kind in (None, one)]
    doubts = doubts_of(kinds, review.told(conn, until=until, limit=LOOKED_AT))
    place = None if after is None else after.place
    ranked = merge(
        *(
            [
                (one.margin * doubt.weight, one.message_id, one)
                for one in review.of_kind(
                    conn, doubt.kind, weight=doubt.weight, after=place, limit=limit
                )
            ]
            for doubt in doubts
        )
    )
    found = list(islice(ranked, limit))
    last = Place(*found[-1][:2]) if len(found) == limit else None
    return Page(
        waiting=tuple(one for _, _, one in found),
        doubts=doubts,
        after=None if last is None else Cursor(until=until, place=last),
    )


def doubts_of(kinds: Sequence[str], words: Iterable[Told]) -> tuple[Doubt, ...]:
    """Count for each kind how often people said otherwise."""
    told, wrong = dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0)
    for word in words:
        said = word.prediction
        kind = kind_of(said["intents"], said["labels"])
        if kind in told:
            told[kind] += 1
            wrong[kind] += set(word.labels) != set(said["labels"])
    return tuple(Doubt(kind=kind, told=told[kind], wrong=wrong[kind]) for kind in kinds)


def kind_of(intents: Mapping[str, float], labels: Sequence[str]) -> str:
    """Name what a message is counted under: its primary intent, or that the model abstained."""
    return max(labels, key=intents.__getitem__) if labels else ABSTAINED


def read_cursor(text: str) -> Cursor:
    """Read where a page ended, as `Cursor` is written.

    Raises:
        Refused: `bad_cursor`.
    """
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise Refused("after is not what a page of the queue gave", code="bad_cursor")
    until = _EPOCH + int(found[1]) * _MICROSECOND
    return Cursor(until=until, place=Place(float(found[2]), found[3]))
