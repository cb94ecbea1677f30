"""One cleaning for training and serving: undo what transport did, keep what the sender wrote."""

import re
import unicodedata
from functools import lru_cache

from models.text.folds import fold_text, turn_back

CLEANING_VERSION = 2  # bump on any change of output; an artifact trained on another is refused

_JOINERS = {"\u200c", "\u200d"}  # carry meaning: Persian words, emoji sequences
_NOT_TEXT = {"Cc", "Cf", "Cs", "Cn"}  # controls, invisible formatting, lone surrogates, unassigned
# Not right behind an unfinished tag: taking the inner one out of `<br<br>>` would make a new one.
_BREAK = re.compile(
    r"(?<!<br)(?<!<p)(?<!</p)(?<!<div)(?<!</div)<(?:br|/?p|/?div)\s?/?>", re.IGNORECASE
)
# Gateways that flatten HTML leave these behind, sometimes escaped twice. The list is closed and
# its characters cannot form a new entity, so one pass is enough and cleaning stays idempotent.
_ENTITY = re.compile(
    r"&(?:amp;)*(nbsp|lt|gt|quot|apos|ndash|mdash|hellip|lsquo|rsquo|ldquo|rdquo|euro|#39|#160);"
    r"|&(?:amp;)+"
)
_CHARACTERS = {
    "nbsp": " ",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "ndash": "–",  # noqa: RUF001  the entity stands for this very character
    "mdash": "—",
    "hellip": "…",
    "lsquo": "‘",  # noqa: RUF001
    "rsquo": "’",  # noqa: RUF001
    "ldquo": "“",
    "rdquo": "”",
    "euro": "€",
    "#39": "'",
    "#160": " ",
    None: "&",
}


# Letters that stand on the one before: sorted by class on normalising, in quadratic time.
_MARKS = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))
_MARKS_KEPT = 30  # behind one letter; no language has so many
_FLOOD = re.compile(f"([{_MARKS}]{{{_MARKS_KEPT}}})[{_MARKS}]+")

_PASSES = 4  # of the folds: one may uncover what another undoes
_LOOSE_JOINER = re.compile(
    "(?<![^\x20-\u024f])[\u200c\u200d]+"
)  # behind nothing that it could join


def clean_text(raw: str) -> str:
    """Give a message's text as the model reads it: without transport noise and disguise.

    Idempotent. Composes to NFKC, so that letters of mathematics and of full width are letters;
    see also `undo_transport` and models.text.folds.

    Args:
        raw: Any string, also one that could not be encoded as UTF-8.

    Source:
        Unicode Standard Annex 15, "Normalization Forms" (NFKC).
    """
    text = undo_transport(turn_back(raw))
    for _ in range(_PASSES):
        plain = unicodedata.normalize("NFKC", text)
        folded = undo_transport(fold_text(_LOOSE_JOINER.sub("", plain)))
        if folded == text:
            break
        text = folded
    return text


def undo_transport(raw: str) -> str:
    """Undo what transport did to a message, and leave what the sender wrote; idempotent.

    Removes control and invisible characters, lone surrogates and leftovers of flattened HTML,
    folds runs of white space into one space, and composes to NFC. Rows of data are told apart by
    the hash of this form, so it must not change: they would move between the parts.

    Args:
        raw: Any string, also one that could not be encoded as UTF-8.

    Source:
        Unicode Standard Annex 15, "Normalization Forms" (NFC), and section 13, "Stream-Safe Text".
    """
    text = _visible(raw)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _FLOOD.sub(r"\1", text))
    if "&" in text:
        text = _ENTITY.sub(lambda match: _CHARACTERS[match[1]], text)
    if "<" in text:
        text = _BREAK.sub(" ", text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _visible(raw: str) -> str:
    """Drop the characters that show nothing; white space becomes a space."""
    return raw.translate({ord(character): _shown(character) for character in set(raw)})


@lru_cache(maxsize=4_096)
def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if character in _JOINERS or unicodedata.category(character) not in _NOT_TEXT:
        return character
    return ""
