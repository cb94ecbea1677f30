from pathlib import Path

from training.dataset import read_dataset
from training.datasheet import counts, with_counts

DATA = Path(__file__).parents[2] / "data"


def test_the_counts_of_the_readme_are_those_of_the_data():
    examples = read_dataset([str(path) for path in sorted(DATA.glob("*.jsonl"))]).examples
    text = (DATA / "README.md").read_text(encoding="utf-8")

    assert counts(examples) in text, "run `python -m training.datasheet`"
    assert with_counts(text, examples) == text
