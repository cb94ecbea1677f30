"""The language of a message, told offline among those that Inlet knows."""

import functools
from collections.abc import Sequence

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# The languages of data/ and those that inboxes of European and American firms meet beside them:
# a short list makes fewer mistakes on short texts than all hundred that the library knows.
LANGUAGES = (
    *("ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hu", "it", "ja", "ko", "no"),
    *("nl", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh"),
)
UNKNOWN = "und"  # ISO 639-2: undetermined
_MIN_LETTERS = 4  # below this a guess says nothing
_SURE_LETTERS = 12  # and from here one can tell that a text is in none of the languages expected
_FOREIGN_BELOW = 0.2  # joint probability of those expected; no row of data/ comes below it
_MAX_CHARS = 2_000  # more adds time but no certainty


@functools.lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """Load the identifier once, in about a second."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    identifier._full_model = None  # the other hundred languages, 28 MB, kept to go back to
    return identifier


def detect_language(text: str, expected: Sequence[str] = ()) -> str:
    """Tell the ISO 639-1 code of a text's language, or `und` where it is too short to tell.

    Args:
        text: Its beginning is looked at.
        expected: Languages that others are mistaken for less often, such as those a model has
            learnt; another is told only where all of them together are improbable.

    Source:
        Lui and Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool".
    """
    head = text[:_MAX_CHARS]
    letters = sum(map(str.isalpha, head))
    if letters < _MIN_LETTERS:
        return UNKNOWN
    shares = {str(code): float(share) for code, share in _identifier().rank(head)}
    known = {code: share for code, share in shares.items() if code in expected}
    if not known or (letters >= _SURE_LETTERS and sum(known.values()) < _FOREIGN_BELOW):
        return max(shares, key=shares.__getitem__)
    return max(known, key=known.__getitem__)
