"""Which elements of a page are open, and what that means for the text in them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.inbound.mime.styles import PLAIN, Look, read_colour, read_style

BLOCKS = {
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul",
}  # fmt: skip
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
         "source", "track", "wbr"}  # fmt: skip
_GONE = {"object", "audio", "video", "datalist", "svg", "math", "canvas"}
_CELLS = ("td", "th")
_TABLE = {"td", "th", "tr", "tbody", "thead", "tfoot", "table", "caption"}
# What an element closes that was left open, and what it does not reach beyond.
_IMPLIED = {
    "li": (("li",), ("ul", "ol")),
    "dt": (("dt", "dd"), ("dl",)),
    "dd": (("dt", "dd"), ("dl",)),
    "tr": (("tr",), ("table",)),
    "td": (_CELLS, ("tr", "table")),
    "th": (_CELLS, ("tr", "table")),
    "option": (("option",), ("select",)),
}
_MOST_QUOTES = 10  # deeper ones would fill the text with `>`


@dataclass(frozen=True, slots=True)
class State:
    """What holds for the text at one place of a page."""

    is_gone: bool = False
    is_invisible: bool = False
    is_tiny: bool = False
    quote: int = 0
    is_preformatted: bool = False
    colour: str = "000000"
    background: str = "ffffff"

    @property
    def is_hidden(self) -> bool:
        """Whether no reader sees the text."""
        return self.is_gone or self.is_invisible or self.is_tiny

    @property
    def is_pale(self) -> bool:
        """Whether text and background have one colour."""
        return self.colour == self.background != "?"


class Nesting:
    """The open elements; each tag costs the same, however many there are."""

    def __init__(self) -> None:
        self.state = State()
        self._open: list[tuple[str, State]] = []  # name, and the state around it
        self._places: dict[str, list[int]] = {}  # name -> where it stands in `_open`
        self._hidden: frozenset[str] = frozenset()

    def hide(self, selectors: frozenset[str]) -> None:
        """Take note of what a style sheet hides."""
        self._hidden |= selectors

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        """Enter an element."""
        if name in BLOCKS and self._place("p") > self._fence():
            self._close_at(self._place("p"))
        if name in _IMPLIED:
            self._close_implied(*_IMPLIED[name])
        if name in _VOID:
            return
        self._places.setdefault(name, []).append(len(self._open))
        self._open.append((name, self.state))
        self.state = self._entered(name, attributes)

    def close(self, name: str) -> None:
        """Leave an element, and those in it; one that is not open is no matter."""
        place = self._place(name)
        if place >= 0 and (name in _TABLE or place > self._fence()):
            self._close_at(place)

    def _place(self, name: str) -> int:
        places = self._places.get(name)
        return places[-1] if places else -1

    def _fence(self) -> int:
        """Where the innermost cell stands: what is around it cannot be closed from inside."""
        return max(self._place("td"), self._place("th"))

    def _close_at(self, place: int) -> None:
        while len(self._open) > place:
            name, self.state = self._open.pop()
            self._places[name].pop()

    def _close_implied(self, names: tuple[str, ...], fences: tuple[str, ...]) -> None:
        place = max(self._place(name) for name in names)
        if place > max(self._place(fence) for fence in fences):
            self._close_at(place)

    def _entered(self, name: str, attributes: Mapping[str, str]) -> State:
        state = self.state
        if name in _GONE:
            return replace(state, is_gone=True)
        look = self._look(attributes) if attributes else PLAIN
        if name == "blockquote" and not look.is_borderless:
            state = replace(state, quote=min(state.quote + 1, _MOST_QUOTES))
        if name in ("pre", "textarea", "xmp", "listing"):
            state = replace(state, is_preformatted=True)
        return state if look == PLAIN else _changed(state, look)

    def _look(self, attributes: Mapping[str, str]) -> Look:
        look = read_style(attributes["style"]) if "style" in attributes else PLAIN
        if "hidden" in attributes or (look.is_gone is None and self._is_in_sheet(attributes)):
            look = replace(look, is_gone=True)
        if "color" in attributes:
            look = replace(look, colour=read_colour(attributes["color"]))
        if "bgcolor" in attributes and look.background is None:
            look = replace(look, background=read_colour(attributes["bgcolor"]))
        return look

    def _is_in_sheet(self, attributes: Mapping[str, str]) -> bool:
        if not self._hidden:
            return False
        classes = attributes.get("class", "").split()
        return f"#{attributes.get('id', '')}" in self._hidden or any(
            f".{name}" in self._hidden for name in classes
        )


def _changed(state: State, look: Look) -> State:
    """Lay a look over what holds around it: what is gone stays gone, the rest may come back."""
    return replace(
        state,
        is_gone=state.is_gone or bool(look.is_gone),
        is_invisible=state.is_invisible if look.is_invisible is None else look.is_invisible,
        is_tiny=state.is_tiny if look.is_tiny is None else look.is_tiny,
        colour=look.colour or state.colour,
        background=look.background or state.background,
    )
