import json
import random

import pytest

from app.api.strict_json import MAX_DEPTH, parse_object
from app.errors import Refused

CODES = {
    "nothing": (b"", "not_an_object"),
    "white space": (b" \r\n\t", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "a list": (b"[]", "not_an_object"),
    "a string that holds an object": (b'"{\\"text\\":\\"x\\"}"', "not_an_object"),
    "a truncated object": (b'{"a":1', "bad_json"),
    "a trailing comma": (b'{"a":1,}', "bad_json"),
    "two documents": (b'{"a":1}{"a":1}', "bad_json"),
    "a comment": (b'{"a":1} // x', "bad_json"),
    "single quotes": (b"{'a':1}", "bad_json"),
    "a raw NUL in a string": (b'{"a":"\x00"}', "bad_json"),
    "a raw control character in a string": (b'{"a":"\x01"}', "bad_json"),
    "white space that JSON does not know": (b"\x0b{}", "bad_json"),
    "digits that are not ASCII": ('{"a":\u0661}'.encode(), "bad_json"),
    "a leading zero": (b'{"a":01}', "bad_json"),
    "a bad escape": (b'{"a":"\\u00zz"}', "bad_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "bad_encoding"),
    "bytes that are not UTF-8": (b'{"a":"\xff\xfe"}', "bad_encoding"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "bad_encoding"),
    "a surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "bad_encoding"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "bad_encoding"),
    "UTF-16 without a mark": ('{"a":1}'.encode("utf-16-le"), "bad_json"),
    "a key twice": (b'{"a":1,"a":1}', "duplicate_key"),
    "a key twice by an escape": (b'{"a":1,"\\u0061":1}', "duplicate_key"),
    "a key twice deep down": (b'{"a":[{"b":{"c":1,"c":2}}]}', "duplicate_key"),
    "NaN": (b'{"a":NaN}', "number_range"),
    "Infinity": (b'{"a":[-Infinity]}', "number_range"),
    "1e400": (b'{"a":1e400}', "number_range"),
    "-1e400": (b'{"a":{"b":-1e400}}', "number_range"),
    "2 ** 63": (b'{"a":9223372036854775808}', "number_range"),
    "4,301 digits": (b'{"a":' + b"9" * 4_301 + b"}", "number_range"),
    "a million digits": (b'{"a":-' + b"9" * 1_000_000 + b"}", "number_range"),
    "a million decimals": (b'{"a":0.' + b"1" * 1_000_000 + b"}", "number_range"),
    "half a pair": (b'{"a":"\\ud800"}', "bad_unicode"),
    "the other half": (b'{"a":["\\uDFFF"]}', "bad_unicode"),
    "halves the wrong way round": (b'{"a":"\\udc00\\ud800"}', "bad_unicode"),
    "half a pair in a key": (b'{"\\udfff":1}', "bad_unicode"),
    "NUL": (b'{"a":"\\u0000"}', "bad_unicode"),
    "NUL after an escaped backslash": (b'{"a":"\\\\\\u0000"}', "bad_unicode"),
    "deep lists": (b'{"a":' + b"[" * 1_000 + b"]" * 1_000 + b"}", "too_deep"),
    "deep objects": (b'{"a":' * 100_000, "too_deep"),
    "unclosed lists": (b"[" * 100_000, "too_deep"),
}


@pytest.mark.parametrize(("raw", "code"), CODES.values(), ids=CODES)
def test_what_is_not_strict_json_is_refused_by_its_code(raw, code):
    with pytest.raises(Refused) as refused:
        parse_object(raw)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b' {"a" : [1, -2.5e3, true, null, ""]}\n', {"a": [1, -2500.0, True, None, ""]}),
        (b'{"a":"\\ud83d\\ude00 \\u00e9 \\\\u0000 \\\\ud800"}', {"a": "😀 é \\u0000 \\ud800"}),
        (b'{"a":-9223372036854775808,"b":9223372036854775807}', {"a": -(2**63), "b": 2**63 - 1}),
        (b'{"a":1e-999}', {"a": 0.0}),
        (b'{"a":"[[[[\\"{{{{ \\\\"}', {"a": '[[[["{{{{ \\'}),
        ('{"":"\u202e\x7f \u2028"}'.encode(), {"": "\u202e\x7f \u2028"}),
    ],
)
def test_what_is_strict_json_is_read(raw, value):
    assert parse_object(raw) == value


def test_the_deepest_nesting_that_is_read_is_the_limit():
    deepest = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    too_deep = deepest.replace(b"[]", b"[[]]")

    parse_object(deepest)

    with pytest.raises(Refused):
        parse_object(too_deep)


def test_escapes_are_judged_like_the_characters_they_stand_for():
    pieces = [
        "\\",
        "\\\\",
        "\\u0000",
        "\\ud83d",
        "\\ude00",
        "\\uD800",
        "\\u00e9",
        "u0000",
        "x",
        '\\"',
    ]
    order = random.Random(4)
    judged = {True: 0, False: 0}
    for _ in range(20_000):
        raw = ('{"a":"' + "".join(order.choices(pieces, k=order.randint(1, 6))) + '"}').encode()
        try:
            text = json.loads(raw)["a"]
        except ValueError:
            continue
        storable = "\x00" not in text and text == text.encode(errors="replace").decode()
        assert _is_read(raw) is storable, raw
        judged[storable] += 1

    assert min(judged.values()) > 1_000


def test_random_values_are_read_as_the_standard_library_reads_them():
    order = random.Random(5)
    for _ in range(2_000):
        raw = json.dumps({"a": _random_value(order, depth=5)}, ensure_ascii=order.random() < 0.5)

        assert parse_object(raw.encode()) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [b'"' + b'\\"' * 500_000, b'"a' * 500_000, b"\\" * 1_000_000, b'{"a":"' + b"\\u0041" * 170_000],
    ids=["escaped quotes", "quotes", "backslashes", "escapes"],
)
def test_an_unclosed_string_of_a_megabyte_is_refused_without_going_back(raw):
    with pytest.raises(Refused) as refused:
        parse_object(raw)  # quadratic matching would take minutes

    assert refused.value.code == "bad_json"


def _is_read(raw):
    try:
        parse_object(raw)
    except Refused as refused:
        if refused.code != "bad_unicode":
            raise
        return False
    return True


def _random_value(order, *, depth):
    kind = order.randrange(7 if depth else 5)
    if kind == 5:
        return [_random_value(order, depth=depth - 1) for _ in range(order.randrange(4))]
    if kind == 6:
        return {str(n): _random_value(order, depth=depth - 1) for n in range(order.randrange(4))}
    alphabet = '"\\/[]{}:,\n\té😀\u2028 a1'
    return [
        order.randint(-(2**63), 2**63 - 1),
        order.uniform(-1e300, 1e300),
        "".join(order.choices(alphabet, k=order.randrange(12))),
        order.random() < 0.5,
        None,
    ][kind]
