from dataclasses import replace

from tests.benchmarks.overload_judge import Flood, explains_itself, judged
from tests.benchmarks.serve_load import Call, Load

PROBLEM = b'{"code": "overloaded", "status": 503}'
HEAD = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 9\r\n\r\n"


def call(began_s, took_s, status=200, head=b"", body=b""):
    ended_s = began_s + took_s
    return Call(number=0, began_s=began_s, ended_s=ended_s, status=status, head=head, body=body)


def flood(*calls, **changes):
    whole = Load(calls=calls, from_s=0.0, until_s=10.0)
    looks = (call(0.0, 0.002),)
    seen = Flood(
        capacities_per_s=(0.5, 1.5),
        load=whole,
        loading=looks,
        flooded=looks,
        recovery_s=0.5,
        growth_mb=3.0,
    )
    return replace(seen, **changes)


GOOD = [call(float(second), 0.5) for second in range(10)]
REFUSED = [call(float(second), 0.01, 503, HEAD, PROBLEM) for second in range(10)]


def test_a_flood_that_keeps_every_promise_breaks_none():
    verdict = judged(flood(*GOOD, *REFUSED))

    assert verdict.broken == ()
    assert (verdict.goodput_ratio, verdict.accepted_p99_ms, verdict.refused_p99_ms) == (1, 500, 10)


def test_every_broken_promise_is_named():
    slow = [call(float(second), 1.5) for second in range(5)]
    late = [call(1.0, 0.2, 503, HEAD, PROBLEM)]
    bare = [call(1.0, 0.01, 503, HEAD, b"busy"), call(1.0, 0.01, 0)]
    looks = (call(0.0, 0.3),)

    verdict = judged(
        flood(*slow, *late, *bare, loading=looks, flooded=looks, recovery_s=None, growth_mb=51.0)
    )

    assert verdict.broken == (
        "goodput is 0.5 of the capacity, not 0.9",
        "an accepted message took 1500.0 ms; promised: at most 1000.0",
        "a refusal took 200.0 ms; promised: at most 50.0",
        "1 messages were neither taken nor refused; promised: at most 0",
        "1 refusals do not explain themselves; promised: at most 0",
        "/livez took 300.0 ms while loading; promised: at most 50.0",
        "/livez took 300.0 ms under load; promised: at most 50.0",
        "memory grew by 51.0 MB; promised: at most 50.0",
        "recovery took None s; promised: at most 5.0",
    )


def test_a_refusal_needs_a_time_and_a_reason():
    assert explains_itself(call(0, 0, 503, HEAD, PROBLEM))
    assert not explains_itself(call(0, 0, 503, HEAD, b"{}"))
    assert not explains_itself(call(0, 0, 503, b"HTTP/1.1 503 x\r\n\r\n", PROBLEM))
