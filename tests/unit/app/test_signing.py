import base64
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.webhook import signing

# The vectors that every reference library carries, so that this file means something alone.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SENT_AT = datetime.fromtimestamp(1_614_265_330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
MAC = SIGNATURE.removeprefix("v1,")
OTHER_MAC = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
PUBLISHED = {  # name -> secret, signature, whether it is valid
    "sign": (SECRET, SIGNATURE, True),
    "secret without prefix": (SECRET.removeprefix("whsec_"), SIGNATURE, True),
    "wrong last characters": (SECRET, SIGNATURE.replace("OE=", "OA="), False),
    "several signatures": (SECRET, f"v1,{OTHER_MAC} v2,{OTHER_MAC} {SIGNATURE}", True),
    "unknown version": (SECRET, f"v2,{MAC}", False),
    "no version": (SECRET, MAC, False),
}
# Those of the specification's own example; its secret is not published.
OF_THE_SPECIFICATION = (
    "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= "
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
)
# The file of them stands beside the developers' checkout and CI's, and may grow; a user's has none.
SHARED = Path(__file__).parents[4] / "shared/data/fixtures/standard_webhooks/vectors.json"
VECTORS = [
    {
        "name": name,
        "secret": secret,
        "id": WEBHOOK_ID,
        "timestamp": 1_614_265_330,
        "payload": BODY.decode(),
        "signature": signature,
        "valid": valid,
    }
    for name, (secret, signature, valid) in PUBLISHED.items()
]
if SHARED.is_file() or "CI" in os.environ:
    VECTORS += json.loads(SHARED.read_text(encoding="utf-8"))["vectors"]


def headers(**changed):
    given = {"id": WEBHOOK_ID, "timestamp": "1614265330", "signature": SIGNATURE} | changed
    return {f"webhook-{name}": value for name, value in given.items() if value is not None}


def verified(sent, *, body=BODY, secrets=(SECRET,), now=SENT_AT):
    return signing.verify(sent, body, secrets=secrets, now=now)


def test_the_published_vector_is_signed_as_published():
    signed = signing.signed_headers([SECRET], webhook_id=WEBHOOK_ID, sent_at=SENT_AT, body=BODY)

    assert signed == headers()


def test_a_signature_of_another_scheme_beside_ours_is_passed_over():
    assert verified(headers(signature=f"{OF_THE_SPECIFICATION} {SIGNATURE}"))
    assert not verified(headers(signature=OF_THE_SPECIFICATION))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_is_judged_as_it_says(vector):
    sent = headers(
        id=vector["id"], timestamp=str(vector["timestamp"]), signature=vector["signature"]
    )
    now = datetime.fromtimestamp(vector["timestamp"], UTC)
    body = vector["payload"].encode()

    assert verified(sent, body=body, secrets=[vector["secret"]], now=now) == vector["valid"]


def test_one_instant_has_one_signature_in_every_zone():
    tokyo = SENT_AT.astimezone(timezone(timedelta(hours=9)))

    signed = signing.signed_headers([SECRET], webhook_id=WEBHOOK_ID, sent_at=tokyo, body=BODY)

    assert signed == headers()


def test_every_secret_signs_newest_first():
    new = signing.new_secret()

    signed = signing.signed_headers(
        [new, SECRET], webhook_id=WEBHOOK_ID, sent_at=SENT_AT, body=BODY
    )
    first, second = signed["webhook-signature"].split(" ")

    assert second == SIGNATURE
    assert verified(headers(signature=first), secrets=[new])
    assert [verified(signed, secrets=[s]) for s in (new, SECRET)] == [True, True]


def test_a_new_secret_has_32_random_bytes_behind_its_prefix():
    made = [signing.new_secret() for _ in range(50)]

    assert {secret[:6] for secret in made} == {"whsec_"}
    assert {len(base64.b64decode(secret[6:], validate=True)) for secret in made} == {32}
    assert len(set(made)) == 50


def test_the_reference_library_accepts_what_we_sign():
    now = datetime.now(UTC)
    for body in (b"{}", '{"text":"价格 é"}'.encode(), json.dumps({"a": [1, None]}).encode()):
        secret = signing.new_secret()
        signed = signing.signed_headers([secret], webhook_id="dlv_1", sent_at=now, body=body)

        assert Webhook(secret).verify(body, signed) == json.loads(body)


def test_we_accept_what_the_reference_library_signs():
    for number in range(50):
        secret, body = signing.new_secret(), f'{{"n":{number}}}'
        signature = Webhook(secret).sign(WEBHOOK_ID, SENT_AT, body)

        assert verified(headers(signature=signature), body=body.encode(), secrets=[secret])


def test_the_reference_library_refuses_our_signature_of_another_body():
    now = datetime.now(UTC)
    signed = signing.signed_headers([SECRET], webhook_id="dlv_1", sent_at=now, body=b"{}")

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"[]", signed)


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_a_missing_header_is_refused(name, value):
    assert not verified(headers(**{name: value}))


def test_a_repeated_header_is_refused():
    assert not verified(headers() | {"Webhook-Id": WEBHOOK_ID})


def test_header_names_come_in_any_case():
    assert verified({name.title(): value for name, value in headers().items()})


@pytest.mark.parametrize(
    "signature",
    [
        "v1",
        "v1,",
        "v1,a,b",
        f"{SIGNATURE} v1,a,b",
        f"{SIGNATURE}  {SIGNATURE}",
        f" {SIGNATURE}",
        SIGNATURE.rstrip("="),
        f"{SIGNATURE}=",
        SIGNATURE[:-2] + "F=",  # the same bytes in another spelling of base64
        "v1,ä" + MAC[1:],
        f"v1,{MAC[:20]}",
        f"v1a,{MAC}",
        f"V1,{MAC}",
        MAC,
        base64.b64decode(MAC).hex().upper(),
        "v1," + base64.b64decode(MAC).hex().upper(),
        "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        f"v1,{MAC}\n",
        f"v1,\ud800{MAC}",
        " ".join(["v1,AAAA"] * 10 + [SIGNATURE]),
        " ".join([SIGNATURE] * 100_000),
    ],
    ids=lambda signature: signature[:40].encode("ascii", "replace").decode(),
)
def test_a_malformed_or_wrong_signature_is_refused(signature):
    assert not verified(headers(signature=signature))


def test_ten_signatures_are_looked_at():
    assert verified(headers(signature=" ".join(["v1,AAAA"] * 9 + [SIGNATURE])))


@pytest.mark.parametrize(
    "timestamp",
    [
        "hello",
        "nan",
        "inf",
        "1e9",
        "123.5",
        " 1614265330 ",
        "1_614265330",
        "1614265330\n",
        "-1614265330",
        "+1614265330",
        "٣٢١",
        "1" * 30,
        "0x60381c32",
    ],
)
def test_a_timestamp_that_is_not_plain_digits_is_refused(timestamp):
    signature = Webhook(SECRET).sign(WEBHOOK_ID, SENT_AT, BODY.decode())

    assert not verified(headers(timestamp=timestamp, signature=signature))


@pytest.mark.parametrize(
    ("late_s", "valid"), [(300, True), (301, False), (-300, True), (-301, False), (0, True)]
)
def test_the_timestamp_may_be_five_minutes_off_either_way(late_s, valid):
    assert verified(headers(), now=SENT_AT + timedelta(seconds=late_s)) == valid


@pytest.mark.parametrize("webhook_id", ["msg.1", "m" * 10_240, "msg 1", "mäg", "msg\n"])
def test_an_id_that_no_sender_may_use_is_refused(webhook_id):
    signature = Webhook(SECRET).sign(webhook_id, SENT_AT, BODY.decode())

    assert not verified(headers(id=webhook_id, signature=signature))


def test_a_body_that_is_not_utf8_is_judged_by_its_bytes():
    body = b"\xff\xfe\x00"
    signed = signing.signed_headers([SECRET], webhook_id=WEBHOOK_ID, sent_at=SENT_AT, body=body)

    assert verified(signed, body=body)
    assert not verified(signed, body=b"\xff\xfe\x01")


def test_without_secrets_nothing_is_valid():
    assert not verified(headers(), secrets=[])


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text(), st.text(), st.binary())
def test_no_header_and_no_body_makes_verifying_raise(webhook_id, timestamp, signature, body):
    sent = headers(id=webhook_id, timestamp=timestamp, signature=signature)

    assert verified(sent, body=body) is False


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
        "whsec_!!!" + "A" * 40,
        "whsec_" + "Ä" * 40,
        "whsk_" + "A" * 32,
    ],
)
def test_an_unfit_secret_is_refused_without_being_repeated(secret):
    with pytest.raises(ValueError, match="a webhook secret") as raised:
        signing.secret_key(secret)

    assert raised.value.__cause__ is None
    assert not secret or secret not in str(raised.value)


def test_padding_and_prefix_of_a_secret_may_be_missing():
    key = bytes(range(25))  # 25 bytes need padding
    encoded = base64.b64encode(key).decode()

    assert signing.secret_key(f"whsec_{encoded}") == key
    assert signing.secret_key(encoded.rstrip("=")) == key


@pytest.mark.parametrize(
    ("secrets", "webhook_id", "sent_at"),
    [
        ([], WEBHOOK_ID, SENT_AT),
        ([SECRET], "has.dot", SENT_AT),
        ([SECRET], "", SENT_AT),
        ([SECRET], WEBHOOK_ID, SENT_AT.replace(tzinfo=None)),
    ],
)
def test_signing_without_a_secret_a_zone_or_a_plain_id_is_a_mistake(secrets, webhook_id, sent_at):
    with pytest.raises(ValueError, match=r"need|must"):
        signing.signed_headers(secrets, webhook_id=webhook_id, sent_at=sent_at, body=BODY)
