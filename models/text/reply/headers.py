"""Find what mail programs put above a quoted or forwarded mail: its header lines and a rule."""

import re
from collections.abc import Mapping, Sequence

from models.text.reply.headings import FORWARDED, FORWARDED_BY, KEYS, ORIGINAL
from models.text.reply.line import Line, phrases

# Role -> the words before the colon. One letter a role: from, date, to, copy and others, subject.
_DECORATION = " \t-_=*#~–—>·:|<«»"  # noqa: RUF001  what a program draws around such words
_MAX_KEY = 30  # characters before the colon

_ROLES: Mapping[str, str] = {key: role for role, keys in KEYS.items() for key in phrases(keys)}
_DELIMITERS: Mapping[str, str] = {
    **dict.fromkeys(phrases(ORIGINAL), "o"),
    **dict.fromkeys(phrases(FORWARDED), "f"),
}
# Header lines, their wrapped values between them, a blank line between two at most.
_BLOCK = re.compile(r"[FDTCS](?:(?:t{1,8}+|e{1,2}+)?[FDTCS])+")
_BELOW_DELIMITER = re.compile("(?<=[df])[FDTCS]")
_LONE_HEADER = re.compile("[FDTCS]")
_UNDRAWN = re.compile("o(?!e{0,2}[h])")
_FIELD = re.compile(r"[^\s:][^:]{0,40}:(?!//)")


def role_of(line: Line) -> str | None:
    """Name the role of a header line (one of F D T C S); None where it is no header line."""
    key, colon, _ = line.folded[: _MAX_KEY + 8].partition(":")
    return _ROLES.get(" ".join(key.strip(" \t*_|").split())) if colon else None


def delimiter_of(line: Line) -> str | None:
    """Give `d` for words like `-----Original Message-----`, `f` for a forwarded one.

    Words that nothing is drawn around give `o`: they count where header lines follow.
    """
    core = line.folded.strip(_DECORATION)
    kind = _DELIMITERS.get(core)
    drawn = line.folded[:2].strip(_DECORATION) == ""
    if kind == "o" and drawn:
        return "d"
    if kind == "f" and not drawn and not line.folded.endswith(":"):
        return "o"
    if kind is None and drawn and core.startswith(FORWARDED_BY):
        return "f"
    return kind


def mark_headers(lines: Sequence[Line], letters: list[str]) -> None:
    """Write `h` over the blocks of header lines, and make text of what only looked like one."""
    string = "".join(letters)
    for block in _BLOCK.finditer(string):
        if _is_block(lines, block.start(), block.end(), string):
            letters[block.start() : block.end()] = "h" * len(block[0])
    string = _LONE_HEADER.sub("t", _BELOW_DELIMITER.sub("h", "".join(letters)))
    letters[:] = _UNDRAWN.sub("t", string).replace("o", "d")


def _is_block(lines: Sequence[Line], start: int, end: int, letters: str) -> bool:
    """Whether lines are a mail's header and not a form that a person filled in."""
    roles = set(letters[start:end])
    if "F" not in roles or len(roles & set("FDTS")) < 2:
        return False
    above = letters[max(0, start - 3) : start].rstrip("e")[-1:]
    if above in ("d", "f", "o", "r") or roles >= set("FDTS"):
        return True
    enough = len(roles & set("FDTCS")) >= 3 or (not above and "S" in roles)
    named = "S" in roles or any("@" in line.raw for line in lines[start : min(end, start + 20)])
    return enough and named and not _in_form(lines, start, end, letters)


def _in_form(lines: Sequence[Line], start: int, end: int, letters: str) -> bool:
    """Whether other fields stand right above or below: `Company: …`, `Message: …`."""
    above = start > 0 and letters[start - 1] == "t" and _FIELD.match(lines[start - 1].folded)
    below = end < len(lines) and letters[end] == "t" and _FIELD.match(lines[end].folded)
    return bool(above or below)
