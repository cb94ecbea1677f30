"""One caller's texts on their way through passes of the model."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass

from models.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Piece:
    """Some neighbouring texts of a call, which go into one pass."""

    call: "Call"
    place: int  # of the first of them in the call
    texts: tuple[str, ...]


class Call:
    """The texts, the answers so far, and the future that gets them all."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.future: Future[list[Prediction]] = Future()
        self._taken = 0  # texts that passes have taken
        self._answers: dict[int, Sequence[Prediction]] = {}  # of each piece, by its place
        self._open = len(self.texts)  # texts without an answer
        self._lock = threading.Lock()  # two passes may answer pieces at the same time

    @property
    def left(self) -> int:
        """Texts that no pass has taken yet."""
        return len(self.texts) - self._taken

    def start(self) -> bool:
        """Whether a caller still waits; from here on it cannot cancel."""
        if self._taken:
            return not self.future.done()
        return self.future.set_running_or_notify_cancel()

    def take(self, room: int) -> Piece:
        """Hand over the next texts, as many as a pass has room for."""
        piece = Piece(self, self._taken, self.texts[self._taken : self._taken + room])
        self._taken += len(piece.texts)
        return piece

    def add(self, piece: Piece, answers: Sequence[Prediction]) -> None:
        """Keep a pass's answers; the last ones settle the future."""
        with self._lock:
            self._answers[piece.place] = answers
            self._open -= len(answers)
            whole = not self._open
        if whole:
            every = [answer for place in sorted(self._answers) for answer in self._answers[place]]
            with suppress(InvalidStateError):  # close() was quicker
                self.future.set_result(every)

    def fail(self, error: BaseException) -> None:
        """Tell the caller, unless it has been told."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)
