import threading
import time

import pytest
import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, update
from support import DECISION, PREDICTION, START, a_delivery, a_message, an_endpoint
from support_outbox import DEAD, DELIVERED, PENDING, SUPPRESSED

from app.accounting import Accountant
from app.api.metrics import Metrics
from app.domain import ClockStep
from app.errors import StorageDown
from app.storage import account, endpoints, messages, outbox, tables
from app.storage.account import Account

SOON_S = 10.0


@pytest.fixture(autouse=True)
def logged():
    """What is logged, which would else be printed."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def kept(database):
    """Two messages with five deliveries, one of each status and one more that waits."""
    statuses = (DELIVERED, DEAD, SUPPRESSED, PENDING, PENDING)
    with database.write() as conn:
        endpoints.add(conn, an_endpoint())
        for number in (1, 2):
            message = a_message(id=f"msg_{number}")
            messages.add(conn, message, prediction=PREDICTION, decision=DECISION)
        promise(conn, "msg_1", 3)
        promise(conn, "msg_2", 2)
        for number, status in enumerate(statuses):
            message_id = "msg_1" if number < 3 else "msg_2"
            outbox.enqueue(
                conn, a_delivery(id=f"dlv_{number}", message_id=message_id, status=status)
            )
    return database


def promise(conn, message_id, number):
    of_message = tables.messages.c.id == message_id
    conn.execute(update(tables.messages).where(of_message).values(promised=number))


def read(database):
    with database.read() as conn:
        return account.read(conn)


def checked(database, accountant=None, heard=None):
    heard = [] if heard is None else heard
    accountant = accountant or Accountant(database, on_account=heard.append)
    return accountant.check().unaccounted


def lose(database, delivery_id):
    with database.write() as conn:
        conn.execute(delete(tables.deliveries).where(tables.deliveries.c.id == delivery_id))


def test_what_was_promised_is_delivered_dead_suppressed_or_pending(kept):
    stands = {DELIVERED: 1, DEAD: 1, SUPPRESSED: 1, PENDING: 2}

    assert read(kept) == Account(accepted=5, stands=stands)
    assert read(kept).unaccounted == 0


def test_an_empty_database_balances(database):
    assert read(database) == Account(accepted=0, stands=dict.fromkeys([*PENDING.__class__], 0))


def test_deliveries_of_a_reply_clock_are_promised_by_its_steps(kept):
    with kept.write() as conn:
        conn.execute(
            tables.reply_clocks.insert().values(
                id="clk_1",
                message_id="msg_1",
                rule="r",
                route="sales",
                clock="hour",
                level=0,
                started_at=START,
                promised_at=START,
                due_at=START,
                next_at=START,
                reminded=True,
                status="running",
            )
        )
        step = {"clock_id": "clk_1", "step": ClockStep.REMINDED, "level": 0, "at": START}
        conn.execute(tables.clock_events.insert().values(**step, promised=2))
        for number in (7, 8):
            outbox.enqueue(conn, a_delivery(id=f"dlv_{number}"))

    assert (read(kept).accepted, read(kept).unaccounted) == (7, 0)


def test_a_delivery_that_is_missing_is_told_once_for_each_change(kept, logged):
    heard = []
    accountant = Accountant(kept, on_account=heard.append)

    accountant.check()
    lose(kept, "dlv_3")
    found = [accountant.check().unaccounted for _ in range(2)]
    lose(kept, "dlv_0")
    found.append(accountant.check().unaccounted)
    with kept.write() as conn:
        promise(conn, "msg_1", 1)
    found.append(accountant.check().unaccounted)

    assert found == [1, 1, 2, 0]
    assert [entry["event"] for entry in logged] == [
        "deliveries_unaccounted",
        "deliveries_unaccounted",
        "deliveries_accounted",
    ]
    assert logged[0] == {
        "event": "deliveries_unaccounted",
        "log_level": "error",
        "unaccounted": 1,
        "accepted": 5,
        "delivered": 1,
        "dead": 1,
        "suppressed": 1,
        "pending": 1,
    }
    assert len(heard) == 5


def test_a_delivery_that_nobody_promised_is_told_too(kept):
    with kept.write() as conn:
        outbox.enqueue(conn, a_delivery(id="dlv_9"))

    assert checked(kept) == -1


def test_metrics_show_the_account_and_nothing_before_the_first_one(kept):
    metrics = Metrics(CollectorRegistry())
    before = metrics.render().decode()
    lose(kept, "dlv_3")
    Accountant(kept, on_account=metrics.show_account).check()

    assert "inlet_deliveries_unaccounted NaN" in before
    shown = metrics.render().decode()
    assert "inlet_deliveries_accepted 5.0" in shown
    assert "inlet_deliveries_unaccounted 1.0" in shown


class Unreliable:
    """A database that is away for the first look."""

    def __init__(self, database):
        self._database = database
        self._looks = 0

    def read(self):
        self._looks += 1
        if self._looks == 1:
            raise StorageDown("down")
        return self._database.read()


def test_the_loop_checks_again_after_an_outage_and_ends_when_it_is_told(kept, logged):
    seen, stop = threading.Semaphore(0), threading.Event()
    accountant = Accountant(Unreliable(kept), on_account=lambda _: seen.release(), every_s=0.01)
    thread = threading.Thread(target=accountant.run, args=(stop,), daemon=True)
    thread.start()
    assert [seen.acquire(timeout=SOON_S) for _ in range(3)] == [True] * 3
    alive = accountant.alive

    stop.set()
    accountant.wake()
    thread.join(SOON_S)
    assert (alive, accountant.alive, thread.is_alive()) == (True, False, False)
    assert logged[0]["event"] == "account_unavailable"


def test_a_loop_that_waits_ends_at_once_when_it_is_woken(kept):
    seen, stop = threading.Event(), threading.Event()
    accountant = Accountant(kept, on_account=lambda _: seen.set(), every_s=60.0)
    thread = threading.Thread(target=accountant.run, args=(stop,), daemon=True)
    thread.start()
    assert seen.wait(SOON_S)

    began = time.monotonic()
    stop.set()
    accountant.wake()
    thread.join(SOON_S)
    assert time.monotonic() - began < 5
