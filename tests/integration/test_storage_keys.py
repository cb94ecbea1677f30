from datetime import timedelta

import pytest
from support import START, a_key, an_endpoint

from app.errors import Duplicate
from app.storage import endpoints, keys

LATER = START + timedelta(hours=1)


def digest(number):
    return bytes([number]) * 32


def test_a_key_is_found_by_its_digest_alone(database):
    key = a_key(expires_at=LATER)
    with database.write() as conn:
        keys.add(conn, key, sha256=digest(1))

    with database.read() as conn:
        assert keys.by_sha256(conn, digest(1)) == key
        assert keys.by_sha256(conn, digest(2)) is None


@pytest.mark.parametrize("again", [("key_1", 2), ("key_2", 1)], ids=["id", "digest"])
def test_a_key_that_is_there_already_is_a_duplicate(database, again):
    key_id, number = again
    with database.write() as conn:
        keys.add(conn, a_key(), sha256=digest(1))

    with pytest.raises(Duplicate), database.write() as conn:
        keys.add(conn, a_key(id=key_id), sha256=digest(number))


def test_a_digest_that_is_none_is_refused(database):
    with pytest.raises(ValueError, match="sha256"), database.write() as conn:
        keys.add(conn, a_key(), sha256=b"short")


def test_keys_are_listed_oldest_first(database):
    newer, older = a_key(id="key_1", created_at=LATER), a_key(id="key_2", scopes=frozenset())
    with database.write() as conn:
        keys.add(conn, newer, sha256=digest(1))
        keys.add(conn, older, sha256=digest(2))

    with database.read() as conn:
        assert keys.all_keys(conn) == [older, newer]


def test_a_key_is_revoked_once(database):
    with database.write() as conn:
        keys.add(conn, a_key(), sha256=digest(1))
        revoked = [
            keys.revoke(conn, "key_1", START),
            keys.revoke(conn, "key_1", LATER),
            keys.revoke(conn, "key_9", START),
        ]

    with database.read() as conn:
        assert revoked == [True, False, False]
        assert keys.by_sha256(conn, digest(1)) == a_key(revoked_at=START)


def test_the_use_of_a_key_is_noted_once_a_minute(database, clock):
    with database.write() as conn:
        keys.add(conn, a_key(), sha256=digest(1))
        noted = []
        for seconds in (0, 59, 0.9, 0.1, 3):
            clock.advance(seconds)
            noted.append(keys.touch(conn, "key_1", clock()))

    with database.read() as conn:
        found = keys.by_sha256(conn, digest(1))
    assert noted == [True, False, False, True, False]
    assert found.last_used_at == START + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("key", "active"),
    [
        (None, False),
        ({}, True),
        ({"expires_at": START + timedelta(microseconds=1)}, True),
        ({"expires_at": START}, False),
        ({"revoked_at": START}, False),
    ],
    ids=["none", "endless", "until later", "run out", "revoked"],
)
def test_a_key_is_active_until_it_runs_out_or_is_revoked(database, key, active):
    with database.write() as conn:
        if key is not None:
            keys.add(conn, a_key(**key), sha256=digest(1))

    with database.read() as conn:
        assert keys.any_active(conn, START) is active


def test_endpoints_come_back_as_they_were_by_name(database):
    sales, inbox = an_endpoint(), an_endpoint(id="ep_2", name="inbox", secrets=("whsec_x",))
    with database.write() as conn:
        endpoints.add(conn, sales)
        endpoints.add(conn, inbox)

    with database.read() as conn:
        assert endpoints.find(conn, "sales") == sales
        assert endpoints.find(conn, "nobody") is None
        assert endpoints.all_endpoints(conn) == [inbox, sales]
        assert endpoints.by_names(conn, ("sales", "nobody")) == [sales]
        assert endpoints.by_names(conn, ()) == []


@pytest.mark.parametrize("again", [{"id": "ep_2"}, {"name": "inbox"}], ids=["name", "id"])
def test_an_endpoint_that_is_there_already_is_a_duplicate(database, again):
    with database.write() as conn:
        endpoints.add(conn, an_endpoint())

    with pytest.raises(Duplicate), database.write() as conn:
        endpoints.add(conn, an_endpoint(**again))


def test_an_endpoint_is_disabled_and_enabled(database):
    with database.write() as conn:
        endpoints.add(conn, an_endpoint())
        found = [endpoints.set_enabled(conn, "ep_1", False), endpoints.find(conn, "sales").enabled]
        found += [endpoints.set_enabled(conn, "ep_1", True), endpoints.find(conn, "sales").enabled]

        assert found == [True, False, True, True]
        assert endpoints.set_enabled(conn, "ep_9", True) is False
