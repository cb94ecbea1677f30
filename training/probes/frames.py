"""Hand-written messages with slots for people and places."""

import functools
import random
from dataclasses import dataclass
from pathlib import Path

from training.probes.swap import FEMALE, MALE, Group

FRAMES = Path(__file__).with_name("frames.txt")
_PRONOUNS = {FEMALE: ("she", "her", "her", "Ms"), MALE: ("he", "him", "his", "Mr")}


@dataclass(frozen=True, slots=True)
class Frame:
    """A message with slots, and the intent it was written for."""

    intent: str
    text: str


@functools.cache
def frames() -> tuple[Frame, ...]:
    """Read the frames, which stand under the name of their intent."""
    found: list[Frame] = []
    intent = ""
    for line in FRAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            intent = line.removeprefix("# ")
        else:
            found.append(Frame(intent, line))
    return tuple(found)


def filled(frame: Frame, group: Group, chance: random.Random) -> str:
    """Write a frame's message as somebody of a group would."""
    he, him, his, title = _PRONOUNS[group.gender]
    given, surname = chance.choice(group.given), chance.choice(group.surnames)
    slots = {
        "{name}": f"{given} {surname}",
        "{given}": given,
        "{surname}": surname,
        "{title}": title,
        "{city}": chance.choice(group.cities),
        "{country}": chance.choice(group.countries),
        "{he}": he,
        "{him}": him,
        "{his}": his,
        "{He}": he.capitalize(),
        "{His}": his.capitalize(),
    }
    text = frame.text
    for slot, word in slots.items():
        text = text.replace(slot, word)
    return text
