import time

import numpy as np
import pytest
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel

from models.tokenization import HEAD_WINDOWS, TAIL_WINDOWS, parse_tokenizer, windowing
from training.base.vocabulary import unigram_tokenizer

CLS, SEP, FIRST = 1, 2, 3
MAX_LENGTH = 18  # 16 words and two special tokens
STRIDE = 12  # words from one window's start to the next: a quarter of 18, rounded down, overlaps


def a_tokenizer(words=1_000):
    """Knows the words w0, w1, … as the ids 3, 4, …"""
    vocabulary = {"[UNK]": 0, "[CLS]": CLS, "[SEP]": SEP}
    vocabulary |= {f"w{number}": number + FIRST for number in range(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)]
    )
    return tokenizer


def window(first, last):
    return [CLS, *range(first + FIRST, last + FIRST), SEP]


def text_of(words):
    return " ".join(f"w{number}" for number in range(words))


@pytest.fixture(scope="module")
def tokenize():
    return windowing(a_tokenizer(), max_length=MAX_LENGTH)


def test_a_text_that_fits_is_one_window(tokenize):
    windows = tokenize([text_of(16)])

    assert windows.ids == [window(0, 16)]
    assert windows.owners.tolist() == [0]
    assert windows.truncated == [False]


def test_a_longer_text_is_read_in_windows_that_overlap_by_a_quarter(tokenize):
    windows = tokenize([text_of(40)])

    assert windows.ids == [window(0, 16), window(12, 28), window(24, 40)]
    assert windows.truncated == [False]


@pytest.mark.parametrize("words", [*range(1, 60), 100, 250, 388])
def test_every_token_stands_in_a_window_until_the_cap(tokenize, words):
    windows = tokenize([text_of(words)])

    assert {token for ids in windows.ids for token in ids[1:-1]} == set(range(FIRST, words + FIRST))
    assert all(len(ids) <= MAX_LENGTH and [ids[0], ids[-1]] == [CLS, SEP] for ids in windows.ids)
    assert windows.truncated == [False]


def test_of_a_very_long_text_the_beginning_and_the_end_are_read(tokenize):
    windows = tokenize([text_of(1_000)])

    starts = [*range(0, 985, STRIDE)]  # the last window starts at word 984 and ends with the text
    read = starts[:HEAD_WINDOWS] + starts[-TAIL_WINDOWS:]
    assert windows.ids == [window(start, start + 16) for start in read]
    assert windows.truncated == [True]


@pytest.mark.parametrize(("words", "truncated"), [(772, False), (773, True)])
def test_a_text_counts_as_truncated_only_where_a_window_is_left_out(tokenize, words, truncated):
    windows = tokenize([text_of(words)])  # 64 windows of 16 words, each 12 further: 63 * 12 + 16

    assert len(windows.ids) == HEAD_WINDOWS + TAIL_WINDOWS
    assert windows.truncated == [truncated]


def test_windows_stand_in_the_order_of_their_texts(tokenize):
    windows = tokenize([text_of(40), "", "w7", text_of(1_000), text_of(17)])

    assert windows.owners.tolist() == [0, 0, 0, 1, 2, *[3] * 64, 4, 4]
    assert windows.owners.dtype == np.int64
    assert [windows.ids[3], windows.ids[4]] == [[CLS, SEP], window(7, 8)]
    assert windows.truncated == [False, False, False, True, False]


def test_no_texts_give_no_windows(tokenize):
    windows = tokenize([])

    assert (windows.ids, windows.owners.tolist(), windows.truncated) == ([], [], [])


def test_company_does_not_change_a_texts_windows(tokenize):
    texts = [text_of(40), "w1 w2", "", text_of(500)]

    alone = [ids for text in texts for ids in tokenize([text]).ids]

    assert tokenize(texts).ids == alone


def test_a_tokenizer_that_pads_or_cuts_is_told_not_to():
    padding = a_tokenizer()
    padding.enable_padding(length=64)
    padding.enable_truncation(4)

    windows = windowing(parse_tokenizer(padding.to_str().encode()), max_length=MAX_LENGTH)

    assert windows(["w0 w1 w2 w3 w4"]).ids == [window(0, 5)]


def test_a_text_of_a_mebibyte_is_tokenized_in_bounded_time():
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *letters, "aaaa", "▁price"]
    scores = [0.0] * 4 + [-float(rank) for rank in range(1, len(pieces) - 3)]
    tokenize = windowing(unigram_tokenizer(pieces, scores), max_length=256)
    size = 2**20
    texts = {
        "one word": "a" * size,
        "words": "price " * (size // 6),
        "marks": "e" + "\u0301" * (size // 2),
        "many code points": "".join(chr(0x4E00 + number % 20_000) for number in range(size // 3)),
        "ligatures": "\ufdfa" * (size // 4),  # NFKC makes 18 characters of one
        "white space": " \u3000" * (size // 4) + "x",
    }

    for name, text in texts.items():
        started = time.process_time()
        windows = tokenize([text])
        assert time.process_time() - started < 10.0, name  # of CPU; 0.7 s were measured
        assert len(windows.ids) <= HEAD_WINDOWS + TAIL_WINDOWS, name
