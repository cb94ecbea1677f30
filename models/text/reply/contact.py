"""Read a signature: who wrote, in which position, for which company, and their phone number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.text.reply.form import (
    has_company_form,
    has_company_word,
    has_contact,
    has_position,
    is_company_form,
    is_name,
)
from models.text.reply.line import Line, lines_of
from models.text.reply.signature import closing_of, is_mobile_footer

MAX_LINES = 12
_MAX_LINE = 160  # characters
_MAX_TRIES = 40  # candidates of a phone number that are checked
_PARTS = re.compile(r"\s*[|•·;/]\s+|\s+[–—-]\s+|,\s+|\t+")  # noqa: RUF001
_AT = re.compile(r"\s*@\s*|\s+(?:at|bei|bei der|chez|bij|hos|på)\s+(?=[^\W\d_a-zà-ÿ]|\d)")
_OF = re.compile(r"\s+(?:of|en|na|de|der|von|van|da|do|för|voor|f\u00fcr)\s+(?=[A-Z0-9ÄÖÜÉÅ])")
_FAX = re.compile(r"\b(?:tele)?fax\b|^\s*f\s*[:.]", re.IGNORECASE)
_FAX_BEHIND = re.compile(r"[,;|/\s]+(?:tele)?fax\b.*|\s+f\s*[:.].*", re.IGNORECASE)
_DECORATION = " \t*_-–—|,.:#>\r"  # noqa: RUF001
_CLOSED_WITH_NAME = re.compile(r"[,.!:]\s*(.+)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What a signature says of its writer; None where it does not say."""

    name: str | None = None
    title: str | None = None  # the position, as it is written
    company: str | None = None
    phone: str | None = None  # E.164


def parse_signature(signature: str, *, region: str | None = None) -> SignatureFacts:
    """Read the first lines of a signature by simple rules: en de fr es pt nl sv.

    Args:
        signature: As `split_reply` gives it; a closing wish on top does no harm.
        region: Two letters of the country whose national numbers are understood, such as "DE".
    """
    lines = [line for line in lines_of(signature[:8_000]) if line.folded][:MAX_LINES]
    parts = _parts(lines)
    at = next((at for at, part in enumerate(parts) if is_name(part) and not _is_firm(part)), None)
    name = None if at is None else parts.pop(at)
    title = next((part for part in parts if has_position(part) and not has_contact(part)), None)
    company = _company(parts, title, named=name is not None)
    return SignatureFacts(
        name=name,
        title=_without(title, company),
        company=company,
        phone=_phone(lines, region),
    )


def _parts(lines: Sequence[Line]) -> list[str]:
    """Cut lines where people put a bar, a dash or a comma between name, position and company."""
    found: list[str] = []
    for number, line in enumerate(lines):
        raw = _without_wish(line, first=number == 0 and len(lines) > 1)
        for piece in [] if is_mobile_footer(line) else _PARTS.split(raw):
            if found and is_company_form(piece):
                found[-1] = f"{found[-1]}, {piece.strip()}"
            elif piece.strip(_DECORATION):
                found.append(piece.strip(_DECORATION))
    return found


def _without_wish(line: Line, *, first: bool) -> str:
    """Give a line without the wish that closes the mail: `Regards, Ann` gives `Ann`."""
    raw = line.raw[:_MAX_LINE].strip()
    if closing_of(line):
        named = _CLOSED_WITH_NAME.search(raw.rstrip(",.!"))
        return named[1] if named else ""
    a_wish = first and raw.endswith((",", "!")) and len(raw.split()) == 1  # one we do not know
    return "" if a_wish else raw


def _without(title: str | None, company: str | None) -> str | None:
    """Cut the company off a position: `CFO at Acme` gives `CFO`."""
    if title is None or company is None or company not in title:
        return title
    return next((p.split(title, maxsplit=1)[0] for p in (_AT, _OF) if p.search(title)), title)


def _is_firm(part: str) -> bool:
    return has_company_form(part) or has_company_word(part)


def _company(parts: Sequence[str], title: str | None, *, named: bool) -> str | None:
    """Find the company: by its legal form, behind `at`, by a usual word, or below the position."""
    plain = [part for part in parts if not has_contact(part)]
    by_form = next((part for part in plain if has_company_form(part)), None)
    if by_form is not None and by_form != title:
        return by_form
    if title is not None:
        _, *behind = _AT.split(title, maxsplit=1)
        firms = [part for part in _OF.split(title)[1:] if _is_firm(part)]
        if behind or firms:
            return [*behind, *firms][0].strip(_DECORATION) or None
    by_word = next((part for part in plain if has_company_word(part) and part != title), None)
    if by_word is not None or title is None or not named:
        return by_word
    below = plain[plain.index(title) + 1 :][:1]
    return below[0] if below and below[0][:1].isupper() and not re.search(r"\d", below[0]) else None


def _phone(lines: Sequence[Line], region: str | None) -> str | None:
    """Give the first number that is valid and not a fax, as E.164."""
    import phonenumbers  # only who reads signatures pays for its tables

    for line in lines:
        if _FAX.match(line.folded):
            continue
        text = _FAX_BEHIND.sub("", line.raw[:_MAX_LINE])
        found = phonenumbers.PhoneNumberMatcher(
            text, region, leniency=phonenumbers.Leniency.VALID, max_tries=_MAX_TRIES
        )
        for match in found:
            return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None
