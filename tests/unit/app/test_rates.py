from app.webhook.rates import UNLIMITED, Rates


class Seconds:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def spend_all(rates, endpoint_id, rate_per_s):
    room = rates.room(endpoint_id, rate_per_s)
    for _ in range(room):
        rates.spend(endpoint_id)
    return room


def test_an_endpoint_without_a_rate_has_room_for_all():
    rates = Rates(Seconds())
    rates.spend("ep_1")

    assert rates.room("ep_1", None) == UNLIMITED


def test_a_bucket_holds_a_second_and_fills_at_the_rate():
    seconds = Seconds()
    rates = Rates(seconds)

    assert [spend_all(rates, "ep_1", 5.0) for _ in range(2)] == [5, 0]
    seconds.now += 0.4
    assert spend_all(rates, "ep_1", 5.0) == 2
    seconds.now += 3_600
    assert spend_all(rates, "ep_1", 5.0) == 5


def test_a_rate_below_one_a_second_lets_single_attempts_through():
    seconds = Seconds()
    rates = Rates(seconds)

    rooms = []
    for _ in range(17):
        rooms.append(spend_all(rates, "ep_1", 0.125))
        seconds.now += 1.0
    assert rooms == [1, *[0] * 7, 1, *[0] * 7, 1]


def test_over_a_long_time_no_more_than_the_rate_goes_out():
    seconds = Seconds()
    rates = Rates(seconds)
    sent = 0
    for _ in range(1_000):
        sent += spend_all(rates, "ep_1", 7.0)
        seconds.now += 0.05

    assert 7 * 50 - 1 <= sent <= 7 * 50 + 7


def test_endpoints_have_buckets_of_their_own():
    rates = Rates(Seconds())
    spend_all(rates, "ep_1", 2.0)

    assert (rates.room("ep_1", 2.0), rates.room("ep_2", 2.0)) == (0, 2)


def test_a_rate_that_was_taken_away_and_set_again_begins_with_a_full_bucket():
    rates = Rates(Seconds())
    spend_all(rates, "ep_1", 2.0)
    rates.room("ep_1", None)

    assert rates.room("ep_1", 2.0) == 2
