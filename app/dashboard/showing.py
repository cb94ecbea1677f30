"""Numbers and times as people read them; templates use these as filters."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from app.dashboard.strings import Translator

_UNITS = ((86_400, "time.days"), (3_600, "time.hours"), (60, "time.minutes"))


@dataclass(frozen=True, slots=True)
class Showing:
    """Shows values in one language, at one time.

    Times are written in UTC, each in a `<time>` that the browser's script rewrites for the zone it
    is in and keeps up to date (static/app.js); without the script, what stands there is true too.
    """

    t: Translator
    now: datetime  # aware

    def percent(self, ratio: float) -> str:
        """Show a probability or a share; 0 % and 100 % are said only where they are exact.

        Args:
            ratio: In [0, 1].
        """
        whole = round(ratio * 100)
        if whole == 0 and ratio > 0:
            return "< " + self.t("number.percent", n=1)
        if whole == 100 and ratio < 1:
            return "> " + self.t("number.percent", n=99)
        return self.t("number.percent", n=whole)

    def number(self, value: float, digits: int = 0) -> str:
        """Show a number, its thousands in groups."""
        text = f"{value:,.{digits}f}"
        marks = {",": self.t("number.group"), ".": self.t("number.point")}
        return "".join(marks.get(char, char) for char in text)

    def span(self, time: timedelta) -> str:
        """Show how long a time is, in its largest whole unit."""
        seconds = int(abs(time).total_seconds())
        for size_s, key in _UNITS:
            if seconds >= size_s:
                return self.t(key, n=seconds // size_s)
        return self.t("time.moment")

    def moment(self, at: datetime) -> Markup:
        """Show a date with its time."""
        text = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return _time(at, "moment", text)

    def ago(self, at: datetime) -> Markup:
        """Show how long ago something was; in the future, in how long it will be."""
        key = "time.ago" if at <= self.now else "time.ahead"
        return _time(at, "ago", self.t(key, span=self.span(self.now - at)))

    def left(self, due_at: datetime) -> Markup:
        """Show how much time is left until something is due, or by how much it is over."""
        over = due_at < self.now
        text = self.t("time.over" if over else "time.left", span=self.span(due_at - self.now))
        return _time(due_at, "left", text, " over" if over else "")


def _time(at: datetime, kind: str, text: str, more: str = "") -> Markup:
    """Write a `<time>` element.

    Source:
        HTML Living Standard, section 4.5.14, "The time element": a global date and time string.
    """
    exact = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup(
        '<time class="{kind}{more}" data-time="{kind}" datetime="{exact}">{text}</time>'
    ).format(kind=kind, more=more, exact=exact, text=text)
