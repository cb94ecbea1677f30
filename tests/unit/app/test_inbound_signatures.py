import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from app.inbound.signatures import (
    certificate_key,
    decode_base64,
    is_base64_mac,
    is_basic_auth,
    is_ecdsa_signature,
    is_fresh,
    is_hex_mac,
    is_rsa_signature,
    is_same,
    require,
)
from app.inbound.values import NotAuthentic, Post

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def a_post(authorization=None):
    headers = {} if authorization is None else {"authorization": authorization}
    return Post(url="https://x", query={}, headers=headers, body=b"", received_at=NOW)


def basic(text, scheme="Basic"):
    return f"{scheme} {base64.b64encode(text.encode()).decode()}"


def der_of(key):
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_key().public_bytes(serialization.Encoding.DER, spki)
    return base64.b64encode(der).decode()


def pem_of(key):
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()


def a_certificate(key=RSA_KEY, *, ends=NOW + timedelta(days=1)):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(NOW - timedelta(days=9)).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_right_password_is_taken(scheme):
    assert is_basic_auth(a_post(basic("inlet:pässword:1", scheme)), "inlet:pässword:1")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        basic("inlet:secret") + "=",
        basic("inlet:secret")[:-1],
        basic("inlet:secre"),
        basic("inlet:secret2"),
        basic("inlet:"),
        basic(""),
        basic("inlet:secret", "Bearer"),
        f"{basic('inlet:secret')}, {basic('inlet:secret')}",
        "Basic inlet:secret",
        "Basic ünïcödé",
        "Basic " + "A" * 1_000_000,
    ],
)
def test_any_other_password_is_not(authorization):
    assert not is_basic_auth(a_post(authorization), "inlet:secret")


@pytest.mark.parametrize("expected", [None, "", "without a colon"])
def test_a_password_that_is_not_set_opens_nothing(expected):
    assert not is_basic_auth(a_post(basic(expected or "")), expected)


def test_a_shared_secret_is_compared_whole():
    assert is_same("tøken", "tøken")
    assert not any(is_same(given, "tøken") for given in ("", "tøke", "tøkens", "token", "\ud800"))
    assert not is_same("", "")
    assert not is_same("", None)


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_a_keyed_hash_is_taken_in_its_one_spelling(digest):
    mac = hmac.digest(b"key", b"content", digest)
    in_hex, in_base64 = mac.hex(), base64.b64encode(mac).decode()

    assert is_hex_mac(in_hex, key=b"key", content=b"content", digest=digest)
    assert is_base64_mac(in_base64, key=b"key", content=b"content", digest=digest)
    for wrong in ("", in_hex.upper(), in_hex[:-1], in_hex + "0", " " + in_hex, "ü", in_base64):
        assert not is_hex_mac(wrong, key=b"key", content=b"content", digest=digest)
    for wrong in ("", in_base64.rstrip("="), in_base64[:-2], in_base64 + "\n", "ü", in_hex):
        assert not is_base64_mac(wrong, key=b"key", content=b"content", digest=digest)


def test_an_empty_key_proves_nothing():
    mac = hmac.digest(b"", b"content", hashlib.sha256)

    assert not is_hex_mac(mac.hex(), key=b"", content=b"content")
    assert not is_base64_mac(base64.b64encode(mac).decode(), key=b"", content=b"content")


@pytest.mark.parametrize(
    ("age_s", "is_near"), [(-301, False), (-300, True), (0, True), (900, True), (901, False)]
)
def test_a_time_may_be_off_by_the_tolerance_and_late_by_the_retries(age_s, is_near):
    timestamp = str(int(NOW.timestamp()) - age_s)

    assert is_fresh(timestamp, NOW, tolerance_s=300, retried_s=600) is is_near


@pytest.mark.parametrize(
    "timestamp",
    ["", "hello", "nan", "inf", "1e9", "123.5", " 1764072000", "1_7", "١٧٦٤٠٧٢٠٠٠", "9" * 30, "-1"],
)
def test_a_time_that_is_no_plain_number_is_not_near(timestamp):
    assert not is_fresh(timestamp, NOW, tolerance_s=1e12)


@pytest.mark.parametrize("spelt", [der_of, pem_of])
def test_an_elliptic_signature_is_checked(spelt):
    signature = base64.b64encode(EC_KEY.sign(b"content", ec.ECDSA(hashes.SHA256()))).decode()

    assert is_ecdsa_signature(signature, key=spelt(EC_KEY), content=b"content")
    assert not is_ecdsa_signature(signature, key=spelt(EC_KEY), content=b"contend")
    for wrong in ("", "MEUCIQ==", "!", signature[:-4], "A" * 100_000):
        assert not is_ecdsa_signature(wrong, key=spelt(EC_KEY), content=b"content")
    for key in (None, "", "no key", "AAAA", der_of(RSA_KEY), "-----BEGIN PUBLIC KEY-----"):
        assert not is_ecdsa_signature(signature, key=key, content=b"content")


@pytest.mark.parametrize(
    ("digest", "algorithm"), [("sha1", hashes.SHA1), ("sha256", hashes.SHA256)]
)
def test_an_rsa_signature_is_checked(digest, algorithm):
    made = RSA_KEY.sign(b"content", padding.PKCS1v15(), algorithm())
    signature = base64.b64encode(made).decode()
    other = "sha256" if digest == "sha1" else "sha1"

    for key in (der_of(RSA_KEY), pem_of(RSA_KEY), RSA_KEY.public_key()):
        assert is_rsa_signature(signature, key=key, content=b"content", digest=digest)
        assert not is_rsa_signature(signature, key=key, content=b"contend", digest=digest)
        assert not is_rsa_signature(signature, key=key, content=b"content", digest=other)
    for key in (None, "", "AAAA", der_of(EC_KEY)):
        assert not is_rsa_signature(signature, key=key, content=b"content", digest=digest)
    assert not is_rsa_signature("", key=RSA_KEY.public_key(), content=b"content", digest=digest)


def test_a_certificate_gives_its_key_while_it_is_valid():
    key = certificate_key(a_certificate(), NOW)

    assert key is not None
    assert key.public_numbers() == RSA_KEY.public_key().public_numbers()
    assert certificate_key(a_certificate(), NOW + timedelta(days=2)) is None
    assert certificate_key(a_certificate(EC_KEY), NOW) is None
    for pem in (b"", b"<html>", a_certificate()[:-200], pem_of(RSA_KEY).encode()):
        assert certificate_key(pem, NOW) is None


def test_base64_is_strict_and_bounded():
    assert decode_base64("QUI=") == b"AB"
    assert [
        decode_base64(t)
        for t in ("", "QUI", "QUI==", "QUJ=", "QU I=", "QUI=\n", "ÄÄÄÄ", "A" * 4_100)
    ] == [None] * 8


def test_a_missing_proof_is_told_without_the_input():
    require(True, "not said")
    with pytest.raises(NotAuthentic, match="the signature is wrong"):
        require(False, "the signature is wrong")
