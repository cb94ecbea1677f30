import pytest

from tests.benchmarks.serve_figures import (
    Measured,
    Rate,
    f1_of_answers,
    latencies_of,
    percentile,
    rate_of,
    ratios,
)
from tests.benchmarks.serve_load import Call, Load


def call(began_s, ended_s, status=200):
    return Call(number=0, began_s=began_s, ended_s=ended_s, status=status)


def server(name, per_s):
    rates = {
        clients: Rate(per_s=rate, p50_ms=1.0, p99_ms=1.0, answers=1, failed=0)
        for clients, rate in per_s.items()
    }
    return Measured(
        name=name,
        note="",
        start_s=1.0,
        memory_mb=1.0,
        closed=rates,
        half_load=rates[1],
        macro_f1=None,
        macro_f1_at_half=None,
    )


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([3.0], 0.99, 3.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0], 0.99, 2.0),
    ],
)
def test_a_percentile_is_a_value_that_was_seen(values, share, expected):
    assert percentile(values, share) == expected


def test_a_hundred_values_have_the_ninety_ninth_as_p99():
    assert percentile([float(value) for value in range(1, 101)], 0.99) == 99.0


def test_only_what_ends_in_the_stretch_counts():
    calls = (call(0.0, 0.9), call(0.5, 1.5), call(2.0, 2.25), call(2.9, 3.1), call(1.0, 2.0, 503))

    rate = rate_of(Load(calls=calls, from_s=1.0, until_s=3.0))

    assert rate == Rate(per_s=1.0, p50_ms=250.0, p99_ms=1000.0, answers=2, failed=1)


def test_of_an_open_loop_every_answer_counts_however_late():
    rate = latencies_of([call(0.0, 0.1), call(1.0, 9.0)])

    assert (rate.answers, rate.p50_ms, rate.p99_ms) == (2, 100.0, 8000.0)


def test_nothing_asked_is_nothing_answered():
    assert latencies_of([]) == Rate(per_s=0.0, p50_ms=None, p99_ms=None, answers=0, failed=0)


def test_f1_is_measured_on_the_chosen_messages():
    answered = {0: ["a"], 1: ["b"], 2: ["a", "b"]}
    held = [["a"], ["b"], ["b"]]

    assert f1_of_answers(answered, held, ["a", "b"], [0, 1]) == 1.0
    assert f1_of_answers(answered, held, ["a", "b"], [0, 1, 2]) == 0.833


def test_ratios_compare_the_first_with_each_other():
    found = ratios([server("ours", {1: 30.0, 8: 90.0}), server("theirs", {1: 15.0, 8: 10.0})])

    assert found == {"theirs": {"1 clients": 2.0, "8 clients": 9.0, "best": 6.0}}
