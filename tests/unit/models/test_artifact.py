import hashlib
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
import support_model
from onnx import TensorProto, helper, numpy_helper
from support_model import VERSION, copied_artifact, edit_manifest, replace_signed

from models import registry
from models.artifact import (
    MANIFEST,
    NETWORK,
    READING,
    TOKENIZER,
    WIDE,
    Manifest,
    file_sha256,
    manifest_from,
    manifest_json,
    publish,
    read_artifact,
    verify,
)
from models.calibration import Calibration
from models.errors import ArtifactError
from models.labels import Head

HEADS = (Head("intents", ("a", "b"), "multi"), Head("urgency", ("low", "normal", "high"), "single"))


def a_manifest(**changes):
    whole = {
        "version": "v1",
        "heads": HEADS,
        "max_length": 32,
        "calibration": {head.name: Calibration.identity(len(head.labels)) for head in HEADS},
        "thresholds": {"a": 0.5, "b": 0.7},
        "channel_thresholds": {"chat": {"a": 0.6, "b": 0.8}},
        "languages": ("en", "sv"),
        "sha256": {NETWORK: "0" * 64, TOKENIZER: "1" * 64},
        "facts": {"base": {"name": "e5"}},
    }
    return Manifest(**{**whole, **changes})


def raw_manifest(**changes):
    return json.loads(json.dumps({**manifest_json(a_manifest()), **changes}))


def a_building(folder, content="net"):
    folder.mkdir(parents=True)
    (folder / NETWORK).write_text(content)
    (folder / TOKENIZER).write_text("{}")
    return folder


def load(folder):
    return registry.load(folder.parent, folder.name, threads=1)


@pytest.fixture
def folder(tmp_path):
    """A good artifact that a test may break."""
    return copied_artifact(tmp_path / "artifacts")


# What a manifest may say


def test_a_manifest_survives_its_json():
    manifest = a_manifest()

    assert manifest_from(raw_manifest(), path=Path("m")) == manifest
    assert list(raw_manifest()["heads"]) == ["intents", "urgency"]


def test_the_first_head_decides_where_none_is_called_intents():
    manifest = a_manifest(heads=(HEADS[1],))

    assert (manifest.intents, a_manifest().intents) == (HEADS[1], HEADS[0])


def test_every_other_head_is_a_signal_with_its_labels():
    assert a_manifest().signals == {"urgency": ("low", "normal", "high")}


@pytest.mark.parametrize("key", [*raw_manifest()])
def test_a_manifest_without_a_key_is_refused(key):
    raw = raw_manifest()
    del raw[key]

    with pytest.raises(ArtifactError, match=rf"^where: KeyError: '{key}'$"):
        manifest_from(raw, path=Path("where"))


IDENTITY = {"slopes": [1.0, 1.0], "shifts": [0.0, 0.0]}
URGENCY = {"slopes": [1.0] * 3, "shifts": [0.0] * 3}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"cleaning_version": 99},
        {"version": 7},
        {"heads": {}},
        {"heads": []},
        {"heads": {"intents": {"kind": "multi", "labels": ["a"]}}},
        {"heads": {"intents": {"kind": "multi", "labels": "ab"}}},
        {"heads": {"intents": {"kind": "multi", "labels": [1, 2]}}},
        {"heads": {"intents": {"kind": "several", "labels": ["a", "b"]}}},
        {"heads": {"intents": {"labels": ["a", "b"]}}},
        {"max_length": 4},
        {"max_length": 10**9},
        {"max_length": "32"},
        {"calibration": {}},
        {"calibration": {"intents": IDENTITY}},
        {"calibration": {"intents": IDENTITY, "urgency": IDENTITY}},
        {"calibration": {"intents": {**IDENTITY, "slopes": [float("nan"), 1]}, "urgency": URGENCY}},
        {"calibration": {"intents": {**IDENTITY, "shifts": [float("inf"), 1]}, "urgency": URGENCY}},
        {"calibration": {"intents": {**IDENTITY, "slopes": ["1", "1"]}, "urgency": URGENCY}},
        {"thresholds": {"a": 0.5}},
        {"thresholds": {"a": 0.5, "b": 0.5, "c": 0.5}},
        {"thresholds": {"a": 0.5, "b": 1.5}},
        {"thresholds": {"a": 0.5, "b": float("nan")}},
        {"thresholds": {"a": 0.5, "b": "0.5"}},
        {"thresholds": ["a", "b"]},
        {"sha256": {}},
        {"sha256": {NETWORK: "0" * 64}},
        {"sha256": {NETWORK: "0", TOKENIZER: "0", "../../etc/passwd": "0"}},
        {"sha256": [NETWORK, TOKENIZER]},
        {"facts": None},
        {"channel_thresholds": {"email": {"a": 0.5}}},
        {"channel_thresholds": {"email": {"a": 0.5, "b": 2}}},
        {"channel_thresholds": ["email"]},
        {"languages": "en"},
    ],
    ids=lambda changes: json.dumps(changes)[:60],
)
def test_a_manifest_that_does_not_fit_is_refused(changes):
    with pytest.raises(ArtifactError, match=r"^where: "):
        manifest_from(raw_manifest(**changes), path=Path("where"))


# What may stand in a folder (RELIABILITY.md 3.9)


def test_a_good_artifact_is_read_verified_and_loaded(folder):
    manifest, contents = read_artifact(folder)

    assert manifest.version == VERSION
    assert {n: hashlib.sha256(c).hexdigest() for n, c in contents.items()} == {
        name: manifest.sha256[name] for name in (NETWORK, READING, TOKENIZER, WIDE)
    }
    assert verify(folder) == manifest == load(folder).manifest
    assert set(manifest.sha256) == {path.name for path in folder.iterdir()} - {MANIFEST}


@pytest.mark.parametrize("name", [MANIFEST, NETWORK, READING, TOKENIZER, WIDE])
@pytest.mark.parametrize("kind", ["missing", "folder", "link", "pipe"])
def test_what_is_no_regular_file_is_refused_by_name(folder, name, kind):
    kept = folder.parent / name
    (folder / name).rename(kept)
    make = {
        "missing": lambda path: None,
        "folder": Path.mkdir,
        "link": lambda path: path.symlink_to(kept),
        "pipe": os.mkfifo,  # reading it would wait for ever
    }
    make[kind](folder / name)

    with pytest.raises(ArtifactError, match=rf"{name}: missing, or not a regular file"):
        load(folder)


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER])
@pytest.mark.parametrize("damage", [b"", b"x", "one byte", "half", "twice"])
def test_a_file_that_was_changed_is_refused_by_name(folder, name, damage):
    good = (folder / name).read_bytes()
    changed = {
        "one byte": good[:100] + bytes([good[100] ^ 1]) + good[101:],
        "half": good[: len(good) // 2],
        "twice": good * 2,
    }
    (folder / name).write_bytes(changed.get(damage, damage))

    with pytest.raises(ArtifactError, match=rf"{name}: its SHA-256 is not the manifest's"):
        load(folder)


@pytest.mark.parametrize("name", ["metrics.json", "CARD.md", "report.html"])
def test_a_changed_report_is_found_by_verify_and_does_not_stop_serving(folder, name):
    (folder / name).write_text("better figures")

    with pytest.raises(ArtifactError, match=rf"{name}: its SHA-256 is not the manifest's"):
        verify(folder)
    assert load(folder).manifest.version == VERSION


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b"1" * 5_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"manifest"', "not a JSON object"),
        (b"{}", "KeyError"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_manifest_that_is_no_manifest_is_refused(folder, content, why):
    (folder / MANIFEST).write_bytes(content)

    with pytest.raises(ArtifactError, match=rf"{MANIFEST}: {why}"):
        load(folder)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [("format", 2, "format 2 is not 1"), ("cleaning_version", 0, "cleaning_version 0 is not")],
)
def test_another_format_or_cleaning_stops_the_load(folder, key, value, why):
    edit_manifest(folder, lambda raw: raw.update({key: value}))

    with pytest.raises(ArtifactError, match=why):
        load(folder)


def test_the_tokenizer_of_another_model_does_not_pass_for_this_ones(folder, tmp_path):
    other = support_model.save_tiny_base(tmp_path / "other", width=16) / "tokenizer.json"
    (folder / TOKENIZER).write_bytes(other.read_bytes() + b"\n")

    with pytest.raises(ArtifactError, match=TOKENIZER):
        load(folder)


# Even where whoever breaks a file can write the digests, too


def with_graph(folder, change):
    """Change the network of an artifact and sign it."""
    model = onnx.ModelProto.FromString((folder / NETWORK).read_bytes())
    change(model)
    replace_signed(folder, NETWORK, model.SerializeToString())


def a_float_weight(model):
    return next(
        weight
        for weight in model.graph.initializer
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2
    )


def poison(model):
    weight = a_float_weight(model)
    values = numpy_helper.to_array(weight).copy()
    values[:] = np.nan
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))


def point_outside(location):
    def change(model):
        weight = a_float_weight(model)
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.append(onnx.StringStringEntryProto(key="location", value=location))

    return change


def call_home(model):
    model.opset_import.append(helper.make_opsetid("com.example.own", 1))
    model.graph.node.append(
        helper.make_node("Run", ["input_ids"], ["unused"], domain="com.example.own")
    )


def grow(model):
    weight = a_float_weight(model)
    del weight.dims[:]
    weight.dims.extend([10**9, 10**9])


def flatten(model):
    weight = a_float_weight(model)
    del weight.dims[:]
    weight.dims.extend([1] * 100_000)


def rename_a_head(model):
    for node in model.graph.node:
        node.output[:] = ["mood" if name == "urgency" else name for name in node.output]
    next(out for out in model.graph.output if out.name == "urgency").name = "mood"


def drop_an_input(model):
    del model.graph.input[1]


@pytest.mark.parametrize(
    "change",
    [
        poison,
        point_outside("../../etc/passwd"),
        point_outside("/etc/passwd"),
        point_outside("weights.bin"),
        call_home,
        grow,
        flatten,
        rename_a_head,
        drop_an_input,
    ],
    ids=[
        *("NaN weights", "outside data above", "outside data absolute", "outside data beside"),
        *("custom operator", "huge dimensions", "many dimensions", "lacking head", "lacking input"),
    ],
)
def test_a_signed_network_that_must_not_run_is_refused(folder, change, monkeypatch):
    monkeypatch.chdir(folder)  # where outside data would be looked for
    (folder / "weights.bin").write_bytes(bytes(1_000_000))
    with_graph(folder, change)

    with pytest.raises(ArtifactError, match="on loading"):
        load(folder)


def pickled_canary(path):
    class Canary:
        def __reduce__(self):
            return Path.touch, (path,)

    import pickle

    return pickle.dumps(Canary())


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER])
@pytest.mark.parametrize("content", ["pickle", b"", b"\x00" * 1_000, "half"])
def test_signed_bytes_of_another_kind_are_refused_and_run_nothing(folder, tmp_path, name, content):
    canary = tmp_path / "canary"
    good = (folder / name).read_bytes()
    other = {"pickle": pickled_canary(canary), "half": good[: len(good) // 2]}
    replace_signed(folder, name, other.get(content, content))

    with pytest.raises(ArtifactError, match="on loading"):
        load(folder)
    assert not canary.exists()


def test_a_tokenizer_that_makes_its_library_panic_is_refused(folder, capfd):
    raw = json.loads((folder / TOKENIZER).read_bytes())
    raw["post_processor"]["single"][0]["SpecialToken"]["id"] = "[GONE]"
    replace_signed(folder, TOKENIZER, json.dumps(raw).encode())

    with pytest.raises(ArtifactError, match="PanicException on loading"):
        load(folder)
    capfd.readouterr()  # Rust tells it, too


def test_a_tokenizer_with_more_pieces_than_the_network_has_vectors_is_refused(folder):
    raw = json.loads((folder / TOKENIZER).read_bytes())
    raw["model"]["vocab"] |= {f"new{i}": len(raw["model"]["vocab"]) + i for i in range(500)}
    replace_signed(folder, TOKENIZER, json.dumps(raw).encode())

    with pytest.raises(ArtifactError, match="on loading"):
        load(folder)


@pytest.mark.parametrize("labels", [["low", "normal"], ["low", "normal", "high", "higher"]])
def test_labels_that_do_not_fit_the_networks_outputs_are_refused(folder, labels):
    def change(raw):
        raw["heads"]["urgency"]["labels"] = labels
        ones = [1.0] * len(labels)
        raw["calibration"]["urgency"] = {"slopes": ones, "shifts": ones}

    edit_manifest(folder, change)

    with pytest.raises(ArtifactError, match="one logit for each label of urgency"):
        load(folder)


# Publishing


def test_publishing_moves_the_whole_folder_and_writes_the_digests(tmp_path):
    building = a_building(tmp_path / ".building")

    target = publish(building, tmp_path / "v1", a_manifest())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["v1"]
    assert sorted(path.name for path in target.iterdir()) == sorted([MANIFEST, NETWORK, TOKENIZER])
    assert verify(target).sha256 == {
        name: file_sha256(target / name) for name in (NETWORK, TOKENIZER)
    }


def test_publishing_replaces_a_version_of_the_same_name(tmp_path):
    publish(a_building(tmp_path / ".one"), tmp_path / "v1", a_manifest())
    a_building(tmp_path / ".old-v1")  # as a run that was killed leaves it

    publish(a_building(tmp_path / ".two", "other"), tmp_path / "v1", a_manifest())

    assert (tmp_path / "v1" / NETWORK).read_text() == "other"
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_where_publishing_fails_the_old_version_stands_as_it_was(tmp_path):
    publish(a_building(tmp_path / ".one"), tmp_path / "v1", a_manifest())
    elsewhere = Path("/dev/shm") / f"inlet-{os.getpid()}"  # another file system: no rename
    try:
        with pytest.raises(OSError, match="cross-device"):
            publish(a_building(elsewhere, "other"), tmp_path / "v1", a_manifest())
    finally:
        shutil.rmtree(elsewhere)

    assert (tmp_path / "v1" / NETWORK).read_text() == "net"
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_a_reader_never_gets_files_of_two_versions(tmp_path):
    publish(a_building(tmp_path / ".0", "net 0"), tmp_path / "v1", a_manifest())
    seen, wrong, ended = set(), [], threading.Event()

    def read():
        while not ended.is_set():
            try:
                manifest, contents = read_artifact(tmp_path / "v1")
            except ArtifactError:
                continue  # between the two renames, or across them: refused, never mixed
            seen.add(contents[NETWORK])
            if hashlib.sha256(contents[NETWORK]).hexdigest() != manifest.sha256[NETWORK]:
                wrong.append(manifest)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 60):
        publish(a_building(tmp_path / f".{number}", f"net {number}"), tmp_path / "v1", a_manifest())
    ended.set()
    reader.join(timeout=30)

    assert not wrong
    assert seen <= {f"net {number}".encode() for number in range(60)}
