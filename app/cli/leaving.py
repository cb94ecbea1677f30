"""How a process that has not begun to serve ends at a signal."""

import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def leave_on_signals() -> None:
    """Let a signal end what has not begun to serve; process 1 of a container would ignore it."""
    for each in STOP_SIGNALS:
        signal.signal(each, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
