"""A hook of mkdocs.yml: pages are written as GitHub reads them, and Python-Markdown is stricter.

It wants an empty line before a list or a table that follows a sentence, and four spaces before
whatever belongs to an entry of a list. Links to files beside docs/ lead nowhere on the site.
"""

import posixpath
import re

_ENTRY = re.compile(r"(?P<mark>[-*] +|\d{1,2}\. +)\S")
_FENCE = re.compile(r" *(```+|~~~+)")
_LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<target>\.\./[^)#\s]+)(?:#[^)]*)?\)")
_INDENT = 4


def on_page_markdown(markdown, *, page, **_):
    """Write a page as Python-Markdown reads it; what stands in blocks of code stays."""
    folder = posixpath.dirname(page.file.src_uri)
    return _LINK.sub(lambda link: _kept_inside(link, folder), adapted(markdown))


def adapted(markdown):
    """Set lists, what belongs to their entries, and tables as Python-Markdown wants them."""
    return "\n".join(_lines(markdown.split("\n")))


def _kept_inside(link, folder):
    """Name a file of the repository that is no page of the site, where a link leads to one."""
    path = posixpath.normpath(posixpath.join(folder, link["target"]))
    return f"{link['words']} (`{path[3:]}`)" if path.startswith("../") else link[0]


def _lines(lines):
    before, fence, width = "", "", 0
    for line in lines:
        if not fence:
            width = _width(line, width)
            if _begins_block(line, before):
                yield ""
        shift = _INDENT - width if width and line[:width].isspace() else 0
        yield " " * shift + line
        fence = _fence_after(line, fence)
        before = line


def _width(line, width):
    """How far in what belongs to an entry stands; 0 outside of lists."""
    entry = _ENTRY.match(line)
    if entry:
        return len(entry["mark"])
    return width if not line or line[0] == " " else 0


def _begins_block(line, before):
    """Whether a list or a table follows a sentence without an empty line."""
    text, above = line.strip(), before.strip()
    if not above or before.startswith(("#", "    ")) or _FENCE.match(before):
        return False
    if text.startswith("|"):
        return not above.startswith("|")
    return bool(_ENTRY.match(text)) and not _ENTRY.match(above) and not before.startswith(" ")


def _fence_after(line, fence):
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    return "" if line.strip() == fence else fence
