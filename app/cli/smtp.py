"""`inlet smtp`."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, NoReturn

import structlog
import typer

from app.api.inbound import MAX_MAIL_BYTES
from app.api.same_site import is_loopback
from app.cli.leaving import STOP_SIGNALS, leave_on_signals
from app.cli.output import say, told_errors
from app.cli.server import bound, listen, shown_host
from app.errors import ConfigError, StorageDown
from app.inbound.values import Post
from app.logs import configure_logs
from app.mailroom import EMAIL, Mailroom
from app.parts import open_database_of, utc_now
from app.settings import load_settings
from app.smtp.terms import Terms, domain_of
from app.storage.engine import Database

_CLOSE_S = 1.0  # for a database that another process keeps busy

log = structlog.get_logger(__name__)


def smtp(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port", min=0, max=65_535)] = 8025,
    lmtp: Annotated[bool, typer.Option("--lmtp", help="speak LMTP in place of SMTP")] = False,
    max_bytes: Annotated[
        int, typer.Option(help="size of a mail, at most", min=1_024, max=MAX_MAIL_BYTES)
    ] = MAX_MAIL_BYTES,
    domain: Annotated[
        list[str] | None, typer.Option(help="take mails for this domain alone; repeatable")
    ] = None,
) -> None:
    """Take mails from a mail server, by SMTP or LMTP; `inlet serve` reads them."""
    leave_on_signals()
    with told_errors():
        _check_extra()
        domains = _domains(domain or ())
        settings = load_settings()
        configure_logs(settings.log_level)
        with bound(host, port) as listener:
            database = open_database_of(settings)
            terms = Terms(
                keep=keeping_in(database),
                now=utc_now,
                max_bytes=max_bytes,
                lmtp=lmtp,
                domains=domains,
            )
            listen(listener)
            _say_where(listener, terms)
            asyncio.run(_take_until_signal(listener, terms))
            _close(database)


def keeping_in(database: Database) -> Callable[[Post], str]:
    """Keep mails as the service does, and leave the reading to it."""
    mailroom = Mailroom(database, {}, _not_here, now=utc_now, fetch=_not_here)
    return partial(mailroom.keep, EMAIL)


async def _take_until_signal(listener: socket.socket, terms: Terms) -> None:
    """Serve; at the first signal finish what is in hand, at the next one leave."""
    from app.smtp.server import serve  # the extra is not needed to say what is missing

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in STOP_SIGNALS:
        loop.add_signal_handler(each, partial(_begin_stop, loop, stop))
    await serve(listener, terms, stop)


def _begin_stop(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    for each in STOP_SIGNALS:
        loop.remove_signal_handler(each)
        signal.signal(each, signal.SIG_DFL)
    log.info("smtp_stopping")
    stop.set()


def _check_extra() -> None:
    """Say how to get what this command needs, before anything is begun."""
    try:
        import aiosmtpd.smtp  # noqa: F401  and what it imports
    except ModuleNotFoundError as error:
        raise ConfigError("`inlet smtp` needs aiosmtpd: `pip install 'inlet[smtp]'`") from error


def _domains(given: Sequence[str]) -> frozenset[str]:
    """Read our own domains as recipients will be compared with them."""
    if not all(domain.strip(".") for domain in given) or any("@" in domain for domain in given):
        raise ConfigError("--domain takes what stands behind the @, such as example.com")
    return frozenset(map(domain_of, given))


def _not_here(*_: object) -> NoReturn:
    raise ConfigError("mails are only kept here; `inlet serve` reads them")


def _say_where(listener: socket.socket, terms: Terms) -> None:
    """Tell a person where mails are taken, and how open the door is."""
    host, port = listener.getsockname()[:2]
    if not is_loopback(host):
        log.warning("smtp_open_to_others", host=host, every_domain=not terms.domains)
    scheme = "lmtp" if terms.lmtp else "smtp"
    whose = ", ".join(sorted(terms.domains)) or "every domain"
    say(
        f"Inlet listens on {scheme}://{shown_host(host)}:{port}, for mails to {whose} of up to "
        f"{terms.max_bytes} bytes; `inlet serve` reads what is kept"
    )


def _close(database: Database) -> None:
    """Close the database, but leave in time: what was acknowledged is durable all the same."""
    closing = threading.Thread(target=partial(_closed, database), daemon=True)
    closing.start()
    closing.join(_CLOSE_S)


def _closed(database: Database) -> None:
    with suppress(StorageDown):
        database.close()
