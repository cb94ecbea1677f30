from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.dashboard.showing import Showing
from app.dashboard.strings import load_catalogue

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
CATALOGUE = load_catalogue()


def showing(language="en"):
    return Showing(CATALOGUE[language], NOW)


def text_of(element):
    return element.partition(">")[2].removesuffix("</time>")


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (0.0, "0%"),
        (0.0001, "< 1%"),
        (0.004, "< 1%"),
        (0.006, "1%"),
        (0.734, "73%"),
        (0.994, "99%"),
        (0.996, "> 99%"),
        (1.0, "100%"),
    ],
)
def test_a_share_is_certain_only_where_it_is_exact(ratio, shown):
    assert showing().percent(ratio) == shown


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "12,345.6"), ("sv", "12\u00a0345,6"), ("de", "12.345,6")]
)
def test_numbers_are_written_as_in_the_language(language, shown):
    assert showing(language).number(12_345.62, 1) == shown


def test_a_share_in_swedish_keeps_its_sign_beside_it():
    assert showing("sv").percent(0.5) == "50\u00a0%"


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(seconds=60), "1\u00a0min"),
        (timedelta(minutes=59, seconds=59), "59\u00a0min"),
        (timedelta(hours=23, minutes=59), "23\u00a0h"),
        (timedelta(days=3, hours=5), "3\u00a0d"),
        (timedelta(minutes=-5), "5\u00a0min"),
    ],
)
def test_a_span_is_told_in_its_largest_whole_unit(time, shown):
    assert showing().span(time) == shown


def test_a_time_carries_its_instant_whatever_zone_it_came_in():
    stockholm = timezone(timedelta(hours=1))

    assert showing().moment(datetime(2026, 11, 26, 8, 30, 12, tzinfo=stockholm)) == (
        '<time class="moment" data-time="moment" datetime="2026-11-26T07:30:12Z">'
        "2026-11-26 07:30 UTC</time>"
    )


@pytest.mark.parametrize(
    ("language", "minutes", "shown"),
    [
        ("en", -12, "12\u00a0min ago"),
        ("en", 12, "in 12\u00a0min"),
        ("sv", -12, "för 12\u00a0min sedan"),
        ("de", -12, "vor 12\u00a0Min."),
    ],
)
def test_a_time_is_told_from_now(language, minutes, shown):
    told = showing(language).ago(NOW + timedelta(minutes=minutes))

    assert text_of(told) == shown


@pytest.mark.parametrize(
    ("minutes", "kind", "shown"),
    [(20, "left", "20\u00a0min left"), (-61, "left over", "1\u00a0h over"), (0, "left", None)],
)
def test_a_clock_tells_what_is_left_and_what_is_over(minutes, kind, shown):
    told = showing().left(NOW + timedelta(minutes=minutes))

    assert told.startswith(f'<time class="{kind}" data-time="left" datetime="2026-11-26T')
    assert text_of(told) == (shown or "under a minute left")
