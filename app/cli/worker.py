"""`inlet worker`."""

import signal
import threading
from contextlib import closing

from app.cli.leaving import STOP_SIGNALS, leave_on_signals
from app.cli.output import say, told_errors
from app.logs import configure_logs
from app.parts import open_database_of, worker_of
from app.runtime import STOP_S
from app.settings import load_settings
from app.worker import Worker

_LOOK_S = 1.0  # for a worker thread that died


def worker() -> None:
    """Deliver webhooks alone, beside services that run with INLET_RUN_WORKER=false."""
    leave_on_signals()
    with told_errors():
        settings = load_settings()
        configure_logs(settings.log_level)
        with closing(open_database_of(settings)) as database:
            _deliver_until_signal(worker_of(settings, database))


def _deliver_until_signal(worker: Worker) -> None:
    """Deliver in a thread; at the first signal finish what is in flight, at the next one leave."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), name="worker", daemon=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # they wait until they are asked for
    thread.start()
    say("delivering; stop with Ctrl-C")
    while thread.is_alive() and signal.sigtimedwait(STOP_SIGNALS, _LOOK_S) is None:
        pass
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    stop.set()
    worker.wake()
    thread.join(STOP_S)
