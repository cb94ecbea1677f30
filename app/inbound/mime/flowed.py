"""Text that a mailer wrapped for transport, with its paragraphs put together again.

Source:
    RFC 3676, sections 4.1 to 4.5.
"""

from collections.abc import Iterator
from itertools import groupby

_SIGNATURE = "-- "  # ends with a space, and is no flowed line all the same


def unflow(text: str, *, delete_space: bool) -> str:
    """Join the flowed lines of `format=flowed` text; quotes keep their depth as `>` signs.

    Args:
        text: Lines that end with LF.
        delete_space: DelSp=yes, for scripts without spaces between words.
    """
    lines = [_line(raw) for raw in text.split("\n")]
    paragraphs = []
    for depth, run in groupby(lines, key=lambda line: line[0]):
        quote = ">" * depth + " " if depth else ""
        paragraphs += [
            quote + paragraph for paragraph in _joined([line for _, line in run], delete_space)
        ]
    return "\n".join(paragraphs)


def _line(raw: str) -> tuple[int, str]:
    """Take the quote depth and the stuffed space off a line."""
    line = raw.lstrip(">")
    return len(raw) - len(line), line.removeprefix(" ")


def _joined(lines: list[str], delete_space: bool) -> Iterator[str]:
    pending: list[str] = []
    for line in lines:
        flows = line.endswith(" ") and line != _SIGNATURE
        if line == _SIGNATURE and pending:
            yield "".join(pending)
            pending = []
        pending.append(line[:-1] if flows and delete_space else line)
        if not flows:
            yield "".join(pending)
            pending = []
    if pending:
        yield "".join(pending)
