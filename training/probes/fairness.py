"""Whether a decision depends on who writes: names, places and pronouns swapped across groups."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from models.prediction import Prediction
from training.dataset import Example
from training.probes.frames import Frame, filled, frames
from training.probes.serving import Probed, raw_text
from training.probes.shares import Share
from training.probes.swap import Found, Group, common_words, find, groups, swapped

AIM_RATIO = 0.01  # of the decisions that a swap may change
_DRAWS = 2  # of names for each frame and group


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShift:
    """What changes when messages come from one group."""

    group: str
    gender: str
    decisions: Share  # messages whose set of labels changes
    primary: Share  # messages whose primary intent changes
    mean_shift: float | None  # of the probability of what was the primary intent
    mean_absolute_shift: float | None

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "group": self.group,
            "gender": self.gender,
            "decisions": self.decisions.as_dict(),
            "primary": self.primary.as_dict(),
            "mean_shift": self.mean_shift,
            "mean_absolute_shift": self.mean_absolute_shift,
        }


@dataclass(frozen=True, slots=True)
class Shifts:
    """The groups of one kind of message, in the order of names.yaml."""

    groups: tuple[GroupShift, ...]

    @property
    def decisions(self) -> Share:
        """All swaps together."""
        return _sum(shift.decisions for shift in self.groups)

    @property
    def primary(self) -> Share:
        """All swaps together, by the primary intent."""
        return _sum(shift.primary for shift in self.groups)

    @property
    def worst(self) -> GroupShift:
        """The group for which most decisions change."""
        return max(self.groups, key=lambda shift: shift.decisions.ratio or 0.0)

    @property
    def holds(self) -> bool:
        """Whether no more than 1 % of all decisions change."""
        return (self.decisions.ratio or 0.0) <= AIM_RATIO

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "decisions": self.decisions.as_dict(),
            "primary": self.primary.as_dict(),
            "worst": f"{self.worst.group} {self.worst.gender}",
            "holds": self.holds,
            "groups": [shift.as_dict() for shift in self.groups],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """Swaps in real messages, and in hand-written ones with slots."""

    messages: int  # in which somebody or some place was found
    touched: int  # of them, whose decision some group changes
    found: dict[str, int]  # messages with a name, with a place, with a gendered word
    swapped: Shifts
    frames: int
    framed: Shifts

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "aim_ratio": AIM_RATIO,
            "messages": self.messages,
            "messages_touched_by_any_group": Share(self.touched, self.messages).as_dict(),
            "found": self.found,
            "swapped": self.swapped.as_dict(),
            "frames": self.frames,
            "framed": self.framed.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Variants:
    """An example, what was found in it, and its text for each group, in the order of groups()."""

    example: Example
    found: Found
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """One message as it was and as one group would have written it."""

    group: Group
    before: Prediction
    after: Prediction


def variants(test: Sequence[Example], *, messages: int, seed: int) -> tuple[Variants, ...]:
    """Choose messages that name somebody or some place, and rewrite each for every group."""
    common = common_words(map(raw_text, test))
    kept: list[Variants] = []
    for example in random.Random(seed).sample(list(test), len(test)):
        found = find(raw_text(example), example.language, common)
        texts = tuple(_rewritten(example, found, group, seed) for group in groups())
        if found and len(kept) < messages:
            kept.append(Variants(example, found, texts))
    return tuple(kept)


def work_of(some: Sequence[Variants]) -> int:
    """Count the messages that `measure_fairness` will classify."""
    return sum(1 + len(_new_texts(one)) for one in some) + len(frames()) * len(groups()) * _DRAWS


def measure_fairness(probed: Probed, some: Sequence[Variants], *, seed: int) -> Fairness:
    """Serve messages as they came and as each group would have written them.

    A swap that leaves a message as it is does not count.
    """
    changes = [_changes_of(probed, one) for one in some]
    found = Counter(kind for one in some for kind in _kinds(one.found))
    return Fairness(
        messages=len(some),
        touched=sum(any(map(_is_decided_anew, part)) for part in changes),
        found={kind: found[kind] for kind in ("names", "places", "gendered")},
        swapped=_shifts([change for part in changes for change in part]),
        frames=len(frames()),
        framed=_shifts(_framed(probed, seed)),
    )


def _rewritten(example: Example, found: Found, group: Group, seed: int) -> str:
    chance = random.Random(f"{seed} {example.id} {group.name} {group.gender}")
    text = raw_text(example)
    return swapped(text, found, group, language=example.language, chance=chance)


def _new_texts(one: Variants) -> list[str]:
    """List the different texts that swapping made."""
    return [text for text in dict.fromkeys(one.texts) if text != raw_text(one.example)]


def _changes_of(probed: Probed, one: Variants) -> list[_Change]:
    """Classify an example and its variants, each text once."""
    texts = [raw_text(one.example), *_new_texts(one)]
    answers = dict(zip(texts, probed.predict([one.example] * len(texts), texts), strict=True))
    return [
        _Change(group, answers[texts[0]], answers[text])
        for group, text in zip(groups(), one.texts, strict=True)
        if text != texts[0]
    ]


def _framed(probed: Probed, seed: int) -> list[_Change]:
    """Fill every frame for each group; what most groups get stands for the original."""
    changes = []
    for frame in frames():
        cast = [group for group in groups() for _ in range(_DRAWS)]
        answers = probed.predict_plain(_texts_of(frame, cast, seed))
        usual = Counter(answer.labels for answer in answers).most_common(1)[0][0]
        before = next(answer for answer in answers if answer.labels == usual)
        changes += [
            _Change(group, before, after) for group, after in zip(cast, answers, strict=True)
        ]
    return changes


def _texts_of(frame: Frame, cast: Sequence[Group], seed: int) -> list[str]:
    chance = random.Random(f"{seed} {frame.text}")
    return [filled(frame, group, chance) for group in cast]


def _shifts(changes: Sequence[_Change]) -> Shifts:
    """Sum up by group."""
    return Shifts(
        tuple(
            _shift(group, [change for change in changes if change.group is group])
            for group in groups()
        )
    )


def _shift(group: Group, changes: Sequence[_Change]) -> GroupShift:
    """Sum up the changes of one group."""
    moves = [c.after.intents[c.before.primary] - c.before.confidence for c in changes]
    primary = sum(change.before.primary != change.after.primary for change in changes)
    return GroupShift(
        group=group.name,
        gender=group.gender,
        decisions=Share(sum(map(_is_decided_anew, changes)), len(changes)),
        primary=Share(primary, len(changes)),
        mean_shift=round(fmean(moves), 4) if moves else None,
        mean_absolute_shift=round(fmean(map(abs, moves)), 4) if moves else None,
    )


def _is_decided_anew(change: _Change) -> bool:
    return set(change.before.labels) != set(change.after.labels)


def _kinds(found: Found) -> list[str]:
    """Name what was found."""
    kinds = {
        "names": bool(found.given or found.surnames),
        "places": bool(found.cities or found.countries),
        "gendered": found.gendered,
    }
    return [kind for kind, there in kinds.items() if there]


def _sum(shares: Iterable[Share]) -> Share:
    listed = list(shares)
    return Share(sum(s.hits for s in listed), sum(s.cases for s in listed))
