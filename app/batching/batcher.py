"""Some threads that run the model, and the queue of calls before them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from app.batching.call import Call, Piece
from app.batching.reckoning import Pass, Reckoning, retry_after_s
from app.errors import Overloaded
from models.prediction import Prediction

Predict = Callable[[Sequence[str]], list[Prediction]]

MAX_CALL = 256  # texts that one call may always bring to an empty queue
PASSES = 2  # while one computes, the other's texts are read, and its answers are written
LATER = 4  # texts of a pass that holds none of those that are waited for
_STOPPING = "the service is stopping"


class Batcher:
    """Takes texts up in the order asked, never more than `max_batch` into one pass.

    A big call is spread over passes, and takes its turn again behind those who came after it.
    What can wait is taken up while nothing else waits.
    """

    def __init__(
        self,
        predict: Predict,
        *,
        max_batch: int,
        max_waiting: int,
        max_wait_s: float,
        passes: int = PASSES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the threads that run the model.

        Args:
            predict: The model; only those threads call it.
            max_batch: Texts in one pass.
            max_waiting: Texts that may wait, however fast the model is.
            max_wait_s: For which a call may have to wait for its first turn, reckoned from recent
                passes. An empty queue takes any call.
            passes: At the same time.
            monotonic: The clock, in seconds.
        """
        self._predict = predict
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._reckoning = Reckoning(most=passes, monotonic=monotonic)
        self._queue: deque[Call] = deque()
        self._later: deque[Call] = deque()  # whose turn comes while the queue is empty
        self._in_hand: dict[Pass, list[Piece]] = {}
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name="batcher", daemon=True) for _ in range(passes)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Texts that no pass has taken yet."""
        with self._changed:
            return _left(self._queue) + _left(self._later)

    @property
    def alive(self) -> bool:
        """Whether texts are answered."""
        return not self._closed and all(thread.is_alive() for thread in self._threads)

    def submit(self, texts: Sequence[str]) -> Future[list[Prediction]]:
        """Queue one call's texts; its future gives their predictions in the order given.

        Raises:
            Overloaded: The queue is full or closed; says when to come back.
        """
        return self._submitted(Call(texts), self._queue)

    def submit_later(self, texts: Sequence[str]) -> Future[list[Prediction]]:
        """Queue texts that may wait until no others do, a few of them to a pass.

        Raises:
            Overloaded: Too many wait so, or the batcher is closed.
        """
        return self._submitted(Call(texts), self._later)

    def _submitted(self, call: Call, queue: deque[Call]) -> Future[list[Prediction]]:
        if not call.texts:
            call.future.set_result([])
            return call.future
        with self._changed:
            self._admit(len(call.texts), queue)
            queue.append(call)
            self._changed.notify()
        return call.future

    def check_room(self) -> None:
        """Refuse as `submit` would refuse one text now, before a call is read at some cost.

        Raises:
            Overloaded: The queue is full or closed; says when to come back.
        """
        with self._changed:
            self._admit(1, self._queue)

    def close(self, timeout_s: float) -> None:
        """Refuse what waits, give the passes under way their time to end, and stop the threads."""
        with self._changed:
            self._closed = True
            left = [*self._queue, *self._later]
            self._queue.clear()
            self._later.clear()
            self._changed.notify_all()
        for call in left:
            call.fail(Overloaded(_STOPPING))
        until_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        with self._changed:
            unended = [piece.call for pieces in self._in_hand.values() for piece in pieces]
        for call in unended:
            call.fail(Overloaded(_STOPPING))

    def _admit(self, texts: int, queue: deque[Call]) -> None:
        most = max(self._max_waiting, MAX_CALL)
        if texts > most:
            raise ValueError(f"a call has at most {most} texts")
        if not self.alive:
            raise Overloaded(_STOPPING)
        if not queue:
            return
        turn = self._turn()
        wait_s = self._reckoning.wait_s(sum(min(call.left, turn) for call in queue))
        if _left(queue) + texts > self._max_waiting or wait_s > self._max_wait_s:
            raise Overloaded(
                "too many messages wait for the model", retry_after_s=retry_after_s(wait_s)
            )

    def _turn(self) -> int:
        """Say how many texts of one call go into a pass: half of the wait at most.

        Behind a big call of which one turn is in hand and the next one waits, there is then still
        time for a small one.
        """
        if not self._reckoning.s_per_text:
            return self._max_batch
        fitting = int(self._max_wait_s / 2 / self._reckoning.s_per_text)
        return min(max(1, fitting), self._max_batch)

    def _run(self) -> None:
        while taken := self._next():
            one, pieces = taken
            self._settle(pieces)
            with self._changed:
                self._reckoning.end(one)
                del self._in_hand[one]

    def _next(self) -> tuple[Pass, list[Piece]] | None:
        """Wait for texts and take a pass full of them; nothing when closed."""
        with self._changed:
            while not self._closed:
                self._changed.wait_for(lambda: self._queue or self._later or self._closed)
                pieces = self._take(self._queue, self._max_batch)
                pieces = pieces or self._take(self._later, min(LATER, self._max_batch))
                if self._queue or self._later:  # for the next thread
                    self._changed.notify()
                if pieces:
                    one = self._reckoning.begin(sum(len(piece.texts) for piece in pieces))
                    self._in_hand[one] = pieces
                    return one, pieces
            return None

    def _take(self, queue: deque[Call], room: int) -> list[Piece]:
        pieces: list[Piece] = []
        turn = self._turn()
        for _ in range(len(queue)):  # each call once
            call = queue.popleft()
            if not call.start():
                continue
            piece = call.take(min(room, turn))
            pieces.append(piece)
            room -= len(piece.texts)
            if call.left:
                queue.append(call)
            if not room:
                break
        return pieces

    def _settle(self, pieces: list[Piece]) -> None:
        """Answer some calls; where the model fails, only the call that it fails on."""
        try:
            self._answer(pieces)
        except BaseException as error:  # noqa: BLE001  a panic too: who waits is told, the thread lives
            if len(pieces) == 1:
                pieces[0].call.fail(_as_exception(error))
                return
            for piece in pieces:
                self._settle([piece])

    def _answer(self, pieces: list[Piece]) -> None:
        texts = list(dict.fromkeys(text for piece in pieces for text in piece.texts))
        answers = dict(zip(texts, self._predict(texts), strict=True))
        for piece in pieces:
            piece.call.add(piece, [answers[text] for text in piece.texts])


def _left(queue: deque[Call]) -> int:
    return sum(call.left for call in queue)


def _as_exception(error: BaseException) -> Exception:
    """Keep a thread's SystemExit or a Rust panic from ending the thread that waits."""
    if isinstance(error, Exception):
        return error
    return RuntimeError(f"the model failed with {type(error).__name__}")
