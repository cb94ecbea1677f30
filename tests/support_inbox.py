"""Messages of an inbox to start from."""

from datetime import timedelta

from support import DECISION, START, a_message

from app.storage import inbox, inbox_keeping, messages
from models.prediction import Prediction

INTENTS = {"pricing": 0.1, "demo_request": 0.2, "support": 0.3}


def prediction_of(*labels):
    """Say that these intents count, the first the most probable; without any, none does."""
    said = {label: 0.9 - place / 10 for place, label in enumerate(labels)}
    return Prediction(
        intents={**INTENTS, **said},
        labels=labels,
        signals={},
        model_version="test-1",
        language="en",
        truncated=False,
    )


def keep(database, number, *labels, route="sales", owner=None, clock=None, **changes):
    """Store message `msg_<number>`, as many minutes after the start, with its row of the inbox."""
    at = START + timedelta(minutes=number)
    given = {"id": f"msg_{number}", "received_at": at, "created_at": at, **changes}
    message, said = a_message(**given), prediction_of(*labels)
    with database.write() as conn:
        messages.add(conn, message, prediction=said.as_dict(), decision=DECISION)
        inbox_keeping.add(conn, message, said, route=route, owner=owner, clock=clock)


def numbers(rows):
    """Which messages are listed."""
    return [int(row.message_id.removeprefix("msg_")) for row in rows]


def listed(database, *, after=None, limit=50, **filters):
    """Which messages a list shows."""
    with database.read() as conn:
        return numbers(inbox.page(conn, inbox.Filters(**filters), after=after, limit=limit))
