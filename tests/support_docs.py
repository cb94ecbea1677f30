"""Pages of docs/ as programs: what a reader types and which files they make, in their order."""

import re
import textwrap
from dataclasses import dataclass

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<excuse>[^>]+) -->\n+)?"
    r"(?P<indent> *)```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?[^\n]*\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
PORTS = ("8080", "9000", "8025")  # as pages write them: the service, a reader's receiver, SMTP


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    title: str | None  # the file that it is to be saved as
    excuse: str | None  # why it is not run
    line: int


def blocks(page):
    """Give the blocks of a page from top to bottom."""
    return [
        Block(
            language=found["language"],
            text=textwrap.dedent(found["text"]),
            title=found["title"],
            excuse=found["excuse"],
            line=page.count("\n", 0, found.start()) + 1,
        )
        for found in _BLOCK.finditer(page)
    ]


def script(page, *, ports):
    """Write what a reader does as one shell script: makes the files, runs the commands.

    Args:
        page: Markdown.
        ports: What stands in for each of PORTS.
    """
    steps = ["set -eu -o pipefail"]
    for block in blocks(page):
        if block.title:
            steps.append(_saved(block))
        elif block.language == "sh" and not block.excuse:
            steps.append(f"echo '--- line {block.line}'\n{block.text.rstrip()}")
    text = "\n".join(steps) + "\n"
    return re.sub("|".join(ports), lambda found: str(ports[found[0]]), text)


def _saved(block):
    return f"cat > {block.title} <<'END-OF-FILE'\n{block.text}END-OF-FILE"
