"""Trim a SentencePiece vocabulary to the script that the messages are written in."""

import unicodedata
from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from models.types import Floats

BOS, PAD, EOS, UNK = 0, 1, 2, 3  # XLM-R's order of special pieces
_SPECIAL = 4
_SPACE = "▁"  # SentencePiece writes a space like this


def kept_pieces(pieces: Sequence[str], scores: Floats, *, limit: int) -> list[int]:
    """Choose the pieces to keep: Latin or scriptless, the most probable ones, at most `limit`.

    Pieces with capitals go: the tokenizer reads small letters alone, so that SHOUTING is read as
    well. Single characters are kept whatever their score, so that a rare name still has pieces.

    Returns:
        Ids in their old order, the special pieces first.
    """
    able = [i for i in range(_SPECIAL, len(pieces)) if _able(pieces[i])]
    able.sort(key=lambda i: (len(pieces[i].lstrip(_SPACE)) > 1, -float(scores[i])))
    return [*range(_SPECIAL), *sorted(able[: limit - _SPECIAL])]


def unigram_tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """Build the tokenizer of a vocabulary that starts with the four special pieces.

    Source:
        Kudo 2018, "Subword Regularization", section 3.2 (the unigram language model).
    """
    tokenizer = Tokenizer(Unigram(list(zip(pieces, scores, strict=True)), unk_id=UNK))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BOS), ("</s>", EOS)]
    )
    return tokenizer


def _able(piece: str) -> bool:
    """Whether a piece can occur in a text of small Latin letters."""
    return piece != "<mask>" and piece == piece.lower() and _latin(piece)


def _latin(piece: str) -> bool:
    """Whether every letter of a piece is of the Latin script; pieces without letters count."""
    return all(
        not character.isalpha() or "LATIN" in unicodedata.name(character, "") for character in piece
    )
