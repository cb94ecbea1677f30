from support_data import DATA, dataset

from training.datasheet import counts, with_counts


def test_the_counts_of_the_readme_are_those_of_the_data():
    examples = dataset().examples
    text = (DATA / "README.md").read_text(encoding="utf-8")

    assert counts(examples) in text, "run `python -m training.datasheet`"
    assert with_counts(text, examples) == text
