"""Find where a signature begins: behind `-- `, a closing wish, a phone's footer, or by its form."""

import re
from collections.abc import Sequence

from models.text.reply.endings import (
    AND,
    CLOSING,
    FROM_PLACE,
    MOBILE_END,
    MOBILE_START,
    POSTSCRIPT,
    THANKS,
)
from models.text.reply.form import has_contact, has_position, is_name, says_something
from models.text.reply.line import Line, phrases

MAX_SIGNATURE = 16  # lines with text
_MAX_TAIL = 24  # lines with text, from the end, in which a signature is looked for
_MAX_LINE = 100  # characters of a line of a signature
_MAX_BARE = 10  # lines of a signature that nothing announces

_CLOSINGS = phrases(";".join(CLOSING.values()))
_THANKS = phrases(";".join(THANKS.values()))
_POSTSCRIPTS = phrases(POSTSCRIPT)
_MOBILE_START, _MOBILE_END = tuple(phrases(MOBILE_START)), tuple(phrases(MOBILE_END))
_AND = re.compile(rf"[,\s]+(?:{'|'.join(map(re.escape, phrases(AND)))})\s+")
_FROM = re.compile(rf"\s(?:{'|'.join(map(re.escape, phrases(FROM_PLACE)))})\s")
_PAUSE = re.compile(r"\s*[,!;:–—]+\s*|\.\s+|\s-\s")  # noqa: RUF001
_LINKS = re.compile(r"<[^<>]{0,200}>|\[[^\[\]]{0,200}\]|\([^()]{0,200}\)|https?://\S+")
_PUNCTUATION = " \t.,!;:*_-–—~"  # noqa: RUF001


def is_mobile_footer(line: Line) -> bool:
    """Whether a phone or a mail program wrote a line: `Sent from my iPhone`."""
    if not 4 <= len(line.folded) <= 250 or not line.whole:
        return False
    core = line.folded.strip(" \t*_-–—[(\"'")  # noqa: RUF001
    if not (core.startswith(_MOBILE_START) or core.rstrip(" .)]").endswith(_MOBILE_END)):
        return False
    words = _LINKS.sub(" ", core)
    return len(words.split()) <= 11 and len(words) <= 90 and not words.rstrip().endswith("?")


def closing_of(line: Line) -> str | None:
    """Name how a line closes a mail; None where it does not.

    Returns:
        `c` for a wish, a name behind it or not; `k` for thanks; `n` for thanks and a name.
    """
    if not line.folded or len(line.folded) > 80:
        return None
    core = line.folded.strip(_PUNCTUATION)
    first, *rest = _PAUSE.split(core, maxsplit=1)
    if _closes(first) or _closes(_FROM.split(first, maxsplit=1)[0]):
        return "c" if not rest or _ends_with_name(line) else None
    *_, last = _AND.split(core)
    if last != core and _closes(last) and len(core.split()) <= 8:
        return "c"
    if first not in _THANKS:
        return None
    if rest:
        return "c" if _closes(rest[0]) else ("n" if _ends_with_name(line) else None)
    return "k"


def is_postscript(line: Line) -> bool:
    """Whether a line begins with `PS`: what stands below a signature and was said all the same."""
    head, colon, _ = line.folded[:20].partition(":")
    return (colon != "" and head.strip() in _POSTSCRIPTS) or line.folded.startswith(
        ("p.s.", "ps ", "ps.", "p.s ")
    )


def signature_start(lines: Sequence[Line], letters: str) -> int | None:
    """Find the first line of the signature that ends a text; None where it has none.

    Args:
        lines: The text, without what stands under its signature.
        letters: The kinds of its lines.
    """
    tail = [at for at, line in enumerate(lines) if line.folded][-_MAX_TAIL:]
    first = next((at for at, line in enumerate(lines) if line.folded), 0)
    for at in tail:
        kind = letters[at] if letters[at] in "srm" else closing_of(lines[at])
        if kind and _begins(lines, at, kind) and (kind not in "kn" or at > first):
            return at
    return _bare_start(lines, tail)


def _ends_with_name(line: Line) -> bool:
    """Whether a name or a position stands behind the first pause: `Regards, Ann Smith, CFO`."""
    _, *behind = _PAUSE.split(line.raw.strip(_PUNCTUATION), maxsplit=2)
    return bool(behind) and (is_name(behind[0]) or has_position(behind[0]))


def _closes(words: str) -> bool:
    return words.strip(_PUNCTUATION) in _CLOSINGS


def _begins(lines: Sequence[Line], at: int, kind: str) -> bool:
    """Whether what stands below a line of a kind, to the end, is a signature."""
    below = _until_postscript(lines[at + 1 :])
    if kind == "s" and len(below) <= MAX_SIGNATURE:
        return not any(line.folded.endswith("?") for line in below)
    if not _looks_signed(below):
        return False
    if kind in "rk":  # a rule, or thanks: someone's name follows, or an address
        return bool(below) and (is_name(below[0].raw) or any(map(_is_evidence, below)))
    return True


def _until_postscript(lines: Sequence[Line]) -> list[Line]:
    """The lines with text, up to a postscript."""
    found: list[Line] = []
    for line in lines:
        if is_postscript(line):
            break
        if line.folded:
            found.append(line)
    return found


def _looks_signed(below: Sequence[Line]) -> bool:
    """Whether lines are few and short, and say nothing."""
    if len(below) > MAX_SIGNATURE or any(len(line.raw) > _MAX_LINE for line in below[:5]):
        return False
    return sum(says_something(line.raw) for line in below) <= len(below) // 5


def _is_evidence(line: Line) -> bool:
    return has_contact(line.raw) or has_position(line.raw)


def _bare_start(lines: Sequence[Line], tail: Sequence[int]) -> int | None:
    """Find a signature that nothing announces: a name, then a position, a phone or an address."""
    for here, at in enumerate(tail):
        below = [lines[other] for other in tail[here:]]
        if not 2 <= len(below) <= _MAX_BARE or at == 0 or lines[at - 1].folded:
            continue
        above = lines[tail[here - 1]].folded if here else ""
        if not above or above.endswith((":", ",")) or not is_name(lines[at].raw):
            continue
        if _looks_signed(below) and any(map(_is_evidence, below[1:])):
            return at
    return None
