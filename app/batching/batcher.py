"""The micro-batcher: one thread runs the model, joining the calls that wait into one pass."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from app.errors import Overloaded
from models.prediction import Prediction

Predict = Callable[[Sequence[str]], list[Prediction]]

MAX_CALL = 256  # texts that one call may always bring to an empty queue
MAX_RETRY_AFTER_S = 30
_STOPPING = "the service is stopping"
_NEWEST = 0.25  # what the newest pass counts in the mean of the recent ones


class _Call:
    """One caller's texts, the answers so far, and the future that gets them all."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.future: Future[list[Prediction]] = Future()
        self.answers: list[Prediction] = []
        self.taken = 0  # texts that a pass has taken

    @property
    def left(self) -> int:
        """Texts that no pass has taken yet."""
        return len(self.texts) - self.taken

    def start(self) -> bool:
        """Whether a caller still waits; from here on it cannot cancel."""
        if self.taken:
            return not self.future.done()
        return self.future.set_running_or_notify_cancel()

    def take(self, room: int) -> tuple[str, ...]:
        """Hand over the next texts, as many as a pass has room for."""
        piece = self.texts[self.taken : self.taken + room]
        self.taken += len(piece)
        return piece

    def add(self, answers: Sequence[Prediction]) -> None:
        """Keep a pass's answers; the last ones settle the future."""
        self.answers.extend(answers)
        if len(self.answers) == len(self.texts):
            with suppress(InvalidStateError):  # close() was quicker
                self.future.set_result(self.answers)

    def fail(self, error: BaseException) -> None:
        """Tell the caller, unless it has been told."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)


_Piece = tuple[_Call, tuple[str, ...]]


class Batcher:
    """Answers texts in the order asked, never more than `max_batch` in one pass.

    A big call is spread over passes, and takes its turn again behind those who came after it.
    """

    def __init__(
        self,
        predict: Predict,
        *,
        max_batch: int,
        max_waiting: int,
        max_wait_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the thread that runs the model.

        Args:
            predict: The model; only that thread calls it.
            max_batch: Texts in one pass.
            max_waiting: Texts that may wait, however fast the model is.
            max_wait_s: For which a call may have to wait for its first turn, reckoned from recent
                passes. An empty queue takes any call.
            monotonic: The clock, in seconds.
        """
        self._predict = predict
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._monotonic = monotonic
        self._queue: deque[_Call] = deque()
        self._in_hand: list[_Piece] = []
        self._waiting = 0
        self._closed = False
        self._began_s = 0.0  # the pass in progress
        self._s_per_text = 0.0  # of recent passes; 0: none yet
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Texts that no pass has taken yet."""
        return self._waiting

    @property
    def alive(self) -> bool:
        """Whether texts are answered."""
        return self._thread.is_alive() and not self._closed

    def submit(self, texts: Sequence[str]) -> Future[list[Prediction]]:
        """Queue one call's texts; its future gives their predictions in the order given.

        Raises:
            Overloaded: The queue is full or closed; says when to come back.
        """
        call = _Call(texts)
        if not call.texts:
            call.future.set_result([])
            return call.future
        with self._changed:
            self._admit(len(call.texts))
            self._queue.append(call)
            self._waiting += len(call.texts)
            self._changed.notify()
        return call.future

    def check_room(self) -> None:
        """Refuse as `submit` would refuse one text now, before a call is read at some cost.

        Raises:
            Overloaded: The queue is full or closed; says when to come back.
        """
        with self._changed:
            self._admit(1)

    def close(self, timeout_s: float) -> None:
        """Refuse what waits, give the pass in progress its time to end, and stop the thread."""
        with self._changed:
            self._closed = True
            left = list(self._queue)
            self._queue.clear()
            self._waiting = 0
            self._changed.notify()
        for call in left:
            call.fail(Overloaded(_STOPPING))
        self._thread.join(timeout_s)
        for call, _ in self._in_hand:  # of a pass that did not end in time
            call.fail(Overloaded(_STOPPING))

    def _admit(self, texts: int) -> None:
        most = max(self._max_waiting, MAX_CALL)
        if texts > most:
            raise ValueError(f"a call has at most {most} texts")
        if not self.alive:
            raise Overloaded(_STOPPING)
        if not self._queue:
            return
        wait_s = self._wait_s()
        if self._waiting + texts > self._max_waiting or wait_s > self._max_wait_s:
            raise Overloaded(
                "too many messages wait for the model",
                retry_after_s=min(max(1, math.ceil(wait_s)), MAX_RETRY_AFTER_S),
            )

    def _wait_s(self) -> float:
        """Reckon how long a new call's first turn will have to wait for what is before it."""
        turn = self._turn()
        ahead = sum(min(call.left, turn) for call in self._queue)
        return ahead * self._s_per_text + self._pass_left_s()

    def _pass_left_s(self) -> float:
        """Reckon the rest of the pass in progress; one that is late, as late again."""
        if not self._in_hand or not self._s_per_text:
            return 0.0
        whole_s = _size(self._in_hand) * self._s_per_text
        return abs(whole_s - (self._monotonic() - self._began_s))

    def _turn(self) -> int:
        """Say how many texts of one call go into a pass: half of the wait at most.

        Behind a big call of which one turn is in hand and the next one waits, there is then still
        time for a small one.
        """
        if not self._s_per_text:
            return self._max_batch
        fitting = int(self._max_wait_s / 2 / self._s_per_text)
        return min(max(1, fitting), self._max_batch)

    def _run(self) -> None:
        while pieces := self._next():
            self._settle(pieces)
            self._learn((self._monotonic() - self._began_s) / _size(pieces))

    def _learn(self, s_per_text: float) -> None:
        weight = _NEWEST if self._s_per_text else 1.0
        self._s_per_text += weight * (s_per_text - self._s_per_text)

    def _next(self) -> list[_Piece]:
        """Wait for texts and take a pass full of them; nothing when closed."""
        with self._changed:
            self._in_hand = []
            while not self._in_hand and not self._closed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                self._in_hand = self._take()
            self._began_s = self._monotonic()
            return self._in_hand

    def _take(self) -> list[_Piece]:
        pieces: list[_Piece] = []
        room, turn = self._max_batch, self._turn()
        for _ in range(len(self._queue)):  # each call once
            call = self._queue.popleft()
            if not call.start():
                self._waiting -= call.left
                continue
            piece = call.take(min(room, turn))
            pieces.append((call, piece))
            room -= len(piece)
            self._waiting -= len(piece)
            if call.left:
                self._queue.append(call)
            if not room:
                break
        return pieces

    def _settle(self, pieces: list[_Piece]) -> None:
        """Answer some calls; where the model fails, only the call that it fails on."""
        try:
            self._answer(pieces)
        except BaseException as error:  # noqa: BLE001  a panic too: who waits is told, the thread lives
            if len(pieces) == 1:
                pieces[0][0].fail(_as_exception(error))
                return
            for piece in pieces:
                self._settle([piece])

    def _answer(self, pieces: list[_Piece]) -> None:
        texts = list(dict.fromkeys(text for _, piece in pieces for text in piece))
        answers = dict(zip(texts, self._predict(texts), strict=True))
        for call, piece in pieces:
            call.add([answers[text] for text in piece])


def _size(pieces: Sequence[_Piece]) -> int:
    return sum(len(piece) for _, piece in pieces)


def _as_exception(error: BaseException) -> Exception:
    """Keep a thread's SystemExit or a Rust panic from ending the thread that waits."""
    if isinstance(error, Exception):
        return error
    return RuntimeError(f"the model failed with {type(error).__name__}")
