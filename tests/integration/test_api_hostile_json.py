import json
import logging
import random

import pytest
import structlog
from support_api import NOTHING_STORED, running_api

from app.storage.engine import open_database, sqlite_url

CANARY = "canary7f3a"
C = CANARY.encode()
PATHS = ("/v1/classify", "/v1/messages")
MIB = 1_048_576

# RELIABILITY.md 3.1: the input, the status and the code. A canary stands in each where it can.
BODIES = {
    "J1 empty": (b"", 422, "not_an_object"),
    "J1 null": (b"null", 422, "not_an_object"),
    "J1 list": (b'["%s"]' % C, 422, "not_an_object"),
    "J1 string": (b'"%s"' % C, 422, "not_an_object"),
    "J1 number": (b"1", 422, "not_an_object"),
    "J2 truncated": (b'{"text":"%s' % C, 400, "bad_json"),
    "J2 trailing comma": (b'{"text":"%s",}' % C, 400, "bad_json"),
    "J2 two documents": (b'{"text":"%s"}{}' % C, 400, "bad_json"),
    "J2 comment": (b'{"text":"%s"/**/}' % C, 400, "bad_json"),
    "J2 single quotes": (b"{'text':'%s'}" % C, 400, "bad_json"),
    "J3 duplicate key": (b'{"text":"%s","text":"x"}' % C, 422, "duplicate_key"),
    "J3 duplicate of an escaped key": (b'{"text":"%s","t\\u0065xt":"x"}' % C, 422, "duplicate_key"),
    "J4 surrogate": (b'{"text":"%s\\ud800"}' % C, 422, "bad_unicode"),
    "J5 surrogate in a rejected list": (b'{"text":["%s\\udc00"]}' % C, 422, "bad_unicode"),
    "J6 surrogate in a key": (b'{"text":"x","%s\\udfff":1}' % C, 422, "bad_unicode"),
    "J7 NUL": (b'{"text":"%s\\u0000"}' % C, 422, "bad_unicode"),
    "J7 NUL in a key": (b'{"text":"x","%s\\u0000":1}' % C, 422, "bad_unicode"),
    "J8 raw 0x00": (b'{"text":"%s\x00"}' % C, 400, "bad_json"),
    "J8 raw 0x01": (b'{"text":"%s\x01"}' % C, 400, "bad_json"),
    "J9 invalid UTF-8": (b'{"text":"%s\xff\xfe"}' % C, 400, "bad_encoding"),
    "J9 overlong UTF-8": (b'{"text":"%s\xc0\xaf"}' % C, 400, "bad_encoding"),
    "J10 byte order mark": (b'\xef\xbb\xbf{"text":"%s"}' % C, 400, "bad_encoding"),
    "J10 UTF-16": (f'{{"text":"{CANARY}"}}'.encode("utf-16"), 400, "bad_encoding"),
    "J10 UTF-16 without mark": (f'{{"text":"{CANARY}"}}'.encode("utf-16-be"), 400, "bad_json"),
    "J10 UTF-32": (f'{{"text":"{CANARY}"}}'.encode("utf-32"), 400, "bad_encoding"),
    "J12 NaN": (b'{"text":NaN}', 422, "number_range"),
    "J12 Infinity rejected": (b'{"text":"x","%s":[Infinity]}' % C, 422, "number_range"),
    "J12 1e400": (b'{"text":1e400}', 422, "number_range"),
    "J12 -1e400": (b'{"text":"x","%s":{"n":-1e400}}' % C, 422, "number_range"),
    "J13 4,301 digits": (b'{"text":%s}' % (b"9" * 4_301), 422, "number_range"),
    "J13 1 MB of digits": (b'{"text":%s}' % (b"9" * 1_000_000), 422, "number_range"),
    "J13 metadata": (b'{"text":"x","%s":%s}' % (C, b"9" * 4_301), 422, "number_range"),
    "J13 float": (b'{"text":1.%s}' % (b"9" * 1_000_000), 422, "number_range"),
    "J13 2 ** 64": (b'{"text":18446744073709551616}', 422, "number_range"),
    "J14 1,000 lists": (b'{"text":%s%s}' % (b"[" * 1_000, b"]" * 1_000), 422, "too_deep"),
    "J14 100,000 lists": (b'{"text":%s%s}' % (b"[" * 100_000, b"]" * 100_000), 422, "too_deep"),
    "J14 objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 422, "too_deep"),
    "J14 unclosed": (b"[" * 100_000, 422, "too_deep"),
    "J15 200,000 keys": (
        b"{%s}" % b",".join(b'"k%d":1' % n for n in range(200_000)),
        413,
        "too_large",
    ),
    "J15 90,000 keys": (b"{%s}" % b",".join(b'"k%d":1' % n for n in range(90_000)), 422, "invalid"),
    "J15 string": (b'{"text":"%s"}' % (C * 2_000_000), 413, "too_large"),
    "J15 one byte too many": (b'{"text":"x"%s}' % (b" " * (MIB - 11)), 413, "too_large"),
    "J16 an object in a string": (b'"{\\"text\\":\\"%s\\"}"' % C, 422, "not_an_object"),
    "J17 true": (b'{"text":true}', 422, "invalid"),
    "J17 number": (b'{"text":1.0}', 422, "invalid"),
    "J17 null": (b'{"text":null}', 422, "invalid"),
    "J17 list": (b'{"text":["%s"]}' % C, 422, "invalid"),
    "J18 unknown": (b'{"text":"x","%s":1}' % C, 422, "extra"),
    "J18 __proto__": (b'{"text":"x","__proto__":{"%s":1}}' % C, 422, "extra"),
    "J18 constructor": (b'{"text":"x","constructor":"%s"}' % C, 422, "extra"),
    "J19 empty": (b'{"text":""}', 422, "empty_text"),
    "J19 white space": (b'{"text":" \\n\\t"}', 422, "empty_text"),
    "J19 invisible": ('{"text":"\u200b\ufeff"}'.encode(), 422, "empty_text"),
    "long text": (b'{"text":"%s"}' % (C * 10_001), 422, "text_too_long"),
}
CONTENT_TYPES = {
    "J11 unknown charset": "application/json; charset=nope",
    "J11 UTF-16": "application/json; charset=utf-16",
    "J11 second charset": "application/json; charset=utf-8; charset=utf-16",
    "J24 empty": "",
    "J24 text": "text/plain",
    "J24 vendor": "application/vnd.api+json",
    "J24 form": "application/x-www-form-urlencoded",
    "J24 multipart": "multipart/form-data; boundary=x",
    "J24 two": "application/json, text/plain",
    "J24 nearly": "application/jsonx",
}
TAKEN = {
    "J20": b'{"text":"\\u001b[31m%s\\r\\nERROR fake log line \\u202e"}' % C,
    "J20 raw bidi": '{"text":"price \u202e\u2066 \x7f"}'.encode(),
    "a pair of surrogates": b'{"text":"\\ud83d\\ude00 demo"}',
    "depth 3": b'{"text":"demo","subject":"\\\\u0000 [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
    "exactly the cap": b'{"text":"x"%s}' % (b" " * (MIB - 12)),
    "white space around": b' \r\n\t{ "text" : "demo" } \n',
}


@pytest.fixture
def api(sqlite_file, clock, tmp_path):
    database = open_database(sqlite_url(sqlite_file))
    with running_api(database, clock, data_dir=tmp_path) as api:
        api.add_endpoint()
        yield api
    database.close()


@pytest.fixture
def logged(caplog):
    """Everything that was logged, by us or by a library, as one string."""
    with structlog.testing.capture_logs() as events, caplog.at_level(logging.DEBUG):
        yield lambda: repr(events) + caplog.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("raw", "status", "code"), BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_refused_by_its_code(api, logged, path, raw, status, code):
    (reply,) = api.posted(path, [raw])

    body = reply.json()
    assert (reply.status, body["status"], body["code"]) == (status, status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert api.stored() == NOTHING_STORED
    assert CANARY not in reply.content.decode() + repr(reply.headers) + logged()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("content_type", CONTENT_TYPES.values(), ids=CONTENT_TYPES)
def test_a_body_that_is_not_said_to_be_json_is_refused(api, path, content_type):
    (reply,) = api.posted(path, [b'{"text":"demo"}'], content_type=content_type)

    assert (reply.status, reply.json()["code"]) == (415, "unsupported_media_type")
    assert api.stored() == NOTHING_STORED


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        'application/json; charset="UTF-8"',
        "application/json;v=1",
    ],
)
def test_json_in_utf_8_is_taken_however_it_is_said(api, content_type):
    (reply,) = api.posted("/v1/classify", [b'{"text":"demo"}'], content_type=content_type)

    assert reply.status == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "identity, gzip"])
def test_j23_a_compressed_body_is_refused(api, encoding):
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}

    reply = api.client().post("/v1/classify", content=b"\x1f\x8b" + b"\x00" * 99, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_j24_a_body_needs_exactly_one_content_type(api, content_type):
    headers = [("Content-Type", content_type)] * 2 if content_type else []

    reply = api.client().post("/v1/classify", content=b'{"text":"demo"}', headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN)
def test_what_only_looks_hostile_is_taken_and_kept_as_it_came(api, logged, raw):
    classified, accepted = api.posted("/v1/classify", [raw]) + api.posted("/v1/messages", [raw])

    assert (classified.status, accepted.status) == (200, 201)
    kept = api.client().get(accepted.headers["location"]).json()
    assert kept["text"] == json.loads(raw)["text"]
    assert CANARY not in logged()


def test_j21_the_body_of_a_delivery_is_kept_as_bytes_and_a_repeat_answers_the_same_bytes(api):
    raw = b'{"text":"price","message_id":"m-1"}'

    first, second = api.posted("/v1/messages", [raw, raw])

    assert first.content == second.content


@pytest.mark.parametrize(
    "key",
    [b"", b"k" * 256, b"a b", b"a\x7f", b"\xc3\xa9", b"\t"],
    ids=["empty", "256 characters", "space", "control", "not ASCII", "tab"],
)
def test_j22_a_key_that_is_none_is_refused(api, key):
    headers = [(b"Idempotency-Key", key)]

    reply = api.client().post("/v1/messages", json={"text": CANARY}, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (400, "bad_idempotency_key")
    assert api.stored() == NOTHING_STORED


def test_j22_a_key_is_sent_once(api):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")]

    reply = api.client().post("/v1/messages", json={"text": CANARY}, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (400, "bad_idempotency_key")


def test_j22_a_key_with_another_body_is_refused(api):
    client = api.client()
    first = client.post("/v1/messages", json={"text": "a"}, headers={"Idempotency-Key": "k" * 255})
    other = client.post("/v1/messages", json={"text": "b"}, headers={"Idempotency-Key": "k" * 255})

    assert (first.status_code, other.status_code) == (201, 422)
    assert other.json()["code"] == "idempotency_key_reused"
    assert api.stored()["messages"] == 1


def test_5_000_mutations_of_the_list_are_never_our_fault(api, logged):
    order = random.Random(20)
    seeds = [raw for raw, _, _ in BODIES.values() if len(raw) < 2_000] + [
        raw for raw in TAKEN.values() if len(raw) < 2_000
    ]
    mutants = [_mutant(order, order.choice(seeds)) for _ in range(5_000)]

    replies = api.posted(PATHS[0], mutants[::2]) + api.posted(PATHS[1], mutants[1::2])

    statuses = [reply.status for reply in replies]
    accepted = statuses[2_500:].count(201)
    assert {status for status in statuses if status >= 300} == {400, 422}
    assert api.stored()["messages"] == accepted > 50
    for mutant, reply in zip(mutants[::2] + mutants[1::2], replies, strict=True):
        if reply.status >= 300 and CANARY.encode() in mutant:
            assert CANARY.encode() not in reply.content
    assert CANARY not in logged()


def _mutant(order, raw):
    """Change some bytes: flip, drop, double, cut and paste."""
    mutant = bytearray(raw)
    for _ in range(order.randint(1, 3)):
        at = order.randrange(len(mutant) + 1)
        match order.randrange(4):
            case 0:
                mutant[at : at + 1] = bytes([order.randrange(256)])
            case 1:
                del mutant[at : at + order.randint(1, 3)]
            case 2:
                mutant[at:at] = order.choice(_PIECES)
            case 3:
                mutant[at:at] = mutant[at : at + order.randint(1, 8)]
    return bytes(mutant)


_PIECES = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u0000", b"\\ud800", b"\\udc00"),
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"1e999", b"NaN", b"-", b"9" * 30, b"\xef\xbb\xbf"),
    *(b"null", b"true", b'"text":', b'"messages":', b'"subject":"x",', b"\xe2\x80\x8b", b"\\"),
)
