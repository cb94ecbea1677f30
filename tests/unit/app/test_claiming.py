import random

from app.claiming import shared_out
from app.storage.claims import Ready


def rooms(**numbers):
    ready = {
        name: Ready(id=name, max_in_flight=4, rate_per_s=None, open_until=None) for name in numbers
    }
    return [(ready[name], room) for name, room in numbers.items()]


def given(free, after="", **numbers):
    """Who gets how many places, in the order of their turns."""
    shares = shared_out(free, rooms(**numbers), after=after)
    return [(one.id, share) for one, share in shares.items()]


def test_places_go_round_one_by_one():
    assert given(5, a=4, b=4, c=4) == [("a", 2), ("b", 2), ("c", 1)]


def test_nobody_gets_more_than_there_is_room_for():
    assert given(32, a=4, b=0, c=-2, d=1) == [("a", 4), ("d", 1)]


def test_the_turn_begins_after_the_one_that_had_the_last():
    assert given(2, after="b", a=4, b=4, c=4) == [("c", 1), ("a", 1)]
    assert given(1, after="c", a=4, b=4, c=4) == [("a", 1)]


def test_a_last_one_that_is_gone_does_not_stop_the_turns():
    assert given(1, after="bb", a=4, b=4, c=4) == [("c", 1)]


def test_where_there_is_no_place_or_nothing_to_do_nobody_gets_any():
    assert (given(0, a=4), given(4)) == ([], [])


def test_all_places_are_given_while_somebody_has_room():
    drawn = random.Random(5)
    for _ in range(2_000):
        numbers = {f"ep_{n}": drawn.randint(-1, 5) for n in range(drawn.randint(0, 6))}
        free = drawn.randint(0, 12)
        shares = dict(given(free, after=f"ep_{drawn.randint(0, 6)}", **numbers))

        wanted = {name: max(0, room) for name, room in numbers.items()}
        assert sum(shares.values()) == min(free, sum(wanted.values()))
        assert all(0 < share <= wanted[name] for name, share in shares.items())
        got = [(shares.get(name, 0), room) for name, room in wanted.items()]
        fullest = max((share for share, _ in got), default=0)
        assert all(share >= min(room, fullest - 1) for share, room in got)
