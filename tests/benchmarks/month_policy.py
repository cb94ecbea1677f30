"""The offices and promises of the simulated month, once for the oracle and once as a policy."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from app.domain import Decision
from app.routing.calendars import Calendar
from app.routing.clocks import ClockPlan, Level
from app.routing.owners import Owner, Pool
from app.routing.policy import Policy, Rule
from tests.benchmarks.timetable import Office, Promise

MONTHS = {  # from when on; in both, Berlin and New York change their clocks on different days
    "march": datetime(2026, 3, 2, tzinfo=UTC),
    "october": datetime(2026, 10, 12, tzinfo=UTC),
}
DAYS = 31
RULE_ENDPOINT, LEVEL_ENDPOINT = "sales", "managers"

_WEEK = range(5)
OFFICES: Mapping[str, Office] = {
    "berlin": Office(
        zone="Europe/Berlin",
        hours={**dict.fromkeys(_WEEK, ("09:00-12:30", "13:30-18:00")), 4: ("09:00-16:00",)},
        holidays=frozenset({date(2026, 3, 18), date(2026, 10, 26)}),
        yearly=frozenset({(3, 30), (10, 31)}),
    ),
    "new-york": Office(
        zone="America/New_York",
        hours=dict.fromkeys(_WEEK, ("08:30-17:15",)),
        holidays=frozenset({date(2026, 3, 9), date(2026, 11, 3)}),
    ),
    "nights": Office(  # works in the hour that a change of clocks leaves out, or shows twice
        zone="Europe/Berlin",
        hours=dict.fromkeys(range(7), ("00:00-05:00",)),
    ),
    "ny-nights": Office(
        zone="America/New_York",
        hours=dict.fromkeys(range(7), ("00:15-02:45", "22:00-24:00")),
    ),
}
PROMISES: Mapping[str, Promise] = {
    "hour": Promise(
        office="berlin", minutes=60, remind_after=0.5, levels=((None, 30), ("leads", 60))
    ),
    "half-day": Promise(
        office="new-york", minutes=240, remind_after=0.25, levels=(("leads", 120), (None, 60))
    ),
    "night": Promise(office="nights", minutes=90, remind_after=0.5, levels=((None, 40),)),
    "ny-night": Promise(office="ny-nights", minutes=100, remind_after=0.5),
    "always": Promise(office=None, minutes=60, remind_after=0.5, levels=(("leads", 120),)),
    "silent": Promise(office="berlin", minutes=120, remind_after=0),
}


def policy_of() -> Policy:
    """Give the policy that says the same."""
    rules = tuple(_rule(name) for name in PROMISES)
    return Policy(
        rules=rules,
        otherwise=rules[0],
        sha256="",
        calendars={name: _calendar(name, office) for name, office in OFFICES.items()},
        owners={name: Owner(id=name, name=name) for name in ("ana", "ben", "cem", "eve", "fay")},
        pools={
            "sales": Pool(name="sales", weights={"ana": 2, "ben": 1, "cem": 1}),
            "leads": Pool(name="leads", weights={"eve": 1, "fay": 1}),
        },
        clocks={name: _clock(name, promise) for name, promise in PROMISES.items()},
    )


def decision_of(promise: str) -> Decision:
    """Give the decision of the rule that makes a promise."""
    return Decision(
        route="sales",
        rule=promise,
        reasons=(),
        endpoints=(RULE_ENDPOINT,),
        event_type="lead.detected",
        policy_sha256="",
        pool="sales",
        clock=promise,
    )


def _rule(name: str) -> Rule:
    return Rule(
        name=name,
        intents={},
        route="sales",
        endpoints=(RULE_ENDPOINT,),
        event_type="lead.detected",
        pool="sales",
        clock=name,
    )


def _clock(name: str, promise: Promise) -> ClockPlan:
    levels = tuple(
        Level(
            pool=pool,
            within=timedelta(minutes=minutes),
            endpoints=(LEVEL_ENDPOINT,) if pool else (),
        )
        for pool, minutes in promise.levels
    )
    return ClockPlan(
        name=name,
        within=timedelta(minutes=promise.minutes),
        calendar=promise.office,
        remind_at=promise.remind_after,
        levels=levels,
    )


def _calendar(name: str, office: Office) -> Calendar:
    hours = {day: tuple(_minutes(span) for span in spans) for day, spans in office.hours.items()}
    return Calendar(
        name=name, zone=office.zone, hours=hours, holidays=office.holidays, yearly=office.yearly
    )


def _minutes(span: str) -> tuple[int, int]:
    opens, closes = (
        int(hours) * 60 + int(minutes)
        for hours, minutes in (wall.split(":") for wall in span.split("-"))
    )
    return opens, closes
