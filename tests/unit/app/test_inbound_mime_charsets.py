"""Charsets by an allow-list, and transfer encodings."""

import pytest

from app.inbound.mime.charsets import codec_of, decode
from app.inbound.mime.transfer import decode as undo
from app.inbound.mime.transfer import decoded_size


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("ISO-8859-1", "cp1252"),
        ("us-ascii", "cp1252"),
        ("latin1", "cp1252"),
        ('"utf-8"', "utf_8"),
        ("UTF8", "utf_8"),
        ("gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("Shift_JIS", "cp932"),
        ("iso-2022-jp", "iso2022_jp_ext"),
        ("windows-1251", "cp1251"),
        ("koi8-r", "koi8_r"),
        ("iso-8859-15", "iso8859_15"),
        ("big5", "big5hkscs"),
    ],
)
def test_labels_mean_what_the_web_says(label, codec):
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    "label",
    ["nope", "utf-7", "idna", "punycode", "unicode_escape", "rot13", "zlib", "hex", "undefined",
     "mbcs", "charmap", "unknown-8bit", "../../etc", "a\0b", "", None, "x" * 1_000],
)  # fmt: skip
def test_what_is_no_charset_is_read_as_windows_1252(label):
    assert codec_of(label) is None
    assert decode(b"40 \x80", label) == "40 €"


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("Grüße €".encode(), None, "Grüße €"),
        ("Grüße €".encode(), "iso-8859-1", "Grüße €"),  # a wrong claim
        (b"Gr\xfc\xdfe", "utf-8", "Grüße"),  # likewise
        ("Grüße".encode()[:4] + b"\xff" + "é".encode(), "utf-8", "Grü\ufffdé"),
        (b"\x1b$B%F%9%H\x1b(B", None, "テスト"),
        ("hello".encode("utf-16"), None, "hello"),
        ("hello".encode("utf-16-be"), "utf-16be", "hello"),
        (b"hello", "utf-16", "hello"),
        (b"\xef\xbb\xbfhello", "latin-1", "hello"),
        (b"\xed\xa0\x80", "utf-8", "í\xa0€"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),
    ],
)
def test_text_is_decoded_though_the_claim_is_wrong(data, label, text):
    assert decode(data, label) == text


@pytest.mark.parametrize(
    ("encoding", "data", "plain"),
    [
        ("base64", b"aGVs\nbG8=", b"hello"),
        ("base64", b"aGVsbG8=!!!", b"hello"),
        ("base64", b"aGU=\nbGxv", b"hello"),  # each line padded
        ("base64", b"A", b""),
        ("quoted-printable", b"caf=E9=\n!", b"caf\xe9!"),
        ("quoted-printable", b"a=ZZ", b"a=ZZ"),
        ("x-uuencode", b"begin 644 x\n%:&5L;&\\\n`\nend\n", b"hello"),
        ("x-uuencode", b"just text", b"just text"),
        ("x-bomb", b"just text", b"just text"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_possible(encoding, data, plain):
    assert undo(data, encoding) == plain


def test_sizes_are_counted_without_decoding():
    assert decoded_size(b"aGVs\nbG8=\n", 0, 10, "base64") == 5
    assert decoded_size(b"caf=E9", 0, 6, "quoted-printable") == 4
    assert decoded_size(b"--hello--", 2, 7, "7bit") == 5
