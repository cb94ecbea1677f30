"""Which model version is live: list, promote, roll back, load."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.artifact import MANIFEST, NETWORK, READING, TOKENIZER, WIDE, Manifest, read_artifact
from models.classifier import IntentClassifier
from models.errors import ArtifactError, UnknownVersion
from models.network import load_network
from models.text.language import detect_language
from models.text.reading import parse_reading
from models.tokenization import parse_tokenizer, windowing
from models.wide import parse_wide

CURRENT = "CURRENT"  # one version a line, the live one first, then those before it
DEFAULT = "default"  # the version that is shipped, live until another is promoted
SHIPPED = Path(__file__).parent / "artifacts"
VERSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # a folder, and a word in CURRENT
_KEPT_LINES = 20
_PROBE = "Could you show us the product next week?"


@dataclass(frozen=True, slots=True)
class Version:
    """A version in the registry."""

    name: str
    live: bool


def versions(root: Path) -> list[Version]:
    """Every version of a registry folder, by name."""
    live = live_version(root)
    found = sorted(path.parent.name for path in root.glob(f"*/{MANIFEST}"))
    return [Version(name, name == live) for name in found if VERSION_NAME.fullmatch(name)]


def live_version(root: Path) -> str:
    """The version that is served: the last one promoted, or the shipped one."""
    return next(iter(_history(root)), DEFAULT)


def version_before(root: Path) -> str | None:
    """The version to which one would go back; None where nothing was promoted before."""
    return next(iter(_history(root)[1:]), None)


def promote(root: Path, version: str) -> str:
    """Make a version live, once it has proved that it loads. Returns the one before it.

    Raises:
        UnknownVersion: There is none of that name.
        ArtifactError: It must not be served.
    """
    load(root, version, threads=1)
    before = live_version(root)
    if version != before:
        _write(root, [version, *(_history(root) or [before])])
    return before


def roll_back(root: Path) -> str:
    """Make the version before the live one live again, and return it.

    Raises:
        UnknownVersion: Nothing was promoted before.
    """
    history = _history(root)
    if len(history) < 2:
        raise UnknownVersion("there is no earlier version to go back to")
    load(root, history[1], threads=1)
    _write(root, history[1:])
    return history[1]


def load(root: Path, version: str, *, threads: int = 0) -> IntentClassifier:
    """Load a version for use, and classify one sentence with it to see that it works.

    Raises:
        UnknownVersion: There is none of that name.
        ArtifactError: Names the file that is missing, changed or does not fit.
    """
    folder = root / version
    if not VERSION_NAME.fullmatch(version) or not folder.is_dir():
        raise UnknownVersion(
            f"there is no version {version!r} in {root}; `inlet models list` shows those there are"
        )
    manifest, contents = read_artifact(folder)
    try:
        return _proven(manifest, contents, threads)
    except (KeyboardInterrupt, SystemExit):
        raise
    # Each library raises its own, tokenizers even the BaseException of a Rust panic; all mean that
    # the files do not fit.
    except BaseException as error:
        raise ArtifactError(f"{folder}: {type(error).__name__} on loading: {error}") from error


def _proven(manifest: Manifest, contents: Mapping[str, bytes], threads: int) -> IntentClassifier:
    """Put a classifier together, and see that its parts fit each other."""
    tokenizer = parse_tokenizer(contents[TOKENIZER])
    network = load_network(contents[NETWORK], threads=threads)
    logits = network([[tokenizer.get_vocab_size() - 1]])  # the last piece must have a vector
    for head in manifest.heads:
        if logits[head.name].shape != (1, len(head.labels)):
            raise ValueError(f"{NETWORK} does not give one logit for each label of {head.name}")
    sizes = {head.name: len(head.labels) for head in manifest.heads}
    read = parse_reading(contents[READING]) if READING in contents else None
    classifier = IntentClassifier(
        tokenize=windowing(tokenizer, max_length=manifest.max_length, read=read),
        network=network,
        manifest=manifest,
        detect_language=partial(detect_language, expected=manifest.languages),
        wide=parse_wide(contents[WIDE], sizes) if WIDE in contents else None,
    )
    classifier.predict([_PROBE])
    return classifier


def _history(root: Path) -> list[str]:
    """The lines of CURRENT, the live version first; empty where nothing was promoted."""
    path = root / CURRENT
    return path.read_text(encoding="utf-8", errors="replace").split() if path.is_file() else []


def _write(root: Path, history: list[str]) -> None:
    """Replace CURRENT in one step, so that a reader sees the old or the new."""
    building = root / f".{CURRENT}-{os.getpid()}"
    building.write_text("\n".join(history[:_KEPT_LINES]) + "\n", encoding="utf-8")
    building.replace(root / CURRENT)
