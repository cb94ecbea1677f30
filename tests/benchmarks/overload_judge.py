"""What a flood came to, held against the promises of RELIABILITY.md P23 and P24."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.benchmarks.serve_figures import latencies_of, percentile, rate_of
from tests.benchmarks.serve_load import Call, Load

GOODPUT_RATIO = 0.9  # of the capacity
ACCEPTED_MS = 1_000.0  # p99
REFUSED_MS = 50.0  # p99
LIVEZ_MS = 50.0  # p99; P23 allows 100 under load, P24 promises 50
GROWTH_MB = 50.0
RECOVERY_S = 5.0
_REFUSED = 503
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *\d+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Flood:
    """What was seen of the service."""

    capacities_per_s: tuple[float, ...]  # before the flood, and after it
    load: Load
    loading: tuple[Call, ...]  # looks at /livez before the model was there
    flooded: tuple[Call, ...]  # and during the flood
    recovery_s: float | None  # None where it did not recover
    growth_mb: float  # of resident memory, at its highest


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The figures, and the promises that they break."""

    capacity_per_s: float  # on average: a machine may change its speed during the flood
    capacities_per_s: tuple[float, ...]
    offered_per_s: float
    goodput_per_s: float
    goodput_ratio: float
    accepted: int
    accepted_p99_ms: float | None
    refused: int
    refused_p99_ms: float | None
    late_p99_ms: float | None  # of that the load generator's own lateness, which the figures hold
    unanswered: int  # neither taken nor refused: broken off, late, another status
    bare_refusals: int  # without Retry-After or without a problem body
    livez_loading_p99_ms: float | None
    livez_p99_ms: float | None
    growth_mb: float
    recovery_s: float | None
    broken: tuple[str, ...]

    def show(self, console: Console) -> None:
        """Print it for a person."""
        table = Table("what", "seen", "promised")
        for name, seen, promised in self.rows():
            table.add_row(name, str(seen), promised)
        console.print(table)
        for sentence in self.broken:
            console.print(f"BROKEN: {sentence}", style="bold red")

    def rows(self) -> list[tuple[str, object, str]]:
        """Give each figure beside its promise."""
        return [
            ("capacity before and after, a second", self.capacities_per_s, ""),
            ("offered, a second", self.offered_per_s, ""),
            ("goodput of capacity", self.goodput_ratio, f"at least {GOODPUT_RATIO}"),
            (f"accepted ({self.accepted}) p99 ms", self.accepted_p99_ms, f"{ACCEPTED_MS:.0f}"),
            (f"refused ({self.refused}) p99 ms", self.refused_p99_ms, f"{REFUSED_MS:.0f}"),
            ("asked late by the load generator, p99 ms", self.late_p99_ms, ""),
            ("not answered", self.unanswered, "0"),
            ("refused without Retry-After or problem", self.bare_refusals, "0"),
            ("/livez p99 ms while loading", self.livez_loading_p99_ms, f"{LIVEZ_MS:.0f}"),
            ("/livez p99 ms under load", self.livez_p99_ms, f"{LIVEZ_MS:.0f}"),
            ("memory growth MB", self.growth_mb, f"{GROWTH_MB:.0f}"),
            ("recovery s", self.recovery_s, f"{RECOVERY_S:.0f}"),
        ]


def judged(flood: Flood) -> Verdict:
    """Reckon the figures, and name every promise that is broken."""
    calls = flood.load.calls
    refusals = [call for call in calls if call.status == _REFUSED]
    goodput = rate_of(flood.load).per_s
    capacity = round(sum(flood.capacities_per_s) / len(flood.capacities_per_s), 1)
    figures = {
        "capacity_per_s": capacity,
        "capacities_per_s": flood.capacities_per_s,
        "offered_per_s": round(len(calls) / (flood.load.until_s - flood.load.from_s), 1),
        "goodput_per_s": goodput,
        "goodput_ratio": round(goodput / capacity, 3) if capacity else 0.0,
        "accepted": sum(call.status == 200 for call in calls),
        "accepted_p99_ms": latencies_of(calls).p99_ms,
        "refused": len(refusals),
        "refused_p99_ms": latencies_of(refusals, good=(_REFUSED,)).p99_ms,
        "late_p99_ms": percentile([call.late_ms for call in calls], 0.99),
        "unanswered": sum(call.status not in (200, _REFUSED) for call in calls),
        "bare_refusals": sum(not explains_itself(call) for call in refusals),
        "livez_loading_p99_ms": latencies_of(flood.loading).p99_ms,
        "livez_p99_ms": latencies_of(flood.flooded).p99_ms,
        "growth_mb": flood.growth_mb,
        "recovery_s": flood.recovery_s,
    }
    verdict = Verdict(**figures, broken=())  # type: ignore[arg-type]
    return Verdict(**figures, broken=tuple(_broken(verdict)))  # type: ignore[arg-type]


def explains_itself(call: Call) -> bool:
    """Whether a refusal says when to come back, and why it is one."""
    try:
        problem = json.loads(call.body)
    except ValueError:
        return False
    return bool(_RETRY_AFTER.search(call.head)) and isinstance(problem, dict) and "code" in problem


def _broken(seen: Verdict) -> Iterable[str]:
    if seen.goodput_ratio < GOODPUT_RATIO:
        yield f"goodput is {seen.goodput_ratio} of the capacity, not {GOODPUT_RATIO}"
    at_most = {
        "an accepted message took {} ms": (seen.accepted_p99_ms, ACCEPTED_MS),
        "a refusal took {} ms": (seen.refused_p99_ms if seen.refused else 0.0, REFUSED_MS),
        "{} messages were neither taken nor refused": (seen.unanswered, 0),
        "{} refusals do not explain themselves": (seen.bare_refusals, 0),
        "/livez took {} ms while loading": (seen.livez_loading_p99_ms or 0.0, LIVEZ_MS),
        "/livez took {} ms under load": (seen.livez_p99_ms, LIVEZ_MS),
        "memory grew by {} MB": (seen.growth_mb, GROWTH_MB),
        "recovery took {} s": (seen.recovery_s, RECOVERY_S),
    }
    for sentence, (value, limit) in at_most.items():
        if value is None or value > limit:
            yield f"{sentence.format(value)}; promised: at most {limit}"
