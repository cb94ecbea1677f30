"""`clocks`: by when a person must have taken a message, and who comes after whom."""

from app.routing.clocks import ClockPlan, Level
from app.routing.document import Value
from app.routing.reading.names import Names
from app.routing.reading.times import read_duration

_MOST_LEVELS = 10


def read_clocks(value: Value, names: Names) -> dict[str, ClockPlan]:
    """Read every reply clock by its name."""
    return {name: _clock(name, entry, names) for name, _, entry in value.named()}


def read_endpoints(value: Value) -> tuple[str, ...]:
    """Read names of endpoints, which may be none; whether there are such, the lint says."""
    if value.is_list and not value.entries():
        return ()
    if not value.is_list:
        raise value.fault("needs a list")
    return tuple(entry.text() for entry in value.different())


def _clock(name: str, value: Value, names: Names) -> ClockPlan:
    given = value.fields(("within",), ("calendar", "remind_at", "levels"))
    calendar = (
        given["calendar"].one_of(names.calendars, "calendar") if "calendar" in given else None
    )
    remind_at = _remind_at(given["remind_at"]) if "remind_at" in given else None
    return ClockPlan(
        name=name,
        within=read_duration(given["within"]),
        calendar=calendar,
        levels=_levels(given["levels"], names) if "levels" in given else (),
        **({} if remind_at is None else {"remind_at": remind_at}),
    )


def _remind_at(value: Value) -> float:
    share = value.number(0, 1)
    if share == 1:
        raise value.fault("at 1 the time is over: needs a share under 1, or 0 for no reminder")
    return share


def _levels(value: Value, names: Names) -> tuple[Level, ...]:
    entries = value.entries()
    if len(entries) > _MOST_LEVELS:
        raise value.fault(f"needs at most {_MOST_LEVELS} levels; the last one repeats by itself")
    return tuple(_level(entry, names) for entry in entries)


def _level(value: Value, names: Names) -> Level:
    given = value.fields(("within",), ("pool", "endpoints"))
    return Level(
        pool=given["pool"].one_of(names.pools, "pool") if "pool" in given else None,
        within=read_duration(given["within"]),
        endpoints=read_endpoints(given["endpoints"]) if "endpoints" in given else (),
    )
