"""The process in which mails are parsed: it may be killed at any time, and nothing is lost."""

import contextlib
import math
import resource
import signal
from multiprocessing.connection import Connection

from app.inbound.mime.mail import parse_mail

READY = b"ready"


def serve(descriptor: int, memory_bytes: int) -> None:
    """Parse mails that come through a pipe, until its other end is closed.

    Args:
        descriptor: Of our end of a duplex pipe.
        memory_bytes: Of address space; with more the mail fails.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the service, which closes us
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    with Connection(descriptor) as pipe, contextlib.suppress(EOFError, OSError):
        pipe.send_bytes(READY)
        while True:
            own, cpu_s = pipe.recv()
            raw = pipe.recv_bytes()
            _limit(resource.RLIMIT_CPU, _used_cpu_s() + math.ceil(cpu_s))
            pipe.send(parse_mail(raw, own=own))


def _used_cpu_s() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return math.ceil(used.ru_utime + used.ru_stime)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    with contextlib.suppress(ValueError, OSError):  # a system without this limit, such as macOS
        resource.setrlimit(kind, (value, hard))
