"""The service of `inlet serve`: what it takes to import this is half of a start."""

from concurrent.futures import Future

from app.api.same_site import is_loopback
from app.cli.output import say
from app.cli.quick import keep_what_is_there
from app.cli.server import bound, bound_nearby, listen, server_of, shown_host
from app.cli.sign_in import sign_in_line
from app.main import create_app
from app.parts import utc_now
from app.settings import Settings, overridden
from app.storage import keys, messages
from app.storage.engine import Database
from models.classifier import IntentClassifier


def run(given: Settings, loading: Future[IntentClassifier], *, any_port: bool) -> None:
    """Serve until a signal.

    Args:
        given: Of this process.
        loading: Its model.
        any_port: Take the next free one where that of the settings is in use.
    """
    with (bound_nearby if any_port else bound)(given.host, given.port) as listener:
        settings = overridden(given, port=listener.getsockname()[1])
        app = create_app(settings, loading=loading)
        listen(listener)
        say_where(settings, app.state.runtime.database)
        keep_what_is_there()
        server_of(app).run(sockets=[listener])


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
