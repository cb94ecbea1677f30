import asyncio
import threading

import pytest

from app.api.remembered import REMEMBER_S, RENEW_S, Remembered
from app.errors import StorageDown


class LookUps:
    """A look-up that counts, and waits where it is told to."""

    def __init__(self):
        self.asked = []
        self.open = threading.Event()
        self.open.set()
        self.fails = False

    def __call__(self, key):
        number = len(self.asked) + 1
        self.asked.append(key)
        assert self.open.wait(10)
        if self.fails:
            raise StorageDown("no database")
        return f"{key}{number}"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def look_up():
    return LookUps()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def remembered(look_up, clock):
    return Remembered(look_up, most=3, monotonic=clock)


async def settled(look_up, asked):
    """Let the loop go on until so many look-ups have been made and taken note of."""
    while len(look_up.asked) < asked:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)


def test_what_is_known_is_not_looked_up_again(remembered, look_up, clock):
    async def calls():
        first = await remembered.get("a")
        clock.now = RENEW_S
        return first, await remembered.get("a")

    assert asyncio.run(calls()) == ("a1", "a1")
    assert look_up.asked == ["a"]


def test_all_who_ask_for_what_is_not_known_wait_for_one_look_up(remembered, look_up):
    async def calls():
        return await asyncio.gather(*(remembered.get("a") for _ in range(50)))

    assert asyncio.run(calls()) == ["a1"] * 50
    assert look_up.asked == ["a"]


def test_what_grows_old_is_looked_up_beside_the_calls_that_use_it(remembered, look_up, clock):
    async def calls():
        await remembered.get("a")
        clock.now = RENEW_S + 0.1
        look_up.open.clear()
        meanwhile = [await remembered.get("a") for _ in range(20)]
        look_up.open.set()
        await settled(look_up, 2)
        return meanwhile, await remembered.get("a")

    assert asyncio.run(calls()) == (["a1"] * 20, "a2")
    assert look_up.asked == ["a", "a"]


def test_what_is_too_old_is_waited_for(remembered, look_up, clock):
    async def calls():
        await remembered.get("a")
        clock.now = REMEMBER_S + 0.1
        return await remembered.get("a")

    assert asyncio.run(calls()) == "a2"


def test_a_look_up_that_fails_beside_is_tried_again_and_told_to_who_must_wait(
    remembered, look_up, clock
):
    async def calls():
        await remembered.get("a")
        look_up.fails = True
        clock.now = RENEW_S + 0.1
        still = await remembered.get("a")
        await settled(look_up, 2)
        clock.now = REMEMBER_S + 0.1
        with pytest.raises(StorageDown):
            await remembered.get("a")
        return still

    assert asyncio.run(calls()) == "a1"


def test_a_caller_that_goes_away_leaves_the_look_up_to_the_others(remembered, look_up):
    async def calls():
        look_up.open.clear()
        gone, other = (asyncio.create_task(remembered.get("a")) for _ in range(2))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0.01)
        look_up.open.set()
        return gone.cancelled(), await other

    assert asyncio.run(calls()) == (True, "a1")


def test_the_answer_read_longest_ago_is_forgotten_first(remembered, look_up):
    async def calls():
        for key in "abcd":
            await remembered.get(key)
        return await remembered.get("d"), await remembered.get("a")

    assert asyncio.run(calls()) == ("d4", "a5")
