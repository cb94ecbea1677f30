from pathlib import Path

import pytest
import yaml
from support_probe import ByWord, example, examples

from training.probes.long_text import measure_long_text, short_wishes
from training.probes.robustness import measure_robustness, trials
from training.probes.robustness import work_of as robustness_work
from training.probes.serving import HIGH_INTENTS, Probed

POLICY = Path(__file__).parents[3] / "app" / "routing" / "policy.yaml"


def probed(reads=str, **triggers):
    classifier, ticks = ByWord(reads, triggers), []
    return Probed(classifier, ticks.append), classifier, ticks


def robustness(reads=str, *, test=None, **triggers):
    some = trials(test or examples(), messages=100, long_messages=10, seed=1)
    found = measure_robustness(probed(reads, **triggers)[0], some, seed=1)
    return {one.name.split()[0]: one for one in found.perturbations}


def test_high_intents_are_those_that_the_policy_tells_a_salesperson_of():
    rules = yaml.safe_load(POLICY.read_text())["rules"]
    told = [i for rule in rules if rule["event"] != "message.routed" for i in rule["intents"]]

    assert sorted(HIGH_INTENTS) == sorted(told)


def test_a_classifier_that_reads_capitals_as_small_letters_loses_nothing_by_them():
    found = robustness(str.lower)

    assert found["T1"].drop.points == 0.0
    assert found["T1"].holds
    assert (found["T1"].plain.recall.hits, found["T1"].plain.recall.cases) == (24, 24)
    assert found["T1"].perturbed.macro_f1 == 1.0


def test_a_classifier_that_is_fooled_is_reported_so():
    fooled = robustness()

    assert [name for name, one in fooled.items() if not one.holds] == [
        *("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9")
    ]
    assert fooled["T3"].drop.points == 100.0
    assert fooled["T3"].drop.interval == (100.0, 100.0)
    assert fooled["T3"].perturbed.recall.hits == 0
    assert fooled["T3"].perturbed.macro_f1 < 0.1


def test_twelve_perturbations_are_measured_and_all_messages_of_a_probe_counted():
    some = trials(examples(), messages=20, long_messages=4, seed=1)
    given, classifier, ticks = probed()

    found = measure_robustness(given, some, seed=1)

    assert [one.name.split()[0] for one in found.perturbations] == [f"T{n}" for n in range(1, 13)]
    assert [one.messages for one in found.perturbations] == [*[20] * 10, 4, 12]
    assert sum(ticks) == len(classifier.texts) == robustness_work(some)


def test_a_wish_in_a_message_of_other_is_a_false_alarm():
    test = [*examples(), example("odd", "the price of the weather", "other")]

    found = robustness(test=test)

    assert (found["T10"].plain.false_alarms.hits, found["T10"].plain.false_alarms.cases) == (1, 9)
    assert found["T1"].perturbed.false_alarms.hits == 0


def test_messages_are_served_by_the_thresholds_of_their_channel():
    public = [example(f"c{i}", "demo", "demo_request", channel="community_post") for i in range(5)]

    assert robustness(test=public)["T1"].plain.recall.hits == 0


def test_without_high_intents_nothing_can_drop():
    found = robustness(test=[example("o", "nothing at all here", "other")])

    assert found["T1"].drop is None
    assert found["T1"].as_dict()["plain"]["recall"]["ratio"] is None


def cut(words):
    return lambda text: " ".join(text.split()[:words])


LOUD = [e for e in examples() if e.labels["intents"] != ("pricing",)]


def long_text(reads=str, test=None, **triggers):
    some = short_wishes(test or examples(), messages=6, seed=1)
    return measure_long_text(probed(reads, **triggers)[0], some, fillers=3, seed=1)


def test_a_classifier_that_reads_the_beginning_alone_misses_the_rest():
    found = long_text(cut(1_000))

    assert (found.alone.hits, found.alone.cases) == (6, 6)
    assert [placed.recall.hits for placed in found.places] == [6, 0, 0]
    assert [placed.holds for placed in found.places] == [True, False, False]
    assert found.places[1].drop.points == 100.0


def test_filler_is_silent_unless_a_classifier_hears_a_wish_in_it():
    assert (long_text().filler_alarms.hits, long_text().filler_worst_probability) == (0, 0.1)
    hearing = long_text(test=LOUD, harbour="pricing")
    assert (hearing.filler_alarms.hits, hearing.filler_alarms.cases) == (3, 3)
    assert hearing.filler_worst_probability == 0.9
    assert hearing.filler_intents == {"demo_request": 0, "pricing": 3, "churn_risk": 0}
    assert hearing.alone_wrong.hits == 0
    assert {p.wrong.hits for p in hearing.places} == {len(short_wishes(LOUD, messages=6, seed=1))}


@pytest.mark.parametrize(
    "changes",
    [{"language": "sv"}, {"text": "demo " * 41}, {"intent": "support"}],
    ids=["other language", "long", "no high intent"],
)
def test_only_short_english_wishes_are_hidden(changes):
    fields = {"name": "x", "text": "demo", "intent": "demo_request", **changes}
    name, text, intent = (fields.pop(key) for key in ("name", "text", "intent"))

    assert short_wishes([example(name, text, intent, **fields)], messages=5, seed=1) == ()
    assert len(short_wishes([example("x", "demo", "demo_request")], messages=5, seed=1)) == 1
