"""Calendars in which nobody ever works, or whose holidays are over."""

from collections.abc import Iterator
from datetime import date

from app.routing.linting.finding import Finding, error, line_of, warning
from app.routing.policy import Policy


def faults_of_calendars(policy: Policy, on: date) -> Iterator[Finding]:
    """Find calendars that are never open, and holidays that nobody brought up to date."""
    for name, calendar in policy.calendars.items():
        line = line_of(policy, "calendars", name)
        if not any(calendar.hours.values()):
            yield error(
                line,
                "never_open",
                f"the calendar {name} is never open: time in it does not pass",
                "give it hours",
            )
        if calendar.holidays and max(calendar.holidays) < on:
            yield warning(
                line,
                "past_holidays",
                f"the holidays of the calendar {name} are all over",
                "add those to come; a month and a day, such as 12-25, stand for every year",
            )
