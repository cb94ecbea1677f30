"""Every text of the pages, in each language: one catalogue, read once.

A text stands in `strings/<language>.json` under a key, with its values in braces: `{"told.taken":
"Yours now, {name}"}`. One that depends on a number has two forms: `{"one": "…", "other": "…"}`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

LANGUAGES = ("en", "sv", "de")  # the first one is for whoever asks for none of them
COOKIE = "inlet_language"
_MAX_HEADER_CHARS = 500  # of Accept-Language; browsers send under a hundred

Text = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Translator:
    """Gives the texts of one language; templates call it `t`."""

    language: str
    texts: Mapping[str, Text]

    def __call__(self, key: str, /, **values: object) -> str:
        """Give a text with its values.

        Args:
            key: Of the catalogue; an unknown one is a mistake of ours, and raises.
            values: What stands in its braces; `count` also chooses between one and many.

        Raises:
            KeyError: The catalogue has no such text, or the text wants a value that is missing.
        """
        text = self.texts[key]
        if not isinstance(text, str):
            text = text["one" if values["count"] == 1 else "other"]
        return text.format_map(values)

    def term(self, group: str, value: str | None) -> str:
        """Name a value of the product: a label, a route, a state.

        What an operator named is not in the catalogue: it is shown as it is, without underscores.
        """
        if value is None:
            return self("term.none")
        text = self.texts.get(f"{group}.{value}")
        return text if isinstance(text, str) else value.replace("_", " ")


def load_catalogue() -> dict[str, Translator]:
    """Read the texts of every language."""
    folder = files("app.dashboard") / "strings"
    return {
        language: Translator(language, json.loads((folder / f"{language}.json").read_bytes()))
        for language in LANGUAGES
    }


def language_of(cookie: str | None, accept_language: str | None) -> str:
    """Choose a language: what a person chose here, else what their browser asks for.

    Source:
        RFC 9110, section 12.5.4 (Accept-Language), section 12.4.2 (quality values).
    """
    if cookie in LANGUAGES:
        return cookie
    asked = (accept_language or "")[:_MAX_HEADER_CHARS].split(",")
    ranked = sorted((_ranked(one) for one in asked), key=lambda pair: -pair[0])
    wanted = (name for quality, name in ranked if quality > 0 and name in LANGUAGES)
    return next(wanted, LANGUAGES[0])


def _ranked(asked: str) -> tuple[float, str]:
    """Read `sv-SE;q=0.8`: how much it is wanted, and the language without its region."""
    tag, _, parameter = asked.strip().lower().partition(";")
    name = tag.strip().partition("-")[0]
    quality = parameter.strip().removeprefix("q=") or "1"
    if not quality.replace(".", "", 1).isdecimal():
        return 0.0, name
    return float(quality), name
