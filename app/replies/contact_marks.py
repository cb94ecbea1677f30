"""Find addresses, phone numbers and numbers of accounts in a text, in the languages of data/."""

import re
from collections.abc import Callable
from dataclasses import dataclass

EMAIL, LINK = "alex@example.com", "https://example.com"  # RFC 2606, section 3
PHONE = "+1 202 555 0100"  # kept for stories by the NANPA: 555-0100 to 555-0199
ADDRESS = "192.0.2.1"  # RFC 5737, section 3
STREET, HANDLE = "1 Example Street", "@alex"
_LEAST_DIGITS = 6  # of a number that stands alone
_IBAN_DIGITS = 8  # the shortest IBAN has 15 characters

_EMAIL = re.compile(r"(?:mailto:)?[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"']{2,2000}", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@/.])@[A-Za-z_][\w.-]{2,38}")
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)")
_DATE = re.compile(r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?!\d)")
_ROUND = re.compile(r"\d+000|\d{1,6}-\d{1,5}0")  # amounts, and from one to another
# ISO 13616: country, two digits, up to 30 more, which people write in fours.
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b")
_CARD = re.compile(r"(?<![\w-])\d{4}(?:[ -]\d{4}){3}(?![\w-])")
_PHONE = re.compile(
    rf"(?<![\w+#/.,-])(?!{_DATE.pattern})(?:"
    r"(?:\+|00)[1-9][\d ()./-]{5,18}\d"  # with its country; E.164 has at most 15 digits
    r"|\(?0\d[\d ()./-]{5,16}\d"  # national, as in most of Europe
    r"|(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}|555-\d{4}"  # North America
    r"|[679]\d{2}(?: \d{3}){2}|[679]\d{2}(?: \d{2}){3}"  # Spain, Portugal
    r")(?!\w|-\d| ?[%€$£])"
)
_PHONE_NAMED = re.compile(
    r"\b(?:tel|phone|mobile?|mob|cell|fax|whatsapp|telefoon|telefono|teléfono|telemóvel|móvil|handy)"
    r"\w{0,6}[.: ]{1,3}(\+?\d[\d ()./-]{3,16}\d)",
    re.IGNORECASE,
)
_OWNED = (
    r"(?:account|acct|customer|client|contract|invoice|order|ticket|case|policy|member(?:ship)?"
    r"|licen[cs]e|subscription|reference|ref|vat|iban|tax|ust|api|kunden?|konto|vertrags?|rechnungs?"
    r"|auftrags?|compte|contrat|facture|commande|cuenta|cliente|contrato|factura|pedido|conta|fatura"
    r"|encomenda|rekening|klant|factuur|bestelling?|kund|faktura|avtals?)"
)
_NUMBER = r"(?:numbers?|nummer|numéro|número|num|no|nr|id|code|key)\b\.?|n[°º]|#"
_OWN_NUMBER = re.compile(
    rf"\b{_OWNED}s?[ -]?(?:{_NUMBER})(?:[ :=#-]|is|ist|est|es|är|é){{0,5}}"
    r"([A-Z]{0,6}[-/]?\d[\w/-]{2,30})",
    re.IGNORECASE,
)
_HASHED = re.compile(r"(?<![\w&])#[A-Za-z]{0,6}-?\d[\w-]{2,30}")
_ALONE = re.compile(r"(?<![\w.,€$£+-])[A-Za-z0-9][\w-]{5,60}(?![\w€$£]|[.,]\d| ?[%€$£])")
_STREET = re.compile(
    r"\b\d{1,5}[A-Za-z]? (?:[A-ZÀ-Þ][\w'’.-]{1,30} ){1,3}"  # noqa: RUF001
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Boulevard|Blvd|Way|Close|Court|Square)\b\.?"
    r"|\b[A-ZÀ-Þ]\w{1,30}(?:stra(?:ße|sse)|str\.|weg|allee|platz|gasse|straat|laan|gatan|vägen)"
    r" ?\d{1,4}[A-Za-z]?\b"
    r"|\b\d{1,4},? (?i:rue|boulevard|chemin)(?: [\w'’-]{1,30}){1,3}"  # noqa: RUF001
    r"|\b(?i:calle|avenida|rua|paseo|praça|travessa)(?: [\w'’-]{1,30}){1,4},? \d{1,4}\b"  # noqa: RUF001
)


def marks_in(text: str) -> list[tuple[int, int, str]]:
    """Give where they stand and what may stand there instead; none inside another.

    Dates, amounts and round numbers are left: what is asked for may hang on them.

    Returns:
        First code point, the one behind, and what stands there instead.
    """
    marks: list[tuple[int, int, str]] = []
    taken = bytearray(len(text))
    for kind in _KINDS:
        for match in kind.pattern.finditer(text):
            start, end = match.span(kind.pattern.groups)
            instead = kind.instead(text[start:end])
            if instead is not None and not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                marks.append((start, end, instead))
    return marks


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is looked for, and what is put in its place; None leaves it."""

    pattern: re.Pattern[str]
    instead: Callable[[str], str | None]


def _always(instead: str) -> Callable[[str], str | None]:
    return lambda _found: instead


def _blank(found: str) -> str:
    """Keep the shape of a number: DE89 3704 is DE00 0000, 3f2a is 0X0X."""
    first = re.search(r"\d", found)
    at = first.start() if first else 0
    return found[:at] + re.sub(r"[^\W\d_]", "X", re.sub(r"\d", "0", found[at:]))


def _digits(found: str) -> int:
    return sum(one.isdigit() for one in found)


def _iban(found: str) -> str | None:
    return _blank(found) if _digits(found) >= _IBAN_DIGITS else None


def _alone(found: str) -> str | None:
    """Blank what has many digits, unless it is a date or a round amount."""
    if _digits(found) < _LEAST_DIGITS or _ROUND.fullmatch(found) or _DATE.match(found):
        return None
    return _blank(found)


# The first that finds something has it.
_KINDS = (
    _Kind(_EMAIL, _always(EMAIL)),
    _Kind(_LINK, _always(LINK)),
    _Kind(_STREET, _always(STREET)),
    _Kind(_IP, _always(ADDRESS)),
    _Kind(_HANDLE, _always(HANDLE)),
    _Kind(_IBAN, _iban),
    _Kind(_CARD, _blank),
    _Kind(_OWN_NUMBER, _blank),
    _Kind(_PHONE_NAMED, _always(PHONE)),
    _Kind(_PHONE, _always(PHONE)),
    _Kind(_HASHED, _blank),
    _Kind(_ALONE, _alone),
)
