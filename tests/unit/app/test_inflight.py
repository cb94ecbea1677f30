import threading

from app.webhook.inflight import InFlight

SOON_S = 10.0


def held(in_flight, *groups):
    """Start an item for each group, which end when the event is set."""
    release = threading.Event()
    for number, group in enumerate(groups):
        in_flight.start((number, group), lambda _: release.wait(SOON_S), group=group)
    return release


def test_items_are_counted_by_group_while_they_are_under_way():
    in_flight = InFlight(5)
    release = held(in_flight, "a", "b", "a")

    assert (in_flight.free(), in_flight.by_group()) == (2, {"a": 2, "b": 1})
    release.set()
    assert in_flight.wait_below(1, SOON_S)
    assert (in_flight.free(), in_flight.by_group(), in_flight.ended()) == (5, {}, 3)


def test_who_waits_for_an_end_hears_of_one_that_came_before():
    in_flight = InFlight(1)
    ended = in_flight.ended()
    held(in_flight, "a").set()
    in_flight.wait_below(1, SOON_S)

    assert in_flight.wait_for_end(ended, SOON_S) is True


def test_who_waits_for_an_end_is_told_where_none_can_come():
    in_flight = InFlight(1)

    assert in_flight.wait_for_end(in_flight.ended(), SOON_S) is False


def test_who_waits_for_an_end_waits_no_longer_than_that():
    in_flight = InFlight(1)
    release = held(in_flight, "a")

    assert in_flight.wait_for_end(in_flight.ended(), 0.01) is False
    release.set()
    assert in_flight.wait_for_end(0, SOON_S) is True


def test_an_item_whose_work_fails_frees_its_place(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    in_flight = InFlight(1)
    in_flight.start("x", lambda _: 1 / 0, group="a")

    assert in_flight.wait_below(1, SOON_S)
    assert (in_flight.free(), in_flight.settle("x")) == (1, False)


def test_an_item_is_settled_once():
    in_flight = InFlight(2)
    item = ("x",)
    release = threading.Event()
    in_flight.start(item, lambda _: release.wait(SOON_S), group="a")

    assert [in_flight.settle(item), in_flight.settle(item), in_flight.settle_rest()] == [
        True,
        False,
        [],
    ]
    release.set()
