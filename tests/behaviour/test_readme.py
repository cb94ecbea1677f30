import json
import re

import pytest
import readme


@pytest.fixture(scope="module")
def text():
    return readme.README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["figures", "settings"])
def test_a_generated_part_is_up_to_date(text, name):
    assert readme.inside(text, name) == readme.parts()[name], "run `python -m tests.readme`"


def test_the_example_shows_what_the_shipped_model_says(text):
    shown = json.loads(readme.inside(text, "example").split("```json")[1].strip().rstrip("`"))
    said = readme.answered().as_dict()

    (prediction,) = shown["predictions"]
    assert prediction["intents"] == pytest.approx(said["intents"], abs=0.01)
    same = ("model_version", "labels", "primary", "abstained", "language", "truncated")
    assert {key: prediction[key] for key in same} == {key: said[key] for key in same}


def test_no_figure_of_the_readme_is_typed_in_by_hand(text):
    outside = text
    for name in ("example", "figures", "benchmarks", "settings"):
        outside = outside.replace(readme.inside(text, name), "")

    assert re.findall(r"\b0\.\d{2,}\b|\d ?%", outside) == []
