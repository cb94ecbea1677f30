import threading
from concurrent.futures import Future

import pytest
from support_predict import predict_by_word

from app.errors import Overloaded, PredictionLate
from app.explaining import MAX_RUNNING, MAX_WAITING, PIECE, Explainer
from models.evidence import Asked

LINES = [f"line {n}" for n in range(20)]
LONG = Asked(subject="", text="\n".join([*LINES, "the price"]), labels=("pricing",))


class Queue:
    """Stands where the batcher's queue would: answers at once, unless told to hold or to fail."""

    def __init__(self, *, waiting=0, holds=False, error=None):
        self.waiting = waiting
        self.holds = holds
        self.error = error
        self.calls = []
        self.futures = []
        self.asked = threading.Semaphore(0)

    def submit(self, texts):
        self.calls.append(list(texts))
        future = Future()
        self.futures.append(future)
        if self.error is not None:
            future.set_exception(self.error)
        elif not self.holds:
            future.set_result(predict_by_word(texts))
        self.asked.release()
        return future

    def explainer(self, *, timeout_s=30.0):
        return Explainer(self.submit, lambda: self.waiting, timeout_s=timeout_s)


def test_evidence_is_found_through_the_queue_in_small_pieces():
    queue = Queue()

    ((label, found),) = queue.explainer().explain([LONG])[0].items()

    assert (label, found.sentence) == ("pricing", "the price")
    sizes = [len(piece) for piece in queue.calls]
    assert max(sizes) == PIECE
    assert min(sizes) >= 1


def test_no_explanation_is_begun_while_messages_wait():
    busy, free = Queue(waiting=MAX_WAITING + 1), Queue(waiting=MAX_WAITING)

    with pytest.raises(Overloaded) as refused:
        busy.explainer().explain([LONG])

    assert type(refused.value) is Overloaded
    assert busy.calls == []
    assert free.explainer().explain([LONG])


def test_what_is_late_is_taken_out_of_the_queue():
    queue = Queue(holds=True)

    with pytest.raises(PredictionLate):
        queue.explainer(timeout_s=0.01).explain([LONG])

    assert [future.cancelled() for future in queue.futures] == [True]


@pytest.mark.parametrize(
    "error", [RuntimeError("canary"), Overloaded("stopping")], ids=["fails", "stops"]
)
def test_a_model_that_fails_is_told_as_a_lack_of_time(error):
    with pytest.raises(Overloaded) as refused:
        Queue(error=error).explainer().explain([LONG])

    assert "canary" not in str(refused.value)


def test_few_are_explained_at_once_and_a_place_is_given_back():
    queue = Queue(holds=True)
    explainer = queue.explainer()
    running = [
        threading.Thread(target=lambda: explainer.explain([LONG])) for _ in range(MAX_RUNNING)
    ]
    for thread in running:
        thread.start()
    for _ in running:
        assert queue.asked.acquire(timeout=10)

    with pytest.raises(Overloaded):
        explainer.explain([LONG])

    queue.holds = False
    for texts, future in zip(list(queue.calls), list(queue.futures), strict=True):
        future.set_result(predict_by_word(texts))
    for thread in running:
        thread.join(timeout=10)
    assert explainer.explain([LONG])[0]["pricing"].sentence == "the price"


def test_a_place_is_given_back_after_a_failure():
    queue = Queue(error=RuntimeError())
    explainer = queue.explainer()
    for _ in range(MAX_RUNNING + 1):
        with pytest.raises(Overloaded):
            explainer.explain([LONG])

    queue.error = None
    assert explainer.explain([LONG])[0]["pricing"].sentence == "the price"
