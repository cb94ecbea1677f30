"""Write the pages of docs/ that are made from the code: `python -m tests.docs`.

Run it after settings, commands, API, events or the policy's form changed; a test compares.
"""

import re
from pathlib import Path

from tests.reference import api, cli, events, policy, settings

DOCS = Path(__file__).parent.parent / "docs"
_PAGES = {
    "reference/settings.md": settings.page,
    "reference/api.md": api.page,
    "reference/cli.md": cli.page,
    "reference/policy.md": policy.page,
    "reference/events.md": events.page,
}
_MADE = "<!-- made by python -m tests.docs -->\n\n"
_DECISIONS = """\
# Decisions

What one might want to undo, and why it stands: context, decision, consequences, and what enforces
it.
"""


def pages():
    """Every generated page, by its name under docs/."""
    made = {name: f"{_MADE}{page()}\n" for name, page in _PAGES.items()}
    return {**made, "adr/README.md": f"{_MADE}{_DECISIONS}\n{_decisions()}\n"}


def _decisions():
    """List the decisions in their order."""
    titles = {
        file.name: file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        for file in sorted((DOCS / "adr").glob("[0-9]*.md"))
    }
    return "\n".join(f"- [{re.sub(r'[.] ', ': ', t, count=1)}]({n})" for n, t in titles.items())


def write():
    """Write them all."""
    for name, text in pages().items():
        target = DOCS / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
