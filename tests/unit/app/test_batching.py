import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

import pytest

from app.batching import MAX_CALL, MAX_RETRY_AFTER_S, Batcher
from app.batching.batcher import LATER
from app.batching.reckoning import Reckoning
from app.errors import Overloaded
from models.prediction import Prediction

DEADLINE_S = 10


def said(text):
    return Prediction(
        intents={"other": 0.5},
        labels=(),
        signals={},
        model_version=text,
        language="en",
        truncated=False,
    )


class Model:
    """Answers with the text as version; keeps its passes; waits in `hold`; fails on `poison`.

    It takes `s_per_text` of its own clock, which stands still but for that.
    """

    def __init__(self):
        self.passes = []
        self.s_per_text = 0.0
        self.now_s = 100.0
        self.open = threading.Event()
        self.open.set()
        self.gates = []  # of the passes that begin from now on; then `open` again
        self.entered = threading.Semaphore(0)

    def hold(self):
        self.open.clear()

    def predict(self, texts):
        self.passes.append(list(texts))
        gate = self.gates.pop(0) if self.gates else self.open
        self.entered.release()
        if not gate.wait(DEADLINE_S):
            raise TimeoutError
        self.now_s += self.s_per_text * len(texts)
        for text in texts:
            if isinstance(text, BaseException):
                raise text
        if "short" in texts:
            return []
        return [said(text) for text in texts]


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def start(model):
    made = []

    def start_batcher(*, max_batch=4, max_waiting=1000, max_wait_s=1.0, passes=1):
        batcher = Batcher(
            model.predict,
            max_batch=max_batch,
            max_waiting=max_waiting,
            max_wait_s=max_wait_s,
            passes=passes,
            monotonic=lambda: model.now_s,
        )
        made.append(batcher)
        return batcher

    yield start_batcher
    model.open.set()
    for batcher in made:
        batcher.close(DEADLINE_S)
        assert not batcher.alive


def busy(batcher, model):
    """Let the model be held in a pass, so that what comes now has to wait."""
    model.hold()
    future = batcher.submit(["busy"])
    assert model.entered.acquire(timeout=DEADLINE_S)
    return future


def run_passes(batcher, model, count, *, s_per_text):
    """Let the model answer single texts at a speed, and hold it in the next pass."""
    model.open.set()
    model.s_per_text = s_per_text
    for number in range(count):
        batcher.submit([f"pass {number}"]).result(DEADLINE_S)
        assert model.entered.acquire(timeout=DEADLINE_S)
    return busy(batcher, model)  # so the last of them has been reckoned


def change_speed(batcher, model, before_s, after_s, passes):
    """Run many passes at one speed and then some at another."""
    held = run_passes(batcher, model, 20, s_per_text=before_s)
    model.open.set()
    held.result(DEADLINE_S)
    run_passes(batcher, model, passes, s_per_text=after_s)


def admitted(batcher, most=200):
    """Submit small calls until one is refused, and count those before it."""
    for number in range(most):
        try:
            batcher.submit([f"call {number}"])
        except Overloaded:
            return number
    return most


def answers(future):
    return [prediction.model_version for prediction in future.result(DEADLINE_S)]


def test_a_call_gets_its_answers_in_its_order(start):
    assert answers(start().submit(["a", "b", "c"])) == ["a", "b", "c"]


def test_a_call_without_texts_is_answered_at_once(start, model):
    assert (answers(start().submit([])), model.passes) == ([], [])


@pytest.mark.parametrize("passes", [1, 2])
def test_sixteen_threads_get_their_own_answers(start, passes):
    batcher = start(max_batch=8, passes=passes)

    def call_often(thread):
        for number in range(60):
            texts = [f"{thread}-{number}-{i}" for i in range(1 + (thread + number) % 21)]
            assert answers(batcher.submit(texts)) == texts
        return True

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(call_often, range(16))) == [True] * 16
    assert batcher.waiting == 0


def test_waiting_calls_share_a_pass_and_a_big_one_is_spread(start, model):
    batcher = start(max_batch=4)
    busy(batcher, model)
    calls = [["a"], ["b", "c"], ["d", "e", "f", "g", "h", "i"], ["j"]]
    futures = [batcher.submit(call) for call in calls]
    waiting = batcher.waiting
    model.open.set()

    assert [answers(future) for future in futures] == calls
    assert waiting == 10
    assert model.passes == [
        ["busy"],
        ["a", "b", "c", "d"],
        ["j", "e", "f", "g"],  # who came after the big call does not wait for all of it
        ["h", "i"],
    ]


def test_one_text_is_predicted_once_in_a_pass(start, model):
    batcher = start(max_batch=8)
    busy(batcher, model)
    futures = [batcher.submit(["a", "b", "a"]), batcher.submit(["b"])]
    model.open.set()

    assert [answers(future) for future in futures] == [["a", "b", "a"], ["b"]]
    assert model.passes == [["busy"], ["a", "b"]]


@pytest.mark.parametrize("poison", [ValueError("bad"), MemoryError()])
def test_a_failing_call_fails_alone_and_the_next_batch_works(start, model, poison):
    batcher = start()
    busy(batcher, model)
    good, bad, also_good = (batcher.submit([text]) for text in ("a", poison, "b"))
    model.open.set()

    assert bad.exception(DEADLINE_S) is poison
    assert (answers(good), answers(also_good)) == (["a"], ["b"])
    assert answers(batcher.submit(["c"])) == ["c"]


@pytest.mark.parametrize("poison", [SystemExit(), KeyboardInterrupt()])
def test_what_would_end_a_thread_reaches_the_caller_as_an_error(start, poison):
    batcher = start()

    error = batcher.submit([poison]).exception(DEADLINE_S)

    assert repr(error) == f"RuntimeError('the model failed with {type(poison).__name__}')"
    assert answers(batcher.submit(["next"])) == ["next"]


def test_a_model_that_answers_too_few_fails_the_call(start):
    batcher = start()

    assert isinstance(batcher.submit(["short"]).exception(DEADLINE_S), ValueError)
    assert answers(batcher.submit(["next"])) == ["next"]


def test_a_big_call_that_fails_in_a_late_pass_fails_whole_and_its_rest_is_left_out(start, model):
    batcher = start(max_batch=2)
    poison = ValueError("bad")

    future = batcher.submit(["a", "b", "c", poison, "e", "f"])

    assert future.exception(DEADLINE_S) is poison
    assert answers(batcher.submit(["next"])) == ["next"]
    assert model.passes == [["a", "b"], ["c", poison], ["next"]]
    assert batcher.waiting == 0


def test_a_cancelled_call_costs_the_model_nothing(start, model):
    batcher = start()
    busy(batcher, model)
    left = batcher.submit(["left", "left too"])
    stayed = batcher.submit(["stayed"])
    assert left.cancel()
    model.open.set()

    assert answers(stayed) == ["stayed"]
    assert model.passes == [["busy"], ["stayed"]]
    assert batcher.waiting == 0
    with pytest.raises(CancelledError):
        left.result(DEADLINE_S)


def test_a_call_that_the_model_has_begun_cannot_be_cancelled(start, model):
    future = busy(start(), model)

    assert not future.cancel()
    model.open.set()
    assert answers(future) == ["busy"]


def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(start, model):
    batcher = start(max_waiting=3)
    busy(batcher, model)
    batcher.submit(["a", "b"])

    with pytest.raises(Overloaded) as refused:
        batcher.submit(["c", "d"])
    fits = batcher.submit(["c"])

    assert 1 <= refused.value.retry_after_s <= MAX_RETRY_AFTER_S
    model.open.set()
    assert answers(fits) == ["c"]


def test_whether_there_is_room_can_be_asked_before_a_call_is_read(start, model):
    batcher = start(max_waiting=1)
    busy(batcher, model)
    batcher.check_room()
    batcher.submit(["a"])

    with pytest.raises(Overloaded) as refused:
        batcher.check_room()

    assert 1 <= refused.value.retry_after_s <= MAX_RETRY_AFTER_S
    assert batcher.waiting == 1


def test_an_empty_queue_takes_a_call_of_full_size_however_small_it_is(start, model):
    batcher = start(max_batch=MAX_CALL, max_waiting=1)
    busy(batcher, model)
    texts = [f"{number}" for number in range(MAX_CALL)]
    future = batcher.submit(texts)

    with pytest.raises(Overloaded):
        batcher.submit(["one more"])
    model.open.set()
    assert answers(future) == texts


def test_a_call_that_can_never_fit_is_a_mistake(start):
    with pytest.raises(ValueError, match="a call has at most 256 texts"):
        start(max_waiting=1).submit(["a"] * (MAX_CALL + 1))


def test_closing_ends_the_pass_in_progress_and_refuses_what_waits(start, model):
    batcher = start()
    begun = busy(batcher, model)
    waiting = [batcher.submit(["a"]), batcher.submit(["b"] * 6)]
    waiting[-1].add_done_callback(lambda _: model.open.set())  # once close() has refused them

    batcher.close(DEADLINE_S)

    assert answers(begun) == ["busy"]
    assert [type(future.exception(0)) for future in waiting] == [Overloaded, Overloaded]
    assert (batcher.alive, batcher.waiting) == (False, 0)
    with pytest.raises(Overloaded):
        batcher.submit(["late"])


@pytest.mark.parametrize("text", ["fine", ValueError("bad")])
def test_closing_settles_even_a_pass_that_does_not_end_and_what_it_says_later_is_dropped(
    start, model, text
):
    batcher = start(max_batch=2)
    first = busy(batcher, model)
    futures = [batcher.submit([text]), batcher.submit(["a"]), batcher.submit(["b"])]
    gate = threading.Event()
    model.gates.append(gate)
    model.open.set()
    assert answers(first) == ["busy"]
    assert model.entered.acquire(timeout=DEADLINE_S)

    batcher.close(0.01)

    assert [type(future.exception(0)) for future in futures] == [Overloaded] * 3
    gate.set()
    batcher.close(DEADLINE_S)
    assert model.passes[:2] == [["busy"], [text, "a"]]
    assert len(model.passes) == (2 if text == "fine" else 4)  # a failing pass is tried one by one


def test_a_big_call_that_closing_cuts_short_is_refused(start, model):
    batcher = start(max_batch=2)
    model.hold()
    big = batcher.submit(["a", "b", "c"])
    assert model.entered.acquire(timeout=DEADLINE_S)
    big.add_done_callback(lambda _: model.open.set())

    batcher.close(DEADLINE_S)

    assert isinstance(big.exception(0), Overloaded)
    assert model.passes == [["a", "b"]]


def test_closing_twice_is_no_error_and_a_callback_may_submit(start):
    batcher = start()
    chained = Future()
    batcher.submit(["a"]).add_done_callback(lambda _: chained.set_result(batcher.submit(["b"])))

    assert answers(chained.result(DEADLINE_S)) == ["b"]
    batcher.close(DEADLINE_S)
    batcher.close(DEADLINE_S)


def test_a_batcher_says_that_it_lives(start):
    assert start().alive


# A budget for waiting: what is ahead of a call, in seconds at the recent speed


@pytest.mark.parametrize(
    ("s_per_text", "expected"),
    # a text in hand and those that wait before the last one admitted are a second together
    [(0.015625, 64), (0.125, 8), (0.5, 2), (30.0, 1)],
)
def test_a_fast_model_admits_many_and_a_slow_one_few(start, model, s_per_text, expected):
    batcher = start(max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=s_per_text)

    assert admitted(batcher) == expected


def test_before_the_first_pass_has_ended_only_the_bound_on_texts_counts(start, model):
    batcher = start(max_waiting=7, max_wait_s=0.001)
    busy(batcher, model)
    model.now_s += 60

    assert admitted(batcher) == 7


def test_however_fast_the_model_is_the_bound_on_texts_stays(start, model):
    batcher = start(max_waiting=7, max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=0.001)

    assert admitted(batcher) == 7


@pytest.mark.parametrize(
    ("before_s", "after_s", "passes", "expected"),
    [(0.01, 0.1, 4, 13), (0.01, 0.1, 8, 10), (0.1, 0.01, 4, 25), (0.1, 0.01, 8, 52)],
)
def test_the_reckoning_follows_a_change_of_speed_within_a_few_passes(
    start, model, before_s, after_s, passes, expected
):
    batcher = start(max_wait_s=1.0)
    change_speed(batcher, model, before_s, after_s, passes)

    assert admitted(batcher) == expected


def test_one_slow_pass_among_many_closes_no_door(start, model):
    batcher = start(max_wait_s=1.0)
    change_speed(batcher, model, 0.01, 0.1, 1)

    assert admitted(batcher) == 30


def test_an_empty_queue_takes_a_call_however_slow_the_model_is(start, model):
    batcher = start(max_wait_s=0.001)
    run_passes(batcher, model, 3, s_per_text=30.0)
    model.now_s += 600

    future = batcher.submit([f"{number}" for number in range(MAX_CALL)])

    with pytest.raises(Overloaded):
        batcher.submit(["one more"])
    model.open.set()
    assert len(answers(future)) == MAX_CALL


def test_what_is_in_hand_counts_until_it_is_due(start, model):
    batcher = start(max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=0.75)
    batcher.submit(["waits"])

    with pytest.raises(Overloaded):
        batcher.submit(["too early"])
    model.now_s += 0.5
    batcher.submit(["in time"])

    assert batcher.waiting == 2


def test_a_pass_that_is_late_is_thought_to_stay_late_as_long_again(start, model):
    batcher = start(max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=0.25)
    batcher.submit(["waits"])
    model.now_s += 0.25 + 0.75
    batcher.submit(["waits too"])
    model.now_s += 0.25

    with pytest.raises(Overloaded):
        batcher.submit(["one more"])


@pytest.mark.parametrize(
    ("s_per_text", "retry_after_s"), [(0.75, 2), (2.75, 6), (20.0, MAX_RETRY_AFTER_S)]
)
def test_a_refusal_names_the_seconds_until_what_waits_is_answered(
    start, model, s_per_text, retry_after_s
):
    batcher = start(max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=s_per_text)
    batcher.submit(["waits"])

    with pytest.raises(Overloaded) as refused:
        batcher.submit(["too many"])

    assert refused.value.retry_after_s == retry_after_s


def test_behind_a_big_call_there_is_room_for_a_small_one_and_it_waits_for_one_turn(start, model):
    batcher = start(max_batch=32, max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=0.0625)
    big = batcher.submit([f"big {number}" for number in range(MAX_CALL)])
    gate = threading.Event()
    model.gates.append(gate)
    model.open.set()
    assert model.entered.acquire(timeout=DEADLINE_S)

    small = batcher.submit(["small"])
    gate.set()

    assert (answers(small), len(answers(big))) == (["small"], MAX_CALL)
    sizes = [len(one) for one in model.passes[2:5]]
    assert (sizes, "small" in model.passes[3]) == ([8, 9, 8], True)


def test_big_calls_take_turns_and_small_ones_are_let_in_between(start, model):
    batcher = start(max_batch=32, max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=0.0625)
    gate = threading.Event()
    model.gates.append(gate)
    big = batcher.submit([f"big {number}" for number in range(100)])
    too = batcher.submit([f"too {number}" for number in range(100)])
    model.open.set()
    gate.set()

    assert (len(answers(big)), len(answers(too))) == (100, 100)
    begun = next(n for n, one in enumerate(model.passes) if "too 0" in one)
    ended = next(n for n, one in enumerate(model.passes) if "big 99" in one)
    assert begun < ended


# What can wait


def test_what_can_wait_is_taken_up_when_nothing_else_waits_and_a_few_at_a_time(start, model):
    batcher = start(max_batch=8)
    busy(batcher, model)
    later = [f"later {number}" for number in range(LATER + 1)]
    left = batcher.submit_later(later)
    first = batcher.submit(["a", "b"])
    assert batcher.waiting == len(later) + 2
    model.open.set()

    assert (answers(first), answers(left)) == (["a", "b"], later)
    assert model.passes == [["busy"], ["a", "b"], later[:LATER], later[LATER:]]


def test_what_can_wait_keeps_no_message_out(start, model):
    batcher = start(max_waiting=4, max_wait_s=1.0)
    run_passes(batcher, model, 1, s_per_text=0.25)
    batcher.submit_later(["a", "b", "c", "d"])

    assert admitted(batcher) == 4
    with pytest.raises(Overloaded):
        batcher.submit_later(["e"])


def test_closing_refuses_what_could_wait(start, model):
    batcher = start()
    busy(batcher, model)
    later = batcher.submit_later(["later"])
    later.add_done_callback(lambda _: model.open.set())

    batcher.close(DEADLINE_S)

    assert isinstance(later.exception(0), Overloaded)


# Two passes at the same time


def test_while_a_pass_is_under_way_another_one_begins(start, model):
    batcher = start(passes=2)
    busy(batcher, model)
    beside = batcher.submit(["beside"])

    assert model.entered.acquire(timeout=DEADLINE_S)  # though the first has not ended
    waits = batcher.submit(["waits"])
    assert batcher.waiting == 1
    model.open.set()
    assert (answers(beside), answers(waits)) == (["beside"], ["waits"])


def test_a_big_call_of_which_two_passes_have_a_part_is_answered_in_its_order(start, model):
    batcher = start(passes=2, max_batch=2)
    late, early = threading.Event(), threading.Event()
    model.gates += [late, early]
    texts = ["a", "b", "c", "d", "e"]
    future = batcher.submit(texts)
    assert model.entered.acquire(timeout=DEADLINE_S)
    assert model.entered.acquire(timeout=DEADLINE_S)
    early.set()
    assert model.entered.acquire(timeout=DEADLINE_S)  # the pass that took the last text
    late.set()

    assert answers(future) == texts
    assert sorted(map(tuple, model.passes)) == [("a", "b"), ("c", "d"), ("e",)]


def test_closing_settles_both_passes_that_do_not_end(start, model):
    batcher = start(passes=2)
    first = busy(batcher, model)
    second = batcher.submit(["beside"])
    assert model.entered.acquire(timeout=DEADLINE_S)

    batcher.close(0.01)

    assert [type(future.exception(0)) for future in (first, second)] == [Overloaded] * 2


class Moment:
    """A clock that is set."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_passes_that_overlap_are_reckoned_as_if_they_came_one_after_the_other():
    clock = Moment()
    reckoning = Reckoning(most=2, monotonic=clock)
    first, second = reckoning.begin(4), reckoning.begin(4)
    clock.now_s = 4.0
    reckoning.end(first)
    clock.now_s = 8.0
    reckoning.end(second)

    assert reckoning.s_per_text == 1.0


def test_where_a_pass_may_begin_at_once_nobody_waits_for_those_under_way():
    clock = Moment()
    reckoning = Reckoning(most=2, monotonic=clock)
    one = reckoning.begin(1)
    clock.now_s = 2.0
    reckoning.end(one)
    reckoning.begin(3)

    assert reckoning.wait_s(1) == 2.0
    reckoning.begin(3)
    assert reckoning.wait_s(1) == 2.0 + 3 * 2.0  # the one that began first ends first


def test_a_service_that_stood_still_has_not_become_slow():
    clock = Moment()
    reckoning = Reckoning(most=2, monotonic=clock)
    for began_s in (0.0, 500.0):
        clock.now_s = began_s
        one = reckoning.begin(2)
        clock.now_s += 1.0
        reckoning.end(one)

    assert reckoning.s_per_text == 0.5
