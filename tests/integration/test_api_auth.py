import asyncio
import re
from datetime import timedelta

import pytest
from support import START
from support_api import HOST, MESSAGE, NOTHING_STORED, running_api

from app.api.auth import ADMIN, SCOPES, digest_of, new_key
from app.errors import Unauthenticated
from app.storage import keys
from app.storage.engine import open_database, sqlite_url

ID = "0123456789ABCDEFGHJKMNPQRS"
CALLS = {  # call -> the scope it needs, and what it answers to who has it
    ("POST", "/v1/classify"): ("classify", 200),
    ("POST", "/v1/messages"): ("messages:write", 201),
    ("GET", f"/v1/messages/msg_{ID}"): ("messages:read", 404),
    ("GET", "/v1/deliveries"): ("deliveries:read", 200),
    ("POST", f"/v1/deliveries/dlv_{ID}/replay"): ("deliveries:write", 404),
    ("GET", "/metrics"): ("metrics", 200),
}
OPEN_PATHS = ("/livez", "/readyz", "/docs", "/openapi.json")


@pytest.fixture
def database(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    yield database
    database.close()


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


def call(client, method, path, **options):
    body = {"json": MESSAGE} if method == "POST" else {}
    return client.request(method, path, **body, **options)


def test_a_key_is_random_and_only_its_digest_is_needed():
    plaintext, digest, prefix = new_key()

    assert re.fullmatch(r"inlet_[A-Za-z0-9_-]{43}", plaintext)
    assert (digest, len(digest)) == (digest_of(plaintext), 32)
    assert (prefix, len(prefix)) == (plaintext[:12], 12)
    assert new_key()[0] != plaintext


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_each_scope_opens_its_own_calls_and_no_other(api, method, path):
    needed, status = CALLS[method, path]
    for number, scope in enumerate(SCOPES):
        reply = call(api.client(key=api.add_key(scope, number=number)), method, path)

        if scope in (needed, ADMIN):
            assert reply.status_code == status
        else:
            assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
            assert needed in reply.json()["detail"]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_key_nothing_is_done_once_there_is_one(api, method, path):
    api.add_key(ADMIN)

    reply = call(api.client(), method, path)

    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")
    assert reply.headers["www-authenticate"] == 'Bearer realm="inlet"'
    assert api.stored() == NOTHING_STORED


def test_who_is_refused_is_refused_before_the_body_is_read(api):
    api.add_key(ADMIN)

    reply = api.client().post("/v1/messages", content=b"\xff" * 2_000_000)

    assert reply.status_code == 401


@pytest.mark.parametrize("path", OPEN_PATHS)
def test_operations_and_docs_are_open_to_all(api, path):
    api.add_key(ADMIN)

    assert api.client(client_host="203.0.113.7").get(path).status_code == 200


def test_a_key_is_taken_from_either_header(api):
    key = api.add_key("classify")
    client = api.client()

    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"bearer  {key}"},
        {"X-API-Key": key},
        {"X-API-Key": key, "Authorization": f"Bearer {key}"},
    ):
        assert client.post("/v1/classify", json=MESSAGE, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer inlet_" + "A" * 43},
        {"Authorization": "Basic aW5sZXQ6aW5sZXQ="},
        {"Authorization": "Bearer inlet_\u00e9"},
        {"Authorization": "Bearer " + "A" * 8_000},
        {"X-API-Key": ""},
        {"X-API-Key": "inlet_" + "A" * 43},
    ],
    ids=["empty", "unknown", "basic", "not ASCII", "long", "empty X", "unknown X"],
)
def test_what_is_no_key_of_ours_is_refused_even_where_none_exists(api, headers):
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    reply = api.client().post("/v1/classify", json=MESSAGE, headers=raw)

    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")
    assert "AAAA" not in reply.text


def test_two_headers_that_differ_are_no_key(api):
    key, other = api.add_key("classify", number=1), api.add_key("classify", number=2)
    headers = {"Authorization": f"Bearer {key}", "X-API-Key": other}

    assert api.client().post("/v1/classify", json=MESSAGE, headers=headers).status_code == 401


def test_a_key_ends_when_it_runs_out_or_is_revoked(api):
    ending = api.client(key=api.add_key("classify", expires_at=START + timedelta(minutes=5)))
    key = api.client(key=api.add_key("classify", number=2))
    before = [client.get("/v1/deliveries").status_code for client in (ending, key)]
    api.clock.advance(300)
    with api.database.write() as conn:
        keys.revoke(conn, "key_2", api.clock())
    api.monotonic_s += 5.1

    after = [client.get("/v1/deliveries").status_code for client in (ending, key)]

    assert (before, after) == ([403, 403], [401, 401])


def test_a_key_that_runs_out_is_refused_although_it_is_remembered(api):
    client = api.client(key=api.add_key("classify", expires_at=START + timedelta(seconds=2)))
    first = client.post("/v1/classify", json=MESSAGE)
    api.clock.advance(2)

    assert (first.status_code, client.post("/v1/classify", json=MESSAGE).status_code) == (200, 401)


def test_the_use_of_a_key_is_noted_once_a_minute(api):
    client = api.client(key=api.add_key("classify"))
    noted = []
    for seconds in (0, 30, 30):
        api.clock.advance(seconds)
        api.monotonic_s += seconds
        client.post("/v1/classify", json=MESSAGE)
        with api.database.read() as conn:
            (key,) = keys.all_keys(conn)
        noted.append((key.last_used_at - START).total_seconds())

    assert noted == [0, 0, 60]


def test_keys_are_remembered_for_seconds_so_that_load_reads_nothing(api):
    key = api.add_key("classify")
    client = api.client(key=key)
    client.post("/v1/classify", json=MESSAGE)
    api.database.close()  # from here on a look-up would answer 503
    remembered = [client.post("/v1/classify", json=MESSAGE).status_code for _ in range(20)]
    api.monotonic_s += 5.1

    forgotten = client.post("/v1/classify", json=MESSAGE)

    assert remembered == [200] * 20
    assert (forgotten.status_code, forgotten.json()["code"]) == (503, "storage_unavailable")


def test_the_memory_for_keys_is_bounded(api):
    auth = api.app.state.services.auth

    assert asyncio.run(_refusals(auth, 1_030)) == 1_030
    assert len(auth._keys._known) == 1_024


async def _refusals(auth, calls):
    """How many of some calls with keys that we do not know are refused."""
    refused = 0
    for _ in range(calls):
        try:
            await auth.caller({"x-api-key": new_key()[0]}, "127.0.0.1")
        except Unauthenticated:
            refused += 1
    return refused


def test_on_loopback_without_any_key_the_service_is_open(api):
    client = api.client()

    statuses = [call(client, method, path).status_code for method, path in CALLS]

    assert statuses == [status for _, status in CALLS.values()]


def test_the_open_mode_ends_when_the_first_key_is_made(api):
    client = api.client()
    before = client.post("/v1/classify", json=MESSAGE)
    api.add_key("classify")
    api.monotonic_s += 5.1

    assert (before.status_code, client.post("/v1/classify", json=MESSAGE).status_code) == (200, 401)


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    ("listens_on", "client_host", "headers"),
    [
        ("0.0.0.0", "127.0.0.1", {}),
        ("127.0.0.1", "192.0.2.7", {}),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("::", "::1", {}),
    ],
)
def test_beyond_loopback_a_first_key_must_be_made(
    database, clock, tmp_path, method, path, listens_on, client_host, headers
):
    with running_api(database, clock, data_dir=tmp_path, host=listens_on) as api:
        reply = call(api.client(client_host=client_host), method, path, headers=headers)

        assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")
        assert "inlet keys create" in reply.json()["detail"]
        assert api.stored() == NOTHING_STORED


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    ("host", "headers"),
    [
        (HOST, {"Origin": "https://evil.example"}),
        (HOST, {"Origin": "null"}),
        (HOST, {"Sec-Fetch-Site": "cross-site"}),
        ("evil.example:8080", {}),
        ("evil.example:8080", {"Origin": "http://evil.example:8080"}),
    ],
)
def test_a_web_page_cannot_use_the_open_mode(api, method, path, host, headers):
    reply = call(api.client(host=host), method, path, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (403, "cross_site")
    assert api.stored() == NOTHING_STORED


def test_our_own_docs_page_can_use_the_open_mode(api):
    headers = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}

    assert api.client().post("/v1/classify", json=MESSAGE, headers=headers).status_code == 200


def test_with_a_key_any_host_name_is_served(api):
    client = api.client(host="inlet.example.com", client_host="192.0.2.7", key=api.add_key(ADMIN))

    assert client.post("/v1/classify", json=MESSAGE).status_code == 200
