import asyncio
import socket
from contextlib import ExitStack

import pytest

from app.cli.server import bound, bound_nearby, listen
from app.errors import ConfigError


@pytest.fixture
def neighbours():
    """Two ports in a row that nobody uses; whoever is quicker on the second makes us look on."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first = probe.getsockname()[1]
        if first < 65_000:
            return first, first + 1


def test_a_free_port_is_taken_and_nothing_said(neighbours, capsys):
    with bound_nearby("127.0.0.1", neighbours[0]) as listener:
        assert listener.getsockname()[1] == neighbours[0]

    assert capsys.readouterr().err == ""


def test_the_next_free_port_is_taken_and_said(neighbours, capsys):
    first, second = neighbours
    with (
        socket.create_server(("127.0.0.1", first)),
        bound_nearby("127.0.0.1", first, listening=True) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        taken = listener.getsockname()[1]

    assert second <= taken <= first + 10
    assert capsys.readouterr().err == f"port {first} is in use; taking {taken}\n"


def test_no_more_than_ten_further_ports_are_tried(capsys):
    last = 65_535
    with ExitStack() as held:
        for port in range(last - 1, last + 1):
            held.enter_context(socket.create_server(("127.0.0.1", port)))

        with pytest.raises(ConfigError) as refused, bound_nearby("127.0.0.1", last - 1):
            pass

    assert refused.value.detail == "ports 65534 to 65535 are in use; give another with --port"


def test_an_address_that_is_not_ours_is_told_at_once():
    with pytest.raises(ConfigError) as refused, bound_nearby("203.0.113.7", 8080):
        pass

    assert "port 8080: Cannot assign requested address" in refused.value.detail


def test_what_is_answered_in_parts_waits_for_no_acknowledgement():
    async def option_of_what_is_accepted():
        seen = asyncio.get_running_loop().create_future()

        async def answer(_, writer):
            accepted = writer.get_extra_info("socket")
            seen.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with bound("127.0.0.1", 0) as listener:
            listen(listener)
            async with await asyncio.start_server(answer, sock=listener):
                _, client = await asyncio.open_connection(*listener.getsockname())
                client.close()
                return await asyncio.wait_for(seen, 10)

    assert asyncio.run(option_of_what_is_accepted()) == 1
