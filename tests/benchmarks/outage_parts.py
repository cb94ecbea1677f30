"""Health, rates and what was lost while a service had no database for a time."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from app.worker import Limits
from tests.benchmarks.aftermath import Left, arrived, lost, violations
from tests.benchmarks.clients import Clients

READY_RED_S = 5.0  # RELIABILITY.md P13
FULL_AGAIN_S = 10.0
FULL_RATIO = 0.9  # of the rate before, in a window
_WINDOW_S = 3.0
_LOOK_S = 0.1  # between looks at the health
_ASKED_S = 10.0  # for one answer of a probe


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a run, and what must not be."""

    outage_s: float
    restarts: int
    ready_red_s: float | None  # from the stop to the first 503 of /readyz
    ready_green_s: float | None  # from the moment when the server answers again
    live_failures: int  # answers of /livez that were missing or not 200
    rate_before_per_s: float  # acknowledged
    full_again_s: float | None  # from then on as many are acknowledged as before
    delivered_before_per_s: float
    delivered_again_s: float | None
    acknowledged: int
    broken_off: int  # posts whose connection broke
    lost: int
    deliveries: int
    arrived: int
    duplicates: int
    most_duplicates: int
    unaccounted: int
    seconds: float
    violations: tuple[str, ...]


class Probes:
    """Looks at a service's health over and over."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self.ready: list[tuple[float, int]] = []  # when an answer came, and its status
        self.live: list[tuple[float, int]] = []
        self._threads = [
            threading.Thread(target=self._look, args=(path, seen), daemon=True)
            for path, seen in (("/readyz", self.ready), ("/livez", self.live))
        ]

    def __enter__(self) -> "Probes":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * _ASKED_S)

    def _look(self, path: str, seen: list[tuple[float, int]]) -> None:
        with httpx2.Client(base_url=self._url, timeout=_ASKED_S, trust_env=False) as client:
            while not self._stop.wait(_LOOK_S):
                try:
                    code = client.get(path).status_code
                except httpx2.TransportError:
                    code = 0
                seen.append((time.monotonic(), code))


@dataclass(kw_only=True)
class Course:
    """When what happened, monotonic."""

    clients: Clients
    probes: Probes
    came_s: list[float]  # webhooks
    began_s: float
    stopped_s: float = 0.0
    back_s: float = 0.0


def judged(course: Course, left: Left, *, restarts: int, unaccounted: int) -> Result:
    acknowledged_s, came_s = sorted(course.clients.acknowledged_s), sorted(course.came_s)
    duplicates = len(left.requests) - len(arrived(left))
    most = Limits().concurrency  # those whose outcome could not be recorded
    facts: dict[str, Any] = {
        "outage_s": round(course.back_s - course.stopped_s, 1),
        "restarts": restarts,
        "ready_red_s": _first(course.probes.ready, 503, course.stopped_s),
        "ready_green_s": _first(course.probes.ready, 200, course.back_s),
        "live_failures": sum(code != 200 for _, code in course.probes.live),
        "rate_before_per_s": _rate_before(acknowledged_s, course),
        "full_again_s": _full_again_s(acknowledged_s, course),
        "delivered_before_per_s": _rate_before(came_s, course),
        "delivered_again_s": _full_again_s(came_s, course),
        "acknowledged": len(left.answers),
        "broken_off": course.clients.unanswered,
        "lost": len(lost(left)),
        "deliveries": len(left.deliveries),
        "arrived": len(arrived(left) & set(left.deliveries)),
        "duplicates": duplicates,
        "most_duplicates": most,
        "unaccounted": unaccounted,
    }
    found = [*violations(left, most_duplicates=most), *_late(facts)]
    seconds = round(time.monotonic() - course.began_s, 1)
    return Result(**facts, seconds=seconds, violations=tuple(found))


def _late(facts: Mapping[str, Any]) -> list[str]:
    """What took too long or should not have been, in sentences."""
    limits = {
        "ready_red_s": (READY_RED_S, "readiness is red"),
        "full_again_s": (FULL_AGAIN_S, "as many are acknowledged as before"),
        "delivered_again_s": (FULL_AGAIN_S, "as many are delivered as before"),
    }
    found = [
        f"it takes {facts[name]} s until {what}, not {most_s} s"
        for name, (most_s, what) in limits.items()
        if facts[name] is None or facts[name] > most_s
    ]
    counted = {
        "restarts": "restarts",
        "live_failures": "answers of /livez are missing or red",
        "unaccounted": "deliveries are unaccounted for",
    }
    return found + [f"{facts[name]} {what}" for name, what in counted.items() if facts[name]]


def _first(seen: Sequence[tuple[float, int]], code: int, since_s: float) -> float | None:
    """Say how long after a moment a probe was first answered so; None where it never was."""
    times = [at - since_s for at, answered in seen if at >= since_s and answered == code]
    return round(times[0], 2) if times else None


def _rate_before(times_s: Sequence[float], course: Course) -> float:
    """Count per second in the second half of the time before the stop."""
    half = (course.stopped_s - course.began_s) / 2
    first = course.stopped_s - half
    return round(sum(first <= one < course.stopped_s for one in times_s) / half, 2)


def _full_again_s(times_s: Sequence[float], course: Course) -> float | None:
    """Say how long after the return a window begins in which as much happens as before."""
    wanted = FULL_RATIO * _rate_before(times_s, course) * _WINDOW_S
    for begin in [course.back_s, *(one for one in times_s if one > course.back_s)]:
        if sum(begin <= one < begin + _WINDOW_S for one in times_s) >= wanted:
            return round(begin - course.back_s, 2)
    return None
