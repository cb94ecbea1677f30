"""Take out of a message who wrote it and how they are reached; what they want stays as it is.

What stands in its place is of the same kind, as in data/*.jsonl: the model reads every name as one
name, so that it learns the same from the redacted text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain import Correction, Sender
from app.replies.contact_marks import marks_in
from app.routing.people import account_of
from models.text.reading import Reading

NAME, COMPANY = "Alex", "Example"
_LEAST_LETTERS = 3  # of a word of the sender's name, to look for it in the text
_LEAST_COMPANY = 4  # letters of a company's name
_LONGEST_ACRONYM = 4  # letters
_LONGEST_PART = 30  # letters of a part of a name before a hyphen, with the hyphen
_FIRST_PART = re.compile(r"(?<![^\W\d_])[^\W\d_a-zà-ÿ][^\W\d_]+-$")  # Mei-, of Mei-Ling
_WORD = re.compile(r"[^\W\d_]+")
_LINE = re.compile(r"[^\n]+")
_JOINS = re.compile(r" |-|['’]|\. ")  # noqa: RUF001  between two parts of one name

Marked = tuple[int, int, str]  # first code point, the one behind, what stands there instead


def redacted(one: Correction, reading: Reading) -> Correction:
    """Give a correction without names, addresses, phone numbers and numbers of accounts.

    Names are found by the model's lists, by where they stand, and by the sender's own. A name that
    nothing tells from a word stays: look at the rows before you pass them on.
    """
    return replace(
        one,
        subject=redact_text(one.subject, reading, one.sender),
        text=redact_text(one.text, reading, one.sender),
        sender=Sender(),
    )


def redact_text(text: str, reading: Reading, sender: Sender) -> str:
    """Give a text without what names or reaches a person."""
    marks = marks_in(text)
    taken = bytearray(len(text))
    for start, end, _ in marks:
        taken[start:end] = b"\x01" * (end - start)
    found = [*_companies(text, reading, sender), *_names(text, reading, sender)]
    for start, end, instead in found:
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            marks.append((start, end, instead))
    return _applied(text, sorted(marks))


def _applied(text: str, marks: Sequence[Marked]) -> str:
    parts, behind = [], 0
    for start, end, instead in marks:
        parts += [text[behind:start], instead]
        behind = end
    return "".join([*parts, text[behind:]])


def _names(text: str, reading: Reading, sender: Sender) -> Iterator[Marked]:
    """Find names of people, the parts of one name as one."""
    listed = [span for span in reading.names_in(text) if not _is_acronym(text, *span)]
    spans = sorted({*listed, *_own(text, reading, sender)})
    at = 0
    while at < len(spans):
        start, end = spans[at]
        at += 1
        while at < len(spans) and _is_one_name(text[end : spans[at][0]], reading):
            end = spans[at][1]
            at += 1
        first = _FIRST_PART.search(text[max(start - _LONGEST_PART, 0) : start])
        yield start - len(first[0] if first else ""), end, NAME


def _is_acronym(text: str, start: int, end: int) -> bool:
    """Whether a name is rather the letters of something else: IVA, the tax, and Iva, the woman."""
    short = end - start <= _LONGEST_ACRONYM and text[start:end].isupper()
    return short and not text.isupper()


def _is_one_name(gap: str, reading: Reading) -> bool:
    """Whether two names with this between them are parts of one: `Emily van der Berg`, `J. Roe`."""
    if _JOINS.fullmatch(gap):
        return True
    between = gap.replace(".", "").split()
    is_spaced = gap.startswith(" ") and gap.endswith(" ") and "\n" not in gap
    particles = reading.clues.particles
    return is_spaced and bool(between) and all(one in particles or len(one) == 1 for one in between)


def _own(text: str, reading: Reading, sender: Sender) -> Iterator[tuple[int, int]]:
    """Find the words of the sender's own name.

    Those that are words as well, as of a Will Baker, count in a row or in a line of their own.
    """
    own = _words_of(sender)
    for line in _LINE.finditer(text):
        words = list(_WORD.finditer(text, *line.span()))
        are_own = [word[0].casefold() in own for word in words]
        for place, word in enumerate(words):
            beside = any(are_own[max(place - 1, 0) : place] + are_own[place + 1 : place + 2])
            sure = beside or all(are_own) or not reading.knows(word[0].lower())
            if are_own[place] and sure:
                yield word.span()


def _words_of(sender: Sender) -> frozenset[str]:
    local = (sender.email or "").partition("@")[0]
    words = _WORD.findall(f"{sender.name or ''} {local}")
    return frozenset(word.casefold() for word in words if len(word) >= _LEAST_LETTERS)


def _companies(text: str, reading: Reading, sender: Sender) -> Iterator[Marked]:
    """Find the sender's company by the domain of their address, unless it is a word."""
    company = (account_of(sender.email) or "").partition(".")[0]
    if len(company) < _LEAST_COMPANY or reading.knows(company):
        return
    for match in re.finditer(rf"(?<!\w){re.escape(company)}(?!\w)", text, re.IGNORECASE):
        yield *match.span(), COMPANY
