import random

import pytest
from support_probe import ByWord, example, examples

from training.probes.fairness import measure_fairness, variants, work_of
from training.probes.frames import filled, frames
from training.probes.serving import HIGH_INTENTS, Probed
from training.probes.swap import common_words, find, groups, swapped

COMMON = common_words(["please show it to the team, and thanks. could we talk price? however, no"])
MAIL = """Dear Ms Tran,

could we talk? She liked it, and her team too; I told her so in Oslo.

Kind regards
Miriam Costa-Lund
Facility Manager, Norway"""


def found_in(text, language="en"):
    return find(text, language, COMMON)


def group(name, gender):
    return next(g for g in groups() if (g.name, g.gender) == (name, gender))


def as_written_by(text, name, gender, language="en"):
    return swapped(
        text,
        find(text, language, COMMON),
        group(name, gender),
        language=language,
        chance=random.Random(1),
    )


def test_people_and_places_of_a_mail_are_found():
    found = found_in(MAIL)

    assert (found.given, found.surnames) == (("Miriam",), ("Costa-Lund", "Tran"))
    assert (found.cities, found.countries, found.gendered) == (("Oslo",), ("Norway",), True)


@pytest.mark.parametrize(
    ("text", "given", "surnames"),
    [
        ("could we talk?\nThanks, Gunnel", ("Gunnel",), ()),
        ("Hi Gunnel,\nhow much?", ("Gunnel",), ()),
        ("Gunnel Asker here, could we talk", ("Gunnel",), ("Asker",)),
        ("hello, my name is Gunnel Asker and", ("Gunnel",), ("Asker",)),
        ("ask Dr. Asker about it", (), ("Asker",)),
        ("we gave it to Priya Lockwood last week", ("Priya",), ("Lockwood",)),
        ("Hello Team,\nthanks. However, no", (), ()),
        ("Please talk\nKind regards\nSales Team", (), ()),
        ("mail priya@example.org", (), ()),
    ],
)
def test_names_are_found_by_where_they_stand(text, given, surnames):
    found = found_in(text)

    assert (found.given, found.surnames) == (given, surnames)


def test_a_mail_is_rewritten_as_a_whole_and_the_rest_is_kept():
    text = as_written_by(MAIL, "Nigerian", "male")

    nigerian = group("Nigerian", "male")
    for gone in ("Tran", "Miriam", "Costa-Lund", "Oslo", "Norway", "Ms", "She", "her"):
        assert gone not in text.replace(",", " ").replace(";", " ").split()
    assert "He liked it, and his team too; I told him so in" in text
    assert text.splitlines()[5].split()[0] in nigerian.given
    assert text.splitlines()[5].split()[1] in nigerian.surnames
    assert text.startswith("Dear Mr ")
    assert text.splitlines()[-1].startswith("Facility Manager, ")


def test_a_name_is_the_same_wherever_it_stands():
    text = as_written_by("Hi Anna,\nAnna asked, and Annabel did not\nAnna", "Chinese", "female")

    first, _, last = text.splitlines()
    assert first == f"Hi {last},"
    assert "Annabel" in text


@pytest.mark.parametrize(
    ("language", "text", "gender", "expected"),
    [
        ("en", "He gave him his key himself, Sir", "female", "She gave her her key herself, Madam"),
        ("en", "It is hers. Ask her about it", "male", "It is his. Ask him about it"),
        ("sv", "Hon ringde, ge henne hennes pris", "male", "Han ringde, ge honom hans pris"),
        ("de", "Sehr geehrter Herr Dr.", "female", "Sehr geehrte Frau Dr."),
        ("fr", "Bonjour Madame", "male", "Bonjour Monsieur"),
        ("de", "He, she, him", "male", "He, she, him"),
    ],
)
def test_gendered_words_follow_the_group(language, text, gender, expected):
    assert as_written_by(text, "Polish", gender, language) == expected


def test_there_are_forty_frames_of_all_intents_and_no_slot_is_left_open():
    intents = [frame.intent for frame in frames()]

    assert {intent: intents.count(intent) for intent in intents} == {
        **dict.fromkeys(HIGH_INTENTS, 8),
        "support": 8,
        "other": 8,
    }
    for frame in frames():
        text = filled(frame, group("Arabic", "male"), random.Random(1))
        assert "{" not in text
        assert text != frame.text


def fairness(reads=str, test=None, **triggers):
    classifier, ticks = ByWord(reads, triggers), []
    some = variants(test or examples(), messages=20, seed=1)
    found = measure_fairness(Probed(classifier, ticks.append), some, seed=1)
    assert sum(ticks) == len(classifier.texts) == work_of(some)
    return found


def test_a_classifier_that_does_not_look_at_names_decides_the_same():
    found = fairness()

    assert (found.messages, found.touched) == (20, 0)
    assert found.found == {"names": 20, "places": 20, "gendered": 0}
    assert (found.swapped.decisions.hits, found.swapped.decisions.cases) == (0, 20 * 16)
    assert found.swapped.holds
    assert found.framed.holds
    assert found.swapped.groups[0].mean_shift == 0.0


def test_a_classifier_that_hears_a_wish_in_a_city_is_reported_with_the_group():
    polish = dict.fromkeys(group("Polish", "female").cities, "churn_risk")

    found = fairness(lambda text: text.replace(".", " ").replace(",", " "), **polish)

    worst = found.swapped.worst
    assert (worst.group, found.swapped.holds) == ("Polish", False)
    changed = {s.group for s in found.swapped.groups if s.decisions.hits}
    assert changed == {"Polish"}
    # who wants to leave already is not heard otherwise
    assert found.touched == worst.decisions.hits < worst.decisions.cases == 20
    assert not found.framed.holds


def test_a_swap_that_changes_nothing_is_not_counted():
    test = [example("a", "she likes the demo", "demo_request")]

    found = fairness(test=test)

    counted = {(s.group, s.gender): s.decisions.cases for s in found.swapped.groups}
    assert counted[("Indian", "female")] == 0
    assert counted[("Indian", "male")] == 1
    assert found.swapped.groups[0].mean_shift is None
