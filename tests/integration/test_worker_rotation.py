import threading
from datetime import timedelta

import pytest
import structlog
from support import an_endpoint
from support_worker import OK, Posts, fill, states, worker

from app.storage import endpoints
from app.webhook import signing
from app.webhook.rotation import rotated
from app.worker import Limits
from tests.benchmarks import rotation

GRACE = timedelta(hours=24)


@pytest.fixture(autouse=True)
def logged():
    """What the worker logs, which would else be printed."""
    with structlog.testing.capture_logs() as entries:
        yield entries


def secret_of(database):
    with database.read() as conn:
        return endpoints.find(conn, "sales").secrets[0]


def rotate(database, now):
    """Change the secret as the command does; the new one."""
    new = signing.new_secret()
    with database.write() as conn:
        endpoint = endpoints.find(conn, "sales", to_change=True)
        endpoints.keep_secrets(conn, rotated(endpoint, new, now=now, grace=GRACE))
    return new


def verified(call, secret, now):
    _, headers, body = call
    return signing.verify(headers, body, secrets=[secret], now=now)


def signatures(call):
    return call[1]["webhook-signature"].split(" ")


def test_receivers_of_either_secret_verify_every_attempt_while_secrets_rotate(database, clock):
    fill(database, deliveries=120)
    held = [secret_of(database)]  # a receiver may hold any of those whose time is not over
    turns = iter(range(1, 121))
    lock = threading.Lock()

    def answer(_):
        with lock:
            if next(turns) % 30 == 0 and len(held) < 4:
                held.append(rotate(database, clock()))
        return OK

    post = Posts(answer)
    while worker(database, post, clock, limits=Limits(concurrency=4)).run_once():
        pass

    assert set(states(database).values()) == {("delivered", 1)}
    assert len(held) == 4
    assert [call for call in post.calls if not verified(call, held[0], clock())] == []
    assert len(signatures(post.calls[-1])) == 4
    assert all(verified(post.calls[-1], secret, clock()) for secret in held)


def test_after_its_end_the_old_secret_signs_nothing(database, clock):
    fill(database)
    old = secret_of(database)
    new = rotate(database, clock())
    post = Posts(OK)

    clock.advance(GRACE.total_seconds())
    worker(database, post, clock).run_once()

    (call,) = post.calls
    assert (len(signatures(call)), verified(call, new, clock()), verified(call, old, clock())) == (
        1,
        True,
        False,
    )


def test_secrets_whose_time_is_over_are_removed_from_the_database(database, clock):
    fill(database)
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(id="ep_2", name="other"))
    for _ in range(2):
        rotate(database, clock())
        clock.advance(3_600)

    clock.advance(GRACE.total_seconds() - 5_400)
    with database.write() as conn:
        assert endpoints.forget_retired(conn, now=clock()) == 1
        assert endpoints.forget_retired(conn, now=clock()) == 0
        (left,) = endpoints.find(conn, "sales").retired
    assert left.until > clock()


def test_two_rotations_at_once_lose_no_secret(database, clock):
    fill(database)
    first = secret_of(database)
    threads = [threading.Thread(target=rotate, args=(database, clock())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    with database.read() as conn:
        endpoint = endpoints.find(conn, "sales")
    known = {*endpoint.secrets, *(one.secret for one in endpoint.retired)}
    assert len(known) == 5
    assert first in known


def test_receivers_over_http_verify_every_request_and_without_a_grace_they_do_not(tmp_path):
    kept = rotation.run(80, tmp_path)
    (tmp_path / "control").mkdir()
    control = rotation.run(40, tmp_path / "control", grace=timedelta())

    assert (kept.failed_late, kept.failed_never, kept.old_after_grace) == (0, 0, 0)
    assert (kept.most_signatures, kept.violated) == (4, False)
    assert (control.failed_late > 0, control.failed_never > 0, control.violated) == (True,) * 3
