"""Whether a wish is found wherever it stands in a long text (promise P25)."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from models.prediction import Prediction
from training.dataset import Example
from training.probes.filler import LONG_TOKENS, filler, hidden_in
from training.probes.robustness import SHORT_WORDS
from training.probes.serving import (
    HIGH_INTENTS,
    Probed,
    high_cases,
    high_hits,
    high_intents,
    wrong_alarms,
)
from training.probes.shares import Drop, Share, drop_of

PLACES = (0.05, 0.5, 0.95)  # shares of the long text that stand before the message
AIM_POINTS = 3.0  # of recall that a place may cost
LANGUAGE = "en"  # of the filler, so of the messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Messages at one place of a long text, against the same messages alone."""

    place_ratio: float
    recall: Share
    drop: Drop | None
    wrong: Share  # messages that are given a high intent they do not have, as filler may bring

    @property
    def holds(self) -> bool:
        """Whether the place costs no more than is promised."""
        return self.drop is None or round(self.drop.points, 2) <= AIM_POINTS

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "recall": self.recall.as_dict(),
            "drop": None if self.drop is None else self.drop.as_dict(),
            "wrong_alarms": self.wrong.as_dict(),
            "holds": self.holds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LongText:
    """Recall alone and at each place, and what the filler says without any message."""

    messages: int
    alone: Share
    alone_wrong: Share
    places: tuple[Placed, ...]
    filler_alarms: Share  # long texts without a message that are given a high intent
    filler_intents: dict[str, int]  # how many of them are given which
    filler_worst_probability: float  # the highest that a high intent reached in them

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "aim_points": AIM_POINTS,
            "tokens": LONG_TOKENS,
            "messages": self.messages,
            "alone": self.alone.as_dict(),
            "alone_wrong_alarms": self.alone_wrong.as_dict(),
            "places": {f"{placed.place_ratio:g}": placed.as_dict() for placed in self.places},
            "filler_alarms": self.filler_alarms.as_dict(),
            "filler_intents": self.filler_intents,
            "filler_worst_probability": self.filler_worst_probability,
        }


def short_wishes(test: Sequence[Example], *, messages: int, seed: int) -> tuple[Example, ...]:
    """Choose short English messages with a high intent, to be hidden in a long text."""
    mixed = random.Random(seed).sample(list(test), len(test))
    return tuple(islice(filter(_is_short_wish, mixed), messages))


def work_of(examples: Sequence[Example], fillers: int) -> int:
    """Count the messages that `measure_long_text` will classify."""
    return len(examples) * (1 + len(PLACES)) + fillers


def measure_long_text(
    probed: Probed, examples: Sequence[Example], *, fillers: int, seed: int
) -> LongText:
    """Serve each message alone and at every place of a text of its own, then texts without any.

    Args:
        probed: The classifier.
        examples: See `short_wishes`.
        fillers: How many long texts without a message.
        seed: Of the order of the filler's sentences.
    """
    alone = probed.predict(examples, [example.composed for example in examples])
    hits, cases = high_hits(examples, alone), high_cases(examples)
    places = []
    for place in PLACES:
        answers = probed.predict(examples, list(_long_texts(examples, place, seed)))
        found = high_hits(examples, answers)
        drop = drop_of(hits, found, cases, seed=seed)
        recall = Share(int(found.sum()), int(cases.sum()))
        wrong = wrong_alarms(examples, answers)
        places.append(Placed(place_ratio=place, recall=recall, drop=drop, wrong=wrong))
    empty = _without_message(probed, fillers, seed)
    return LongText(
        messages=len(examples),
        alone=Share(int(hits.sum()), int(cases.sum())),
        alone_wrong=wrong_alarms(examples, alone),
        places=tuple(places),
        filler_alarms=Share(sum(map(_is_alarm, empty)), fillers),
        filler_intents={i: sum(i in answer.labels for answer in empty) for i in HIGH_INTENTS},
        filler_worst_probability=max((_highest(answer) for answer in empty), default=0.0),
    )


def _is_short_wish(example: Example) -> bool:
    words = len(example.composed.split())
    return bool(high_intents(example)) and words <= SHORT_WORDS and example.language == LANGUAGE


def _long_texts(examples: Sequence[Example], place: float, seed: int) -> Iterator[str]:
    """Write each message into the same text of its own, whatever the place."""
    for example in examples:
        around = filler(random.Random(f"{seed} {example.id}"), tokens=LONG_TOKENS)
        yield hidden_in(around, example.composed, place)


def _without_message(probed: Probed, fillers: int, seed: int) -> list[Prediction]:
    texts = [
        " ".join(filler(random.Random(f"{seed} filler {i}"), tokens=LONG_TOKENS))
        for i in range(fillers)
    ]
    return probed.predict_plain(texts)


def _is_alarm(answer: Prediction) -> bool:
    return bool(set(HIGH_INTENTS) & set(answer.labels))


def _highest(answer: Prediction) -> float:
    return max(answer.intents.get(intent, 0.0) for intent in HIGH_INTENTS)
