"""Put the doors for providers together: which are open, and what stands behind them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from app.errors import FetchFailed
from app.inbound.assembling import Reader
from app.inbound.mime.deadline import parse_within
from app.inbound.mime.values import Mail
from app.inbound.sources import KEYLESS, is_on, providers
from app.inbound.values import Keys, Unreadable
from app.incoming import TakeIn
from app.intake import Intake
from app.mailroom import Desk, Fetch, Mailroom
from app.settings import Settings
from app.storage.engine import Database
from app.webhook.sender import Sender

PARSE_S = 5.0  # RELIABILITY.md P20
JUDGE_S = 60.0  # for a mail that is read in the background, behind others
_MAX_DOCUMENT_BYTES = 16 * 1024 * 1024  # a certificate, a confirmation's answer, or a mail
_GONE = 404


def mailroom_of(
    settings: Settings,
    database: Database,
    intake: Intake,
    sender: Sender,
    *,
    now: Callable[[], datetime],
) -> Mailroom:
    """Open the doors that the operator gave keys for, and those that take an API key."""
    take_in = TakeIn(
        intake=intake,
        database=database,
        reader=Reader(
            parse=partial(_parse, own=settings.own_addresses),
            own_addresses=settings.own_addresses,
            region=settings.phone_region,
        ),
        now=now,
        chat_window_s=settings.chat_window_s,
    )
    fetch = _fetching(sender)
    patient = replace(intake, predict_timeout_s=max(JUDGE_S, intake.predict_timeout_s))
    desks = desks_of(settings, lambda url: fetch(url, ""))
    return Mailroom(
        database,
        desks,
        replace(take_in, intake=patient),
        answer_in=take_in,
        now=now,
        fetch=fetch,
    )


def desks_of(settings: Settings, fetch: Callable[[str], bytes]) -> Mapping[str, Desk]:
    """Give each source that is on, with its keys."""
    desks = {source.name: Desk(source, Keys()) for source in KEYLESS}
    for name, source in providers(fetch).items():
        given = settings.sources.get(name.removesuffix("-es"))  # both Dialogflows have one key
        if given is None:
            continue
        keys = Keys(secret=given.secret, auth=given.auth, topics=given.topics)
        if is_on(source, keys):
            desks[name] = Desk(source, keys)
    return desks


def _parse(raw: bytes, *, own: tuple[str, ...]) -> Mail:
    return parse_within(raw, PARSE_S, own=own)


def _fetching(sender: Sender) -> Fetch:
    """Give what fetches proofs, confirmations and mails; all of them within one limit."""

    def fetch(url: str, authorization: str) -> bytes:
        headers = {"Authorization": authorization} if authorization else {}
        found = sender.fetch(url, headers, max_bytes=_MAX_DOCUMENT_BYTES)
        if found.status_code == _GONE:
            raise Unreadable("what it points to is no longer there")
        if found.error_code == "too_large":
            raise Unreadable("what it points to is too large")
        if not found.found:
            raise FetchFailed("its proof could not be fetched; send it again", retry_after_s=5)
        return found.body

    return fetch
