"""What inline styles and simple style sheets say about whether a reader sees a text.

Mail clients ignore most of CSS; what is read here are the ways by which preheaders, trackers and
injected instructions are hidden in practice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_STYLE_CHARS = 2_000  # of one attribute
_SHEET_CHARS = 64 * 1024
_FAR_PX = 900  # moved out by so much is out of sight
_TINY_PX = 1.0
_COMMENT = re.compile(r"/\*(?s:.*?)(?:\*/|\Z)")
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_LENGTH = re.compile(r"\s*(-?\d{0,6}(?:\.\d{0,6})?)\s*(px|pt|em|rem|ex|%|in|cm|mm|)")
_FONT_SIZE = re.compile(r"(?:^|\s)(\d[\w.%]{0,12})(?:\s*/|\s|$)")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\D{1,3}(\d{1,3})\D{1,3}(\d{1,3})")
_SELECTOR = re.compile(r"\s*[a-zA-Z]{0,20}([.#][\w-]{1,80})\s*")
_BRACES = re.compile(r"[{}]")
_NAMED = {"white": "ffffff", "black": "000000"}
_NO_COLOUR = {"transparent", "inherit", "initial", "unset", "currentcolor", ""}


@dataclass(frozen=True, slots=True)
class Look:
    """What a style changes; None is no change."""

    is_gone: bool | None = None  # the element and all in it; a sheet's True can be undone inline
    is_invisible: bool | None = None  # an element in it may be visible again
    is_tiny: bool | None = None  # likewise
    colour: str | None = None  # six hexadecimal digits
    background: str | None = None  # likewise; "?" is an image or something unknown
    is_borderless: bool = False


PLAIN = Look()


@lru_cache(maxsize=1_024)
def read_style(style: str) -> Look:
    """Read the declarations of a style attribute."""
    return _look(_declarations(style[:_STYLE_CHARS]))


def hiding_selectors(sheet: str) -> frozenset[str]:
    """Name the classes and ids, as `.name` and `#name`, that a style sheet hides on each screen.

    Rules inside of @media and the like are left out: those hide on some screens only.
    """
    sheet = _COMMENT.sub("", sheet[:_SHEET_CHARS])
    hidden: set[str] = set()
    depth, start, selector = 0, 0, ""
    for brace in _BRACES.finditer(sheet):
        if brace[0] == "{":
            depth += 1
            selector = sheet[start : brace.start()] if depth == 1 else ""
        else:
            if depth == 1 and _hides(sheet[start : brace.start()]):
                hidden |= _simple(selector)
            depth = max(depth - 1, 0)
        start = brace.end()
    return frozenset(hidden)


def read_colour(value: str) -> str | None:
    """Read a colour as six hexadecimal digits; "?" for what we do not know, None for none."""
    value = value.strip().lower()
    if value in _NO_COLOUR:
        return None
    if rgb := _RGB.match(value):
        return "".join(f"{min(int(part), 255):02x}" for part in rgb.groups())
    digits = value.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return _NAMED.get(value) or (digits if re.fullmatch(r"[0-9a-f]{6}", digits) else "?")


def _simple(selectors: str) -> set[str]:
    """Give the selectors of a list that name one class or id."""
    found = (_SELECTOR.fullmatch(selector) for selector in selectors.split(","))
    return {match[1] for match in found if match}


def _hides(block: str) -> bool:
    look = _look(_declarations(block[:_STYLE_CHARS]))
    return bool(look.is_gone or look.is_invisible or look.is_tiny)


def _declarations(style: str) -> dict[str, str]:
    if "\\" in style:
        style = _ESCAPE.sub(lambda match: _character(match[1]), style)
    pairs = (piece.partition(":") for piece in _COMMENT.sub("", style).split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip().lower()
        for name, _, value in pairs
    }


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if 0 < code < 0x80 else "?"  # names and values of CSS are ASCII


def _look(style: Mapping[str, str]) -> Look:
    visibility = style.get("visibility")
    background = style.get("background-color", style.get("background", ""))
    return Look(
        is_gone=_is_gone(style),
        is_invisible=None if visibility is None else visibility in ("hidden", "collapse"),
        is_tiny=_is_tiny(style),
        colour=read_colour(style.get("color", "")),
        background="?" if "background-image" in style else read_colour(background),
        is_borderless=style.get("border", "").startswith(("none", "0")),
    )


def _is_gone(style: Mapping[str, str]) -> bool | None:
    if style.get("display") == "none" or style.get("mso-hide") == "all" or _is_clear(style):
        return True
    is_cut = style.get("overflow", "").startswith("hidden")
    if is_cut and any(_is_small(style.get(f"{most}{side}")) for most in ("", "max-")
                      for side in ("height", "width")):  # fmt: skip
        return True
    if any(_is_far(style.get(side)) for side in ("left", "top", "text-indent", "margin-left")):
        return True
    return False if "display" in style else None


def _is_clear(style: Mapping[str, str]) -> bool:
    return re.fullmatch(r"0?\.?0*%?", style.get("opacity", "1")) is not None


def _is_tiny(style: Mapping[str, str]) -> bool | None:
    size = style.get("font-size")
    if size is None:
        found = _FONT_SIZE.search(style.get("font", ""))
        size = found[1] if found else None
    if size is None or (match := _LENGTH.match(size)) is None or not match[1].strip("-."):
        return False if size and size.isalpha() else None  # small, large: readable words
    is_relative = match[2] not in ("", "px", "pt")
    if is_relative and float(match[1]) > 0:
        return None  # of what stands around it
    return float(match[1]) <= _TINY_PX


def _is_small(length: str | None) -> bool:
    match = _LENGTH.match(length or "")
    return bool(match and match[1].strip("-.") and float(match[1]) <= _TINY_PX and match[2] != "%")


def _is_far(length: str | None) -> bool:
    match = _LENGTH.match(length or "")
    return bool(match and match[1].strip("-.") and float(match[1]) <= -_FAR_PX)
