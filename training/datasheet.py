"""Write the counts of data/README.md from the data: `python -m training.datasheet`."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.dataset import Example, default_sources, read_dataset, split

README = Path("data/README.md")
BEGIN, END = "<!-- counts: python -m training.datasheet -->", "<!-- end of counts -->"


def counts(examples: Sequence[Example]) -> str:
    """Render every count of the datasheet as Markdown tables."""
    parts = split(examples)
    sizes = {name: len(getattr(parts, name)) for name in parts.__slots__}
    heads = {name: None for example in examples for name in example.labels}
    tables = [
        _table("rows", {"all": len(examples), **sizes}),
        _table("language", Counter(example.language or "" for example in examples)),
        _table("channel", Counter(example.channel or "" for example in examples)),
        _table("block", Counter(example.id.split("-")[0] for example in examples)),
    ]
    tables += [_table(head, Counter(_labels(head, examples))) for head in heads]
    return "\n\n".join(tables)


def with_counts(text: str, examples: Sequence[Example]) -> str:
    """Put fresh counts between the marks of a README."""
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{counts(examples)}\n\n{END}{rest.split(END, 1)[1]}"


def main() -> int:
    """Rewrite the counts in place."""
    examples = read_dataset(default_sources()).examples
    README.write_text(with_counts(README.read_text(encoding="utf-8"), examples), encoding="utf-8")
    return 0


def _labels(head: str, examples: Sequence[Example]) -> Iterable[str]:
    """Every label of a head that any example carries."""
    return (label for example in examples for label in example.labels.get(head, ()))


def _table(name: str, numbers: dict[str, int]) -> str:
    """A table of one row: names above, counts below."""
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    heading = f"| {name} | " + " | ".join(key for key, _ in ordered) + " |"
    return "\n".join(
        [
            heading,
            "|---" * (len(ordered) + 1) + "|",
            "| | " + " | ".join(f"{count:,}" for _, count in ordered) + " |",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
