"""Whether a machine wrote a mail: what mail programs declare first, weaker signs last.

Source:
    RFC 3834 (automatic responses), RFC 3464 (delivery reports), RFC 8098 (receipts),
    RFC 2369 and 2919 (lists), RFC 5321, section 4.5.5 (null return path).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime

from app.inbound.mime.absence import is_absence_subject, return_date
from app.inbound.mime.addresses import read_addresses
from app.inbound.mime.headers import Headers
from app.inbound.mime.parameters import Value, read_value
from app.inbound.mime.values import Automated, AutomatedKind
from app.inbound.mime.words import decode_words

# How the part before the @ begins, without its dashes and dots.
_NO_REPLY = ("noreply", "donotreply", "dontreply", "neverreply", "nichtantworten", "keineantwort",
             "nepasrepondre", "noresponder", "noresponda", "naoresponda", "naoresponder",
             "nietantwoorden", "nietbeantwoorden", "geenantwoord", "svaraej", "svarainte",
             "ejsvar")  # fmt: skip
_PUNCTUATION = re.compile(r"[-_.]")
_DAEMONS = {"mailer-daemon", "mailerdaemon", "mail-daemon"}  # a postmaster may be a person
_LIST_URL = re.compile(r"<mailto:([^>?\s]{3,320})", re.IGNORECASE)
_LIST_ID = re.compile(r"<([^<>\s]{1,255})>")
_REPLY_HEADERS = ("x-autoreply", "x-autorespond", "x-mail-autoreply", "x-autoreply-from")
_CALENDAR_ANSWERS = {"REPLY", "CANCEL", "REFRESH", "DECLINECOUNTER"}  # RFC 5546
_FALSE = {"", "no", "false", "0"}


@dataclass(frozen=True, slots=True)
class _Signs:
    """What the checks look at, read once."""

    headers: Headers
    content: Value
    sender: str  # lower case; empty where there is none
    answers_to: str  # of Reply-To, likewise
    own: frozenset[str]
    calendar_method: str

    def says(self, name: str) -> str:
        """Give a header in small letters, without comments behind a semicolon."""
        return self.headers.text(name).partition(";")[0].strip().lower()


_Check = Callable[[_Signs], "tuple[AutomatedKind, str] | None"]


def automated_reason(
    headers: Headers,
    *,
    own: Collection[str] = (),
    text: str = "",
    sent_at: datetime | None = None,
    calendar_method: str = "",
) -> Automated | None:
    """Say why a mail counts as written by a machine; None for one that a person wrote.

    Args:
        headers: Of the mail; what a provider lists will do, too.
        own: Our own addresses, and domains as `@example.com`.
        text: Of the mail, where an absence note may name the day of return.
        sent_at: Aware; what a day without a year is counted from.
        calendar_method: Of a calendar part, such as REPLY.
    """
    signs = _signs(headers, own, calendar_method)
    found = next((result for check in _CHECKS if (result := check(signs))), None)
    if found is None:
        return None
    kind, reason = found
    returns_on: date | None = None
    if kind is AutomatedKind.AUTO_REPLY and sent_at is not None:
        returns_on = return_date(f"{decode_words(headers.text('subject'))}\n{text}", sent_at.date())
    return Automated(kind, reason, returns_on)


def _signs(headers: Headers, own: Collection[str], calendar_method: str) -> _Signs:
    return _Signs(
        headers=headers,
        content=read_value(headers.first("content-type")),
        sender=_address(headers, "from") or _address(headers, "sender"),
        answers_to=_address(headers, "reply-to"),
        own=frozenset(address.strip().lower() for address in own),
        calendar_method=calendar_method,
    )


def _address(headers: Headers, name: str) -> str:
    found = read_addresses(headers.text(name))
    return (found[0].email or "").lower() if found else ""


def _report(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    report = signs.content.parameters.get("report-type", "").lower()
    if signs.content.main in ("message/delivery-status", "message/disposition-notification"):
        report = signs.content.main.partition("/")[2]
    elif signs.content.main != "multipart/report":
        return None
    if report.startswith("disposition-notification"):
        return AutomatedKind.RECEIPT, "a receipt (RFC 8098)"
    return AutomatedKind.BOUNCE, f"a report of type {report or 'unknown'}"[:80]


def _daemon(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    if signs.headers.first("x-failed-recipients") is not None:
        return AutomatedKind.BOUNCE, "X-Failed-Recipients"
    if signs.sender.partition("@")[0] in _DAEMONS:
        return AutomatedKind.BOUNCE, "sent by a mail server's own address"
    return None


def _own(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    return (AutomatedKind.OWN_ADDRESS, "sent by us") if _is_own(signs.sender, signs.own) else None


def _declared(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    """Read what a machine says of itself."""
    submitted = signs.says("auto-submitted").partition(" ")[0]
    if submitted.startswith("auto-replied"):
        return AutomatedKind.AUTO_REPLY, "Auto-Submitted: auto-replied"
    if any(signs.says(name) not in _FALSE for name in _REPLY_HEADERS):
        return AutomatedKind.AUTO_REPLY, "X-Autoreply or the like"
    if signs.says("precedence") in ("auto_reply", "auto-reply", "autoreply"):
        return AutomatedKind.AUTO_REPLY, "Precedence: auto_reply"
    if submitted and submitted != "no":
        return _kind_of_machine(signs), "Auto-Submitted"
    return None


def _suppressed(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    # "All" is what machines write; single kinds are asked for by programs that people use too.
    if "all" not in signs.says("x-auto-response-suppress").replace(",", " ").split():
        return None
    return _kind_of_machine(signs), "X-Auto-Response-Suppress"


def _kind_of_machine(signs: _Signs) -> AutomatedKind:
    """Tell an answer to a mail of ours from what a machine sends on its own account."""
    subject = decode_words(signs.headers.text("subject"))
    answers = signs.headers.first("in-reply-to") or signs.headers.first("references")
    is_reply = bool(answers) or is_absence_subject(subject)
    return AutomatedKind.AUTO_REPLY if is_reply else AutomatedKind.NO_REPLY


def _calendar(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    # A REQUEST is a person's wish to meet; only the answers of calendars are nobody's words.
    if signs.calendar_method not in _CALENDAR_ANSWERS:
        return None
    return AutomatedKind.CALENDAR, f"a calendar's {signs.calendar_method}"


def _list(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    """Read list headers, but for a list that is our own inbox, such as a group address."""
    posts = signs.headers.text("list-post")
    has_id = signs.headers.first("list-id") is not None
    if _is_own_list(signs):
        return None
    if posts or (has_id and signs.says("precedence") == "list"):
        return AutomatedKind.LIST, "List-Post or List-Id"
    if signs.says("precedence") == "list" or signs.headers.first("mailing-list") is not None:
        return AutomatedKind.LIST, "Precedence: list"
    return None


def _newsletter(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    if _is_own_list(signs):
        return None
    for name in ("list-unsubscribe", "list-id", "x-campaign-id", "x-mailchimp-campaign-id"):
        if signs.headers.first(name) is not None:
            return AutomatedKind.NEWSLETTER, name
    if signs.says("precedence") in ("bulk", "junk"):
        return AutomatedKind.NEWSLETTER, "Precedence: bulk"
    return None


def _null_path(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    if signs.headers.text("return-path").replace(" ", "") != "<>":
        return None
    if is_absence_subject(decode_words(signs.headers.text("subject"))):
        return AutomatedKind.AUTO_REPLY, "null Return-Path and the subject"
    return AutomatedKind.BOUNCE, "null Return-Path"


def _subject(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    if not is_absence_subject(decode_words(signs.headers.text("subject"))):
        return None
    return AutomatedKind.AUTO_REPLY, "the subject of an absence note"


def _no_reply(signs: _Signs) -> tuple[AutomatedKind, str] | None:
    # Forms write from such addresses and name the person in Reply-To: there is a lead inside.
    if _is_no_reply(signs.sender) and (not signs.answers_to or _is_no_reply(signs.answers_to)):
        return AutomatedKind.NO_REPLY, "an address that takes no replies"
    return None


def _is_no_reply(address: str) -> bool:
    return _PUNCTUATION.sub("", address.partition("@")[0]).startswith(_NO_REPLY)


def _is_own(address: str, own: frozenset[str]) -> bool:
    return bool(address) and (address in own or f"@{address.partition('@')[2]}" in own)


def _is_own_list(signs: _Signs) -> bool:
    posts = [address.lower() for address in _LIST_URL.findall(signs.headers.text("list-post"))]
    if any(_is_own(address, signs.own) for address in posts):
        return True
    ids = [name.lower() for name in _LIST_ID.findall(signs.headers.text("list-id"))]
    return any(address.replace("@", ".") in ids for address in signs.own)


_CHECKS: tuple[_Check, ...] = (
    _report, _daemon, _own, _declared, _calendar, _list, _newsletter, _suppressed, _null_path,
    _subject, _no_reply,
)  # fmt: skip
