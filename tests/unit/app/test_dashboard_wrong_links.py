import pytest
from starlette.datastructures import Headers

from app.dashboard.wrong_links import MOST, WINDOW_S, WrongLinks, client_of


class Monotonic:
    def __init__(self):
        self.now_s = 1_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def monotonic():
    return Monotonic()


@pytest.fixture
def wrong_links(monotonic):
    return WrongLinks(monotonic)


def note(wrong_links, client, times):
    for _ in range(times):
        wrong_links.note(client)


def test_a_few_wrong_links_cost_no_wait(wrong_links):
    note(wrong_links, "a", MOST - 1)

    assert wrong_links.wait_s("a") == 0


def test_too_many_wrong_links_cost_the_rest_of_the_window(wrong_links, monotonic):
    note(wrong_links, "a", MOST)
    monotonic.now_s += 100

    assert wrong_links.wait_s("a") == WINDOW_S - 100


def test_one_client_costs_another_no_wait(wrong_links):
    note(wrong_links, "a", MOST)

    assert wrong_links.wait_s("b") == 0


def test_after_the_window_counting_begins_anew(wrong_links, monotonic):
    note(wrong_links, "a", MOST)
    monotonic.now_s += WINDOW_S
    note(wrong_links, "a", MOST - 1)

    assert wrong_links.wait_s("a") == 0


def test_of_many_clients_the_earliest_is_forgotten(wrong_links):
    note(wrong_links, "first", MOST)
    for number in range(4_096):
        wrong_links.note(str(number))

    assert wrong_links.wait_s("first") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("10.0.0.1", None), ("10.0.0.1", None), True),
        (("10.0.0.1", None), ("10.0.0.2", None), False),
        (("2001:db8::1", None), ("2001:db8::2", None), True),
        (("2001:db8::1", None), ("2001:db8:0:1::1", None), False),
        (("10.0.0.1", "203.0.113.7"), ("10.0.0.1", "203.0.113.8"), False),
        (("10.0.0.1", "1.1.1.1, 203.0.113.7"), ("10.0.0.1", "2.2.2.2, 203.0.113.7"), True),
        (("10.0.0.1", "x"), ("10.0.0.1", "y" * 5_000), True),
        ((None, None), ("", None), True),
    ],
)
def test_clients_are_told_apart_by_what_the_nearest_proxy_saw(one, other, same):
    names = [
        client_of(Headers({"x-forwarded-for": forwarded} if forwarded else {}), host)
        for host, forwarded in (one, other)
    ]

    assert (names[0] == names[1]) is same
