"""Give each line of a mail one letter, so that a mail's form is a short string."""

import re
from collections.abc import Sequence

from models.text.reply.attribution import mark_attributions
from models.text.reply.headers import delimiter_of, mark_headers, role_of
from models.text.reply.line import MAX_LINES, Line
from models.text.reply.signature import is_mobile_footer

LETTERS = {
    "e": "empty",
    "t": "text",
    "q": "quoted by `>`",
    "a": "attribution: On … wrote:",
    "h": "header of a quoted or forwarded mail",
    "d": "delimiter: Original Message",
    "f": "delimiter: Forwarded message",
    "m": "what a phone added: Sent from my …",
    "s": "signature delimiter: two dashes",
    "r": "rule: other dashes, underscores, stars",
}
_RULE_CHARACTERS = "-_=*~#–—"  # noqa: RUF001
_RULE = re.compile(rf"(?:[{_RULE_CHARACTERS}] ?){{1,200}}\Z")
_WRAP = 72  # characters: a quoted line that is as long was cut by a program
_HISTORY = re.compile("[qahd]")


def letters_of(lines: Sequence[Line]) -> str:
    """Name the kind of every line by a letter of LETTERS."""
    letters = [_letter(line) for line in lines]
    if len(lines) > MAX_LINES and _HISTORY.search("".join(letters[:-1])):
        letters[-1] = "q"  # the unread rest of an endless mail
    mark_headers(lines, letters)
    mark_attributions(lines, letters)
    _mark_wrapped(lines, letters)
    return "".join(letters)


def _letter(line: Line) -> str:
    """Name the kind of a line that can be told by itself; header lines by their role."""
    if line.quoted:
        return "q"
    if not line.folded:
        return "e"
    if line.folded[0] in _RULE_CHARACTERS and _RULE.match(line.folded):
        return "s" if line.raw.strip() == "--" else "r"
    if len(line.folded) > 120:
        return role_of(line) or "t"
    return delimiter_of(line) or role_of(line) or ("m" if is_mobile_footer(line) else "t")


def _mark_wrapped(lines: Sequence[Line], letters: list[str]) -> None:
    """Count the end of a quoted line that a program cut to the quotation, not to the answers."""
    for at in range(1, len(lines)):
        if letters[at] == "t" and letters[at - 1] == "q" and _is_cut(lines[at - 1], lines[at]):
            letters[at] = "q"


def _is_cut(above: Line, line: Line) -> bool:
    """Whether a line goes on where a long quoted one ends in the middle."""
    first = line.folded.split(maxsplit=1)[0]
    goes_on = line.raw[:1].islower() and not above.folded.endswith(("?", "!", ":"))
    return goes_on and len(line.raw) < _WRAP and len(above.raw) + 1 + len(first) >= _WRAP
