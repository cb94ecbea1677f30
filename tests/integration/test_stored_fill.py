from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text, update

from app.storage import tables
from tests.benchmarks.stock import keep_endpoint, keep_message
from tests.benchmarks.stored_fill import fill

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def keep_templates(database, messages):
    with database.write() as conn:
        endpoint = keep_endpoint(conn, "sales", "https://crm.example/hook")
        for number in range(messages):
            (made,) = keep_message(conn, [endpoint])
            changed = update(tables.messages).where(tables.messages.c.id == made.message_id)
            conn.execute(changed.values(external_id=f"template-{number}"))


def counts(database):
    with database.read() as conn:
        return [
            conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.messages, tables.deliveries, tables.attempts)
        ]


def test_a_database_is_filled_up_to_as_many_messages_each_with_its_delivery(database):
    keep_templates(database, 3)

    fill(database, 50, NOW)
    fill(database, 80, NOW)

    assert counts(database) == [80, 80, 77]  # the templates themselves were not attempted


def test_copies_are_delivered_and_lie_before_now(database):
    keep_templates(database, 2)

    fill(database, 20, NOW)

    copied = tables.messages.c.source == "copy"
    with database.read() as conn:
        newest = conn.execute(select(func.max(tables.messages.c.created_at)).where(copied))
        senders = select(func.count(tables.messages.c.contact.distinct())).where(copied)
        waiting = text("SELECT count(*) FROM deliveries WHERE status <> 'delivered'")
        assert newest.scalar_one() < NOW
        assert conn.execute(senders).scalar_one() == 4
        assert conn.execute(waiting).scalar_one() == 2


def test_without_anything_to_copy_it_says_so(database):
    with pytest.raises(SystemExit, match="no message was stored that could be copied"):
        fill(database, 10, NOW)
