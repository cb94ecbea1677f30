"""What a running service does with hostile forms and hostile mails."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.door import Answered, Door, Row, code_of, ids_of
from tests.hostile_forms import EITHER, Hostile, hostile_forms
from tests.hostile_mail import SAYS
from tests.support_proofs import Proofs, Sent

MAILS = (  # of the hostile ones
    *("multipart 1500 deep", "rfc822 1500 deep", "20,000 parts", "100,000 headers"),
    *("Subject of 8 MB", "5,000 encoded words", "20,000 quoted words", "Message-ID 200 KB"),
    *("Content-Type 20,000 pieces", "200000 bytes of punycode", "4 M soft breaks", "all bytes"),
    *("HTML of 500,000 <", "HTML of 200,000 div", "external body", "attachment of 35 MB"),
    *("NUL in From", "a request in a forwarded mail", "report on 20,000", "empty"),
)
AIM_MS = 1_000  # of the processor, to refuse what nothing proves, however large
_MAIL, _RESEND = "message/rfc822", "api.resend.com"


def attack(door: Door, proofs: Proofs, fetched: Path) -> Iterator[Row]:
    """Post the hostile forms, one after the other, and wait for each."""
    for case in hostile_forms(proofs):
        before = _asked_by_us(fetched)
        spent_ms = door.cpu_ms()
        answers = [(door.post(sent), status) for sent, status in case.sends]
        spent_ms = door.cpu_ms() - spent_ms
        door.wait_until_read()
        last = case.sends[-1][0]
        found = door.kept(last)
        wrong = [f"answered {a.status}, not {w}" for a, w in answers if a.status != w]
        wrong += _wrong_outcome(door, case, found)
        if not case.outcome and spent_ms > AIM_MS:
            wrong.append(f"takes more than {AIM_MS:,} ms of the processor to refuse")
        if _asked_by_us(fetched) != before:
            wrong.append("something was fetched")
        yield Row(
            name=case.name,
            status=", ".join(str(answer.status) for answer, _ in answers),
            milliseconds=max(answer.milliseconds for answer, _ in answers),
            outcome=_outcome(found),
            reading_ms=door.reading_ms(found),
            cpu_ms=spent_ms,
            wrong=tuple(wrong),
        )
    yield _negative_length(door)


def _asked_by_us(fetched: Path) -> list[str]:
    """List what the service fetched; a mail of Resend's is asked for again now and then."""
    return [url for url in fetched.read_text().splitlines() if _RESEND not in url]


def _wrong_outcome(door: Door, case: Hostile, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    became = found[0]["status"] if found else ""
    if became not in EITHER.split(" or ") if case.outcome == EITHER else became != case.outcome:
        yield f"became {became or 'nothing'}, not {case.outcome or 'nothing'}"
    elif became == "read":
        for message_id in ids_of(found):
            yield from filter(None, [case.check(door.message(message_id))])


def _negative_length(door: Door) -> Row:
    """P-5: no client library sends this."""
    host, port = door.url.removeprefix("http://").split(":")
    request = f"POST /v1/inbound/mailgun HTTP/1.1\r\nHost: {host}\r\nContent-Length: -5\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(65_536)
    status = answer.partition(b" ")[2][:3].decode()
    wrong = () if status == "400" else (f"answered {status}, not 400",)
    return Row(name="P-5 negative Content-Length", status=status, milliseconds=0.0,
               outcome="nothing kept", wrong=wrong)  # fmt: skip


def post_mails(door: Door, mails: Sequence[tuple[str, bytes]]) -> list[Row]:
    """Post whole mails, and look what became of each."""
    answers = [(name, raw, door.post(Sent("email", raw, _MAIL))) for name, raw in mails]
    door.wait_until_read()
    return [_posted(door, name, raw, answer) for name, raw, answer in answers]


def _posted(door: Door, name: str, raw: bytes, answer: Answered) -> Row:
    wrong = [f"answered {answer.status}"] if answer.status in (0, *range(500, 600)) else []
    found = door.kept(Sent("email", raw))
    outcome = _outcome(found)
    for message_id in ids_of(found):
        message = door.message(message_id)
        said = "its words" if SAYS in message["text"] else f"{len(message['text'])} characters"
        outcome = f"{message['facts']['parse_status']}, {said}"
    if answer.status == 202 and not ids_of(found):
        wrong.append("not stored")
    return Row(name=f"{name} ({len(raw):,} bytes)", status=str(answer.status),
               milliseconds=answer.milliseconds, outcome=outcome, reading_ms=door.reading_ms(found),
               wrong=tuple(wrong))  # fmt: skip


def _outcome(found: Sequence[Mapping[str, Any]]) -> str:
    return f"{found[0]['status']} {code_of(found)}{len(ids_of(found))}" if found else "nothing kept"
