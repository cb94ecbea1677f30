"""A folder like that of the public data sets, a handful of messages in each."""

import csv
import json
import random

WORDS = {
    "card_lost": "my card is lost stolen gone missing where",
    "pin_change": "change reset new pin code number forgot",
    "rate?": "exchange rate euro dollar pound currency today",
}


def messages(count, *, seed):
    """Texts of some words of one label each."""
    order = random.Random(seed)
    labels = sorted(WORDS)
    return [
        (" ".join(order.choices(WORDS[label].split(), k=5)), label)
        for label in (labels[i % len(labels)] for i in range(count))
    ]


def write_public_data(folder):
    """Write every data set; returns the folder."""
    _csv(folder / "banking77/train.csv", messages(30, seed=1))
    _csv(folder / "banking77/test.csv", messages(12, seed=2))
    _jsonl(folder / "few_shot/BANKING77/train_10.jsonl", messages(9, seed=3))
    for part, count in (("train", 30), ("train_10", 9), ("valid", 12), ("test", 12)):
        _jsonl(folder / f"hwu64/{part}.jsonl", messages(count, seed=count))
    strange = [("what is the tallest mountain on the moon", "oos"), ("sing me a song", "oos")]
    parts = {"train": 30, "val": 12, "test": 12}
    clinc = {name: messages(count, seed=count) for name, count in parts.items()}
    _write(
        folder / "clinc150/data_full.json",
        json.dumps(clinc | {f"oos_{name}": strange for name in parts}),
    )
    for domain in ("banking", "hotels"):
        _lines(folder / f"nlupp/{domain}.jsonl", _folded())
    return folder


def _folded():
    """Twenty folds of twelve messages; every fourth message has two labels, every fifth none."""
    rows = []
    for i, (text, label) in enumerate(messages(240, seed=4)):
        second, other = messages(3, seed=i)[(i + i // 12) % 3]
        intents = [label] if i % 4 or other == label else [label, other]
        text = text if len(intents) == 1 else f"{text} {second}"
        rows.append({"fold": i // 12, "text": text, "intents": intents if i % 5 else []})
    return rows


def _csv(path, pairs):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *pairs])


def _jsonl(path, pairs):
    _lines(path, [{"text": text, "label": label} for text, label in pairs])


def _lines(path, rows):
    _write(path, "".join(json.dumps(row) + "\n" for row in rows))


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
