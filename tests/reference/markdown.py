"""The few forms of Markdown that generated pages have."""

import json


def table(columns, rows):
    """Write a table; a cell may hold anything, also bars and breaks."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def block(text, language="json"):
    """Write a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def as_json(value):
    """Write a value as a block of code, readable and the same on every machine."""
    return block(json.dumps(value, indent=2, ensure_ascii=False))


def code(*words):
    """Write words as code, one after the other."""
    return ", ".join(f"`{word}`" for word in words)


def paragraphs(*parts):
    """Put parts of a page under one another; empty ones are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part)


def _cell(value):
    return " ".join(str(value).split()).replace("|", "\\|")
