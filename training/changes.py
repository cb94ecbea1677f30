"""Which messages a new version decides differently than the version before it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from models import registry
from models.classifier import IntentClassifier
from models.errors import ModelError
from training.assess import METRICS, Answers, Findings, named
from training.dataset import Example

Decisions: TypeAlias = Mapping[str, Sequence[str]]  # id of a message -> the labels it is given

FIXED, BROKEN, OTHERWISE = "fixed", "broken", "wrong in another way"
_RAN = "the earlier version was run on the same messages"
_STORED = "the answers that the earlier version gave in its own test are compared"


def changes_since(findings: Findings, *, root: Path, before: Path | None = None) -> dict[str, Any]:
    """Compare a new version's test decisions with those of the version before it.

    The earlier version is run on the same messages; where this program cannot load it, the
    decisions that it stored are compared instead.

    Args:
        findings: Of the new version.
        root: Folder of the artifacts; its live version is the one before.
        before: Instead of it, the folder of an artifact or a JSON file with `decisions`.

    Returns:
        JSON for `metrics.json`, empty where there is no earlier version. It holds `version`, and
        either `why` nothing can be compared, or `how`, `compared` and `not_compared` (messages),
        the counts of each kind, and the changed `messages` by id.
    """
    place = before or root / registry.live_version(root)
    if not place.exists():
        return {}
    name = place.stem if place.is_file() else place.name
    earlier, how = _earlier(place, findings)
    if earlier is None:
        return {"version": name, "why": how}
    return {"version": name, "how": how, **compared(earlier, findings)}


def compared(earlier: Decisions, findings: Findings) -> dict[str, Any]:
    """Sort the messages that both versions decided about into same, fixed, broken, otherwise."""
    labels = {
        example.id: sorted(example.labels[findings.deciding.name])
        for example in findings.test
        if findings.deciding.name in example.labels
    }
    now = findings.labels()
    both = [id for id in labels if id in earlier]
    changed = [
        _change(id, labels[id], sorted(earlier[id]), sorted(now[id]))
        for id in both
        if set(earlier[id]) != set(now[id])
    ]
    kinds = Counter(change["kind"] for change in changed)
    return {
        "compared": len(both),
        "not_compared": len(labels) - len(both),
        **{kind: kinds[kind] for kind in (FIXED, BROKEN, OTHERWISE)},
        "messages": changed,
    }


def decisions_of(classifier: IntentClassifier, examples: Sequence[Example]) -> Decisions:
    """Let a classifier decide about examples as serving does."""
    answers = Answers.of(classifier, examples)
    return named(classifier.manifest.intents, answers.decisions, examples)


def stored_decisions(path: Path) -> Decisions | None:
    """Read the decisions that an artifact's metrics.json, or a file like it, holds; None if none.

    Args:
        path: The folder of an artifact, or a JSON file.
    """
    file = path / METRICS if path.is_dir() else path
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["decisions"]
        return {str(id): [str(label) for label in labels] for id, labels in found.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _earlier(place: Path, findings: Findings) -> tuple[Decisions | None, str]:
    """Get the decisions of the earlier version, and how; None and why, where there are none."""
    why = "it is a file without decisions"
    if place.is_dir():
        try:
            classifier = registry.load(place.parent, place.name)
            if set(classifier.manifest.intents.labels) == set(findings.deciding.labels):
                return decisions_of(classifier, findings.test), _RAN
            return None, "it gives other labels"
        except ModelError as error:
            why = str(error).removeprefix(f"{place}/")
    stored = stored_decisions(place)
    if stored is None:
        return None, why
    return stored, f"{_STORED} ({why})" if place.is_dir() else _STORED


def _change(
    id: str, held: Sequence[str], before: Sequence[str], after: Sequence[str]
) -> dict[str, Any]:
    """Say what happened to one message."""
    kind = FIXED if after == held else BROKEN if before == held else OTHERWISE
    return {"id": id, "kind": kind, "held": held, "before": before, "after": after}
