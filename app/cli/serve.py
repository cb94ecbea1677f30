"""`inlet serve` and `inlet worker`."""

import signal
import threading
from contextlib import closing
from types import FrameType
from typing import Annotated

import typer

from app.api.same_site import is_loopback
from app.cli.output import say, told_errors
from app.cli.server import STOP_SIGNALS, bound, bound_nearby, listen, server_of, shown_host
from app.cli.sign_in import sign_in_line
from app.logs import configure_logs
from app.main import create_app
from app.parts import open_database_of, utc_now, worker_of
from app.runtime import STOP_S
from app.settings import Settings, load_settings
from app.storage import keys, messages
from app.storage.engine import Database
from app.worker import Worker

_LOOK_S = 1.0  # for a worker thread that died


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="port; without it and INLET_PORT: 8080, or the next free one", min=0, max=65_535
        ),
    ] = None,
) -> None:
    """Run the service: the API and, unless INLET_RUN_WORKER is false, the deliveries."""
    leave_on_signals()
    with told_errors():
        read = load_settings()
        asked_for = port is not None or "port" in read.model_fields_set
        given = _overridden(read, host=host, port=port)
        configure_logs(given.log_level)
        with (bound if asked_for else bound_nearby)(given.host, given.port) as listener:
            settings = _overridden(given, port=listener.getsockname()[1])
            app = create_app(settings)
            listen(listener)
            say_where(settings, app.state.runtime.database)
            server_of(app).run(sockets=[listener])


def worker() -> None:
    """Deliver webhooks alone, beside services that run with INLET_RUN_WORKER=false."""
    leave_on_signals()
    with told_errors():
        settings = load_settings()
        configure_logs(settings.log_level)
        with closing(open_database_of(settings)) as database:
            _deliver_until_signal(worker_of(settings, database))


def say_where(settings: Settings, database: Database) -> None:
    """Print what a person needs next, and how open the door is."""
    with database.read() as conn:
        guarded = keys.any_active(conn, utc_now())
        empty = messages.first_of_newest(conn, 1) is None
    url = f"http://{shown_host(settings.host)}:{settings.port}"
    say(f"Inlet listens on {url}, API documentation at {url}/docs")
    place = "INLET_DATABASE_URL" if settings.database_url else "INLET_DATA_DIR"
    say(f"data: {settings.masked()[place]}")
    say(sign_in_line(settings, database, now=utc_now()))
    if empty:
        say("no message yet: `inlet samples add` fills the pages with 200, marked SAMPLE")
    say("try: " + curl_line(url, with_key=guarded or not is_loopback(settings.host)))
    if guarded:
        return
    if is_loopback(settings.host):
        say(
            "OPEN: no API key exists, so every program on this machine may call this service; "
            "`inlet keys create` closes it",
            style="bold yellow",
        )
    else:
        say(
            "CLOSED: no API key exists, so every call is answered 401; "
            "`inlet keys create` makes one",
            style="bold yellow",
        )


def curl_line(url: str, *, with_key: bool) -> str:
    """A command to paste into a shell."""
    key = ' -H "authorization: Bearer $INLET_API_KEY"' if with_key else ""
    return (
        f"curl -s {url}/v1/classify -H 'content-type: application/json'{key} "
        '-d \'{"text": "Could you show us the product next week?"}\''
    )


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


def leave_on_signals() -> None:
    """Let a signal end what has not begun to serve; process 1 of a container would ignore it."""
    for each in STOP_SIGNALS:
        signal.signal(each, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _overridden(settings: Settings, **flags: str | int | None) -> Settings:
    """Let flags win over variables."""
    given = {name: value for name, value in flags.items() if value is not None}
    return Settings(**(settings.model_dump() | given))
