"""Recorded requests of providers, and what their recorder read in them."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Any

from tests.support_proofs import Proofs, Sent

_SOURCES = {"amazon_ses": "ses"}  # where the recorder's name is not ours
_OWN_PROOFS = ("signature", "svix-", "x-postal-")  # headers that can pass no more: signed anew
_UNSIGNED, _WRONG = "missing_signature", "bad_signature"  # in a test's name
WITHOUT_KEY = ("requires_inbound_secret", "signing_secret_optional")  # need a service without one
_WAITS = "what it points to must be fetched from api.resend.com, which is not reachable"
NOTES = {  # in a test's name -> why ours differs, where it should
    "resend.bad_auth": "Resend is proved by its signature alone, which is right here",
    "resend.basic_auth": "names no mail: kept for a person",
    "resend.attachments": _WAITS,
    "signing_secret_optional": "without a secret the source is off",
    "s3_failure": "holds no mail: kept for a person",
}
_PLAIN = "None"  # how the recorder writes that there is none


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One request of the file."""

    test: str  # provider, a dot, what is tested
    sent: Sent
    messages: tuple[Mapping[str, Any], ...]
    statuses: tuple[int, ...]  # that ours may answer
    outcome: str  # of its arrival; empty where nothing may be kept

    @property
    def note(self) -> str:
        """Why ours differs from what the recorder says."""
        return next((note for part, note in NOTES.items() if part in self.test), "")

    @property
    def with_key(self) -> bool:
        """Whether the source has its key."""
        return not any(part in self.test for part in WITHOUT_KEY)


def read_requests(path: Path, proofs: Proofs) -> list[Recorded]:
    """Read the file, each request with a proof of our own, or as wrong as it was."""
    with path.open(encoding="utf-8") as lines:
        told = [json.loads(line) for line in lines if line.strip()]
    return [_recorded(one, number, proofs) for number, one in enumerate(told)]


def told_anew(recorded: Recorded, proofs: Proofs) -> Sent | None:
    """Give the same mail in another request, as another webhook would; None without its id."""
    if not any(message["message_id"] for message in recorded.messages):
        return None
    sent = recorded.sent
    kept = tuple(pair for pair in sent.headers if pair[0] == "authorization")
    return proofs.signed(replace(sent, body=sent.body + b"\n", headers=kept))


def _recorded(told: Mapping[str, Any], number: int, proofs: Proofs) -> Recorded:
    provider = told["path"].split("/")[2]
    name = told["test"].rpartition(".")[2].removeprefix("test_").removeprefix("verifies_")
    test = f"{_SOURCES.get(provider, provider)}.{name}"
    body = base64.b64decode(told["body_base64"]) if "body_base64" in told else told["body"].encode()
    if told["status"] != 200:
        body += b"\n" * number  # known apart from the good requests with the same body
    given = {header.lower(): value for header, value in told["headers"].items()}
    kept = {h: v for h, v in given.items() if not h.startswith(_OWN_PROOFS)}
    sent = Sent(test.partition(".")[0], body, told["content_type"], tuple(kept.items()))
    if _UNSIGNED not in test:
        sent = proofs.signed(sent, wrong=_WRONG in test)
    statuses, outcome = _wanted(test, told)
    return Recorded(
        test=test,
        sent=sent,
        messages=() if _is_broken(told) else tuple(told["messages"]),
        statuses=statuses,
        outcome=outcome,
    )


def _is_broken(told: Mapping[str, Any]) -> bool:
    """Whether the recorder itself could not read the message."""
    return any("ERR" in str(message["text"]) for message in told["messages"])


def _wanted(test: str, told: Mapping[str, Any]) -> tuple[tuple[int, ...], str]:
    """Translate what the recorder's library did into what a service must do."""
    if any(part in test for part in WITHOUT_KEY):
        return (404,), ""
    if "misconfigured" in test:
        return (200,), "ignored"
    if _is_broken(told) or told["status"] not in (200, 400):
        return (200,), "failed"
    if "resend.attachments" in test:
        return (200,), "waiting"
    return ((200,), "read") if told["status"] == 200 else ((401, 403), "")


def differences(wanted: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    """Name the fields in which a stored message differs from what the recorder read."""
    facts = message["facts"]
    name, email = parseaddr("" if wanted["from_email"] == _PLAIN else wanted["from_email"])
    ours, theirs = _recipients(wanted, facts)
    same = {
        "subject": _folded(message["subject"]) == _folded(wanted["subject"]),
        "sender": (message["sender"]["email"] or "", message["sender"]["name"] or "")
        == (email, name),
        "recipients": ours == theirs,
        "text": _has_text(wanted, message),
        # Ours may hold pictures of the HTML too, and name a mail by its subject.
        "attachments": {name for name, _ in wanted["attachments"] if name}
        <= {one["name"] for one in facts["attachments"]},
        "message_id": wanted["message_id"] in (None, message["message_id"]),
    }
    return [field for field, is_same in same.items() if not is_same]


def _recipients(wanted: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Give both sides' recipients; ours may hold the envelope's, theirs has it apart."""
    theirs = {email for _, email in getaddresses([*wanted["to"], *wanted["cc"]])}
    ours = {*facts["recipients"], *facts["cc"]}
    return ours - {wanted["envelope_recipient"]}, theirs - {wanted["envelope_recipient"]}


def _has_text(wanted: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Whether the whole text is there, in whatever parts it was split into."""
    facts = message["facts"]
    parts = [message["text"], facts["quoted"], facts["signature"], facts["disclaimer"]]
    lines = [_folded(line) for line in (wanted["text"] or "").splitlines()]
    ours = _folded(" ".join(parts))
    if not any(lines):
        return not ours
    return all(_is_in(line, parts) for line in lines) or ours == _folded(wanted["text"])


def _is_in(line: str, parts: Iterable[str]) -> bool:
    return any(line in _folded(part) for part in parts)


def _folded(text: str | None) -> str:
    return " ".join((text or "").split())


def count_stored(arrivals: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Count the arrivals and the messages of one body."""
    return len(arrivals), len({i for one in arrivals for i in one["message_ids"]})
