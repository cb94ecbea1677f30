import json
import re
from enum import StrEnum
from importlib.resources import files
from string import Formatter

import pytest

from app.dashboard.strings import LANGUAGES, language_of, load_catalogue
from app.domain import Channel, ClockStatus, ClockStep, DeliveryStatus, FeedbackKind, Priority, Role
from models.labels import INTENTS, LABELS

PAGES = files("app.dashboard")
TEXTS = {
    language: json.loads((PAGES / "strings" / f"{language}.json").read_bytes())
    for language in LANGUAGES
}
SOURCES = [
    (entry.name, entry.read_text(encoding="utf-8"))
    for folder in (PAGES, PAGES / "templates")
    for entry in folder.iterdir()
    if entry.name.endswith((".py", ".html"))
]
ASKED = re.compile(r"""\bt\(\s*(["'])(?P<key>[a-z0-9_.]+)\1\s*[,)]""")
BEGUN = re.compile(r"""\bt\(\s*(["'])(?P<key>[a-z0-9_.]+\.)\1\s*~""")
ENUMS = [
    ("channel", Channel),
    ("clock_status", ClockStatus),
    ("clock_step", ClockStep),
    ("delivery", DeliveryStatus),
    ("feedback", FeedbackKind),
    ("priority", Priority),
    ("role", Role),
]


def forms(text):
    return list(text.values()) if isinstance(text, dict) else [text]


def values_in(text):
    return {name for form in forms(text) for _, name, _, _ in Formatter().parse(form) if name}


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language):
    assert sorted(set(TEXTS["en"]) ^ set(TEXTS[language])) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_takes_the_same_values_in_every_language(language):
    other = {key: values_in(text) for key, text in TEXTS[language].items()}

    assert other == {key: values_in(text) for key, text in TEXTS["en"].items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_with_two_forms_has_them_in_every_language(language):
    two = {key: sorted(text) for key, text in TEXTS[language].items() if isinstance(text, dict)}

    assert two == {
        key: ["one", "other"] for key, text in TEXTS["en"].items() if isinstance(text, dict)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_holds_markup(language):
    bad = {
        key: text
        for key, text in TEXTS[language].items()
        if any(not form.strip("\x00") or re.search(r"[<>]|&\w+;", form) for form in forms(text))
    }

    assert bad == {}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_longer_texts_are_translated(language):
    same = [
        key
        for key, text in TEXTS[language].items()
        if text == TEXTS["en"][key] and len(str(text)) > 16 and " " in str(text)
    ]

    assert same == []


def test_pages_ask_for_texts_that_there_are():
    asked = {(name, m["key"]) for name, source in SOURCES for m in ASKED.finditer(source)}
    missing = {(name, key) for name, key in asked if key not in TEXTS["en"]}

    assert missing == set()
    assert len(asked) > 20


def test_pages_that_put_a_key_together_begin_it_as_some_text_does():
    begun = {m["key"] for _, source in SOURCES for m in BEGUN.finditer(source)}

    assert {start for start in begun if not any(key.startswith(start) for key in TEXTS["en"])} == (
        set()
    )


@pytest.mark.parametrize(("group", "values"), ENUMS)
def test_every_value_of_the_product_has_a_name(group, values: type[StrEnum]):
    assert [value for value in values if f"{group}.{value}" not in TEXTS["en"]] == []


def test_every_label_of_the_shipped_model_has_a_name():
    groups = {head: "intent" if head == INTENTS else head for head in LABELS}
    names = {f"{groups[head]}.{label}" for head, labels in LABELS.items() for label in labels}

    assert names - set(TEXTS["en"]) == set()
    assert {f"head.{head}" for head in LABELS} - set(TEXTS["en"]) == set()


def test_what_is_told_after_a_form_takes_no_values():
    assert {
        key for key in TEXTS["en"] if key.startswith("told.") and values_in(TEXTS["en"][key])
    } == (set())


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "1 new message"),
        ("en", 2, "2 new messages"),
        ("sv", 1, "1 nytt meddelande"),
        ("sv", 0, "0 nya meddelanden"),
        ("de", 7, "7 neue Nachrichten"),
    ],
)
def test_one_and_many_are_told_apart(catalogue, language, count, said):
    assert catalogue[language]("inbox.more_new", count=count) == said


def test_an_unknown_text_or_a_missing_value_is_a_mistake_that_shows(catalogue):
    with pytest.raises(KeyError):
        catalogue["en"]("inbox.no_such_text")
    with pytest.raises(KeyError):
        catalogue["en"]("message.title")


def test_a_value_with_braces_stays_as_it_is(catalogue):
    assert catalogue["en"]("message.title", name="{t}") == "Message from {t}"


@pytest.mark.parametrize(
    ("group", "value", "shown"),
    [
        ("intent", "demo_request", "Demo gewünscht"),
        ("route", "vip_desk", "vip desk"),
        ("route", None, "keine"),
        ("inbox", "more_new", "more new"),
    ],
)
def test_what_an_operator_named_is_shown_as_it_is(catalogue, group, value, shown):
    assert catalogue["de"].term(group, value) == shown


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "", "en"),
        (None, "sv", "sv"),
        (None, "de-AT,de;q=0.9,en;q=0.8", "de"),
        (None, "fr-FR, sv;q=0.4, de;q=0.7", "de"),
        (None, "SV-se", "sv"),
        (None, "de;q=0, sv;q=0.1", "sv"),
        (None, "fr, nl", "en"),
        (None, "sv;q=much, de;q=0.1", "de"),
        (None, "sv;q=1.2.3,,;;,*", "en"),
        (None, "sv;q=²", "en"),
        ("sv", "de", "sv"),
        ("xx", "de", "de"),
        ("../en", None, "en"),
    ],
)
def test_the_language_is_the_one_chosen_here_or_the_one_the_browser_asks_for(
    cookie, accepted, language
):
    assert language_of(cookie, accepted) == language
