"""A released model on disk: read it, check every byte, publish it in one step."""

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from models.calibration import Calibration
from models.errors import ArtifactError
from models.labels import Head, deciding
from models.text.clean import CLEANING_VERSION

MANIFEST, NETWORK, TOKENIZER = "manifest.json", "model.onnx", "tokenizer.json"
WIDE = "wide.npz"  # a network without a wide part has none
READING = "reading.json"  # nor has one that reads texts as they are
FORMAT = 1  # of the manifest itself
_REQUIRED = (NETWORK, TOKENIZER)
_SERVED = (*_REQUIRED, WIDE, READING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that must be the same in training and serving."""

    version: str
    heads: tuple[Head, ...]  # in the order of the network's outputs
    max_length: int  # tokens of one window
    calibration: Mapping[str, Calibration]  # by head
    thresholds: Mapping[str, float]  # intent -> probability from which it counts
    channel_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    languages: tuple[str, ...] = ()  # ISO 639-1, trained on; none named means any
    cleaning_version: int = CLEANING_VERSION
    format: int = FORMAT
    sha256: Mapping[str, str] = field(default_factory=dict)  # file name -> digest
    facts: Mapping[str, Any] = field(default_factory=dict)  # base, data, training, libraries

    @property
    def intents(self) -> Head:
        """The head that decides."""
        return deciding(self.heads)

    @property
    def signals(self) -> dict[str, tuple[str, ...]]:
        """The labels of every other head, by head."""
        return {head.name: head.labels for head in self.heads if head is not self.intents}


def manifest_from(raw: Mapping[str, Any], *, path: Path) -> Manifest:
    """Read a manifest's JSON, checking that labels, calibration and thresholds fit together.

    Args:
        raw: The parsed file.
        path: Where it stands, for errors.

    Raises:
        ArtifactError: With the key that is missing or does not fit.
    """
    try:
        heads = tuple(
            Head(name, _strings(head["labels"]), head["kind"])
            for name, head in raw["heads"].items()
        )
        calibration = {
            name: Calibration(tuple(fit["slopes"]), tuple(fit["shifts"]))
            for name, fit in raw["calibration"].items()
        }
        rest = {key: raw[key] for key in ("version", "max_length", "cleaning_version", "format")}
        objects: dict[str, Any] = {key: dict(raw[key]) for key in ("thresholds", "sha256", "facts")}
        manifest = Manifest(
            heads=heads,
            calibration=calibration,
            channel_thresholds={k: dict(v) for k, v in raw["channel_thresholds"].items()},
            languages=_strings(raw["languages"]),
            **rest,
            **objects,
        )
        _check(manifest, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{path}: {type(error).__name__}: {error}") from error
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read what a published folder says of itself; the files that serving needs are not looked at.

    Raises:
        ArtifactError: With what is missing, or does not fit.
    """
    path = folder / MANIFEST
    return manifest_from(_read_json(path), path=path)


def read_artifact(folder: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Read a published folder: its manifest, and the bytes of the files that serving needs.

    What is hashed is what is returned, so a file replaced meanwhile cannot slip in.

    Raises:
        ArtifactError: With the file that is missing, changed, or made for another version.
    """
    manifest = read_manifest(folder)
    contents = {name: _read(folder / name) for name in manifest.sha256 if name in _SERVED}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != manifest.sha256[name]:
            raise ArtifactError(
                f"{folder / name}: its SHA-256 is not the manifest's; restore the file, "
                "or go back to another version with `inlet models rollback`"
            )
    return manifest, contents


def verify(folder: Path) -> Manifest:
    """Check every file of an artifact against its manifest, reports included."""
    manifest, _ = read_artifact(folder)
    for name, digest in manifest.sha256.items():
        if hashlib.sha256(_read(folder / name)).hexdigest() != digest:
            raise ArtifactError(f"{folder / name}: its SHA-256 is not the manifest's")
    return manifest


def publish(building: Path, target: Path, manifest: Manifest) -> Path:
    """Write the manifest last, then move the whole folder into place.

    Args:
        building: A folder beside `target` holding every file but the manifest.
        target: Where the artifact shall stand; one of the same name is replaced, and comes back
            where that fails.
        manifest: Its digests are filled in here.
    """
    digests = {path.name: file_sha256(path) for path in sorted(building.iterdir())}
    raw = manifest_json(replace(manifest, sha256=digests))
    text = json.dumps(raw, indent=2, ensure_ascii=False) + "\n"
    (building / MANIFEST).write_text(text, encoding="utf-8")
    if not target.exists():
        return building.rename(target)
    old = target.with_name(f".old-{target.name}")
    shutil.rmtree(old, ignore_errors=True)  # left by a run that was stopped
    target.rename(old)  # a rename cannot replace a folder that holds files
    try:
        building.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
    return target


def manifest_json(manifest: Manifest) -> dict[str, Any]:
    """Give a manifest's JSON form; heads keep their order."""
    raw = asdict(manifest)
    raw["heads"] = {
        head.name: {"kind": head.kind, "labels": head.labels} for head in manifest.heads
    }
    return raw


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(manifest: Manifest, path: Path) -> None:
    """Refuse a manifest that serving would read differently than training meant it."""
    problems = {
        f"format {manifest.format} is not {FORMAT}": manifest.format != FORMAT,
        f"cleaning_version {manifest.cleaning_version} is not this program's {CLEANING_VERSION}; "
        "train again, or run the version it was made with": manifest.cleaning_version
        != CLEANING_VERSION,
        "version must be a string": not isinstance(manifest.version, str),
        "no heads": not manifest.heads,
        f"sha256 lacks one of {', '.join(_REQUIRED)}": not set(_REQUIRED) <= set(manifest.sha256),
        "sha256 names a path": any(Path(name).name != name for name in manifest.sha256),
        "max_length must be 8 to 8192": not 8 <= manifest.max_length <= 8192,
    }
    problems |= {
        f"calibration of {head.name} does not fit its labels": not _fits(manifest, head)
        for head in manifest.heads
    }
    if not any(problems.values()):
        every = (manifest.thresholds, *manifest.channel_thresholds.values())
        problems["thresholds are not those of the intents"] = any(
            set(thresholds) != set(manifest.intents.labels) for thresholds in every
        )
        problems["thresholds must be probabilities"] = not all(
            0.0 <= threshold <= 1.0 for thresholds in every for threshold in thresholds.values()
        )
    for problem, holds in problems.items():
        if holds:
            raise ArtifactError(f"{path}: {problem}")


def _fits(manifest: Manifest, head: Head) -> bool:
    """Whether a head has one slope and one shift for each label, and all are numbers."""
    fit = manifest.calibration.get(head.name)
    if fit is None or not len(fit.slopes) == len(fit.shifts) == len(head.labels):
        return False
    return all(map(math.isfinite, (*fit.slopes, *fit.shifts)))


def _strings(labels: object) -> tuple[str, ...]:
    """Take a JSON array of strings; a string alone would pass for an array of its characters."""
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise TypeError("labels and languages must be arrays of strings")
    return tuple(labels)


def _read(path: Path) -> bytes:
    """Read a regular file; links are refused, since they can point anywhere."""
    if path.is_symlink() or not path.is_file():
        raise ArtifactError(f"{path}: missing, or not a regular file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path}: {error.strerror or type(error).__name__}") from error


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        raw = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path}: not JSON") from error
    if not isinstance(raw, dict):
        raise ArtifactError(f"{path}: not a JSON object")
    return raw
