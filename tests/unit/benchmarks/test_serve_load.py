import asyncio
import threading

import pytest

from tests.benchmarks.serve_load import Target, arrivals, closed_loop, get, open_loop, post
from tests.benchmarks.stored_receiver import CountingReceiver
from tests.support_receiver import Receiver, status


def test_arrivals_are_the_same_for_a_seed_and_keep_to_their_rate():
    moments = arrivals(100.0, 10.0, seed=1)

    assert moments == arrivals(100.0, 10.0, seed=1)
    assert moments == sorted(moments)
    assert 900 < len(moments) < 1_100
    assert moments[-1] < 10.0


def test_a_request_says_how_long_it_is():
    head, _, body = post("/x", {"text": "é"}, Idempotency_Key="a").partition(b"\r\n\r\n")

    assert head.split(b"\r\n") == [
        b"POST /x HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        b"Idempotency-Key: a",
    ]


def test_a_closed_loop_asks_on_until_its_time_is_over():
    with Receiver(status(200, b"{}", headers=["Connection: close"])) as receiver:
        load = closed_loop(
            Target(receiver.port, [get("/a"), get("/b")]), clients=2, warm_up_s=0.0, seconds=0.2
        )

    assert {call.status for call in load.calls} == {200}
    assert {call.body for call in load.calls} == {b"{}"}
    assert sorted(call.number for call in load.calls) == list(range(len(load.calls)))
    assert {request.path for request in receiver.requests} == {"/a", "/b"}


def test_an_open_loop_does_not_wait_for_answers():
    waits = threading.Event()

    def late(talk):
        waits.wait(0.3)
        talk.send(status(200, b"{}", headers=["Connection: close"]))

    with Receiver(late) as receiver:
        load = open_loop(Target(receiver.port, [get("/")]), per_s=50.0, seconds=0.2)

    assert len(load.calls) == len(arrivals(50.0, 0.2, seed=0))
    assert max(call.took_ms for call in load.calls) < 2_000


def test_nobody_listening_is_a_call_without_status():
    with Receiver() as receiver:
        port = receiver.port

    load = closed_loop(Target(port, [get("/")]), clients=1, warm_up_s=0.0, seconds=0.01)

    assert {call.status for call in load.calls} == {0}


@pytest.mark.parametrize("times", [1, 3])
def test_the_receiver_counts_on_a_kept_connection(times):
    async def send(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(times):
            writer.write(post("/sales", {"a": 1}))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        writer.close()

    with CountingReceiver() as receiver:
        asyncio.run(send(receiver.port))

        assert receiver.count == times
