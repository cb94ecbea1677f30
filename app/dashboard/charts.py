"""The charts of the numbers, each a table: the page shows it, the script draws it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.dashboard.counting import Counted
from app.dashboard.quality import Share
from app.dashboard.rows import owner_name
from app.dashboard.strings import Translator
from app.routing.owners import Owner
from app.storage.inbox import NO_INTENT

Cell = str | float | None
_HOURS_FROM_S = 2 * 3_600.0  # shorter times are told in minutes
_PERCENT = "%"
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Figures along something; the first column says of what each row is."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]  # None: nothing is known
    kind: str = "bars"  # or lines
    unit: str = ""  # %: of 0 to 100


def volume_charts(counted: Counted, t: Translator) -> tuple[Chart, ...]:
    """Draw what came in: by day, intent, channel and hour of the day."""
    days = _total((one.hour.date(), one.count) for one in counted.hours)
    hours = _total((one.hour.hour, one.count) for one in counted.hours)
    channels = _total((one.channel.value, one.count) for one in counted.hours)
    intents = _total((one.intent, one.count) for one in counted.intents)
    number = t("numbers.count")
    return (
        Chart(
            id="by-day",
            caption=t("numbers.volume.day"),
            columns=(t("numbers.day"), number),
            rows=tuple((day.isoformat(), days[day]) for day in counted.every_day),
        ),
        Chart(
            id="by-intent",
            caption=t("numbers.volume.intent"),
            columns=(t("head.intents"), number),
            rows=tuple((_intent(t, name), many) for name, many in intents.most_common()),
        ),
        Chart(
            id="by-channel",
            caption=t("numbers.volume.channel"),
            columns=(t("message.channel"), number),
            rows=tuple((t.term("channel", name), many) for name, many in channels.most_common()),
        ),
        Chart(
            id="by-hour",
            caption=t("numbers.volume.hour"),
            columns=(t("numbers.hour_utc"), number),
            rows=tuple((f"{hour:02}", hours[hour]) for hour in range(24)),
        ),
    )


def reply_charts(counted: Counted, t: Translator) -> tuple[Chart, ...]:
    """Draw how fast people took messages, and which promises were kept, week by week."""
    weeks = [(str(name), figures) for name, figures in counted.weeks.groups]
    slowest = max((one.p90_s or 0.0 for _, one in weeks), default=0.0)
    unit, size_s = ("h", 3_600.0) if slowest >= _HOURS_FROM_S else ("min", 60.0)
    week = t("numbers.week")
    return (
        Chart(
            id="time-to-take",
            caption=t("numbers.reply.time"),
            columns=(week, t("numbers.reply.median"), t("numbers.reply.p90")),
            rows=tuple(
                (name, _in(one.median_s, size_s), _in(one.p90_s, size_s)) for name, one in weeks
            ),
            kind="lines",
            unit=unit,
        ),
        Chart(
            id="promises-kept",
            caption=t("numbers.reply.weekly"),
            columns=(week, t("numbers.reply.kept")),
            rows=tuple((name, _percent(one.inside_ratio)) for name, one in weeks),
            unit=_PERCENT,
        ),
    )


def model_charts(counted: Counted, t: Translator) -> tuple[Chart, ...]:
    """Draw how right the model was, and how often it left a message to a person."""
    days = _total((one.hour.date(), one.count) for one in counted.hours)
    unsure = _total((one.day, one.count) for one in counted.intents if one.intent == NO_INTENT)
    return (
        Chart(
            id="quality",
            caption=t("numbers.quality.chart"),
            columns=(t("head.intents"), t("numbers.precision"), t("numbers.coverage")),
            rows=tuple(
                (t.term("intent", one.intent), _told(one.precision), _told(one.coverage))
                for one in counted.judged
            ),
            unit=_PERCENT,
        ),
        Chart(
            id="unsure",
            caption=t("numbers.abstained.daily"),
            columns=(t("numbers.day"), t("numbers.share")),
            rows=tuple(
                (day.isoformat(), _percent(unsure[day] / days[day]) if days[day] else None)
                for day in counted.every_day
            ),
            kind="lines",
            unit=_PERCENT,
        ),
    )


def alert_charts(counted: Counted, owners: Mapping[str, Owner], t: Translator) -> tuple[Chart, ...]:
    """Draw how often a week each owner was told of a message."""
    most = sorted(counted.alerts.items(), key=lambda one: (-one[1], one[0] or ""))
    return (
        Chart(
            id="alerts",
            caption=t("numbers.alerts_a_week"),
            columns=(t("numbers.owner"), t("numbers.alerts_a_week")),
            rows=tuple(
                (
                    owner_name(owners, owner) or t("term.nobody"),
                    round(many / counted.alert_weeks, 1),
                )
                for owner, many in most
            ),
        ),
    )


def _total(counts: Iterable[tuple[_Key, int]]) -> Counter[_Key]:
    found: Counter[_Key] = Counter()
    for key, count in counts:
        found[key] += count
    return found


def _intent(t: Translator, name: str) -> str:
    return t("numbers.abstained") if name == NO_INTENT else t.term("intent", name)


def _told(share: Share) -> float | None:
    return _percent(share.ratio) if share.tells else None


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(100 * ratio, 1)


def _in(seconds: float | None, size_s: float) -> float | None:
    return None if seconds is None else round(seconds / size_s, 1)
