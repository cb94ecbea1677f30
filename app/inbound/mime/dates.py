"""A day as people write it in a sentence.

In English, German, French, Spanish, Portuguese, Dutch and Swedish.
"""

import re
from datetime import date, timedelta
from enum import Enum


class Order(Enum):
    """What the first of two numbers is."""

    DAY_FIRST = "day_first"
    UNSURE = "unsure"  # English, British or American


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar janner janvier enero janeiro januari jan ene janv",
            "february februar feber fevrier febrero fevereiro februari feb fev fevr",
            "march marz mars marzo marco maart mar mrt mrz",
            "april avril abril apr avr abr",
            "may mai mayo maio mei maj",
            "june juni juin junio junho jun",
            "july juli juillet julio julho jul juil",
            "august aout agosto augustus augusti aug ago",
            "september septembre septiembre setembro sept sep set",
            "october oktober octobre octubre outubro oct okt out",
            "november novembre noviembre novembro nov",
            "december dezember decembre diciembre dezembro dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag lundi lunes segunda-feira maandag mandag",
            "tuesday dienstag mardi martes terca-feira dinsdag tisdag",
            "wednesday mittwoch mercredi miercoles quarta-feira woensdag onsdag",
            "thursday donnerstag jeudi jueves quinta-feira donderdag torsdag",
            "friday freitag vendredi viernes sexta-feira vrijdag fredag",
            "saturday samstag samedi sabado zaterdag lordag",
            "sunday sonntag dimanche domingo zondag sondag",
        )
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(_WEEKDAYS)
_LEAD = (
    rf"\W{{0,3}}(?:(?:the|den|dem|der|le|el|dia|o|de|op|on|am|em|no|{_WEEKDAY})\W{{1,3}}){{0,4}}"
)
_YEAR = r"(?:\W{1,3}(?:de |del )?(20\d\d))?"
_ISO = re.compile(_LEAD + r"(20\d\d)-(\d\d)-(\d\d)\b")
_DAY_MONTH = re.compile(
    _LEAD
    + rf"(\d{{1,2}})(?:st|nd|rd|th|er|:e|e|º|o|ª)?\.?\s?(?:of |de |den )?({_MONTH})\b\.?{_YEAR}"
)
_MONTH_DAY = re.compile(_LEAD + rf"({_MONTH})\b\.?\s?(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}")
_NUMBERS = re.compile(_LEAD + r"(\d{1,2})([./-])(\d{1,2})(?:(?:\2)(20\d\d|\d\d(?!\d)))?(?![\d:])")
_WEEKDAY_ALONE = re.compile(
    rf"\W{{0,3}}(?:next |kommenden |naste |a |op |am |le |el |na )?({_WEEKDAY})\b"
)
_MOST_DAYS_AHEAD = 270  # a day without a year that is further ahead was last year's


def find_date(text: str, *, order: Order, sent_on: date) -> date | None:
    """Read the day with which text begins, not before the day it was sent; None if unsure.

    Args:
        text: In small letters without accents, on one line.
        order: What 5/1 means.
        sent_on: What a day without a year, and a weekday, are counted from.
    """
    if match := _ISO.match(text):
        return _day(int(match[1]), int(match[2]), int(match[3]), sent_on)
    if match := _DAY_MONTH.match(text):
        return _of(match[3], _MONTHS[match[2]], int(match[1]), sent_on)
    if match := _MONTH_DAY.match(text):
        return _of(match[3], _MONTHS[match[1]], int(match[2]), sent_on)
    if match := _NUMBERS.match(text):
        return _from_numbers(match, order, sent_on)
    if match := _WEEKDAY_ALONE.match(text):
        ahead = (_WEEKDAYS[match[1]] - sent_on.weekday()) % 7
        return sent_on + timedelta(days=ahead or 7)
    return None


def _from_numbers(match: re.Match[str], order: Order, sent_on: date) -> date | None:
    first, second = int(match[1]), int(match[3])
    if order is Order.UNSURE and match[2] != "." and first <= 12 and second <= 12 != first:
        return None if first != second else _of(match[4], first, second, sent_on)
    if order is Order.UNSURE and first <= 12 < second:
        return _of(match[4], first, second, sent_on)
    return _of(match[4], second, first, sent_on)


def _of(year: str | None, month: int, day: int, sent_on: date) -> date | None:
    """Make a day of its parts; one without a year is the next one that there is."""
    if year:
        return _day(int(year) % 100 + 2000, month, day, sent_on)
    this_year = _day(sent_on.year, month, day, sent_on)
    found = this_year or _day(sent_on.year + 1, month, day, sent_on)
    return found if found and (found - sent_on).days <= _MOST_DAYS_AHEAD else None


def _day(year: int, month: int, day: int, sent_on: date) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found >= sent_on else None
