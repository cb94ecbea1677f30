import random
import re
from pathlib import Path

import pytest
from support_data import splits

from training import names, probes
from training.dataset import Example
from training.names import proper_nouns, renamed


def example(text, language="en"):
    return Example(id=text, subject="", text=text, channel=None, language=language, labels={})


CORPUS = [
    example("Could Petra call Hamid in Malmö? Thanks, Petra"),
    example("thanks, could you call us"),
    example("SSO fails. Monday again"),
    example("see you on monday"),
    example("Die Rechnung ist falsch", "de"),
]


def test_names_are_the_words_that_only_come_with_a_capital():
    assert proper_nouns(CORPUS) == {"Petra", "Hamid", "Malmö"}


def test_a_name_is_replaced_wherever_it_comes_and_all_else_stays():
    nouns = proper_nouns(CORPUS)

    found = renamed(CORPUS[0].text, nouns, random.Random(1))

    match = re.fullmatch(r"Could (\w+) call (\w+) in (\w+)\? Thanks, (\w+)", found)
    assert match
    assert match[1] == match[4]
    assert not nouns & set(match.groups())


@pytest.mark.parametrize("text", ["", "no names here", "SSO and VPN", "It works. Petra"])
def test_a_text_without_names_inside_its_sentences_stays(text):
    assert renamed(text, frozenset({"Petra"}), random.Random(1)) == text


def test_hardly_a_common_word_of_the_data_is_taken_for_a_name():
    nouns = proper_nouns(splits().train)

    assert not {"Hello", "Thanks", "Regards", "Demo", "Price", "Monday", "Could"} & nouns


def test_the_names_put_in_are_none_of_those_that_fairness_is_measured_with():
    measured = (Path(probes.__file__).parent / "names.yaml").read_text(encoding="utf-8")

    assert not set(names._pool()) & set(re.findall(r"[^\W\d_]+", measured))
