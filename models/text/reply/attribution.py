"""Find the lines above a quotation: `On … wrote:`, wrapped or not, in many languages.

Every end of such a line (a verb, or a colon) is looked at once, with at most three lines above
it, so that the work grows with the text and not with its square.
"""

import re
from collections.abc import Iterable, Sequence

from models.text.reply.line import Line, phrases
from models.text.reply.wordings import OPENING, WEEKDAY, WROTE, WROTE_GLUED

MAX_WRAPPED = 4  # lines of one attribution
_MAX_JOINED = 500  # characters of one attribution
_END_SEEN = 60  # characters at the end of a line in which its verb stands
_DECORATION = " \t*_-–—~|\"'"  # noqa: RUF001  bold, and Zoho's dashes


def _any_of(tables: Iterable[str]) -> str:
    """Write an alternation of phrases, the longest first."""
    words = sorted(set().union(*map(phrases, tables)), key=len, reverse=True)
    return "|".join(re.escape(word) for word in words)


_VERB = rf"(?:(?<!\w)(?:{_any_of(WROTE.values())})(?!\w)|(?:{_any_of(WROTE_GLUED.values())}))"
_HAS_VERB = re.compile(_VERB)
_VERB_AT_END = re.compile(rf"{_VERB}\s{{0,3}}:?\Z")
_OPENING = re.compile(
    rf"(?:(?:{_any_of(OPENING.values())}|{_any_of(WEEKDAY.values())})(?=[\s.,])|[在于於\d])"
)
_DIGIT = re.compile(r"\d")
_NAME_FIRST = re.compile(r"[^<>@:]{1,60}[<(\[]|\"[^\"]{1,60}\"|\S{1,60}@\S")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{2,4}(?!\d)")
_TIME = re.compile(r"(?<![\d.])\d{1,2}(?:[:.h]|\s:\s|시\s|時|时)\s?[0-5]\d(?![\d./-])")
_ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]")
_ADDRESS_AT_END = re.compile(r"@[^\s:]{1,80}\s?[>)\]]{0,3}\s?:\Z")
_SENTENCE_END = re.compile(r"\w{3}[.!?]\Z")


def mark_attributions(lines: Sequence[Line], letters: list[str]) -> None:
    """Write `a` over the letters of every attribution."""
    for end, line in enumerate(lines):
        if (
            not line.whole
            or letters[end] not in "tq"
            or not _may_end(line, lines[max(0, end - 1) : end])
        ):
            continue
        start = _start(lines, letters, end)
        if start is not None:
            letters[start : end + 1] = "a" * (end + 1 - start)


def _may_end(line: Line, before: Sequence[Line]) -> bool:
    """Whether an attribution may end here; a `>` may be the wrapped end of an address."""
    if line.quoted and not (before and not before[0].quoted and _is_open(before[0].folded)):
        return False
    core = line.folded.rstrip(_DECORATION)
    return core.endswith(":") or _VERB_AT_END.search(core[-_END_SEEN:]) is not None


def _is_open(folded: str) -> bool:
    """Whether a line ends within an address: `… Ann <ann@example.com`."""
    return folded.rfind("<") > folded.rfind(">")


def _start(lines: Sequence[Line], letters: Sequence[str], end: int) -> int | None:
    """Find where the attribution that ends at a line begins; None where it is none."""
    quote_follows = _quote_follows(letters, end)
    windows = _windows(lines, letters, end)
    for opens in (_opens_with_date, _opens_with_name):
        for start, joined in windows:
            if opens(joined) and _is_attribution(joined, quote_follows):
                return start
    if quote_follows and _says_who_wrote(windows[0][1]):
        return end
    return None


def _windows(lines: Sequence[Line], letters: Sequence[str], end: int) -> list[tuple[int, str]]:
    """Join a line with none to three of the lines above it, the shortest first."""
    joined = lines[end].folded
    if lines[end].quoted:
        joined = f"> {joined}"
    found = [(end, joined)]
    for start in range(end - 1, max(-1, end - MAX_WRAPPED), -1):
        above = lines[start].folded
        joined = f"{above} {joined}"
        if letters[start] != "t" or len(joined) > _MAX_JOINED or _ends_sentence(above):
            break
        found.append((start, joined))
    return found


def _ends_sentence(folded: str) -> bool:
    """Whether a line ends with a full stop that is none of a date behind a name."""
    return bool(_SENTENCE_END.search(folded[-4:])) and not (
        _ADDRESS.search(folded) and _HAS_VERB.search(folded)
    )


def _quote_follows(letters: Sequence[str], end: int) -> bool:
    """Whether the next line that is not empty, of the next three, is quoted."""
    return "".join(letters[end + 1 : end + 4]).lstrip("e").startswith("q")


def _opens_with_date(joined: str) -> bool:
    core = joined.lstrip(_DECORATION)
    return bool(_OPENING.match(core) and _DIGIT.search(core, 0, 60))


def _opens_with_name(joined: str) -> bool:
    return _NAME_FIRST.match(joined) is not None


def _is_attribution(joined: str, quote_follows: bool) -> bool:
    """Whether words say who wrote and when, as no sentence of a person does."""
    core = joined.rstrip(_DECORATION)
    dated, address = _DATE.search(core), _ADDRESS.search(core)
    if _HAS_VERB.search(core):
        if address and (core.endswith(":") or dated):
            return True
        return dated is not None and (quote_follows or _TIME.search(core) is not None)
    return bool(dated and address and _TIME.search(core) and _ADDRESS_AT_END.search(core))


def _says_who_wrote(folded: str) -> bool:
    """Whether a short line ends with its verb and a colon: `Ann Smith wrote:`."""
    core = folded.rstrip(_DECORATION)
    short = len(core.split()) <= 12
    return short and core.endswith(":") and _VERB_AT_END.search(core[-_END_SEEN:]) is not None
