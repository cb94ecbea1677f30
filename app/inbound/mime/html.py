"""HTML of a mail to the text that its reader sees, in one pass over the characters.

No tree is built. Of the libraries that were tried on 27 hostile pages of 1 MB each loses text or is
not linear: inscriptis gives nothing below 256 levels and took all memory for 100,000 attributes,
html-to-markdown took 19 s for 200,000 `<!x`, selectolax over 25 s for 200,000 `<div>`.

Source:
    WHATWG HTML, section 13.2.5 (tokens), as far as it matters for text.
"""

import re
from dataclasses import dataclass
from html import unescape

from app.inbound.mime import flags, limits
from app.inbound.mime.lines import Lines
from app.inbound.mime.nesting import Nesting
from app.inbound.mime.styles import hiding_selectors

_TOKEN = re.compile(
    r"""<(?:
      !--(?:-?>|(?s:.*?)(?:--!?>|\Z))                                     # a comment
    | (?P<raw>script|style|title|iframe|noembed|noframes|template)(?=[\s/>])[^>]*+(?:>|\Z)
      (?P<inner>(?s:.*?))(?:</(?P=raw)(?=[\s/>])[^>]*+(?:>|\Z)|\Z)                # what is no text
    | (?P<end>/?)(?P<name>[a-z][^\s/>]{0,60}+)[^\s/>"']*+
      (?P<rest>(?:[^>"']++|"[^"]{0,8192}+"|'[^']{0,8192}+'|["'])*+)(?:>|\Z)  # a tag
    | [!?/][^>]*+(?:>|\Z)                                                 # anything else
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s=/>"']{1,60}+)\s*+(?:=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?""")
_TELLING = re.compile(r"style|class|hidden|\bid\b|color|face|cite", re.IGNORECASE)
_ATTRIBUTES_CHARS = 16 * 1024  # of one tag
_ATTRIBUTES = 100
_HUGE_NUMBER = re.compile(r"&#(?:x[0-9a-f]{7,}+|[0-9]{8,}+);?", re.IGNORECASE)
_DATA_URI = re.compile(r"data:image/[^\"'\s)>]{200,}+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page, and what was odd about it."""

    text: str
    flags: frozenset[str] = frozenset()


def html_to_text(html: str) -> str:
    """Give the text of HTML as its reader sees it; see read_html."""
    return read_html(html).text


def read_html(html: str) -> PageText:
    """Read the visible text of HTML, with quoted blocks as lines that begin with `>`.

    Links keep their text, pictures nothing. What is hidden is left out, unless nothing else is
    there.

    Args:
        html: Any string; what is beyond limits.HTML_CHARS is cut.
    """
    html = _DATA_URI.sub("", html) if "data:image" in html else html
    found = {flags.TRUNCATED} if len(html) > limits.HTML_CHARS else set()
    html = html[: limits.HTML_CHARS]
    page = _Page()
    page.read(html)
    text = page.lines.text()
    if not text and html.strip():
        text = page.hidden_text() or _crude(html)
    return PageText(text, frozenset(found | page.flags()))


class _Page:
    """One pass over a page."""

    def __init__(self) -> None:
        self.lines = Lines()
        self._hidden = Lines()
        self._nesting = Nesting()
        self._is_pale = False

    def read(self, html: str) -> None:
        """Take all tokens and the text between them."""
        end = 0
        for token in _TOKEN.finditer(html):
            self._take_text(html[end : token.start()])
            end = token.end()
            if token["name"]:
                self._take_tag(token)
            elif token["inner"] and token["raw"].lower() == "style":
                self._nesting.hide(hiding_selectors(token["inner"]))
        self._take_text(html[end:])

    def hidden_text(self) -> str:
        """Give the text that was left out."""
        return self._hidden.text()

    def flags(self) -> set[str]:
        """Say what was odd."""
        found = {
            flags.HIDDEN_TEXT: any(character.isalnum() for character in self.hidden_text()),
            flags.PALE_TEXT: self._is_pale,
            flags.TRUNCATED: self.lines.is_full,
        }
        return {flag for flag, holds in found.items() if holds}

    def _take_text(self, raw: str) -> None:
        if not raw:
            return
        text = _unescaped(raw)
        state = self._nesting.state
        if state.is_hidden:
            self._hidden.add(text, quote=0)
            return
        self.lines.add(text, quote=state.quote, is_preformatted=state.is_preformatted)
        if state.is_pale and not text.isspace():
            self._is_pale = True

    def _take_tag(self, token: re.Match[str]) -> None:
        name = token["name"].lower()
        if token["end"]:
            self._nesting.close(name)
            self.lines.close(name)
            return
        attributes = _attributes(token["rest"]) if token["rest"] else {}
        self._nesting.open(name, attributes)
        if not self._nesting.state.is_hidden:
            self.lines.open(name, attributes, quote=self._nesting.state.quote)


def _attributes(rest: str) -> dict[str, str]:
    """Read the attributes of a tag, if any of them could tell us something."""
    if not _TELLING.search(rest):
        return {}
    found: dict[str, str] = {}
    for number, match in enumerate(_ATTRIBUTE.finditer(rest[:_ATTRIBUTES_CHARS])):
        if number == _ATTRIBUTES:
            break
        found.setdefault(match[1].lower(), _unescaped((match[2] or "").strip("\"'")))
    return found


def _unescaped(text: str) -> str:
    """Turn character references to characters; numbers that are none cannot stop it.

    The standard library raises ValueError for a reference of more than 4,300 digits.
    """
    return unescape(_HUGE_NUMBER.sub("\ufffd", text)) if "&" in text else text


def _crude(html: str) -> str:
    """Give all that is no tag: for pages so broken that nothing was left of them."""
    lines = Lines()
    lines.add(_unescaped(re.sub(r"<[^>]*+>?", " ", html)), quote=0)
    return lines.text()
