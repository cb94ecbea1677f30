"""The language of a message, told offline among those that Inlet knows."""

import functools

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# The languages of data/ and those that inboxes of European and American firms meet beside them:
# a short list makes fewer mistakes on short texts than all hundred that the library knows.
LANGUAGES = (
    *("ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hu", "it", "ja", "ko", "no"),
    *("nl", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh"),
)
UNKNOWN = "und"  # ISO 639-2: undetermined
_MIN_LETTERS = 4  # below this a guess says nothing
_MAX_CHARS = 2_000  # more adds time but no certainty


@functools.lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """Load the identifier once, in about a second."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    identifier._full_model = None  # the other hundred languages, 28 MB, kept to go back to
    return identifier


def detect_language(text: str) -> str:
    """Tell the ISO 639-1 code of a text's language, or `und` where it is too short to tell.

    Source:
        Lui and Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool".
    """
    head = text[:_MAX_CHARS]
    if sum(map(str.isalpha, head)) < _MIN_LETTERS:
        return UNKNOWN
    return str(_identifier().classify(head)[0])
